"""What of a target's own inputs changed between two of its commits."""

from __future__ import annotations

from pathlib import PurePosixPath

import pytest

from rollout.model.inputs import Input
from rollout.model.inventory import Branch
from rollout.model.plan import State, Step
from rollout.model.reasons import NONE
from rollout.objects.trees import PathChange, TreeEntry
from rollout.planning.review import read_between, read_since

ONE, TWO = ("100644", "1" * 40), ("100644", "2" * 40)

STEP = Step(
    "api",
    Branch("url", "origin", "main", None),
    State.PENDING,
    NONE,
    "base",
    managed={PurePosixPath("parts/ours.md"): "-"},
    inputs=(
        Input("read.md", "api", "1"),
        Input("parts/*.md", "api", "2", glob=True),
        Input("parts/ours.md", "api", "3", managed=True),
        Input("core.md", "core", "4"),
    ),
)


def changed(path: str, before: TreeEntry, after: TreeEntry) -> PathChange:
    return PurePosixPath(path), before, after


@pytest.mark.parametrize(
    ("difference", "counts"),
    [
        (changed("read.md", ONE, TWO), True),
        (changed("read.md", ONE, None), True),
        (changed("parts/new.md", None, TWO), True),
        (changed("parts/gone.md", ONE, None), True),
        (changed("parts/other.md", ONE, TWO), False),  # the list of files is the same, and it was not read
        (changed("parts/ours.md", None, TWO), False),  # a managed path is held against the plan by itself
        (changed("core.md", ONE, TWO), False),  # of another target
        (changed("else.md", ONE, TWO), False),
    ],
)
def test_what_was_read_and_changed_is_found(difference: PathChange, counts: bool) -> None:
    assert bool(read_between(STEP, [difference])) is counts


def test_an_input_of_a_saved_plan_that_says_something_else_now_is_named() -> None:
    now = (Input("read.md", "api", "other"), Input("core.md", "core", "4"))
    assert read_since(STEP.inputs, now) == ["read.md of api"]
