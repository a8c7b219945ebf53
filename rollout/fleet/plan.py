"""Observe the targets of an inventory and make a plan for them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from threading import Event
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from rollout.fleet.limits import Judged, judged, limited
from rollout.fleet.load import Loaded
from rollout.fleet.one_remote import ask_once
from rollout.fleet.wishes import Heeded, heeded
from rollout.machine import clock
from rollout.model import plan_document
from rollout.model.circumstances import Decisions
from rollout.model.files import Problem
from rollout.model.inventory import Target, TargetKind
from rollout.model.plan import Plan, State, Step
from rollout.model.reasons import said
from rollout.planning import needs
from rollout.planning.holds import held
from rollout.planning.steps import with_limits
from rollout.targets import destination
from rollout.targets.destination import Glance, Glanced, Look
from rollout.targets.job import Heard, Settings
from rollout.targets.units import GLANCING, OBSERVING
from rollout.work import threads
from rollout.work.executors import Executor

if TYPE_CHECKING:
    from rollout.fleet.parts import Parts, Prepared

_AT_ONCE = 8  # targets to read from at the same time


class PlanRequest(Struct, frozen=True):
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
    """Callbacks for each target: when it begins, when a glance did not settle it, and when its step is ready."""

    begun: Callable[[str], None]
    left_open: Callable[[str], None]
    ended: Callable[[str], None]


def make_plan(loaded: Loaded, question: PlanRequest, executor: Executor, watcher: Watcher, stop: Event) -> Plan:
    """Return the plan of the targets in question, in the inventory's order."""
    problems, settings = question.problems, question.settings
    heard_out = heeded(loaded, question.targets, settings, stop)
    loaded = heard_out.loaded
    chosen = tuple(target for target in heard_out.targets if target.name not in heard_out.settled)
    parts = cache(lambda: _parts(loaded, settings))
    prepared = _prepared(loaded, parts, chosen, stop)
    plain = [t for t in chosen if question.from_memory and not problems.get(t.name) and t.name not in prepared]
    heard = ask_once([t for t in chosen if t.name not in prepared], settings, executor, stop)
    glanced = _glanced(_glances(loaded, plain, settings, heard, watcher), executor, watcher, stop, len(plain))
    heard |= {name: seen.heard for name, seen in glanced.items() if seen.heard}
    found = {**heard_out.settled, **{name: seen.step for name, seen in glanced.items() if seen.step is not None}}
    left = [target for target in chosen if target.name not in found]
    if left:
        loaded.rendering.begin(left)
        destination.load(left)
    looks = _looks(loaded, left, question, heard, prepared, watcher) if left else ()
    for look, step in executor.run(OBSERVING, looks, stop, len(left)):
        whole = prepared[step.target][1] if step.target in prepared else Judged()
        found[look.target.name] = _within_limits(
            loaded, parts(), look, step, whole, everywhere=not question.from_memory
        )
        watcher.ended(look.target.name)
    steps = _in_order(heard_out, found)
    steps = needs.waiting(steps, _needed(loaded, settings, executor, stop, steps))
    made = Plan(clock.new_id(), clock.now(), _with_words(loaded, steps))
    return replace(made, digest=plan_document.digest(made))


def _glanced(
    glances: Iterable[Glance], executor: Executor, watcher: Watcher, stop: Event, expected: int
) -> dict[str, Glanced]:
    """Compare targets with what we remember of them, before anything is rendered."""
    glanced: dict[str, Glanced] = {}
    for glance, seen in executor.run(GLANCING, glances, stop, expected):
        glanced[glance.target.name] = seen
        tell = watcher.left_open if seen.step is None else watcher.ended
        tell(glance.target.name)
    return glanced


def _in_order(heard_out: Heeded, found: Mapping[str, Step]) -> tuple[Step, ...]:
    """Return the steps in the order of the inventory, with what it says of needs and holds of their targets."""
    targets = heard_out.targets
    looked = (heard_out.told(found.get(target.name) or _not_looked_at(target)) for target in targets)
    steps = _apart(tuple(_with_needs(step, target) for step, target in zip(looked, targets, strict=True)))
    today = clock.now()[:10]
    return tuple(held(step, target, today) for step, target in zip(steps, targets, strict=True))


def _parts(loaded: Loaded, settings: Settings) -> Parts:
    from rollout.fleet.parts import Parts  # only for targets that are looked at in full

    return Parts(loaded, settings)


def _with_words(loaded: Loaded, steps: tuple[Step, ...]) -> tuple[Step, ...]:
    if not any(step.proposal for step in steps):
        return steps
    from rollout.fleet.review_words import with_words

    return with_words(loaded, steps)


def _within_limits(loaded: Loaded, parts: Parts, look: Look, step: Step, whole: Judged, *, everywhere: bool) -> Step:
    """Return a step with what was judged of the whole target, and with what its texts refer to and is missing."""
    from rollout.fleet.pointers import astray  # only where a glance did not settle the target

    lost = astray(loaded.inventory, look.target, look.desired, step, parts, everywhere=everywhere)
    return with_limits(replace(step, inputs=look.desired.inputs), whole.budgets, (*whole.findings, *lost))


def _with_needs(step: Step, target: Target) -> Step:
    return replace(step, needs=target.needs) if target.needs else step


def _needed(
    loaded: Loaded, settings: Settings, executor: Executor, stop: Event, steps: tuple[Step, ...]
) -> tuple[Step, ...]:
    """Look at what is needed and was not chosen: it must be as it should be already."""
    names = needs.missing(steps)
    others = tuple(target for target in loaded.inventory.targets if target.name in names)
    if not others:
        return ()
    question = PlanRequest(others, settings, Decisions(), {})
    return make_plan(loaded, question, executor, Watcher(_unheard, _unheard, _unheard), stop).steps


def _unheard(_target: str) -> None:
    """Do nothing: nobody watches this target."""


def _apart(steps: tuple[Step, ...]) -> tuple[Step, ...]:
    """Block targets that turn out to be the same branch of the same repository."""
    first: dict[tuple[str, str | None], str] = {}
    blocked: dict[str, str] = {}
    for step in steps:
        if step.kind is TargetKind.REPO and step.identity:
            other = first.setdefault((step.identity, step.branch), step.target)
            if other != step.target:
                blocked[step.target], blocked[other] = other, step.target
    if not blocked:
        return steps
    reason = "is the same branch of the same repository as {}; keep one of them"
    return tuple(
        replace(step, state=State.BLOCKED, why=said(reason.format(blocked[step.target])), changes=(), follow=False)
        if step.target in blocked
        else step
        for step in steps
    )


def _glances(
    loaded: Loaded, chosen: Iterable[Target], settings: Settings, heard: Mapping[str, Heard], watcher: Watcher
) -> Iterable[Glance]:
    for target in chosen:
        watcher.begun(target.name)
        yield Glance(target, loaded.rendering.asked(target), settings, heard.get(target.name))


def _looks(
    loaded: Loaded,
    chosen: Iterable[Target],
    question: PlanRequest,
    heard: Mapping[str, Heard],
    prepared: Mapping[str, tuple[Prepared, Judged]],
    watcher: Watcher,
) -> Iterable[Look]:
    from rollout.rendering.checks import FileChecks
    from rollout.rendering.formatters import Formatters

    formatters, checks = Formatters(), FileChecks()
    for target in chosen:
        watcher.begun(target.name)
        read = prepared.get(target.name)
        rendered = loaded.rendering.desired(target) if read is None else read[0].desired
        desired = checks.over(formatters.over(rendered))
        further = question.problems.get(target.name, ())
        asked = "" if further else loaded.rendering.asked(target, desired.inputs)
        wanted = replace(desired, problems=desired.problems + further)
        told = heard.get(target.name) if read is None else read[0].heard
        hidden = loaded.rendering.secrets_of(target)
        yield Look(target, wanted, question.settings, question.decisions, asked, told, hidden)


def _prepared(
    loaded: Loaded, parts: Callable[[], Parts], chosen: Iterable[Target], stop: Event | None
) -> dict[str, tuple[Prepared, Judged]]:
    """Return the desired states of targets whose templates read files, before they are looked at."""
    inventory = loaded.inventory
    reading = [t for t in chosen if limited(inventory, t) or loaded.rendering.any_reads_files(t)]
    if not reading:
        return {}
    found = parts()

    def prepared(target: Target) -> tuple[Prepared, Judged]:
        return found.prepared(target), judged(inventory, target, found)

    return {target.name: made for target, made in threads.run(prepared, reading, _AT_ONCE, stop)}


def _not_looked_at(target: Target) -> Step:
    return Step(target.name, target.location, State.BLOCKED, said("interrupted before rollout looked at it"), None)
