"""Disks that end, writes that are cut short, a disk that fails when it matters: told, and made good by the next run."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from rollout.machine import files
from tests import mounts
from tests.faults import shim
from tests.faults.shim import Book, Call, Fault, Mode, needs_shim
from tests.first_rows import first_rows
from tests.world import Ran, World


def limited(world: World, limit: str, *arguments: str) -> Ran:
    """Run the program with a limit of the shell's `ulimit`."""
    world.inventory()
    command = ["sh", "-c", f'ulimit {limit}; exec "$@"', "sh", sys.executable, "-m", "rollout", *arguments]
    done = subprocess.run(command, cwd=world.root, capture_output=True, text=True, check=False, timeout=120)
    return Ran(done.returncode, done.stdout, done.stderr)


def faulted(world: World, fault: Fault, *arguments: str) -> tuple[Ran, list[Call]]:
    """Run the program with something going wrong at one of its calls, and return what it called."""
    book = Book(world.root / "book")
    process = world.spawn(*arguments, **fault.environment(book.file, shim.built()))
    out, err = process.communicate(timeout=120)
    return Ran(process.returncode, out, err), book.calls()


@contextmanager
def filled(disk: Path, *, inodes: int | None = None, room: int | None = None) -> Iterator[None]:
    """Use a small file system up, except for this many inodes or bytes."""
    folder = disk / "filler"
    folder.mkdir()
    about = os.statvfs(disk)
    if inodes is not None:
        for number in range(about.f_ffree - inodes):
            (folder / str(number)).touch()
    if room is not None:
        (folder / "bytes").write_bytes(b"x" * max(0, about.f_bavail * about.f_frsize - room))
    try:
        yield
    finally:
        for file in folder.iterdir():
            file.unlink()
        folder.rmdir()


class Place:
    """A checkout with a person's work in it and a shared folder below one folder; the remote is elsewhere."""

    def __init__(self, world: World, where: str) -> None:
        self.world, self.where = world, where
        world.remote("api", {"staged.txt": "as committed\n", "dirty.txt": "as committed\n"})
        self.top = world.clone("api", f"{where}/api")
        world.entries["api"] = f"{{path: {where}/api}}"
        world.tail = f"folders: {{shared: {{path: {where}/shared, templates: [shared]}}}}\n"
        self.release("v0")
        assert world.run("apply", "--yes").code == 0
        world.write(self.top, {"staged.txt": "staged\n", "untracked.txt": "untracked\n"})
        world.git(self.top, "add", "staged.txt")
        world.write(self.top, {"dirty.txt": "dirty\n"})
        self.before = self.persons()

    @property
    def shared(self) -> Path:
        return self.world.root / self.where / "shared"

    def release(self, version: str) -> None:
        text = f"{version}\n" * 20_000
        for path in ("project/conf.txt", f"project/docs/{version}.txt", "shared/a.txt", f"shared/sub/{version}.txt"):
            self.world.template(path, text)
        (self.world.root / "templates/project/conf.txt.j2").unlink(missing_ok=True)

    def persons(self) -> tuple[str, ...]:
        texts = [(self.top / name).read_text() for name in ("staged.txt", "dirty.txt", "untracked.txt")]
        return (*texts, self.world.git(self.top, "ls-files", "-s", "staged.txt", "dirty.txt"))

    def is_whole(self, *versions: str) -> None:
        """Every managed file is one of the versions from end to end, and all that is a person's is as it was."""
        wanted = {f"{version}\n" * 20_000 for version in versions}
        for folder in (self.top, self.shared):
            for path in folder.rglob("*.txt"):
                if ".git" not in path.parts and path.name not in {"staged.txt", "dirty.txt", "untracked.txt"}:
                    assert path.read_text() in wanted or path.stem not in versions, path
        assert self.persons() == self.before

    def settles(self, version: str) -> None:
        """The next run finishes, and nothing is left lying about."""
        again = self.world.run("apply", "--yes", "--json", "--lock-timeout", "20")
        assert again.code == 0, again.out + again.err
        assert set(self.world.run("status", "--json").states().values()) == {"in-sync"}
        for file in (self.top / "conf.txt", self.shared / "a.txt", self.shared / f"sub/{version}.txt"):
            assert file.read_text() == f"{version}\n" * 20_000
        assert self.persons() == self.before
        assert not [*self.shared.rglob(".*"), *(self.top / ".git").glob("rollout"), *self.top.rglob(".git/*.lock")]
        self.world.git(self.top, "fsck", "--no-dangling")


def test_without_inodes_it_is_told_nothing_is_lost_and_the_next_run_finishes(world: World) -> None:
    with mounts.in_memory(world.root / "disk", inodes=400) as disk:
        place, told = Place(world, "disk"), []
        for free in (0, 2, 9):
            place.release(f"v{free + 1}")
            with filled(disk, inodes=free):
                ran = world.run("apply", "--yes", "--json")
                told.append((free, "No space left on device" in " ".join(ran.reasons().values())))
                assert "Traceback" not in ran.err
                place.is_whole(*(f"v{number}" for number in range(free + 2)))
            place.settles(f"v{free + 1}")
        assert told[0] == (0, True)


def test_when_only_the_state_folder_is_full_nothing_happens_that_is_not_written_down(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    with mounts.in_memory(world.root / "state", size="640k") as state:
        monkeypatch.setenv("ROLLOUT_STATE_DIR", str(state))
        world.repo("api")
        assert world.run("apply", "--yes").code == 0
        for room in (0, 4096, 20_000):
            tip, recorded = world.tip("api"), len(world.run("history", "--json").json["runs"])
            world.head = f"version: 1\nvars: {{who: moon {room}}}\n"
            with filled(state, room=room):
                ran = world.run("apply", "--yes", "--json")
            runs = len(world.run("history", "--json").json["runs"])
            assert "Traceback" not in ran.err
            assert world.tip("api") == tip or runs == recorded + 1
            if room == 0:
                assert (ran.code, world.tip("api"), runs) == (1, tip, recorded)
                assert "full" in ran.err or "No space left" in ran.err
            assert world.run("apply", "--yes").code == 0
            assert world.at("api", "conf.txt") == f"hello moon {room}\n"
        assert world.log("api").count("Roll out conf.txt") == 4


def test_a_limit_on_the_size_of_files_is_told_and_once_it_is_lifted_the_run_finishes(world: World) -> None:
    place = Place(world, "disk")
    for blocks, version in ((4, "v1"), (110, "v2")):
        place.release(version)
        ran = limited(world, f"-f {blocks}", "apply", "--yes", "--json")
        said = ran.err + " ".join(ran.reasons().values())
        assert ran.code in {1, 3}, said
        assert "Traceback" not in ran.err
        assert "too large" in said or "disk I/O error" in said or "size limit" in said, said
        place.is_whole("v0", "v1", "v2")
        place.settles(version)


@needs_shim()
def test_writes_that_are_all_cut_short_make_whole_files(world: World) -> None:
    place = Place(world, "disk")
    place.release("v1")
    ran, calls = faulted(world, Fault(Mode.ALL_SHORT, at=1), "apply", "--yes", "--json")
    assert (ran.code, ran.outcomes()) == (0, {"api": "pushed", "shared": "written"}), ran.err
    assert sum(call.name == "write" and call.path.endswith(".part") for call in calls) > 20
    place.is_whole("v0", "v1")
    place.settles("v1")


@needs_shim()
@first_rows(1, "where", ["disk/shared", "disk/api"])
def test_a_file_that_could_not_be_flushed_is_written_again_and_never_flushed_again(world: World, where: str) -> None:
    place, only = Place(world, "disk"), str(world.root / where)
    place.release("v1")
    calls = faulted(world, Fault(only=only, ends=".part"), "apply", "--yes")[1]
    flushed = next(call.number for call in calls if call.name == "fsync")
    place.release("v2")
    fault = Fault(Mode.FAIL, at=flushed, errno=errno.EIO, only=only, ends=".part")
    ran, calls = faulted(world, fault, "apply", "--yes", "--json")
    assert "Input/output error" in " ".join(ran.reasons().values()), ran.out
    name = calls[flushed - 1].path
    after = [call.name for call in calls[flushed:] if call.path == name]
    assert (calls[flushed - 1].name, after) == ("fsync", ["unlink"])
    file = place.shared / "a.txt" if where == "disk/shared" else place.top / "conf.txt"
    assert file.read_text() == "v1\n" * 20_000
    place.settles("v2")


def test_less_than_was_asked_for_is_the_end_only_where_the_length_says_so() -> None:
    """A disk that cannot read a part gives what stands before it, and fails at the next attempt."""
    reader, writer = os.pipe()
    os.write(writer, b"first ")
    with ThreadPoolExecutor(1) as pool:
        read = pool.submit(files.content, reader, 1 << 20, 12)
        time.sleep(0.1)
        os.write(writer, b"second")
        assert read.result(10) == b"first second"
    os.close(writer)
    os.close(reader)
