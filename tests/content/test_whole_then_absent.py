"""A file that was only ever written whole is rollout's, whatever its templates said between."""

from __future__ import annotations

from itertools import product

import pytest

from rollout.model.inventory import FileRule, Mode
from tests.content.places import shared
from tests.lives import Life
from tests.world import World

_LIVES = {  # what others had, and three templates
    "x.json": ('{"o": {"p": 1}}\n', '{"o": {"p": 1} }\n', '{"o": null}\n', '{"q": 2}\n'),
    "x.yaml": ("o:\n  p: 1\n", "o: {p: 1}\n", "o:\n", "q: 2\n"),
    "x.toml": ("a = 1\nb = 2\n", "a = 1\nb = 2\n# c\n", "a = 1\n", "q = 1\n"),
    "x.ini": ("[s]\na = 1\nb = 2\n", "[s]\na = 1\nb = 2\n# c\n", "[s]\na = 1\n", "[q]\nr = 1\n"),
    "x.md": ("one\ntwo\n", "one\ntwo\nthree\n", "one\n", "four\n"),
}


def _absent(path: str, before: str | None, *templates: str) -> tuple[Life, str]:
    """Return a file of mode `whole` after its templates, and what `absent` says then."""
    file = Life(path, before, FileRule(Mode.WHOLE))
    file.lived(*templates)
    file.rule = FileRule(Mode.ABSENT)
    planned = file.plan("")
    return file, "left alone" if planned is None else f"{planned.action}: {planned.cause}"


@pytest.mark.parametrize("path", _LIVES)
def test_templates_that_come_back_do_not_make_it_a_merged_one(path: str) -> None:
    before, first, *_ = _LIVES[path]
    for templates in product(_LIVES[path][1:], repeat=3):
        for there in (before, None):
            once = _absent(path, there, first)
            file, said = _absent(path, there, *templates)
            assert said == once[1], (there, templates)
            file.rolled_out("")
            assert file.text is None


@pytest.mark.parametrize("kind", ["branch", "folder"])
def test_it_goes_with_all_it_says_on_disk_and_upstream(world: World, kind: str) -> None:
    before, first, then, _ = _LIVES["x.json"]
    there, head = shared(world, kind, "x.json", before)
    world.tail = head
    for text in (first, then, first):
        world.template("project/x.json", text)
        assert world.run("apply", "--yes", "--adopt").code == 0
    world.tail = f"{head}files: {{x.json: {{mode: absent}}}}\n"
    assert "x.json  the inventory wants it absent; others had one here" in world.run("plan").out
    assert world.run("apply", "--yes", "--adopt").code == 0
    assert not there.exists()
