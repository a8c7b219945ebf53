"""Wherever a decision is asked for stand who made it necessary, when, in which commit, and commands that work."""

from __future__ import annotations

import re
import shlex
import time

import pytest

from tests.first_rows import first_rows
from tests.world import Ran, World


def bob_changes(world: World, name: str, text: str | None = "theirs\n") -> str:
    """Let Bob push a change of conf.txt, two hours ago."""
    there = world.clone(name, f"{name}.bob")
    if text is None:
        world.git(there, "rm", "-q", "conf.txt")
    else:
        world.write(there, {"conf.txt": text})
        world.git(there, "add", "-f", "conf.txt")
    when = f"{int(time.time()) - 2 * 3600} +0000"
    world.git(there, "commit", "-q", "-m", "mine", GIT_AUTHOR_NAME="Bob", GIT_AUTHOR_DATE=when)
    world.git(there, "push", "-q", "origin", "HEAD")
    return world.git(there, "rev-parse", "HEAD")


def drifted(world: World, text: str | None = "theirs\n") -> str:
    world.bare_repo("api")
    assert world.run("apply", "--yes").code == 0
    return bob_changes(world, "api", text)


def everywhere(world: World) -> dict[str, str]:
    """Return what each place says of the decision."""
    refused = world.run("apply", "--yes", "--json")
    return {
        "plan": world.run("plan").out,
        "plan --json": world.run("plan", "--json").json["targets"][0]["reason"],
        "status": world.run("status").out,
        "status --json": world.run("status", "--json").json["targets"][0]["reason"],
        "outcome": refused.reasons()["api"],
        "apply": world.run("apply", "--yes").out,
    }


@pytest.mark.parametrize(
    ("text", "did", "choices"),
    [
        ("theirs\n", "changed", "overwrite|merge|keep, or: rollout take api conf.txt"),
        (None, "deleted", "overwrite|keep"),
    ],
)
def test_every_place_names_who_when_the_commit_and_what_to_type(
    world: World, text: str | None, did: str, choices: str
) -> None:
    commit = drifted(world, text)
    said = f"conf.txt: {did} by Bob in {commit[:7]} (2 h ago); see: rollout diff api conf.txt --base; "
    for place, words in everywhere(world).items():
        assert f"{said}then rollout apply --on-drift {choices}" in " ".join(words.split()), (place, words)


def test_our_own_commit_is_never_named_as_who_changed_it(world: World) -> None:
    world.template("json/conf.json", '{"ours": 1}\n')
    world.tail = "files: {conf.json: {mode: merge}}\n"
    world.repo("one", {"conf.json": '{"theirs": 1}\n'}, extra=", templates: [json]")
    assert world.run("apply", "-y").code == 0
    world.template("json/conf.json", '{"ours": 1, "theirs": 2}\n')
    first = world.git("one.git", "rev-list", "--max-parents=0", "main")
    said = world.run("plan").out
    assert f"; changed by Pat Person in {first[:7]} (" in said
    assert "), before rollout wrote it; see:" in said
    assert "last changed" not in said


def commands(reason: str, verb: str) -> list[list[str]]:
    """Return the commands that a reason says, as they are typed."""
    see = re.findall(r"rollout diff [^;]+", reason)
    choices = re.findall(r"--on-drift ([a-z|]+)", reason)
    takes = re.findall(r"rollout take .+", reason)
    return (
        [[*shlex.split(one)[1:], "--yes"] for one in takes]
        + [shlex.split(one)[1:] for one in see]
        + [[*verb.split(), "--on-drift", choice] for one in choices for choice in one.split("|")]
    )


@first_rows(3, "number", range(5))
def test_each_command_that_is_named_works(world: World, number: int) -> None:
    drifted(world, "hello theirs world\n")
    reason = world.run("plan", "--json").json["targets"][0]["reason"]
    found = commands(reason, "apply --yes")
    assert len(found) == 5, reason
    ran = world.run(*found[number])
    assert ran.code == 0, ran.err
    if found[number][0] == "diff":
        assert "+hello theirs world" in ran.out
    else:
        assert "blocked" not in ran.out


def test_a_file_from_before_says_whose_it_is_and_both_ways_work(world: World) -> None:
    for name in ("api", "web"):
        world.bare_repo(name, {"conf.txt": "before\n"})
    commit = bob_changes(world, "api")
    reason = world.run("plan", "--json").json["targets"][0]["reason"]
    assert f"; last changed by Bob in {commit[:7]} (2 h ago); see: rollout diff api conf.txt; " in reason
    adopt = re.search(r"then (rollout apply --adopt) takes it over, or --on-drift (\S+) leaves it", reason)
    assert adopt is not None, reason
    assert world.run("apply", "--yes", "--limit", "web", "--on-drift", adopt[2]).code == 0
    assert world.run(*adopt[1].split()[1:], "--yes").code == 0
    assert (world.at("api", "conf.txt"), world.at("web", "conf.txt")) == ("hello world\n", "before\n")


def test_status_and_plan_give_it_as_values(world: World) -> None:
    commit = drifted(world)
    by = world.run("plan", "--json").json["targets"][0]["changes"][0]["changed_by"]
    assert (by["path"], by["who"], by["commit"]) == ("conf.txt", "Bob", commit)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", by["when"])
    assert world.run("status", "--json").json["targets"][0]["changed_by"] == [by]


def test_what_a_run_recorded_has_dates_and_is_not_told_twice(world: World) -> None:
    commit = drifted(world)
    world.run("apply", "--yes")
    recorded = world.run("history", "--json").json["runs"][0]["outcomes"][0]["reason"]
    assert re.search(rf"changed by Bob in {commit[:7]} \(\d{{4}}-\d\d-\d\dT", recorded), recorded
    assert "last run blocked" not in world.run("status").out
    last = world.run("status", "--json").json["targets"][0]["last_reason"]
    assert last == recorded


@pytest.mark.parametrize("also", [False, True], ids=["held", "held-and-drifted"])
def test_what_a_run_recorded_of_a_held_file_is_not_told_twice(world: World, also: bool) -> None:
    world.template("shared/conf.txt", "1\n")
    world.template("shared/zz.txt", "1\n")
    world.bare_repo("api", {})
    world.entries["api"] = world.entries["api"].replace("}", ", templates: [shared]}")
    assert world.run("apply", "--yes").code == 0
    world.template("shared/conf.txt", "2\n")
    assert world.run("apply", "--yes").code == 0
    assert world.run("revert", world.last_run(), "--yes").code == 0
    bob_changes(world, "api")
    if also:
        world.elsewhere("api", {"zz.txt": "theirs\n"})
    assert world.run("apply", "--yes", "--release").code == 4
    said = world.run("status").out
    assert "held since a revert" in said
    assert "last run blocked" not in said
    assert said.count("conf.txt: changed by Bob") == 1


def test_a_saved_plan_tells_every_decision_and_it_is_not_told_twice(world: World) -> None:
    drifted(world)
    plan = str(world.root / "it.plan")
    planned = world.run("plan", "--out", plan).out
    choices = "rollout apply --on-drift overwrite|merge|keep"
    assert choices in planned
    applied = world.run("apply", plan, "--yes", "--json")
    assert (applied.code, applied.outcomes()) == (4, {"api": "blocked"})
    assert choices in applied.reasons()["api"]
    assert "last run blocked" not in world.run("status").out


def test_a_file_of_a_folder_says_when_it_was_changed(world: World) -> None:
    world.template("shared/a.txt", "1\n")
    world.tail = "folders:\n  shared: {path: shared, templates: [shared]}\n"
    (world.root / "shared").mkdir()
    world.run("apply", "--yes")
    (world.root / "shared/a.txt").write_text("theirs\n")
    reason = world.run("status", "--json").json["targets"][0]["reason"]
    assert reason.startswith(
        "a.txt: changed on the disk (just now); see: rollout diff shared a.txt --base; then rollout apply --on-drift"
    )


def test_targets_with_the_same_drift_are_told_once_with_a_command_for_all(world: World) -> None:
    world.template("shared/a.txt", "1\n")
    world.tail = "folders:\n  one: {path: one, templates: [shared]}\n  two: {path: two, templates: [shared]}\n"
    for name in ("one", "two"):
        (world.root / name).mkdir()
    world.run("apply", "--yes")
    for name in ("one", "two"):
        (world.root / name / "a.txt").unlink()
    told: Ran = world.run("plan")
    said = "a.txt: others deleted it; see: rollout diff --base; then rollout apply --on-drift overwrite|keep"
    assert f"one, two: drift ({said})" in told.out
    applied = world.run("apply", "--yes").out
    assert f"blocked (2): one, two (drift: {said})" in applied
