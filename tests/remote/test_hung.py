"""A remote that never answers: it costs the time of one contact, and Ctrl-C ends the wait for it."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path

import pytest

from tests.first_rows import first_rows
from tests.world import World

_STARTS = 1.5  # seconds that the program itself takes on a machine that is not idle


@pytest.fixture
def hung(world: World, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Add a target whose ssh says nothing, whatever it is asked for; return the file in which it notes its calls."""
    ssh, calls = world.root / "bin" / "ssh", world.root / "calls"
    ssh.parent.mkdir()
    ssh.write_text(f'#!/bin/sh\necho "$*" >>{calls}\nsleep 300\n')
    ssh.chmod(0o755)
    monkeypatch.setenv("GIT_SSH_COMMAND", str(ssh))
    world.entries["hung"] = '{url: "git@hung.example:x.git"}'
    return calls


def _busy() -> float:
    return max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))


@pytest.mark.parametrize("others", [(), ("api",)])
@first_rows(1, "command", [("plan", "--no-diff"), ("status", "--fetch")])
def test_a_remote_that_hangs_costs_the_time_of_one_contact(
    world: World, hung: Path, command: tuple[str, ...], others: tuple[str, ...]
) -> None:
    for name in others:
        world.bare_repo(name)
    started = time.monotonic()
    ran = world.run("--timeout", "2", *command)
    assert time.monotonic() - started < 2.0 + _STARTS * _busy()
    assert ran.code == 1
    assert "no answer within the time limit; --timeout SECONDS waits longer" in ran.out
    assert len(hung.read_text().splitlines()) == 1


def test_what_a_shared_connection_waited_for_counts_in_the_time_of_its_contact(world: World, hung: Path) -> None:
    started = time.monotonic()
    assert world.run("--timeout", "6", "plan").code == 1
    assert 5.5 < time.monotonic() - started < 6.0 + _STARTS * _busy()
    assert len(hung.read_text().splitlines()) == 2


_LOOKS = (
    ("plan",),
    ("diff",),
    ("verify",),
    ("status", "--fetch"),
    ("review", "list"),
    ("explain", "hung", "conf.txt"),
    ("take", "hung", "conf.txt"),
)


@first_rows(1, "number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("commands", [_LOOKS, (("apply", "-y"),), (("push", "-y"),)], ids=["looks", "apply", "push"])
def test_an_interrupt_ends_every_wait_for_a_remote_that_hangs(
    world: World, hung: Path, commands: tuple[tuple[str, ...], ...], number: signal.Signals
) -> None:
    states = {command: str(world.root / "states" / "-".join(command)) for command in commands}  # none waits for another
    waiting = {command: world.spawn(*command, ROLLOUT_STATE_DIR=state) for command, state in states.items()}
    _called(hung, len(commands))
    asked = time.monotonic()
    for process in waiting.values():
        process.send_signal(number)
    told = {command: process.communicate(timeout=30) for command, process in waiting.items()}
    assert time.monotonic() - asked < 2.0 * _busy()
    assert told == dict.fromkeys(commands, ("", "rollout: interrupted\n"))
    assert {process.returncode for process in waiting.values()} == {128 + number}


def test_an_interrupt_is_told_to_a_program_that_asked_for_json(world: World, hung: Path) -> None:
    waits = world.spawn("--json", "explain", "hung", "conf.txt")
    _called(hung, 2)  # a shared connection, and the contact that gave up waiting for it
    waits.send_signal(signal.SIGINT)
    out, _ = waits.communicate(timeout=30)
    said = {"type": "error", "exit_code": 130, "message": "interrupted", "place": None}
    assert (waits.returncode, json.loads(out)) == (130, said)


@first_rows(1, "number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("deliver", ["push", "review"])
def test_an_interrupt_while_the_servers_hook_hangs_is_what_the_outcome_names(
    world: World, deliver: str, number: signal.Signals
) -> None:
    called = world.root / "called"
    hook = world.bare_repo("api") / "hooks/pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\necho x >>{called}\nsleep 60\n")
    hook.chmod(0o755)
    world.defaults = f"defaults: {{templates: [project], deliver: {deliver}}}\n"
    process = world.spawn("apply", "--yes", "--json")
    _called(called, 1)
    process.send_signal(number)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 128 + number, err
    (done,) = (line for line in map(json.loads, out.splitlines()) if line["type"] == "target_done")
    assert "interrupted" in done["reason"]
    assert "in time" not in done["reason"]


def _called(calls: Path, times: int) -> None:
    deadline = time.monotonic() + 20
    while len(calls.read_text().splitlines() if calls.exists() else ()) < times:
        assert time.monotonic() < deadline
        time.sleep(0.02)
