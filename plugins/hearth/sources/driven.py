"""A database that is reached by its driver alone, from what the connection says."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from concurrent.futures import Future
from datetime import datetime
from threading import Event, Thread
from typing import Any, ClassVar

import sqlalchemy as sa

from hearth.sources.database import Database, Fault
from hearth.sources.delivery import SourceError
from hearth.sources.tls import tls


class Driven(Database):
    """What MySQL, SQL Server and Oracle share."""

    scheme: ClassVar[str]
    port: ClassVar[int]
    extra: ClassVar[frozenset[str]] = frozenset()
    """What the connection's extra may say: nothing that opens files of ours to the source, or that we would pass over."""
    away: ClassVar[frozenset[int]]
    refused: ClassVar[frozenset[int]]
    logins: ClassVar[frozenset[int]]

    def engine(self, connect_seconds: float, statement_seconds: float) -> sa.Engine:
        told = self.arguments(connect_seconds + 1, statement_seconds)  # ours ends it first, and says why
        engine = sa.create_engine(f"{self.scheme}://", connect_args=told)

        def connect(dialect: Any, _record: Any, given: Any, named: Any) -> Any:
            return _within(connect_seconds, lambda: self.connected(dialect.connect(*given, **named), statement_seconds))

        sa.event.listen(engine, "do_connect", connect)
        return engine

    def arguments(self, connect_seconds: float, statement_seconds: float) -> dict[str, Any]:
        """What the driver is told: where, who, and how long it waits. Raises SourceError."""
        raise NotImplementedError

    def connected(self, driver: Any, statement_seconds: float) -> Any:
        """A new connection, before anything is asked over it."""
        return driver

    def instant(self, at: datetime) -> Any:
        return None

    def said_extra(self) -> dict[str, Any]:
        """The connection's extra. Raises SourceError for a key that says nothing here."""
        extra: dict[str, Any] = self.reached.extra_dejson or {}
        if unknown := sorted(extra.keys() - self.extra):
            raise SourceError(
                f"{self.reached.conn_id}: extra {unknown} of the connection says nothing to {self.name} here; "
                f"expected {', '.join(sorted(self.extra)) or 'no extra'}. Take it out of the connection."
            )
        return extra

    def tls(self) -> ssl.SSLContext | None:
        return tls(self.said_extra().get("ssl"), self.reached.conn_id)

    def fault(self, error: sa.exc.DBAPIError) -> Fault:
        number = self.number(error.orig)
        if not number:
            return "value" if isinstance(error, (sa.exc.DataError, sa.exc.IntegrityError)) else "away"
        if number in self.logins:
            return "login"
        if number in self.away:
            return "away"
        return "refused" if number in self.refused else "value"

    def number(self, error: Any) -> int:
        """The error's own number; 0 where it has none."""
        first = error.args[0] if error.args else 0
        return first if isinstance(first, int) else 0

    def code(self, error: Any) -> str:
        return f"{self.name} {self.number(error)}"


def _within(seconds: float, connect: Callable[[], Any]) -> Any:
    """A connection, in time: what takes it and then says nothing, the drivers wait for without end. Raises TimeoutError."""
    made: Future[Any] = Future()
    over = Event()

    def run() -> None:
        try:
            driver = connect()
        except BaseException as error:  # noqa: BLE001 - it is raised where the connection is waited for
            made.set_exception(error)
            return
        made.set_result(driver)
        if over.is_set():
            driver.close()

    Thread(target=run, daemon=True).start()
    try:
        return made.result(seconds)
    except TimeoutError:
        over.set()
        raise
