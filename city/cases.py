"""Day by day through both seasons: the true share of warm rooms, and who picks up the telephone because of the cold."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from city.calendar import SEASONS, STANDARD_DEGC
from city.network import FOREVER, Network
from city.rooms import Rooms
from city.streams import Streams

# Chance of a complaint per household, day and degree below the temperature at which people begin to mind.
_MIND_BELOW_DEGC = 18.4
_CHANCE_PER_DEGREE = 0.0009
_CHANCE_ANYWAY = 0.000004
# A household that has complained is visited; it does not complain anew within these days.
_PATIENCE_DAYS = 5


@dataclass(frozen=True)
class Discontent:
    """Complaint cases as arrays (season, local day, household) and the true state of all rooms."""

    season: np.ndarray
    day: np.ndarray
    household: np.ndarray
    true_state: dict[str, dict[str, float]]
    true_days: list[tuple[str, int, int, int]]  # season, day, household-days and warm ones from the season's first day to it
    cold_share: list[np.ndarray]  # by season: the share of its days on which each home's true mean lies below the standard


class Served:
    """Which households have heat on a day."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.pause_from = np.full(len(network.household_building), FOREVER)
        self.pause_to = np.full(len(network.household_building), -1)
        rows = network.suspensions
        self.pause_from[rows[:, 0]], self.pause_to[rows[:, 0]] = rows[:, 1], rows[:, 2]

    def on(self, day: int) -> np.ndarray:
        net = self.network
        paused = (self.pause_from <= day) & (day <= self.pause_to)
        return (net.household_from <= day) & (day <= net.household_to) & ~paused


def live_through(rooms: Rooms, streams: Streams) -> Discontent:
    """Walk through the season days; every complaint follows from a cold room."""
    network, served = rooms.network, Served(rooms.network)
    resident = ~network.household_enterprise
    standard = STANDARD_DEGC["living_room"]
    days, homes, seasons, truth, cold_share = [], [], [], {}, []
    true_days: list[tuple[str, int, int, int]] = []
    for index, season in enumerate(SEASONS):
        grid = rooms.grids[index]
        last = np.full(len(resident), -100)
        cold_days = np.zeros(len(resident), dtype=np.int16)
        warm = total = 0
        for day in range(season.first_day, season.last_day + 1):
            mean = rooms.day_mean(index, day - grid.first_day)
            active = served.on(day)
            lived = active & resident
            warm += int(((mean >= standard) & lived).sum())
            total += int(lived.sum())
            true_days.append((season.code, day, total, warm))
            cold_days += mean < standard
            chance = _CHANCE_PER_DEGREE * np.clip(_MIND_BELOW_DEGC - mean, 0, 4) + _CHANCE_ANYWAY
            draw = streams.rng("complaints", day).random(len(mean), dtype=np.float32)
            angry = np.flatnonzero((draw < chance) & active & (day - last > _PATIENCE_DAYS))
            last[angry] = day
            days.append(np.full(len(angry), day))
            homes.append(angry)
            seasons.append(np.full(len(angry), index))
        cold_share.append(cold_days / season.days)
        truth[season.code] = {"household_days": total, "warm_household_days": warm, "percent": 100 * warm / total}
    return Discontent(np.concatenate(seasons), np.concatenate(days), np.concatenate(homes), truth, true_days, cold_share)
