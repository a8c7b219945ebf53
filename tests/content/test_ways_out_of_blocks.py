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


def test_a_file_whose_lines_end_with_a_cr_alone_gets_no_block_and_is_to_get_other_line_ends() -> None:
    with pytest.raises(MarkerError, match=r"a CR alone, .*; end every line with LF or CRLF"):
        blocks.splice(b"# T\r\rtext\r", b"fleet\n", Spot(PurePosixPath("a.md"), "a"))
