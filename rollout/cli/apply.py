"""`rollout apply`, `push` and `revert`: a plan, a question, a run."""

from __future__ import annotations

import socket
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import click
from msgspec import Struct, field
from msgspec.structs import replace

from rollout import apply as runs
from rollout import clock, commits, destination, ledger, load, locks, looks, plan, show, wire
from rollout import revert as reverting
from rollout.cli import proving, run_events, session
from rollout.cli.options import common, option
from rollout.cli.progress import Progress
from rollout.cli.session import Session
from rollout.commits import Words
from rollout.destination import Settings
from rollout.errors import Refused
from rollout.ledger import Ledger, LedgerError
from rollout.model import Branch, Folder, OnDrift, Outcome, Plan, Run, State, Step, Target, Verdict
from rollout.plan import Decisions

_BURST = 0.25  # seconds within which outcomes are recorded together

_message = option("--message", metavar="TEXT", help="What the commits say: a subject, and after an empty line a body.")
_trailer = option(
    "--trailer", "trailers", multiple=True, metavar="K: V", help="Add a trailer to the commits' messages."
)
_signoff = option("--signoff", is_flag=True, help="Add your Signed-off-by to the commits' messages.")
_max_failures = option("--max-failures", type=click.IntRange(1), metavar="N",
                       help="Begin no further target once N have failed, were rejected or blocked.")  # fmt: skip


@click.command()
@click.argument("planfile", required=False)
@option("-y", "--yes", is_flag=True, help="Do not ask.")
@option("--offline", is_flag=True, help="Contact no remote: commit here, leave it ready to push.")
@option("--no-push", is_flag=True, help="Commit here, leave it ready to push.")
@option("--adopt", is_flag=True, help="Take over files that exist and that rollout never wrote.")
@option("--on-drift", type=click.Choice([d.value for d in OnDrift]), default="block",
        help="What to do with managed files that others changed (default: block).")  # fmt: skip
@_message
@_trailer
@_signoff
@_max_failures
@common
@click.pass_context
def apply(
    context: click.Context,
    planfile: str | None,
    yes: bool,
    offline: bool,
    no_push: bool,
    adopt: bool,
    on_drift: str,
    message: str | None,
    trailers: tuple[str, ...],
    signoff: bool,
    max_failures: int | None,
) -> int:
    """Commit, push and write what the plan says, after asking.

    \b
    rollout apply
    rollout apply rollout.plan --yes
    rollout apply --no-push --message "Event store migration"
    """
    decisions = Decisions(adopt, OnDrift(on_drift))
    words = _words(message, trailers, signoff=signoff)
    with session.opened(context, check=False) as at, _ledger(at) as book:
        settings = at.settings(offline=offline, push=not (no_push or offline), writes=True)
        if planfile is not None:
            made, asked = _reviewed(at, book, planfile, settings, decisions), True
        else:
            problems = {} if offline else proving.problems(at)
            made, asked = at.plan(settings, decisions, problems=problems), False
        return _carry_out(
            at, book, "apply", made, settings, words, yes=yes, show_plan=not asked, used=planfile is not None,
            most_failures=max_failures,
        )  # fmt: skip


@click.command()
@option("-y", "--yes", is_flag=True, help="Do not ask.")
@_message
@_trailer
@_signoff
@_max_failures
@common
@click.pass_context
def push(
    context: click.Context,
    yes: bool,
    message: str | None,
    trailers: tuple[str, ...],
    signoff: bool,
    max_failures: int | None,
) -> int:
    """Push every target that is ready to push, rebuilding rollout's own commits on an upstream that moved.

    \b
    rollout push --yes
    rollout push --limit health-agent-s
    """
    words = _words(message, trailers, signoff=signoff)
    with session.opened(context, check=False, spread=False) as at, _ledger(at) as book:
        settings = at.settings(writes=True)
        made = at.plan(settings, problems=proving.problems(at))
        return _carry_out(at, book, "push", made, settings, words, yes=yes, only_waiting=True,
                          most_failures=max_failures)  # fmt: skip


@click.command()
@click.argument("run")
@option("-y", "--yes", is_flag=True, help="Do not ask.")
@option("--no-push", is_flag=True, help="Commit here, leave it ready to push.")
@_message
@_trailer
@_signoff
@common
@click.pass_context
def revert(
    context: click.Context,
    run: str,
    yes: bool,
    no_push: bool,
    message: str | None,
    trailers: tuple[str, ...],
    signoff: bool,
) -> int:
    """Undo a run: new commits that put back what was there, and shared files from their backups.

    \b
    rollout history
    rollout revert 20260203T152000Z-3f81ad
    """
    words = _words(message, trailers, signoff=signoff)
    with session.opened(context, check=False, spread=False, looks=False) as at, _ledger(at) as book:
        settings = at.settings(push=not no_push, writes=True)
        past = book.run(run)
        targets = tuple(t for t in at.loaded.chosen if any(o.target == t.name and o.paths for o in past.outcomes))
        steps = reverting.steps(past, targets, at.loaded, settings, at.options.jobs)
        made = Plan(clock.new_id(), clock.now(), steps)
        made = replace(made, digest=wire.digest(made))
        words = replace(words, message=message or f"Revert rollout {past.run}")
        return _carry_out(at, book, "revert", made, settings, words, yes=yes)


def _words(message: str | None, trailers: tuple[str, ...], *, signoff: bool) -> Words:
    return Words(message, tuple(commits.trailer(text) for text in trailers), signoff)


@contextmanager
def _ledger(at: Session) -> Iterator[Ledger]:
    """Hold the run lock and the ledger: two runs on one inventory never work at once."""
    inventory = at.loaded.inventory
    lock = at.run_lock
    with ExitStack() as stack:
        with at.interrupt.at_once():
            stack.enter_context(locks.locked(lock, f"rollout {at.loaded.shown}", at.options.lock_timeout))
            locks.prove(lock)
            book = stack.enter_context(ledger.opened(inventory.ledger, at.state, inventory.path, at.screen.warn))
            stack.enter_context(book.lock(at.options.lock_timeout))
        looks.sweep(at.state)
        for target in at.loaded.chosen:
            for note in destination.clear(target, at.state):
                at.screen.warn(f"{target.name}: {note}")
        load.faultless(at.loaded)  # after what a killed run left is cleared: a person must not be kept waiting for it
        yield book


def _reviewed(at: Session, book: Ledger, planfile: str, settings: Settings, decisions: Decisions) -> Plan:
    """Load a saved plan and hold it against the world; raise Refused before anything is written."""
    path = Path(planfile).expanduser()
    try:
        content = path.read_bytes()
    except OSError as error:
        raise Refused(f"{planfile}: {error.strerror}; make a plan with: rollout plan --out {planfile}") from error
    saved, _ = wire.read_plan(content, planfile)
    book.check_unused(saved.id, saved.digest)
    by_name = {target.name: target for target in at.loaded.inventory.targets}
    chosen = {target.name for target in at.loaded.chosen}
    steps = tuple(step for step in saved.steps if step.target in chosen)
    gone = [step.target for step in steps if step.target not in by_name]
    moved = [s.target for s in steps if s.target in by_name and not _same_place(s, by_name[s.target])]
    now = at.plan(settings, decisions, tuple(by_name[s.target] for s in steps if s.target in by_name))
    fresh = {step.target: step for step in now.steps}
    stale = dict.fromkeys(moved, "is at another place than when the plan was made")
    stale |= dict.fromkeys(gone, "is not in the inventory any more")
    stale |= {s.target: why for s in steps if s.target in fresh and (why := _stale(s, fresh[s.target]))}
    if stale:
        told = show.grouped(stale.items(), whole=at.options.verbose > 0)
        listed = "\n".join(f"{planfile}: {line}" for line in told)
        raise Refused(
            f"{listed}\n{planfile}: the plan is stale; nothing was changed; make a new one: rollout plan --out"
        )
    merged = tuple(_as_reviewed(step, fresh[step.target], decisions) for step in steps)
    return replace(saved, steps=merged)


def _same_place(step: Step, target: Target) -> bool:
    match step.location, target.location:
        case Branch() as then, Branch() as now:
            return (then.branch, then.remote, then.checkout) == (now.branch, now.remote, now.checkout)
        case Folder() as then_folder, Folder() as now_folder:
            return then_folder == now_folder
        case _:
            return False


def _stale(then: Step, now: Step) -> str | None:
    """Say what about a target is no longer as it was reviewed; a moved tip alone is nothing."""
    if now.state in {State.MISSING, State.UNREACHABLE}:
        return None
    if then.identity and now.identity and then.identity != now.identity:
        return "is at another address than when the plan was made"
    both = then.managed.keys() & now.managed.keys()
    changed = sorted(str(path) for path in both if then.managed[path] != now.managed[path])
    return f"{', '.join(changed[:3])} changed since the plan was made" if changed else None


def _as_reviewed(saved: Step, now: Step, decisions: Decisions) -> Step:
    """Take what was reviewed, where the target is now, and what the person decides now."""
    if now.state in {State.MISSING, State.UNREACHABLE}:
        return now
    if saved.changes and now.state is State.BLOCKED and not any(c.action.value == "error" for c in now.changes):
        return now  # what refuses a commit now refused nothing when it was planned: an identity, a branch
    return replace(
        plan.decided(saved, decisions),
        location=now.location,
        base=now.base,
        pending=now.pending,
        follow=now.follow,
        orphans=now.orphans,
        warnings=now.warnings,
    )


def _carry_out(
    at: Session,
    book: Ledger,
    command: str,
    made: Plan,
    settings: Settings,
    words: Words,
    *,
    yes: bool,
    show_plan: bool = True,
    only_waiting: bool = False,
    used: bool = False,
    most_failures: int | None = None,
) -> int:
    sorted_steps = runs.sort(made.steps, only_waiting=only_waiting)
    whole = at.options.verbose > 0
    if show_plan and not at.options.json and not (yes and at.options.quiet):
        at.screen.data(show.plan_text(made, at.screen.paint, with_diff=not yes or whole, whole=whole))
    elif not at.options.json:
        for line in show.orphans(made.steps, whole=whole):
            at.screen.warn(line)
    work = [step for step in sorted_steps.writable if runs.changes_something(step)]
    if work and not yes:
        _ask(at, command, work)
    run = Run(clock.new_id(), command, clock.now_exact(), clock.epoch(), words.message or "", made.id, made.digest)
    book.start(run, socket.gethostname(), used=used)
    outcomes = _run(at, book, run, made, sorted_steps, settings, words, most_failures)
    code = at.interrupt.code or runs.exit_code(made.steps, outcomes)
    book.finish(run, code)
    run_events.log(at, run, made.steps, outcomes)
    if at.options.json:
        counts: dict[str, int] = {}
        for outcome in outcomes:
            counts[outcome.verdict.value] = counts.get(outcome.verdict.value, 0) + 1
        at.screen.event(type="run_summary", run=run.id, time=clock.now(), counts=counts, exit_code=code)
    else:
        at.screen.data(show.outcomes_text(outcomes, at.screen.paint, command, whole=whole))
    return code


def _ask(at: Session, command: str, work: list[Step]) -> None:
    """Ask once, with no as the default; raise Refused where nobody can answer or the answer is no."""
    if at.options.json or not sys.stdin.isatty():
        raise Refused(
            f"{command} would change {show.count(len(work), 'target')}, and nobody is here to be asked; give --yes"
        )
    what = show.count(len(work), "target")
    at.screen.clear()
    try:
        with at.interrupt.at_once():
            agreed = at.screen.agreed(f"{command.capitalize()} this to {what}?")
    except session.Interrupted:
        at.screen.say("\nrollout: interrupted; nothing was changed")
        raise
    if not agreed:
        raise Refused("not agreed; nothing was changed")


def _run(
    at: Session,
    book: Ledger,
    run: Run,
    made: Plan,
    sorted_steps: runs.Sorted,
    settings: Settings,
    words: Words,
    most_failures: int | None,
) -> list[Outcome]:
    """Write the steps, tell of each outcome as it comes, and record all of them."""
    if at.options.json:
        at.screen.event(type="run_start", run=run.id, time=clock.now(), command=run.command, plan=made.id,
                        targets=len(made.steps))  # fmt: skip
        for line in _diagnostics(made.steps):
            at.screen.event(type="diagnostic", run=run.id, time=clock.now(), **line)
    book.record_all(run, sorted_steps.settled)
    outcomes = list(sorted_steps.settled)
    for outcome in sorted_steps.settled if at.options.json else ():
        _tell(at, run, outcome)  # a person was told of these by the plan, and is told again at the end
    with Progress(at.screen, len(sorted_steps.writable), "written") as progress:

        def begun(step: Step) -> None:
            progress.begun(step.target)
            if at.options.json:
                at.screen.event(type="target_start", run=run.id, time=clock.now(), target=step.target)

        recording = _Recording(at, book, run)
        for step, outcome in runs.write(
            sorted_steps.writable, run, settings, words, at.executor, at.interrupt.stop, begun, most_failures
        ):
            outcomes.append(outcome)
            recording.add(outcome)
            progress.ended(step.target)
        recording.flush()
    order = {step.target: index for index, step in enumerate(made.steps)}
    return sorted(outcomes, key=lambda outcome: order[outcome.target])


class _Recording(Struct):
    """Records outcomes, and tells of them then: each at once, but a burst of them together.

    A record that is to outlast a power cut takes as long as a push; one for each would hold a large run up.
    """

    at: Session
    book: Ledger
    run: Run
    waiting: list[Outcome] = field(default_factory=list)
    recorded: float = 0.0

    def add(self, outcome: Outcome) -> None:
        self.waiting.append(outcome)
        if outcome.verdict is not Verdict.NOT_STARTED and time.monotonic() - self.recorded >= _BURST:
            self.flush()

    def flush(self) -> None:
        outcomes, self.waiting = self.waiting, []
        if not outcomes:
            return
        try:
            self.book.record_all(self.run, outcomes)
        except LedgerError as error:
            for outcome in outcomes:
                text = f"{outcome.target}: {outcome.verdict}, but it could not be recorded: {error}"
                self.at.screen.say(f"rollout: {text}")
            self.at.interrupt.stop.set()
        for outcome in outcomes:
            _tell(self.at, self.run, outcome)
        self.recorded = time.monotonic()


def _diagnostics(steps: Iterable[Step]) -> Iterator[dict[str, str]]:
    for step in steps:
        for path in step.orphans:
            yield {"severity": "warning", "code": "orphan", "target": step.target, "path": str(path),
                   "message": f"{path}: no template names it any more; mode: absent deletes it"}  # fmt: skip
        for warning in step.warnings:
            yield {"severity": "warning", "code": "warning", "target": step.target, "message": warning}


def _tell(at: Session, run: Run, outcome: Outcome) -> None:
    if at.options.json:
        reason = "; ".join(filter(None, (outcome.reason, *outcome.notes)))
        at.screen.event(
            type="target_done",
            run=run.id,
            time=clock.now(),
            target=outcome.target,
            outcome=outcome.verdict.value,
            reason=reason,
            base=outcome.base,
            commit=outcome.commit,
            duration_ms=outcome.duration_ms,
        )
    elif outcome.verdict.value != "unchanged" or at.options.verbose:
        at.screen.note(show.outcome_line(outcome, lambda text, _style: text))
