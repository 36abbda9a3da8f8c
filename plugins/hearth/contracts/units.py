"""Units a contract may declare, and their conversion to the unit a canonical column is stored in.

canonical = (value + offset) * factor. Sources: exact definitions (degF: (F - 32) * 5/9; 万元: 10,000 CNY; 1 kWh = 0.0036 GJ).
"""

from __future__ import annotations

from typing import NamedTuple


class Conversion(NamedTuple):
    offset: float
    factor: float


CONVERSIONS: dict[str, dict[str, Conversion]] = {
    "degC": {"degC": Conversion(0, 1), "degF": Conversion(-32, 5 / 9), "0.1 degC": Conversion(0, 0.1)},
    "m": {"m": Conversion(0, 1), "km": Conversion(0, 1000), "cm": Conversion(0, 0.01), "mm": Conversion(0, 0.001)},
    "mm": {"mm": Conversion(0, 1), "m": Conversion(0, 1000)},
    "m2": {"m2": Conversion(0, 1), "10k m2": Conversion(0, 10_000)},
    "CNY": {"CNY": Conversion(0, 1), "10k CNY": Conversion(0, 10_000), "万元": Conversion(0, 10_000)},
    "MW": {"MW": Conversion(0, 1), "kW": Conversion(0, 0.001)},
    "W/m2": {"W/m2": Conversion(0, 1)},
    "t": {"t": Conversion(0, 1)},
    "min": {"min": Conversion(0, 1), "s": Conversion(0, 1 / 60), "h": Conversion(0, 60)},
    "MPa": {"MPa": Conversion(0, 1), "kPa": Conversion(0, 0.001), "bar": Conversion(0, 0.1)},
    "m3": {"m3": Conversion(0, 1), "l": Conversion(0, 0.001)},
    "m3 degC": {"m3 degC": Conversion(0, 1)},
    "m3/h": {"m3/h": Conversion(0, 1), "l/s": Conversion(0, 3.6), "l/h": Conversion(0, 0.001)},
    "kW": {"kW": Conversion(0, 1), "MW": Conversion(0, 1000), "W": Conversion(0, 0.001)},
    "GJ": {"GJ": Conversion(0, 1), "kWh": Conversion(0, 0.0036), "MWh": Conversion(0, 3.6)},
    "percent": {"percent": Conversion(0, 1), "share": Conversion(0, 100)},
    "V": {"V": Conversion(0, 1), "mV": Conversion(0, 0.001)},
}
"""Stored unit -> declared unit -> conversion."""
