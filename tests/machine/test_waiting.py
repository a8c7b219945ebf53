"""Threads of work compute one at a time, wait at the same time, and are held up by nobody who is stuck."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Barrier, Event, Thread

import pytest

from rollout.machine import waiting
from rollout.machine.waiting import _turn, working
from rollout.work import threads


def _together(works: list[Callable[[], None]]) -> None:
    made = [Thread(target=work) for work in works]
    for thread in made:
        thread.start()
    for thread in made:
        thread.join(10)
        assert not thread.is_alive()


def test_only_one_computes_while_any_number_waits() -> None:
    barrier, computing = Barrier(4, timeout=5), []

    def work() -> None:
        with working():
            with waiting.waiting():
                barrier.wait()  # all four are in here at once
            computing.append("begins")
            sum(range(20_000))
            computing.append("ends")

    _together([work] * 4)
    assert computing == ["begins", "ends"] * 4


def test_one_who_is_stuck_holds_up_nobody_for_long() -> None:
    free, done = Event(), Event()

    def stuck() -> None:
        with working():
            free.wait(5)

    def other() -> None:
        with working(), waiting.waiting():
            done.set()
        free.set()

    _together([stuck, other])
    assert done.is_set()
    assert not _turn.locked()


def test_a_unit_that_fails_gives_its_turn_back() -> None:
    def fails(_: int) -> None:
        with waiting.waiting():
            raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        list(threads.run(fails, [1], 2))
    assert not _turn.locked()


def test_waiting_is_nothing_special_outside_of_a_unit_of_work() -> None:
    with waiting.waiting():
        time.sleep(0)
    assert not _turn.locked()
