"""Every target as it is now, read from git and the disk and joined with the ledger."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct

from rollout.cli import pacing
from rollout.cli.history import runs_at_work
from rollout.cli.session import Session
from rollout.errors import RolloutError
from rollout.ledger import ledger
from rollout.ledger.queries import LedgerError
from rollout.machine import clock
from rollout.model.plan import State
from rollout.model.reasons import Reason
from rollout.planning.writable import reasons_of
from rollout.showing import next_step, status_rows
from rollout.showing.display import Display
from rollout.showing.status import Knowledge, Row, status_text
from rollout.showing.status_rows import Recorded

_DIFFERENT = {State.PENDING, State.WAITING, State.DRIFT, State.CONFLICT, State.READY_TO_PUSH, State.BLOCKED}


class StatusShown(Struct, frozen=True):
    """What the status command shows: a row for each target, how old the knowledge is, and the next command."""

    rows: list[Row]
    known: Knowledge
    then: str

    def text(self, how: Display) -> str:
        return status_text(self.rows, self.known, how, self.then)

    def exit_code(self, *, detailed: bool) -> int:
        """Return 1 if a target is missing or unreachable, 2 for differences if asked to, else 0."""
        if any(row.state in {State.MISSING, State.UNREACHABLE} for row in self.rows):
            return 1
        return 2 if detailed and any(row.state in _DIFFERENT for row in self.rows) else 0


def looked_at(at: Session, shown: Callable[[Reason], Reason] | None = None, *, fetch: bool) -> StatusShown:
    """Look at all targets, and read what the ledger says of them; no lock is held."""
    since = clock.now_exact()
    made = pacing.looked_at(at, at.settings(offline=not fetch))
    recorded = _recorded(at, since)
    rows = status_rows.rows(made, recorded, reasons_of, shown or at.on_screen)
    nobodys = _unmanaged(at) if fetch else None
    ask, listed = at.again("status", "--fetch"), at.again("discover")
    known = Knowledge(clock.now(), status_rows.fetched_at(made), fetch, nobodys, ask, listed)
    then = () if recorded.at_work else next_step.after_looking(made.steps)
    return StatusShown(rows, known, at.next(then))


def _unmanaged(at: Session) -> int | None:
    """Count the repositories that nobody manages, where the inventory says where to look for them."""
    inventory = at.loaded.inventory
    if not inventory.discover:
        return None
    from rollout.fleet import discover

    try:
        return len(discover.unmanaged(inventory, inventory.discover, discover.Filters(), at.options.timeout))
    except RolloutError as error:
        at.screen.warn(f"what is unmanaged is not known: {error}")
        return None


def _recorded(at: Session, since: str) -> Recorded:
    """Read as much of the ledger as we can: without it we still show what git and the disk say."""
    inventory = at.loaded.inventory
    try:
        with ledger.opened(inventory.ledger, at.state, inventory.path, at.screen.warn) as book:
            at_work = runs_at_work(at, book) is not None
            return Recorded(book.last_outcomes(), at_work, since, book.stopped())
    except LedgerError as error:
        at.screen.warn(str(error))
        return Recorded({})
