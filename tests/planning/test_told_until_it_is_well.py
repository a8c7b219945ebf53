"""What a run could not do stays in the status until a run has done it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import rights
from tests.world import World


@pytest.fixture
def locked(world: World) -> Iterator[Path]:
    """A checkout's folder that lets nothing be written in it."""
    top = world.repo("api")
    assert world.run("apply", "--yes").code == 0
    top.chmod(0o555)
    yield top
    top.chmod(0o755)


def told(world: World) -> tuple[str, str | None]:
    """Return the state of the only target, and what the status says of its last run."""
    state = world.run("status", "--json").json["targets"][0]["state"]
    text = world.run("status").out.split("\n\n")[0].split("last run", 1)
    return state, f"last run{text[1]}" if len(text) == 2 else None


@rights.linux
def test_why_a_checkout_was_left_is_told_until_it_followed(world: World, locked: Path) -> None:
    world.template("project/conf.txt.j2", "hello all\n")
    assert rights.run(world, "apply", "--yes", "--json").outcomes() == {"api": "pushed"}
    why = ("behind", "last run: checkout left as it is: conf.txt: Permission denied")
    assert told(world) == why
    assert world.run("push", "--yes", "--json").reasons() == {"api": "nothing is ready to push"}
    assert told(world) == why
    locked.chmod(0o755)
    assert world.run("apply", "--yes", "--json").reasons() == {"api": "checkout updated"}
    assert told(world) == ("in-sync", None)


@rights.linux
def test_why_a_checkout_was_not_cloned_is_told_until_it_is(world: World, tmp_path: Path) -> None:
    bare, place = world.remote("api"), world.root / "below"
    world.entries["api"] = f"{{path: below/api, url: {bare}}}"
    place.mkdir(mode=0o555)
    assert rights.run(world, "apply", "--yes", "--json").outcomes() == {"api": "pushed"}
    assert told(world) == ("behind", f"last run: checkout not cloned: {place}: Permission denied")
    place.chmod(0o755)
    assert world.run("apply", "--yes").code == 0
    assert told(world) == ("in-sync", None)


def test_a_push_that_has_nothing_to_push_says_nothing_of_why_a_run_was_blocked(world: World) -> None:
    top = world.repo("api")
    assert world.run("apply", "--yes").code == 0
    world.commit(top, {"mine.txt": "mine\n"})
    world.template("project/conf.txt.j2", "hello all\n")
    assert world.run("apply", "--yes", "--no-push", "--json").outcomes() == {"api": "blocked"}
    before = told(world)
    assert before[1] is not None
    assert before[1].startswith("last run blocked: 1 commit of your own is not upstream")
    assert world.run("push", "--yes", "--json").reasons() == {"api": "nothing is ready to push"}
    assert told(world) == before
    assert world.run("history", "--json").json["runs"][0]["outcomes"][0]["outcome"] == "unchanged"
