"""Invented people: names, telephone numbers and addresses that look real and belong to nobody.

Telephone numbers use the prefix 1990000, so that a search for it in logs, marts or reports finds any leak.
"""

from __future__ import annotations

import numpy as np

PHONE_PREFIX = "1990000"
_SURNAMES = list("王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧")
_GIVEN = list("伟芳娜敏静丽强磊军洋勇艳杰娟涛明超霞平刚桂英华玉兰红春梅建国志文")
_STREETS = [
    "人民大街",
    "吉林大路",
    "自由大路",
    "解放大路",
    "红旗街",
    "同志街",
    "新民大街",
    "南湖大路",
    "亚泰大街",
    "东盛大街",
]


def names(rng: np.random.Generator, count: int) -> np.ndarray:
    """Chinese full names of two or three characters."""
    surname = np.array(_SURNAMES)[rng.integers(0, len(_SURNAMES), count)]
    given = np.array(_GIVEN)
    first = given[rng.integers(0, len(given), count)]
    second = np.where(rng.random(count) < 0.6, given[rng.integers(0, len(given), count)], "")
    return np.char.add(np.char.add(surname, first), second)


def phones(rng: np.random.Generator, count: int) -> np.ndarray:
    """Eleven-digit numbers behind the invented prefix."""
    return np.char.add(PHONE_PREFIX, np.char.zfill(rng.integers(0, 10_000, count).astype(str), 4))


def addresses(rng: np.random.Generator, count: int) -> np.ndarray:
    """Street, number, entrance and flat."""
    street = np.array(_STREETS)[rng.integers(0, len(_STREETS), count)]
    number = np.char.add(rng.integers(1, 3000, count).astype(str), "号")
    entrance = np.char.add(rng.integers(1, 7, count).astype(str), "单元")
    flat = np.char.add((rng.integers(1, 8, count) * 100 + rng.integers(1, 5, count)).astype(str), "室")
    return np.char.add(np.char.add(street, number), np.char.add(entrance, flat))
