"""Blocks and three-way merges as pure functions: what is foreign stays, what is ours comes and goes."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollout.content import blocks, markers, three_way
from rollout.content.markers import MarkerError, Spot

LINES = st.lists(st.sampled_from(["a\n", "b\n", "c\n", "d\n"]), max_size=6).map(lambda lines: "".join(lines).encode())


@given(LINES, LINES)
def test_a_three_way_merge_with_one_side_unchanged_is_the_other_side(base: bytes, side: bytes) -> None:
    assert three_way.merge(base, base, side) == side
    assert three_way.merge(base, side, base) == side
    assert three_way.merge(base, side, side) == side


def test_changes_apart_are_joined_and_changes_that_meet_are_refused() -> None:
    base = b"1\n2\n3\n4\n5\n"
    assert three_way.merge(base, b"0\n2\n3\n4\n5\n", b"1\n2\n3\n4\n6\n") == b"0\n2\n3\n4\n6\n"
    for theirs in (b"1\nx\n3\n4\n5\n", b"1\n3\n4\n5\n"):
        with pytest.raises(three_way.MergeConflict):
            three_way.merge(base, b"1\ny\n3\n4\n5\n", theirs)


TEXT = st.text(alphabet="a\n\r\x00é<!-#", max_size=30)


@given(TEXT, TEXT, TEXT)
def test_replacing_a_block_leaves_everything_around_it(before: str, body: str, after: str) -> None:
    spot = Spot(PurePosixPath("x.md"), "id")
    begin, end = (line.encode() for line in markers.written(spot))
    head = before.encode() + b"\n"
    content = head + begin + b"\nold\n" + end + b"\n" + after.encode()
    if b"\0" in content or b"\0" in body.encode():
        with pytest.raises(MarkerError, match="has a NUL"):
            blocks.splice(content, body.encode(), spot)
        return
    found = blocks.splice(content, body.encode(), spot)
    assert found.startswith(head + begin + b"\n")
    assert found.endswith(end + b"\n" + after.encode())
    assert blocks.splice(found, body.encode(), spot) == found


@given(st.binary(max_size=60).map(lambda noise: noise.replace(b"x", b"<!-- rollout:begin id -->\n").replace(
    b"y", b"<!-- rollout:end id -->\n")))  # fmt: skip
def test_markers_are_found_whole_or_refused(content: bytes) -> None:
    try:
        found = blocks.find(content, Spot(PurePosixPath("x.md"), "id")).get("id")
    except MarkerError:
        return
    if found is not None:
        assert b"rollout:end id" not in found.inner(content)
