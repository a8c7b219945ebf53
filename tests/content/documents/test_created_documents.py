"""A document that nobody had before rollout wrote it: whatever the template says next, it is written, and ends so."""

from __future__ import annotations

import itertools

import pytest

from rollout.model.action import Action
from rollout.model.inventory import FileRule, Mode
from tests.first_rows import first_rows
from tests.lives import Life

_STEPS = {
    "x.yaml": ("a: 1\n", "a: 2\n", "a: 2\nb:\n  c: 3\n", "b:\n  c: 3\n  d: |\n    text\n", "b: {c: 3}\ne: 4\n"),
    "x.toml": ("a = 1\n", "a = 2\n", "a = 2\n[b]\nc = 3\n", "[b]\nc = 3\nd = [\n  4,\n]\n", "e = 5\n"),
    "x.ini": ("[a]\nb=1\n", "[a]\nb=2\n", "[a]\nb=2\nc=3\n", "[a]\nc=3\n[d]\ne=4\n", "[d]\ne=5\n"),
    "x.json": ('{"a": 1}\n', '{"a": 2}\n', '{"a": 2, "b": {"c": 3}}\n', '{"b": {"c": 3}, "d": [4]}\n', '{"e": 5}\n'),
}


@first_rows(1, "before", [None, "", "  "], ids=["missing", "empty", "blank"])
@pytest.mark.parametrize("path", _STEPS)
def test_the_last_line_end_stays(path: str, before: str | None) -> None:
    for one, other in itertools.permutations(_STEPS[path], 2):
        file = Life(path, before, FileRule(Mode.MERGE))
        assert file.lived(one) == one
        text = file.lived(other)
        assert text is not None
        assert (text[-1:], text[-2:] == "\n\n") == ("\n", False), (one, other)
        assert file.plan(other) is None, (one, other)
        assert (file.lived(one) or "").endswith("\n"), (one, other)


@pytest.mark.parametrize("path", _STEPS)
def test_it_gives_way_to_one_that_says_nothing_of_it(path: str) -> None:
    for one, other in itertools.permutations(_STEPS[path], 2):
        file = Life(path, None, FileRule(Mode.MERGE))
        file.lived(one.replace("\n", "\r\n"))
        planned = file.rolled_out(other)
        assert planned is None or planned.action is not Action.ERROR, planned and planned.cause
        assert file.plan(other) is None, (one, other)
        assert "\n" not in (file.text or "").replace("\r\n", ""), (one, other)


@pytest.mark.parametrize("path", _STEPS)
def test_it_stays_where_a_person_added_to_it(path: str) -> None:
    first, second, *_ = _STEPS[path]
    mark = "// theirs\n" if path == "x.json" else "# theirs\n"
    file = Life("x.jsonc" if path == "x.json" else path, None, FileRule(Mode.MERGE))
    assert file.lived(first, f">{mark}{first}", second) == f"{mark}{second}"


def test_a_file_that_was_emptied_is_one_that_nobody_had() -> None:
    file = Life("x.yaml", "# theirs\nz: 1", FileRule(Mode.MERGE))
    file.lived("a: |\n  text\n", ">", "a: 1\n")
    assert file.lived("a: 1\nb: 2\n") == "a: 1\nb: 2\n"


_PARTED = {
    "x.yaml": ("a: 1\n", "# on b\nb:\n  c: 3\n\n  d: 4\n", "e: |\n  text\n", "f:\n  - 1\n\n  - 2\n"),
    "x.toml": ("a = 1\n", "# on b\nb = 2\n", "e = [\n  1,\n]\n", "[f]\ng = 1\n\nh = 2\n"),
    "x.ini": ("[a]\nb=1\n", "# on c\n[c]\nd=1\n\ne=2\n", "[f]\ng=1\n", "[h]\ni=1\n"),
}
_FEWER = [(path, kept) for path in _PARTED for count in range(5) for kept in itertools.combinations(range(4), count)]


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
@pytest.mark.parametrize(("path", "kept"), _FEWER)
def test_a_key_goes_with_the_blank_lines_that_parted_it_from_the_others(
    path: str, kept: tuple[int, ...], ends: str
) -> None:
    parts = [part.replace("\n", ends) for part in _PARTED[path]]
    file = Life(path, None, FileRule(Mode.MERGE))
    file.lived(ends.join(parts))
    left = ends.join(parts[number] for number in kept)
    assert file.lived(left or {"x.yaml": "{}\n"}.get(path, "")) == left


@pytest.mark.parametrize("path", ["x.yaml", "x.toml"])
def test_blank_lines_of_others_stay_where_a_key_goes(path: str) -> None:
    one, two, own = (f"{key}: 1\n" if path == "x.yaml" else f"{key} = 1\n" for key in ("one", "two", "own"))
    file = Life(path, None, FileRule(Mode.MERGE))
    file.lived(f"{one}\n{two}", f">{one}\n\n{two}\n{own}")
    assert file.lived(one) == f"{one}\n\n{own}"
    theirs = Life(path, f"{own}\n\n", FileRule(Mode.MERGE))
    assert theirs.lived(f"{one}\n{two}", one, "{}\n" if path == "x.yaml" else "") == f"{own}\n\n"


def test_blank_lines_stay_below_a_comment_of_others() -> None:
    file = Life("x.yaml", None, FileRule(Mode.MERGE))
    file.lived("a: 1\n\nb: 1\n", ">a: 1\n\n# mine\nb: 1\n")
    assert file.lived("a: 1\n") == "a: 1\n\n# mine\n"


def test_blank_lines_in_a_text_are_part_of_it() -> None:
    file = Life("x.yaml", None, FileRule(Mode.MERGE))
    file.lived("a: |+\n  text\n\nb: 1\n")
    assert file.lived("a: |+\n  text\n\n") == "a: |+\n  text\n\n"


@pytest.mark.parametrize("name", ["ruff.toml", ".editorconfig"])
@pytest.mark.parametrize("above", ["# a\n", "# a", "# a\n\n", "# a\n\n# b\n", "\n# a\n", "\n\n# a", "# a\n\n\n"])
def test_a_file_of_comments_alone_is_as_it_was_when_all_of_ours_has_gone(name: str, above: str) -> None:
    for order in itertools.permutations(("[b]\nk = 1\n", "a = 1\n\n[b]\nk = 1\n", "a = 1\n\n[c]\n")):
        file = Life(name, above, FileRule(Mode.MERGE))
        for template in order:
            file.lived(template)
            assert file.plan(template) is None
        assert file.lived("") == above
