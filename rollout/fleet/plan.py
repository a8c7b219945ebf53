"""Everything observed and decided: the targets of an inventory become a plan."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from threading import Event
from types import MappingProxyType

from msgspec.structs import replace

from rollout.fleet.limits import Judged, judged, limited
from rollout.fleet.load import Loaded
from rollout.fleet.parts import Parts, Prepared
from rollout.fleet.pointers import astray
from rollout.machine import clock
from rollout.model import plan_document
from rollout.model.circumstances import Decisions
from rollout.model.files import Problem
from rollout.model.inventory import Target
from rollout.model.plan import Plan, State, Step
from rollout.planning import needs
from rollout.planning.steps import with_limits
from rollout.rendering.checks import Checks
from rollout.rendering.formatters import Formatters
from rollout.targets.destination import Glance, Look
from rollout.targets.job import Settings
from rollout.targets.units import GLANCING, OBSERVING
from rollout.work import threads
from rollout.work.executors import Executor

_AT_ONCE = 8  # targets that are read from at once

Noted = Callable[[Step], None]


def plan(
    loaded: Loaded,
    settings: Settings,
    decisions: Decisions,
    executor: Executor,
    noted: Noted = lambda _: None,
    stop: Event | None = None,
    targets: tuple[Target, ...] | None = None,
    problems: Mapping[str, tuple[Problem, ...]] = MappingProxyType({}),
    *,
    from_memory: bool = True,
    begun: Callable[[str], None] = lambda _: None,
    left_open: Callable[[str], None] = lambda _: None,
) -> Plan:
    """Return the plan of the chosen targets, in the inventory's order; `begun` and `noted` hear of each.

    `problems` are faults of a target's files, found by other means than rendering and checking them. Without
    `from_memory` every target is looked at in full, whatever is remembered of it.
    """
    chosen = loaded.chosen if targets is None else targets
    parts = Parts(loaded, settings)
    prepared = _prepared(loaded, parts, chosen, stop)
    found: dict[str, Step] = {}
    heard: dict[str, str | None] = {}
    plain = [t for t in chosen if from_memory and not problems.get(t.name) and t.name not in prepared]
    for glance, seen in executor.run(GLANCING, _glances(loaded, plain, settings, begun), stop, len(plain)):
        heard[glance.target.name] = seen.heard
        if seen.step is None:
            left_open(glance.target.name)
        else:
            found[glance.target.name] = seen.step
            noted(seen.step)
    left = [target for target in chosen if target.name not in found]
    looks = _looks(loaded, left, settings, decisions, problems, heard, prepared, begun)
    for look, step in executor.run(OBSERVING, looks, stop, len(left)):
        step = replace(step, inputs=look.desired.inputs)
        whole = prepared[step.target][1] if step.target in prepared else Judged()
        lost = astray(loaded.inventory, look.target, look.desired, step, parts, everywhere=not from_memory)
        step = with_limits(step, whole.budgets, (*whole.findings, *lost))
        found[look.target.name] = step
        noted(step)
    steps = _apart(tuple(_with_needs(found.get(t.name) or _not_looked_at(t), t) for t in chosen))
    steps = needs.waiting(steps, _needed(loaded, settings, executor, stop, steps))
    made = Plan(clock.new_id(), clock.now(), steps)
    return replace(made, digest=plan_document.digest(made))


def _with_needs(step: Step, target: Target) -> Step:
    return replace(step, needs=target.needs) if target.needs else step


def _needed(
    loaded: Loaded, settings: Settings, executor: Executor, stop: Event | None, steps: tuple[Step, ...]
) -> tuple[Step, ...]:
    """Look at what is needed and was not chosen: it must be as it should be already."""
    names = needs.missing(steps)
    others = tuple(target for target in loaded.inventory.targets if target.name in names)
    return plan(loaded, settings, Decisions(), executor, stop=stop, targets=others).steps if others else ()


def _apart(steps: tuple[Step, ...]) -> tuple[Step, ...]:
    """Block targets that turn out to be one branch of one repository, listed under two names."""
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


def _glances(
    loaded: Loaded, chosen: Iterable[Target], settings: Settings, begun: Callable[[str], None]
) -> Iterable[Glance]:
    for target in chosen:
        begun(target.name)
        yield Glance(target, loaded.rendering.asked(target), settings)


def _looks(
    loaded: Loaded,
    chosen: Iterable[Target],
    settings: Settings,
    decisions: Decisions,
    problems: Mapping[str, tuple[Problem, ...]],
    heard: Mapping[str, str | None],
    prepared: Mapping[str, tuple[Prepared, Judged]],
    begun: Callable[[str], None],
) -> Iterable[Look]:
    formatters, checks = Formatters(), Checks()
    for target in chosen:
        begun(target.name)
        read = prepared.get(target.name)
        rendered = loaded.rendering.desired(target) if read is None else read[0].desired
        desired = checks.over(formatters.over(rendered))
        further = problems.get(target.name, ())
        asked = "" if further else loaded.rendering.asked(target, desired.inputs)
        wanted = replace(desired, problems=desired.problems + further)
        yield Look(
            target, wanted, settings, decisions, asked, heard.get(target.name) if read is None else read[0].heard
        )


def _prepared(
    loaded: Loaded, parts: Parts, chosen: Iterable[Target], stop: Event | None
) -> dict[str, tuple[Prepared, Judged]]:
    """Return what the targets should be whose files are read: that is known before they are looked at."""
    inventory = loaded.inventory
    reading = [t for t in chosen if limited(inventory, t) or loaded.rendering.any_reads_files(t)]

    def prepared(target: Target) -> tuple[Prepared, Judged]:
        return parts.prepared(target), judged(inventory, target, parts)

    return {target.name: found for target, found in threads.run(prepared, reading, _AT_ONCE, stop)}


def _not_looked_at(target: Target) -> Step:
    return Step(target.name, target.location, State.BLOCKED, "interrupted before it was looked at", None)
