"""Personal values where no contract marks them: telephone numbers, identity numbers, addresses and names inside other text.

A marked column is hashed whole. Everywhere else people write what they like: a number in the department, a name in a
work summary, a column the contract ignores. What is recognised is replaced by its keyed hash, as `[phone:1f2e...]`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import partial
from typing import Any

import pandas as pd

from hearth.cleaning.pseudonym import Pseudonyms

_NAME = r"[\u4e00-\u9fff]"
_SURNAME = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩冯邓曹彭曾肖田董潘袁蔡蒋余于杜叶程魏苏吕丁任卢姚沈钟姜崔谭陆范汪廖石金贾"
    "韦夏付方邹熊白孟秦邱侯江尹薛闫段雷龙史陶贺毛郝顾龚邵万覃武钱戴严莫孔向常汤康易乔赖文樊兰殷施洪翟安颜倪牛温芦季俞章鲁葛关"
)
PATTERNS: dict[str, re.Pattern[str]] = {
    "identity_number": re.compile(r"(?<![\dA-Za-z])[1-9]\d{5}(?:19|20)\d{2}(?:0[1-9]|1[0-2])\d{5}[\dXx](?![\dA-Za-z])"),
    "phone": re.compile(
        r"(?<![\dA-Za-z])(?:\+?86[- ]?)?1[3-9]\d[- ]?\d{4}[- ]?\d{4}(?![\dA-Za-z])|(?<![\dA-Za-z])0\d{2,3}[- ]\d{7,8}(?![\dA-Za-z])"
    ),
    "address": re.compile(
        r"[\u4e00-\u9fff]{2,12}(?:路|街|大街|道|巷|胡同|小区|花园|家园|苑)[\u4e00-\u9fff]{0,6}\d{1,5}(?:号楼|号|栋|幢)"
        r"(?:\d{1,3}(?:号楼|栋|幢))?(?:\d{1,2}单元)?(?:\d{1,2}[层楼])?(?:\d{2,4}室?)?|"
        r"\d{1,3}(?:号楼|栋|幢)\d{1,2}单元\d{2,4}室?"
    ),
    "name": re.compile(
        rf"(?:(?<=业主)|(?<=住户)|(?<=联系人)|(?<=报修人)|(?<=投诉人)|(?<=姓名)|(?<=我叫))[:：]?\s*[{_SURNAME}]{_NAME}{{1,2}}"
        rf"|[{_SURNAME}]{_NAME}{{0,2}}(?=先生|女士|小姐|大爷|大妈|师傅)"
    ),
}
"""Kind -> what it looks like in Chinese text; longer numbers first, so that none is cut in two."""

_ANY = re.compile("|".join(f"(?:{pattern.pattern})" for pattern in PATTERNS.values()))
_CHINESE = re.compile(rf"{_NAME}{{2,}}")
NAME_LENGTHS = (4, 3, 2)
SHORTEST_KNOWN = 2
"""A known value of one character would be found everywhere."""


def is_suspicious(values: Iterable[Any], pseudonyms: Pseudonyms) -> bool:
    """Whether any of the values has something personal in it, by its looks or because somebody is called so."""
    texts = [value for value in values if isinstance(value, str)]
    return any(_ANY.search(text) is not None for text in texts) or any(names_in(text, pseudonyms) for text in texts)


def names_in(text: str, pseudonyms: Pseudonyms) -> list[str]:
    """Names of known people in a text, the longest at each place. Names are known only from marked columns."""
    found = []
    for run in _CHINESE.finditer(text):
        position = run.start()
        while position <= run.end() - min(NAME_LENGTHS):
            lengths = (
                n for n in NAME_LENGTHS if position + n <= run.end() and text[position : position + n] in pseudonyms.known_names
            )
            length = next(lengths, 0)
            if length:
                found.append(text[position : position + length])
            position += length or 1
    return found


def mask_text(text: str, pseudonyms: Pseudonyms, known: Iterable[tuple[str, str]] = ()) -> str:
    """The text with what is recognised replaced by `[kind:hash]`.

    `known`: (kind, value) pairs found elsewhere in the same record; they are replaced wherever they stand, the longest first.
    """
    for kind, value in sorted(known, key=lambda pair: -len(pair[1])):
        if len(value) >= SHORTEST_KNOWN and value in text:
            text = text.replace(value, _mark(kind, value, pseudonyms))
    for kind, pattern in PATTERNS.items():
        text = pattern.sub(partial(_masked, kind, pseudonyms), text)
    for name in names_in(text, pseudonyms):
        text = text.replace(name, _mark("name", name, pseudonyms))
    return text


def mask_column(values: pd.Series, pseudonyms: Pseudonyms) -> pd.Series:
    """A column of text with what is recognised masked; the same object when nothing is."""
    distinct = values.dropna().unique()
    if not is_suspicious(distinct, pseudonyms):
        return values
    masked = {value: mask_text(str(value), pseudonyms) for value in distinct}
    return values.map(masked, na_action="ignore").astype(values.dtype)


def mask_value(value: Any, pseudonyms: Pseudonyms, known: Iterable[tuple[str, str]] = ()) -> Any:
    """The same for a value of any shape: text inside of lists and mappings too."""
    if isinstance(value, str):
        return mask_text(value, pseudonyms, known)
    if isinstance(value, dict):
        return {key: mask_value(item, pseudonyms, known) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [mask_value(item, pseudonyms, known) for item in value]
    return value


def _masked(kind: str, pseudonyms: Pseudonyms, found: re.Match[str]) -> str:
    """A recognised value; the colon a name may follow stays."""
    value = found[0].lstrip(":： ")
    return found[0][: len(found[0]) - len(value)] + _mark(kind, value, pseudonyms)


def _mark(kind: str, value: str, pseudonyms: Pseudonyms) -> str:
    return f"[{kind}:{pseudonyms.hash_value(kind, value)}]"
