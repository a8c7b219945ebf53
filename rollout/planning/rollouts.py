"""Group runs into one rollout, and tell what they did together to each target."""

from __future__ import annotations

from collections.abc import Sequence

from rollout.model.outcomes import CHANGED, Outcome, PastRun, RunCommand, TargetOutcomes


def changes_something(run: PastRun) -> bool:
    return any(outcome.verdict in CHANGED for outcome in run.outcomes)


def last_rollout(runs: Sequence[PastRun]) -> tuple[PastRun, ...]:
    """Return the runs, oldest first, that form one rollout with the last one that changed something.

    A rollout may take several runs: target by target, or commits first and pushes later. Such runs have the same
    message, or later ones none, and there is no revert between them.
    """
    groups: dict[tuple[int, str], list[PastRun]] = {}
    last: tuple[int, str] = (0, "")
    turn, subject, reverting = 0, "", False
    for run in runs:
        if (run.command is RunCommand.REVERT) is not reverting:
            turn, subject, reverting = turn + 1, "", not reverting
        subject = run.subject or subject
        groups.setdefault((turn, subject), []).append(run)
        if changes_something(run):
            last = (turn, subject)
    return tuple(groups.get(last, runs[-1:]))


def by_target(runs: Sequence[PastRun]) -> tuple[TargetOutcomes, ...]:
    """Return what the runs did to each target, in the order in which they name the targets."""
    outcomes: dict[str, list[Outcome]] = {}
    for run in runs:
        for outcome in run.outcomes:
            outcomes.setdefault(outcome.target, []).append(outcome)
    each = outcomes.values()
    return tuple(TargetOutcomes(tuple(o for o in found if o.verdict in CHANGED), found[-1]) for found in each)
