"""What an FTP server alone can do; the rest is tried on every kind of place in test_files.py."""

from __future__ import annotations

import ssl

import pytest

from hearth.sources import ftp
from hearth.sources.delivery import SourceError, SourceUnavailable
from tests.support.places import Place


@pytest.mark.parametrize("kind", ["ftp", "ftps"])
@pytest.mark.parametrize("lacks", ["MLST MLSD", "FEAT"])
def test_a_server_that_does_not_say_when_files_were_written_is_refused(place: Place, lacks: str) -> None:
    place.deliver("a.csv")
    commands = place.handler.proto_cmds  # type: ignore[attr-defined]
    place.handler.proto_cmds = {name: facts for name, facts in commands.items() if name not in lacks.split()}  # type: ignore[attr-defined]
    with pytest.raises(SourceError, match=r"expected a server that lists files with their times in UTC \(MLSD.*SFTP") as raised:
        place.pulled()
    assert not isinstance(raised.value, SourceUnavailable)


@pytest.mark.parametrize("kind", ["ftp"])
def test_a_listing_without_size_or_time_is_refused(place: Place) -> None:
    place.deliver("a.csv")
    place.handler.on_login = lambda session, user: setattr(session, "_current_facts", ["type", "size"])  # type: ignore[attr-defined]
    with pytest.raises(SourceError, match=r"^/a\.csv: expected size and modify .* came b'size=1;type=file;'"):
        place.pulled()


@pytest.mark.parametrize("kind", ["ftp"])
def test_without_tls_the_password_is_not_sent_unless_the_contract_says_so(place: Place) -> None:
    place.deliver("a.csv")
    said: list[str] = []
    login = place.handler.ftp_USER  # type: ignore[attr-defined]
    place.handler.ftp_USER = lambda handler, line: (said.append(line), login(handler, line))  # type: ignore[attr-defined]
    del place.said["tls"]
    with pytest.raises(SourceError, match=r"expected a server that takes TLS \(AUTH TLS\), came: 5.*The password was not sent"):
        place.pulled()
    assert said == []
    place.said["tls"] = False
    assert place.pulled() == {"a.csv": b"x"} and said == ["hearth"]


@pytest.mark.parametrize("kind", ["ftps"])
def test_files_come_in_the_tls_session_of_the_login(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Servers that ask for it refuse files otherwise (vsftpd: require_ssl_reuse)."""
    place.deliver("a.csv")
    made: list[ssl.SSLSocket] = []
    data = ftp._Ftps.ntransfercmd

    def noted(*arguments: object) -> tuple[ssl.SSLSocket, int | None]:
        conn, size = data(*arguments)  # type: ignore[arg-type]
        made.append(conn)  # type: ignore[arg-type]
        return conn, size  # type: ignore[return-value]

    reused: list[bool | None] = []
    close = ssl.SSLSocket.close
    monkeypatch.setattr(ssl.SSLSocket, "close", lambda conn: (reused.append(conn.session_reused), close(conn))[1])
    monkeypatch.setattr(ftp._Ftps, "ntransfercmd", noted)
    assert place.pulled() == {"a.csv": b"x"}
    assert len(made) == 2 and True in reused


@pytest.mark.parametrize("kind", ["ftp"])
def test_a_folder_that_is_not_there_may_be_there_later(place: Place) -> None:
    place.said["folder"] = "/elsewhere"
    with pytest.raises(SourceUnavailable, match=r"/elsewhere: cannot be reached over hearth_place: 550"):
        place.pulled()
