"""A last line with a line end or without: every template is written, and what a person wrote stays to the byte."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Iterator
from configparser import ConfigParser
from functools import cache
from typing import Any

import pytest
from ruamel.yaml import YAML

from rollout.model.action import Action
from rollout.model.inventory import FileRule, Mode
from tests.first_rows import first_rows
from tests.lives import Life


def _ini(text: str) -> dict[str, Any]:
    parser = ConfigParser(allow_no_value=True)
    parser.read_string(text)
    return {name: dict(parser[name]) for name in parser.sections()}


_TEMPLATES = {
    "x.toml": ("a = 1\n", "a = 2\n[b]\nc = 3\n", "e = 5\n", "[b]\nc = 3\nd = [\n  4,\n]\n", "[b.x]\nz = 1\n",
               "[[p]]\nn = 1\n[[p]]\nn = 2\n", "a.b = 1\n", "b = {x = 1}\n", "# c\na = 1 # d\n", ""),
    "x.ini": ("[a]\nb=1\n", "[a]\nb=2\nc=3\n", "[d]\ne=5\n", "[a]\nc=3\n[d]\ne=4\n", "[a]\nb=\n  x\n  y\n", ""),
    "x.yaml": ("a: 1\n", "a: 2\nb:\n  c: 3\n", "b:\n  c: 3\n  d: |\n    text\n", "b: {c: 3}\ne: 4\n",
               "e:\n- 1\n- 2\n", "e:\n  - x: 1\n    y: 2\n", "# c\nd: |+\n  text\n\n", "{}\n"),
    "x.json": ('{"a": 1}\n', '{"a": 2, "b": {"c": 3}}\n', '{"b": {"c": 3}, "d": [4]}\n',
               '{\n  "e": 5,\n  "f": {\n    "g": [1]\n  }\n}\n', "{}\n"),
}  # fmt: skip
_PERSONS = {
    "x.toml": (None, "", "p = 1", "p = 1\n[q]\nr = 2", "[b]\nr = 2", "# c", "p = 1 # c", "[b]", "[q]\nr=1\n\n# end"),
    "x.ini": (None, "", "[q]\nr=2", "[a]\nr=2", "[a]", "; c", "[q]\nr=2\n; c", "[q]\nr=\n  1\n  2"),
    "x.yaml": (None, "", "p: 1", "b:\n  r: 2", "# c", "p: 1 # c", "p:\n- 1", "p: |\n  t", "p: |-\n  t",
               "b:\n  r: 2\n# c"),
    "x.json": (None, "", "{}", '{"p": 1}', '{\n  "p": 1\n}', '{\n  "b": {\n    "r": 1\n  }\n}'),
}  # fmt: skip
_NOTHING = {"x.toml": "", "x.ini": "", "x.yaml": "{}\n", "x.json": "{}\n"}
_YAML = YAML(typ="safe")
_READ: dict[str, Callable[[str], Any]] = {
    "x.toml": tomllib.loads,
    "x.ini": _ini,
    "x.yaml": lambda text: _YAML.load(text) or {},
    "x.json": lambda text: json.loads(text or "{}"),
}
_CASES = [(path, before) for path, texts in _PERSONS.items() for before in texts]


@cache
def _read(path: str, text: str) -> Any:
    return _READ[path](text)


def _holds(said: Any, named: Any) -> bool:
    if isinstance(named, dict):
        return isinstance(said, dict) and all(key in said and _holds(said[key], named[key]) for key in named)
    return bool(said == named)


def _in_order(before: str, after: str) -> bool:
    rest = iter(after)
    return all(any(one == other for other in rest) for one in before)


def _after_one(path: str, before: str | None, end: str, far: bool) -> Iterator[tuple[Life, str, str]]:
    """Return a life after each template, with that one and each that stands near it, or far from it, to go on with."""
    texts = [text if end else text.rstrip("\n") for text in _TEMPLATES[path]]
    for number, one in enumerate(texts):
        file = Life(path, before, FileRule(Mode.MERGE))
        _written(file, one, before or "")
        for distance in range(1, len(texts)):
            if (distance > 1) == far:
                yield file.copy(), one, texts[(number + distance) % len(texts)]


_NEAR_AND_FAR = pytest.mark.parametrize("far", [False, pytest.param(True, marks=pytest.mark.long)], ids=["near", "far"])


@_NEAR_AND_FAR
@first_rows(1, "end", ["\n", ""], ids=["ended", "open"])
@pytest.mark.parametrize(("path", "before"), _CASES)
def test_the_second_template_is_written_and_what_is_dropped_leaves_what_a_person_had(
    path: str, before: str | None, end: str, far: bool
) -> None:
    had = (before or "") + (end if before else "")
    for file, one, other in _after_one(path, None if before is None else had, end, far):
        _written(file, other, had)
        left = file.lived(_NOTHING[path]) or ""
        if had.strip() in {"", "# c"}:  # a blank line may stay that parted our table from what came before it
            assert left.strip() in {had.strip(), had.strip() or "{}"}, (one, other)
        else:
            assert left == had, (one, other)


@_NEAR_AND_FAR
@pytest.mark.parametrize(("path", "before"), _CASES)
def test_a_person_who_takes_the_last_line_end_away_gets_the_next_template(
    path: str, before: str | None, far: bool
) -> None:
    had = f"{before}\n" if before else ""
    for file, one, other in _after_one(path, None if before is None else had, "\n", far):
        said = _read(path, file.text or "")
        file.text = (file.text or "").removesuffix("\n")
        if _read(path, file.text) != said:
            continue  # the line end was part of a text
        _written(file, other, had.removesuffix("\n"))
        left = file.lived(_NOTHING[path]) or ""
        assert left.strip() in {had.strip(), had.strip() or "{}"}, (one, other)


@first_rows(2, "path", _TEMPLATES)
def test_any_three_templates_are_written_one_after_the_other(path: str) -> None:
    further = {"x.toml": ("b = 2\n\n[d]\nz = 4\n", "e = 4\n\n[f]\ny = 2\n")}
    _all_written(Life(path, None, FileRule(Mode.MERGE)), {*_TEMPLATES[path][:6], *further.get(path, ())}, 3)


def _all_written(file: Life, templates: set[str], many: int) -> None:
    """Write this many of the templates one after the other, in each order."""
    for template in sorted(templates) if many else ():
        after = file.copy()
        _written(after, template, "")
        _all_written(after, templates - {template}, many - 1)


def _written(file: Life, template: str, had: str) -> None:
    before = file.text
    planned = file.rolled_out(template)
    assert planned is None or planned.action is not Action.ERROR, (before, template, planned and planned.cause)
    assert file.plan(template) is None, (before, template)
    text = file.text or ""
    assert _holds(_read(file.path, text), _read(file.path, template)), (before, template, text)
    assert _in_order(had, text), (before, template, text)


def test_a_comment_of_a_person_stays_where_one_of_ours_says_the_same() -> None:
    for before in ("# keep\np = 1\n# keep\n", "# keep\n"):
        file = Life("x.toml", before, FileRule(Mode.MERGE))
        assert file.lived("# keep\na = 1 # keep\n", "# keep\na = 2\n", "e = 5\n", "") == before


def test_a_table_of_ours_becomes_a_value_and_a_value_a_table() -> None:
    file = Life("x.toml", "p = 1\n[q]\nr = 2\n", FileRule(Mode.MERGE))
    file.lived("[a]\nb = 1\n", "a = 1\n")
    assert file.text == "p = 1\na = 1\n[q]\nr = 2\n"
    assert file.lived("[a.b]\nc = 1\n", "a.b = 2\n", "") == "p = 1\n[q]\nr = 2\n"
