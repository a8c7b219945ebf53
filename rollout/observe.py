"""Everything observed and decided: the targets of an inventory become a plan."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from threading import Event

from rollout import clock, destination, executors, wire
from rollout.checks import Checks
from rollout.destination import Look, Settings
from rollout.load import Loaded
from rollout.model import Plan, State, Step, Target
from rollout.plan import Decisions

Noted = Callable[[Step], None]


def plan(
    loaded: Loaded,
    settings: Settings,
    decisions: Decisions,
    jobs: int,
    noted: Noted = lambda _: None,
    stop: Event | None = None,
    targets: tuple[Target, ...] | None = None,
) -> Plan:
    """Return the plan of the chosen targets, in the inventory's order; `noted` hears of each as it is known."""
    chosen = loaded.chosen if targets is None else targets
    found: dict[str, Step] = {}
    for look, step in executors.run(_observe, _looks(loaded, chosen, settings, decisions), jobs, stop):
        found[look.target.name] = step
        noted(step)
    steps = tuple(found.get(target.name) or _not_looked_at(target) for target in chosen)
    made = Plan(clock.new_id(), clock.now(), steps)
    return replace(made, digest=wire.digest(made))


def _looks(loaded: Loaded, chosen: tuple[Target, ...], settings: Settings, decisions: Decisions) -> Iterable[Look]:
    checks = Checks()
    for target in chosen:
        yield Look(target, checks.over(loaded.rendering.desired(target)), settings, decisions)


def _observe(look: Look) -> Step:
    return destination.observe(look)


def _not_looked_at(target: Target) -> Step:
    return Step(target.name, target.location, State.UNREACHABLE, "interrupted before it was looked at", None)
