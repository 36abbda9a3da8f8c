"""The dated rows of a place of one's own: what each file holds, and the first rows of a new folder.

Some rows are the same wherever heat is sold (limits of validation and health, retention), some are answered by whoever begins
(place, seasons, standard), and some only somebody knows who has read the place's rules: their files have a header and no row, and
what needs them stays empty.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import yaml

from hearth.dated.calendar import Season
from hearth.dated.dated_rows import REPOSITORY, read_rows

OURS = REPOSITORY / "dbt_project" / "seeds" / "changchun"
REFERENCE = REPOSITORY / "dbt_project" / "models" / "reference"
THE_SAME_EVERYWHERE = ("validation_limit", "health_limit", "retention_rule", "restatement_rule", "pipe_risk_factor")
STILL_TO_FILL = {
    "kpi_target": "no figure is judged against a target",
    "design_temperature": "days below it are not told apart, extreme_weather is empty",
    "time_limit": "answered in time or not: service_limit is empty",
    "refund_rule": "no claim is counted: refund_exposure is empty",
    "refund_tier": "no claim is counted: refund_exposure is empty",
    "served_household": "homes served are those of the register of households; write them where there is none",
}
"""Files without a row -> what is missing then."""
WITHOUT_END = date(2000, 1, 1)


@dataclass(frozen=True)
class Place:
    """What whoever begins is asked."""

    jurisdiction: str
    name: str
    name_zh: str
    zone: ZoneInfo
    seasons: tuple[Season, ...]
    standard_degc: float
    room_types: tuple[str, ...] = ("living_room", "bedroom")


def seed_columns() -> dict[str, dict[str, str]]:
    """Seed -> its columns in order and their types, as dbt knows them."""
    found = {}
    for path in sorted(REFERENCE.glob("_seeds*.yml")):
        for seed in yaml.safe_load(path.read_text(encoding="utf-8"))["seeds"]:
            found[seed["name"]] = dict(seed["config"]["column_types"])
    return found


def write_place(folder: Path, place: Place) -> list[Path]:
    """A file for each seed; returns them. Raises FileExistsError where one is there already: nothing is written then."""
    columns = seed_columns()
    paths = {seed: folder / f"{seed}.csv" for seed in sorted(columns)}
    if there := [path for path in paths.values() if path.exists()]:
        raise FileExistsError(f"{folder}: has {there[0].name} and perhaps more; name a new folder, or change the rows by hand")
    folder.mkdir(parents=True, exist_ok=True)
    rows = _answered(place) | {seed: _ours(seed, place) for seed in THE_SAME_EVERYWHERE}
    for seed, path in paths.items():
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(columns[seed]), restval="", lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows.get(seed, []))
    return list(paths.values())


def _ours(seed: str, place: Place) -> list[dict[str, str]]:
    """Our rows of Changchun, under the name of the place."""
    return [{**row, **({"jurisdiction": place.jurisdiction} if "jurisdiction" in row else {})} for row in read_rows(seed, OURS)]


def _answered(place: Place) -> dict[str, list[dict[str, str]]]:
    common: Mapping[str, str] = {"jurisdiction": place.jurisdiction, "valid_from": f"{WITHOUT_END}", "verified": "false"}
    said = "As said when this folder was made; write where it was read into source_url, and true into verified."
    return {
        "place": [
            {
                **common, "company_name": place.name, "company_name_zh": place.name_zh, "time_zone": place.zone.key, "note": said,
            }
        ],
        "heating_season": [
            {
                **common, "season": season.code, "statutory_start": f"{season.start}", "statutory_end": f"{season.end}",
                "valid_from": f"{season.start}", "unit": "local date", "note": said,
            }
            for season in place.seasons
        ],
        "temperature_standard": [
            {
                **common, "room_type": room, "value_degc": f"{place.standard_degc:g}", "tolerance_degc": "0", "unit": "degC",
                "note": said,
            }
            for room in place.room_types
        ],
    }  # fmt: skip
