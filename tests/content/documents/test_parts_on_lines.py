"""Lists between brackets whose entries stand now on lines of their own, now beside others: ours go, new ones come."""

from __future__ import annotations

import pytest

from rollout.model.inventory import FileRule, Mode
from tests.lives import Life

_FORMATS = {"x.toml": ("l = ", "\n"), "x.jsonc": ('{"l": ', "}\n"), "x.yaml": ("l: ", "\n")}

# What the list was written as, what a person made of it, and what becomes of that with [] and with [7, 8].
_LISTS = [
    ('["x", 1, []]', '[ "x",\n    1,\n    [],\n]', "[ [],\n]", "[ [],\n    7,\n    8,\n]", "[[], 7, 8]"),
    ("[1, 2, 3]", "[ 0,\n    1,\n    2,\n  3]", "[ 0]", "[ 0,\n    7,\n    8]", None),
    ("[1, 2]", "[ 0, # mine\n    1,\n  2]", "[ 0 # mine\n]", "[ 0, # mine\n    7,\n    8]", None),
    ("[1, 3]", "[ 0, # mine\n    1,\n  3,]", "[ 0, # mine\n]", "[ 0, # mine\n    7,\n    8,]", None),
    ("[1, 2, 3]", "[\n  0,\n  1, 2, # mine\n  3\n]", "[\n  0 # mine\n]", "[\n  0,\n  7,\n  8 # mine\n]", None),
    ("[1, 2, 3]", "[\n  0, 1,\n  # mine\n  2, 3\n]", "[\n  0\n  # mine\n]", "[\n  0, 7, 8\n  # mine\n]", None),
    ("[1]", "[0 # mine\n, 1]", "[0 # mine\n]", "[0 # mine\n, 7\n, 8\n]", None),
    ("[1]", "[1, 0 # mine\n,]", "[0 # mine\n,]", "[0 # mine\n, 7, 8,]", None),
    ("[1, 2]", "[0,\n  1, # mine\n 2\n]", "[0\n  # mine\n]", None, None),
]  # fmt: skip


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("path", _FORMATS)
@pytest.mark.parametrize(("first", "there", "emptied", "filled", "says"), _LISTS)
def test_entries_of_ours_go_from_among_those_of_others(
    first: str, there: str, emptied: str, filled: str | None, says: str | None, path: str, newline: str
) -> None:
    before, behind = _FORMATS[path]

    def written(value: str) -> str:
        said = f"{before}{value}{behind}".replace("\n", newline)
        return said.replace("#", "//") if path == "x.jsonc" else said

    file = Life(path, None, FileRule(Mode.MERGE))
    file.rolled_out(written(first))
    file.text = written(there)
    keeps = "[[]]" if says else "[]"
    for template, after in ((keeps, emptied), (says or "[7, 8]", filled)):
        life = file.copy()
        life.rolled_out(written(template))
        assert after is None or life.text == written(after)
        assert (life.asked, life.plan(written(template))) == ([], None)
