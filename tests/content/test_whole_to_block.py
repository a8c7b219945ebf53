"""A file that was written whole and is a block from then on: the block takes the place of what rollout wrote."""

from __future__ import annotations

import pytest

from rollout.model.action import Action
from rollout.model.inventory import FileRule, Mode
from tests.content.places import pushed, shared
from tests.first_rows import first_rows
from tests.lives import Life
from tests.world import World


@pytest.mark.parametrize("kind", ["branch", "folder"])
def test_a_file_of_others_that_rollout_wrote_whole_becomes_the_block(world: World, kind: str) -> None:
    there, head = shared(world, kind, "a.md", "old\n")
    _written_whole(world, head)
    world.template("project/a.md", "R1\nR3\n")
    world.tail = f"{head}files: {{a.md: {{mode: block, id: r}}}}\n"
    assert world.run("apply", "--yes").code == 0
    assert there.read_text() == _block("R1\nR3\n")


@first_rows(1, "kind", ["branch", "folder"])
@pytest.mark.parametrize("theirs", [None, "old\n"])
@first_rows(1, "template", ["R1\nR2\n", "R1\nR3\n"])
def test_a_whole_file_that_others_changed_is_overwritten_by_the_block_where_it_stands(
    world: World, kind: str, theirs: str | None, template: str
) -> None:
    there, head = shared(world, kind, "a.md", theirs)
    _written_whole(world, head)
    pushed(world, kind, there, "mine\nR1\nR2 bo\n")
    world.template("project/a.md", template)
    world.tail = f"{head}files: {{a.md: {{mode: block, id: r}}}}\n"
    assert world.run("apply", "--yes").code == 4
    assert world.run("apply", "--yes", "--on-drift", "overwrite").code == 0
    assert there.read_text() == f"mine\n{_block(template)}"


@pytest.mark.parametrize("theirs", [None, "old\n"])
def test_where_it_is_not_clear_what_is_left_of_a_whole_file_no_block_is_written(
    world: World, theirs: str | None
) -> None:
    there, head = shared(world, "folder", "a.md", theirs)
    _written_whole(world, head)
    there.write_text("R1\nwords of others\nR2\n")
    world.template("project/a.md", "R1\nR3\n")
    world.tail = f"{head}files: {{a.md: {{mode: block, id: r}}}}\n"
    assert world.run("apply", "--yes", "--on-drift", "overwrite").code != 0
    assert "put the lines <!-- rollout:begin r --> and" in world.run("plan", "--on-drift", "overwrite").out
    assert there.read_text() == "R1\nwords of others\nR2\n"


@pytest.mark.parametrize("kind", ["branch", "folder"])
def test_where_nothing_can_be_written_nothing_is_shown_and_only_keep_is_offered(world: World, kind: str) -> None:
    there, head = shared(world, kind, "a.md", None)
    _written_whole(world, head)
    theirs = "R1\nwords of others\nR2\n"
    pushed(world, kind, there, theirs)
    world.tail = f"{head}files: {{a.md: {{mode: block, id: r}}}}\n"
    planned = world.run("plan", "--out", str(world.root / "p.json"))
    assert "a.md in" in planned.out
    assert ": stays as it is" in planned.out
    assert "+R1" not in planned.out
    assert "--on-drift keep" in planned.out
    assert "overwrite" not in planned.out
    for decision in ("overwrite", "merge"):
        for what in ([], [str(world.root / "p.json")]):
            assert world.run("apply", *what, "--yes", "--on-drift", decision).code in {3, 4}
    assert world.run("apply", "--yes", "--on-drift", "keep").code == 0
    assert world.run("plan", "--json").states().popitem()[1] == "in-sync"
    assert (there.read_text() if kind == "folder" else world.at("api", "a.md")) == theirs


@pytest.mark.parametrize("kind", ["branch", "folder"])
def test_what_a_revert_gave_back_to_others_does_not_become_the_block(world: World, kind: str) -> None:
    there, head = shared(world, kind, "a.md", "old\n")
    _written_whole(world, head)
    run = world.last_run()
    assert world.run("revert", run, "--yes").code == 0
    world.template("project/a.md", "R1\nR3\n")
    world.tail = f"{head}files: {{a.md: {{mode: block, id: r}}}}\n"
    assert world.run("apply", "--yes").code == 4
    assert world.run("apply", "--yes", "--adopt").code == 0
    assert there.read_text() == "old\n\n" + _block("R1\nR3\n")


@pytest.mark.parametrize("kind", ["branch", "folder"])
def test_what_others_had_and_a_template_said_again_does_not_become_the_block(world: World, kind: str) -> None:
    there, head = shared(world, kind, "a.md", "old\n")
    _written_whole(world, head)
    world.template("project/a.md", "old\n")
    assert world.run("apply", "--yes").code == 0
    world.template("project/a.md", "R1\nR3\n")
    world.tail = f"{head}files: {{a.md: {{mode: block, id: r}}}}\n"
    assert world.run("apply", "--yes", "--adopt").code == 0
    assert there.read_text() == "old\n\n" + _block("R1\nR3\n")


def _block(text: str) -> str:
    return f"<!-- rollout:begin r -->\n{text}<!-- rollout:end r -->\n"


def _written_whole(world: World, head: str) -> None:
    world.tail = head
    world.template("project/a.md", "R1\nR2\n")
    assert world.run("apply", "--yes", "--adopt").code == 0


@pytest.mark.parametrize("mode", [Mode.WHOLE, Mode.ONCE])
@pytest.mark.parametrize("path", ["R.md", "x.yaml"])
def test_a_text_that_stands_there_does_not_hide_what_else_of_ours_does(path: str, mode: Mode) -> None:
    file = Life(path, None, FileRule(mode))
    file.lived("a: 1\nb: 1\n", ">a: 1\nmine: 1\nb: 1\n")
    file.rule = FileRule(Mode.BLOCK)
    refused = file.plan("a: 1\n")
    assert refused is not None
    assert refused.action is Action.DRIFT
    assert "others changed it; line 1: rollout's text, which has no markers there, was changed" in refused.cause
    assert "put the lines" in refused.cause
    file.text = "a: 1\nmine: 1\n"
    assert file.plan("a: 1\n") is None
