"""A revert where changes are reviewed: what is merged is put back by a review, what is open is taken out of it."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.first_rows import first_rows
from tests.forges.asking import applied, state
from tests.forges.github import TOKEN, GitHub, served
from tests.forges.servers import as_forge, close, reviews
from tests.world import Ran, World

BRANCH = "rollout/team"
HELD = "AGENTS.md: held since a revert, until the template changes"


@pytest.fixture(autouse=True)
def nobody_is_logged_in(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GH_TOKEN", "GITHUB_TOKEN", "GH_HOST", "GH_CONFIG_DIR"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def reviewed(world: World) -> World:
    """Return a world with one repository whose changes are proposed on a branch."""
    world.defaults = "defaults: {templates: [project], deliver: review}\nreview: {branch: team}\n"
    (world.root / "templates" / "project" / "conf.txt.j2").unlink()
    world.template("project/AGENTS.md", "one\n")
    world.bare_repo("api", {"README.md": "hello\n", "AGENTS.md": "old\n"})
    return world


@pytest.fixture
def forge(reviewed: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[GitHub]:
    """Return a forge that the repository is on, and that rollout is logged in to."""
    monkeypatch.setenv("GH_TOKEN", TOKEN)
    with served(reviewed.root / "api.git") as found:
        reviewed.defaults = (
            f"defaults: {{templates: [project], deliver: review, forge: {{kind: github, api: '{found.api}'}}}}\n"
            "review: {branch: team}\n"
        )
        yield found


def reverted(world: World, run: str, *more: str) -> tuple[int, str, str]:
    ran: Ran = world.run("revert", run, "--yes", "--json", *more)
    assert ran.outcomes(), ran.err
    return ran.code, ran.outcomes()["api"], ran.reasons()["api"]


def merge(world: World, name: str = BRANCH) -> None:
    world.git("api.git", "update-ref", "refs/heads/main", world.tip("api", name))


def squash(world: World) -> None:
    """Merge as a forge squashes: its own subject, the words of the commit, a trailer of its own."""
    said = world.git("api.git", "log", "-1", "--format=%B", BRANCH).partition("\n")
    words = f"{said[0]} (#7)\n{said[2]}\n\nCo-authored-by: Rex Reviewer <rex@example.org>"
    made = world.git("api.git", "commit-tree", f"{BRANCH}^{{tree}}", "-p", "main", "-m", words)
    world.git("api.git", "update-ref", "refs/heads/main", made)


def forget() -> None:
    shutil.rmtree(os.environ["ROLLOUT_STATE_DIR"], ignore_errors=True)


def rolled_out(world: World) -> str:
    """Roll out and merge; return the run."""
    assert applied(world, "--adopt")[:2] == (0, "proposed")
    run = world.last_run()
    merge(world)
    applied(world)
    return run


def test_what_is_merged_is_put_back_by_a_review(reviewed: World) -> None:
    run = rolled_out(reviewed)
    tip = reviewed.tip("api")
    assert reviewed.run("revert", run).code == 4
    assert reverted(reviewed, run)[:2] == (0, "proposed")
    assert (reviewed.tip("api"), reviewed.tip("api", f"{BRANCH}~1")) == (tip, tip)
    assert reviewed.at("api", "AGENTS.md", BRANCH) == "old\n"
    for _ in range(2):
        now, reason = state(reviewed, "--fetch")
        assert (now, HELD in reason) == ("in-review", True)
        assert applied(reviewed)[:2] == (0, "unchanged")
    assert reverted(reviewed, run)[:2] == (0, "unchanged")
    assert reviewed.git("api.git", "log", "--format=%s", f"main..{BRANCH}") == f"Revert rollout {run}"


def test_another_machine_that_was_in_sync_sees_a_revert_in_review(
    reviewed: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    run, here = rolled_out(reviewed), os.environ["ROLLOUT_STATE_DIR"]
    for packed in (False, True):
        monkeypatch.setenv("ROLLOUT_STATE_DIR", str(tmp_path / f"there-{packed}"))
        for _ in range(2):
            assert state(reviewed, "--fetch") == ("in-sync", "")
        monkeypatch.setenv("ROLLOUT_STATE_DIR", here)
        assert reverted(reviewed, run)[0] == 0
        if packed:
            reviewed.git("api.git", "pack-refs", "--all")
        monkeypatch.setenv("ROLLOUT_STATE_DIR", str(tmp_path / f"there-{packed}"))
        now, reason = state(reviewed, "--fetch")
        assert (now, HELD in reason) == ("in-review", True)
        assert applied(reviewed)[:2] == (0, "unchanged")
        monkeypatch.setenv("ROLLOUT_STATE_DIR", here)
        assert applied(reviewed, "--release")[:2] == (0, "unchanged")


def test_a_review_that_puts_back_follows_upstream(reviewed: World) -> None:
    reverted(reviewed, rolled_out(reviewed))
    tip = reviewed.elsewhere("api", {"README.md": "moved\n"})
    assert applied(reviewed)[:2] == (0, "proposed")
    assert reviewed.tip("api", f"{BRANCH}~1") == tip
    assert reviewed.at("api", "AGENTS.md", BRANCH) == "old\n"
    forget()
    assert applied(reviewed)[:2] == (0, "unchanged")


@first_rows(1, "how", [merge, squash], ids=["merged", "squashed"])
def test_a_merged_review_that_puts_back_holds_until_the_template_changes(reviewed: World, how: object) -> None:
    reverted(reviewed, rolled_out(reviewed))
    assert callable(how)
    how(reviewed)
    for _ in range(2):
        assert applied(reviewed)[:2] == (0, "unchanged")
        now, reason = state(reviewed, "--fetch")
        assert (now, HELD in reason) == ("in-sync", True)
        forget()
    assert reviewed.git("api.git", "branch", "--list", "rollout/*") == ""
    reviewed.template("project/AGENTS.md", "two\n")
    assert applied(reviewed)[:2] == (4, "blocked"), "what is put back is its person's"
    assert applied(reviewed, "--adopt")[:2] == (0, "proposed")


@first_rows(1, "how", ["deleted", "taken over"])
def test_a_revert_that_a_person_declined_or_took_over_is_told_until_the_template_changes(
    reviewed: World, how: str
) -> None:
    run = rolled_out(reviewed)
    reverted(reviewed, run)
    if how == "deleted":
        reviewed.git("api.git", "update-ref", "-d", f"refs/heads/{BRANCH}")
        why = f"the branch {BRANCH} was deleted"
    else:
        made = reviewed.git("api.git", "commit-tree", f"{BRANCH}^{{tree}}", "-p", BRANCH, "-m", "of a person")
        reviewed.git("api.git", "update-ref", f"refs/heads/{BRANCH}", made)
        why = f"{BRANCH} was taken over by "
    for _ in range(2):
        now, reason = state(reviewed, "--fetch")
        assert now == "in-sync"
        assert reason.startswith(f"a revert is not upstream: {why}")
        code, outcome, reason = applied(reviewed)
        assert (code, outcome) == (0, "unchanged")
        assert why in reason
    assert reverted(reviewed, run, "--reopen")[:2] == (0, "proposed")
    assert state(reviewed, "--fetch")[0] == "in-review"


def test_a_changed_template_takes_the_place_of_a_revert_in_review(reviewed: World) -> None:
    reverted(reviewed, rolled_out(reviewed))
    reviewed.template("project/AGENTS.md", "two\n")
    assert applied(reviewed)[:2] == (0, "proposed")
    assert reviewed.at("api", "AGENTS.md", BRANCH) == "two\n"


def test_release_ends_a_revert_that_is_in_review(reviewed: World) -> None:
    reverted(reviewed, rolled_out(reviewed))
    code, outcome, reason = applied(reviewed, "--release")
    assert (code, outcome) == (0, "unchanged")
    assert reason == f"what was proposed is not asked for any more; the branch {BRANCH} is deleted"
    assert state(reviewed, "--fetch") == ("in-sync", "")


def test_what_is_still_in_review_is_taken_back(reviewed: World) -> None:
    applied(reviewed, "--adopt")
    run = reviewed.last_run()
    shown = reviewed.run("revert", run)
    assert (shown.code, f"api (main): in-review (the proposal on {BRANCH} is taken back)" in shown.out) == (4, True)
    ran = reviewed.run("revert", run, "--yes")
    assert ran.code == 0
    assert f"what run {run} proposed is taken back; the branch {BRANCH} is deleted" in ran.out
    assert "On hold until their templates change: api; rollout apply --release" in ran.out
    assert reviewed.git("api.git", "branch", "--list", "rollout/*") == ""
    assert applied(reviewed)[:2] == (0, "unchanged")
    now, reason = state(reviewed, "--fetch")
    assert (now, HELD in reason) == ("in-sync", True)
    assert reverted(reviewed, run) == (0, "unchanged", "it is as before the run already")
    assert applied(reviewed, "--release", "--adopt")[:2] == (0, "proposed")
    assert applied(reviewed, "--adopt")[:2] == (0, "unchanged")


def test_the_review_of_what_is_taken_back_is_closed_with_that_reason(reviewed: World, forge: GitHub) -> None:
    applied(reviewed, "--adopt")
    run = reviewed.last_run()
    code, outcome, reason = reverted(reviewed, run)
    assert (code, outcome, "/pull/1 is closed" in reason) == (0, "unchanged", True)
    assert (forge.pulls[1]["state"], forge.comments[1]) == (
        "closed", [f"Run {run}, which proposed this, was reverted."],
    )  # fmt: skip
    assert applied(reviewed, "--adopt")[:2] == (0, "unchanged")
    forget()
    assert applied(reviewed, "--adopt")[:2] == (3, "blocked")  # without the state it is known as declined
    assert applied(reviewed, "--adopt", "--reopen")[:2] == (0, "proposed")


def test_nothing_is_taken_back_while_its_review_cannot_be_closed(reviewed: World, forge: GitHub) -> None:
    applied(reviewed, "--adopt")
    run = reviewed.last_run()
    forge.trouble = lambda asked: (502, {"message": "Bad gateway"}, {}) if asked.method == "PATCH" else None
    code, outcome, reason = reverted(reviewed, run)
    assert (code, outcome, "could not be closed" in reason, forge.pulls[1]["state"]) == (3, "failed", True, "open")
    assert HELD not in state(reviewed, "--fetch")[1]
    forge.trouble = lambda _: None
    assert reverted(reviewed, run)[:2] == (0, "unchanged")
    assert forge.pulls[1]["state"] == "closed"


def test_what_was_taken_back_is_proposed_again_when_it_is_released(reviewed: World, forge: GitHub) -> None:
    applied(reviewed, "--adopt")
    reverted(reviewed, reviewed.last_run())
    assert applied(reviewed, "--adopt", "--release")[:2] == (0, "proposed")
    assert sorted(forge.pulls) == [1, 2]


def test_the_revert_of_a_revert_names_what_was_taken_out_of_a_review(reviewed: World) -> None:
    (reviewed.root / "shared").mkdir()
    reviewed.tail = "folders: {f: {path: shared, templates: [project]}}\n"
    assert reviewed.run("apply", "--yes", "--adopt").code == 0
    assert reviewed.run("revert", "--yes", reviewed.last_run()).code == 0
    run = reviewed.last_run()
    ran = reviewed.run("revert", "--yes", "--json", run)
    assert (ran.code, ran.outcomes()) == (3, {"f": "written", "api": "blocked"})
    told = "what was proposed and taken back stays on hold; rollout apply --release writes what the template says"
    assert ran.reasons()["api"] == told
    assert reviewed.run("revert", "--yes", "--json", run, "--limit", "f").outcomes() == {"f": "unchanged"}
    assert reviewed.run("apply", "--yes", "--release", "--adopt", "--json").outcomes()["api"] == "proposed"
    assert reviewed.run("revert", "--yes", "--json", run).outcomes() == {"f": "unchanged"}


def test_the_revert_of_a_revert_leaves_in_the_review_what_that_left_there(reviewed: World, forge: GitHub) -> None:
    applied(reviewed, "--adopt")
    run = reviewed.last_run()
    reviewed.template("project/ci.yml", "ci\n")
    applied(reviewed, "--adopt")
    both = reviewed.last_run()
    reverted(reviewed, run)
    back = reviewed.last_run()
    told = "what was proposed and taken back stays on hold; rollout apply --release writes what the template says"
    for _ in range(2):
        assert reverted(reviewed, back) == (3, "blocked", told)
        assert reviewed.git("api.git", "diff", "--name-only", f"main..{BRANCH}") == "ci.yml"
    assert applied(reviewed, "--release", "--adopt")[:2] == (0, "proposed")
    assert reviewed.git("api.git", "diff", "--name-only", f"main..{BRANCH}").split() == ["AGENTS.md", "ci.yml"]
    assert reverted(reviewed, both)[:2] == (0, "unchanged")
    assert forge.pulls[1]["state"] == "closed"


def test_the_revert_of_a_revert_that_did_both_names_what_was_taken_out_of_the_review(reviewed: World) -> None:
    reviewed.template("project/ci.yml", "ci\n")
    applied(reviewed, "--adopt")
    run = reviewed.last_run()
    reviewed.elsewhere("api", {"AGENTS.md": "one\n"})
    assert applied(reviewed)[:2] == (0, "proposed")
    assert reverted(reviewed, run)[:2] == (0, "proposed")
    assert reviewed.git("api.git", "diff", "--name-only", f"main..{BRANCH}") == "AGENTS.md"
    plan = reviewed.run("revert", reviewed.last_run()).out
    assert "what was proposed and taken back stays on hold; rollout apply --release" in " ".join(plan.split())


def test_what_else_is_in_the_review_stays_in_it(reviewed: World, forge: GitHub) -> None:
    applied(reviewed, "--adopt")
    run = reviewed.last_run()
    reviewed.template("project/ci.yml", "ci\n")
    applied(reviewed, "--adopt")
    assert reverted(reviewed, run)[:2] == (0, "proposed")
    assert reviewed.git("api.git", "diff", "--name-only", f"main..{BRANCH}") == "ci.yml"
    assert (len(forge.pulls), forge.pulls[1]["state"]) == (1, "open")
    assert applied(reviewed, "--adopt")[:2] == (0, "unchanged")
    now, reason = state(reviewed, "--fetch")
    assert (now, HELD in reason) == ("in-review", True)


def test_what_the_review_proposes_anew_is_taken_back_first(reviewed: World) -> None:
    applied(reviewed, "--adopt")
    run = reviewed.last_run()
    reviewed.template("project/AGENTS.md", "two\n")
    applied(reviewed, "--adopt")
    anew = reviewed.last_run()
    code, outcome, reason = reverted(reviewed, run)
    assert (code, outcome) == (3, "blocked")
    assert reason == f"the open review changes AGENTS.md anew; take that back first: rollout revert {anew}"
    assert reverted(reviewed, anew)[:2] == (0, "unchanged")


def test_a_merged_run_is_put_back_beside_what_is_in_review(reviewed: World) -> None:
    run = rolled_out(reviewed)
    reviewed.template("project/ci.yml", "ci\n")
    applied(reviewed)
    assert reverted(reviewed, run)[:2] == (0, "proposed")
    assert reviewed.git("api.git", "diff", "--name-only", f"main..{BRANCH}").split() == ["AGENTS.md", "ci.yml"]
    assert applied(reviewed)[:2] == (0, "unchanged")


def test_a_review_that_a_person_took_over_is_not_taken_back(reviewed: World) -> None:
    run = rolled_out(reviewed)
    reviewed.template("project/AGENTS.md", "two\n")
    applied(reviewed)
    later = reviewed.last_run()
    reviewed.clone("api", "api.person")
    reviewed.git("api.person", "checkout", "-q", "-b", "theirs", f"origin/{BRANCH}")
    theirs = reviewed.commit("api.person", {"AGENTS.md": "better\n"}, "fix wording")
    reviewed.git("api.person", "push", "-q", "origin", f"theirs:{BRANCH}")
    for one in (later, run):
        code, outcome, reason = reverted(reviewed, one)
        assert (code, outcome) == (3, "blocked")
        assert "was taken over by Pat Person" in reason
        assert f"rollout revert {one} --reopen begins on another branch" in reason
    assert reverted(reviewed, run, "--reopen")[:2] == (0, "proposed")
    assert (reviewed.tip("api", BRANCH), reviewed.at("api", "AGENTS.md", f"{BRANCH}.2")) == (theirs, "old\n")


def test_a_declined_revert_is_told_so_and_upstream_is_as_it_should_be(reviewed: World, forge: GitHub) -> None:
    run = rolled_out(reviewed)
    assert reverted(reviewed, run)[:2] == (0, "proposed")
    forge.close(2)
    for _ in range(2):
        code, outcome, reason = applied(reviewed)
        assert (code, outcome) == (0, "unchanged")
        assert "a revert is not upstream: " in reason
        assert "was closed unmerged by octocat; `rollout revert` with --reopen" in reason
        assert state(reviewed, "--fetch") == ("in-sync", reason)
    code, outcome, reason = reverted(reviewed, run)
    assert (code, outcome) == (3, "blocked")
    assert f"was closed unmerged by octocat; rollout revert {run} --reopen proposes it again" in reason
    assert reverted(reviewed, run, "--reopen")[:2] == (0, "proposed")


def test_what_was_merged_is_put_back_without_the_commit_that_was_proposed(reviewed: World) -> None:
    applied(reviewed, "--adopt")
    run = reviewed.last_run()
    squash(reviewed)
    applied(reviewed)
    shutil.rmtree(os.path.join(os.environ["ROLLOUT_STATE_DIR"], "repos"), ignore_errors=True)
    for folder in os.listdir(os.environ["ROLLOUT_STATE_DIR"]):
        path = os.path.join(os.environ["ROLLOUT_STATE_DIR"], folder)
        if os.path.isdir(path):
            shutil.rmtree(path)
    assert reverted(reviewed, run)[:2] == (0, "proposed")
    assert reviewed.at("api", "AGENTS.md", BRANCH) == "old\n"


def test_nothing_is_taken_back_without_a_push(reviewed: World) -> None:
    applied(reviewed, "--adopt")
    first = reviewed.tip("api", BRANCH)
    assert reverted(reviewed, reviewed.last_run(), "--no-push") == (
        0, "unchanged", f"{BRANCH} stays until a run may push",
    )  # fmt: skip
    assert reviewed.tip("api", BRANCH) == first


def test_a_revert_that_waits_is_proposed_by_the_next_push(reviewed: World) -> None:
    run = rolled_out(reviewed)
    assert reverted(reviewed, run, "--no-push")[:2] == (0, "committed")
    assert reviewed.run("push", "--yes", "--json").outcomes() == {"api": "proposed"}
    assert reviewed.at("api", "AGENTS.md", BRANCH) == "old\n"
    assert applied(reviewed)[:2] == (0, "unchanged")


def test_a_review_that_a_push_opened_is_taken_back_where_somebody_is_logged_in(reviewed: World) -> None:
    reviewed.defaults = reviewed.defaults.replace("deliver: review", "deliver: review, forge: gitea")
    as_forge(reviewed, "api", "gitea")
    assert applied(reviewed, "--adopt")[:2] == (0, "proposed")
    code, outcome, reason = reverted(reviewed, reviewed.last_run())
    assert (code, outcome) == (0, "unchanged")
    assert "nobody is logged in to close https://forge.example/team/api/pulls/1; close it by hand" in reason
    close(reviewed, "1")
    assert applied(reviewed, "--adopt")[:2] == (0, "unchanged")
    assert len(reviews(reviewed)) == 1


@pytest.fixture
def rows(reviewed: World) -> tuple[str, str, str]:
    """Return three runs that were merged, the newest of which a revert in review takes back."""
    found = []
    for text in ("one\n", "two\n", "three\n"):
        reviewed.template("project/AGENTS.md", text)
        found.append(rolled_out(reviewed))
    one, two, three = found
    assert reverted(reviewed, three)[:2] == (0, "proposed")
    return one, two, three


def test_under_a_revert_in_review_an_older_run_goes_back_after_the_merge(
    reviewed: World, rows: tuple[str, str, str]
) -> None:
    one, two, three = rows
    head = reviewed.tip("api", BRANCH)
    told = "the open review puts AGENTS.md back from what a later run wrote; merge it first, then revert again"
    for older in (one, two):
        assert reverted(reviewed, older) == (3, "blocked", told)
    assert reverted(reviewed, three)[:2] == (0, "unchanged")
    assert reviewed.tip("api", BRANCH) == head
    merge(reviewed)
    assert reverted(reviewed, one)[2].endswith(f"take that back first: rollout revert {two}")
    assert reverted(reviewed, two)[:2] == (0, "proposed")
    assert reviewed.at("api", "AGENTS.md", BRANCH) == "one\n"


def test_a_revert_in_review_is_taken_out_of_it_by_its_own_revert(reviewed: World, rows: tuple[str, str, str]) -> None:
    assert reverted(reviewed, reviewed.last_run())[:2] == (0, "unchanged")
    assert BRANCH not in reviewed.git("api.git", "branch", "--list", BRANCH)
    assert reviewed.at("api", "AGENTS.md") == "three\n"
