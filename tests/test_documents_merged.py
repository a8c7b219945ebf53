"""Blocks, merges and three-way merges as pure functions: what is foreign stays, what is ours comes and goes."""

from __future__ import annotations

import io
import json
from pathlib import PurePosixPath
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from rollout import blocks, jsonedit, markers, merge, threeway
from rollout.markers import MarkerError, Spot

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(alphabet='ab"\\é', max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(alphabet="abc", max_size=2), inner, max_size=3),
    max_leaves=8,
)
OBJECT = st.dictionaries(st.text(alphabet="abc", max_size=2), JSON, max_size=4)
INDENT = st.sampled_from([None, 1, 2, 4, "\t"])
FILE = PurePosixPath("x.json")


@given(OBJECT, OBJECT, INDENT)
def test_an_edited_json_text_holds_what_was_wanted(before: dict[str, Any], wanted: dict[str, Any], indent: Any) -> None:
    text = json.dumps(before, indent=indent)
    assert json.loads(jsonedit.edit(text, wanted)) == wanted


@given(OBJECT, INDENT)
def test_a_json_text_that_needs_no_change_keeps_every_byte(data: dict[str, Any], indent: Any) -> None:
    text = "\n\t" + json.dumps(data, indent=indent) + " \n"
    assert jsonedit.edit(text, data) == text


@given(OBJECT, OBJECT)
def test_a_merge_is_stable_and_keeps_foreign_keys(current: dict[str, Any], template: dict[str, Any]) -> None:
    named = json.dumps(template).encode()
    once = merge.merged(json.dumps(current).encode(), named, merge.Ours(), FILE)
    assert merge.merged(once, named, merge.Ours(), FILE) == once
    found = json.loads(once)
    for key in current.keys() - template.keys():
        assert found[key] == current[key]
    for key, value in template.items():
        if not isinstance(value, dict | list):
            assert found[key] == value


def test_comments_trailing_commas_and_odd_spacing_survive_an_edit() -> None:
    text = '{ // note\n  "a" :1, /* b */ "b": [ 1,\n 2 ],\n}\n'
    assert jsonedit.edit(text, {"a": 2, "b": [1, 2, 3]}) == '{ // note\n  "a" :2, /* b */ "b": [ 1,\n 2, 3 ],\n}\n'


@pytest.mark.parametrize("text", ['{"a": 1', "{'a': 1}", '{"a": 1} x', '{"a": 1, "a": 2}', "[" * 200])
def test_what_is_no_json_is_said_with_its_line(text: str) -> None:
    with pytest.raises(jsonedit.JSONFault, match="line 1"):
        jsonedit.parse(text)


@pytest.mark.parametrize(
    ("before", "template", "after"),
    [
        ("a:\n- 1\n", "a: [2]\n", "a:\n- 1\n- 2\n"),
        ("a:\n    b: 'q'  # c\n", "a: {d: 1}\n", "a:\n    b: 'q'  # c\n    d: 1\n"),
        ("---\nx: &k {a: 1}\ny: *k\n", "z: 1\n", "---\nx: &k {a: 1}\ny: *k\nz: 1\n"),
        ("", "a: 1\n", "a: 1\n"),
        ("a:\n  b: 1  # c\n\n# next\nz: 1\n", "a: {d: 2}\n", "a:\n  b: 1  # c\n  d: 2\n\n# next\nz: 1\n"),
        ("a:\n  b: 1\n  # in a\n# next\n", "a: {d: [2]}\n", "a:\n  b: 1\n  # in a\n  d:\n  - 2\n# next\n"),
        ("a:\n  b:\n  - 1\n  # on c\n  c: 1\n", "a: {b: [2]}\n", "a:\n  b:\n  - 1\n  - 2\n  # on c\n  c: 1\n"),
        ("a:\n  b:\n    - 1\n    # in b\n# z\n", "a: {b: [2]}\n", "a:\n  b:\n    - 1\n    # in b\n    - 2\n# z\n"),
    ],
)
def test_yaml_keeps_its_indents_quotes_anchors_and_comments(before: str, template: str, after: str) -> None:
    found = merge.merged(before.encode(), template.encode(), merge.Ours(), PurePosixPath("x.yaml"))
    assert found.decode() == after


@given(OBJECT, OBJECT)
def test_a_yaml_merge_is_stable_and_loses_no_comment(current: dict[str, Any], template: dict[str, Any]) -> None:
    text = io.StringIO()
    YAML().dump(current, text)
    lines = text.getvalue().splitlines() if current else []
    before = "".join(f"{line}\n{' ' * (len(line) % 5)}# note {number}\n" for number, line in enumerate(lines))
    path, named = PurePosixPath("x.yaml"), json.dumps(template).encode()
    try:
        merge.read(before.encode(), path)
        once = merge.merged(before.encode(), named, merge.Ours(), path)
    except merge.DocumentFault:
        return  # a note in the middle of a value, or one that cannot be changed without loss
    assert merge.merged(once, named, merge.Ours(), path) == once
    if not any(isinstance(value, list | dict) or key in template for key, value in current.items()):
        assert once.decode().count("# note") == before.count("# note")


LINES = st.lists(st.sampled_from(["a\n", "b\n", "c\n", "d\n"]), max_size=6).map(lambda lines: "".join(lines).encode())


@given(LINES, LINES)
def test_a_three_way_merge_with_one_side_unchanged_is_the_other_side(base: bytes, side: bytes) -> None:
    assert threeway.merge(base, base, side) == side
    assert threeway.merge(base, side, base) == side
    assert threeway.merge(base, side, side) == side


def test_changes_apart_are_joined_and_changes_that_meet_are_refused() -> None:
    base = b"1\n2\n3\n4\n5\n"
    assert threeway.merge(base, b"0\n2\n3\n4\n5\n", b"1\n2\n3\n4\n6\n") == b"0\n2\n3\n4\n6\n"
    for theirs in (b"1\nx\n3\n4\n5\n", b"1\n3\n4\n5\n"):
        with pytest.raises(threeway.MergeConflict):
            threeway.merge(base, b"1\ny\n3\n4\n5\n", theirs)


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
