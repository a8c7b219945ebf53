"""Prove the documents from a command: find the database, and deal with one that is down.

What proves is loaded where there is a database.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from rollout.cli.session import Session
from rollout.errors import RolloutError, UsageError
from rollout.model.files import Problem
from rollout.model.inventory import Target
from rollout.model.verified import Unproved
from rollout.safety.flaw import Flaw

ENVIRONMENT = "ROLLOUT_DATABASE_URL"
# A rollout waits no longer than this for a database that is down; `verify` waits longer, because asking is its job.
PATIENCE, LONG_PATIENCE = 2.0, 10.0

SCRIPT = "docs/testing/event-store-test.sh"


def database(at: Session, given: str | None = None) -> str | None:
    """Return the URL of the event store: given, from the environment, from the inventory, or none."""
    return given or os.environ.get(ENVIRONMENT) or at.loaded.inventory.database


def reach(at: Session, url: str, patience: float) -> None:
    """Make sure that the database answers; one command waits only once for a database that does not."""
    from rollout.events.database import connected
    from rollout.events.patience import within

    def answers() -> None:
        with connected(url):
            pass

    if url in at.unreached:
        raise at.unreached[url]
    try:
        within(patience, answers)
    except RolloutError as error:
        at.unreached[url] = error
        raise


def problems(at: Session, targets: tuple[Target, ...] | None = None) -> Mapping[str, tuple[Problem, ...]]:
    """Return what is wrong with the documents that would be rolled out.

    Without a database that is nothing, and a database that is down only causes a warning.
    """
    url = database(at)
    if url is None:
        return {}
    chosen = at.loaded.chosen if targets is None else targets
    at.screen.note("Trying the documents' commands and queries on the event store.")
    try:
        reach(at, url, PATIENCE)
        from rollout.fleet import prove

        return prove.problems(prove.faults(at.loaded, url, chosen, at.interrupt.stop))
    except UsageError:
        raise
    except RolloutError as error:
        at.screen.warn(f"could not prove the documents: {error}")
        return {}


def unproved(at: Session, error: RolloutError) -> tuple[Unproved, ...]:
    """Return each target whose documents nobody could prove, with the reason."""
    from rollout.fleet import prove

    names = prove.documented(at.loaded, at.loaded.chosen)
    return tuple(Unproved(name, "", Flaw(f"not proved: {error}")) for name in names)


def faults(at: Session, url: str) -> tuple[Unproved, ...]:
    """Return what is wrong with the documents, the store that they are about, and what hooks log into it.

    Raises RolloutError if nobody knows.
    """
    from rollout.fleet import capture, prove

    reach(at, url, LONG_PATIENCE)
    chosen = at.loaded.chosen
    return (
        *prove.faults(at.loaded, url, chosen, at.interrupt.stop),
        *prove.script(at.loaded, url, SCRIPT, chosen),
        *capture.faults(at.loaded, url, chosen),
    )
