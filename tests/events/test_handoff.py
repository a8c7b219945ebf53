"""A successor works by the page alone: what it is told is so, and what does not fit is there on demand."""

from __future__ import annotations

import pytest

from rollout.events.resume_markdown import LIMIT
from tests.events.handoff import Marks, broken_off, measured


@pytest.fixture(scope="module")
def marks() -> dict[str, Marks]:
    return measured(100, 0.0)


def test_a_page_tells_nothing_that_was_superseded_and_every_approach_that_failed(marks: dict[str, Marks]) -> None:
    page = marks["bundle"]
    assert (page.superseded[0], page.superseded[1] > 500) == (0, True)
    assert (page.ruled_out[0], page.ruled_out[1] > 500) == (page.ruled_out[1], True)
    assert (page.unknown[0], page.unknown[1] > 50) == (page.unknown[1], True)
    assert max(page.sizes) < LIMIT


def test_what_does_not_fit_is_told_on_demand(marks: dict[str, Marks]) -> None:
    whole = marks["bundle, all of it"]
    assert (whole.facts[0], whole.whole[0]) == (whole.facts[1], whole.whole[1])


def test_a_page_tells_more_than_a_repository_or_as_many_characters_of_the_newest_events(
    marks: dict[str, Marks],
) -> None:
    share = {name: mark.facts[0] / mark.facts[1] for name, mark in marks.items()}
    newest = share["raw replay, its newest 2,000 characters"]
    assert share["bundle"] > 0.8 > 2 * newest > 2 * share["repository only"]


def test_the_judge_sees_what_is_wrong() -> None:
    worker = broken_off(3)
    truth = worker.world.truth()
    marks = Marks()
    marks.judge(worker.world, {**truth, "goal": frozenset(worker.world.superseded)}, 1)
    assert (marks.whole, marks.superseded[0] > 0) == ([0, 1], True)
