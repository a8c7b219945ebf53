"""What keeps a checkout from following is a value; its words are made in one place."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest

from rollout.checkout.standing import Hindered
from rollout.model.circumstances import CheckoutState
from rollout.model.hindrances import CheckedOutElsewhere, Edited, Hindrance, OnBranch, OwnCommits, PushedSince
from tests.world import World


@pytest.mark.parametrize(
    ("why", "words"),
    [
        (OnBranch("topic"), "on branch topic"),
        (
            CheckedOutElsewhere("main", Path("/work/two")),
            "branch main is checked out in another worktree too: /work/two",
        ),
        (OwnCommits(1), "1 commit of your own is not upstream"),
        (
            PushedSince(1),
            "1 commit came after what upstream had when rollout last asked; rollout status --fetch asks again",
        ),
        (OwnCommits(2), "2 commits of your own are not upstream"),
        (
            Edited(tuple((PurePosixPath(name), "has local edits") for name in "dcba")),
            "a has local edits, b has local edits, c has local edits (and 1 more)",
        ),
    ],
)
def test_a_plan_and_a_refused_move_say_the_same_words(why: Hindrance, words: str) -> None:
    assert CheckoutState(False, why).reason.text == words
    assert str(Hindered(why)) == words


def test_what_is_committed_on_another_branch_is_no_local_edit(world: World) -> None:
    top = world.repo("api")
    world.template("project/more.txt", "more\n")
    assert world.run("apply", "--yes").code == 0
    (top / "conf.txt").write_text("edited\n")
    edited = world.run("verify", "--json").json["targets"][0]["mismatches"]
    assert edited == [{"path": "conf.txt", "where": "checkout", "reason": "has local edits"}]
    world.git(top, "checkout", "-q", "-b", "feature")
    world.git(top, "commit", "-q", "-a", "-m", "feature")
    found = world.run("verify", "--json").json["targets"][0]["mismatches"]
    assert found == [{"path": "conf.txt", "where": "checkout", "reason": "on branch feature"}]


def test_a_checkout_on_another_branch_is_verified_by_what_its_files_say(world: World) -> None:
    top = world.repo("api")
    world.template("project/more.txt", "more\n")
    world.tail = "files: {gone.txt: {mode: absent}}\n"
    assert world.run("apply", "--yes").code == 0
    world.git(top, "checkout", "-q", "-b", "feature")
    world.commit(top, {"mine.txt": "mine\n"})
    assert world.run("verify").code == 0
    assert world.run("status", "--json").states() == {"api": "behind"}
    world.elsewhere("api", {"theirs.txt": "theirs\n"})
    assert world.run("verify").code == 0
    world.template("project/more.txt", "more and more\n")
    assert world.run("apply", "--yes").code == 0
    found = world.run("verify", "--json").json["targets"][0]["mismatches"]
    assert found == [{"path": "more.txt", "where": "checkout", "reason": "on branch feature"}]


def test_what_a_person_pushed_since_upstream_was_asked_is_not_told_as_a_checkout_that_lags(world: World) -> None:
    top = world.repo("api")
    assert world.run("apply", "--yes").code == 0
    for number in (1, 2):
        world.commit(top, {"conf.txt": f"mine {number}\n"}, push=True)
        told = f"{number} commit{'s' * (number > 1)} came after what upstream had when rollout last asked"
        for command in (("status",), ("plan", "--offline")):
            (target,) = world.run(*command, "--json").json["targets"]
            assert (target["state"], target["reason"]) == ("behind", f"{told}; rollout status --fetch asks again")
    assert world.run("status", "--fetch", "--json").states() == {"api": "drift"}
