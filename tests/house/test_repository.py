"""What is written about the repository holds: settings, commands, dependencies, no path of a machine."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from local.lint import our_files

ROOT = Path(__file__).resolve().parents[2]


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def python_files() -> list[str]:
    return [name for name in our_files() if name.endswith(".py")]


def test_every_setting_the_pipeline_reads_is_explained() -> None:
    """HEARTH_ variables read by plugins/ and dags/ stand in .env.example, or are inner ones said here."""
    inner = {
        "HEARTH_DBT_TARGET",  # artefacts of dbt; a temporary folder otherwise
        "HEARTH_DBT_THREADS",
        "HEARTH_DBT_SEEDS",  # set for dbt by the pipeline itself
        "HEARTH_PRELOAD",
        "HEARTH_TRIAL",  # set within a trial: its name
        "HEARTH_EXPECTATIONS",  # suites of another place; those of the repository otherwise
    }
    read = set()
    for name in python_files():
        if name.startswith(("plugins/", "dags/")):
            read |= set(re.findall(r"environ(?:\.get\(|\[)\s*f?\"(HEARTH_[A-Z_0-9]+)", text_of(name)))
    known = set(re.findall(r"^([A-Z_0-9]+)=", text_of(".env.example"), re.MULTILINE))
    families = {name for name in read if name.endswith("_")}  # completed at run time, such as HEARTH_WAREHOUSE_URL_
    for family in families:
        assert any(name.startswith(family) for name in known), family
    assert read - families - inner - known == set()


@pytest.mark.parametrize(
    ("name", "fewest"),
    [
        ("requirements.lock", 100),
        ("dashboards/requirements.lock", 100),
        ("spark/requirements.lock", 1),
        ("local/bench/dlt/requirements.lock", 20),
    ],
)
def test_a_lock_is_hashed_and_names_no_package_host(name: str, fewest: int) -> None:
    lock = text_of(name)
    assert "://" not in lock
    assert "--index-url" not in lock
    assert "--find-links" not in lock
    pinned = re.findall(r"^([\w.\[\]-]+)==[^\s;]+(.*)$", lock, re.MULTILINE)
    assert len(pinned) > fewest
    blocks = re.split(r"^(?=[\w.\[\]-]+==)", lock, flags=re.MULTILINE)[1:]
    assert all("--hash=sha256:" in block for block in blocks)


def test_every_direct_dependency_is_locked_and_has_its_reason() -> None:
    project = tomllib.loads(text_of("pyproject.toml"))
    wanted = [
        *project["project"]["dependencies"],
        *(d for group in project["dependency-groups"].values() for d in group),
    ]
    names = [re.split(r"[\[<>=!~; ]", requirement)[0].lower() for requirement in wanted]
    reasons = text_of("docs/dependencies.md")
    lock = text_of("requirements.lock")
    for name in names:
        assert re.search(rf"^{re.escape(name)}(\[[^\]]*\])?==", lock, re.MULTILINE | re.IGNORECASE), f"{name} is not locked"
        assert f"`{name}`" in reasons, f"docs/dependencies.md does not say why {name} is there"


@pytest.mark.parametrize("document", ["README.md", "README.zh-CN.md", "CONTRIBUTING.md"])
def test_every_make_target_a_document_names_exists(document: str) -> None:
    text = text_of(document)
    targets = set(re.findall(r"^([a-z]+):", text_of("Makefile"), re.MULTILINE))
    named = set(re.findall(r"`make ([a-z]+)", text)) | set(re.findall(r"^make ([a-z]+)", text, re.MULTILINE))
    assert named
    assert named - targets == set()


def test_make_explains_every_target() -> None:
    answer = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True)
    for target in ("demo", "real", "test", "faults", "lint", "bench", "stop", "status", "clean"):
        assert f"make {target}" in answer.stdout


def test_nothing_of_a_developers_machine_is_in_the_repository() -> None:
    word = re.compile(r"/home/\w+/|/Users/\w+/|/root" + "/")
    for name in our_files():
        path = ROOT / name
        if path.suffix in {".py", ".md", ".yml", ".yaml", ".sql", ".toml", ".json", ".cfg", ""} and path.is_file():
            try:
                found = word.search(path.read_text(encoding="utf-8"))
            except UnicodeDecodeError:
                continue
            assert not found, f"{name}: {found.group() if found else ''}"


def test_the_licence_is_whole() -> None:
    licence = text_of("LICENSE")
    assert "Apache License" in licence
    assert "END OF TERMS AND CONDITIONS" in licence
    assert tomllib.loads(text_of("pyproject.toml"))["project"]["license"] == "Apache-2.0"


def test_the_pipeline_does_not_import_what_only_one_machine_needs() -> None:
    for name in python_files():
        if name.startswith(("plugins/", "dags/")):
            imported = re.findall(r"^\s*(?:from|import) (local|city)\b", text_of(name), re.MULTILINE)
            assert not imported, f"{name} imports {imported[0]}"


def test_modules_of_local_stay_short() -> None:
    for path in (ROOT / "local").rglob("*.py"):
        assert len(path.read_text(encoding="utf-8").splitlines()) < 400, path.name


def test_no_test_borrows_from_a_test() -> None:
    """What tests share stands in tests/support: a test can be moved, renamed or run alone."""
    files = [path for path in (ROOT / "tests").rglob("*.py") if path != ROOT / "tests" / "conftest.py"]
    borrowed = re.compile(r"^\s*(?:from|import) (?:tests\.)?[\w.]*(?:test_\w+|conftest)\b|sys\.path\.insert", re.M)
    found = {path.name: borrowed.findall(path.read_text(encoding="utf-8")) for path in files}
    assert {name: lines for name, lines in found.items() if lines and name != "test_repository.py"} == {}
