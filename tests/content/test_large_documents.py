"""A document that is larger takes more steps to read, and not more than in proportion."""

from __future__ import annotations

import sys
from pathlib import PurePosixPath
from types import FrameType
from typing import Any

import pytest

from rollout.content.documents import formats
from rollout.model.inventory import FormatName

_FEW, _MANY = 50, 400


@pytest.mark.parametrize(
    ("kind", "each"),
    [
        (FormatName.TOML, "[k{0}]\nv = {0} # c\n\n"),
        (FormatName.TOML, "[[k]]\nv = {0}\n"),
        (FormatName.TOML, "k{0} = {0}\n"),
        (FormatName.TOML, "t.k{0}.v = {0}\n"),
        (FormatName.INI, "[k{0}]\nv = {0}\n\n"),
        (FormatName.YAML, "k{0}:\n  v: {0}  # c\n\n"),
        (FormatName.JSON, '"k{0}": {{"v": {0}}},\n'),
    ],
)
def test_reading_takes_as_many_steps_as_the_document_is_long(kind: FormatName, each: str) -> None:
    few, many = (_steps(kind, each, count) for count in (_FEW, _MANY))
    assert many < few * _MANY / _FEW * 1.3


def _steps(kind: FormatName, each: str, count: int) -> int:
    """Return how many lines of Python it takes to read a document, a loop's as often as they are gone through."""
    form, text, steps = formats.named(kind, PurePosixPath("x")), "".join(map(each.format, range(count))), 0
    text = f'{{{text}"end": 0}}' if kind is FormatName.JSON else text

    def traced(_frame: FrameType, event: str, _given: Any) -> Any:
        nonlocal steps
        steps += event == "line"
        return traced

    before = sys.gettrace()
    sys.settrace(traced)
    try:
        form.read(text)
    finally:
        sys.settrace(before)
    return steps
