"""`status --watch` shows what is, again and again, leaves the terminal as it was, and is no hindrance to anybody."""

from __future__ import annotations

import os
import re
import signal

import pytest

from rollout.model.inventory import TargetKind
from rollout.model.plan import State
from rollout.showing.display import Display
from rollout.showing.status import Knowledge, Row
from rollout.showing.watched import fitted
from rollout.showing.wrapping import height
from tests.terminal import Talk
from tests.world import World

NOW = "2026-02-03T15:20:00Z"


def watching(world: World, *arguments: str, size: tuple[int, int] = (24, 80)) -> Talk:
    talk = Talk(world, "status", "--watch", "--every", "0.2", *arguments, size=size)
    talk.until("Ctrl-C or q ends.")
    return talk


def test_what_changes_is_seen_and_ctrl_c_ends_it_with_0_and_the_terminal_as_before(world: World) -> None:
    world.bare_repo("api")
    world.run("status", "--fetch")
    talk = watching(world)
    talk.until("1 pending")
    world.run("apply", "--yes")
    talk.until("1 in-sync")
    before = talk.settings
    os.write(talk.terminal, b"\x03")
    assert talk.through([]) == 0, talk.shown
    assert talk.settings_at_end != before
    assert ("?25h\x1b[?1049l" in talk.shown, "\x1b[2J" in talk.shown) == (True, False)
    assert talk.lines[-2].startswith("1 in-sync.")


@pytest.mark.parametrize(("end", "code"), [("q", 0), (signal.SIGINT, 0), (signal.SIGTERM, 143)])
def test_it_ends_as_it_is_told(world: World, end: str | signal.Signals, code: int) -> None:
    world.bare_repo("api")
    talk = watching(world)
    if isinstance(end, str):
        os.write(talk.terminal, end.encode())
    else:
        talk.running.send_signal(end)
    assert (talk.through([]), talk.settings_at_end) == (code, Talk.fresh()), talk.shown


@pytest.mark.parametrize(("end", "code"), [("q", 2), (signal.SIGINT, 2), (signal.SIGTERM, 143)])
def test_with_detailed_exitcode_the_last_table_is_the_exit_code(
    world: World, end: str | signal.Signals, code: int
) -> None:
    world.bare_repo("api")
    world.run("status", "--fetch")
    talk = watching(world, "--detailed-exitcode")
    talk.until("1 pending")
    if isinstance(end, str):
        os.write(talk.terminal, end.encode())
    else:
        talk.running.send_signal(end)
    assert talk.through([]) == code, talk.shown
    assert "With --watch the exit code is 0 when you end it" in world.run("status", "--help").out


def test_an_inventory_in_the_middle_of_an_edit_is_said_and_looked_at_again(world: World) -> None:
    world.repo("api")
    talk = watching(world)
    (world.root / "inventory.yaml").write_text("version: 1\nrepos: [\n")
    talk.until("rollout: inventory.yaml:")
    world.inventory()
    talk.shown = ""
    talk.until("Ctrl-C or q ends.")
    os.write(talk.terminal, b"q")
    assert talk.through([]) == 0


def test_nobody_waits_for_it(world: World) -> None:
    world.bare_repo("api")
    talk = watching(world)
    assert world.run("apply", "--yes", "--lock-timeout", "0").code == 0
    os.write(talk.terminal, b"q")
    assert talk.through([]) == 0


@pytest.mark.parametrize("arguments", [["--json"], ["--format", "markdown"], []])
def test_where_nothing_can_be_painted_it_says_so(world: World, arguments: list[str]) -> None:
    world.bare_repo("api")
    ran = world.run("status", "--watch", *arguments)
    assert (ran.code, "--watch needs a terminal to paint on" in ran.err + ran.out) == (64, True)
    ran = world.run("status", "--every", "3")
    assert (ran.code, ran.err) == (64, "rollout status: --every goes with --watch\n")


def test_a_terminal_that_grows_is_painted_anew(world: World) -> None:
    for name in ("api", "web", "db", "docs", "ui", "ops"):
        world.entries[name] = f"{{path: {name}}}"
    talk = watching(world, size=(10, 60))
    talk.until("do not fit")
    talk.shown = ""
    talk.resize(40, 100)
    talk.until("ops")
    os.write(talk.terminal, b"q")
    assert talk.through([]) == 0


def row(name: str, state: State) -> Row:
    return Row(
        name, TargetKind.REPO, "main", state, "because" if state is not State.IN_SYNC else "", "1" * 40, 0, 0, None
    )


@pytest.mark.parametrize("most", [30, 10, 6, 3, 0])
@pytest.mark.parametrize("width", [120, 40])
def test_a_small_terminal_shows_who_needs_somebody_and_counts_everybody(most: int, width: int) -> None:
    rows = [row(f"t{number}", State.DRIFT if number in {7, 90} else State.IN_SYNC) for number in range(100)]
    how = Display(lambda text, _style: text, width)
    lines = fitted(rows, Knowledge(NOW, None, True), how, "rollout diff --base", most)
    ending = ["2 drift, 98 in-sync.", "Next: rollout diff --base"]
    assert lines[-2:] == ending
    assert height(lines, width) <= max(most, len(ending) + 4)
    names = [line.split()[0] for line in lines if re.match(r"t\d+ ", line)]
    assert {"t7", "t90"} <= set(names) or most < 12
    assert not names or names[0] in {"t0", "t7"}
    (left,) = [line for line in lines if line.split(" ", 1)[0].isdigit() and "more do" in line]
    assert left.startswith(f"{100 - len(names)} more")
