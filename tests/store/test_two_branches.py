"""Several targets on branches of one repository: what each of them hears is remembered, however many look at once."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest

from rollout.remote.upstream import Remote
from rollout.store import fetch, hold
from tests.world import World


@pytest.fixture
def two(world: World) -> World:
    bare = world.remote("api")
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
