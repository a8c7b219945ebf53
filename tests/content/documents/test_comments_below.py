"""Comments of a template below the last line of a value stand there in the file, too, and go where that goes."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from rollout.model.inventory import FileRule, Mode
from tests.first_rows import first_rows
from tests.lives import Life

_TEST = "  test:\n    steps:\n      - run: make\n      # - run: lint   # when it is green\n"
_DEPLOY = "  deploy:\n    steps:\n      - run: ship\n"
# For each file: what others have, and two values of a template, each with comments below what is in it.
_FILES = {
    "deep.yaml": ("on: push\njobs:\n  a: {}\n", "jobs:\n", _TEST, _DEPLOY),
    "parted.yaml": ("z: 1\n", "", "l:\n  d:\n    - x\n    # - y\n\n  # e: 1\n", "r:\n  t: 5\n  # u: 6\n\n"),
    "entries.yaml": ("s:\n  - b: 1\n", "s:\n", "  - c: 1\n    # x: 1\n", "  - w:\n      x: 1\n      # y: 2\n    e:\n"),
    "texts.yaml": ("z: 1\n", "", "l:\n  - |\n    text\n\n    more\n  # - r\n", "m:\n  k: >-\n    text\n  # n: 1\n"),
    "x.jsonc": ('{\n  "z": 1\n}\n', "", '  "a": {\n    "k": 1\n    // b\n  }', '  "l": [\n    1\n    // y\n  ]'),
    "empty.jsonc": ('{\n  "z": 1\n}\n', "", '  "a": {\n    // was\n  }', '  "l": [\n    // "y"\n  ]'),
}  # fmt: skip


def _template(path: str, *values: str) -> str:
    if path.endswith(".jsonc"):
        return "{\n" + ",\n".join(values) + "\n}\n"
    return _FILES[path][1] + "".join(values) if values else "{}\n"


def _file(path: str, *values: str) -> str:
    before = _FILES[path][0]
    if path.endswith(".jsonc"):
        return before.replace("\n}", "".join(f",\n{value}" for value in values) + "\n}")
    return before + "".join(values).replace("\n\n  #", "\n  #").replace("6\n\n", "6\n")


def _life(path: str, newline: str = "\n") -> Life:
    return Life(path, _FILES[path][0].replace("\n", newline), FileRule(Mode.MERGE))


@first_rows(1, "newline", ["\n", "\r\n"])
@pytest.mark.parametrize("path", _FILES)
def test_they_come_and_go_with_the_value_that_they_are_in(path: str, newline: str) -> None:
    _, _, one, other = _FILES[path]
    for steps in ([one], [one, other], [one], [other], [other, one], [one], []):
        file = _life(path, newline)
        for values in ([one, other], steps, [one, other]):
            template = _template(path, *values)
            file.rolled_out(template)
            assert file.plan(template) is None
            if values is steps and steps != [other, one]:
                assert file.text == _file(path, *values).replace("\n", newline)
        assert file.lived(_template(path)) == _life(path, newline).text
        assert file.asked == []


_LISTS = {
    "x.yaml": ("z: 1\n", "k:\n{}", "  - {}\n", "  # {}\n"),
    "flat.yaml": ("z:\n- 1\n", "k:\n{}", "- {}\n", " # {}\n"),
    "filled.yaml": ("z: 1\nk: []\n", "k:\n{}", "  - {}\n", "  # {}\n"),
    "taken.yaml": ("z: 1\nk: 5\n", "k:\n{}", "  - {}\n", "  # {}\n"),
    "x.jsonc": ('{\n  "z": 1\n}\n', '  "k": [\n{}  ]', '    "{}"', "    // {}\n"),
}


def _list(path: str, entries: str, comments: Sequence[str]) -> str:
    _, around, entry, comment = _LISTS[path]
    comma = ",\n" if path.endswith(".jsonc") else ""
    lines = comma.join(entry.format(one) for one in entries) + "\n" * bool(comma)
    return around.format(lines + "".join(comment.format(one) for one in comments))


def _rolled_out(file: Life, value: str) -> None:
    value = "{\n" + value + "\n}\n" if file.path.endswith(".jsonc") else value
    value = value.replace("\n- ", "\n  - ").replace("\n #", "\n  #") if file.path == "flat.yaml" else value
    file.rolled_out(value)
    assert file.plan(value) is None


@pytest.mark.parametrize("path", _LISTS)
def test_they_follow_the_template(path: str) -> None:
    file = Life(path, _LISTS[path][0], FileRule(Mode.MERGE))
    for entries, comments in [("a", "x"), ("ab", "x"), ("ab", "xy"), ("b", "y"), ("c", "z"), ("c", ""), ("cd", "xz")]:
        _rolled_out(file, value := _list(path, entries, comments))
        assert file.text is not None
        assert file.text.endswith(value + ("\n}\n" if path.endswith(".jsonc") else ""))
    assert file.lived("{}\n") == _LISTS[path][0]


@pytest.mark.parametrize("path", _LISTS)
def test_one_of_a_person_among_them_stays(path: str) -> None:
    file = Life(path, _LISTS[path][0], FileRule(Mode.MERGE))
    mine = _LISTS[path][3].format("mine")
    _rolled_out(file, _list(path, "ab", "x"))
    file.text = str(file.text).replace(_list(path, "ab", "x"), _list(path, "ab", ("mine", "x")))
    for entries, comments in [("ab", "y"), ("bc", "y"), ("c", "z")]:
        _rolled_out(file, _list(path, entries, comments))
        assert mine in str(file.text)
    assert mine.strip() in str(file.lived("{}\n"))


def test_a_comment_below_a_block_of_others_is_not_above_our_key() -> None:
    others = "jobs:\n  test:\n    steps:\n      - run: make\n      # - run: lint\n"
    file = Life("x.yaml", others, FileRule(Mode.MERGE))
    assert file.lived("jobs:\n  # why\n  deploy: 1\n") == others + "  # why\n  deploy: 1\n"
    assert file.lived("jobs:\n  deploy: 1\n") == others + "  deploy: 1\n"
    assert file.lived("{}\n") == others
