"""Several targets on branches of one repository: what each of them hears is remembered, however many look at once."""

from __future__ import annotations

import os
import re
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from rollout.remote.upstream import Remote, Unreachable
from rollout.store import fetch, hold
from rollout.targets.branch import one_remote
from rollout.targets.job import Heard
from tests.machine.test_locks import Slow, until
from tests.world import World


@pytest.fixture
def two(world: World) -> World:
    return _two(world, world.remote("api"))


def _two(world: World, bare: Path) -> World:
    world.git(bare, "branch", "rel", "main")
    world.entries = {f"t{number}": f"{{url: {bare}, branch: {'rel' if number else 'main'}}}" for number in range(2)}
    return world


def test_a_branch_whose_remote_has_just_answered_is_known_offline(two: World) -> None:
    for _ in range(3):
        assert two.run("plan", "--json").states() == {"t0": "pending", "t1": "pending"}
        status = two.run("status", "--json")
        assert (status.code, status.states()) == (0, {"t0": "pending", "t1": "pending"})


def test_a_branch_that_the_remote_does_not_have_is_known_offline(two: World) -> None:
    two.git("api.git", "branch", "-q", "-D", "rel")
    assert two.run("plan", "--json").states() == {"t0": "pending", "t1": "blocked"}
    assert two.run("status", "--json").states() == {"t0": "pending", "t1": "blocked"}


def test_a_reader_waits_for_another_and_remembers_what_it_hears(world: World) -> None:
    state, remote = Path(os.environ["ROLLOUT_STATE_DIR"]), Remote(str(world.bare_repo("api")), "main")
    begun = threading.Event()

    def read() -> None:
        with hold.for_reading(state, remote, "web", wait=0.0):
            begun.set()
            time.sleep(0.5)

    other = threading.Thread(target=read)
    other.start()
    begun.wait()
    with hold.for_reading(state, remote, "api", wait=0.0) as store:
        fetch.latest(store)
    other.join()
    assert hold.unheld(state, remote, "api").memory.memo().tip == world.tip("api")


def test_a_reader_that_asks_nobody_does_not_wait_for_another(world: World) -> None:
    state, remote = Path(os.environ["ROLLOUT_STATE_DIR"]), Remote(str(world.bare_repo("api")), "main")
    one = hold.for_reading(state, remote, "web", wait=0.0)
    with one as first, hold.for_reading(state, remote, "api", wait=0.0, asks=False) as second:
        assert second.place != first.place


def test_a_reader_does_not_wait_for_a_run_that_comes_before_its_turn(world: World) -> None:
    state, remote = Path(os.environ["ROLLOUT_STATE_DIR"]), Remote(str(world.bare_repo("api")), "main")
    begun, release = threading.Event(), threading.Event()

    def read_and_write() -> None:
        with hold.for_reading(state, remote, "web", wait=0.0):
            begun.set()
            time.sleep(0.3)
        with hold.opened(state, remote, "web", run="r1"):
            release.wait(20)

    other = threading.Thread(target=read_and_write)
    other.start()
    begun.wait()
    started = time.monotonic()
    with hold.for_reading(state, remote, "api", wait=0.0):
        assert time.monotonic() - started < 5
    release.set()
    other.join()


@pytest.fixture
def beside(world: World) -> Iterator[tuple[World, Slow]]:
    """A run that stands still in its push to one branch; nobody has asked for the other branch yet."""
    slow = Slow(world)
    _two(world, world.root / "api.git")
    process = world.spawn("apply", "--yes", "--limit", "t0")
    slow.begun()
    yield world, slow
    slow.release.touch()
    process.communicate(timeout=30)


def test_a_branch_that_nobody_asked_for_is_not_unreachable_for_a_run_at_work(beside: tuple[World, Slow]) -> None:
    world, _ = beside
    status = world.run("status", "--json", "--limit", "t1", write=False)
    assert (status.code, status.states()) == (0, {"t1": "waiting"})
    reason = status.json["targets"][0]["reason"]
    assert re.sub("run [^ ]+", "run N", reason) == (
        "upstream was never asked for this branch; rollout status --fetch tells; run N is at work on it"
    )


def test_a_plan_or_a_difference_that_could_not_see_a_branch_is_no_success(beside: tuple[World, Slow]) -> None:
    world, _ = beside
    for command in ("plan", "diff"):
        ran = world.run("--limit", "t1", command, "--offline", write=False)
        assert (ran.code, "never asked for this branch" in ran.out + ran.err) == (1, True), command


def test_what_a_branch_answered_beside_a_run_is_not_called_unreachable_later(beside: tuple[World, Slow]) -> None:
    world, slow = beside
    assert world.run("status", "--fetch", "--json", write=False).states()["t1"] == "pending"
    for _ in range(2):
        status = world.run("status", "--json", "--limit", "t1", write=False)
        assert (status.code, status.states()) == (0, {"t1": "waiting"})
        reason = status.json["targets"][0]["reason"]
        assert reason.startswith("what upstream said of this branch was not kept; rollout status --fetch")
        slow.release.touch()
        until(lambda: world.run("history", "--json", write=False).json["runs"][0]["finished_at"] is not None)
    assert world.run("status", "--fetch", "--json", write=False).states() == {"t0": "in-sync", "t1": "pending"}
    assert world.run("status", "--json", write=False).states() == {"t0": "in-sync", "t1": "pending"}


def test_a_checkout_that_knows_the_branch_is_believed_beside_a_run_and_no_answer_is_made_up(
    beside: tuple[World, Slow],
) -> None:
    world, _ = beside
    world.git("", "clone", "-q", "-b", "rel", "api.git", "there")
    world.entries["t1"] = world.entries["t1"].replace("{", "{path: there, ", 1)
    world.inventory()
    assert world.run("status", "--fetch", "--json", "--limit", "t1", write=False).states() == {"t1": "pending"}
    status = world.run("status", "--json", "--limit", "t1", write=False)
    assert (status.states(), status.json["fetched_at"]) == ({"t1": "pending"}, None)


def test_what_was_heard_before_a_run_pushed_does_not_replace_what_that_run_knows(world: World) -> None:
    state, remote = Path(os.environ["ROLLOUT_STATE_DIR"]), Remote(str(world.bare_repo("api")), "main")
    tip = world.tip("api")
    before = time.time() - 1
    assert world.run("apply", "--yes").code == 0
    with hold.for_reading(state, remote, "api", wait=0.0) as store:
        assert one_remote.said(Heard(tip, at=before), store) is None
        assert one_remote.said(Heard(silent="no answer", at=before), store) is None
        assert one_remote.said(None, store) is None
        assert one_remote.said(Heard(tip, at=time.time() + 1), store) == tip
        assert one_remote.said(Heard(tip), store) == tip, "it was read already at that commit"
        with pytest.raises(Unreachable, match="no answer"):
            one_remote.said(Heard(silent="no answer", at=time.time() + 1), store)


def test_a_branch_of_which_nothing_is_known_stays_unreachable_without_a_run(two: World) -> None:
    assert two.run("status", "--json").states() == {"t0": "unreachable", "t1": "unreachable"}
