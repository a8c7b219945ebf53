"""A command that is proposed can work, and works on what the command before it worked on."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest

from rollout.model.action import Action
from rollout.model.files import File
from rollout.model.inventory import Branch
from rollout.model.plan import Change, State, Step
from rollout.model.reasons import NONE
from rollout.showing.next_step import next_step
from tests.world import World


@pytest.mark.parametrize(
    ("theirs", "template", "expected"),
    [
        ("x\n2\n3\n", "1\n2\ny\n", ("apply", "--on-drift", "merge")),
        ("x\n2\n3\n", "y\n2\n3\n", ("diff", "--base")),
        ("x\n2\n3\n", "1\n2\n3\n", ("diff", "--base")),  # it would be theirs, as it stands
        ("x\n2\n3\n", None, ("diff", "--base")),
    ],
)
def test_a_merge_is_proposed_only_where_it_can_be_made(
    theirs: str, template: str | None, expected: tuple[str, ...]
) -> None:
    wanted = File(template.encode()) if template is not None else None
    drift = Change(
        PurePosixPath("a"), Action.DRIFT, "", File(theirs.encode()), wanted, File(b"1\n2\n3\n"), decided=False
    )
    where = Branch("api.git", "origin", "main", None)
    assert next_step([Step("api", where, State.DRIFT, NONE, None, changes=(drift,))]) == expected


def test_the_way_out_keeps_the_limit_and_the_variables(world: World) -> None:
    for name in ("api", "web"):
        world.bare_repo(name, {"conf.txt": "theirs\n"})
    ran = world.run("apply", "--yes", "--limit", "web", "--var", "who=you")
    assert "rollout apply --adopt --limit web --var who=you" in ran.out
    assert "rollout apply --adopt takes" not in ran.out
    assert "see: rollout diff web conf.txt --var who=you;" in ran.out


def test_a_command_that_names_its_target_needs_no_limit_and_others_name_all_in_one(world: World) -> None:
    for name in ("api", "odd", "web"):
        world.bare_repo(name)
    world.run("apply", "--yes")
    world.elsewhere("api", {"conf.txt": "theirs\n"})
    shown = world.run("status", "api", "web", "--fetch").out
    assert "see: rollout diff api conf.txt --base; then" in shown
    assert "or: rollout take api conf.txt\n" in shown
    assert "Next: rollout diff --base --limit api,web\n" in shown
