"""The weighted estimate stands beside the headline only where it is nearer to the true state on four of five days."""

from __future__ import annotations

import pytest

from local.weighting import Day, chosen_days, is_shown

TRUE = 95.0


def days(season: str, weighted: list[float | None]) -> list[Day]:
    return [Day(season, f"day {n}", TRUE, 94.5, value) for n, value in enumerate(weighted)]


@pytest.mark.parametrize(
    ("weighted", "shown"),
    [
        ([95.4, 94.6, 95.0, 95.1, 94.0], True),
        ([95.4, 94.6, 95.0, 95.5, 94.0], False),  # as far away as the raw figure is not nearer
        ([95.4, 94.6, 95.0, 95.1, None], True),
        ([95.4, 94.6, 95.0, None, None], False),
    ],
)
def test_nearer_on_four_of_five_days_of_every_season(weighted: list[float | None], shown: bool) -> None:
    good = days("2015-16", [95.0] * 5)
    assert is_shown(good + days("2016-17", weighted)) is shown
    assert is_shown([]) is False


def test_days_are_the_last_of_each_fifth() -> None:
    figures = {("2015-16", f"{day:03d}"): (94.0, 95.0) for day in range(1, 170)}
    true = dict.fromkeys(figures, TRUE)
    assert [day.heating_date for day in chosen_days(figures, true)] == ["034", "068", "101", "135", "169"]
