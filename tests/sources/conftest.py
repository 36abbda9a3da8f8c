"""A place of files of every kind; the servers it needs are started once."""

from __future__ import annotations

import os
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from tests.support.places import CONNECTION, Bucket, Folder, Ftp, Mail, MailServer, Place, Sftp
from tests.support.relay import Beside


@pytest.fixture(scope="session")
def beside() -> Iterator[Beside]:
    made = Beside()
    yield made
    made.stop()


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of 127.0.0.1, with its key, signed by itself as far as a client can tell: it is its own authority."""
    authority, path = trustme.CA(), tmp_path_factory.mktemp("tls") / "server.pem"
    made = authority.issue_cert("127.0.0.1")
    made.private_key_and_cert_chain_pem.write_to_path(str(path))
    authority.cert_pem.write_to_path(str(path), append=True)
    return path


@pytest.fixture(scope="session")
def mail_server(certificate: Path) -> Iterator[MailServer]:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    server = MailServer(certificate, context)
    yield server
    server.stop()


def made(kind: str, folder: Path, request: pytest.FixtureRequest) -> Place:
    beside: Beside = request.getfixturevalue("beside")
    match kind:
        case "folder":
            return Folder(folder)
        case "sftp":
            return Sftp(folder, beside)
        case "s3":
            return Bucket(request.getfixturevalue("object_store"), beside)
        case "mail":
            return Mail(request.getfixturevalue("mail_server"), beside)
        case _:
            return Ftp(folder, request.getfixturevalue("certificate") if kind == "ftps" else None)


@pytest.fixture
def place(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Place]:
    """Empty, of the kind the test is parametrized with."""
    place = made(kind, tmp_path, request)
    yield place
    os.environ.pop(f"AIRFLOW_CONN_{CONNECTION.upper()}", None)
    place.close()
