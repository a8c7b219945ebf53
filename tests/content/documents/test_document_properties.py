"""Merges into documents as people write them: foreign bytes stay, twice is once, and what was added goes away again."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollout.content.documents.document import Document, Object, Scalar
from rollout.content.documents.merge import MergedFile, would_change_foreign
from rollout.content.documents.ours.past import Ours
from tests.corpus import FOLDER, NAMES, Steps, kind_of, merged, nested, places, written
from tests.first_rows import first_rows

VALUES: list[Any] = [1, "text", "a: b #c", True, [], {}, [1, "two"], {"k": 1}, {"k": {"l": ["m"]}, "n": "o"}]

VALUES += ["line\nmore\n", [{"a": 1, "b": [2]}], "- x", "é", 1.5]

NOTHING = {"json": b"{}", "jsonc": b"{}"}


@cache
def _read(name: str) -> tuple[bytes, MergedFile, Document]:
    content, kind = (FOLDER / name).read_bytes(), kind_of(name)
    return content, kind, kind.read(content)


@cache
def _additions(name: str) -> st.SearchStrategy[list[tuple[Steps, Any]]]:
    """Return new keys and new entries at places of a document."""
    _, kind, document = _read(name)
    flat = st.sampled_from(["1", "text", "a b"]) if kind.format == "ini" else st.sampled_from(VALUES)
    choices: list[st.SearchStrategy[tuple[Steps, Any]]] = []
    for steps, node in places(document.root):
        if isinstance(node, Object):
            if kind.format != "ini" or steps:
                choices.append(st.tuples(st.sampled_from([(*steps, "zz1"), (*steps, "zz2")]), flat))
        elif not kind.match.keys(steps) and node.style != "tables":
            entries = st.lists(st.sampled_from(["new", "x y", 7]), min_size=1, max_size=2)
            choices.append(st.tuples(st.just(steps), entries))
    if kind.format == "ini":
        choices.append(st.tuples(st.sampled_from([("zz1",), ("[zz2]", "k")]), flat))
    return st.lists(st.one_of(choices), min_size=1, max_size=3, unique_by=lambda pair: pair[0])


def _but_brackets(before: bytes, after: bytes, kind: MergedFile) -> bytes:
    """Return a document without the empty brackets in whose place a block stands after a merge."""
    document, now = kind.read(before), dict(places(kind.read(after).root))
    text = document.text
    for steps, node in sorted(places(document.root), key=lambda place: place[1].start, reverse=True):
        if not getattr(node, "parts", ()) and node.style == "flow" and steps and now[steps].style == "block":
            assert text[node.start : node.end].strip("[]{} ") == ""
            text = text[: node.start] + text[node.end :]
    return text.encode()


def _lines_stay(before: bytes, after: bytes) -> bool:
    """Tell whether all of a document is there after a merge, in order, but for what stands between."""
    rest = iter(after)
    return all(any(byte == other for other in rest) for byte in before)


@first_rows(10, "name", NAMES)
@given(data=st.data(), compact=st.booleans())
def test_what_a_merge_added_goes_away_to_the_byte(name: str, data: st.DataObject, compact: bool) -> None:
    before, kind, _ = _read(name)
    assert kind.format is not None
    template = written(nested(data.draw(_additions(name))), kind.format, compact=compact)
    after = merged(before, template, kind)
    assert after != before
    assert _lines_stay(_but_brackets(before, after, kind), after)
    assert merged(after, template, kind, (before, after)) == after
    assert merged(after, NOTHING.get(kind.format, b""), kind, (before, after)) == before


@pytest.mark.parametrize("name", [name for name in NAMES if name != "odd.yaml"])
def test_a_template_that_names_what_is_there_changes_no_byte(name: str) -> None:
    before, kind, _ = _read(name)
    assert merged(before, before, kind) == before
    assert not would_change_foreign(before, before, Ours(), kind)


@first_rows(10, "name", NAMES)
@given(data=st.data(), value=st.sampled_from([7, "other", "a: b #c", "two\nlines\n"]))
def test_a_changed_value_changes_its_own_bytes_alone(name: str, data: st.DataObject, value: Any) -> None:
    before, kind, document = _read(name)
    assert kind.format is not None
    scalars = [
        ((*steps, part.key), part.value)
        for steps, node in places(document.root)
        if isinstance(node, Object) and [p.key for p in node.parts].count("") == 0
        for part in node.parts
        if isinstance(part.value, Scalar) and part.value.odd is None and part.key[:1] not in {"!", "?"}
        if [p.key for p in node.parts].count(part.key) == 1
    ]
    if not scalars or (kind.format == "ini" and not isinstance(value, str)):
        return
    steps, old = data.draw(st.sampled_from(scalars))
    template = written(nested([(steps, value if kind.format != "ini" else "other")]), kind.format, compact=False)
    after = merged(before, template, kind)
    text = after.decode().removeprefix("\ufeff")
    start, end = document.text[: old.start].rstrip(), document.text[old.end :].lstrip()
    assert text.startswith(start)
    assert text.endswith(end) or "\n" in str(value)  # the lines of a text come behind a comment on the line of its key
    assert _lines_stay((start + end).encode(), text.encode())
    assert would_change_foreign(before, template, Ours(), kind)
    assert merged(after, template, kind) == after
