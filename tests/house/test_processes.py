"""Services in the background: all of a group ends, and nobody else."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import click
import psutil
import pytest

from local.instance import Instance
from local.processes import Service, ServiceFailed, Supervisor
from local.stack import remove

SLEEPER = [sys.executable, "-c", "import time; time.sleep(600)"]
PARENT = [sys.executable, "-c", f"import subprocess, time; subprocess.Popen({SLEEPER!r}); time.sleep(600)"]
DEAF = [
    sys.executable,
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(600)",
]


def service(name: str, command: list[str], **options: object) -> Service:
    return Service(name, command, dict(os.environ), **options)  # type: ignore[arg-type]


def children_up(supervisor: Supervisor, name: str, number: int) -> list[psutil.Process]:
    for _ in range(100):
        found = supervisor.processes().get(name, [])
        if len(found) == number:
            return found
        time.sleep(0.1)
    raise AssertionError(f"{name} has {len(found)} processes, expected {number}")


def test_stop_ends_the_whole_group(tmp_path: Path) -> None:
    supervisor = Supervisor(tmp_path)
    supervisor.start(service("parent", PARENT))
    group = children_up(supervisor, "parent", 2)

    supervisor.stop(seconds=2)
    assert not any(process.is_running() and process.status() != psutil.STATUS_ZOMBIE for process in group)
    assert supervisor.names() == []


def test_stop_ends_children_whose_leader_was_killed(tmp_path: Path) -> None:
    supervisor = Supervisor(tmp_path)
    supervisor.start(service("parent", PARENT))
    group = children_up(supervisor, "parent", 2)
    leader = json.loads((tmp_path / "run" / "parent.pid").read_text())["pid"]
    psutil.Process(leader).kill()

    children_up(supervisor, "parent", 1)
    supervisor.stop()
    assert not any(process.is_running() and process.status() != psutil.STATUS_ZOMBIE for process in group)


def test_stop_ends_what_is_left_when_the_folder_is_gone(tmp_path: Path) -> None:
    supervisor = Supervisor(tmp_path / "home")
    supervisor.start(service("sleeper", SLEEPER))
    (tmp_path / "home" / "run" / "sleeper.pid").unlink()

    (left,) = children_up(Supervisor(tmp_path / "home"), "sleeper", 1)
    Supervisor(tmp_path / "home").stop()
    assert left.status() == psutil.STATUS_ZOMBIE if left.is_running() else True


def test_a_recycled_pid_is_never_touched(tmp_path: Path) -> None:
    stranger = subprocess.Popen(SLEEPER)
    try:
        supervisor = Supervisor(tmp_path)
        (tmp_path / "run").mkdir()
        record = {"pid": stranger.pid, "started": psutil.Process(stranger.pid).create_time() - 3600}
        (tmp_path / "run" / "city.pid").write_text(json.dumps(record))

        assert not supervisor.is_running("city")
        supervisor.stop()
        assert stranger.poll() is None
        assert supervisor.names() == []
    finally:
        stranger.kill()
        stranger.wait()


@pytest.mark.parametrize("content", ["", "{", "[]", '{"pid": "x"}', '{"pid": 999999999, "started": 1}'])
def test_a_broken_pid_file_does_not_hinder(tmp_path: Path, content: str) -> None:
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "city.pid").write_text(content)
    supervisor = Supervisor(tmp_path)
    assert not supervisor.is_running("city")
    supervisor.stop()
    assert supervisor.names() == []


def test_who_does_not_listen_is_killed(tmp_path: Path) -> None:
    supervisor = Supervisor(tmp_path)
    log = tmp_path / "logs" / "deaf.log"
    deaf = service("deaf", DEAF, ready=lambda: log.exists() and "deaf" in log.read_text())
    supervisor.start(deaf)
    supervisor.wait([deaf])
    supervisor.stop(seconds=0.5)
    assert supervisor.processes() == {}


def test_a_service_that_ends_at_once_is_told_with_its_log(tmp_path: Path) -> None:
    supervisor = Supervisor(tmp_path)
    broken = service("broken", [sys.executable, "-c", "raise SystemExit('no such table')"], ready=lambda: False)
    supervisor.start(broken)
    with pytest.raises(ServiceFailed, match="no such table"):
        supervisor.wait([broken])


def test_two_instances_do_not_see_each_other(tmp_path: Path) -> None:
    one, two = Supervisor(tmp_path / "one"), Supervisor(tmp_path / "two")
    one.start(service("sleeper", SLEEPER))
    try:
        two.stop()
        assert one.is_running("sleeper")
        assert two.processes() == {}
    finally:
        one.stop(seconds=2)


def test_a_folder_that_is_no_instance_is_never_deleted(tmp_path: Path) -> None:
    """HEARTH_HOME stands in the shells of people who use the command line."""
    kept = tmp_path / "mine" / "papers" / "thesis.txt"
    kept.parent.mkdir(parents=True)
    kept.write_text("precious")
    with pytest.raises(click.ClickException, match=r"is no instance of Hearth.* Nothing was deleted"):
        remove(Instance(home=tmp_path / "mine"))
    assert kept.read_text() == "precious"
