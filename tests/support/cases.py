"""A feed of one test's own, reading a folder of its own on the city's SFTP server."""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from pathlib import Path

from local.instance import REPOSITORY
from tests.support.world import ZONE, Warehouse, World

ARRIVED = datetime(2016, 1, 12, 21, 30, tzinfo=ZONE)
START, END = datetime(2016, 1, 12, tzinfo=ZONE), datetime(2016, 1, 13, tzinfo=ZONE)
HEADER = "测点编号,测温时间,室温,测点高度,仪器编号,检定日期,关窗时长,测温员,签字"


class Case:
    """A feed of its own, reading a folder of its own on the city's SFTP server."""

    def __init__(self, world: World, folder: Path, name: str) -> None:
        self.name, self.contracts = f"case_{name}", folder
        self.files = world.instance.city / "files" / "cases" / name
        self.files.mkdir(parents=True)
        self.write_contract()

    def write_contract(self, base: str = "fixed_rounds_csv", pattern: str = "*", **replace: str) -> None:
        text = (REPOSITORY / "feeds" / f"{base}.yml").read_text(encoding="utf-8").replace(f"feed: {base}", f"feed: {self.name}", 1)
        lines = [
            f'source: {{kind: sftp, connection: hearth_files, folder: /cases/{self.files.name}, pattern: "{pattern}"}}'
            if line.startswith("source:") else line
            for line in text.splitlines()
        ]  # fmt: skip
        text = "\n".join(lines) + "\n"
        for old, new in replace.items():
            old = {"unit_degc": "unit: degC", "gb18030": "gb18030", "entity": "entity:"}[old]
            assert old in text
            text = text.replace(old, new)
        (self.contracts / f"{self.name}.yml").write_text(text, encoding="utf-8")

    def deliver(self, name: str, content: bytes | str, minutes: int = 0) -> Path:
        path = self.files / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode("gb18030"))
        at = (ARRIVED + timedelta(minutes=minutes)).timestamp()
        os.utime(path, (at, at))
        return path


def points(loaded: Warehouse, number: int) -> list[str]:
    return [
        r[0] for r in loaded.rows("select point_id from raw.measuring_point where point_kind = 'fixed' order by 1 limit %s", number)
    ]


def line(point: str, minute: int = 0, temperature: object = "19.5") -> str:
    return f"{point},2016/01/12 18:{minute:02d},{temperature},1.4,I-1,2015-09-20,130,测温员甲,是"
