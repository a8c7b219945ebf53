"""Tables fit the screen, whatever its width, and lose nothing."""

from __future__ import annotations

import pytest

from rollout.cli import main
from rollout.showing.table import Column, table
from rollout.showing.wrapping import cells, wrapped

COLUMNS = [Column("TARGET"), Column("BRANCH"), Column("STATE", stays=True), Column("COMMIT"), Column("")]
WAY = "rollout apply --adopt --limit api"
ROWS = [
    ["api", "main", "pending", "1234567890", f"the file exists and nobody wrote it; then {WAY}, or leave it"],
    ["a-repository-with-a-rather-long-name", "main", "in-sync", "0987654321", ""],
    ["日本語", "main", "in-sync", "", ""],
]
NAMES = {row[0] for row in ROWS}


@pytest.mark.parametrize("width", [200, 120, 80, 60, 40])
def test_no_line_is_wider_than_the_screen_and_no_word_is_lost(width: int) -> None:
    lines = table(COLUMNS, ROWS, width).splitlines()
    assert [line for line in lines if cells(line) > width and line not in NAMES] == []
    assert set(" ".join(map(" ".join, ROWS)).split()) <= set(" ".join(lines).split())
    assert sum(WAY in line for line in lines) == 1, "the command stays in one piece"


def test_a_wide_screen_and_a_pipe_show_one_line_for_a_row() -> None:
    piped = table(COLUMNS, ROWS, None)
    assert piped == table(COLUMNS, ROWS, 200)
    assert piped.splitlines()[1] == (
        "api                                   main    pending  1234567890  "
        "the file exists and nobody wrote it; then rollout apply --adopt --limit api, or leave it"
    )


def test_on_a_small_screen_what_one_acts_on_stays_beside_the_name() -> None:
    assert table(COLUMNS, ROWS, 40).splitlines() == [
        "TARGET                   BRANCH  STATE",
        "api                      main    pending",
        "    commit 1234567890",
        "    the file exists and nobody wrote it;",
        "    then",
        "    rollout apply --adopt --limit api,",
        "    or leave it",
        "a-repository-with-a-rather-long-name",
        "                         main    in-sync",
        "    commit 0987654321",
        "日本語                   main    in-sync",
    ]


def test_a_long_name_does_not_push_the_other_columns_away() -> None:
    rows = [["a" * 70, "main", "in-sync", "1234567890", ""], ["api", "main", "in-sync", "1234567890", ""]]
    assert table(COLUMNS, rows, 60).splitlines() == [
        "TARGET                         BRANCH  STATE    COMMIT",
        "a" * 70,
        "                               main    in-sync  1234567890",
        "api                            main    in-sync  1234567890",
    ]


def test_a_command_is_broken_nowhere() -> None:
    text = "  update   a.txt: see: rollout diff api 'a b.txt' --base; then rollout take api 'a b.txt'"
    assert wrapped(text, 40, "      ") == [
        "  update   a.txt: see:",
        "      rollout diff api 'a b.txt' --base;",
        "      then rollout take api 'a b.txt'",
    ]
    assert wrapped(text, None) == [text]


def test_every_command_of_the_program_is_known_as_one() -> None:
    assert {
        found for found in main._COMMANDS if wrapped(f"see: rollout {found} x", 10)[-1] != f"rollout {found} x"
    } == set()
    assert wrapped("the file exists and rollout never wrote it", 30) == [
        "the file exists and rollout",
        "never wrote it",
    ]


def test_colour_takes_no_room() -> None:
    painted = Column("STATE", stays=True, paint=lambda text: f"\x1b[31m{text}\x1b[0m")
    shown = table([Column("TARGET"), painted, Column("")], [["api", "drift", "x"], ["web", "", "y"]], 80)
    assert shown.splitlines()[1:] == ["api     \x1b[31mdrift\x1b[0m  x", "web            y"]
