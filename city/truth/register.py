"""The dated register: who belonged where on a day, and how many residents each unit served."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from city.calendar import Season

_OPEN = 10**6
UNIT_KINDS = ("company", "branch", "station")


def _days(texts: pd.Series) -> np.ndarray:
    """Day numbers of ISO dates; open ends lie far away."""
    missing = texts.isna().to_numpy()
    filled = texts.astype(object).where(~missing, "1970-01-01").to_numpy().astype("datetime64[D]").astype(np.int64)
    return np.where(missing, _OPEN, filled)


class Dated:
    """Versions of register rows by id, sorted, with a fast look-up of the row in force on a day."""

    def __init__(self, log: pd.DataFrame, key: str) -> None:
        rows = log.sort_values("recorded_at", kind="stable").drop_duplicates([key, "valid_from"], keep="last")
        rows = rows.assign(first=_days(rows["valid_from"]), last=_days(rows["valid_to"]) if "valid_to" in rows else _OPEN)
        self.ids, code = np.unique(rows[key].to_numpy().astype(str), return_inverse=True)
        order = np.lexsort((rows["first"].to_numpy(), code))
        self.rows = rows.iloc[order].reset_index(drop=True)
        self.code = code[order]
        self.first = self.rows["first"].to_numpy()
        following = np.append(np.where(np.diff(self.code) == 0, self.first[1:] - 1, _OPEN), _OPEN)
        self.last = np.minimum(self.rows["last"].to_numpy(), following)
        self._key = self.code * (2 * _OPEN) + self.first

    def codes(self, ids: np.ndarray) -> np.ndarray:
        """Code of each id, -1 for an unknown one."""
        ids = np.asarray(ids).astype(str)
        place = np.minimum(np.searchsorted(self.ids, ids), len(self.ids) - 1)
        return np.where(self.ids[place] == ids, place, -1)

    def in_force(self, code: np.ndarray, day: np.ndarray) -> np.ndarray:
        """Row number that holds for each code on each day, -1 where none does."""
        row = np.searchsorted(self._key, code * (2 * _OPEN) + day, side="right") - 1
        fits = (row >= 0) & (code >= 0)
        fits &= (self.code[row] == code) & (self.last[row] >= day)
        return np.where(fits, row, -1)

    def column(self, name: str) -> np.ndarray:
        return self.rows[name].to_numpy()


@dataclass
class Homes:
    """Where households were on given days; -1 in `station` when they were not served, in `building` (a row of the
    buildings' register) when there was none."""

    served: np.ndarray
    resident: np.ndarray
    station: np.ndarray
    branch: np.ndarray
    building: np.ndarray


class Register:
    """All dated registers together."""

    def __init__(self, tables: dict[str, pd.DataFrame]) -> None:
        self.stations = Dated(tables["station_log"], "station_id")
        self.buildings = Dated(tables["building_log"], "building_id")
        self.households = Dated(tables["household_log"], "household_id")
        self.points = Dated(tables["point_log"], "point_id")
        self.branch_ids, self._station_branch = np.unique(self.stations.column("branch_id").astype(str), return_inverse=True)
        self.station_ids = self.stations.ids
        self._building_station = self.stations.codes(self.buildings.column("station_id"))
        self._household_building = self.buildings.codes(self.households.column("building_id"))
        self._resident = self.households.column("customer_kind") == "resident"
        self._pauses = self._suspensions(tables["suspension_log"])

    def unit_ids(self, unit_kind: str) -> np.ndarray:
        return {"company": np.array(["company"]), "branch": self.branch_ids, "station": self.station_ids}[unit_kind]

    def _suspensions(self, log: pd.DataFrame) -> pd.DataFrame:
        """Suspended spans by household code, overlapping ones joined."""
        rows = log.sort_values("recorded_at", kind="stable").drop_duplicates(["household_id", "suspended_from"], keep="last")
        code = self.households.codes(rows["household_id"].to_numpy())
        spans = pd.DataFrame({"code": code, "first": _days(rows["suspended_from"]), "last": _days(rows["suspended_to"])})
        joined: list[list[int]] = []
        for household, first, last in spans.sort_values(["code", "first"]).to_numpy().tolist():
            if joined and joined[-1][0] == household and first <= joined[-1][2] + 1:
                joined[-1][2] = max(joined[-1][2], last)
            else:
                joined.append([household, first, last])
        return pd.DataFrame(joined, columns=["code", "first", "last"], dtype=np.int64)

    def paused(self, code: np.ndarray, day: np.ndarray) -> np.ndarray:
        """Suspended households."""
        if self._pauses.empty:
            return np.zeros(len(code), dtype=bool)
        keys = (self._pauses["code"] * (2 * _OPEN) + self._pauses["first"]).to_numpy()
        row = np.searchsorted(keys, code * (2 * _OPEN) + day, side="right") - 1
        return (row >= 0) & (self._pauses["code"].to_numpy()[row] == code) & (self._pauses["last"].to_numpy()[row] >= day)

    def homes(self, household_ids: np.ndarray, day: np.ndarray) -> Homes:
        """State of each household on each day."""
        code = self.households.codes(household_ids)
        row = self.households.in_force(code, day)
        known = row >= 0
        building = self.buildings.in_force(np.where(known, self._household_building[row], -1), day)
        station = np.where(building >= 0, self._building_station[building], -1)
        station_row = self.stations.in_force(station, day)
        branch = np.where(station_row >= 0, self._station_branch[station_row], -1)
        return Homes(known & ~self.paused(code, day), known & self._resident[row], station, branch, building)

    def resident(self, household_ids: np.ndarray, day: np.ndarray) -> np.ndarray:
        """False only for known enterprises."""
        row = self.households.in_force(self.households.codes(household_ids), day)
        return ~((row >= 0) & ~self._resident[row])

    def served_counts(self, season: Season) -> dict[str, np.ndarray]:
        """Served resident households by unit kind: matrix of unit x season day."""
        pieces = self._service_pieces()
        paused = self._overlap(pieces, self._pauses["code"].to_numpy(), self._pauses[["first", "last"]].to_numpy(), "household")
        matrices = {}
        for unit_kind in UNIT_KINDS:
            matrix = np.zeros((len(self.unit_ids(unit_kind)), season.days + 1), dtype=np.int64)
            for part, sign in ((pieces, 1), (paused, -1)):
                begin = np.maximum(part["first"].to_numpy(), season.first_day) - season.first_day
                end = np.minimum(part["last"].to_numpy(), season.last_day) - season.first_day + 1
                some = end > begin
                unit = np.zeros(len(part), dtype=int) if unit_kind == "company" else part[unit_kind].to_numpy()
                np.add.at(matrix, (unit[some], begin[some]), sign)
                np.add.at(matrix, (unit[some], end[some]), -sign)
            matrices[unit_kind] = np.cumsum(matrix, axis=1)[:, :-1]
        return matrices

    def served_strata(self, season: Season) -> tuple[pd.DataFrame, np.ndarray]:
        """Strata (branch, station, place on the network, place of the flat) and their served residents: stratum x season day."""
        names = ["branch", "station", "position", "flat"]
        pieces = self._service_pieces()
        paused = self._overlap(pieces, self._pauses["code"].to_numpy(), self._pauses[["first", "last"]].to_numpy(), "household")
        strata = pieces[names].drop_duplicates().sort_values(names).reset_index(drop=True)
        matrix = np.zeros((len(strata), season.days + 1), dtype=np.int64)
        for part, sign in ((pieces, 1), (paused, -1)):
            row = part[names].merge(strata.reset_index(names="row"), on=names, how="left")["row"].to_numpy()
            begin = np.maximum(part["first"].to_numpy(), season.first_day) - season.first_day
            end = np.minimum(part["last"].to_numpy(), season.last_day) - season.first_day + 1
            some = end > begin
            np.add.at(matrix, (row[some], begin[some]), sign)
            np.add.at(matrix, (row[some], end[some]), -sign)
        return strata, np.cumsum(matrix, axis=1)[:, :-1]

    def flat_positions(self, household: np.ndarray, day: np.ndarray) -> np.ndarray:
        """Place of the flat of each household (by code) on each day."""
        return self.households.column("flat_position")[self.households.in_force(household, day)]

    def _service_pieces(self) -> pd.DataFrame:
        """Spans in which a resident household belonged to one station and one branch, with the places of building and flat."""
        mine = np.flatnonzero(self._resident)
        pieces = pd.DataFrame(
            {
                "household": self.households.code[mine],
                "link": self._household_building[mine],
                "flat": self.households.column("flat_position")[mine],
                "first": self.households.first[mine],
                "last": self.households.last[mine],
            }
        )
        for dated, target, name in (
            (self.buildings, self._building_station, "station"),
            (self.stations, self._station_branch, "branch"),
        ):
            spans = pd.DataFrame({"link": dated.code, "from": dated.first, "to": dated.last, "next": target})
            if name == "station":
                spans["position"] = self.buildings.column("network_position")
            pieces = pieces.merge(spans, on="link", how="inner")
            pieces["first"] = np.maximum(pieces["first"], pieces["from"])
            pieces["last"] = np.minimum(pieces["last"], pieces["to"])
            pieces = pieces[pieces["first"] <= pieces["last"]].assign(**{name: lambda p: p["next"]})
            pieces = pieces.drop(columns=["from", "to", "next"]).assign(link=pieces["next"])
        return pieces

    @staticmethod
    def _overlap(pieces: pd.DataFrame, code: np.ndarray, spans: np.ndarray, key: str) -> pd.DataFrame:
        """Parts of the pieces that lie in spans of the same code."""
        if len(code) == 0:
            return pieces.iloc[:0]
        other = pd.DataFrame({key: code, "from": spans[:, 0], "to": spans[:, 1]})
        both = pieces.merge(other, on=key, how="inner")
        both["first"] = np.maximum(both["first"], both["from"])
        both["last"] = np.minimum(both["last"], both["to"])
        return both[both["first"] <= both["last"]]
