"""The power goes in the middle of a run: what people had on the disk is there, and the next run finishes.

`make faults` cuts the power at many more calls, and `make test-long` at some of them.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults import powercut, shim
from tests.faults.shim import Book, Fault, Mode, needs_shim
from tests.first_rows import first_rows
from tests.world import World

pytestmark = [
    pytest.mark.whole,
    needs_shim(),
    pytest.mark.skipif(powercut.refusal() is not None, reason=f"power cannot be cut here: {powercut.refusal()}"),
]


@pytest.fixture
def library() -> Path:
    return shim.built()


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    with powercut.disk(tmp_path):
        yield tmp_path


@first_rows(
    4,
    "before",
    [
        pytest.param("disk/api/.git/rollout", marks=pytest.mark.long),
        "disk/api/conf.txt",
        "disk/api/.git/refs",
        pytest.param("disk/api/.git/refs/remotes", marks=pytest.mark.long),  # the branch's lock is on the disk by now
        "disk/api/.git/HEAD.lock",
        "disk/shared",
        "",
    ],
)
def test_after_a_power_cut_nothing_of_the_person_is_lost_and_the_next_run_finishes(
    place: Path, library: Path, before: str
) -> None:
    world, server = World(place / "disk"), World(place / "server")  # the server is another machine, whose power stays
    state = world.root / "state"
    world.template("project/conf.txt.j2", "hello {{ who }}\n")
    world.template("shared/a.txt.j2", "hello {{ who }}\n")
    world.tail = "folders:\n  shared: {path: shared, templates: [shared]}\n"
    server.remote("api", {"mine.txt": "first\n", "staged.txt": "first\n"})
    world.git(world.root, "clone", "-q", str(server.root / "api.git"), "api")
    world.entries["api"] = "{path: api}"
    top = world.root / "api"
    _apply(world, state)
    world.write(top, {"staged.txt": "staged\n"})
    world.git(top, "add", "staged.txt")
    world.write(top, {"mine.txt": "edited\n", "new.txt": "untracked\n"})
    world.head = "version: 1\nvars: {who: moon}\n"
    world.inventory()
    os.sync()
    # The copy is taken at the first call on a path; "" is when the run has ended and nothing more was flushed.
    fault = Fault(Mode.RUN, 1, command=powercut.cut(place), only=str(place / before))
    book = Book(place / "book")
    process = world.spawn_as_it_is(
        "apply", "--yes", "--jobs", "1", ROLLOUT_STATE_DIR=str(state), **fault.environment(book.file, library)
    )
    _, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    assert book.fired
    if not before:
        subprocess.run(["sh", "-c", powercut.cut(place)], check=True)
    powercut.power_on(place)
    _apply(world, state)
    assert {n: (top / n).read_text() for n in ("mine.txt", "staged.txt", "new.txt")} == {
        "mine.txt": "edited\n", "staged.txt": "staged\n", "new.txt": "untracked\n",
    }  # fmt: skip
    assert (top / "conf.txt").read_text() == (world.root / "shared/a.txt").read_text() == "hello moon\n"
    assert server.at("api", "conf.txt") == "hello moon\n"
    assert server.log("api") == ["Roll out conf.txt", "Roll out conf.txt", "first"]
    assert world.git(top, "status", "--porcelain").splitlines() == ["M mine.txt", "M  staged.txt", "?? new.txt"]
    assert not list((top / ".git").glob("**/*.lock"))
    world.git(top, "fsck", "--no-dangling")


def test_after_a_power_cut_a_checkout_that_was_cloned_is_there_whole(place: Path) -> None:
    world, server = World(place / "disk"), World(place / "server")
    world.template("project/conf.txt.j2", "hello {{ who }}\n")
    server.remote("api", {f"folder/{number}.txt": f"{number}\n" for number in range(50)})
    world.entries["api"] = f"{{path: api, url: {server.root}/api.git}}"
    os.sync()
    _apply(world, world.root / "state")
    subprocess.run(["sh", "-c", powercut.cut(place)], check=True)
    powercut.power_on(place)
    top = world.root / "api"
    assert world.git(top, "status", "--porcelain") == ""
    assert [(top / f"folder/{number}.txt").read_text() for number in range(50)] == [f"{n}\n" for n in range(50)]
    world.git(top, "fsck", "--no-dangling")
    _apply(world, world.root / "state")
    assert server.log("api") == ["Roll out conf.txt", "first"]


def test_after_a_power_cut_a_commit_that_waits_is_there(place: Path, library: Path) -> None:
    """The power goes before the ledger is written: to see that onto the disk brings all of this disk along."""
    world, server = _repositories(place, "api", "web")
    state = world.root / "state"
    _run(world, state, "apply", "--yes", "--limit", "web")
    os.sync()
    at_the_outcome = Fault(Mode.RUN, 3, command=powercut.cut(place), call="create", path="*/ledger.db-journal")
    book = Book(place / "book")
    _run(world, state, "apply", "--yes", "--no-push", "--jobs", "1", **at_the_outcome.environment(book.file, library))
    assert book.fired
    (pin,) = state.glob("workshops/*api*/refs/rollout/pending/*")
    waits = pin.read_text().strip()
    powercut.power_on(place)
    _run(world, state, "push", "--yes")
    assert server.tip("api") == waits


def test_after_a_power_cut_a_store_that_was_just_made_is_made_again(place: Path) -> None:
    world, server = _repositories(place, "web")
    _run(world, world.root / "state", "plan")
    subprocess.run(["sh", "-c", powercut.cut(place)], check=True)
    powercut.power_on(place)
    _apply(world, world.root / "state")
    assert server.log("web") == ["Roll out conf.txt", "first"]


def _repositories(place: Path, *names: str) -> tuple[World, World]:
    world, server = World(place / "disk"), World(place / "server")
    world.template("project/conf.txt.j2", "hello {{ who }}\n")
    for name in names:
        server.remote(name)
        world.entries[name] = f"{{url: {server.root}/{name}.git}}"
    world.inventory()
    os.sync()
    return world, server


def _apply(world: World, state: Path) -> None:
    _run(world, state, "apply", "--yes")


def _run(world: World, state: Path, *command: str, **environment: str) -> None:
    process = world.spawn(*command, ROLLOUT_STATE_DIR=str(state), **environment)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0, out + err
