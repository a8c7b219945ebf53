"""A child process that gets no more memory, or is killed for it, costs its own target; the next run finishes."""

from __future__ import annotations

import os
import shutil

import pytest

from tests.first_rows import first_rows
from tests.world import Ran, World

LIMITS = {
    "refused": "ulimit -v 4000",  # kilobytes: fewer than git needs to begin
    "killed": "kill -9 $$",  # as the kernel does when the machine runs out of memory
}
COMMANDS = {"fetch": '*api*" fetch "*', "receive-pack": '*" receive-pack "*/api.git*'}


def _limited(world: World, limit: str, command: str) -> str:
    """Put a git on PATH that has a limit at one command of one repository; return the PATH."""
    real = shutil.which("git")
    wrapper = world.root / "bin/git"
    wrapper.parent.mkdir()
    wrapper.write_text(f'#!/bin/sh\ncase "$*" in {COMMANDS[command]}) {LIMITS[limit]};; esac\nexec {real} "$@"\n')
    wrapper.chmod(0o755)
    return f"{wrapper.parent}{os.pathsep}{os.environ['PATH']}"


@pytest.mark.parametrize("command", COMMANDS)
@first_rows(1, "limit", LIMITS)
def test_a_git_that_runs_out_of_memory_costs_its_own_target_and_the_next_run_finishes(
    world: World, limit: str, command: str
) -> None:
    world.bare_repo("api")
    world.bare_repo("web")
    process = world.spawn("apply", "--yes", "--json", PATH=_limited(world, limit, command))
    out, err = process.communicate(timeout=120)
    first = Ran(process.returncode, out, err)
    assert "Traceback" not in err
    assert first.outcomes() == {"api": "failed", "web": "pushed"}
    assert first.code == (1 if command == "fetch" else 3)
    assert "git was killed by signal" in first.reasons()["api"]
    again = world.run("apply", "--yes", "--json")
    assert (again.code, again.outcomes()) == (0, {"api": "pushed", "web": "unchanged"})
    assert world.log("api") == ["Roll out conf.txt", "first"]
