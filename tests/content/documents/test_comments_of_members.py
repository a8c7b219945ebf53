"""A comment stays with its member where a new one is added: new members are written as their neighbours are."""

from __future__ import annotations

import pytest

from rollout.model.inventory import FileRule, FormatName, Mode
from tests.lives import Life

_CASES = [
    ("x.jsonc", '{\n  "a": 1,\n  /* doc */ "b": 2, // about b\n}\n', '{"c": 1}',
     '{\n  "a": 1,\n  /* doc */ "b": 2, // about b\n  "c": 1,\n}\n'),
    ("x.jsonc", '{\n  /* doc */ "b": 2 // about b\n}\n', '{"c": 1}',
     '{\n  /* doc */ "b": 2, // about b\n  "c": 1\n}\n'),
    ("x.jsonc", '{\n  /* long\n     doc */ "b": 2 // about b\n}\n', '{"c": 1}',
     '{\n  /* long\n     doc */ "b": 2, // about b\n  "c": 1\n}\n'),
    ("x.jsonc", '{ "a": 1, "b": 2 // about b\n}\n', '{"c": 1}', '{ "a": 1, "b": 2, // about b\n  "c": 1\n}\n'),
    ("x.jsonc", '{"a": 1, "b": 2 /* about b */}\n', '{"c": 1}', '{"a": 1, "b": 2 /* about b */, "c": 1}\n'),
    ("x.jsonc", '{"a": 1, "b": 2, /* about b */}\n', '{"c": 1}', '{"a": 1, "b": 2, /* about b */ "c": 1,}\n'),
    ("x.jsonc", '{"a": 1, "b": 2 /* about b */, }\n', '{"c": 1}', '{"a": 1, "b": 2 /* about b */, "c": 1, }\n'),
    ("x.jsonc", '{"l": [1 /* one */, 2 /* two */]}\n', '{"l": [3]}', '{"l": [1 /* one */, 2 /* two */, 3]}\n'),
    ("x.jsonc", '{"l": [\n  /* one */ 1, // I\n  /* two */ 2 // II\n]}\n', '{"l": [3]}',
     '{"l": [\n  /* one */ 1, // I\n  /* two */ 2, // II\n  3\n]}\n'),
    ("x.toml", "l = [ 1, # one\n  2 # two\n]\n", "l = [3]\n", "l = [ 1, # one\n  2, # two\n  3\n]\n"),
    ("x.yaml", "l: [1, # one\n  2 # two\n  ]\n", "l: [3]\n", "l: [1, # one\n  2, # two\n  3\n  ]\n"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "before", "template", "after"), _CASES)
def test_a_comment_stays_with_its_member_when_one_is_added(path: str, before: str, template: str, after: str) -> None:
    file = Life(path, before, FileRule(Mode.MERGE, format=FormatName.JSONC if path.endswith("jsonc") else None))
    assert file.lived(template) == after
    assert file.lived("" if path.endswith("toml") else "{}") == before
