"""What every kind of database has to answer: how it is reached, ended, and understood when it complains."""

from __future__ import annotations

import math
import os
import re
import socket
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Literal
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from airflow.providers.common.sql.hooks.sql import DbApiHook
from airflow.sdk import Connection

from hearth.sources.delivery import SourceError

NOT_LET_IN = re.compile(
    r"authentication failed|no password supplied|no pg_hba.conf entry|role \".*\" (does not exist|is not permitted)"
)
"""How PostgreSQL says it; while connecting it gives no SQLSTATE."""
Fault = Literal["away", "login", "refused", "value"]
"""It may be there later; it does not take the query; a value is wrong, and the driver's words quote it."""


@dataclass(frozen=True)
class Clocks:
    """The zone that a contract's times without offset are of, and a year of its interval."""

    zone: str
    year: int

    def offset(self, month: int) -> str:
        """Such as +08:00, in the middle of a month."""
        text = datetime(self.year, month, 15, tzinfo=ZoneInfo(self.zone)).strftime("%z")
        return f"{text[:3]}:{text[3:5]}"


class Database:
    """One that Airflow has a provider for; of those, PostgreSQL is tried."""

    name: ClassVar = "the database"

    def __init__(self, reached: Connection) -> None:
        self.reached = reached

    def engine(self, connect_seconds: float, statement_seconds: float) -> sa.Engine:
        """Raises SourceError for a connection that leads to no database."""
        hook = self.reached.get_hook()
        if not isinstance(hook, DbApiHook):
            raise SourceError(
                f"{self.reached.conn_id}: expected an SQL connection, came {type(hook).__name__};"
                " give it a type such as postgres, mysql, mssql or oracle"
            )
        engine: sa.Engine = hook.get_sqlalchemy_engine()
        if engine.dialect.name == "postgresql":
            named = {"connect_timeout": math.ceil(connect_seconds)}
            sa.event.listen(engine, "do_connect", lambda _dialect, _record, _given, others: others.update(named))
        return engine

    def instant(self, at: datetime) -> Any:
        """A time with its offset as a parameter; None where its driver would drop the offset."""
        return at

    def begin(self, connection: sa.Connection, clocks: Clocks, statement_seconds: float) -> None:
        """Have statements end in the source too: one that lost us would work on. A limit of its own that is tighter stays."""
        if connection.dialect.name == "postgresql":
            connection.execute(END_IN_POSTGRESQL, {"milliseconds": round(statement_seconds * 1000)})

    def cut(self, driver: Any) -> None:
        """From another thread: end what waits on the connection. Its socket, for a source that is gone hears no word."""
        if hasattr(driver, "fileno"):
            shut(driver.fileno())
        else:
            driver.close()

    def leave(self, connection: sa.Connection, driver: Any) -> None:
        """Before a connection is closed while rows are still coming."""

    def changed(self, description: Any) -> str | None:
        """Columns whose values the driver would change, and what to do."""
        return None

    def fault(self, error: sa.exc.DBAPIError) -> Fault:
        if isinstance(error, sa.exc.OperationalError):
            return "login" if NOT_LET_IN.search(str(error.orig)) else "away"
        return "refused" if isinstance(error, sa.exc.ProgrammingError) else "value"

    def said(self, error: Any) -> str:
        """What the driver says."""
        return str(error)

    def code(self, error: Any) -> str:
        return f"SQLSTATE {getattr(error, 'sqlstate', '?')}"


END_IN_POSTGRESQL = sa.text("""
select set_config('statement_timeout', cast(:milliseconds as text), false) from pg_settings
where name = 'statement_timeout' and (setting::bigint = 0 or setting::bigint > cast(:milliseconds as bigint))
""")


def shut(number: int) -> None:
    """End what reads from a socket in another thread, or writes to it."""
    with socket.socket(fileno=os.dup(number)) as same:
        same.shutdown(socket.SHUT_RDWR)
