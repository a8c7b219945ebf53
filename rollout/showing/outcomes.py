"""Outcomes and runs as text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from msgspec.structs import replace

from rollout.model.outcomes import Outcome, PastRun, RunCommand, Verdict
from rollout.model.reasons import for_many, without_ways
from rollout.safety.shown import plain
from rollout.showing.colour import Paint
from rollout.showing.display import Display
from rollout.showing.names import names
from rollout.showing.plans import done_by
from rollout.showing.table import Column, table
from rollout.showing.wrapping import wrapped

_DONE = {
    Verdict.PUSHED: "green", Verdict.COMMITTED: "cyan", Verdict.WRITTEN: "green", Verdict.PROPOSED: "cyan",
    Verdict.UNCHANGED: "dim",
}  # fmt: skip


def outcome_line(outcome: Outcome, paint: Paint) -> str:
    colour = _DONE.get(outcome.verdict, "red")
    commit = f" {outcome.commit[:10]}" if outcome.commit else ""
    notes, act = outcome.told, f", review {outcome.review_act}" if outcome.review_act is not None else ""
    return f"{outcome.target}: {paint(outcome.verdict.value, colour)}{act}{commit}" + (
        f" ({plain(notes)})" if notes else ""
    )


def outcomes_text(outcomes: Sequence[Outcome], how: Display, command: RunCommand = RunCommand.APPLY) -> str:
    """Return the summary of a run: a count for each outcome, with its targets grouped by reason, worst last."""
    groups: dict[tuple[int, Verdict, str], list[Outcome]] = {}
    order = list(Verdict)
    for outcome in outcomes:
        same = replace(outcome, why=without_ways(outcome.why)).told
        groups.setdefault((order.index(outcome.verdict), outcome.verdict, same), []).append(outcome)
    counts = Counter(outcome.verdict for outcome in outcomes)
    head = ", ".join(
        f"{number:,} {verdict.value}" for verdict, number in sorted(counts.items(), key=lambda i: order.index(i[0]))
    )
    done, wrong = counts.keys() & (_DONE.keys() - {Verdict.UNCHANGED}), counts.keys() - _DONE.keys()
    moved = any(outcome.moved for outcome in outcomes)
    title = f"Nothing {done_by(command)}" if wrong and not (done or moved) else "Done"
    lines = [how.paint(line, "bold") for line in wrapped(f"{title}: {head or 'nothing to do'}.", how.width)]
    for (_, verdict, _), found in sorted(groups.items(), key=lambda item: item[0]):
        targets = [outcome.target for outcome in found]
        reason = (found[0] if len(found) == 1 else replace(found[0], why=for_many(found[0].why))).told
        if reason or verdict is not Verdict.UNCHANGED:
            colour = _DONE.get(verdict, "red")
            number = f" ({len(targets):,})" if len(targets) > 1 else ""
            about = f" ({plain(reason)})" if reason else ""
            told = f"  {how.paint(verdict, colour)}{number}: {names(targets, 10, whole=how.whole)}{about}"
            lines += wrapped(told, how.width, "    ")
    return "\n".join(lines) + "\n"


def history_text(runs: Sequence[PastRun], how: Display) -> str:
    """Return the runs, newest first."""
    if not runs:
        return "No runs yet.\n"
    rows = []
    for run in runs:
        counts = Counter(outcome.verdict.value for outcome in run.outcomes)
        what = ", ".join(f"{number} {verdict}" for verdict, number in counts.items()) or "nothing recorded"
        ended = "at work" if run.at_work else "interrupted" if run.exit_code is None else str(run.exit_code)
        rows.append([run.run, run.command, ended, what])
    columns = [Column("RUN"), Column("COMMAND", stays=True), Column("EXIT"), Column("OUTCOMES")]
    return table(columns, rows, how.width)


def run_text(run: PastRun, how: Display) -> str:
    """Return one run with the outcome of each target and the files it changed."""
    lines = [
        how.paint(f"{run.command} {run.run}", "bold"),
        f"started {run.started_at}, " + ("is at work now" if run.at_work else f"finished {run.finished_at or 'never'}"),
    ]
    if run.subject:
        lines.append(f"message: {plain(run.subject)}")
    for outcome in run.outcomes:
        lines += wrapped(outcome_line(outcome, how.paint), how.width, "    ")
        lines += [f"    {path.action:<8} {plain(path.path)}" for path in outcome.paths]
    return "\n".join(lines) + "\n"
