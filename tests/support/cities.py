"""Spans of small cities."""

from datetime import date

from city.calendar import Window

WEEKS = Window(date(2016, 12, 10), date(2017, 1, 12))
