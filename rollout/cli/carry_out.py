"""Ask, run and record: what `apply`, `push` and `revert` have in common."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from rollout.cli import pacing, run_events
from rollout.cli.recording import Recording, diagnostics, tell
from rollout.cli.run_options import Consent
from rollout.cli.session import Session
from rollout.cli.terminal.progress import Progress
from rollout.errors import Interrupted, Mistake, Place, Refused, UsageError
from rollout.fleet import apply, load
from rollout.fleet.apply import Order
from rollout.ledger.ledger import Ledger, opened
from rollout.machine import clock, files, locks
from rollout.model.circumstances import Decisions
from rollout.model.outcomes import Outcome, Run, RunCommand
from rollout.model.plan import Plan, Step
from rollout.objects.messages import CommitWords
from rollout.planning import needs, writable
from rollout.planning.review import as_reviewed, other_authors, same_place, stale_targets, undecided
from rollout.planning.undo import holds_after, with_left
from rollout.showing import colour, next_step, plans
from rollout.showing.names import grouped, names
from rollout.showing.outcomes import outcomes_text
from rollout.showing.wrapping import wrapped
from rollout.store import looks
from rollout.targets import destination
from rollout.targets.job import Settings


@contextmanager
def ledger(at: Session) -> Iterator[Ledger]:
    """Hold the run lock and the ledger: two runs on one inventory never work at once."""
    inventory = at.loaded.inventory
    lock = at.run_lock
    with ExitStack() as stack:
        with at.interrupt.at_once():
            stack.enter_context(locks.locked(lock, at.loaded.shown, at.options.lock_timeout))
            locks.prove(lock)
            book = stack.enter_context(opened(inventory.ledger, at.state, inventory.path, at.screen.warn))
            stack.enter_context(book.lock(at.options.lock_timeout))
        looks.sweep(at.state)
        for target in at.loaded.chosen:
            for note in destination.clear(target, at.state):
                at.screen.warn(f"{target.name}: {note}")
        load.faultless(at.loaded)  # only now: clearing up after a killed run must not depend on valid templates
        yield book


def reviewed(at: Session, book: Ledger, planfile: str, settings: Settings, decisions: Decisions) -> Plan:
    """Load a saved plan and compare it with the world; raise Refused before anything is written."""
    from rollout.model import plan_file

    path = Path(planfile).expanduser()
    try:
        content = files.read_named(path, streams=True)
    except OSError as error:
        make = f"make a plan with: rollout plan --out {planfile}"
        raise UsageError.at(planfile, error.strerror or "cannot be read", make) from error
    saved, _ = plan_file.read_plan(content, planfile)
    book.check_unused(saved.id, saved.digest)
    by_name = {target.name: target for target in at.loaded.inventory.targets}
    chosen = {target.name for target in at.loaded.chosen}
    steps = tuple(step for step in saved.steps if step.target in chosen)
    needed = () if at.options.limit else saved.steps  # a target that is no longer there cannot have been chosen
    gone = [s.target for s in needed if s.target not in by_name and (s.changes or s.pending)]
    moved = [s.target for s in steps if s.target in by_name and not same_place(s, by_name[s.target])]
    now = at.plan(settings, decisions, tuple(by_name[s.target] for s in steps if s.target in by_name))
    fresh = {step.target: step for step in now.steps}
    whole = at.options.verbose > 0
    stale = dict.fromkeys(moved, "has moved since the plan was made")
    stale |= dict.fromkeys(gone, "is no longer in the inventory")
    since = {s.target: stale_targets(s, fresh[s.target], whole=whole) for s in steps if s.target in fresh}
    stale |= {target: why for target, why in since.items() if why}
    if stale:
        told = grouped(stale.items(), whole=whole)
        place, new = Place(planfile), "make a new one: rollout plan --out"
        stands = Mistake("the plan is stale; nothing was changed", place, new)
        raise Refused(*(Mistake(line, place) for line in told), stands)
    for then, author in other_authors(steps, fresh):
        at.screen.warn(f"{planfile}: it was made for commits of {then}; they are of {author} now")
    merged = tuple(as_reviewed(step, fresh[step.target], decisions) for step in steps)
    return replace(saved, steps=merged)


class Undertaking(Struct, frozen=True):
    """What a command is about to do, and how a person agreed to it.

    `only_waiting` writes only what is ready to push; `used` is for a saved plan, which may be used once.
    """

    command: RunCommand
    plan: Plan
    settings: Settings
    words: CommitWords
    consent: Consent
    show_plan: bool = True
    only_waiting: bool = False
    used: bool = False
    last_wave: int | None = None
    skipped: bool = False  # the person left a decision open
    so_far: str = "nothing was changed"  # what is so if the person does not agree
    again: tuple[str, ...] = ()  # the words that do it again, where they are more than the command

    @property
    def same(self) -> tuple[str, ...]:
        return self.again or (self.command,)


def carry_out(at: Session, book: Ledger, what: Undertaking) -> int:
    """Show the plan, ask, write and record; return the exit code."""
    made, command = pacing.paced(at, what.plan, what.settings, book), what.command
    what = replace(what, plan=made)
    sorted_steps = writable.sort(made.steps, only_waiting=what.only_waiting)
    left = [step.target for step in made.steps if undecided(step)] if what.skipped else []
    _show(at, what, left)
    work = [step for step in sorted_steps.writable if writable.changes_something(step)]
    if work and not what.consent.yes:
        _ask(at, what, work, left)
    subject = what.words.message or ""
    run = Run(clock.new_id(), command, clock.now_exact(), clock.epoch(), subject, made.id, made.digest)
    book.start(run, os.uname().nodename, used=what.used)
    locks.name_run(at.run_lock, run.id)
    waves = pacing.waves(at, made, what.settings, run.id, what.last_wave) if command is RunCommand.APPLY else None
    order = Order(run, what.settings, what.words, what.consent.most_failures, waves)
    outcomes = _run(at, book, order, made, sorted_steps)
    code = at.interrupt.code or writable.exit_code(made.steps, outcomes, skipped=what.skipped)
    book.finish(run, code)
    run_events.log(at, run, made.steps, outcomes)
    machine = at.loaded.machine.name if at.loaded.machine else None
    for line in needs.elsewhere(at.loaded.inventory.targets, outcomes, machine):
        at.screen.warn(line)
    if at.options.json:
        counts: dict[str, int] = {}
        for outcome in outcomes:
            counts[outcome.verdict.value] = counts.get(outcome.verdict.value, 0) + 1
        at.screen.event(type="run_summary", run=run.id, time=clock.now(), counts=counts, exit_code=code)
    else:
        _tell_end(at, what, made.steps, outcomes)
    return code


def _tell_end(at: Session, what: Undertaking, steps: tuple[Step, ...], outcomes: list[Outcome]) -> None:
    """Tell what came of a run, and what comes next."""
    how = at.screen.display
    told = [replace(outcome, why=at.on_screen(outcome.why)) for outcome in outcomes]
    at.screen.data(outcomes_text(told, how, what.command))
    then = next_step.after_run(what.command, what.same, steps, outcomes, ended=at.interrupt.number is None)
    at.screen.data("".join(f"{line}\n" for line in plans.next_line(at.next(then))))
    held = holds_after(steps, outcomes)
    if held:
        on_hold = f"On hold until their templates change: {names(held, whole=how.whole)}"
        on_hold = f"{on_hold}; {at.again('apply', '--release')} writes what they say."
        at.screen.data("\n".join(wrapped(on_hold, how.width)) + "\n")


def _show(at: Session, what: Undertaking, left: list[str]) -> None:
    """Show the plan, or at least the files that no template names any more."""
    if at.options.json:
        return
    how = at.screen.display
    if what.show_plan and not (what.consent.yes and at.options.quiet):
        with_diff = not what.consent.yes or how.whole
        seen = pacing.in_waves(at, what.plan, what.settings) if what.command is RunCommand.APPLY else what.plan
        at.page(plans.plan_text(at.shown(seen), how, with_diff=with_diff, left=left))
        at.screen.data(plans.ending(seen.steps, how))
        return
    for line in plans.orphans(what.plan.steps, whole=how.whole):
        at.screen.warn(line)


def _ask(at: Session, asked: Undertaking, work: list[Step], left: list[str]) -> None:
    """Ask once, with no as the default; raise Refused if there is no terminal or the answer is no."""
    if at.options.json or not sys.stdin.isatty():
        raise Refused(
            f"{asked.command} would change {colour.count(len(work), 'target')}, but there is no terminal to ask on; "
            "add --yes to go ahead"
        )
    not_to = f", and not to {names(left, whole=at.options.verbose > 0)}" if left else ""
    what = colour.count(len(work), "target") + not_to
    at.screen.clear()
    try:
        with at.interrupt.at_once():
            agreed = at.screen.agreed(f"{asked.command.capitalize()} this to {what}?")
    except Interrupted as error:
        at.screen.say("")
        raise Interrupted(error.number, f"interrupted; {asked.so_far}") from None
    if not agreed:
        raise Refused(f"cancelled; {asked.so_far}")


def _run(
    at: Session,
    book: Ledger,
    order: Order,
    made: Plan,
    sorted_steps: writable.SortedSteps,
) -> list[Outcome]:
    """Write the steps, report each outcome as it comes, and record all of them."""
    run = order.run
    if at.options.json:
        at.screen.event(type="run_start", run=run.id, time=clock.now(), command=run.command, plan=made.id,
                        targets=len(made.steps))  # fmt: skip
        for line in diagnostics(made.steps):
            at.screen.event(type="diagnostic", run=run.id, time=clock.now(), **line)
    book.record_all(run, sorted_steps.settled)
    outcomes = list(sorted_steps.settled)
    for outcome in sorted_steps.settled if at.options.json else ():
        tell(at, run, outcome)  # the person has seen these in the plan, and sees them again at the end
    with Progress(at.screen, len(sorted_steps.writable), "written") as progress:

        def begun(step: Step) -> None:
            progress.begun(step.target)
            if at.options.json:
                at.screen.event(type="target_start", run=run.id, time=clock.now(), target=step.target)

        recording = Recording(at, book, run)
        stop, idle = at.interrupt.stop, recording.flush_when_due
        for step, outcome in apply.write(sorted_steps.writable, order, at.executor, stop, begun, idle):
            outcomes.append(with_left(step, outcome))
            recording.add(outcomes[-1])
            progress.ended(step.target)
        recording.flush()
    place = {step.target: index for index, step in enumerate(made.steps)}
    return sorted(outcomes, key=lambda outcome: place[outcome.target])
