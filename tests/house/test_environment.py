"""What is set up for pip reaches uv, and a Python for Superset is found where there is one."""

from pathlib import Path

import pytest

from local import environment
from local.environment import uv_variables


def test_pip_settings_become_uv_variables() -> None:
    settings = {
        "index-url": "https://mirror.example/simple",
        "extra-index-url": "https://one.example/simple\\nhttps://two.example/simple",
        "find-links": "/wheels /more",
        "cert": "/etc/ca.pem",
        "disable-pip-version-check": "1",
    }
    assert uv_variables(settings, {}) == {
        "UV_DEFAULT_INDEX": "https://mirror.example/simple",
        "UV_EXTRA_INDEX_URL": "https://one.example/simple https://two.example/simple",
        "UV_INDEX_STRATEGY": "unsafe-best-match",
        "UV_FIND_LINKS": "/wheels,/more",
        "SSL_CERT_FILE": "/etc/ca.pem",
    }


def test_what_is_set_for_uv_wins() -> None:
    assert uv_variables({"index-url": "https://pip.example"}, {"UV_DEFAULT_INDEX": "https://uv.example"}) == {}


def test_nothing_set_means_nothing_passed_on() -> None:
    assert uv_variables({}, {}) == {}


def test_superset_takes_another_python_where_this_one_is_too_new(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(environment.sys, "version_info", (3, 13, 0))
    monkeypatch.setenv("PATH", str(tmp_path))
    assert environment.find_python(environment.DASHBOARDS.minors) is None
    for name, code in (("python3.12", 1), ("python3.11", 0)):  # the newer one does not start, as a pyenv shim without a version
        program = tmp_path / name
        program.write_text(f"#!/bin/sh\nexit {code}\n")
        program.chmod(0o755)
    assert environment.find_python(environment.DASHBOARDS.minors) == str(tmp_path / "python3.11")


def test_a_machine_without_a_python_for_superset_is_told_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lock = tmp_path / "lock"
    lock.write_text("")
    wanted = environment.Environment(tmp_path / ".venv-superset", lock, (11, 12))
    monkeypatch.setattr(environment.sys, "version_info", (3, 13, 0))
    monkeypatch.setenv("PATH", str(tmp_path))
    assert environment.make(wanted) == environment.NO_PYTHON
    assert "needs Python 3.11 or 3.12" in capsys.readouterr().err
    assert not wanted.folder.exists()
