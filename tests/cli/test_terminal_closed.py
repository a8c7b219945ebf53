"""A terminal that is closed in the middle: the program ends, nothing is changed, and the next run goes on."""

from __future__ import annotations

import os
import shutil
import time

import pytest

from tests.remote.test_push import hook
from tests.terminal import Talk
from tests.world import World


@pytest.mark.parametrize(
    ("command", "shown"),
    [("apply", "[y/N]: "), ("status --watch", "Ctrl-C or q ends."), ("diff", "line 59")],
    ids=["question", "watch", "pager"],
)
def test_a_terminal_that_is_closed_ends_the_program_and_changes_nothing(world: World, command: str, shown: str) -> None:
    world.template("project/conf.txt.j2", "".join(f"line {number}\n" for number in range(60)))
    world.repo("api")
    tip = world.tip("api")
    talk = Talk(world, *command.split(), GIT_PAGER="cat -" if command == "diff" else "cat")
    talk.until(shown)
    os.close(talk.terminal)
    assert talk.running.wait(60) != 0 or command == "diff"
    assert (world.tip("api"), (world.root / "api/conf.txt").exists()) == (tip, False)
    assert world.run("apply", "--yes", "--lock-timeout", "20").code == 0


def pushing(world: World, name: str, first: str = "") -> Talk:
    """Return a run on a terminal that is in the middle of its push to this one of two repositories."""
    for one in ("api", "web"):
        world.repo(one)
    started = world.root / "started"
    hook(world, "pre-receive", f"touch {started}\ncat >/dev/null\nsleep 1", name)
    talk = Talk(world, "apply", "--yes", "--jobs", "1", first=first)
    while not started.exists():
        assert talk.running.poll() is None
        time.sleep(0.02)
    return talk


def test_a_terminal_that_is_closed_while_a_run_is_at_work_leaves_what_the_next_one_finishes(world: World) -> None:
    talk = pushing(world, "web")
    os.close(talk.terminal)
    talk.running.wait(60)
    shutil.rmtree(world.root / "web.git/hooks")
    assert world.run("apply", "--yes", "--lock-timeout", "20").code == 0
    assert [world.log(name) for name in ("api", "web")] == [world.log("api")] * 2
    assert [world.git(name, "status", "--porcelain") for name in ("api", "web")] == ["", ""]
