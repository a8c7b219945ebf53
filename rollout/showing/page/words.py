"""The group of a target, the first sentence of the page, and the next command."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Sequence

from rollout.model.causes import FileCauses
from rollout.model.plan import State, Step
from rollout.model.reviews import Checks
from rollout.showing.next_step import next_step
from rollout.showing.page.contents import Attention

_DECISION = "decision"
_DECIDED_BY_A_PERSON = {State.CONFLICT, State.DRIFT, State.DECLINED}
_TO_MEND = {State.MISSING, State.UNREACHABLE, State.BLOCKED}
_FINE = {State.IN_SYNC}

# The sentence's words for each kind of target, worst first.
_SAID = {
    State.MISSING: "{} missing",
    State.UNREACHABLE: "{} unreachable",
    State.BLOCKED: "{} blocked",
    State.WAITING: "{} waiting",
    State.PENDING: "{} to apply",
    State.IN_REVIEW: "{} in review",
    State.READY_TO_PUSH: "{} ready to push",
    State.BEHIND: "{} behind",
}


def needs_decision(step: Step) -> bool:
    """Tell whether a person has to decide about what others wrote."""
    if step.state in _DECIDED_BY_A_PERSON or _taken_over(step):
        return True
    return step.awaits is not None or any(not change.decided for change in step.changes)


def attention(step: Step) -> Attention:
    """Return the group of a target."""
    if step.state in _FINE:
        return Attention.FINE
    if needs_decision(step) or step.state in _TO_MEND or _stuck(step):
        return Attention.NEEDS_YOU
    return Attention.WAITING


def _taken_over(step: Step) -> bool:
    return step.state is State.IN_REVIEW and step.standing is not None and step.standing.taken_over


def _stuck(step: Step) -> bool:
    """Tell whether a review needs a person to go on."""
    review = None if step.standing is None or step.state is not State.IN_REVIEW else step.standing.review
    return review is not None and (review.checks is Checks.RED or review.conflicts is True)


def sentence(steps: Sequence[Step]) -> str:
    """Sum the fleet up: 46 of 50 in sync; 3 need a decision; 1 unreachable."""
    fine = sum(step.state in _FINE for step in steps)
    deciding = sum(needs_decision(step) for step in steps if step.state not in _FINE)
    others = Counter(step.state for step in steps if not needs_decision(step))
    parts = [f"{fine:,} of {len(steps):,} in sync"]
    parts += [f"{deciding:,} need{'s' * (deciding == 1)} a decision"] if deciding else []
    parts += [words.format(f"{others[state]:,}") for state, words in _SAID.items() if others[state]]
    return "; ".join(parts)


def next_words(step: Step) -> tuple[str, ...]:
    """Return the next command for a target, with its options; nothing if none would help."""
    match step.state:
        case State.UNREACHABLE:
            return ("status", "--fetch")
        case State.DECLINED:
            return ("apply", "--reopen")
        case State.BEHIND:
            return ("apply",) if step.follow else ()
        case State.IN_SYNC | State.MISSING | State.IN_REVIEW | State.WAITING:
            return ()
    return next_step((step,)) or (("plan",) if step.state is State.BLOCKED else ())


def choices(step: Step) -> tuple[tuple[str, ...], ...]:
    """Return the commands to choose from for what waits for a decision, besides the next one."""
    waiting = [part for part in step.why.parts if isinstance(part, FileCauses)]
    found = [part.decide for part in waiting if part.decide is not None]
    ways: list[tuple[str, ...]] = [
        (*one.apply, "--on-drift", choice) for one in found if not one.adopts for choice in one.choices
    ]
    ways += [(*one.apply, "--adopt") for one in found if one.adopts]
    ways += [("take", step.target, str(path)) for part in waiting if _takes(part) for path, _ in part.found]
    return tuple(way for way in ways if way != next_words(step))


def _takes(part: FileCauses) -> bool:
    """Tell whether a person may bring what others did back into the templates."""
    return part.decide is not None and part.decide.takes and not part.decide.adopts


def typed(words: Sequence[str], targets: Sequence[str], same: Sequence[str]) -> str:
    """Return a command line for some targets; `same` are the options that name the inventory and its variables."""
    limit = () if words[:1] == ("take",) else ("--limit", ",".join(targets))  # which names its target
    return shlex.join(["rollout", *words, *same, *limit]) if words else ""
