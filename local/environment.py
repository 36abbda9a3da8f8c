"""Make .venv hold exactly what requirements.lock says; run by any Python 3.11-3.13 that has pip, before anything else.

uv comes by pip into a folder of its own, so the system's Python stays as it is. Mirrors and certificates set up for pip
(its configuration files or PIP_ variables) are passed on to uv, which reads UV_ variables only; those win when set.
Nothing is done when the lock has not changed since the last time.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
VENV = REPOSITORY / ".venv"
BOOTSTRAP = REPOSITORY / ".venv-bootstrap"
LOCK = REPOSITORY / "requirements.lock"
STAMP = VENV / "hearth-lock.sha256"
UV = "uv>=0.8"

LISTS = {"extra-index-url": ("UV_EXTRA_INDEX_URL", " "), "find-links": ("UV_FIND_LINKS", ",")}
VALUES = {
    "index-url": "UV_DEFAULT_INDEX",
    "cert": "SSL_CERT_FILE",
    "trusted-host": "UV_INSECURE_HOST",
    "no-index": "UV_NO_INDEX",
    "default-timeout": "UV_HTTP_TIMEOUT",
    "timeout": "UV_HTTP_TIMEOUT",
}


def main() -> int:
    if not (3, 11) <= sys.version_info[:2] < (3, 14):
        return _complain(f"Python 3.11, 3.12 or 3.13 is needed, this is {sys.version.split()[0]} ({sys.executable}).")
    digest = hashlib.sha256(LOCK.read_bytes()).hexdigest()
    if STAMP.exists() and STAMP.read_text().strip() == digest and _python().exists():
        return 0
    settings = pip_settings()
    uv = _find_uv()
    if uv is None:
        return 1
    environment = {**os.environ, **uv_variables(settings, os.environ)}
    if not _works(_python()):
        print(f"making .venv with Python {sys.version.split()[0]}", flush=True)
        if subprocess.run([uv, "venv", "--clear", "--python", sys.executable, str(VENV)], env=environment, check=False).returncode:
            return _complain("uv could not make .venv; its message stands above.")
    print("installing what requirements.lock names, every file checked by its hash", flush=True)
    command = [uv, "pip", "sync", "--require-hashes", "--python", str(_python()), str(LOCK)]
    if subprocess.run(command, env=environment, check=False).returncode:
        return _complain(
            "uv could not install the locked packages; its message stands above.\n"
            "Behind a mirror: pip's own settings are used, UV_DEFAULT_INDEX or UV_FIND_LINKS override them."
        )
    STAMP.write_text(digest + "\n")
    return 0


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


def _python() -> Path:
    return VENV / "bin" / "python"


def _works(program: Path) -> bool:
    try:
        return subprocess.run([str(program), "--version"], capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def _complain(text: str) -> int:
    print(text, file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
