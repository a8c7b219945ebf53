"""The order of a list of ours is the template's, as long as nobody else changed it or wrote into it."""

from __future__ import annotations

import pytest

from rollout.model.inventory import FileRule, Mode
from tests.lives import Life

_LISTS = {"x.yaml": "a: [{}]\n", "x.json": '{{"a": [{}]}}\n', "x.toml": "a = [{}]\n"}
_BEFORE = {"x.yaml": "b: 1\n", "x.json": '{"b": 1}\n', "x.toml": "b = 1\n"}


@pytest.mark.parametrize("path", _LISTS)
@pytest.mark.parametrize("mine", [False, True], ids=["created", "merged"])
def test_a_list_of_ours_alone_follows_the_order_of_the_template(path: str, mine: bool) -> None:
    file = Life(path, _BEFORE[path] if mine else None, FileRule(Mode.MERGE))
    for entries in ("1, 2", "2, 1", "2, 3, 1", "0, 2, 3", "3, 2, 0"):
        template = _LISTS[path].format(entries)
        file.rolled_out(template)
        assert f"[{entries}]" in (file.text or "")
        assert file.plan(template) is None
    assert file.asked == []


def test_below_each_other_it_does_with_its_comments() -> None:
    file = Life("x.yaml", "k: 0\n", FileRule(Mode.MERGE))
    assert file.lived("a:\n- x # 1\n- y # 2\n", "a:\n- y # 2\n- x # 1\n") == "k: 0\na:\n- y # 2\n- x # 1\n"


@pytest.mark.parametrize("theirs", ["a: [1, 9, 2]\n", "a: [2, 1]\n", "a: [1, 2, 9]\n"])
def test_the_order_of_a_person_stays(theirs: str) -> None:
    file = Life("x.yaml", None, FileRule(Mode.MERGE))
    file.lived("a: [1, 2]\n", f">{theirs}")
    for template in ("a: [2, 1]\n", "a: [1, 2]\n"):
        assert file.plan(template) is None
    file.lived("a: [1, 2]\nz: 0\n")
    assert file.text == f"{theirs}z: 0\n"
    for template in ("a: [2, 1]\nz: 0\n", "a: [1, 2]\nz: 0\n"):
        assert file.plan(template) is None
    template = "a: [1, 2, 3]\nz: 0\n"
    file.lived(template)
    assert file.text == f"{theirs.replace(']', ', 3]')}z: 0\n"
    assert (file.plan(template), file.asked) == (None, [])


def test_a_comment_of_a_person_in_the_list_keeps_its_order() -> None:
    file = Life("x.yaml", None, FileRule(Mode.MERGE))
    assert file.lived("a:\n- 1\n- 2\n", ">a:\n- 1\n# why\n- 2\n", "a:\n- 2\n- 1\n") == "a:\n- 1\n# why\n- 2\n"
