"""The customer system: dated register rows with the moment they were recorded, as tables of the `register` schema.

A change is a new row with a later valid_from; a correction repeats (id, valid_from) with a later recorded_at.
"""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd

from city import people
from city.calendar import DAY_S, OFFSET_S, SEASONS, Window, day_number, iso_days, local_text
from city.network import FLATS, FOREVER, POSITIONS, REASSIGNED_ON, Network
from city.points import INTERVAL_MINUTES, ROOM_TYPES, Points
from city.streams import Streams

_FIRST_RECORD = day_number(date(2015, 5, 10))
_OPENED = day_number(date(2012, 9, 1))
_NAMES_A = ["春城", "南湖", "净月", "绿园", "东盛", "吉林", "自由", "红旗", "亚泰", "长影", "伊通河", "桂林"]
_NAMES_B = ["花园", "小区", "家园", "新村", "嘉园", "公寓", "名都", "里"]

# Tables in the order in which they must be loaded, with the columns the truth needs.
TABLES = ("station_log", "community_log", "building_log", "household_log", "suspension_log", "point_log")


def build_registers(network: Network, points: dict[str, Points], streams: Streams, window: Window) -> dict[str, pd.DataFrame]:
    """All register tables, rows recorded before the end of the window, in the order of recording."""
    rng = streams.rng("registers")
    tables = {
        "station_log": _stations(network),
        "community_log": _communities(network),
        "building_log": _buildings(network),
        "household_log": _households(network, streams.rng("registers", "households")),
        "suspension_log": _suspensions(network),
        "point_log": pd.concat([_points(network, p) for p in points.values()], ignore_index=True),
    }
    return {name: _recorded(frame, rng, window) for name, frame in tables.items()}


def _recorded(frame: pd.DataFrame, rng: np.random.Generator, window: Window) -> pd.DataFrame:
    """Turn the day of recording into a moment of office hours, drop what comes after the window, and sort."""
    moment = frame["recorded_day"].to_numpy() * DAY_S - OFFSET_S + 8 * 3600 + rng.integers(0, 8 * 3600, len(frame))
    frame = frame.drop(columns="recorded_day").assign(recorded_at=local_text(moment))
    frame = frame[moment < window.end_s].sort_values("recorded_at", kind="stable")
    return frame.reset_index(drop=True)


def _optional_day(numbers: np.ndarray) -> np.ndarray:
    text = iso_days(np.minimum(numbers, FOREVER)).astype(object)
    text[np.asarray(numbers) >= FOREVER] = None
    return text


def station_names(count: int) -> np.ndarray:
    return np.array(
        [f"{_NAMES_A[i % len(_NAMES_A)]}{'一二三四五六七八九十'[i // len(_NAMES_A) % 10]}站{i + 1}" for i in range(count)]
    )


def branch_names(count: int) -> np.ndarray:
    return np.array([f"第{i + 1}分公司" for i in range(count)])


def community_names(count: int) -> np.ndarray:
    return np.array([f"{_NAMES_A[i % len(_NAMES_A)]}{_NAMES_B[i // len(_NAMES_A) % len(_NAMES_B)]}{i + 1}" for i in range(count)])


def _stations(network: Network) -> pd.DataFrame:
    count = network.size.stations
    frame = pd.DataFrame(
        {
            "station_id": network.station_ids,
            "valid_from": iso_days(np.full(count, _OPENED)),
            "station_name": station_names(count),
            "branch_id": network.branch_ids[network.station_branch],
            "branch_name": branch_names(network.size.branches)[network.station_branch],
            "plant_id": network.station_plant,
            "recorded_day": _FIRST_RECORD,
        }
    )
    renamed = frame.iloc[[0]].assign(station_name="春城中心站1", recorded_day=day_number(date(2015, 9, 3)))
    return pd.concat([frame, renamed], ignore_index=True)


def _communities(network: Network) -> pd.DataFrame:
    count = len(network.community_branch)
    return pd.DataFrame(
        {
            "community_id": network.community_ids[:count],
            "valid_from": iso_days(np.full(count, _OPENED)),
            "community_name": community_names(count),
            "branch_id": network.branch_ids[network.community_branch],
            "recorded_day": _FIRST_RECORD,
        }
    )


def _buildings(network: Network) -> pd.DataFrame:
    frames = []
    moved = np.flatnonzero(network.building_station[0] != network.building_station[1])
    for season, which in ((0, np.arange(network.size.buildings)), (1, moved)):
        station = network.building_station[season][which]
        system = np.minimum(network.building_system[which], network.station_systems[station])
        since = network.building_from[which] if season == 0 else np.full(len(which), REASSIGNED_ON)
        frames.append(
            pd.DataFrame(
                {
                    "building_id": network.building_ids[which],
                    "valid_from": iso_days(since),
                    "community_id": network.community_ids[network.building_community[which]],
                    "station_id": network.station_ids[station],
                    "system_id": [f"SYSTEM-{s + 1:03d}-{n}" for s, n in zip(station, system, strict=True)],
                    "network_position": POSITIONS[network.building_position[which]],
                    "year_built": network.building_year[which],
                    "recorded_day": np.maximum(since - 3, _FIRST_RECORD),
                }
            )
        )
    return pd.concat(frames, ignore_index=True)


def _households(network: Network, rng: np.random.Generator) -> pd.DataFrame:
    count = len(network.household_building)
    first, last = network.household_from, network.household_to
    frame = pd.DataFrame(
        {
            "household_id": network.household_ids,
            "valid_from": iso_days(first),
            "building_id": network.building_ids[network.household_building],
            "customer_kind": np.where(network.household_enterprise, "enterprise", "resident"),
            "flat_position": FLATS[network.household_flat],
            "heated_area_m2": network.household_area,
            "valid_to": np.full(count, None, dtype=object),
            "owner_name": people.names(rng, count),
            "owner_phone": people.phones(rng, count),
            "recorded_day": np.maximum(first - 4, _FIRST_RECORD),
        }
    )
    ended = last < FOREVER
    closing = frame[ended].assign(valid_to=iso_days(last[ended]), recorded_day=last[ended] + 1)
    return pd.concat([frame, closing], ignore_index=True)


def _suspensions(network: Network) -> pd.DataFrame:
    """Suspensions; every seventh one with an end was first recorded open and corrected later."""
    rows = network.suspensions
    first, last, recorded = rows[:, 1], rows[:, 2], np.maximum(rows[:, 3], _FIRST_RECORD)
    frame = pd.DataFrame(
        {
            "household_id": network.household_ids[rows[:, 0]],
            "suspended_from": iso_days(first),
            "suspended_to": _optional_day(last),
            "recorded_day": recorded,
        }
    )
    corrected = np.flatnonzero(last < FOREVER)[::7]
    correction = frame.iloc[corrected].assign(recorded_day=recorded[corrected] + 14)
    frame.loc[corrected, "suspended_to"] = None
    return pd.concat([frame, correction], ignore_index=True)


def _points(network: Network, points: Points) -> pd.DataFrame:
    """Rows of the measuring points; a removal is a correction of the first row, a move a new one."""
    count = len(points)
    manual = points.kind != "remote"
    frame = pd.DataFrame(
        {
            "point_id": points.ids,
            "valid_from": iso_days(points.first_day),
            "point_kind": points.kind,
            "household_id": network.household_ids[points.household],
            "room_type": ROOM_TYPES[points.room],
            "expected_interval_minutes": np.full(count, None if manual else INTERVAL_MINUTES, dtype=object),
            "resolution_degc": np.full(count, None, dtype=object) if manual else points.resolution,
            "valid_to": np.full(count, None, dtype=object),
            "recorded_day": points.recorded_day,
        }
    )
    removed = np.flatnonzero(points.last_day < FOREVER)
    parts = [
        frame,
        frame.iloc[removed].assign(valid_to=iso_days(points.last_day[removed]), recorded_day=points.last_day[removed] + 3),
    ]
    for point, (day, household) in points.moves.items():
        moved = frame.iloc[[point]]
        parts.append(
            moved.assign(
                valid_from=iso_days(np.array([day])),
                household_id=network.household_ids[household],
                recorded_day=day - 1,
            )
        )
    assert SEASONS[0].first_day > _FIRST_RECORD
    return pd.concat(parts, ignore_index=True)
