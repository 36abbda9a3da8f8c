"""The project's documents as pages below HEARTH_PAGES/docs, so that a link in an alert or in Airflow's menu opens."""

from __future__ import annotations

import posixpath
import re
import tempfile
from pathlib import Path, PurePosixPath

from markdown_it import MarkdownIt
from markdown_it.token import Token

from hearth.contracts.loading import REPOSITORY
from hearth.reports.data_docs import pages_folder, replace_folder
from hearth.reports.document import document


def slug(heading: str) -> str:
    """The anchor of a heading, as code hosts make it: lower case, hyphens for blanks, no punctuation."""
    return re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-")


def write_documents(folder: Path = REPOSITORY / "docs") -> Path:
    """Render every Markdown file below `folder`; returns the pages' folder. The old pages stay until all new ones are there."""
    target = pages_folder() / "docs"
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(dir=target.parent, prefix=".docs-"))
    files = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.md"))
    for name in files:
        page = fresh / _page_of(name)
        page.parent.mkdir(parents=True, exist_ok=True)
        page.write_text(render((folder / name).read_text(encoding="utf-8"), name, frozenset(files)), encoding="utf-8")
        page.parent.chmod(0o755)
    fresh.chmod(0o755)
    replace_folder(fresh, target)
    return target


def render(text: str, name: str, known: frozenset[str]) -> str:
    """One document as a page. `name` is its path within docs, `known` are those that have a page; links elsewhere become words."""
    parser = MarkdownIt("commonmark", {"html": True}).enable("table")
    tokens = parser.parse(text)
    title = name
    for at, token in enumerate(tokens):
        if token.type == "heading_open":
            words = _words(tokens[at + 1])
            title = words if token.tag == "h1" else title
            token.attrSet("id", slug(words))
        for child in _links(token):
            _point(child, name, known)
    body = parser.renderer.render(tokens, parser.options, {})
    language = "zh-CN" if ".zh-CN." in name else "en"
    return document(title, body, language=language, width="60rem")


def _page_of(name: str) -> str:
    return f"{name.removesuffix('.md')}.html"


def _words(inline: Token) -> str:
    return "".join(child.content for child in inline.children or [] if child.type in ("text", "code_inline"))


def _links(token: Token) -> list[Token]:
    return [child for child in token.children or [] if child.type in ("link_open", "link_close")]


def _point(link: Token, name: str, known: frozenset[str]) -> None:
    """Lead a link to the page of a document; one to a file that has no page becomes plain words."""
    if link.type == "link_close":
        return
    target = str(link.attrGet("href") or "")
    path, hash_sign, anchor = target.partition("#")
    if "://" in target or not path:
        return
    wanted = posixpath.normpath((PurePosixPath(name).parent / path).as_posix())
    if wanted in known:
        link.attrSet("href", f"{_page_of(path)}{hash_sign}{anchor}")
    else:
        link.attrs.pop("href", None)
