"""Copies of this process compute beside it: what they cannot do or did not get done is done here, and none stays."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from threading import Event

import pytest

from rollout import forks, hosts, threads
from rollout.git import Access, Git
from tests.test_fleets import fleet
from tests.world import World

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only made on Linux")

UNITS = range(60)


def _patiently(_: int) -> int:
    time.sleep(0.002)
    return os.getpid()


def _nobody_is_left() -> None:
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def test_copies_do_their_part_and_are_gone_afterwards() -> None:
    found = dict(threads.run(_patiently, UNITS, 2, copies=2))
    assert sorted(found) == list(UNITS)
    assert os.getpid() in found.values()
    assert len(set(found.values())) == 3
    _nobody_is_left()


@pytest.mark.parametrize("how", ["run", "answers"])
def test_what_takes_a_host_is_done_here(how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    url, access = "ssh://nobody@localhost:1/x", Access()
    monkeypatch.setenv("GIT_SSH_COMMAND", "ssh")
    asked = os.pipe()

    def contact(_: int) -> int:
        if how == "run":
            hosts.run(Git(), url, access, "ls-remote", url, ok=())
        else:
            assert not hosts.answers(url, access)
        return os.getpid()

    monkeypatch.setattr("rollout.hosts._ssh", lambda *_: os.write(asked[1], b"x") and subprocess.Popen(["false"]))
    with hosts.sharing():
        found = {pid for _, pid in threads.run(contact, range(20), 2, copies=1)}
    assert found == {os.getpid()}
    assert len(os.read(asked[0], 100)) == 2  # one connection was asked for, by this process, and told to end
    _nobody_is_left()


def test_what_a_copy_held_when_it_was_killed_is_done_here() -> None:
    here = os.getpid()

    def deadly(unit: int) -> int:
        if os.getpid() != here and unit % 7 == 3:
            os.kill(os.getpid(), signal.SIGKILL)
        return _patiently(unit)

    found = list(threads.run(deadly, UNITS, 2, copies=2))
    assert sorted(unit for unit, _ in found) == list(UNITS)
    _nobody_is_left()


def test_what_fails_is_raised_here() -> None:
    def fails(unit: int) -> int:
        raise ValueError(f"no {unit}")

    with pytest.raises(ValueError, match="no"):
        list(threads.run(fails, UNITS, 2, copies=1))
    _nobody_is_left()


def test_after_a_stop_no_copy_begins_anything() -> None:
    stop = Event()
    units = iter(range(100_000))
    seen = 0
    for _ in threads.run(_patiently, units, 2, stop, copies=1):
        seen += 1
        if seen == 30:
            stop.set()
    assert 30 <= seen <= next(units) < 200
    _nobody_is_left()


def test_an_interrupt_reaches_what_a_copy_waits_for(monkeypatch: pytest.MonkeyPatch) -> None:
    interrupted = Event()
    monkeypatch.setattr("rollout.git.interrupted", interrupted)
    here = os.getpid()

    def waits(_: int) -> bool:
        if os.getpid() != here:
            interrupted.wait(30)
        return interrupted.is_set()

    started = time.monotonic()
    with forks.made(waits, 1) as (fork,):
        interrupted.set()
        assert fork.do([1, 2]) == [True, True]
    assert time.monotonic() - started < 10


def test_copies_end_when_their_maker_is_killed(tmp_path: Path) -> None:
    script = (
        "import os, sys, time\nfrom rollout import threads\n"
        "def work(unit):\n    print(os.getpid(), flush=True); time.sleep(0.05)\n    return unit\n"
        "for _ in threads.run(work, range(10000), 1, copies=2): pass\n"
    )
    process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    pids: set[int] = set()
    while len(pids) < 3:
        pids.add(int(process.stdout.readline()))
    process.kill()
    process.communicate(timeout=30)  # until nobody has the pipe open any more
    assert not [pid for pid in pids if Path(f"/proc/{pid}/exe").exists()]


def test_only_what_is_worth_it_is_shared_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(64)))
    assert [forks.affordable(8, expected) for expected in (0, 99, 100, 399, 100_000)] == [0, 0, 1, 6, 7]
    assert forks.affordable(1, 100_000) == 0


def test_a_fleet_is_seen_the_same_with_copies_and_without(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rollout.forks._WORTH", 2)
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {0, 1, 2})
    names = fleet(world, 24)
    for name in names[::5]:
        (world.root / f"{name}.git/HEAD").unlink()
    world.entries["far"] = "{url: 'ssh://nobody@localhost:1/far.git'}"
    made, fork = [], os.fork

    def counted() -> int:
        made.append(1)
        return fork()

    monkeypatch.setattr("os.fork", counted)
    for command in ("plan", "status"):
        alone = world.run(command, "--json", "--jobs", "1")
        assert not made
        together = world.run(command, "--json", "--jobs", "4")
        assert made
        made.clear()
        assert together.json["targets"] == alone.json["targets"]
    assert together.states()["far"] == "unreachable"
    assert world.run("apply", "-y", "--json", "--jobs", "4").outcomes()[names[1]] == "pushed"
    assert world.run("apply", "-y", "--json", "--jobs", "4").outcomes()[names[1]] == "unchanged"
