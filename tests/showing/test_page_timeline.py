"""Runs in the page's timeline."""

from __future__ import annotations

import pytest

from rollout.model.outcomes import Outcome, PastRun, RunCommand, Verdict
from rollout.model.reasons import said
from rollout.showing.page.contents import SameOutcome
from rollout.showing.page.timeline import timeline
from tests.showing.pages_made import made, written


def run(exit_code: int | None = 0, *outcomes: Outcome, at_work: bool = False) -> PastRun:
    return PastRun(
        "r1",
        RunCommand.APPLY,
        "words",
        "2026-02-03T15:20:00Z",
        "2026-02-03T15:24:00Z",
        "",
        "",
        exit_code,
        outcomes,
        at_work,
    )


PUSHED = Outcome("a", Verdict.PUSHED)
REJECTED = Outcome("b", Verdict.REJECTED, said("protected"))


@pytest.mark.parametrize(
    ("past", "ended"),
    [
        (run(0, PUSHED), "done"),
        (run(3, PUSHED, REJECTED), "partly done"),
        (run(3, REJECTED), "nothing done"),
        (run(4, REJECTED), "refused"),
        (run(None, PUSHED), "interrupted"),
        (run(None, PUSHED, at_work=True), "at work"),
        (run(143), "interrupted"),
        (run(77), "exit 77"),
    ],
)
def test_how_a_run_ended_is_said_in_words(past: PastRun, ended: str) -> None:
    assert timeline([past])[0].ended == ended


def test_outcomes_are_told_together_and_many_names_are_cut() -> None:
    many = [Outcome(f"t{n}", Verdict.PUSHED) for n in range(15)]
    shown = timeline([run(3, REJECTED, *many, Outcome("same", Verdict.UNCHANGED))])[0]
    assert shown.counts == (("pushed", 15), ("unchanged", 1), ("rejected", 1))
    assert shown.happened == (
        SameOutcome("pushed", "", tuple(f"t{n}" for n in range(12)), 3),
        SameOutcome("rejected", "protected", ("b",)),
    )
    assert shown.took == "4 min"


def test_the_page_shows_the_newest_forty_runs_and_says_how_many_came_before() -> None:
    page = made([], [run(0, PUSHED)] * 43)
    assert (len(page.runs), page.more_runs) == (40, 3)
    assert "3 earlier runs" in written(page)
