"""A remote that never answers: it costs the time of one contact, and Ctrl-C ends the wait for it."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

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
@pytest.mark.parametrize("command", [("plan", "--no-diff"), ("status", "--fetch")])
def test_a_remote_that_hangs_costs_the_time_of_one_contact(
    world: World, hung: Path, command: tuple[str, ...], others: tuple[str, ...]
) -> None:
    for name in others:
        world.bare_repo(name)
    started = time.monotonic()
    ran = world.run("--timeout", "2", *command)
    assert time.monotonic() - started < 2.0 + _STARTS * _busy()
    assert ran.code == 1
    assert "no answer within the time limit" in ran.out
    assert len(hung.read_text().splitlines()) == 1


def test_what_a_shared_connection_waited_for_counts_in_the_time_of_its_contact(world: World, hung: Path) -> None:
    started = time.monotonic()
    assert world.run("--timeout", "6", "plan").code == 1
    assert 5.5 < time.monotonic() - started < 6.0 + _STARTS * _busy()
    assert len(hung.read_text().splitlines()) == 2
