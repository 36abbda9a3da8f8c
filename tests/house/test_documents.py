"""The documents lead where they say: the map shows the rooms there are, the index every note, links open, twins say the same."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from hearth.reports.documents import slug

ROOT = Path(__file__).resolve().parents[2]
MAPS = ("docs/architecture.md", "docs/architecture.zh-CN.md")
DOCUMENTS = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
TWINS = [path for path in DOCUMENTS if path.name.endswith(".zh-CN.md")]
WITHOUT_A_TWIN = {"dag-catalogue.md", "dependencies.md"}
"""Of those in docs/ that are no notes of decisions: what only engineers read, made from the code or beside it."""


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def read(path: Path) -> tuple[list[str], list[str]]:
    """(headings with their marks, fenced blocks) of a document."""
    headings: list[str] = []
    blocks: list[str] = []
    fenced = False
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("```"):
            fenced = not fenced
            if fenced:
                blocks.append(line)
        elif fenced:
            blocks[-1] += f"\n{line}"
        elif re.match(r"#+ ", line):
            headings.append(line)
    assert not fenced, f"{name(path)}: a fenced block is never closed"
    return headings, blocks


def words_apart(block: str) -> str:
    """A block without what it says to its reader: comments, reasons given to --why, the words in a picture."""
    if "▶" in block:
        return re.sub(r"\s+", "", re.sub(r"[^▶◀▼│┌┐└┘┬┴├┤─\n]", "", block))
    lines = (re.sub(r"(^|\s)(#|--)\s.*", "", re.sub(r'--why "[^"]*"', '--why ""', line)) for line in block.splitlines())
    return "\n".join(" ".join(line.split()) for line in lines if line.strip())


@pytest.mark.parametrize("document", MAPS)
def test_the_map_shows_the_rooms_there_are_from_the_top_floor_down(document: str) -> None:
    shown = re.findall(r"^\| `(\w+)/?` \|", (ROOT / document).read_text(encoding="utf-8"), re.MULTILINE)
    (contract,) = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"]
    assert shown == [room for floor in contract["layers"] for room in floor.split(" | ")]
    package = ROOT / "plugins" / "hearth"
    assert set(shown) == {path.parent.name for path in package.glob("*/__init__.py")} | {"cli"}


@pytest.mark.parametrize("document", MAPS)
def test_the_index_of_decisions_names_every_note_once_with_its_date_and_state(document: str) -> None:
    text = (ROOT / document).read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d{4}-\d\d-\d\d) \| \[[^\]]+\]\(decisions/([^)]+)\) \| (.+) \|$", text, re.MULTILINE)
    assert [note for _, note, _ in rows] == sorted(path.name for path in (ROOT / "docs" / "decisions").iterdir())
    for date, note, state in rows:
        assert note.startswith(date)
        changed_by = re.findall(r"\]\(decisions/([^)]+)\)", state)
        assert changed_by or state in ("stands", "有效"), state
        assert all(later[:10] >= date and later != note for later in changed_by), note


def test_both_maps_say_the_same_of_every_decision() -> None:
    found = [re.findall(r"\(decisions/[^)]+\)", (ROOT / document).read_text(encoding="utf-8")) for document in MAPS]
    assert found[0] == found[1]


def test_what_people_read_is_there_in_both_languages() -> None:
    english = {path for path in (ROOT / "docs").rglob("*.md") if path.parent.name != "decisions" and path not in TWINS}
    lacking = {path.name for path in english if not path.with_suffix(".zh-CN.md").exists()}
    assert lacking == WITHOUT_A_TWIN


@pytest.mark.parametrize("twin", TWINS, ids=name)
def test_a_twin_has_the_headings_and_commands_of_its_english_page(twin: Path) -> None:
    english = twin.with_name(twin.name.replace(".zh-CN", ""))
    (headings, blocks), (their_headings, their_blocks) = read(english), read(twin)
    assert [h.split()[0] for h in their_headings] == [h.split()[0] for h in headings]
    assert [words_apart(block) for block in their_blocks] == [words_apart(block) for block in blocks]


@pytest.mark.parametrize("document", DOCUMENTS, ids=name)
def test_every_link_leads_to_a_file_and_a_heading(document: Path) -> None:
    for target, anchor in re.findall(r"\]\(([^)#\s]*)(?:#([^)\s]+))?\)", document.read_text(encoding="utf-8")):
        if "://" in target:
            continue
        path = (document.parent / target).resolve() if target else document
        assert path.exists(), f"{name(document)} links to {target}"
        if anchor and path.suffix == ".md":
            known = {slug(heading.lstrip("# ")) for heading in read(path)[0]}
            known |= set(re.findall(r'<a id="([^"]+)">', path.read_text(encoding="utf-8")))
            assert anchor in known, f"{name(document)} links to {target}#{anchor}"
