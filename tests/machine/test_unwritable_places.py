"""Files and mounts that refuse to be written: upstream is right all the same, it is told, and trying again works."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.first_rows import first_rows
from tests.world import World

# In a mount namespace of its own, so that nothing of it outlives the program. An ordinary user needs one of users, too.
_READ_ONLY = 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$@"'
_UNSHARE = ("unshare", "--mount") if os.geteuid() == 0 else ("unshare", "--map-root-user", "--mount")


def _mounts() -> bool:
    """Tell whether this user may mount something for a process of their own."""
    if shutil.which("unshare") is None:
        return False
    tried = [*_UNSHARE, "sh", "-c", _READ_ONLY, tempfile.gettempdir(), "true"]
    return subprocess.run(tried, capture_output=True, check=False).returncode == 0


def _run_with_read_only(world: World, place: Path) -> subprocess.CompletedProcess[str]:
    """Apply where one folder or file is a read-only mount."""
    world.inventory()
    apply = [sys.executable, "-m", "rollout", "apply", "--yes", "--json"]
    command = [*_UNSHARE, "sh", "-c", _READ_ONLY, str(place), *apply]
    return subprocess.run(command, cwd=world.root, capture_output=True, text=True, check=False, timeout=60)


def _settled(world: World, top: Path, said: str) -> None:
    """It was told, upstream is right, nothing was touched or left; without the obstacle the next run finishes."""
    assert '"outcome": "pushed"' in said
    assert "checkout left as it is" in said
    assert "Traceback" not in said
    assert world.at("api", "docs/conf.txt") == "hello moon\n"
    assert (top / "docs/conf.txt").read_text() == "hello world\n"
    assert not (top / ".git/index.lock").exists()
    assert world.git(top, "status", "--porcelain") == ""
    assert world.run("status", "--json").states() == {"api": "behind"}


def _finished(world: World, top: Path) -> None:
    assert world.run("apply", "--yes", "--json").outcomes() == {"api": "unchanged"}
    assert (top / "docs/conf.txt").read_text() == "hello moon\n"
    assert world.git(top, "status", "--porcelain") == ""
    assert not (top / ".git/rollout").exists()
    assert world.run("status", "--json").states() == {"api": "in-sync"}


def _outdated(world: World) -> Path:
    """Give a checkout that the next run wants to change."""
    (world.root / "templates/project/conf.txt.j2").unlink()
    world.template("project/docs/conf.txt.j2", "hello {{ who }}\n")
    top = world.repo("api")
    world.run("apply", "--yes")
    world.head = "version: 1\nvars: {who: moon}\n"
    return top


@pytest.mark.skipif(not _mounts(), reason="nothing can be mounted here, not even for a process of its own")
@first_rows(1, "place", ["", "docs", "docs/conf.txt"], ids=["checkout", "folder", "file"])
def test_a_read_only_mount_keeps_the_checkout_where_it_is_and_upstream_is_right(world: World, place: str) -> None:
    top = _outdated(world)
    ran = _run_with_read_only(world, top / place)
    assert ran.returncode == 0, ran.stderr
    _settled(world, top, ran.stdout + ran.stderr)
    _finished(world, top)


@contextmanager
def _immutable(file: Path) -> Iterator[None]:
    """Make a file immutable for the block, or skip the test."""
    chattr = shutil.which("chattr")
    if chattr is None or subprocess.run([chattr, "+i", str(file)], capture_output=True, check=False).returncode:
        pytest.skip("no file can be made immutable here: it takes root, chattr and a file system that has it")
    try:
        yield
    finally:
        subprocess.run([chattr, "-i", str(file)], check=True)


def test_an_immutable_file_keeps_the_checkout_where_it_is_and_upstream_is_right(world: World) -> None:
    top = _outdated(world)
    with _immutable(top / "docs/conf.txt"):
        applied = world.run("apply", "--yes", "--json")
        assert applied.code == 0
        assert "Operation not permitted" in applied.reasons()["api"]
        _settled(world, top, applied.out + applied.err)
    _finished(world, top)


def test_a_shared_file_that_cannot_be_replaced_is_an_outcome_and_the_others_go_on(world: World) -> None:
    world.template("shared/a.txt", "old\n")
    world.template("shared/b.txt", "old\n")
    world.bare_repo("api")
    world.tail = "folders:\n  shared: {path: shared, templates: [shared]}\n"
    world.run("apply", "--yes")
    world.template("shared/a.txt", "new\n")
    world.template("shared/b.txt", "new\n")
    world.head = "version: 1\nvars: {who: moon}\n"
    with _immutable(world.root / "shared/a.txt"):
        applied = world.run("apply", "--yes", "--json")
        assert (applied.code, applied.outcomes()) == (3, {"api": "pushed", "shared": "failed"})
        assert "Operation not permitted" in applied.reasons()["shared"]
    assert world.run("apply", "--yes", "--json").outcomes() == {"api": "unchanged", "shared": "written"}
    assert sorted(file.name for file in (world.root / "shared").iterdir()) == ["a.txt", "b.txt"]
    assert {file.read_text() for file in (world.root / "shared").iterdir()} == {"new\n"}
