"""Two small cities, built once: a whole one and one of a few winter days."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from city.build import build_city
from city.calendar import SEASONS
from tests.support.cities import WEEKS
from tests.support.reading import READERS, City
from tests.support.reading_systems import calibration_rows, forecast_rows, heat_meter_rows, source_rows, system_rows

READERS["calibrations"] = calibration_rows
READERS["forecast"] = forecast_rows
READERS["heat_meters"] = heat_meter_rows
READERS["station_readings"] = system_rows
READERS["source_readings"] = source_rows


@pytest.fixture(scope="session")
def whole_city(tmp_path_factory: pytest.TempPathFactory) -> City:
    """The smallest sensible city, both seasons."""
    folder = tmp_path_factory.mktemp("city") / "whole"
    build_city(folder, seed=11, scale=0.01)
    return City(folder)


@pytest.fixture(scope="session")
def rows(whole_city: City) -> dict[str, pd.DataFrame]:
    """Canonical rows of every feed of the whole city; look, do not touch."""
    return {feed: read(whole_city) for feed, read in READERS.items()}


@pytest.fixture(scope="session")
def brief_city(tmp_path_factory: pytest.TempPathFactory) -> City:
    """Five winter weeks."""
    assert SEASONS[1].start < WEEKS.start
    folder = tmp_path_factory.mktemp("city") / "brief"
    build_city(folder, seed=5, scale=0.01, window=WEEKS)
    return City(folder)


@pytest.fixture(scope="session")
def brief_folder(brief_city: City) -> Path:
    return brief_city.folder
