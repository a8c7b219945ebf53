"""What waits for what, by values."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest

from rollout.model.action import Action
from rollout.model.files import File
from rollout.model.inventory import Branch
from rollout.model.outcomes import Outcome, Verdict
from rollout.model.plan import Change, State, Step
from rollout.model.reasons import NONE, said
from rollout.planning import needs, writable

CHANGE = Change(PurePosixPath("x"), Action.CREATE, "missing", None, File(b"x"))

ADOPTION = Change(PurePosixPath("x"), Action.ADOPT, "it exists", File(b"y"), File(b"x"), decided=False)


def step(name: str, state: State, *needed: str, change: Change = CHANGE) -> Step:
    changes = () if state in {State.IN_SYNC, State.BEHIND, State.MISSING} else (change,)
    return Step(name, Branch("url", "origin", "main", Path("/x")), state, NONE, "base", changes, needs=needed)


def states(*steps: Step, others: tuple[Step, ...] = ()) -> list[str]:
    return [found.state.value for found in needs.waiting(steps, others)]


@pytest.mark.parametrize("state", [State.MISSING, State.UNREACHABLE, State.BLOCKED, State.CONFLICT])
def test_a_target_waits_for_one_that_cannot_be_written(state: State) -> None:
    assert states(step("api", State.PENDING, "core"), step("core", state)) == ["waiting", state.value]


def test_what_waits_makes_others_wait_and_a_decision_is_waited_for() -> None:
    chain = (step("a", State.PENDING, "b"), step("b", State.PENDING, "c"), step("c", State.PENDING, change=ADOPTION))
    assert states(*chain) == ["waiting", "waiting", "pending"]


def test_a_target_with_nothing_to_write_does_not_wait_and_one_that_can_be_written_is_not_waited_for() -> None:
    assert states(step("api", State.IN_SYNC, "core"), step("core", State.BLOCKED)) == ["in-sync", "blocked"]
    assert states(step("api", State.PENDING, "core"), step("core", State.PENDING)) == ["pending", "pending"]


def test_a_needed_target_that_was_not_chosen_must_be_as_it_should_be() -> None:
    api = step("api", State.PENDING, "core")
    assert needs.missing([api, step("web", State.IN_SYNC, "other")]) == ["core"]
    assert states(api, others=(step("core", State.IN_SYNC),)) == ["pending"]
    assert states(api, others=(step("core", State.PENDING),)) == ["waiting"]


def test_steps_are_written_after_what_they_need() -> None:
    chain = (step("a", State.PENDING, "b"), step("b", State.PENDING, "c"), step("c", State.PENDING))
    assert [[one.target for one in group] for group in needs.in_order(chain)] == [["c"], ["b"], ["a"]]


def test_a_waiting_target_is_not_started_and_ends_in_3_beside_a_failure_and_in_4_beside_a_decision() -> None:
    for other, code in ((step("core", State.BLOCKED), 3), (step("core", State.PENDING, change=ADOPTION), 4)):
        steps = needs.waiting((step("api", State.PENDING, "core"), other), ())
        found = writable.sort(steps)
        assert not found.writable
        assert [outcome.verdict for outcome in found.settled] == [Verdict.NOT_STARTED, Verdict.BLOCKED]
        assert writable.exit_code(steps, found.settled) == code


def test_what_failed_in_this_run_is_waited_for() -> None:
    api = step("api", State.PENDING, "core")
    assert needs.unmet(api, {"core": Outcome("core", Verdict.PUSHED)}) is None
    unmet = needs.unmet(api, {"core": Outcome("core", Verdict.REJECTED, said("no"))})
    assert unmet is not None
    assert unmet.text == "needs core, which is rejected: no"
