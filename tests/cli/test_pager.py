"""Long differences on a terminal go through the person's pager, as git chooses it, and into their diff tool."""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping
from pathlib import Path

import pytest

from rollout.cli.main import rollout as program
from rollout.cli.terminal import pager
from tests.first_rows import first_rows
from tests.programs import ends
from tests.terminal import Talk
from tests.world import World

LINES = [f"line {number}" for number in range(60)]


@pytest.mark.parametrize(
    ("environment", "settings", "command"),
    [
        ({"GIT_PAGER": "a", "PAGER": "c"}, {"core.pager": "b"}, "a"),
        ({"PAGER": "c"}, {"core.pager": "b"}, "b"),
        ({"PAGER": "c"}, {}, "c"),
        ({}, {}, "less"),
        ({"GIT_PAGER": "", "PAGER": "c"}, {"core.pager": "b"}, ""),
        ({"GIT_PAGER": "cat"}, {}, ""),
        ({"PAGER": "c"}, {"core.pager": "cat"}, ""),
    ],
)
def test_the_pager_is_the_one_that_git_would_use(
    environment: Mapping[str, str], settings: Mapping[str, str], command: str
) -> None:
    assert pager.chosen(environment, settings) == command


@pytest.fixture
def long(world: World) -> World:
    world.template("project/conf.txt.j2", "\n".join(LINES) + "\n")
    world.repo("api")
    return world


def noting(world: World, then: str = "cat", first: str = ":") -> str:
    """Return a pager that does something first, says that it runs, and then does something else."""
    script = world.root / "pager"
    script.write_text(f"#!/bin/sh\n{first}\necho PAGED LESS=$LESS\n{then}\n")
    script.chmod(0o755)
    return str(script)


def test_what_is_higher_than_the_terminal_is_paged_and_the_summary_stands_after_it(long: World) -> None:
    talk = Talk(long, "plan", GIT_PAGER=noting(long))
    assert (talk.through([]), talk.lines[-3:-1]) == (
        0, ["Plan for 1 target: 1 target with changes; 1 to create.", "Next: rollout apply"],
    )  # fmt: skip
    assert "PAGED LESS=FRX" in talk.lines[0]
    assert "line 59" in talk.shown


@pytest.mark.parametrize("command", ["plan --no-pager", "plan --no-diff", "plan --json", "diff --no-pager"])
def test_what_fits_or_is_wanted_as_it_is_is_not_paged(long: World, command: str) -> None:
    talk = Talk(long, *command.split(), GIT_PAGER=noting(long))
    assert (talk.through([]), "PAGED" in talk.shown) == (0, False)


def test_the_setting_of_git_counts_and_a_repository_has_no_say(long: World) -> None:
    long.git("api", "config", "core.pager", "touch hacked; cat")
    config = Path(os.environ["GIT_CONFIG_GLOBAL"])
    before = config.read_text()
    config.write_text(f"{before}[core]\n\tpager = {noting(long)}\n")
    try:
        talk = Talk(long, "diff", git_pager=False)
        assert (talk.through([]), "PAGED" in talk.shown) == (0, True)
    finally:
        config.write_text(before)
    assert not (long.root / "hacked").exists()


def test_nothing_is_paged_through_a_pipe(long: World) -> None:
    ran = long.spawn("diff", GIT_PAGER=noting(long)).communicate(timeout=60)
    assert ("PAGED" in ran[0], "line 59" in ran[0]) == (False, True)


@first_rows(1, "ends", ["exit 0", "head -1 >/dev/null", "exit 3"])
def test_a_pager_that_is_left_early_is_no_error(long: World, ends: str) -> None:
    long.template("project/conf.txt.j2", "long line\n" * 20_000)
    talk = Talk(long, "diff", GIT_PAGER=noting(long, ends))
    assert talk.through([]) == 0, talk.shown


def test_a_pager_that_is_not_there_is_said_and_done_without(long: World) -> None:
    talk = Talk(long, "diff", GIT_PAGER="no-such-pager -x")
    assert (talk.through([]), "line 59" in talk.shown) == (0, True)
    assert "the pager 'no-such-pager -x' could not be started; --no-pager does without" in talk.shown


def test_a_pager_may_be_a_shell_command(long: World) -> None:
    talk = Talk(long, "diff", GIT_PAGER="X=1; sed 's/^/> /' | cat")
    assert (talk.through([]), "> +line 59" in talk.lines) == (0, True)


def test_ctrl_c_is_the_pagers_while_it_runs(long: World) -> None:
    talk = Talk(long, "apply", GIT_PAGER=noting(long, "cat >/dev/null; sleep 1; sleep 1", "trap 'echo still here' INT"))
    talk.until("PAGED")
    os.write(talk.terminal, b"\x03")
    assert talk.through(["n\n"]) == 4, talk.shown
    assert "still here" in talk.shown


def test_a_pager_that_ends_by_ctrl_c_ends_the_command_and_the_terminal_is_as_before(long: World) -> None:
    talk = Talk(long, "apply", GIT_PAGER=noting(long, "cat >/dev/null; exec sleep 60", "stty raw -echo isig"))
    before = talk.settings
    talk.until("PAGED")
    os.write(talk.terminal, b"\x03")
    assert (talk.through([]), talk.settings_at_end) == (130, before), talk.shown
    assert long.at("api", "conf.txt") is None


def test_an_end_from_outside_ends_the_pager(long: World) -> None:
    process = long.root / "process"
    talk = Talk(long, "diff", GIT_PAGER=noting(long, "wait", f"trap '' HUP; sleep 60 & echo $! >{process}"))
    talk.until("PAGED")
    talk.running.send_signal(signal.SIGTERM)
    assert talk.through([]) == 143, talk.shown
    assert ends(int(process.read_text()))


def test_the_diff_tool_of_the_person_gets_both_sides(world: World) -> None:
    world.template("project/new.txt", "new\n")
    world.repo("api", {"conf.txt": "theirs\n"})
    config = Path(os.environ["GIT_CONFIG_GLOBAL"])
    before = config.read_text()
    config.write_text(
        before + '[diff]\n\ttool = mine\n[difftool "mine"]\n\tcmd = cat \\"$LOCAL\\" \\"$REMOTE\\"; false\n'
    )
    world.git("api", "config", "difftool.mine.cmd", "touch hacked")
    try:
        talk = Talk(world, "diff", "api", "--tool")
        assert talk.through([]) == 0, talk.shown
    finally:
        config.write_text(before)
    assert [line for line in talk.lines if line in {"theirs", "hello world", "new"}] == ["theirs", "hello world", "new"]
    assert not list(world.root.rglob("hacked"))
    assert world.run("diff", "--tool").code == 64


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGHUP])
def test_an_end_from_outside_ends_the_diff_tool_and_leaves_no_copies(
    world: World, end: signal.Signals, tmp_path: Path
) -> None:
    world.bare_repo("api", {"conf.txt": "theirs\n"})
    config = Path(os.environ["GIT_CONFIG_GLOBAL"])
    before = config.read_text()
    tool = f"trap '' HUP; sleep 60 & echo $! >{tmp_path}/tool; echo OPEN; wait"  # what ends the sleep is SIGTERM
    config.write_text(before + f'[diff]\n\ttool = mine\n[difftool "mine"]\n\tcmd = "{tool}"\n')
    try:
        talk = Talk(world, "diff", "api", "--tool", TMPDIR=str(tmp_path))
        talk.until("OPEN")
        assert list(tmp_path.glob("rollout-diff-*"))
        talk.running.send_signal(end)
        assert talk.through([]) == 128 + end, talk.shown
    finally:
        config.write_text(before)
    assert list(tmp_path.glob("rollout-diff-*")) == []
    assert ends(int((tmp_path / "tool").read_text()))


def test_every_command_knows_the_option() -> None:
    assert "--no-pager" in {option for parameter in program.params for option in parameter.opts}
