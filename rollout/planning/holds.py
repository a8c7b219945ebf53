"""Targets that the inventory asks to be left as they are."""

from __future__ import annotations

from msgspec.structs import replace

from rollout.model.causes import Frozen
from rollout.model.inventory import Target
from rollout.model.plan import State, Step
from rollout.model.reasons import Reason, without_ways

_DECIDED = {State.DRIFT, State.CONFLICT, State.DECLINED, State.WAITING, State.PENDING}
_UNKNOWN = {State.MISSING, State.UNREACHABLE, State.BLOCKED}


def held(step: Step, target: Target, today: str) -> Step:
    """Return the step of a target that may be on hold: then it needs no decision and nothing is written.

    `today` is written as 2026-03-01; on the day that `until` names, the target goes on.
    """
    hold = target.hold
    if hold is None or step.state in _UNKNOWN or (hold.until is not None and today >= hold.until):
        return step
    why = Reason((Frozen(hold.until), *without_ways(step.why).parts))
    state = State.PENDING if step.state in _DECIDED else step.state
    return replace(step, frozen=True, state=state, why=why, follow=False)
