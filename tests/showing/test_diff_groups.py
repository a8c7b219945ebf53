"""A plan tells what many targets change once, and with -v each difference by itself."""

from __future__ import annotations

import os
import time
from pathlib import PurePosixPath

import pytest

from rollout.model.action import Action
from rollout.model.files import File
from rollout.model.inventory import Branch
from rollout.model.plan import Change, State, Step
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
        "AGENTS.md: the same line changes in 17 targets: t0, t1, t2, t3, t4, t5 and 11 more (-v names them)",
        "the lines around the change differ; -v shows each diff",
    ]
    assert [line.strip() for line in lines if line.startswith(("    +", "    -"))] == [
        "--- a/AGENTS.md", "+++ b/AGENTS.md", "-line 5", "+line 5!",
    ]  # fmt: skip
    whole = "\n".join(shown(*steps, whole=True))
    assert [whole.count(f"the name is t{number}\n") for number in range(17)] == [1] * 17


def test_other_lines_are_another_diff_and_equal_diffs_are_called_so() -> None:
    found = shown(own("a", 9), own("b", 9), step("c", LINES, [*LINES, "more"]))
    heads = [line for line in found if line.startswith("AGENTS.md")]
    assert heads == ["AGENTS.md in a, b (2 targets, the same diff)", "AGENTS.md in c"]


def test_what_goes_is_not_what_comes() -> None:
    one, other = [*LINES, "x"], LINES
    found = shown(step("a", one, other), step("b", other, one))
    assert [line for line in found if line.startswith("AGENTS.md")] == ["AGENTS.md in a", "AGENTS.md in b"]


def named(name: str, version: str = "3.12") -> Step:
    """Return a step that changes lines with the target's name, and a version, in them."""
    after = [f"# Working in {name}", f"cd {name} && make test", f"python: {version}", "Ask before you push."]
    return step(name, LINES, [*LINES, *after])


def heads(found: list[str]) -> list[str]:
    return [line for line in found if line.startswith("AGENTS.md")]


def test_lines_that_differ_in_words_alone_are_told_once_with_the_words_of_others() -> None:
    steps = [named("api"), named("my-web"), named("worker", "3.11"), named("cron", "3.11")]
    found = shown(*steps)
    assert found[:5] == [
        "AGENTS.md: nearly the same 4 lines change in 4 targets: api, my-web, worker, cron",
        "as in api; the words of others (-v shows each diff):",
        "  my-web: api -> my-web",
        "  worker: api -> worker, 3.12 -> 3.11",
        "  cron: api -> cron, 3.12 -> 3.11",
    ]
    assert "\n".join(found).count("+    # Working in") + "\n".join(found).count("+# Working in api") == 1
    whole = "\n".join(shown(*steps, whole=True))
    assert [whole.count(f"+# Working in {one.target}\n") for one in steps] == [1, 1, 1, 1]


def test_the_words_of_a_few_are_told_and_the_others_are_counted() -> None:
    found = shown(*(named(f"t{number}") for number in range(50)))
    assert len(heads(found)) == 1
    assert found[2:8] == [
        *(f"  t{number}: t0 -> t{number}" for number in range(1, 6)), "  and words of their own in 44 more targets",
    ]  # fmt: skip


def test_targets_with_the_same_words_are_told_together() -> None:
    one, other = [*LINES, "python: 3.11", "os: linux"], [*LINES, "python: 3.12", "os: linux"]
    found = shown(step("a", LINES, one), step("b", LINES, other), step("c", LINES, other))
    assert found[2] == "  b, c: 3.11 -> 3.12"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (["alpha beta"], ["gamma delta"]),
        (["use main, then main"], ["use main, then other"]),
        (["one two three four five six seven eight nine"], ["1 2 3 4 5 six seven eight nine"]),
        (["python: 3.11"], ["python: 3.11", "more"]),
        (["a: b"], ["a = b"]),
    ],
)
def test_what_differs_in_more_than_some_words_is_another_diff(one: list[str], other: list[str]) -> None:
    found = shown(step("a", LINES, [*LINES, *one]), step("b", LINES, [*LINES, *other]))
    assert heads(found) == ["AGENTS.md in a", "AGENTS.md in b"]


def test_a_thousand_targets_with_differences_of_their_own_are_told_in_time() -> None:
    steps = [step(f"t{n}", LINES, [*LINES, f"w{n} x{n} y{n} z{n}"]) for n in range(1000)]
    begun = time.process_time()
    assert len(heads(shown(*steps))) == 1000
    assert time.process_time() - begun < 20


def test_a_merge_that_leaves_a_file_as_it_is_is_told_in_words(world: World) -> None:
    world.template("project/conf.txt.j2", "\n".join(LINES) + "\n")
    for name in ("api", "web"):
        world.bare_repo(name)
    world.run("apply", "--yes")
    for name in ("api", "web"):
        world.elsewhere(name, {"conf.txt": "\n".join([*LINES, "theirs"]) + "\n"})
    plan = world.run("plan", "--on-drift", "merge").out
    assert "conf.txt in api, web: stays as it is\n" in plan
    assert "diff a/conf.txt" not in plan


def test_json_has_every_diff(world: World) -> None:
    world.template("project/conf.txt.j2", "\n".join(["{{ target.name }}", *LINES]) + "\n")
    for name in ("api", "web"):
        world.bare_repo(name)
    world.run("apply", "--yes")
    world.template("project/conf.txt.j2", "\n".join(["{{ target.name }}", "new", *LINES]) + "\n")
    plan = world.run("plan")
    assert "conf.txt: the same line changes in 2 targets: api, web" in plan.out
    assert "the lines around the change differ; -v shows each diff" in plan.out
    changes = [target["changes"][0]["diff"] for target in world.run("plan", "--json").json["targets"]]
    assert ["api" in changes[0], "web" in changes[1]] == [True, True]
    assert world.run("diff").out.count(f"+new{os.linesep}") == 2
