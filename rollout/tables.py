"""What a person reads of targets and of runs: tables, as plain text and as Markdown."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Sequence
from pathlib import PurePosixPath

from msgspec import Struct

from rollout.model import LastOutcome, PastRun, State
from rollout.plaintext import ago, moment, plain
from rollout.show import STATE_COLOUR, Paint, orphan, outcome_line


class Row(Struct, frozen=True):
    """One target in the status table."""

    name: str
    kind: str
    branch: str | None
    state: State
    reason: str
    commit: str | None
    ahead: int | None
    behind: int | None
    last: LastOutcome | None
    disagrees: str | None = None
    trouble: str | None = None  # why the last run did not go well, until one does
    orphans: tuple[PurePosixPath, ...] = ()
    alone: bool = False  # the repository has no remote: what is committed there is all there is to it


def table(head: Sequence[str], rows: Sequence[Sequence[str]], width: int | None = None) -> str:
    """Return columns aligned by what they take on the screen; the last one is wrapped to `width`."""
    cells = [[plain(cell) for cell in row] for row in rows]
    widths = [max(_cells(row[i]) for row in [list(head), *cells]) for i in range(len(head))]
    out = []
    for row in [list(head), *cells]:
        fixed = "  ".join(_pad(cell, widths[i]) for i, cell in enumerate(row[:-1]))
        left = (width - _cells(fixed) - 2) if width else 0
        pieces = _wrapped(row[-1], left) if width and left > 20 else [row[-1]]
        out.append(f"{fixed}  {pieces[0]}".rstrip())
        out += [" " * (_cells(fixed) + 2) + piece for piece in pieces[1:]]
    return "\n".join(out) + "\n"


def _wrapped(text: str, width: int) -> list[str]:
    import textwrap

    return textwrap.wrap(text, width) or [""]


def _cells(text: str) -> int:
    if text.isascii():
        return len(text)
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 0 if unicodedata.combining(c) else 1 for c in text)


def _pad(text: str, width: int) -> str:
    return text + " " * (width - _cells(text))


class Knowledge(Struct, frozen=True):
    """When the table is printed, when upstream was last asked, and whether that was by this very command."""

    now: str
    fetched_at: float | None
    fetched: bool = False


def status_text(rows: Sequence[Row], known: Knowledge, paint: Paint, width: int | None) -> str:
    """Return the status table, what each state is about, and how old the knowledge is."""
    body = [
        [
            row.name,
            row.branch or "folder",
            row.state.value,
            (row.commit or "")[:10],
            _last_change(row.last, known.now),
            _about(row),
        ]
        for row in rows
    ]
    text = table(["TARGET", "BRANCH", "STATE", "COMMIT", "LAST RUN", ""], body, width)
    for state, colour in STATE_COLOUR.items():
        text = _painted_word(text, state.value, colour, paint)
    counts = Counter(row.state for row in rows)
    head = ", ".join(f"{counts[state]:,} {state.value}" for state in State if counts[state])
    return f"{text}\n{head}. {_age(known)}".rstrip() + "\n"


def _painted_word(text: str, word: str, colour: str, paint: Paint) -> str:
    return "\n".join(
        line.replace(f"  {word} ", f"  {paint(word, colour)} ", 1) if f"  {word} " in line else line
        for line in text.split("\n")
    )


def _about(row: Row) -> str:
    return "; ".join(filter(None, (row.reason, row.disagrees, row.trouble, *map(orphan, row.orphans))))


def _last_change(last: LastOutcome | None, now: str) -> str:
    return f"{last.applied} {ago(last.applied_at, now)}" if last and last.applied_at else "never"


def _last_date(last: LastOutcome | None) -> str:
    return f"{last.applied} {last.applied_at[:10]}" if last and last.applied_at else "never"


def _age(known: Knowledge) -> str:
    if known.fetched_at is None:
        return "" if known.fetched else "Upstream was not asked; rollout status --fetch asks."
    asks = "" if known.fetched else "; rollout status --fetch asks now"
    return f"Upstream as of {moment(known.fetched_at)}{asks}."


ALONE = "✅ Committed, no remote"
_TICKS = {
    State.IN_SYNC: "✅ Pushed",
    State.READY_TO_PUSH: "⏳ Ready to push",
    State.BEHIND: "✅ Pushed, checkout behind",
}


def status_markdown(rows: Sequence[Row]) -> str:
    """Return the status table in the form of the first user's report."""
    lines = ["| Target | Branch | Commit | Status | Last run | Note |", "|---|---|---|---|---|---|"]
    for row in rows:
        tick = "✅ Written" if row.kind == "folder" and row.state is State.IN_SYNC else _TICKS.get(row.state)
        if row.alone and row.state is State.IN_SYNC:
            tick = ALONE
        status = tick or f"❌ {row.state.value}"
        commit = f"`{row.commit[:7]}`" if row.commit else "—"
        cells = [row.name, row.branch or "folder", commit, status, _last_date(row.last), _about(row)]
        lines.append("| " + " | ".join(_cell(cell) for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return plain(text).replace("|", "\\|") or "—"


def history_text(runs: Sequence[PastRun], width: int | None) -> str:
    """Return the runs, newest first."""
    if not runs:
        return "No runs yet.\n"
    rows = []
    for run in runs:
        counts = Counter(outcome.verdict.value for outcome in run.outcomes)
        what = ", ".join(f"{number} {verdict}" for verdict, number in counts.items()) or "nothing recorded"
        ended = "at work" if run.at_work else "interrupted" if run.exit_code is None else str(run.exit_code)
        rows.append([run.run, run.command, ended, what])
    return table(["RUN", "COMMAND", "EXIT", "OUTCOMES"], rows, width)


def run_text(run: PastRun, paint: Paint) -> str:
    """Return one run with the outcome of each target and the files it changed."""
    lines = [
        paint(f"{run.command} {run.run}", "bold"),
        f"started {run.started_at}, " + ("is at work now" if run.at_work else f"finished {run.finished_at or 'never'}"),
    ]
    if run.subject:
        lines.append(f"message: {plain(run.subject)}")
    for outcome in run.outcomes:
        lines.append(outcome_line(outcome, paint))
        lines += [f"    {path.action:<8} {plain(path.path)}" for path in outcome.paths]
    return "\n".join(lines) + "\n"
