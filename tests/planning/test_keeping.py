"""What a person decides to keep stays until the template changes; it is noted in the commit, or in the state folder."""

from __future__ import annotations

import os
import shutil
from pathlib import PurePosixPath

import pytest

from rollout.model.action import Action, OnDrift
from rollout.model.circumstances import Decisions, FileDecision
from rollout.model.files import File, Written
from tests.decisions import file, managed, only_change, step
from tests.world import Ran, World

CONF = managed("conf.txt", "hello world\n")
WROTE = Written(File(b"hello world\n"))


def about(path: str, how: OnDrift) -> FileDecision:
    return FileDecision(PurePosixPath(path), how)


@pytest.mark.parametrize(
    ("decisions", "after", "decided"),
    [
        (Decisions(on_drift=OnDrift.KEEP), "theirs\n", True),
        (Decisions(files=(about("conf.txt", OnDrift.KEEP),)), "theirs\n", True),
        (Decisions(on_drift=OnDrift.KEEP, files=(about("conf.txt", OnDrift.OVERWRITE),)), "hello world\n", True),
        (Decisions(on_drift=OnDrift.OVERWRITE, files=(about("conf.txt", OnDrift.BLOCK),)), "hello world\n", False),
        (Decisions(files=(about("other.txt", OnDrift.KEEP),)), "hello world\n", False),
    ],
)
def test_a_decision_about_one_file_beats_the_one_about_all(decisions: Decisions, after: str, decided: bool) -> None:
    change = only_change(step(CONF, file("theirs\n"), WROTE, decisions))
    assert (change.action, change.after, change.decided) == (Action.DRIFT, file(after), decided)


@pytest.mark.parametrize(
    ("how", "after", "decided"),
    [
        (OnDrift.KEEP, "before\n", True),
        (OnDrift.OVERWRITE, "hello world\n", True),
        (OnDrift.MERGE, "hello world\n", False),
    ],
)
def test_an_adoption_is_decided_by_its_own_path_alone(how: OnDrift, after: str, decided: bool) -> None:
    change = only_change(step(CONF, file("before\n"), None, Decisions(files=(about("conf.txt", how),))))
    assert (change.action, change.after, change.decided) == (Action.ADOPT, file(after), decided)
    assert not only_change(step(CONF, file("before\n"), None, Decisions(on_drift=how))).decided


def drifted(world: World, *others: str) -> None:
    world.repo("api")
    for path in others:
        world.template(f"project/{path}", "1\n")
    world.run("apply", "--yes")
    world.elsewhere("api", {"conf.txt": "theirs\n"})


def state(ran: Ran) -> tuple[str, str]:
    target = ran.json["targets"][0]
    return target["state"], target["reason"]


KEPT = "conf.txt: kept as others left it, until the template changes"


def test_what_is_kept_is_in_sync_until_the_template_changes(world: World) -> None:
    drifted(world)
    ran = world.run("apply", "--yes", "--json", "--on-drift", "keep")
    assert (ran.code, ran.outcomes(), ran.reasons()) == (
        0,
        {"api": "unchanged"},
        {"api": f"{KEPT}; checkout updated"},
    )
    assert state(world.run("plan", "--json")) == ("in-sync", KEPT)
    assert state(world.run("status", "--json")) == ("in-sync", KEPT)
    assert KEPT in world.run("plan").out
    assert "decided      kept as others left it" in world.run("explain", "api", "conf.txt").out
    assert world.run("apply", "--yes", "--on-drift", "overwrite").code == 0
    world.elsewhere("api", {"conf.txt": "theirs again\n"})
    assert state(world.run("plan", "--json")) == ("behind", f"not updated yet; {KEPT}")
    world.template("project/conf.txt.j2", "hello again\n")
    assert world.run("plan", "--json").states() == {"api": "drift"}
    assert world.at("api", "conf.txt") == "theirs again\n"


def test_a_merge_that_leaves_a_file_as_it_is_stays_accepted_until_the_file_or_the_template_changes(
    world: World,
) -> None:
    drifted(world)
    ran = world.run("apply", "--yes", "--json", "--on-drift", "merge")
    assert (ran.code, ran.outcomes()) == (0, {"api": "unchanged"})
    for command in ("status", "plan"):
        assert state(world.run(command, "--json")) == ("in-sync", KEPT)
    assert world.run("apply", "--yes", "--json").reasons() == {"api": KEPT}
    world.elsewhere("api", {"conf.txt": "theirs again\n"})
    assert world.run("plan", "--json").states() == {"api": "drift"}
    world.run("apply", "--yes", "--on-drift", "merge")
    world.template("project/conf.txt.j2", "hello again\n")
    assert world.run("plan", "--json").states() == {"api": "drift"}


def test_a_merge_that_leaves_a_file_as_it_is_stands_in_the_trailer_of_the_commit_with_the_rest(world: World) -> None:
    drifted(world, "more.txt")
    world.template("project/more.txt", "2\n")
    assert world.run("apply", "--yes", "--json", "--on-drift", "merge").outcomes() == {"api": "pushed"}
    shutil.rmtree(os.environ["ROLLOUT_STATE_DIR"])
    assert state(world.run("plan", "--json")) == ("in-sync", KEPT)
    world.elsewhere("api", {"conf.txt": "theirs again\n"})
    assert world.run("plan", "--json").states() == {"api": "drift"}


def test_a_merge_that_leaves_a_file_of_a_folder_as_it_is_stays_accepted(world: World) -> None:
    world.template("shared/a.txt", "1\n")
    world.tail = "folders:\n  shared: {path: shared, templates: [shared]}\n"
    (world.root / "shared").mkdir()
    world.run("apply", "--yes")
    (world.root / "shared/a.txt").write_text("theirs\n")
    world.run("apply", "--yes", "--on-drift", "merge")
    assert world.run("plan", "--json").states() == {"shared": "in-sync"}
    (world.root / "shared/a.txt").write_text("theirs again\n")
    assert world.run("plan", "--json").states() == {"shared": "drift"}


def test_a_word_about_the_very_file_ends_what_was_kept(world: World) -> None:
    drifted(world)
    world.run("apply", "--yes", "--on-drift", "keep")
    ran = world.run("apply", "--yes", "--json", "--on-drift", "conf.txt=overwrite")
    assert (ran.outcomes(), world.at("api", "conf.txt")) == ({"api": "pushed"}, "hello world\n")
    world.elsewhere("api", {"conf.txt": "theirs\n"})
    assert world.run("plan", "--json").states() == {"api": "drift"}, "an older decision came back"


def test_a_run_that_commits_notes_it_in_the_trailer_and_no_state_folder_is_needed(world: World) -> None:
    drifted(world, "more.txt")
    world.template("project/more.txt", "2\n")
    ran = world.run("apply", "--yes", "--json", "--on-drift", "conf.txt=keep")
    assert ran.outcomes() == {"api": "pushed"}
    assert (world.at("api", "conf.txt"), world.at("api", "more.txt")) == ("theirs\n", "2\n")
    assert "Rollout-Kept: conf.txt " in world.git("api.git", "log", "-1", "--format=%B", "main")
    shutil.rmtree(os.environ["ROLLOUT_STATE_DIR"])
    assert state(world.run("plan", "--json")) == ("in-sync", KEPT)
    world.template("project/more.txt", "3\n")
    assert state(world.run("plan", "--json")) == ("pending", KEPT)
    assert world.run("apply", "--yes", "--json").outcomes() == {"api": "pushed"}
    assert world.at("api", "conf.txt") == "theirs\n"


def test_a_commit_that_waits_to_be_pushed_keeps_what_was_kept(world: World) -> None:
    drifted(world, "more.txt")
    world.template("project/more.txt", "2\n")
    world.run("apply", "--yes", "--no-push", "--on-drift", "keep")
    assert world.run("status", "--fetch", "--json").states() == {"api": "ready-to-push"}
    assert world.run("push", "--yes", "--json").outcomes() == {"api": "pushed"}
    assert state(world.run("plan", "--json")) == ("in-sync", KEPT)


def test_what_others_had_before_can_be_kept(world: World) -> None:
    world.bare_repo("api", {"conf.txt": "before\n"})
    assert world.run("apply", "--yes", "--on-drift", "conf.txt=keep").code == 0
    assert state(world.run("plan", "--json")) == ("in-sync", KEPT)
    world.template("project/conf.txt.j2", "hello again\n")
    assert world.run("plan", "--json").json["targets"][0]["changes"][0]["action"] == "adopt"


@pytest.mark.parametrize("there", ["theirs\n", None], ids=["changed", "deleted"])
def test_a_file_of_a_folder_is_kept_too(world: World, there: str | None) -> None:
    world.template("shared/a.txt", "1\n")
    world.template("shared/b.txt", "1\n")
    world.tail = "folders:\n  shared: {path: shared, templates: [shared]}\n"
    (world.root / "shared").mkdir()
    assert world.run("apply", "--yes").code == 0
    place = world.root / "shared/a.txt"
    place.unlink()
    if there is not None:
        place.write_text(there)
    ran = world.run("apply", "--yes", "--json", "--on-drift", "keep")
    assert (ran.code, ran.outcomes()) == (0, {"shared": "unchanged"})
    reason = "a.txt: kept as others left it, until the template changes"
    assert state(world.run("plan", "--json")) == ("in-sync", reason)
    world.template("shared/b.txt", "2\n")
    assert world.run("apply", "--yes", "--json").outcomes() == {"shared": "written"}
    assert (place.read_text() if place.exists() else None) == there
    assert state(world.run("plan", "--json")) == ("in-sync", reason)
    world.template("shared/a.txt", "2\n")
    assert world.run("plan", "--json").states() == {"shared": "drift"}


def test_a_reviewed_plan_takes_the_decision_when_it_is_applied(world: World) -> None:
    drifted(world)
    world.run("plan", "--out", "p")
    ran = world.run("apply", "p", "--yes", "--json", "--on-drift", "keep")
    assert (ran.outcomes(), ran.reasons()) == ({"api": "unchanged"}, {"api": f"{KEPT}; checkout updated"})
    assert state(world.run("plan", "--json")) == ("in-sync", KEPT)
    world.template("project/conf.txt.j2", "hello again\n")
    world.run("plan", "--out", "q", "--on-drift", "keep")
    assert world.run("apply", "q", "--yes", "--json").reasons() == {"api": KEPT}


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("keeep", "did you mean 'keep'?"),
        ("conf.txt=", "a decision is block, overwrite, merge or keep"),
        ("conf.text=keep", "no template of these targets names conf.text; did you mean 'conf.txt'?"),
    ],
)
def test_a_decision_that_cannot_be_meant_is_refused_with_what_may_be(world: World, word: str, said: str) -> None:
    drifted(world)
    ran = world.run("apply", "--yes", "--on-drift", word)
    assert (ran.code, said in ran.err) == (64, True), ran.err
