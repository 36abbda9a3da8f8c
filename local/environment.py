"""Make an environment hold exactly what its lock says; run by any Python 3.11-3.13 that has pip, before anything else.

`local/environment.py` makes .venv from requirements.lock, with the Python that runs it. `local/environment.py dashboards`
makes .venv-superset from dashboards/requirements.lock: Superset needs Python 3.11 or 3.12, another one is looked for on
PATH when this is none, and without any the exit code is 3 (NO_PYTHON). `local/environment.py spark` makes .venv-spark from
spark/requirements.lock, with the Python that runs it; `local/environment.py dlt` likewise what `make bench` measures against.

uv comes by pip into a folder of its own, so the system's Python stays as it is. Mirrors and certificates set up for pip
(its configuration files or PIP_ variables) are passed on to uv, which reads UV_ variables only; those win when set.
Nothing is done when the lock has not changed since the last time.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
BOOTSTRAP = REPOSITORY / ".venv-bootstrap"
UV = "uv>=0.8"
NO_PYTHON = 3


@dataclass(frozen=True)
class Environment:
    """A folder, the lock it holds, the minor versions of Python 3 it works with."""

    folder: Path
    lock: Path
    minors: tuple[int, ...]

    @property
    def python(self) -> Path:
        return self.folder / "bin" / "python"

    @property
    def stamp(self) -> Path:
        return self.folder / "hearth-lock.sha256"

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.lock.read_bytes()).hexdigest()

    @property
    def is_ready(self) -> bool:
        return self.stamp.exists() and self.stamp.read_text().strip() == self.digest and self.python.exists()


PIPELINE = Environment(REPOSITORY / ".venv", REPOSITORY / "requirements.lock", (11, 12, 13))
DASHBOARDS = Environment(REPOSITORY / ".venv-superset", REPOSITORY / "dashboards" / "requirements.lock", (11, 12))
SPARK = Environment(REPOSITORY / ".venv-spark", REPOSITORY / "spark" / "requirements.lock", (11, 12, 13))
DLT = Environment(REPOSITORY / ".venv-dlt", REPOSITORY / "local" / "bench" / "dlt" / "requirements.lock", (11, 12, 13))
BESIDE = {"dashboards": DASHBOARDS, "spark": SPARK, "dlt": DLT}

LISTS = {"extra-index-url": ("UV_EXTRA_INDEX_URL", " "), "find-links": ("UV_FIND_LINKS", ",")}
VALUES = {
    "index-url": "UV_DEFAULT_INDEX",
    "cert": "SSL_CERT_FILE",
    "trusted-host": "UV_INSECURE_HOST",
    "no-index": "UV_NO_INDEX",
    "default-timeout": "UV_HTTP_TIMEOUT",
    "timeout": "UV_HTTP_TIMEOUT",
}


def main(wanted: str = "pipeline") -> int:
    if wanted in BESIDE:
        return make(BESIDE[wanted])
    if sys.version_info[0] != 3 or sys.version_info[1] not in PIPELINE.minors:
        return _complain(f"Python 3.11, 3.12 or 3.13 is needed, this is {sys.version.split()[0]} ({sys.executable}).")
    return make(PIPELINE)


def make(environment: Environment) -> int:
    """Make the environment, or bring it up to its lock; returns an exit code."""
    if environment.is_ready:
        return 0
    name = environment.folder.name
    python = find_python(environment.minors)
    if python is None:
        wanted = " or ".join(f"3.{minor}" for minor in environment.minors)
        _complain(f"{name} needs Python {wanted}; none was found on PATH.")
        return NO_PYTHON
    uv = _find_uv()
    if uv is None:
        return 1
    variables = {**os.environ, **uv_variables(pip_settings(), os.environ)}
    if not _works(environment.python):
        print(f"making {name} with {python}", flush=True)
        command = [uv, "venv", "--clear", "--python", python, str(environment.folder)]
        if subprocess.run(command, env=variables, check=False).returncode:
            return _complain(f"uv could not make {name}; its message stands above.")
    lock = environment.lock.relative_to(REPOSITORY)
    print(f"installing what {lock} names, every file checked by its hash", flush=True)
    command = [uv, "pip", "sync", "--require-hashes", "--python", str(environment.python), str(environment.lock)]
    if subprocess.run(command, env=variables, check=False).returncode:
        return _complain(
            "uv could not install the locked packages; its message stands above.\n"
            "Behind a mirror: pip's own settings are used, UV_DEFAULT_INDEX or UV_FIND_LINKS override them."
        )
    environment.stamp.write_text(environment.digest + "\n")
    return 0


def find_python(minors: tuple[int, ...]) -> str | None:
    """A Python of one of these minor versions: the one that runs this, else the newest on PATH that starts."""
    if sys.version_info[0] == 3 and sys.version_info[1] in minors:
        return sys.executable
    for minor in sorted(minors, reverse=True):
        path = shutil.which(f"python3.{minor}")
        if path and _works(Path(path)):
            return path
    return None


def pip_settings() -> dict[str, str]:
    """What pip is set to by its files and variables; the later ones of `pip config list` override the earlier."""
    answer = subprocess.run([sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=False)
    order = {"global": 0, "site": 1, "user": 2, "install": 3, ":env:": 4}
    found: dict[str, tuple[int, str]] = {}
    for line in answer.stdout.splitlines():
        name, separator, value = line.partition("=")
        section, _, option = name.strip().rpartition(".")
        rank = order.get(section, -1)
        if separator and rank >= found.get(option, (-1, ""))[0]:
            found[option] = (rank, value.strip().strip("'\""))
    return {option: value for option, (_, value) in found.items()}


def uv_variables(settings: dict[str, str], present: os._Environ[str] | dict[str, str]) -> dict[str, str]:
    """The same settings for uv, leaving out what is set for uv already."""
    chosen = {VALUES[name]: value for name, value in settings.items() if name in VALUES and value}
    for name, (variable, separator) in LISTS.items():
        words = settings.get(name, "").replace("\\n", " ").split()
        if words:
            chosen[variable] = separator.join(words)
    if "UV_EXTRA_INDEX_URL" in chosen:
        # A file counts only by its hash, so it does not matter which index offers it.
        chosen["UV_INDEX_STRATEGY"] = "unsafe-best-match"
    return {name: value for name, value in chosen.items() if name not in present}


def _find_uv() -> str | None:
    uv = BOOTSTRAP / "bin" / "uv"
    if _works(uv):
        return str(uv)
    print("getting uv by pip", flush=True)
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--upgrade", "--target", str(BOOTSTRAP), UV]
    if subprocess.run(command, check=False).returncode or not _works(uv):
        _complain(
            "uv could not be installed by pip; pip's message stands above.\n"
            f"If pip is missing: install it for {sys.executable} (on Debian: apt-get install python3-pip)."
        )
        return None
    return str(uv)


def _works(program: Path) -> bool:
    try:
        return subprocess.run([str(program), "--version"], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def _complain(text: str) -> int:
    print(text, file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2]))
