"""What a terminal shows: it fits, and where there are no colours or few characters it says the same."""

from __future__ import annotations

import re

import pytest

from rollout.showing.passages import CodeLines, Passage, TableRows, on_screen
from rollout.showing.wrapping import cells
from tests.first_rows import first_rows
from tests.terminal import Talk
from tests.world import World

_COMMANDS = ("plan", "status", "verify", "history", "report", "apply --yes")


@pytest.fixture
def some(world: World) -> World:
    """Return a world with a long name, drift, and something to adopt."""
    for name in ("api", "a-repository-with-a-rather-long-name"):
        world.bare_repo(name)
    world.run("apply", "--yes")
    world.elsewhere("api", {"conf.txt": "theirs\n"})
    world.bare_repo("odd", {"conf.txt": "also theirs\n"})
    world.run("status", "--fetch")
    return world


@first_rows(1, "columns", [80, 40])
def test_no_line_is_wider_than_the_terminal_but_what_must_not_be_broken(some: World, columns: int) -> None:
    for command in _COMMANDS:
        talk = Talk(some, *command.split(), size=(24, columns), NO_COLOR="1")
        talk.through([])
        lines = [line.rpartition("\r")[2] for line in talk.lines]
        wide = [line for line in lines if cells(line) > columns and " " in re.sub(r"rollout .*", "", line).strip()]
        assert wide == [], (command, talk.shown)


def test_no_colours_are_shown_where_nobody_wants_them(some: World) -> None:
    for command in ("plan", "status"):
        unwanted, dumb = Talk(some, command, NO_COLOR="1"), Talk(some, command, TERM="dumb")
        assert [unwanted.through([]), dumb.through([])] == [0, 0]
        assert not re.search("\x1b\\[[0-9;]*m", unwanted.shown)
        assert "\x1b" not in dumb.shown
    painted = Talk(some, "status", TERM="xterm")
    painted.through([])
    assert "\x1b[35mdrift\x1b[0m" in painted.shown


def test_what_the_terminal_cannot_show_is_written_out(some: World) -> None:
    for command in ("verify", "report", "plan"):
        talk = Talk(some, command, PYTHONIOENCODING="ascii", NO_COLOR="1")
        talk.through([])
        assert talk.shown.isascii(), command
        assert command != "verify" or "\\u2713 a-repository-with-a-rather-long-name" in talk.shown


def test_a_document_is_as_it_is_where_no_terminal_reads_it() -> None:
    document: list[Passage] = ["# Title", TableRows(("A", "Status"), (("a | b", "fine"),), stays=1), "1. one two three"]
    text = "# Title\n\n| A | Status |\n|---|---|\n| a \\| b | fine |\n\n1. one two three\n"
    assert on_screen(document, None) == text
    assert on_screen(document, 12) == "# Title\n\nA      Status\na | b  fine\n\n1. one two\n   three\n"


def test_what_a_program_said_is_no_table_and_stands_as_it_is() -> None:
    said: list[Passage] = [CodeLines("text", "| 12 tests |\n  1. passed   after 3 seconds")]
    expected = "```text\n| 12 tests |\n  1. passed   after 3 seconds\n```\n"
    assert (on_screen(said, None), on_screen(said, 12)) == (expected, expected)
