"""The truth on disk follows from the files alone: rows rejected and excluded by rule give the answers of the labels."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from city.calendar import SPAN
from city.registers import TABLES
from city.truth import Observed, write_truth
from tests.support import reading
from tests.support.reading import City

_WORK = {"改造": "renewal", "新建": "new_build", "并网": "merging"}


def _seconds(moments: pd.Series) -> np.ndarray:
    """Epoch seconds of naive local times."""
    return ((moments - datetime(1970, 1, 1)) // pd.Timedelta(seconds=1)).to_numpy() - 8 * 3600


def _sound(frame: pd.DataFrame) -> pd.DataFrame:
    return frame[(frame["reason"] == "") & ~frame["duplicate"]].reset_index(drop=True)


def _remote(rows: pd.DataFrame, register: pd.DataFrame) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    sound = _sound(rows)
    staged = sound.sort_values(["hist", "arrival"], ascending=[True, False], kind="stable")
    staged = staged.drop_duplicates(["point", "read"])
    coarse = set(register[register["resolution_degc"] > 0.1]["point_id"])
    excluded = reading.series_exclusions(staged, coarse)
    devices, device = np.unique(staged["point"].to_numpy(), return_inverse=True)
    return devices.astype(str), {
        "device": device.astype(np.int32),
        "read_s": _seconds(staged["read"]),
        "tenths": (staged["value"] * 10).round().astype(int).to_numpy(),
        "hist": (staged["hist"] == 1).to_numpy(),
        "arrival_s": _seconds(staged["arrival"]),
        "excluded": excluded.to_numpy(),
    }


def _tests(rows: dict[str, pd.DataFrame]) -> pd.DataFrame:
    rounds = pd.concat([rows["fixed_rounds_csv"], rows["fixed_rounds_xlsx"]], ignore_index=True)
    frame = pd.concat([_sound(rounds.assign(version=1)), _sound(rows["mobile_visits"])], ignore_index=True)
    return pd.DataFrame(
        {
            "point_id": frame["point"],
            "read_s": _seconds(pd.to_datetime(frame["read"])),
            "tenths": (frame["value"].astype(float) * 10).round().astype(int),
            "version": frame["version"],
            "arrival_s": _seconds(pd.to_datetime(frame["arrival"])),
        }
    )


def _tickets(rows: dict[str, pd.DataFrame]) -> pd.DataFrame:
    lines = [_sound(rows[feed]) for feed in ("hotline_963963", "city_line_12345", "city_line_12319")]
    frame = pd.concat(lines, ignore_index=True)
    columns = frame[["line", "ticket_no", "version", "kind", "category", "returned", "enterprise"]]
    return columns.assign(
        created_s=_seconds(pd.to_datetime(frame["created"])),
        arrival_s=_seconds(pd.to_datetime(frame["arrival"])),
        household_id=frame["household"],
        related_no=frame["related"],
    )


def _renewal(rows: pd.DataFrame) -> pd.DataFrame:
    sound = _sound(rows)
    narrow = str.maketrans("０１２３４５６７８９", "0123456789")
    texts = [str(d)[:10].replace("/", "-").split("-") for d in sound["day"]]
    day = [datetime(int(y), int(m), int(d)) for y, m, d in texts]
    return pd.DataFrame(
        {
            "project_id": sound["project"],
            "season": sound["season"],
            "branch_id": sound["branch"],
            "station_id": sound["station"],
            "work_type": sound["work"].map(_WORK),
            "planned_dm": (sound["planned"].astype(float) * 10).round().astype(int),
            "renewed_dm": [round(float(str(v).translate(narrow)) * 10) for v in sound["done"]],
            "day": [(d - datetime(1970, 1, 1)).days for d in day],
            "arrival_s": _seconds(pd.to_datetime(sound["arrival"])),
        }
    )


@pytest.fixture(scope="module")
def from_files(whole_city: City, rows: dict[str, pd.DataFrame], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The answers computed anew from what the servers show."""
    registers = {name: pd.read_csv(whole_city.folder / "sql" / f"register.{name}.csv", dtype=str) for name in TABLES}
    points = pd.read_csv(whole_city.folder / "sql" / "register.point_log.csv")
    devices, remote = _remote(rows["remote_points"], points)
    weather = _sound(rows["weather"])
    observed = Observed(
        registers=registers,
        devices=devices,
        remote=remote,
        tests=_tests(rows),
        tickets=_tickets(rows),
        weather=pd.DataFrame(
            {
                "observed_s": _seconds(weather["read"]),
                "arrival_s": _seconds(weather["arrival"]),
                "temp": weather["value"],
            }
        ),
        renewal=_renewal(rows["renewal_log"]),
        window=SPAN,
    )
    folder = tmp_path_factory.mktemp("truth")
    write_truth(observed, folder)
    return folder


@pytest.mark.parametrize("answer", ["room_compliance", "complaint_rate", "renewal_progress", "season_kpi"])
def test_the_files_give_the_same_answer(whole_city: City, from_files: Path, answer: str) -> None:
    published = (whole_city.folder / "truth" / f"{answer}.csv").read_text()
    assert len(published.splitlines()) > 300
    assert (from_files / f"{answer}.csv").read_text() == published
