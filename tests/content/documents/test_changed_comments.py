"""A comment that others changed between values that a merge had replaced: when these come back, the order stays."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollout.model.action import Action
from rollout.model.inventory import FileRule, Mode
from tests.first_rows import first_rows
from tests.lives import Life

_NOTHING = {"ini": "", "yaml": "{}\n"}
# By name: what stands above the values, how a value is written, what stands below them, and what a template has there.
_FILES = {
    "a list of INI over a list": ("ini", "[o]\nreqs =\n", "    {}", "x = 1\n", "[o]\nreqs =\n    zz\n    yy\n"),
    "a list of INI over a value": ("ini", "[o]\nreqs =\n", "    {}", "x = 1\n", "[o]\nreqs = zz\n"),
    "a list of YAML over a value": ("yaml", "reqs:\n", "  - {}", "x: 1\n", "reqs: zz\n"),
    "a list of YAML at the margin": ("yaml", "reqs:\n", "- {}", "x: 1\n", "reqs: zz\n"),
    "a list of YAML over an object": ("yaml", "reqs:\n", "  - {}", "x: 1\n", "reqs:\n  zz: 1\n  yy: 2\n"),
    "an object of YAML over a list": ("yaml", "reqs:\n", "  {}: 1", "x: 1\n", "reqs:\n  - zz\n  - yy\n"),
    "a list of YAML over a text": ("yaml", "reqs:\n", "- {}", "x: 1\n", "reqs: |\n  zz\n  yy\n"),
}


class _Others:
    """What others have in one of these files."""

    def __init__(self, name: str) -> None:
        self.format, self.head, self.value, self.rest, self.template = _FILES[name]
        self.margin = self.value[: len(self.value) - len(self.value.lstrip())]

    def told(self, lines: Sequence[str], newline: str = "\n") -> str:
        """Return the file with values and comments, each on its line."""
        written = (self.margin + line if line[0] == "#" else self.value.format(line) for line in lines)
        return (self.head + "".join(f"{line}\n" for line in written) + self.rest).replace("\n", newline)

    def life(self, lines: Sequence[str], newline: str = "\n") -> Life:
        """Return the life of the file once a template replaced its values."""
        file = Life(f"f.{self.format}", self.told(lines, newline), FileRule(Mode.MERGE))
        file.lived(self.template)
        return file

    def given_back(self, file: Life) -> str:
        planned = file.rolled_out(_NOTHING[self.format])
        assert planned is not None
        assert planned.action is not Action.ERROR, planned.cause
        return file.text or ""


_HAD = ["# one", "aa", "# two", "bb", "cc"]
_CHANGES = [
    ("{0}# one\n", "{0}# uno\n", ["# uno", "aa", "# two", "bb", "cc"]),
    ("{0}# two\n", "{0}# due\n", ["# one", "aa", "# due", "bb", "cc"]),
    ("{0}# one\n{0}# two\n", "{0}# uno\n{0}# due\n", ["# uno", "aa", "# due", "bb", "cc"]),
    ("{0}# one\n", "{0}# new\n{0}# one\n", ["# new", "# one", "aa", "# two", "bb", "cc"]),
    ("{0}# one\n", "{0}# new\n{0}# uno\n", ["# new", "# uno", "aa", "# two", "bb", "cc"]),
    ("{0}# two\n", "{0}# new\n{0}# two\n", ["# one", "aa", "# new", "# two", "bb", "cc"]),
    ("{0}# two\n", "{0}# two\n{0}# new\n", ["# one", "aa", "# two", "bb", "cc", "# new"]),
    ("{0}# one\n", "", ["aa", "# two", "bb", "cc"]),
    ("{0}# two\n", "", ["# one", "aa", "bb", "cc"]),
    ("{0}# one\n{0}# two\n", "{0}# two\n{0}# one\n", _HAD),
]


@first_rows(1, "newline", ["\n", "\r\n"])
@pytest.mark.parametrize("name", _FILES)
@pytest.mark.parametrize(("there", "then", "back"), _CHANGES)
def test_values_and_comments_come_back_in_their_order(
    name: str, there: str, then: str, back: list[str], newline: str
) -> None:
    others = _Others(name)
    file = others.life(_HAD, newline)
    one, other = (text.format(others.margin).replace("\n", newline) for text in (there, then))
    assert one in (file.text or "")
    file.text = (file.text or "").replace(one, other)
    assert others.given_back(file) == others.told(back, newline)


@given(st.data())
@pytest.mark.parametrize("name", _FILES)
def test_no_comment_and_no_value_passes_another(name: str, data: st.DataObject) -> None:
    others, numbers = _Others(name), count()
    kinds = data.draw(st.lists(st.sampled_from(["v", "#"]), min_size=1, max_size=8))
    had = [f"{kind} n{next(numbers)}" if kind == "#" else f"{kind}{next(numbers)}" for kind in kinds] + ["last"]
    file = others.life(had)
    lines = (file.text or "").splitlines(keepends=True)
    changed = [line for one in lines for line in _changed(data, one, others.margin, numbers)]
    file.text = "".join(changed)
    there, now = _comments(changed), [line.strip() for line in others.given_back(file).splitlines(keepends=True)]
    assert [line for line in now if line[:1] == "#"] == there
    kept = [line.strip() for line in others.told(had).splitlines() if line.strip()[0] != "#" or line.strip() in there]
    assert [line for line in now if line in kept] == kept


def _changed(data: st.DataObject, line: str, margin: str, numbers: count[int]) -> list[str]:
    """Return what a person makes of a line: a comment is changed, taken out, or gets a new one above it."""
    if line.strip()[:1] != "#":
        return [line]
    new = f"{margin}# m{next(numbers)}\n"
    return data.draw(st.sampled_from([[line], [line], [new], [], [new, line]]))


def _comments(lines: Sequence[str]) -> list[str]:
    return [line.strip() for line in lines if line.strip()[:1] == "#"]


@pytest.mark.parametrize("name", _FILES)
@pytest.mark.parametrize("change", ["# two\n", "# one\n", "# one\n{0}# two\n"])
def test_one_that_stood_below_already_stays_below(name: str, change: str) -> None:
    others = _Others(name)
    others.rest = f"{others.margin}# about x\n{others.rest}"
    file = others.life(_HAD)
    file.text = (file.text or "").replace(others.margin + change.format(others.margin), "")
    gone = change.format("").split("\n")
    assert others.given_back(file) == others.told([line for line in _HAD if line not in gone])


def test_of_two_alike_the_one_that_is_left_stands_where_it_stood() -> None:
    others = _Others("a list of YAML over a value")
    file = others.life(["# same", "aa", "# two", "bb", "# same", "cc"])
    file.text = (file.text or "").replace("  # same\n", "", 1)
    assert others.given_back(file) == others.told(["aa", "# two", "bb", "# same", "cc"])


def test_one_behind_a_value_is_changed_there() -> None:
    before = "reqs:\n  - aa # one\n  - bb # two\nx: 1\n"
    file = Life("f.yaml", before, FileRule(Mode.MERGE))
    file.text = (file.lived("reqs: zz\n") or "").replace("# one", "# uno")
    assert file.lived("{}\n") == before.replace("# one", "# uno")


_AROUND = "[o]\nreqs =\n    # one\n    aa\n    # two\n    bb\n    cc\n"
_OURS = "[o]\nreqs =\n    zz\n    aa\n    bb\n    cc\n    yy\n"


@pytest.mark.parametrize(
    ("there", "then", "back"),
    [
        ("    # one\n", "    # uno\n", _AROUND.replace("# one", "# uno")),
        ("    # two\n", "    # new\n    # two\n", _AROUND.replace("    # two\n", "    # new\n    # two\n")),
        ("    # two\n", "    # two\n    # new\n", _AROUND.replace("    # two\n", "    # two\n    # new\n")),
        ("    # one\n", "", _AROUND.replace("    # one\n", "")),
        ("    cc\n", "    # new\n    cc\n", _AROUND.replace("    cc\n", "    # new\n    cc\n")),
        ("    yy\n", "    # new\n    yy\n", _AROUND + "    # new\n"),
        ("    yy\n", "    yy\n    # new\n", _AROUND + "    # new\n"),
    ],
)
def test_one_inside_our_value_stays_at_the_lines_that_others_had_too(there: str, then: str, back: str) -> None:
    file = Life("f.ini", _AROUND + "x = 1\n", FileRule(Mode.MERGE))
    file.text = (file.lived(_OURS) or "").replace(there, then)
    assert file.lived("") == back + "x = 1\n"


@pytest.mark.parametrize(
    ("there", "then", "back"),
    [
        ("  - zz\n", "  # new\n  - zz\n", ["# new", *_HAD]),
        ("  - yy\n", "  # new\n  - yy\n", ["# new", *_HAD]),
        ("  - yy\n  # one\n", "  # one\n  - yy\n", _HAD),
        ("  - yy\n  # one\n", "  # uno\n  - yy\n", ["# uno", *_HAD[1:]]),
    ],
)
def test_one_between_entries_of_ours_comes_back_once(there: str, then: str, back: list[str]) -> None:
    others = _Others("an object of YAML over a list")
    file = others.life(_HAD)
    file.text = (file.text or "").replace(there, then)
    assert others.given_back(file) == others.told(back)


@pytest.mark.parametrize(
    ("path", "before", "template", "nothing"),
    [
        ("f.toml", "a = [\n  # one\n  1,\n  # two\n  2,\n]\n", "a = 3\n", ""),
        ("f.jsonc", '{\n  "a": [\n    // one\n    1,\n    // two\n    2\n  ]\n}\n', '{"a": 3}', "{}"),
        ("f.yaml", "a: [\n  # one\n  1,\n  # two\n  2,\n]\n", "a: 3\n", "{}\n"),
    ],
)
def test_a_list_between_brackets_with_comments_is_not_replaced(
    path: str, before: str, template: str, nothing: str
) -> None:
    file = Life(path, before, FileRule(Mode.MERGE))
    planned = file.rolled_out(template)
    assert planned is not None
    assert planned.action is Action.ERROR
    assert planned.cause.endswith("a comment of others stands in what would go away; move it first")
    file.text = before.replace("one", "uno")
    assert file.lived(nothing) == before.replace("one", "uno")
