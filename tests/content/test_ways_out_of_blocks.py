"""What leaves no place for a block says how a person mends it."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest

from rollout.content import blocks, markers
from rollout.content.markers import MarkerError, Spot

BEGIN, END = b"<!-- rollout:begin a -->\n", b"<!-- rollout:end a -->\n"


@pytest.mark.parametrize("content", [BEGIN, END, BEGIN + BEGIN + END, BEGIN + END + BEGIN + END])
def test_markers_that_do_not_match_say_that_the_file_is_to_be_mended(content: bytes) -> None:
    with pytest.raises(MarkerError, match="; mend the markers in the file: one line begins a block, and one ends it"):
        blocks.find(content, Spot(PurePosixPath("a.md"), "a"))


def test_for_json_a_merge_is_proposed_and_no_comment_that_it_does_not_have() -> None:
    with pytest.raises(MarkerError) as caught:
        markers.written(Spot(PurePosixPath("q.json"), "a"))
    assert "JSON has no comments" in str(caught.value)
    assert "`mode: merge`" in str(caught.value)
    assert "#" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "content", "line"),
    [
        ("a.pm", b"1;\n__END__\n=pod\n", 2),
        ("a.pl", b"1;\r\n__DATA__\r\nx\r\n", 2),
        ("a.rb", b"p 1\n__END__\nx\n", 2),
    ],
)
def test_behind_the_end_of_a_files_code_stands_no_block(name: str, content: bytes, line: int) -> None:
    spot = Spot(PurePosixPath(name), "a")
    with pytest.raises(
        MarkerError, match=r"its code ends with \S+, .*; write the two markers above that line"
    ) as caught:
        blocks.splice(content, b"x\n", spot)
    assert caught.value.flaw.line == line
    begin, end = markers.written(spot)
    at = sum(map(len, content.splitlines(keepends=True)[: line - 1]))
    marked = content[:at] + f"{begin}\n{end}\n".encode() + content[at:]
    assert b"\nx\n" in blocks.splice(marked, b"x\n", spot).replace(b"\r", b"")


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"<?php\n$a = 1;\n?>\n", 3),
        (b"<html>\n<?php echo 1; ?>\n<?= 2 ?>\n</html>\n", 3),
        (b"<p>hi</p>\n", None),
        (b"", None),
    ],
)
def test_a_page_of_php_gets_no_block_in_comments_of_php(content: bytes, line: int | None) -> None:
    with pytest.raises(MarkerError, match=r"it ends as a page and not in code, .*; say `markers:`, such as ") as caught:
        blocks.splice(content, b"x\n", Spot(PurePosixPath("a.php"), "a"))
    assert caught.value.flaw.line == line


@pytest.mark.parametrize(
    "content",
    [
        b"<?php\n$a = '?>';\n",
        b"<?php ?>\n<?php\n$a = 1;\n",
        b"<?php\n// don't\n/* ?> */ # it's\n$a = \"?>\";\n",
        b"<?xml version='1.0'?>\n<?php\n",
    ],
)
def test_a_file_of_php_that_ends_in_code_gets_its_block(content: bytes) -> None:
    spot = Spot(PurePosixPath("a.php"), "a")
    assert blocks.splice(content, b"x\n", spot).startswith(content)


def test_a_page_with_markers_of_its_own_gets_a_block_of_text() -> None:
    spot = Spot(PurePosixPath("a.php"), "a", custom=("<!-- rollout:begin ID -->", "<!-- rollout:end ID -->"))
    assert blocks.splice(b"<?php ?>\n<p>\n", b"x\n", spot).startswith(b"<?php ?>\n<p>\n")


def test_a_file_whose_lines_end_with_a_cr_alone_gets_no_block_and_is_to_get_other_line_ends() -> None:
    with pytest.raises(MarkerError, match=r"a CR alone, .*; end every line with LF or CRLF"):
        blocks.splice(b"# T\r\rtext\r", b"fleet\n", Spot(PurePosixPath("a.md"), "a"))
