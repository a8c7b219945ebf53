"""Shared folders in odd places: where anybody may write, on another disk, with a file that is mounted; and backups."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

from rollout.targets.folder import record
from rollout.targets.folder.memory import _IN_USE, ABANDONED
from tests import mounts
from tests.faults import shim
from tests.faults.shim import Book, Fault, Mode, needs_shim
from tests.world import World

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root: files of another user")

NOBODY = 65534


@pytest.fixture
def shared(world: World) -> Path:
    """Give a folder of the inventory with one file, not written yet."""
    world.defaults = ""
    world.tail = "folders: {shared: {path: shared, templates: [project]}}\n"
    return world.root / "shared"


@pytest.mark.parametrize("mode", [0o777, 0o1777])
def test_a_folder_that_anybody_may_write_to_is_blocked_until_that_is_over(
    world: World, shared: Path, mode: int
) -> None:
    shared.mkdir()
    shared.chmod(mode)
    ran = world.run("apply", "--yes", "--json")
    assert (ran.code, ran.outcomes()) == (3, {"shared": "blocked"})
    assert ran.reasons()["shared"] == f"anybody may write to {shared}: chmod o-w {shared}"
    assert list(shared.iterdir()) == []
    shared.chmod(0o775)
    assert world.run("apply", "--yes", "--json").outcomes() == {"shared": "written"}


def test_a_folder_above_that_anybody_may_write_to_is_found_too(world: World, shared: Path) -> None:
    world.tail = world.tail.replace("path: shared", "path: open/shared")
    (world.root / "open").mkdir()
    (world.root / "open").chmod(0o777)
    assert "anybody may write to" in world.run("apply", "--yes", "--json").reasons()["shared"]
    (world.root / "open").chmod(0o1777)
    assert world.run("apply", "--yes", "--json").outcomes() == {"shared": "written"}, "in a folder like /tmp, but ours"


@needs_root
@pytest.mark.parametrize("kind", ["folder", "link"])
def test_what_somebody_else_put_into_a_folder_like_tmp_is_not_used(world: World, shared: Path, kind: str) -> None:
    world.tail = world.tail.replace("path: shared", "path: open/shared")
    (world.root / "open").mkdir()
    (world.root / "open").chmod(0o1777)
    (world.root / "elsewhere").mkdir()
    place = world.root / "open/shared"
    place.mkdir() if kind == "folder" else place.symlink_to(world.root / "elsewhere")
    os.chown(place, NOBODY, NOBODY, follow_symlinks=False)
    ran = world.run("apply", "--yes", "--json")
    assert ran.outcomes() == {"shared": "blocked"}
    assert f"belongs to another user (uid {NOBODY})" in ran.reasons()["shared"]
    assert [*place.iterdir(), *(world.root / "elsewhere").iterdir()] == []


def test_a_folder_on_another_file_system_than_the_state_is_written_like_any_other(world: World, shared: Path) -> None:
    memory = Path("/dev/shm")
    if not os.access(memory, os.W_OK) or memory.stat().st_dev == world.root.stat().st_dev:
        pytest.skip("there is no second file system here to write to")
    place = Path(tempfile.mkdtemp(prefix="rollout-test-", dir=memory))
    try:
        world.tail = world.tail.replace("path: shared", f"path: {place}")
        assert world.run("apply", "--yes", "--json").outcomes() == {"shared": "written"}
        world.head = "version: 1\nvars: {who: moon}\n"
        assert world.run("apply", "--yes", "--json").outcomes() == {"shared": "written"}
        assert {path.name: path.read_text() for path in place.iterdir()} == {"conf.txt": "hello moon\n"}
    finally:
        shutil.rmtree(place)


def test_a_file_that_is_mounted_by_itself_is_told_and_left(world: World, shared: Path) -> None:
    world.defaults = "defaults: {templates: [project]}\n"
    top = world.repo("api")
    assert world.run("apply", "--yes").code == 0
    world.head = "version: 1\nvars: {who: moon}\n"
    for name, file in (("one", top / "conf.txt"), ("two", shared / "conf.txt")):
        (world.root / name).write_bytes(file.read_bytes())
    with mounts.over(world.root / "one", top / "conf.txt"), mounts.over(world.root / "two", shared / "conf.txt"):
        ran = world.run("apply", "--yes", "--json")
        assert ran.outcomes() == {"api": "pushed", "shared": "failed"}
        assert all("conf.txt" in why and "is a mount of its own" in why for why in ran.reasons().values()), ran.out
        assert [file.read_text() for file in (top / "conf.txt", shared / "conf.txt")] == ["hello world\n"] * 2
        assert sorted(path.name for path in shared.iterdir()) == ["conf.txt"]
    assert world.run("apply", "--yes", "--json").outcomes() == {"api": "unchanged", "shared": "written"}
    assert [file.read_text() for file in (top / "conf.txt", shared / "conf.txt")] == ["hello moon\n"] * 2


def contents() -> dict[str, Path]:
    kept = Path(os.environ["ROLLOUT_STATE_DIR"], "contents").iterdir()
    return {file.read_text(): file for file in kept}


def test_old_versions_of_ours_are_removed_and_what_somebody_else_wrote_never(
    world: World, shared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(record, "_MAX_MERGES", 3)
    monkeypatch.setattr(record, "_MAX_REVERTS", 3)
    for number in range(7):
        world.head = f"version: 1\nvars: {{who: moon {number}}}\n"
        if number == 2:
            (shared / "conf.txt").write_text("theirs\n")
        assert world.run("apply", "--yes", "--on-drift", "overwrite").code == 0
        for file in contents().values():
            os.utime(file, (time.time() - 2 * _IN_USE,) * 2)
    assert contents().keys() == {"theirs\n", *(f"hello moon {number}\n" for number in (3, 4, 5, 6))}
    newest = world.last_run()
    assert world.run("revert", newest, "--yes").code == 0
    assert (shared / "conf.txt").read_text() == "hello moon 5\n"


def test_a_version_that_another_folder_has_or_that_is_in_use_again_stays(
    world: World, shared: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(record, "_MAX_MERGES", 1)
    monkeypatch.setattr(record, "_MAX_REVERTS", 1)
    world.tail = "folders: {shared: {path: shared, templates: [project]}, other: {path: other, templates: [project]}}\n"
    assert world.run("apply", "--yes").code == 0
    for number in range(4):
        world.head = f"version: 1\nvars: {{who: moon {number}}}\n"
        os.utime(contents()["hello world\n"], (time.time() - 2 * _IN_USE,) * 2)
        assert world.run("apply", "--yes", "--limit", "shared").code == 0
    assert contents().keys() == {"hello world\n", *(f"hello moon {number}\n" for number in range(4))}, "just used"


def test_kept_files_that_nobody_wrote_into_are_removed_and_all_others_stay(world: World) -> None:
    world.defaults = "defaults: {templates: [project]}\n"
    top = world.repo("api")
    assert world.run("apply", "--yes").code == 0
    kept, today = top / ".git/rollout/kept", time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    kept.mkdir(parents=True)
    wanted = {
        "20200101T000000Z-abcdef-conf.txt": "hello world\nlate\n",
        f"{today}-abcdef-conf.txt": "hello world\n",
        "20200101T000000Z-fedcba-open.txt": "hello world\n",
        "notes.txt": "hello world\n",
    }
    for name, text in {**wanted, "20200101T000000Z-000000-conf.txt": "hello world\n"}.items():
        (kept / name).write_text(text)
    world.head = "version: 1\nvars: {who: moon}\n"
    script = ["sh", "-c", f"exec 3>>{kept}/20200101T000000Z-fedcba-open.txt; echo open; read line"]
    writer = subprocess.Popen(script, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert writer.stdout is not None
    assert writer.stdout.readline() == "open\n"
    assert world.run("apply", "--yes").code == 0
    writer.communicate("go\n")
    if not Path("/proc/self/fdinfo").exists():
        wanted.pop("20200101T000000Z-fedcba-open.txt")
    assert {file.name: file.read_text() for file in kept.iterdir()} == wanted


@needs_shim()
def test_a_secret_that_a_killed_run_left_lies_where_only_its_owner_looks_and_is_cleared(
    world: World, shared: Path
) -> None:
    secret, state, passing = "hunter2-a-long-one", Path(os.environ["ROLLOUT_STATE_DIR"]), world.root / "tmp"
    passing.mkdir()
    world.tail += "files: {'*.txt': {check: 'sh -c true {path}'}}\n"
    world.template("project/conf.txt.j2", "{{ release }} {{ db.password }}\n")

    def release(number: int) -> None:
        world.head = f"version: 1\nvars: {{release: {number}, db: {{password: {secret}}}}}\n"

    def having() -> list[Path]:
        files = [path for place in (state, shared, passing) for path in place.rglob("*") if path.is_file()]
        return [path for path in files if secret.encode() in path.read_bytes()]

    def run(fault: Fault) -> list[shim.Call]:
        book = Book(world.root / "book")
        environment = fault.environment(book.file, shim.built())
        world.spawn("apply", "--yes", TMPDIR=str(passing), **environment).communicate(timeout=60)
        return book.calls()

    release(0)
    assert world.run("apply", "--yes").code == 0
    (shared / "conf.txt").chmod(0o640)
    release(1)
    calls = run(Fault())
    instants = ((state / "checks", "chmod"), (state / "contents", "fsync"), (shared, "fsync"), (shared, "exchange"))
    for number, (place, name) in enumerate(instants):
        there = [call.name for call in calls if f"{place.parent.name}/{place.name}" in call.path]
        before = set(having())
        release(number + 2)
        run(Fault(Mode.KILL_TREE, at=there.index(name) + 1, only=str(place)))
        (left,) = set(having()) - before - set((state / "contents").glob("[0-9a-f]*"))
        assert left.is_relative_to(place)
        assert left.stat().st_mode & 0o777 in {0o600, 0o640} or left.parent.stat().st_mode & 0o077 == 0
        assert state.stat().st_mode & 0o077 == 0
        for path in (*state.rglob(".rollout-*"), *(state / "checks").iterdir()):
            os.utime(path, (time.time() - 2 * ABANDONED,) * 2)
        assert world.run("apply", "--yes", "--lock-timeout", "20").code == 0
        assert {path for path in having() if not path.is_relative_to(state / "contents")} == {shared / "conf.txt"}
        assert not [*state.rglob(".rollout-*"), *(state / "checks").iterdir(), *passing.iterdir()]
