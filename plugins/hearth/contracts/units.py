"""Units a contract may declare, and their conversion to the unit a canonical column is stored in.

canonical = (value + offset) * factor. Sources: exact definitions (degF: (F - 32) * 5/9; 万元: 10,000 CNY).
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
    "V": {"V": Conversion(0, 1), "mV": Conversion(0, 0.001)},
}
"""Stored unit -> declared unit -> conversion."""
