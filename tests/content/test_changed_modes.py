"""A path that gets another mode: what we wrote in the old one is known in the new one."""

from __future__ import annotations

import pytest

from rollout.model.inventory import FileRule, Mode
from tests.lives import Life

_DOCUMENTS = {
    "v.yml": ("t: 1\n", "a: 1\n", "a: 1\nb: 2\n", "{}\n"),
    "v.toml": ("t = 1\n", "[a]\nb = 1\n", "[a]\nb = 1\nc = 2\n", ""),
    "v.ini": ("[t]\nx=1\n", "[a]\nb=1\n", "[a]\nb=1\nc=2\n", ""),
}


@pytest.mark.parametrize("end", ["\n", ""])
@pytest.mark.parametrize("path", _DOCUMENTS)
def test_a_block_that_is_merged_from_now_on_loses_both_its_markers_with_the_first_change(path: str, end: str) -> None:
    before, first, then, nothing = _DOCUMENTS[path]
    before = before.removesuffix("\n") + end
    file = Life(path, before, FileRule(Mode.BLOCK))
    block = file.lived(first)
    file.rule = FileRule(Mode.MERGE)
    assert file.plan(first) is None
    merged = Life(path, before, FileRule(Mode.MERGE))
    assert "rollout:" not in str(file.lived(then))
    assert file.lived(nothing) == before
    file.rule = FileRule(Mode.BLOCK)
    assert file.lived(first) == block
    assert merged.lived(first, nothing) == before


def test_a_block_of_others_stays_marked_when_a_document_is_merged() -> None:
    theirs = "t: 1\n# rollout:begin theirs\nx: 1\n# rollout:end theirs\n"
    file = Life("v.yml", theirs, FileRule(Mode.MERGE))
    assert theirs in str(file.lived("a: 1\n"))
    assert file.lived("{}\n") == theirs
