"""A key may be spelled as an entry of a list is told, and with a slash: it is a key like any other."""

from __future__ import annotations

import json
from pathlib import PurePosixPath
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollout.content.documents.document import Array, Object
from rollout.content.documents.key_path import ENTRY, ListEntry, Step, as_texts, of_texts
from rollout.content.documents.match import match_for, named_parts
from rollout.content.documents.merged_file import MergedFile
from rollout.model.inventory import FileRule, FormatName, Mode
from tests.lives import Life

_MATCHED = FileRule(Mode.MERGE, match=(("l", ("name",)),))
_INSIDE = FileRule(Mode.MERGE, match=(("l[].m", ("name",)),))


def _entry_as_text(path: str) -> str:
    """Return how the entry with the name x is recorded, as documents have it."""
    kind = MergedFile(PurePosixPath(path), FormatName(path.split(".")[1]), match_for(PurePosixPath(path), {}))
    root = kind.read(b'{"l": [{"name": "x"}]}').root.parts[0].value
    assert isinstance(root, Object | Array)
    ((name, _),) = named_parts(root, match_for(PurePosixPath(path), {"l": ("name",)}), ("l",))
    return as_texts((name,))[0]


_KEYS = [(path, key) for path in ("x.json", "x.yaml") for key in ("x", "[]", "[x#1]", _entry_as_text(path))]
each_key = pytest.mark.parametrize(("path", "key"), _KEYS)


def _lived(file: Life, *steps: Any) -> Any:
    file.lived(*(step if isinstance(step, str) else json.dumps(step) for step in steps))
    return json.loads(str(file.text))


def _person(said: Any) -> str:
    return f">{json.dumps(said)}\n"


@each_key
def test_a_value_of_others_stays_where_an_object_with_it_took_the_place_of_our_entry(path: str, key: str) -> None:
    theirs = {"k": 1, "l": {key: {"name": "x", "v": 1}}}
    file = Life(path, None, _MATCHED)
    assert _lived(file, {"k": 1, "l": [{"name": "x", "v": 1}]}, _person(theirs), {"k": 1}) == theirs


@each_key
def test_what_we_wrote_below_a_key_goes_though_it_would_name_an_entry_of_a_list(path: str, key: str) -> None:
    file = Life(path, None, _MATCHED)
    ours = {"k": 1, "l": {key: {"name": "ours"}}}
    theirs = {"k": 1, "l": {key: {"name": "ours", "mine": 1}}}
    assert _lived(file, ours, _person(theirs), {"k": 1}) == {"k": 1, "l": {key: {"mine": 1}}}


@each_key
def test_a_list_below_a_key_is_not_the_one_in_an_entry(path: str, key: str) -> None:
    mine, ours = {"name": "n", "v": 1}, {"name": "n", "v": 2}
    file = Life(path, json.dumps({"l": {key: {"m": [mine]}}}), _INSIDE)
    assert _lived(file, {"l": {key: {"m": [ours]}}}) == {"l": {key: {"m": [mine, ours]}}}
    assert file.asked == []


@each_key
def test_a_value_that_was_as_it_should_be_and_changed_stays_known(path: str, key: str) -> None:
    file = Life(path, json.dumps({"a": {key: 1}, "z": 1}), FileRule(Mode.MERGE))
    _lived(file, {"a": {key: 1}})
    known = file.agreed
    _lived(file, _person({"a": {key: 2}, "z": 1}), {"a": {key: 1}})
    assert file.asked == ["drift"]
    assert file.agreed == known != ()


@pytest.mark.parametrize("path", ["x.json", "x.yaml"])
@pytest.mark.parametrize("key", ["c/b", "a/b"])
def test_a_change_is_seen_beside_a_key_with_a_slash(path: str, key: str) -> None:
    file, ours = Life(path, None, FileRule(Mode.MERGE)), {key: 1, "a": {"b": 1}}
    _lived(file, ours, _person({key: 1, "a": {"b": 2}}), ours)
    assert file.asked == ["drift"]


def test_a_key_that_is_an_asterisk_stands_for_no_other() -> None:
    """Lists that were matched are known from our writes."""
    tasks = {"*": {"l": [{"name": "z"}]}, "go": {"l": [{"name": "z", "mine": 1}]}}
    file = Life("x.json", json.dumps(tasks), FileRule(Mode.MERGE, match=(("*.l", ("name",)),)))
    _lived(file, {"*": {"l": [{"name": "z", "ours": 1}]}})
    file.rule = FileRule(Mode.MERGE)
    said = _lived(file, {"*": {"l": [{"name": "z", "ours": 1}]}, "go": {"l": [{"name": "z", "ours": 2}]}})
    assert said["go"] == {"l": [{"name": "z", "mine": 1}, {"name": "z", "ours": 2}]}


_TEXTS = st.text(alphabet="\\[]#1a/", max_size=8)
_STEPS: st.SearchStrategy[Step] = st.one_of(_TEXTS, st.just(ENTRY), st.builds(ListEntry, _TEXTS, st.integers(1, 11)))


@given(st.lists(_STEPS, max_size=3).map(tuple))
def test_a_place_is_recorded_so_that_it_is_found_again(place: tuple[Step, ...]) -> None:
    assert of_texts(as_texts(place)) == place


@pytest.mark.parametrize("step", ["k", "", "[python]", "[]", "[str a#1]", "a[]"])
def test_what_was_recorded_earlier_is_read(step: str) -> None:
    assert as_texts(of_texts((step,))) == (step,)
