"""Which exit code a run's outcomes come to."""

import pytest

from rollout.model.action import Action
from rollout.model.outcomes import Outcome, Verdict
from rollout.model.reviews import ReviewAct
from rollout.planning.writable import exit_code

WAITS = Outcome("web", Verdict.BLOCKED, awaits=Action.DRIFT)


@pytest.mark.parametrize(
    ("outcomes", "code"),
    [
        ([WAITS], 4),
        ([WAITS, Outcome("api", Verdict.UNCHANGED)], 4),
        ([WAITS, Outcome("api", Verdict.PROPOSED)], 3),
        ([WAITS, Outcome("api", Verdict.UNCHANGED, act=ReviewAct.CLOSED)], 3),
    ],
    ids=["alone", "beside-nothing", "beside-a-proposal", "beside-a-closed-review"],
)
def test_a_decision_that_is_missing_is_4_only_where_nothing_was_changed(outcomes: list[Outcome], code: int) -> None:
    assert exit_code([], outcomes) == code
