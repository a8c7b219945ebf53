"""A diff is painted and counted by what its lines are, whatever the file's text looks like."""

from __future__ import annotations

from rollout.model.files import File
from rollout.showing.diffs import changed, file_diff, paint_diff

_SQL = (File(b"one\n-- a comment\n"), File(b"one\n++ a counter\x0c-b\r\n"))


def _named(text: str, style: str) -> str:
    return f"{style}({text})"


def test_a_changed_line_is_painted_so_where_it_looks_like_the_name_of_a_file() -> None:
    assert paint_diff(file_diff(*_SQL, "up.sql"), _named, "").split("\n") == [
        "bold(--- a/up.sql)",
        "bold(+++ b/up.sql)",
        "cyan(@@ -1,2 +1,2 @@)",
        " one",
        "red(--- a comment)",
        "green(+++ a counter\\x0c-b)",
    ]


def test_one_line_that_changes_is_one_whatever_characters_it_has() -> None:
    assert changed(file_diff(*_SQL, "up.sql")).number == 1


def test_a_diff_without_lines_has_no_lines_in_colour() -> None:
    assert paint_diff(file_diff(File(b"\0"), File(b"\0\0"), "x"), _named) == "    Binary files differ: 1 and 2 bytes"
