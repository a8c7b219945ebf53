"""A list that says an entry several times, as the options of a command do."""

from __future__ import annotations

import pytest

from rollout.model.inventory import FileRule, Mode
from tests.lives import Life

_TEMPLATES = {
    "x.yaml": ("run: [{}]\n", "n: 1\n# end\n", "{}\n"),
    "x.toml": ("run = [{}]\n", "n = 1\n# end\n", ""),
    "x.json": ('{{"run": [{}]}}\n', '{"n": 1}\n', "{}\n"),
}


@pytest.mark.parametrize("path", _TEMPLATES)
def test_a_list_of_ours_alone_says_each_entry_as_often_as_it_is_named(path: str) -> None:
    template, before, nothing = _TEMPLATES[path]
    file = Life(path, before, FileRule(Mode.MERGE))
    for words in ('"-x", "a"', '"-x", "a", "-x", "b"', '"-x", "b"', '"-x", "b", "-x"'):
        file.rolled_out(template.format(words))
        assert f"[{words}]" in (file.text or "")
        assert file.plan(template.format(words)) is None
    assert (file.lived(nothing), file.asked) == (before, [])


def test_below_each_other_too() -> None:
    file = Life("x.yaml", "n: 1\n", FileRule(Mode.MERGE))
    options = "run:\n  - -x\n  - a\n"
    assert file.lived(options, f"{options}  - -x\n  - b\n") == f"n: 1\n{options}  - -x\n  - b\n"


@pytest.mark.parametrize(
    ("person", "after"),
    [
        ('run: ["-x", "a", "mine"]\n', 'run: ["-x", "a", "mine", "b"]\n'),
        ("run:\n  - -x\n  # why\n  - a\n", 'run:\n  - -x\n  # why\n  - a\n  - "b"\n'),
    ],
)
def test_what_a_person_put_into_it_stays_and_only_what_is_new_comes_to_it(person: str, after: str) -> None:
    file, options = Life("x.yaml", "n: 1\n", FileRule(Mode.MERGE)), 'run: ["-x", "a", "-x", "b"]\n'
    assert file.lived('run: ["-x", "a"]\n', f">n: 1\n{person}", options) == f"n: 1\n{after}"
    assert (file.plan(options), file.asked) == (None, [])


def test_another_order_of_a_person_is_not_changed_unasked() -> None:
    file, options = Life("x.yaml", "n: 1\n", FileRule(Mode.MERGE)), 'run: ["-x", "a", "-x", "b"]\n'
    assert file.lived('run: ["-x", "a"]\n', '>n: 1\nrun: ["a", "-x"]\n', options) == f"n: 1\n{options}"
    assert (file.plan(options), file.asked) == (None, ["adopt"])
    file.text = 'n: 1\nrun: ["-x", "b", "-x", "a"]\n'
    assert file.plan(options) is None
