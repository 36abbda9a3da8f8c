"""The pipe register: four full exports, each with new row numbers, segments renewed, added and gone in between."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd

from city.calendar import Window, day_number, local_s
from city.network import Network
from city.streams import Streams, pick_distinct

EXPORT_DAYS = (date(2015, 9, 1), date(2015, 11, 1), date(2016, 9, 1), date(2016, 11, 1))
_DN = np.array([50, 65, 80, 100, 125, 150, 200, 250, 300, 350, 400, 500, 600, 700, 800])


def pipe_exports(network: Network, streams: Streams, window: Window) -> list[tuple[date, pd.DataFrame]]:
    """Each export with its labels; the content of a segment changes only where work was done."""
    rng = streams.rng("pipes")
    count = network.size.some(12_000, 80)
    primary = rng.random(count) < 0.2
    frame = pd.DataFrame(
        {
            "segment_no": np.char.add("GD", np.char.zfill(np.arange(1, count + 1).astype(str), 6)),
            "level": np.where(primary, "一次网", "二次网"),
            "dn": np.where(primary, _DN[rng.integers(6, 15, count)], _DN[rng.integers(0, 9, count)]),
            "material": rng.choice(np.array(["无缝钢管", "螺旋钢管", "PE-RT"]), count, p=(0.6, 0.3, 0.1)),
            "insulation": rng.choice(np.array(["聚氨酯", "岩棉", "无"]), count, p=(0.7, 0.2, 0.1)),
            "laying": rng.choice(np.array(["直埋", "地沟", "架空"]), count, p=(0.65, 0.3, 0.05)),
            "length": np.round(rng.lognormal(4.2, 0.7, count), 1),
            "year": rng.integers(1978, 2015, count),
            "owner": rng.choice(np.array(["供热集团", "用户"]), count, p=(0.9, 0.1)),
            "start_node": np.char.add("J", np.char.zfill(rng.integers(1, count, count).astype(str), 6)),
            "end_node": np.char.add("J", np.char.zfill(rng.integers(1, count, count).astype(str), 6)),
            "status": "在用",
        }
    )
    exports = []
    for number, day in enumerate(EXPORT_DAYS):
        if number:
            frame = _after_works(frame, rng, day.year, number)
        arrival = local_s(day_number(day), 12)
        labelled = _plant(frame, streams.rng("pipes", "defects", number))
        labelled["row_no"] = rng.permutation(len(labelled)) + 1 + 100_000 * number
        if window.holds(np.array([arrival]))[0]:
            exports.append((day, labelled))
    return exports


def first_segments(exports: list[tuple[date, pd.DataFrame]]) -> pd.DataFrame:
    """Sound segments of the first export: what can break."""
    if not exports:
        return pd.DataFrame({"segment_no": [], "year": [], "length": [], "insulation": []})
    return _sound(exports[0][1])


def renewed_in_summer(exports: list[tuple[date, pd.DataFrame]]) -> np.ndarray:
    """Numbers of the segments that the export of September 2016 shows laid anew since the one of November 2015."""
    year = {day: _sound(frame).set_index("segment_no")["year"] for day, frame in exports}
    if not set(EXPORT_DAYS[1:3]) <= set(year):
        return np.array([], dtype=str)
    before, after = (year[day] for day in EXPORT_DAYS[1:3])
    after = after[after.index.isin(before.index)]
    return np.array(sorted(after.index[after > before.reindex(after.index)]))


def _sound(frame: pd.DataFrame) -> pd.DataFrame:
    return frame[(frame["reason"] == "") & ~frame["duplicate"]].drop_duplicates("segment_no").reset_index(drop=True)


def _after_works(frame: pd.DataFrame, rng: np.random.Generator, year: int, number: int) -> pd.DataFrame:
    """Segments laid anew, taken out, and added since the last export."""
    frame = frame.copy()
    share = 0.03 if number == 2 else 0.004
    renewed = rng.random(len(frame)) < share
    frame.loc[renewed, "year"] = year
    frame.loc[renewed, "insulation"] = "聚氨酯"
    frame = frame[rng.random(len(frame)) > share / 6]
    added = frame.sample(max(1, int(len(frame) * share / 4)), random_state=number).copy()
    added["segment_no"] = [f"GD9{number}{i:04d}" for i in range(len(added))]
    added["year"] = year
    return pd.concat([frame, added], ignore_index=True)


def _plant(frame: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """A few lengths out of range, unreadable, missing or contradicted, and rows that stand twice, numbered anew."""
    some = max(1, len(frame) // 4000)
    kinds = ("out_of_range", "unreadable_value", "missing_value", "conflicting_duplicate", "duplicate")
    picks = pick_distinct(rng, np.arange(len(frame)), dict.fromkeys(kinds, some))
    frame = frame.assign(reason="", duplicate=False, length_text=[f"{v:.1f}" for v in frame["length"]]).reset_index(drop=True)
    for kind in kinds[:4]:
        frame.loc[picks[kind], "reason"] = kind
    frame.loc[picks["out_of_range"], "length_text"] = "8000001"
    frame.loc[picks["unreadable_value"], "length_text"] = "--"
    frame.loc[picks["missing_value"], "length_text"] = ""
    pair = frame.loc[picks["conflicting_duplicate"]]
    other = pair.assign(length_text=[f"{v + 7.5:.1f}" for v in pair["length"]])
    again = frame.loc[picks["duplicate"]].assign(duplicate=True)
    return pd.concat([frame, other, again], ignore_index=True)
