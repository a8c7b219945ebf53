"""Processes compute beside this one: what they cannot do or did not get done is done here, and none stays."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event
from typing import TypeVar

import pytest

from rollout.machine import waiting
from rollout.targets.units import GLANCING
from rollout.work import processes, threads
from rollout.work.executors import Threads
from rollout.work.processes import LocalProcesses
from rollout.work.threads import Lent
from tests.fleet.test_fleets import fleet
from tests.work.units_of_work import (
    FAR,
    contacts_by_git,
    contacts_by_ssh,
    fails,
    kills_some,
    prints,
    takes_its_time,
    waits,
)
from tests.world import World

pytestmark = pytest.mark.whole

T = TypeVar("T")

R = TypeVar("R")


UNITS = range(100)


@pytest.fixture
def beside(monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalProcesses]:
    """Give processes that know this module, and see that none of them is left."""
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    monkeypatch.setenv("OF", str(os.getpid()))
    made = LocalProcesses()
    started = [other.process for other in made.of(2)]
    yield made
    made.close()
    assert all(process.returncode is not None for process in started)


@pytest.mark.parametrize("work", [takes_its_time, prints])
def test_other_processes_do_their_part(work: Callable[[int], int], beside: LocalProcesses) -> None:
    for other in beside.of(2):
        assert other.do(work, [0]) == [other.process.pid]  # they have started
    found = dict(threads.run(work, UNITS, 2, lent=Lent(beside.of(2))))
    assert sorted(found) == list(UNITS)
    assert set(found.values()) == {os.getpid(), *(other.process.pid for other in beside.of(2))}


@pytest.mark.parametrize("work", [contacts_by_git, contacts_by_ssh])
def test_what_takes_a_host_is_done_here(
    work: Callable[[int], int], beside: LocalProcesses, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_SSH_VARIANT", "ssh")
    assert [other.do(work, [1, 2]) for other in beside.of(2)] == [[None, None], [None, None]]
    assert {pid for _, pid in threads.run(work, range(20), 2, lent=Lent(beside.of(2)))} == {os.getpid()}


def test_what_a_process_held_when_it_was_killed_is_done_here(beside: LocalProcesses) -> None:
    found = list(threads.run(kills_some, UNITS, 2, lent=Lent(beside.of(2))))
    assert sorted(unit for unit, _ in found) == list(UNITS)


def test_what_fails_is_raised_here(beside: LocalProcesses) -> None:
    with pytest.raises(ValueError, match="no"):
        list(threads.run(fails, UNITS, 2, lent=Lent(beside.of(2))))


def test_what_was_done_before_something_failed_is_told_first() -> None:
    def fails_at_seven(unit: int) -> int:
        if unit == 7:
            raise ValueError("no")
        return unit

    told: list[int] = []
    with pytest.raises(ValueError, match="no"):
        told.extend(unit for unit, _ in threads.run(fails_at_seven, range(20), 1))
    assert told == list(range(7))


def test_what_is_done_is_told_while_another_unit_takes_long() -> None:
    begun, told = time.monotonic(), []

    def takes(seconds: float) -> float:
        time.sleep(seconds)
        return time.monotonic()

    for unit, _ in threads.run(takes, (0.0, 0.002, 1.5), 1):
        told.append((unit, time.monotonic() - begun))
    assert [unit for unit, _ in told] == [0.0, 0.002, 1.5]
    assert told[1][1] < 1


def test_after_a_stop_no_process_begins_anything(beside: LocalProcesses) -> None:
    stop = Event()
    units = iter(range(100_000))
    seen = 0
    for _ in threads.run(takes_its_time, units, 2, stop, lent=Lent(beside.of(2))):
        seen += 1
        if seen == 30:
            stop.set()
    assert 30 <= seen <= next(units) < 200


def test_an_interrupt_reaches_what_a_process_waits_for(beside: LocalProcesses) -> None:
    (other,) = beside.of(1)
    assert other.do(takes_its_time, [1]) == [other.process.pid]
    waiting.interrupted.set()
    try:
        assert other.do(waits, [1, 2]) == [True, True]
    finally:
        waiting.interrupted.clear()


def test_other_processes_end_when_who_started_them_is_killed(beside: LocalProcesses) -> None:
    script = (
        "from rollout.work import threads; from rollout.work.threads import Lent\n"
        "from rollout.work.processes import LocalProcesses\n"
        "from tests.work.units_of_work import takes_its_time\n"
        "run = threads.run(takes_its_time, range(10**6), 1, lent=Lent(LocalProcesses().of(2)))\n"
        "for _, pid in run: print(pid, flush=True)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    pids: set[int] = set()
    while len(pids) < 3:
        pids.add(int(process.stdout.readline()))
    process.kill()
    process.wait()
    deadline = time.monotonic() + 20
    while left := [pid for pid in pids if Path(f"/proc/{pid}/exe").exists()]:
        assert time.monotonic() < deadline, left
        time.sleep(0.02)


@pytest.mark.parametrize("number", [100, 100_000])
def test_they_are_started_when_work_for_them_is_expected_and_end_when_none_comes(number: int) -> None:
    here = Threads(8)
    here.expect(GLANCING, number)
    started = [other.process for other in here.processes._started]
    assert len(started) == processes.affordable(8, number, processes.cores())
    here.close()
    assert [process.returncode for process in started] == [-signal.SIGKILL] * len(started)


def test_an_interrupt_while_it_starts_leaves_it_to_who_started_it(capfd: pytest.CaptureFixture[str]) -> None:
    made = LocalProcesses()
    (other,) = made.of(1, takes_its_time)
    for _ in range(40):
        other.process.send_signal(signal.SIGINT)
        time.sleep(0.01)
    assert other.do(os.strerror, [2]) == [os.strerror(2)]
    made.close()
    assert capfd.readouterr().err == ""


def test_only_what_is_worth_it_is_shared_out() -> None:
    assert [processes.affordable(8, expected, 64) for expected in (0, 299, 300, 1199, 100_000)] == [0, 0, 1, 6, 7]
    assert [processes.affordable(8, 100_000, usable) for usable in (1, 2, 4)] == [0, 1, 3]
    assert processes.affordable(1, 100_000, 64) == 0


def test_a_fleet_is_seen_the_same_with_other_processes_and_without(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rollout.work.processes._WORTH", 2)
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {0, 1, 2}, raising=False)
    names = fleet(world, 40)
    for name in names[::5]:
        (world.root / f"{name}.git/HEAD").unlink()
    world.entries["far"] = f"{{url: '{FAR}'}}"
    done: list[int] = []
    do = processes.LocalProcess.do

    def counted(self: processes.LocalProcess, work: Callable[[T], R], units: list[T]) -> list[R | None]:
        found = do(self, work, units)
        done.append(sum(one is not None for one in found))
        return found

    monkeypatch.setattr(processes.LocalProcess, "do", counted)
    for command in ("plan", "status"):
        alone = world.run(command, "--json", "--jobs", "1")
        assert not done
        together = world.run(command, "--json", "--jobs", "4")
        assert sum(done) > 0
        done.clear()
        assert together.json["targets"] == alone.json["targets"]
    assert together.states()["far"] == "unreachable"
    assert world.run("apply", "-y", "--json", "--jobs", "4").outcomes()[names[1]] == "pushed"
    assert world.run("apply", "-y", "--json", "--jobs", "4").outcomes()[names[1]] == "unchanged"
