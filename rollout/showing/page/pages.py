"""Put the page together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from msgspec import Struct

from rollout.model.event_trends import EventTrends
from rollout.model.outcomes import PastRun
from rollout.model.plan import Plan, State
from rollout.safety.shown import moment
from rollout.showing.page import entries, timeline, words
from rollout.showing.page.contents import Page
from rollout.showing.page.entries import PageContext, TargetNow
from rollout.showing.page.plots import events_shown
from rollout.showing.status import Row
from rollout.showing.status_rows import fetched_at

_RUNS = 40  # that the timeline shows


class Facts(Struct, frozen=True):
    """Everything that the page is made from."""

    inventory: str
    now: str
    plan: Plan
    rows: Sequence[Row]
    runs: Sequence[PastRun]  # newest first
    known: PageContext
    events: EventTrends | None = None
    version: str = ""


def page(facts: Facts) -> Page:
    """Return the whole page, with nothing left out."""
    steps = facts.plan.steps
    told = [TargetNow(step, row) for step, row in zip(steps, facts.rows, strict=True)]
    diffs = entries.diffs(steps)
    states = Counter(step.state for step in steps)
    asked = fetched_at(facts.plan)
    return Page(
        title=f"{facts.inventory}: {words.sentence(steps)}",
        sentence=words.sentence(steps),
        inventory=facts.inventory,
        as_of=facts.now,
        asked_at="" if asked is None else moment(asked),
        counts=tuple((state.value, states[state]) for state in State if states[state]),
        groups=entries.groups(told, facts.known, diffs),
        diffs=diffs,
        runs=timeline.timeline(facts.runs[:_RUNS]),
        more_runs=max(len(facts.runs) - _RUNS, 0),
        events=None if facts.events is None else events_shown(facts.events),
        version=facts.version,
    )
