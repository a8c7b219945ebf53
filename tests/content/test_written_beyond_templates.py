"""What is written is held against policies, bounds and checks, also where it is not what a template rendered."""

from __future__ import annotations

import pytest

from tests.terminal import Talk
from tests.world import World

BASE = "1\n2\n3\n4\n5\n"
THEIRS = "B1\nB2\n" + BASE


def drifted(world: World, rule: str, path: str = "t.txt", base: str = BASE, theirs: str = THEIRS) -> None:
    """Roll a template out, and let somebody change the file."""
    world.tail = f"files: {{{path}: {{{rule}}}}}\n"
    world.template(f"project/{path}", base)
    world.bare_repo("api")
    assert world.run("apply", "--yes").code == 0
    world.elsewhere("api", {path: theirs})


@pytest.mark.parametrize(
    ("rule", "why"),
    [
        ("max_lines: 8", "has 9 lines; max_lines is 8"),
        ("max_chars: 20", "max_chars is 20"),
        ("check: 'sh -c \"! grep -q T1 {path} || ! grep -q B1 {path}\"'", "check "),
    ],
)
def test_a_merge_that_breaks_a_rule_blocks_its_target(world: World, rule: str, why: str) -> None:
    drifted(world, rule)
    world.template("project/t.txt", BASE + "T1\nT2\n")
    before = world.tip("api")
    planned = world.run("plan", "--on-drift", "merge", "--json")
    target = planned.json["targets"][0]
    assert (planned.code, target["state"], why in target["reason"]) == (1, "blocked", True), target["reason"]
    assert world.run("apply", "--yes", "--on-drift", "merge").code == 3
    assert world.tip("api") == before
    assert world.at("api", "t.txt") == THEIRS


def test_a_merge_that_keeps_to_the_rules_is_written(world: World) -> None:
    drifted(world, "max_lines: 9, check: 'grep -q T1 {path}'", base=BASE + "T1\n", theirs="B1\n" + BASE + "T1\n")
    world.template("project/t.txt", BASE + "T1\nT2\n")
    assert world.run("apply", "--yes", "--on-drift", "merge").code == 0
    assert world.at("api", "t.txt") == "B1\n" + BASE + "T1\nT2\n"


_MARKERS = "<<<<<<< a\nx\n=======\ny\n>>>>>>> b\n"
_TOKEN = "token: ghp_" + "abcdefghijklmnopqrstuvwxyz0123456789\n"


@pytest.mark.parametrize(
    ("rule", "path", "text", "why"),
    [
        ("mode: whole", "t.txt", _MARKERS, "holds a conflict marker, <<<<<<<"),
        ("max_lines: 8", "t.txt", "x\n" * 9, "has 9 lines; max_lines is 8"),
        ("check: 'grep -q 1 {path}'", "t.txt", "none\n", "check "),
        ("mode: whole", "t.txt", _TOKEN, "holds what looks like a GitHub token"),
        ("mode: merge", "t.json", '{"a": 1, "b": \n', "line 2"),
    ],
)
def test_an_edit_that_breaks_a_rule_is_put_aside_and_asked_about_again(
    world: World, rule: str, path: str, text: str, why: str
) -> None:
    if path == "t.json":
        drifted(world, rule, path, '{"a": 1}\n', '{"a": 2}\n')
    else:
        drifted(world, rule)
    before = world.at("api", path)
    (world.root / "bad").write_text(text)
    talk = Talk(world, "apply", size=(24, 300), EDITOR=f"cp {world.root / 'bad'}", TMPDIR=str(world.root))
    assert talk.through(["e\n", "sk\n"]) in {0, 3}, talk.shown
    assert why in talk.shown
    assert "so nothing is decided; what the editor wrote is in" in talk.shown
    (aside,) = world.root.glob(f"rollout-edit-*/{path}")
    assert (aside.read_text(), world.at("api", path)) == (text, before)
