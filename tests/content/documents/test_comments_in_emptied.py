"""A comment of others stays in a list or an object that stood there empty, and that a template sets to that again."""

from __future__ import annotations

from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollout.model.action import Action
from rollout.model.inventory import FileRule, Mode
from tests.lives import Life


class _Format(NamedTuple):
    mark: str
    before: tuple[str, ...]  # files with `{}` where the empty list or object stands
    named: str  # a template with `{}` where its value stands
    nothing: str  # a template without the key


_FORMATS = {
    "x.jsonc": _Format(
        "//",
        ('{{\n  "a": 1,\n  "k": {}\n}}\n', '{{\n  "k": {},\n  "a": 1\n}}\n', '{{"k": {}, "a": 1}}\n'),
        '{{"k": {}}}',
        "{}",
    ),
    "x.yaml": _Format("#", ("a: 1\nk: {}\n", "k: {}\na: 1\n", "k: {} # theirs\na: 1\n"), "k: {}\n", "{}\n"),
    "x.toml": _Format("#", ("a = 1\nk = {}\n", "k = {}\na = 1\n", "k = {} # theirs\na = 1\n"), "k = {}\n", ""),
}
_LISTS = ("[]", ("[]", "[ ]", "[\n  ]"), (('"ours"',), ('"ours"', '"more"')))
_OBJECTS = ("{}", ("{}", "{\n  }"), (('"x": 1',), ('"x": 1', '"y": [2]')))
_CASES = [(path, kind) for path in _FORMATS for kind in (_LISTS, _OBJECTS) if (path, kind) != ("x.toml", _OBJECTS)]


def _commented(parts: tuple[str, ...], comments: list[str], form: _Format, brackets: str, ends: str) -> str:
    """Return a value over several lines, with comments on their own lines or behind what stands on a line.

    The first comment is for the line of the opening bracket, and each that follows for what comes after a part.
    """
    lines = [brackets[0], *(f"    {part}{',' if part != parts[-1] else ''}" for part in parts)]
    out = list[str]()
    for line, comment in zip(lines, comments, strict=True):
        out += {
            "none": [line],
            "behind": [f"{line} {form.mark} person"],
            "below": [line, f"    {form.mark} person"],
            "both": [f"{line} {form.mark} person", f"    {form.mark} person 2"],
        }[comment]
    return "\n".join([*out, ends + brackets[1]])


@given(data=st.data())
@pytest.mark.parametrize(("path", "kind"), _CASES)
def test_it_stays_in_brackets_and_our_entries_go_as_when_the_key_leaves(
    path: str, kind: tuple[str, tuple[str, ...], tuple[tuple[str, ...], ...]], data: st.DataObject
) -> None:
    form, (brackets, spellings, values) = _FORMATS[path], kind
    empty, parts = data.draw(st.sampled_from(spellings)), data.draw(st.sampled_from(values))
    before = data.draw(st.sampled_from(form.before)).format(empty)
    flat = brackets[0] + ", ".join(parts) + brackets[1]
    file = Life(path, before, FileRule(Mode.MERGE))
    file.lived(form.named.format(flat))
    said = before.replace(empty, "{}", 1) if empty != "{}" else before
    place = said.index("{}")
    kinds = st.sampled_from(["none", "behind", "below", "both"])
    comments = data.draw(st.lists(kinds, min_size=len(parts) + 1, max_size=len(parts) + 1).filter(_any))
    value = _commented(parts, comments, form, brackets, data.draw(st.sampled_from(["  ", "    "])))
    file.text = said[:place] + value + said[place + 2 :]
    left = file.copy()
    named = form.named.format(brackets)
    planned = file.rolled_out(named)
    assert planned is not None
    assert (planned.action, planned.decided) == (Action.UPDATE, True), (planned.cause, left.text)
    assert file.plan(named) is None
    inside = str(file.text)[place:].partition(brackets[1])[0]
    assert inside.count("person") == value.count("person")
    assert "ours" not in inside
    assert file.text == left.lived(form.nothing)


def _any(comments: list[str]) -> bool:
    return any(one != "none" for one in comments)


_JSON_LIST = '{\n  "k": []\n}\n'


@pytest.mark.parametrize(
    ("before", "template", "line", "then", "after"),
    [
        (_JSON_LIST, '{"k": ["ours"]}', '"ours"', '{"k": []}', '{\n  "k": [\n    // person\n  ]\n}\n'),
        (_JSON_LIST, '{"k": [{"id": 1}]}', '{"id"', '{"k": []}', '{\n  "k": [\n    // person\n  ]\n}\n'),
        (
            '{\n  "k": {}\n}\n', '{\n"k": {\n"m": {\n"x": 1}}}', '"x"', '{"k": {}}',
            '{\n  "k": {\n    // person\n  }\n}\n',
        ),
        ("{\n}\n", '{"x": 1}', '"x"', "{}", "{\n    // person\n}\n"),
        (
            '{\n  "k": [\n    // theirs\n  ]\n}\n', '{"k": ["ours"]}', '"ours"', '{"k": []}',
            '{\n  "k": [\n    // theirs\n    // person\n  ]\n}\n',
        ),
        (
            '{\n  "k": [],\n  "a": 1\n}\n', '{"k": ["ours"] // why\n}', '"ours"', '{"k": [] // then\n}',
            '{\n  "k": [\n    // person\n  ], // then\n  "a": 1\n}\n',
        ),
    ],
)  # fmt: skip
def test_it_stays_in_json_also_with_comments_beside_it(
    before: str, template: str, line: str, then: str, after: str
) -> None:
    file = Life("x.jsonc", before, FileRule(Mode.MERGE, match=(("k", ("id",)),) if "id" in line else ()))
    text = str(file.lived(template))
    start = text.rindex("\n", 0, text.index(line)) + 1
    file.text = f"{text[:start]}    // person\n{text[start:]}"
    assert file.lived(then) == after
    assert file.plan(then) is None


def test_where_none_can_stand_in_brackets_it_is_named() -> None:
    file = Life("x.toml", "k = {}\na = 1\n", FileRule(Mode.MERGE))
    file.lived("k = {x = [1]}\n")
    file.text = str(file.text).replace("[1]", "[ # person\n1]")
    refused = file.plan("k = {}\n")
    assert refused is not None
    assert refused.cause == "line 1: a comment of others stands in what would go away; move it first"
