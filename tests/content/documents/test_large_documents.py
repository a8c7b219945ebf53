"""A document or a template that is larger takes more steps, and not more than in proportion."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import PurePosixPath
from types import FrameType
from typing import Any

import pytest

from rollout.content.documents import formats
from rollout.model.inventory import FileRule, FormatName, Mode
from tests.lives import Life

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
    form, text = formats.named(kind, PurePosixPath("x")), "".join(map(each.format, range(count)))
    text = f'{{{text}"end": 0}}' if kind is FormatName.JSON else text
    return _counted(lambda: form.read(text))


@pytest.mark.parametrize(
    ("path", "each"), [("x.yaml", "k{0}: {0}\n"), ("x.toml", "k{0} = {0}\n"), ("x.yaml", "k{0}: {{a: {0}}}\n")]
)
def test_a_template_takes_as_many_steps_as_it_is_long(path: str, each: str) -> None:
    few, many = (_steps_of_life(path, each, count) for count in (_FEW, _MANY))
    assert many < few * _MANY / _FEW * 1.5


def _steps_of_life(path: str, each: str, count: int) -> int:
    """Return what it takes to write a template, half of it, and its first key."""
    file, keys = Life(path, "", FileRule(Mode.MERGE)), [each.format(number) for number in range(count)]
    return _counted(lambda: [file.lived("".join(keys[::step])) for step in (1, 2, count)])


def _counted(work: Callable[[], object]) -> int:
    """Return how many lines of Python some work takes, a loop's as often as they are gone through."""
    steps = 0

    def traced(_frame: FrameType, event: str, _given: Any) -> Any:
        nonlocal steps
        steps += event == "line"
        return traced

    before = sys.gettrace()
    sys.settrace(traced)
    try:
        work()
    finally:
        sys.settrace(before)
    return steps
