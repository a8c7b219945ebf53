"""Many targets: failures that stop a run, an end that is asked for, a remote that hangs, and what is said of them."""

from __future__ import annotations

import json
import os
import shutil
import signal
import time
from collections import Counter

import pytest

from rollout.cli.terminal.progress import duration, line
from tests.world import World


def fleet(world: World, size: int) -> list[str]:
    """Give the world many remotes that are copies of one."""
    world.remote("first")
    names = [f"r{number:03}" for number in range(size)]
    for name in names:
        shutil.copytree(world.root / "first.git", world.root / f"{name}.git")
        world.entries[name] = f"{{url: {world.root / name}.git}}"
    return names


def _reject(world: World, name: str, seconds: int = 0) -> None:
    """Let a remote decline every push, after a while."""
    hook = world.root / f"{name}.git" / "hooks" / "pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\nsleep {seconds}\necho not on a friday >&2\nexit 1\n")
    hook.chmod(0o755)


def test_no_target_is_begun_after_as_many_failures_as_may_be(world: World) -> None:
    names = fleet(world, 12)
    for name in names[2:]:
        _reject(world, name)
    ran = world.run("apply", "-y", "--json", "--jobs", "1", "--max-failures", "3")
    assert ran.code == 3
    assert Counter(ran.outcomes().values()) == {"pushed": 2, "rejected": 3, "not-started": 7}
    assert ran.reasons()[names[-1]] == "stopped after 3 failures (--max-failures)"
    again = world.run("push", "-y", "--json", "--jobs", "1", "--max-failures", "1")
    assert Counter(again.outcomes().values()) == {"rejected": 1, "not-started": 2, "unchanged": 9}


def test_a_thousand_failures_for_one_reason_are_one_line(world: World) -> None:
    for name in fleet(world, 15):
        _reject(world, name)
    ran = world.run("apply", "-y", "-q", "--no-push")
    assert ran.code == 0
    ran = world.run("push", "-y", "-q")
    told = [text for text in ran.out.splitlines() if "friday" in text]
    assert len(told) == 1
    assert "rejected (15)" in told[0]
    assert "and 5 more" in told[0]


@pytest.mark.parametrize("number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.long)])
def test_an_interrupt_ends_a_large_run_and_the_next_one_finishes_it(world: World, number: signal.Signals) -> None:
    names = fleet(world, 40)
    slow = world.root / f"{names[-10]}.git/hooks/pre-receive"  # however late it is told, it has not done all
    slow.write_text("#!/bin/sh\nsleep 20\n")
    slow.chmod(0o755)
    process = world.spawn("apply", "-y", "--json", "--jobs", "1")
    assert process.stdout is not None
    seen = 0
    for text in process.stdout:
        seen += '"target_done"' in text
        if seen >= 5:
            break
    asked = time.monotonic()
    process.send_signal(number)
    out, _ = process.communicate(timeout=60)
    busy = max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))
    assert time.monotonic() - asked < 2.0 * busy
    assert process.returncode == 128 + number
    summary = json.loads(out.splitlines()[-1])
    assert summary["type"] == "run_summary"
    assert sum(summary["counts"].values()) == len(names)
    assert summary["counts"]["not-started"] > 0
    slow.unlink()
    ran = world.run("apply", "-y", "--json")
    assert ran.code == 0
    assert set(ran.outcomes().values()) <= {"pushed", "unchanged"}
    assert {world.at(name, "conf.txt") for name in names} == {"hello world\n"}
    assert {len(world.log(name)) for name in names[:10]} == {2}


def test_a_remote_that_hangs_holds_up_only_itself(world: World) -> None:
    names = fleet(world, 20)
    _reject(world, names[3], seconds=600)
    started = time.monotonic()
    ran = world.run("apply", "-y", "--json", "--jobs", "4", "--timeout", "0.5", write=True)
    assert time.monotonic() - started < 60
    outcomes = ran.outcomes()
    assert outcomes.pop(names[3]) == "unknown"
    assert set(outcomes.values()) == {"pushed"}
    assert "did not answer" in ran.reasons()[names[3]]


def test_the_live_line_says_how_far_how_fast_how_long_and_what_is_slow() -> None:
    assert line("looked at", 50, 1050, (10.0, [])) == "looked at, 5/s, 3 min 20 s left"
    assert line("written", 2, 3, (4.0, [("odin", 3.5), ("huginn", 3.1), ("x", 3.0)])) == (
        "written, 0/s, 2 s left; slow: odin 4 s, huginn 3 s and 1 more"
    )
    assert [duration(s) for s in (0.4, 59, 61, 3700)] == ["0 s", "59 s", "1 min 01 s", "1 h 01 min"]
