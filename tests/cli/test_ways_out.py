"""A command that is proposed can work, and works on what the command before it worked on."""

from __future__ import annotations

import pytest

from rollout.model.inventory import FileRule, Mode
from rollout.showing.next_step import next_step
from tests import decisions
from tests.lives import Life
from tests.world import World

_MERGE, _LOOK = ("apply", "--on-drift", "merge"), ("diff", "--base")


@pytest.mark.parametrize(
    ("path", "ours", "theirs", "template", "expected"),
    [
        ("a", "1\n2\n3\n", "x\n2\n3\n", "1\n2\ny\n", _MERGE),
        ("a", "1\n2\n3\n", "x\n2\n3\n", "y\n2\n3\n", _LOOK),
        ("a", "1\n2\n3\n", "x\n2\n3\n", "1\n2\n3\n", _LOOK),  # it would be theirs, as it stands
        ("a", "1\n2\n3\n", "x\n2\n3\n", None, _LOOK),
        ("a.yml", "a: 1\nb: 2\n", "a: x\nb: 2\n", "a: 1\nb: y\n", _MERGE),  # lines clash, keys do not
        ("a.json", '{"a": 1, "b": 2}\n', '{"a": 3, "b": 2}\n', '{"a": 1, "b": 4}\n', _MERGE),
        ("a.yml", "a: 1\nb: 2\n", "a: x\nb: 2\n", "a: y\nb: 2\n", _LOOK),
        ("a.yml", "a: 1\nb: 2\n", "a: x\nb: 2\n", "a: 1\nb: 2\n", _LOOK),
    ],
)
def test_a_merge_is_proposed_only_where_it_can_be_made(
    path: str, ours: str, theirs: str, template: str | None, expected: tuple[str, ...]
) -> None:
    mode = Mode.ABSENT if template is None else Mode.MERGE if "." in path else Mode.WHOLE
    file = Life(path, None, FileRule(Mode.WHOLE if template is None else mode))
    file.rolled_out(ours)
    item = decisions.managed(path, template or "", FileRule(mode))
    assert next_step([decisions.step(item, decisions.file(theirs), file.last)]) == expected


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
