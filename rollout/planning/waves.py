"""Find the wave of each target, and the targets that have to wait."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase

from msgspec import Struct
from msgspec.structs import replace

from rollout.model.few import few
from rollout.model.inventory import Target
from rollout.model.outcomes import Outcome, Verdict
from rollout.model.plan import State, Step
from rollout.model.reasons import Later, Reason
from rollout.model.reviews import Review, Standing, Via
from rollout.model.waves import Lately, Pace, Wave
from rollout.planning.proposals import not_known
from rollout.planning.review import undecided

_THROUGH = {State.IN_SYNC, State.BEHIND}
_KEPT = {State.PENDING, State.DRIFT, State.CONFLICT}
_NOT_YET = {State.PENDING, State.READY_TO_PUSH, State.DRIFT, State.IN_REVIEW}
_DONE = {Verdict.PUSHED, Verdict.WRITTEN}
_OPENING = {State.PENDING, State.DRIFT, State.READY_TO_PUSH}


class Room(Struct, frozen=True):
    """How many reviews are open elsewhere, and how many were opened in the last hour."""

    open: int = 0
    lately: int = 0


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
    """Return the first wave with a target that is not yet upstream as it should be."""
    return min((numbers.get(step.target, 0) for step in steps if step.state not in _THROUGH), default=None)


def through(step: Step, outcome: Outcome | None) -> bool:
    """Tell whether upstream has the target's desired state after this outcome of a run."""
    if outcome is None or outcome.verdict is Verdict.UNCHANGED:
        return step.state in _THROUGH or (outcome is not None and _all_kept(step))
    return outcome.verdict in _DONE or (outcome.verdict is Verdict.COMMITTED and step.via is Via.PUSH)


def _all_kept(step: Step) -> bool:
    """Tell whether all that a target was not as it should be is kept as others left it, so that nothing is open."""
    kept = all(change.keep and change.idle for change in step.changes)
    return step.state in _KEPT and bool(step.changes) and kept


def reviewed(step: Step, outcome: Outcome | None) -> Review | None:
    """Return the review of a target after this outcome of a run."""
    if outcome is not None and outcome.review is not None:
        return outcome.review
    return None if step.standing is None else step.standing.told


def obstacle(wave: Wave, number: int, left: Mapping[str, Review | None]) -> Reason:
    """Say which targets of a wave keep the later ones waiting, and what to do about their reviews."""
    names = few(sorted(left), 3, "rollout status names them")
    return Reason((Later(f"wave {number + 1} ({wave.named}) is not finished: {names}{_reviews(left.values())}"),))


def _reviews(left: Iterable[Review | None]) -> str:
    told = [review for review in left if review is not None]
    unknown = next((review for review in told if review.unknown), None)
    if unknown is not None:
        return f"; {not_known(unknown)}: merge what is in review by hand, or close it"
    return "; merge what is in review: rollout review" if told else ""


def waiting(
    steps: tuple[Step, ...],
    others: tuple[Step, ...],
    numbers: Mapping[str, int],
    pace: Pace,
    closed: Callable[[int, list[str]], Reason | None],
) -> tuple[Step, ...]:
    """Return the steps, with those waiting that an earlier wave keeps back; `others` are not in the plan."""
    if not pace.waves:
        return steps
    everyone = (*steps, *others)
    obstacles = {number: _obstacle(number, everyone, numbers, pace, closed) for number in set(numbers.values())}
    found: list[Step] = []
    for step in steps:
        why = obstacles.get(numbers.get(step.target, 0))
        found.append(_waiting_for(step, why) if why is not None and _would_go_on(step) else step)
    return tuple(found)


def _would_go_on(step: Step) -> bool:
    """Tell whether an earlier wave is all that keeps a target back: not a hold, a decision about drift, or a person."""
    awaits = step.state is State.DRIFT and bool(undecided(step))
    taken = step.state is State.IN_REVIEW and step.standing is not None and step.standing.taken_over
    return step.state in _NOT_YET and not step.frozen and not awaits and not taken


def _obstacle(
    number: int,
    steps: tuple[Step, ...],
    numbers: Mapping[str, int],
    pace: Pace,
    closed: Callable[[int, list[str]], Reason | None],
) -> Reason | None:
    """Say what keeps a wave back: the first before it that is not through, or whose gate is not open."""
    for earlier in range(number):
        members = [step for step in steps if numbers.get(step.target, 0) == earlier]
        left = {step.target: reviewed(step, None) for step in members if step.state not in _THROUGH}
        if left:
            return obstacle(pace.waves[earlier], earlier, left)
        why = closed(earlier, [step.target for step in members])
        if why is not None:
            return why
    return None


def _waiting_for(step: Step, why: Reason) -> Step:
    return replace(step, state=State.WAITING, why=why, follow=False)


def is_open(step: Step) -> bool:
    """Tell whether a proposal of a target is open: its branch carries our commit, or a person's on top of it."""
    standing = step.standing
    return bool(step.changes) and holds_room(standing) and not step.unopened


def holds_room(standing: Standing | None) -> bool:
    """Tell whether a proposal is open, if it is still as we last saw it."""
    return standing is not None and not standing.done and (standing.left or standing.taken_over)


def unrecorded(standings: Mapping[str, Standing | None], lately: Lately) -> int:
    """Count the reviews that were opened in the last hour by runs that could not record it; one proposal a target."""
    opened = [(name, one.opened) for name, one in standings.items() if one is not None and one.left and one.opened]
    return sum(by.at >= lately.since and (by.run, name) not in lately.recorded for name, by in opened)


def opens(step: Step) -> bool:
    """Tell whether writing a step opens a review that is not there yet."""
    there = step.standing is not None and step.standing.left and not step.unopened
    ready = step.state in _OPENING or (step.state is State.IN_REVIEW and step.unopened)
    written = ready and bool(step.changes) and not step.frozen and not undecided(step)
    return step.via is not Via.PUSH and written and not there


def paced(steps: tuple[Step, ...], pace: Pace, now: Room, numbers: Mapping[str, int]) -> tuple[Step, ...]:
    """Return the steps, with those waiting whose reviews would be too many; `opened` were opened in the last hour.

    A target that has a review already is never kept back.
    """
    rules = list(_rules(pace, replace(now, open=now.open + sum(map(is_open, steps)))))
    if not rules:
        return steps
    rule = min(rules, key=lambda one: one.left)
    left, number = rule.left, rule.number
    found = {step.target: step for step in steps}
    for step in sorted(filter(opens, steps), key=lambda one: numbers.get(one.target, 0)):
        if left > 0:
            left, number = left - 1, number + 1
            continue
        why = Reason((Later(f"{rule.words}, and {rule.counted(number)} or about to be"),))
        found[step.target] = _waiting_for(step, why)
    return tuple(found.values())


class _Rule(Struct, frozen=True):
    """A limit on reviews: how many it still lets us open, how many there are, and which it counts."""

    left: int
    number: int
    words: str
    one: str
    several: str

    def counted(self, number: int) -> str:
        return f"{number:,} {self.one if number == 1 else self.several}"


def _rules(pace: Pace, now: Room) -> Iterator[_Rule]:
    if pace.max_open is not None:
        yield _Rule(
            pace.max_open - now.open, now.open, f"max_open: {pace.max_open}", "review is open", "reviews are open"
        )
    if pace.per_hour is not None:
        words, when = f"per_hour: {pace.per_hour}", "opened in the last hour"
        yield _Rule(pace.per_hour - now.lately, now.lately, words, f"review was {when}", f"reviews were {when}")
