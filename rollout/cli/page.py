"""`rollout report --format html`: the whole fleet as one page. It contacts no remote."""

from __future__ import annotations

from functools import partial

from msgspec.structs import replace

from rollout import __version__
from rollout.cli import pacing, proving
from rollout.cli.history import runs_at_work
from rollout.cli.session import Session
from rollout.errors import RolloutError
from rollout.forges.pages import before_commit
from rollout.ledger import ledger
from rollout.machine import clock
from rollout.model.event_trends import EventTrends
from rollout.model.inventory import Branch
from rollout.model.plan import Plan
from rollout.planning.writable import reasons_of
from rollout.showing import status_rows
from rollout.showing.page import fitting, html, pages
from rollout.showing.page.entries import PageContext
from rollout.showing.status_rows import Recorded

_DAYS = 30  # of events
_RUNS = 100


def page(at: Session) -> str:
    """Return the page as HTML, small enough to be mailed."""
    since = clock.now_exact()
    made = pacing.looked_at(at, at.settings(offline=True))
    hide = at.screen.masked
    write = partial(html.html, hide=hide)
    return fitting.fitted(pages.page(_facts(at, made, since)), write, partial(html.weight, hide=hide))


def _facts(at: Session, made: Plan, since: str) -> pages.Facts:
    inventory = at.loaded.inventory
    with ledger.opened(inventory.ledger, at.state, inventory.path, at.screen.warn) as book:
        at_work, runs = runs_at_work(at, book), book.runs(_RUNS)
        recorded = Recorded(book.last_outcomes(), at_work is not None, since, book.stopped())
    return pages.Facts(
        inventory=inventory.path.resolve().parent.name or inventory.path.name,
        now=clock.now(),
        plan=replace(made, steps=tuple(replace(step, why=at.pointed(at.as_data(step.why))) for step in made.steps)),
        rows=status_rows.rows(made, recorded, reasons_of),
        runs=[replace(run, at_work=run.run == at_work) for run in runs],
        known=PageContext(sites=_sites(made), same=at.same(everywhere=True)),
        events=_trends(at),
        version=__version__,
    )


def _sites(made: Plan) -> dict[str, str]:
    """Return the addresses of the pages of each target's commits."""
    branches = [step for step in made.steps if isinstance(step.location, Branch)]
    return {step.target: before_commit(step.delivery, step.identity) for step in branches}


def _trends(at: Session) -> EventTrends | None:
    """Return the numbers of the event store, where one is configured; one that is down is told on the page."""
    url = proving.database(at)
    if url is None:
        return None
    from rollout.events.patience import within

    found = list[EventTrends]()
    try:
        proving.reach(at, url, proving.PATIENCE)
        within(proving.LONG_PATIENCE, lambda: found.append(_read(url)))
    except RolloutError as error:
        return EventTrends(trouble=str(error))
    return found[0]


def _read(url: str) -> EventTrends:
    from rollout.events.database import connected
    from rollout.events.trends import read_trends

    with connected(url) as connection:
        read = read_trends(connection, _DAYS)
    return EventTrends(read.days, read.types, read.rows, read.bytes)
