"""What a person decided about a file, and what is theirs, is remembered alike of a branch and of a shared folder."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.first_rows import first_rows
from tests.little_documents import PATHS, document
from tests.world import World

_FORMATS = pytest.mark.parametrize("name", PATHS)


class Both:
    """One file on a branch and in a shared folder, whose template changes, and which a person changes in both."""

    def __init__(self, world: World, name: str, mode: str, there: str) -> None:
        self.world, self.name = world, name
        (world.root / "templates/project/conf.txt.j2").unlink()
        self.rule(mode)
        world.bare_repo("api")
        self.shared.parent.mkdir()
        self.person(there)

    @property
    def shared(self) -> Path:
        return self.world.root / "shared" / self.name

    def rule(self, mode: str) -> None:
        self.world.tail = f"files: {{{self.name}: {{mode: {mode}}}}}\n"
        self.world.tail += "folders: {notes: {path: shared, templates: [project]}}\n"

    def person(self, text: str) -> None:
        self.shared.write_text(text)
        self.world.elsewhere("api", {self.name: text})

    def applied(self, template: str, *options: str) -> None:
        self.world.template(f"project/{self.name}", template)
        self.world.run("apply", "--yes", *options)

    def text(self) -> str:
        """Return what is in both, which is the same."""
        there = self.shared.read_text()
        assert self.world.at("api", self.name) == there
        return there


@_FORMATS
@first_rows(1, "kept", [True, False])
def test_a_value_whose_key_was_dropped_comes_back_when_ours_was_written_over_it_anew(
    world: World, name: str, kept: bool
) -> None:
    both = Both(world, name, "merge", document(name, 8))
    both.applied(document(name, 1), "--adopt")
    both.person(document(name, 5))
    if kept:
        both.applied(document(name, 1), "--on-drift", "keep")
    both.applied(document(name))
    assert both.text() == document(name, 5)
    both.applied(document(name, 2), "--adopt")
    assert both.text() == document(name, 2)
    both.applied(document(name))
    assert both.text() == document(name, 5)


@_FORMATS
def test_it_comes_back_where_another_machine_drops_the_key(world: World, name: str) -> None:
    both = Both(world, name, "merge", document(name, 8))
    both.applied(document(name, 1), "--adopt")
    both.person(document(name, 5))
    both.applied(document(name))
    both.applied(document(name, 2), "--adopt")
    shutil.rmtree(os.environ["ROLLOUT_STATE_DIR"])
    both.applied(document(name))
    assert world.at("api", name) == document(name, 5)


_WAYS = [(name, "merge", tuple(document(name, b) for b in (8, 1, 5, None))) for name in PATHS]
_WAYS += [("x.txt", "whole", ("had\n", "ours\n", "theirs\n", "theirs\n"))]
_BLOCK = ("x.md", "block", ("had\n", "ours\n", "theirs\n", "theirs\n"))


@first_rows(3, ("name", "mode", "texts"), [*_WAYS, _BLOCK])
def test_what_was_kept_stays_while_the_template_asks_for_that_also_when_it_did_not_in_between(
    world: World, name: str, mode: str, texts: tuple[str, ...]
) -> None:
    had, ours, theirs, less = texts
    both = Both(world, name, mode, had)
    both.applied(ours, "--adopt")
    changed = both.text().replace(ours, theirs)
    both.person(changed)
    both.applied(ours, "--on-drift", "keep")
    both.applied(less)
    both.applied(ours, "--adopt")
    assert both.text() == changed
    assert world.run("verify").code == 0


@first_rows(3, ("name", "mode", "texts"), _WAYS)
def test_what_was_reverted_stays_so_while_the_template_asks_for_that_also_when_it_did_not_in_between(
    world: World, name: str, mode: str, texts: tuple[str, ...]
) -> None:
    had, ours, *_ = texts
    both = Both(world, name, mode, had)
    both.applied(ours, "--adopt")
    world.run("revert", world.last_run(), "--yes")
    assert both.text() == had
    both.applied(had)
    both.applied(ours, "--adopt")
    assert both.text() == had
