"""Observe the targets of an inventory and make a plan for them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from threading import Event

from msgspec import Struct
from msgspec.structs import replace

from rollout.fleet.load import Loaded
from rollout.machine import clock
from rollout.model import plan_document
from rollout.model.circumstances import Decisions
from rollout.model.files import Desired, Problem
from rollout.model.inventory import Target
from rollout.model.plan import Plan, State, Step
from rollout.rendering.checks import Checks
from rollout.rendering.formatters import Formatters
from rollout.targets.destination import Glance, Look
from rollout.targets.job import Settings
from rollout.targets.units import GLANCING, OBSERVING
from rollout.work.executors import Executor


class Question(Struct, frozen=True):
    """What to plan: for which targets, and with which decisions.

    `problems` are faults of a target's files that neither rendering nor the checks found. Without `from_memory` we look
    at every target in full, whatever we remember of it.
    """

    targets: tuple[Target, ...]
    settings: Settings
    decisions: Decisions
    problems: Mapping[str, tuple[Problem, ...]]
    from_memory: bool = True


class Watcher(Struct, frozen=True):
    """Called for each target: when it begins, when a glance did not settle it, and when its step is there."""

    begun: Callable[[str], None]
    left_open: Callable[[str], None]
    ended: Callable[[str], None]


def make_plan(loaded: Loaded, question: Question, executor: Executor, watcher: Watcher, stop: Event) -> Plan:
    """Return the plan of the targets in question, in the inventory's order."""
    chosen, problems = question.targets, question.problems
    found: dict[str, Step] = {}
    heard: dict[str, str | None] = {}
    plain = [target for target in chosen if question.from_memory and not problems.get(target.name)]
    for glance, seen in executor.run(GLANCING, _glances(loaded, plain, question.settings, watcher), stop, len(plain)):
        heard[glance.target.name] = seen.heard
        if seen.step is None:
            watcher.left_open(glance.target.name)
        else:
            found[glance.target.name] = seen.step
            watcher.ended(glance.target.name)
    left = [target for target in chosen if target.name not in found]
    looks = _looks(loaded, left, question, heard, watcher)
    for look, step in executor.run(OBSERVING, looks, stop, len(left)):
        found[look.target.name] = step
        watcher.ended(look.target.name)
    steps = _apart(tuple(found.get(target.name) or _not_looked_at(target) for target in chosen))
    made = Plan(clock.new_id(), clock.now(), steps)
    return replace(made, digest=plan_document.digest(made))


def _apart(steps: tuple[Step, ...]) -> tuple[Step, ...]:
    """Block targets that turn out to be the same branch of the same repository."""
    first: dict[tuple[str, str | None], str] = {}
    blocked: dict[str, str] = {}
    for step in steps:
        if step.kind == "repo" and step.identity:
            other = first.setdefault((step.identity, step.branch), step.target)
            if other != step.target:
                blocked[step.target], blocked[other] = other, step.target
    if not blocked:
        return steps
    reason = "is the same branch of the same repository as {}; keep one of them"
    return tuple(
        replace(step, state=State.BLOCKED, reason=reason.format(blocked[step.target]), changes=(), follow=False)
        if step.target in blocked
        else step
        for step in steps
    )


def _glances(loaded: Loaded, chosen: Iterable[Target], settings: Settings, watcher: Watcher) -> Iterable[Glance]:
    for target in chosen:
        watcher.begun(target.name)
        yield Glance(target, loaded.rendering.asked(target), settings)


def _looks(
    loaded: Loaded,
    chosen: Iterable[Target],
    question: Question,
    heard: Mapping[str, str | None],
    watcher: Watcher,
) -> Iterable[Look]:
    formatters, checks = Formatters(), Checks()
    for target in chosen:
        watcher.begun(target.name)
        desired = checks.over(formatters.over(loaded.rendering.desired(target)))
        further = question.problems.get(target.name, ())
        asked = "" if further else loaded.rendering.asked(target)
        wanted = Desired(desired.managed, desired.problems + further)
        yield Look(target, wanted, question.settings, question.decisions, asked, heard.get(target.name))


def _not_looked_at(target: Target) -> Step:
    return Step(target.name, target.location, State.BLOCKED, "interrupted before rollout looked at it", None)
