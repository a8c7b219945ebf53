"""A plan tells what many targets change once, and with -v each difference by itself."""

from __future__ import annotations

import os
from pathlib import PurePosixPath

from rollout.model.files import File
from rollout.model.inventory import Branch
from rollout.model.plan import Action, Change, State, Step
from rollout.model.reasons import NONE
from rollout.showing import diff_groups
from rollout.showing.display import Display
from tests.world import World

LINES = [f"line {number}" for number in range(12)]


def step(name: str, old: list[str], new: list[str]) -> Step:
    before, after = (File("".join(f"{line}\n" for line in lines).encode()) for lines in (old, new))
    change = Change(PurePosixPath("AGENTS.md"), Action.UPDATE, "", before, after)
    return Step(name, Branch("x", "origin", "main", None), State.PENDING, NONE, None, changes=(change,))


def own(name: str, at: int, *, changed: int = 5) -> Step:
    """Return a step that changes one line; beside it stands a line of the target's own."""
    old = [*LINES[:at], f"the name is {name}", *LINES[at:]]
    return step(name, old, [f"{line}!" if line == f"line {changed}" else line for line in old])


def shown(*steps: Step, whole: bool = False) -> list[str]:
    return diff_groups.text(steps, Display(lambda text, _style: text, None, whole))


def test_the_same_lines_are_told_once_whatever_stands_around_them() -> None:
    steps = [own(f"t{number}", 4) for number in range(17)]
    lines = "\n".join(shown(*steps)).splitlines()
    assert lines[:2] == [
        "AGENTS.md: the same 1 line changes in 17 targets: t0, t1, t2, t3, t4, t5 and 11 more (-v names them)",
        "what stands around them differs; -v shows each diff",
    ]
    assert [line.strip() for line in lines if line.startswith(("    +", "    -"))] == [
        "--- a/AGENTS.md", "+++ b/AGENTS.md", "-line 5", "+line 5!",
    ]  # fmt: skip
    whole = "\n".join(shown(*steps, whole=True))
    assert [whole.count(f"the name is t{number}\n") for number in range(17)] == [1] * 17


def test_other_lines_are_another_diff_and_equal_diffs_are_called_so() -> None:
    found = shown(own("a", 9), own("b", 9), own("c", 4, changed=3))
    heads = [line for line in found if line.startswith("AGENTS.md")]
    assert heads == ["AGENTS.md in a, b (2 targets, the same diff)", "AGENTS.md in c"]


def test_what_goes_is_not_what_comes() -> None:
    one, other = [*LINES, "x"], LINES
    found = shown(step("a", one, other), step("b", other, one))
    assert [line for line in found if line.startswith("AGENTS.md")] == ["AGENTS.md in a", "AGENTS.md in b"]


def test_json_has_every_diff(world: World) -> None:
    world.template("project/conf.txt.j2", "\n".join(["{{ target.name }}", *LINES]) + "\n")
    for name in ("api", "web"):
        world.bare_repo(name)
    world.run("apply", "--yes")
    world.template("project/conf.txt.j2", "\n".join(["{{ target.name }}", "new", *LINES]) + "\n")
    plan = world.run("plan")
    assert "conf.txt: the same 1 line changes in 2 targets: api, web" in plan.out
    changes = [target["changes"][0]["diff"] for target in world.run("plan", "--json").json["targets"]]
    assert ["api" in changes[0], "web" in changes[1]] == [True, True]
    assert world.run("diff").out.count(f"+new{os.linesep}") == 2
