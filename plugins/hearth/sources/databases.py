"""Which kind of database a connection leads to, and where each differs: MySQL and MariaDB, SQL Server, Oracle."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from airflow.sdk import Connection

from hearth.sources.database import Clocks, Database, shut
from hearth.sources.delivery import SourceError
from hearth.sources.driven import Driven


class MySql(Driven):
    name = "MySQL"
    scheme, port, extra = "mysql+pymysql", 3306, frozenset({"ssl"})
    away = frozenset(
        {*range(2000, 3000), *range(1152, 1162)}
        | {1040, 1041, 1042, 1043, 1053, 1077, 1079, 1080, 1129, 1184, 1189, 1190, 1203, 1205, 1206, 1213, 1226, 1317, 1927, 1969}
        | {3024, 3168}
    )
    """Its own numbers for: gone, going down, full, a lock, killed, a time limit of its own."""
    logins = frozenset({1045, 1698, 1862, 3118})
    refused = frozenset(
        {1044, 1046, 1049, 1052, 1054, 1055, 1060, 1064, 1103, 1109, 1142, 1143, 1146, 1149, 1221, 1222, 1227, 1248, 1305, 1356}
        | {1370, 1582, 1583, 1584, 1630}
    )
    """Tables, columns, functions, rights, grammar."""

    def arguments(self, connect_seconds: float, statement_seconds: float) -> dict[str, Any]:
        from pymysql.constants import FIELD_TYPE
        from pymysql.converters import conversions

        seconds = math.ceil(connect_seconds)
        bits = {FIELD_TYPE.BIT: lambda value: int.from_bytes(value, "big")}
        return {
            "host": self.reached.host,
            "port": self.reached.port or self.port,
            "user": self.reached.login,
            "password": (self.reached.password or "").encode(),  # a text it would write in Latin-1
            "database": self.reached.schema or None,
            "charset": "utf8mb4",  # the server makes it of whatever a table is kept in
            "connect_timeout": seconds,
            "read_timeout": math.ceil(statement_seconds) + 1,
            "conv": {**conversions, **bits},
            "local_infile": False,
            "ssl": self.tls(),
        }

    def begin(self, connection: sa.Connection, clocks: Clocks, statement_seconds: float) -> None:
        """Clocks of the contract in the session, too: a TIMESTAMP is shown by them."""
        is_mariadb = getattr(connection.dialect, "is_mariadb", False)
        name, unit = ("max_statement_time", 1) if is_mariadb else ("max_execution_time", 1000)
        limit = statement_seconds * unit
        known = connection.exec_driver_sql(f"show session variables like '{name}'").first()
        if known and not 0 < float(known[1]) <= limit:
            connection.exec_driver_sql(f"set session {name} = {limit if is_mariadb else round(limit)}")
        self.turning = None if self._set_zone(connection, clocks) else clocks.zone

    def _set_zone(self, connection: sa.Connection, clocks: Clocks) -> bool:
        """Whether the session's clocks are those of the zone all year."""
        statement = sa.text("set session time_zone = :zone")
        try:
            connection.execute(statement, {"zone": clocks.zone})
        except sa.exc.DBAPIError as error:
            if self.number(error.orig) != UNKNOWN_ZONE:
                raise
            winter, summer = clocks.offset(1), clocks.offset(7)
            connection.execute(statement, {"zone": winter})
            return winter == summer
        return True

    def changed(self, description: Any) -> str | None:
        from pymysql.constants import FIELD_TYPE

        stamps = [column[0] for column in description if column[1] == FIELD_TYPE.TIMESTAMP]
        if not (self.turning and stamps):
            return None
        return (
            f"column(s) {stamps} are TIMESTAMP, shown by the clocks of the session, and the source does not know the zone"
            f" {self.turning}, whose clocks are turned. Select unix_timestamp(...) and map it with epoch: s, or have the"
            " source's tables of zones filled (mysql_tzinfo_to_sql)"
        )

    def cut(self, driver: Any) -> None:
        shut(driver._sock.fileno())

    def leave(self, connection: sa.Connection, driver: Any) -> None:
        """Closing its cursor would read all the other rows."""
        if driver._result is not None:
            driver._result.unbuffered_active = False
        connection.invalidate()

    def said(self, error: Any) -> str:
        return str(error.args[-1]) if error.args else ""


UNKNOWN_ZONE = 1298
"""Where its tables of zones are not filled."""


class SqlServer(Driven):
    name = "SQL Server"
    scheme, port = "mssql+pymssql", 1433
    away = frozenset(
        {*range(20000, 21000)}
        | {233, 596, 701, 802, 845, 1205, 1222, 4060, 6005, 8645, 8651, 9001, 10053, 10054, 10060, 10928, 10929, 40197}
        | {40501, 40613, 49918, 49919, 49920}
    )
    """Those of the driver itself, and the server's for: gone, going down, full, a lock, killed."""
    logins = frozenset({18452, 18456, 18470, 18486})
    refused = frozenset({102, 105, 137, 156, 195, 207, 208, 209, 229, 230, 262, 297, 300, 319, 911, 916, 1033})
    refused |= frozenset({2812, 4104, 4121, 8120, 8155, 8156})

    def instant(self, at: datetime) -> Any:
        """As text: the driver itself writes offsets of some kinds of zones and drops those of others."""
        return at.astimezone(UTC).isoformat(" ", "microseconds")

    def begin(self, connection: sa.Connection, clocks: Clocks, statement_seconds: float) -> None:
        connection.exec_driver_sql("set dateformat ymd")  # in some languages it would read a day as a month

    def said_extra(self) -> dict[str, Any]:
        if "ssl" in (self.reached.extra_dejson or {}):
            raise SourceError(
                f"{self.reached.conn_id}: its driver takes no certificate from a connection. Name the authorities in a"
                " freetds.conf ([global] encryption = require, ca file = ..., check certificate hostname = yes), set FREETDSCONF to"
                " it, and take ssl out of the connection's extra."
            )
        return super().said_extra()

    def arguments(self, connect_seconds: float, statement_seconds: float) -> dict[str, Any]:
        self.said_extra()
        return {
            "server": self.reached.host,
            "port": str(self.reached.port or self.port),
            "user": self.reached.login,
            "password": self.reached.password,
            "database": self.reached.schema or "",
            "login_timeout": math.ceil(connect_seconds),
            "timeout": math.ceil(statement_seconds),
            "tds_version": "7.3",  # the first with offsets; without it the driver tries several, each in its own time
        }

    def cut(self, driver: Any) -> None:
        """It may not be touched from another thread, and ends what it waits for itself."""

    def number(self, error: Any) -> int:
        return super().number(_unpacked(error))

    def said(self, error: Any) -> str:
        said = _unpacked(error).args[-1] if error.args else ""
        return said.decode(errors="replace") if isinstance(said, bytes) else str(said)


def _unpacked(error: Any) -> Any:
    """Number and words stand in a pair within the error when it comes of connecting."""
    return Exception(*error.args[0]) if error.args and isinstance(error.args[0], tuple) else error


class Oracle(Driven):
    name = "Oracle"
    scheme, port, extra = "oracle+oracledb", 1521, frozenset({"ssl", "sid"})
    away = frozenset(
        {*range(12000, 13000)}
        | {28, 54, 60, 1012, 1013, 1014, 1033, 1034, 1035, 1089, 1090, 1092, 1555, 2391, 2396, 3113, 3114, 3135, 8177}
    )
    logins = frozenset({1005, 1017, 28000, 28001})
    refused = frozenset({*range(900, 1000), 1008, 1031, 1789, 2289, 4043, 6550})

    def arguments(self, connect_seconds: float, statement_seconds: float) -> dict[str, Any]:
        tls, sid = self.tls(), self.said_extra().get("sid")
        return {
            "host": self.reached.host,
            "port": self.reached.port or self.port,
            "user": self.reached.login,
            "password": self.reached.password,
            **({"sid": sid} if sid else {"service_name": self.reached.schema}),
            "tcp_connect_timeout": connect_seconds,
            **({"protocol": "tcps", "ssl_context": tls, "ssl_server_dn_match": True} if tls else {}),
        }

    def connected(self, driver: Any, statement_seconds: float) -> Any:
        driver.call_timeout = math.ceil(statement_seconds * 1000)  # of each round trip, ended in the source too
        return driver

    def begin(self, connection: sa.Connection, clocks: Clocks, statement_seconds: float) -> None:
        connection.exec_driver_sql(f"alter session set time_zone = '{ZoneInfo(clocks.zone).key}'")

    def cut(self, driver: Any) -> None:
        driver.cancel()

    def changed(self, description: Any) -> str | None:
        from oracledb import DB_TYPE_TIMESTAMP_LTZ, DB_TYPE_TIMESTAMP_TZ

        columns = [column[0] for column in description if column[1] in (DB_TYPE_TIMESTAMP_TZ, DB_TYPE_TIMESTAMP_LTZ)]
        if not columns:
            return None
        return (
            f"column(s) {columns} have an offset, which the driver leaves out. Select sys_extract_utc(...) and map it with"
            " time_zone: UTC"
        )

    def number(self, error: Any) -> int:
        return int(getattr(error.args[0], "code", 0) or 0) if error.args else 0


KINDS: dict[str, type[Database]] = {"mysql": MySql, "mariadb": MySql, "mssql": SqlServer, "oracle": Oracle}
"""By the type of the connection; of all others Airflow has the provider."""


def database(connection: str) -> Database:
    """What a connection leads to."""
    reached = Connection.get(connection)
    return KINDS.get(reached.conn_type, Database)(reached)
