"""Items of the HTTP sources as JSON lines: collector packets, visits, weather, tickets of 12345."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from city.calendar import DAY_S, OFFSET_S, iso_days, local_text
from city.remote import RemoteFeed
from city.store import by_day, write_store

_NO_PACK_TIME = "0" * 14


def json_line(item: dict[str, Any]) -> str:
    return json.dumps(item, ensure_ascii=False, separators=(",", ":"))


def write_items(folder: Path, arrival_s: np.ndarray, items: list[dict[str, Any]]) -> int:
    """Store items that are sorted by arrival."""
    return write_store(folder, by_day(np.asarray(arrival_s, dtype=np.int64) * 1000, [json_line(i) for i in items]))


def visit_items(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Items of the visit system."""
    measured = np.char.add(local_text(frame["read_s"].to_numpy(), "T"), "+08:00").tolist()
    columns: dict[str, list[Any]] = {
        "visitNo": frame["visit_no"].tolist(),
        "version": frame["version"].tolist(),
        "updateTime": (frame["arrival_s"] * 1000).tolist(),
        "pointCode": frame["point_text"].tolist(),
        "measureTime": [_measured(moment, broken) for moment, broken in zip(measured, frame["time_text"], strict=True)],
        "roomTemp": frame["value_text"].tolist(),
        "height": frame["height"].tolist(),
        "place": frame["place"].tolist(),
        "windowClosedMin": frame["closed_min"].tolist(),
        "instrumentNo": frame["instrument"].tolist(),
        "calibDate": iso_days(frame["calibrated"].to_numpy()).tolist(),
        "signed": frame["signed"].tolist(),
        "staffName": frame["staff"].tolist(),
        "residentPhone": frame["resident_phone"].tolist(),
        "remark": [
            f"复测，住户电话{phone}" if version > 1 else ""
            for phone, version in zip(frame["resident_phone"], frame["version"], strict=True)
        ],
    }
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _measured(moment: str, broken: str) -> str:
    """The time of measuring; a broken one names a day that no calendar has."""
    return moment[:5] + broken + moment[10:] if broken else moment


def write_packets(folder: Path, feed: RemoteFeed) -> int:
    """Store all collector packets by day of arrival."""
    return write_store(folder, _packet_days(feed))


def _packet_days(feed: RemoteFeed) -> Iterator[tuple[int, np.ndarray, list[str]]]:
    packets = feed.packets
    order = np.argsort(packets["recv_s"], kind="stable")
    order = np.repeat(order, 1 + packets["repeated"][order])
    recv = packets["recv_s"][order]
    day = (recv + OFFSET_S) // DAY_S
    edges = np.flatnonzero(np.diff(day)) + 1
    text = _TenthsText()
    heads = [f'{{"devId":"{d}","recvTime":"' for d in feed.devices.tolist()]
    for begin, end in zip([0, *edges.tolist()], [*edges.tolist(), len(order)], strict=True):
        yield int(day[begin]), recv[begin:end] * 1000, _packet_lines(feed, order[begin:end], heads, text)


class _TenthsText(dict[int, str]):
    """JSON text of a temperature in tenths: `20.0`, but `-9999` for whole-number codes and `0` for nothing."""

    def __missing__(self, tenths: int) -> str:
        whole = tenths == 0 or tenths < -2000
        self[tenths] = str(tenths // 10) if whole else f"{tenths / 10:.1f}"
        return self[tenths]


def _packet_lines(feed: RemoteFeed, chosen: np.ndarray, heads: list[str], text: _TenthsText) -> list[str]:
    packets = feed.packets
    size = packets["size"][chosen].astype(np.int64)
    offset = packets["offset"][chosen]
    # Readings of the chosen packets, newest first inside each packet.
    ends = np.cumsum(size)
    place = np.arange(int(ends[-1])) - np.repeat(ends - size, size)
    values = [text[t] for t in feed.readings["tenths"][np.repeat(offset + size - 1, size) - place].tolist()]
    recv = local_text(packets["recv_s"][chosen]).tolist()
    pack_s = packets["pack_s"][chosen]
    pack = [_NO_PACK_TIME] * len(recv)
    for i in np.flatnonzero(pack_s).tolist():
        pack[i] = local_text(pack_s[i : i + 1])[0].replace("-", "").replace(":", "").replace(" ", "")
    volts = [f"{v:.2f}" for v in packets["volts"][chosen].tolist()]
    rows = zip(
        packets["device"][chosen].tolist(),
        recv,
        pack,
        packets["interval"][chosen].tolist(),
        ends.tolist(),
        size.tolist(),
        volts,
        strict=True,
    )
    return [
        f'{heads[d]}{r}","packTime":"{p}","interval":{i},"temps":[{",".join(values[e - n : e])}],"bat":{v},'
        f'"hist":{0 if p is _NO_PACK_TIME else 1}}}'
        for d, r, p, i, e, n, v in rows
    ]
