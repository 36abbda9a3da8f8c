"""How big a city of a given scale is. Scale 1.0 is the Changchun company of the 2016 report."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Size:
    """Counts of everything that is counted in a city."""

    scale: float
    branches: int
    stations: int
    systems: int
    communities: int
    buildings: int
    residents: int
    enterprises: int
    fixed_points: int
    mobile_points: int
    remote_points: int

    def some(self, at_full_scale: float, least: int = 1) -> int:
        """A count that grows with the city but never vanishes in a small one."""
        return max(least, round(at_full_scale * self.scale))


def size_of(scale: float) -> Size:
    """Counts at a scale; a small city keeps enough branches, stations and points to be worth looking at."""
    if not 0 < scale <= 4:
        raise ValueError(f"scale must lie in (0, 4], got {scale}")
    branches = max(2, round(10 * min(scale, 1) ** 0.5))
    stations = max(2 * branches, round(170 * scale))
    communities = max(2 * branches, stations + 1, round(600 * scale))
    buildings = max(12 * stations, communities, round(5600 * scale))
    return Size(
        scale=scale,
        branches=branches,
        stations=stations,
        systems=max(stations, round(268 / 170 * stations)),
        communities=communities,
        buildings=buildings,
        residents=max(20 * stations, round(270_000 * scale)),
        enterprises=max(6, round(1_100 * scale)),
        fixed_points=max(2 * stations, round(2_600 * scale)),
        mobile_points=max(2 * stations, round(2_000 * scale)),
        remote_points=max(12, stations, round(696 * scale)),
    )
