"""Which wave a target belongs to, and which of them have to wait."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from fnmatch import fnmatchcase

from msgspec.structs import replace

from rollout.model.few import few
from rollout.model.inventory import Target
from rollout.model.outcomes import Outcome, Verdict
from rollout.model.plan import State, Step
from rollout.model.reasons import Later, Reason
from rollout.model.reviews import Via
from rollout.model.waves import Pace, Wave

_THROUGH = {State.IN_SYNC, State.BEHIND}
_NOT_YET = {State.PENDING, State.READY_TO_PUSH, State.DRIFT, State.IN_REVIEW}
_DONE = {Verdict.PUSHED, Verdict.WRITTEN}


def by_wave(targets: Iterable[Target], waves: Sequence[Wave]) -> dict[str, int]:
    """Return the wave of each target, counted from 0; one that no wave names comes after the last."""
    return {target.name: _wave_of(target, waves) for target in targets}


def _wave_of(target: Target, waves: Sequence[Wave]) -> int:
    names = (target.name, *target.groups)
    for number, wave in enumerate(waves):
        if any(fnmatchcase(name, word) for word in wave.limits for name in names):
            return number
    return len(waves)


def first_open(steps: Iterable[Step], numbers: Mapping[str, int]) -> int | None:
    """Return the first wave that has a target which upstream does not have as it should be."""
    return min((numbers.get(step.target, 0) for step in steps if step.state not in _THROUGH), default=None)


def through(step: Step, outcome: Outcome | None) -> bool:
    """Tell whether upstream has what a target should be, after a run that came to this outcome."""
    if outcome is None or outcome.verdict is Verdict.UNCHANGED:
        return step.state in _THROUGH
    return outcome.verdict in _DONE or (outcome.verdict is Verdict.COMMITTED and step.via is Via.PUSH)


def obstacle(wave: Wave, number: int, left: Collection[str]) -> Reason:
    """Say which targets of a wave keep the later ones waiting."""
    names = few(sorted(left), 3, "rollout status names them")
    return Reason((Later(f"wave {number + 1} ({wave.named}) is not through: {names}"),))


def waiting(
    steps: tuple[Step, ...], others: tuple[Step, ...], numbers: Mapping[str, int], pace: Pace
) -> tuple[Step, ...]:
    """Return the steps with those as waiting that an earlier wave keeps back; `others` are not in the plan."""
    if not pace.waves:
        return steps
    found: list[Step] = []
    for step in steps:
        number = numbers.get(step.target, 0)
        earlier = [one for one in (*steps, *others) if numbers.get(one.target, 0) < number]
        left = {one.target for one in earlier if one.state not in _THROUGH}
        if not left or step.state not in _NOT_YET:
            found.append(step)
            continue
        first = min(numbers.get(name, 0) for name in left)
        names = {name for name in left if numbers.get(name, 0) == first}
        found.append(_kept(step, obstacle(pace.waves[first], first, names)))
    return tuple(found)


def _kept(step: Step, why: Reason) -> Step:
    return replace(step, state=State.WAITING, why=why, follow=False)


def paced(steps: tuple[Step, ...], pace: Pace, opened: int) -> tuple[Step, ...]:
    """Return the steps with those as waiting whose reviews are too many; `opened` were opened in the last hour.

    What has a review already is never kept back.
    """
    open_now = sum(1 for step in steps if step.changes and step.standing is not None and step.standing.left)
    room = [] if pace.max_open is None else [(pace.max_open - open_now, f"max_open: {pace.max_open}", open_now)]
    if pace.per_hour is not None:
        room.append((pace.per_hour - opened, f"per_hour: {pace.per_hour}", opened))
    if not room:
        return steps
    left, rule, number = min(room)
    found: list[Step] = []
    for step in steps:
        new = _opens(step)
        if new and left <= 0:
            what = "are open" if rule.startswith("max_open") else "were opened in the last hour"
            found.append(_kept(step, Reason((Later(f"{rule}, and {number} reviews {what} or about to be"),))))
            continue
        left, number = left - new, number + new
        found.append(step)
    return tuple(found)


def _opens(step: Step) -> bool:
    """Tell whether writing a step opens a review that is not there yet."""
    there = step.standing is not None and step.standing.left
    return step.via is not Via.PUSH and step.state in {State.PENDING, State.DRIFT} and bool(step.changes) and not there
