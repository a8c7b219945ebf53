"""JSON beyond the limits of Python is read all the same, and the rest of it is what it says."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollout.events.readable import DEEPEST, parse

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=40,
)


@given(VALUES)
def test_what_is_in_bounds_is_what_json_says(value: object) -> None:
    assert parse(json.dumps(value)) == value
    assert parse(json.dumps(value, ensure_ascii=False).encode()) == value


@pytest.mark.parametrize("depth", [DEEPEST, 1000, 6000])
@pytest.mark.parametrize(("opens", "closes"), [("[", "]"), ('{"[": ', "}")])
def test_what_is_nested_too_deep_is_kept_as_text(depth: int, opens: str, closes: str) -> None:
    deep = opens * depth + '"]}\\"' + '"' + closes * depth
    said = parse(f'{{"before": [1], "deep": {deep}, "after": {{"x": "]"}}}}')
    assert isinstance(said, dict)
    assert (said["before"], said["after"]) == ([1], {"x": "]"})
    assert json.dumps(said, indent=2).count("\n") < 3 * DEEPEST


def test_a_text_that_never_ends_is_an_error_as_any_other() -> None:
    with pytest.raises(ValueError, match="nested"):
        parse("[" * 100_000)
