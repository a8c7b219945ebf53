"""The status table as text and as Markdown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import PurePosixPath

from msgspec import Struct

from rollout.model.changed import ChangedBy
from rollout.model.inventory import TargetKind
from rollout.model.limits import Finding
from rollout.model.outcomes import LastOutcome
from rollout.model.plan import State
from rollout.model.reasons import Collision
from rollout.model.reviews import Review
from rollout.safety.shown import ago, moment, plain
from rollout.showing.display import Display
from rollout.showing.passages import TableRows
from rollout.showing.plans import STATE_COLOUR, next_line, orphan
from rollout.showing.table import Column, table
from rollout.showing.wrapping import wrapped


class Row(Struct, frozen=True):
    """One target in the status table."""

    name: str
    kind: TargetKind
    branch: str | None
    state: State
    reason: str
    commit: str | None
    ahead: int | None
    behind: int | None
    last: LastOutcome | None
    disagrees: str | None = None
    trouble: str | None = None  # what went wrong in the last run, until a run succeeds
    orphans: tuple[PurePosixPath, ...] = ()
    collides: tuple[Collision, ...] = ()
    review: Review | None = None
    changed_by: tuple[tuple[PurePosixPath, ChangedBy], ...] = ()
    held: bool = False
    alone: bool = False  # the repository has no remote, so a commit there is the whole rollout
    findings: tuple[Finding, ...] = ()  # the findings in its texts that make `verify` fail


class Knowledge(Struct, frozen=True):
    """The time of the table, when upstream was last asked, whether this command asked it, and what to type."""

    now: str
    fetched_at: float | None
    fetched: bool = False
    unmanaged: int | None = None  # repositories that nobody manages
    ask: str = "rollout status --fetch"
    list_unmanaged: str = "rollout discover"


def status_text(rows: Sequence[Row], known: Knowledge, how: Display, then: str = "") -> str:
    """Return the status table, the reason of each state, how old the information is, and the next command."""
    return "\n".join([*status_table(rows, known, how), "", *status_ending(rows, known, how, then)]) + "\n"


def status_table(rows: Sequence[Row], known: Knowledge, how: Display) -> list[str]:
    """Return the lines of the table."""
    body = [
        [
            row.name,
            row.branch or "folder",
            row.state.value,
            (row.commit or "")[:10],
            _last_change(row.last, known.now),
            about(row),
        ]
        for row in rows
    ]
    state = Column("STATE", stays=True, paint=lambda text: how.paint(text, STATE_COLOUR[State(text)]))
    columns = [Column("TARGET"), Column("BRANCH"), state, Column("COMMIT"), Column("LAST RUN"), Column("")]
    return table(columns, body, how.width).split("\n")[:-1]


def status_ending(rows: Sequence[Row], known: Knowledge, how: Display, then: str) -> list[str]:
    """Return the lines that sum the table up."""
    counts = Counter(row.state for row in rows)
    head = ", ".join(f"{counts[state]:,} {state.value}" for state in State if counts[state])
    nobodys = f" {known.unmanaged:,} unmanaged; {known.list_unmanaged} lists them." if known.unmanaged else ""
    return [*wrapped(f"{head}.{nobodys} {_age(known)}".rstrip(), how.width), *next_line(then)]


def about(row: Row) -> str:
    """Return all that is said of a target besides its state: the reason, what went wrong, what is left over."""
    return "; ".join(filter(None, (row.reason, row.disagrees, row.trouble, *map(orphan, row.orphans))))


def _last_change(last: LastOutcome | None, now: str) -> str:
    return f"{last.applied} {ago(last.applied_at, now)}" if last and last.applied_at else "never"


def _last_date(last: LastOutcome | None) -> str:
    return f"{last.applied} {last.applied_at[:10]}" if last and last.applied_at else "never"


def _age(known: Knowledge) -> str:
    if known.fetched_at is None:
        return "" if known.fetched else f"Upstream was not asked; {known.ask} asks."
    asks = "" if known.fetched else f"; {known.ask} asks now"
    return f"Upstream as of {moment(known.fetched_at)}{asks}."


ALONE = "✅ Committed, no remote"

_TICKS = {
    State.IN_SYNC: "✅ Pushed",
    State.READY_TO_PUSH: "⏳ Ready to push",
    State.IN_REVIEW: "⏳ In review",
    State.BEHIND: "✅ Pushed, checkout behind",
}


def reported(rows: Sequence[Row]) -> TableRows:
    """Return the status table in the form of the first user's report."""
    return TableRows(("Target", "Branch", "Commit", "Status", "Last run", "Note"), tuple(map(_reported, rows)), stays=3)


def _reported(row: Row) -> tuple[str, ...]:
    tick = "✅ Written" if row.kind is TargetKind.FOLDER and row.state is State.IN_SYNC else _TICKS.get(row.state)
    if row.alone and row.state is State.IN_SYNC:
        tick = ALONE
    status = tick or f"❌ {row.state.value}"
    commit = f"`{row.commit[:7]}`" if row.commit else "—"
    cells = (row.name, row.branch or "folder", commit, status, _last_date(row.last), about(row))
    return tuple(plain(cell) or "—" for cell in cells)
