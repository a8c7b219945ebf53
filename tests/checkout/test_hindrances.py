"""What keeps a checkout from following is a value; its words are made in one place."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest

from rollout.checkout.standing import Hindered
from rollout.model.circumstances import CheckoutState
from rollout.model.hindrances import CheckedOutElsewhere, Edited, Hindrance, OnBranch, OwnCommits


@pytest.mark.parametrize(
    ("why", "words"),
    [
        (OnBranch("topic"), "on branch topic"),
        (
            CheckedOutElsewhere("main", Path("/work/two")),
            "branch main is checked out in another worktree too: /work/two",
        ),
        (OwnCommits(1), "1 commit of your own is not upstream"),
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
