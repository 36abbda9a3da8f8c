"""The pages docs/reliability.md and docs/reliability.zh-CN.md, made from recorded results: `python -m local.reliability`.

What each fault is stands in tests/faults.yml, what became of it in docs/reliability/faults.json (`make faults RECORD=1`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import yaml

from local.instance import REPOSITORY

FAULTS = REPOSITORY / "tests" / "faults.yml"
FOLDER = REPOSITORY / "docs" / "reliability"
PAGES = {"en": REPOSITORY / "docs" / "reliability.md", "zh": REPOSITORY / "docs" / "reliability.zh-CN.md"}
RESULTS = ("fail", "pass", "untried")

Entry = dict[str, Any]
"""fault, result (one of RESULTS), lost_rows, note: a test function that tried it, or why nothing did."""

WORDS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "title": "What was tried, and what was lost",
        "other": "[中文](reliability.zh-CN.md)",
        "intro": "Faults are done to the pipeline for real: processes and databases are killed, sources answer nonsense, files are"
        " bombs. After each, rows read are rows loaded, quarantined and duplicate; no key stands twice; readers saw the old or the"
        " new; and after a retry everything equals an undisturbed run. `make faults` runs all of it, `make faults RECORD=1` keeps"
        " the record this page is made from (`docs/reliability/faults.json`).",
        "run": "Run on {date}: {cores} cores, {memory} GiB, {system}, Python {python}, PostgreSQL {postgres}."
        " {passed} faults passed, {failed} failed, {untried} were not tried; {lost} rows were lost.",
        "head": "| | fault | what happened | rows lost |",
        "pass": "held: {tests}",
        "fail": "**failed**: {tests}",
        "untried": "**not tried**: {why}",
        "lacks": "not tried of it: {why}",
        "not_run": "no test of it ran in this record",
        "how": "## What did it",
        "stop": "; ",
        "tests": "{number} tests",
        "test": "1 test",
    },
    "zh": {
        "title": "试过哪些故障，丢了什么",
        "other": "[English](reliability.md)",
        "intro": "所有故障都真实施加于流水线：强杀进程和数据库、数据源乱答、文件本身是炸弹。每次之后：读入行数 = 入库 + 隔离"
        " + 重复；没有重复的键；读者只见旧值或新值，绝无一半；重试之后与未受干扰的运行完全相同。`make faults` 全部运行一遍，"
        "`make faults RECORD=1` 留下本页所依据的记录（`docs/reliability/faults.json`）。",
        "run": "运行日期 {date}：{cores} 核，{memory} GiB 内存，{system}，Python {python}，PostgreSQL {postgres}。"
        "通过 {passed} 项，失败 {failed} 项，未试 {untried} 项；共丢失 {lost} 行。",
        "head": "| | 故障 | 结果 | 丢失行数 |",
        "pass": "经受住：{tests}",
        "fail": "**失败**：{tests}",
        "untried": "**未试**：{why}",
        "lacks": "其中未试：{why}",
        "not_run": "本次记录中没有运行相应测试",
        "how": "## 由哪些测试施加",
        "stop": "；",
        "tests": "{number} 个测试",
        "test": "1 个测试",
    },
}


@dataclass(frozen=True)
class Fault:
    """`what` it is, by language; `untried`: why nothing tries it; `lacks`: which part of it nothing tries.

    `tests`: files all of whose tests try it, beside those that are marked one by one.
    """

    what: Mapping[str, str]
    untried: Mapping[str, str] | None = None
    lacks: Mapping[str, str] | None = None
    tests: Sequence[str] = ()


class Catalogue(dict[str, Fault]):
    """The faults by their number, in order."""

    @classmethod
    def read(cls) -> Self:
        given = yaml.safe_load(FAULTS.read_text(encoding="utf-8"))
        return cls({number: Fault(**facts) for number, facts in given.items()})

    def tried_by(self, path: Path) -> list[str]:
        """Numbers of the faults that name a file of tests as theirs."""
        return [number for number, fault in self.items() if any(path == REPOSITORY / name for name in fault.tests)]


def entries(catalogue: Catalogue, tried: Mapping[tuple[str, str], Mapping[str, Any]]) -> list[Entry]:
    """At least one entry for each fault: one for each test function that tried it, and one for what nobody tried.

    `tried`: by fault and test function: cases run, lost_rows, and failed or skipped (why) where that is so. Raises LookupError
    for a number the catalogue does not have.
    """
    if unknown := {number for number, _ in tried} - catalogue.keys():
        raise LookupError(f"tests try faults that do not stand in {FAULTS.name}: {sorted(unknown)}")
    found = []
    for number, fault in catalogue.items():
        of_it = [(test, facts) for (of, test), facts in sorted(tried.items(), key=lambda item: item[0]) if of == number]
        found += [_entry(number, test, facts) for test, facts in of_it]
        why = fault.untried or (None if of_it else {"en": WORDS["en"]["not_run"]})
        if why or fault.lacks:
            found.append({"fault": number, "result": "untried", "lost_rows": 0, "note": (why or fault.lacks or {})["en"]})
    return found


def _entry(number: str, test: str, facts: Mapping[str, Any]) -> Entry:
    if facts.get("failed"):
        result, note = "fail", test
    elif facts["cases"]:
        result, note = "pass", test
    else:
        result, note = "untried", f"{test}: {facts.get('skipped', 'did not run')}"
    return {"fault": number, "result": result, "lost_rows": facts["lost_rows"], "note": note}


def outcome(found: list[Entry]) -> str:
    """The result of one fault: a failure counts before a pass, a pass before what of it was not tried."""
    return next(result for result in RESULTS if any(entry["result"] == result for entry in found))


def by_fault(results: list[Entry]) -> dict[str, list[Entry]]:
    found: dict[str, list[Entry]] = {}
    for entry in results:
        found.setdefault(entry["fault"], []).append(entry)
    return found


def render(language: str, record: Mapping[str, Any], catalogue: Catalogue) -> str:
    """The page in one language."""
    words, found = WORDS[language], by_fault(record["results"])
    outcomes = [outcome(of_it) for of_it in found.values()]
    counts = {"passed": outcomes.count("pass"), "failed": outcomes.count("fail"), "untried": outcomes.count("untried")}
    lost = sum(entry["lost_rows"] for entry in record["results"])
    lines = [
        f"# {words['title']}",
        words["other"],
        words["intro"],
        words["run"].format(date=record["date"], **record["machine"], **counts, lost=lost),
        "\n".join([words["head"], "|---|---|---|---|", *(_row(words, language, n, f, found[n]) for n, f in catalogue.items())]),
        words["how"],
        "\n".join(_tests(number, of_it) for number, of_it in found.items() if outcome(of_it) != "untried"),
    ]
    return "\n\n".join(lines) + "\n"


def _row(words: Mapping[str, str], language: str, number: str, fault: Fault, found: list[Entry]) -> str:
    result = outcome(found)
    ran = [entry for entry in found if entry["result"] != "untried"]
    tests = words["test"] if len(ran) == 1 else words["tests"].format(number=len(ran))
    why = fault.untried[language] if fault.untried else words["not_run"]
    happened = words[result].format(tests=tests, why=why)
    if fault.lacks:
        happened += words["stop"] + words["lacks"].format(why=fault.lacks[language])
    lost = sum(entry["lost_rows"] for entry in ran) if ran else "-"
    return f"| {number} | {fault.what[language]} | {happened} | {lost} |"


def _tests(number: str, found: list[Entry]) -> str:
    names = [entry["note"].removeprefix("tests/").replace("::test_", ": ").replace("_", " ") for entry in found]
    ran = [name for name, entry in zip(names, found, strict=True) if entry["result"] != "untried"]
    return f"- {number}: {'; '.join(ran)}"


def read_record() -> dict[str, Any]:
    record = json.loads((FOLDER / "faults.json").read_text(encoding="utf-8"))
    assert isinstance(record, dict)
    return record


def write_pages() -> list[Path]:
    """Both pages from the record; returns them."""
    record, catalogue = read_record(), Catalogue.read()
    for language, page in PAGES.items():
        page.write_text(render(language, record, catalogue), encoding="utf-8")
    return list(PAGES.values())


if __name__ == "__main__":
    write_pages()
