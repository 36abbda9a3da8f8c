"""Dated rows of a place: seasons and their timetable, limits; the same seeds dbt uses, read from CSV."""
