"""A person's commands, of a gate or of `discover`: a limit of time and an interrupt end them."""

from __future__ import annotations

import os
import resource
import signal
import time
from pathlib import Path

import pytest

from rollout.machine import commands
from tests.programs import ends
from tests.world import World

_HANGS = "sleep 100 & echo $! >pid; wait"


def _pid(world: World) -> int:
    file, deadline = world.root / "pid", time.monotonic() + 20
    while not (file.exists() and file.read_text().endswith("\n")):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return int(file.read_text())


@pytest.mark.parametrize("command", [("discover", "--forge", f"command:{_HANGS}"), ("apply", "-y")])
def test_an_interrupt_ends_a_command_that_hangs(world: World, command: tuple[str, ...]) -> None:
    world.bare_repo("api")
    world.bare_repo("web")
    world.head = (
        f"version: 1\nvars: {{who: world}}\nwaves: [{{limit: api, gate: '{_HANGS}', within: 100s}}, {{limit: '*'}}]\n"
    )
    waits = world.spawn(*command)
    pid = _pid(world)
    asked = time.monotonic()
    waits.send_signal(signal.SIGINT)
    _, err = waits.communicate(timeout=60)
    assert time.monotonic() - asked < 2.0 * max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))
    assert waits.returncode == 130, err
    assert ends(pid)


def test_a_command_that_does_not_end_in_time_is_ended_with_its_children(tmp_path: Path) -> None:
    with pytest.raises(commands.CutShort, match="did not answer within 1 s"):
        commands.run(f"cd {tmp_path}; {_HANGS}", 1.3)
    assert ends(int((tmp_path / "pid").read_text()))


@pytest.mark.parametrize("command", ["yes", "yes >&2", "yes & sleep 100"])
def test_what_a_command_prints_is_bounded(command: str) -> None:
    began, before = time.monotonic(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(commands.CutShort, match="prints more than 64 MiB"):
        commands.run(command, 100)
    assert time.monotonic() - began < 60
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 400 << 10


def test_a_command_that_prints_all_the_time_ends_in_time() -> None:
    with pytest.raises(commands.TooSlow, match="did not answer within 1 s"):
        commands.run("while :; do echo x; sleep 0.01; done", 0.6)


def test_the_timeout_of_the_command_line_is_that_of_a_command_that_lists(world: World) -> None:
    world.bare_repo("api")
    began = time.monotonic()
    ran = world.run("discover", "--forge", "command:sleep 60", "--timeout", "1")
    assert (ran.code, time.monotonic() - began < 5) == (1, True)
    assert "command:sleep 60: did not answer within 1 s; --timeout SECONDS waits longer" in ran.err


def test_what_a_command_that_said_all_leaves_at_work_stays(tmp_path: Path) -> None:
    commands.run("sleep 100 >/dev/null 2>&1 & echo $! >pid", 30, tmp_path)
    pid = int((tmp_path / "pid").read_text())
    os.kill(pid, signal.SIGKILL)  # it is there


def test_what_a_command_says_is_returned_however_long_it_takes(tmp_path: Path) -> None:
    said = commands.run("pwd; sleep 0.5; echo $WORD >&2; exit 3", 30, tmp_path, {**os.environ, "WORD": "no"})
    assert said == commands.Printed(3, f"{tmp_path}\n".encode(), b"no\n")
