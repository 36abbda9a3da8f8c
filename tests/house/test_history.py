"""Nothing of the city's span stays unpulled."""

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from local.history import uncovered

START, END = datetime(2015, 5, 1), datetime(2015, 5, 11)


def day(number: int) -> datetime:
    return START + timedelta(days=number)


def test_a_weekly_feed_leaves_a_piece_before_and_after() -> None:
    assert uncovered([(day(0), day(2)), (day(4), day(7))], START, END) == [(day(2), day(4)), (day(7), END)]


def test_nothing_is_left_when_an_interval_reaches_over_the_end() -> None:
    assert uncovered([(day(0), day(5)), (day(5), day(20))], START, END) == []


def test_all_is_left_when_nothing_was_pulled() -> None:
    assert uncovered([], START, END) == [(START, END)]


@given(st.lists(st.tuples(st.integers(-3, 14), st.integers(1, 6))))
def test_gaps_and_pulled_intervals_together_are_the_span(spans: list[tuple[int, int]]) -> None:
    pulled = [(day(first), day(first + length)) for first, length in spans]
    gaps = uncovered(pulled, START, END)
    for number in range(10):
        inside_gap = [gap for gap in gaps if gap[0] <= day(number) < gap[1]]
        covered = any(first <= day(number) < last for first, last in pulled)
        assert len(inside_gap) == (0 if covered else 1)
