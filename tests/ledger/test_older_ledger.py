"""A ledger that an earlier rollout wrote tells what it told."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from rollout.ledger import ledger
from rollout.ledger.ledger import Ledger
from rollout.model.outcomes import NotFollowed, Outcome, Verdict
from rollout.model.reasons import said
from tests.ledger.test_ledger import a_run
from tests.world import World

_SQL = Path(ledger.__file__).parent / "sql"


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> str:
    if request.param == "sqlite":
        return str(Path(os.environ["ROLLOUT_STATE_DIR"]) / "ledger.db")
    found: str = request.getfixturevalue("empty_database")
    return found


def as_before(url: str) -> None:
    """Make of a ledger one without columns of their own for the checkout and for what stands aside."""
    view = "CREATE VIEW" + (_SQL / "005_latest.sql").read_text().partition("CREATE VIEW")[2]
    steps = (
        "DROP VIEW rollout_status",
        "ALTER TABLE outcome DROP COLUMN checkout",
        "ALTER TABLE outcome RENAME COLUMN aside TO of_review",
        view.rstrip().rstrip(";"),
    )
    if url.startswith("postgresql"):
        with psycopg.connect(url) as server:
            for step in (*steps, "DELETE FROM rollout_ledger_version WHERE version > 6"):
                server.execute(step.encode())
    else:
        with closing(sqlite3.connect(url)) as file:
            file.executescript(";".join((*steps, "PRAGMA user_version = 6")))


def lived(world: World) -> None:
    """Record a checkout that was left, what was blocked, and a push that had nothing to do."""
    left, blocked = world.repo("left"), world.repo("blocked")
    assert world.run("apply", "--yes").code == 0
    world.git(left, "switch", "-q", "-c", "other")
    world.commit(blocked, {"conf.txt": "theirs\n"})
    world.git(blocked, "push", "-q")
    world.template("project/conf.txt.j2", "hello all\n")
    ran = world.run("apply", "--yes", "--json")
    world.git(left, "switch", "-q", "main")
    assert ran.outcomes() == {"left": "pushed", "blocked": "blocked"}
    world.run("push", "--yes")


def told(world: World) -> list[str]:
    """Return what the ledger's readers say now."""
    return [world.run(*words).out for words in (("status", "--json"), ("status",), ("report",), ("history", "--json"))]


def test_a_ledger_of_the_version_before_tells_the_same_of_checkouts_and_last_runs(world: World, url: str) -> None:
    if url.startswith("postgresql"):
        world.head += f"ledger: {url}\n"
    lived(world)
    now = told(world)
    assert "last run: checkout left as it is: on branch other" in now[1]
    as_before(url)
    assert told(world) == now


def test_what_earlier_outcomes_say_of_a_checkout_gets_its_column(tmp_path: Path, url: str) -> None:
    outcomes = (
        Outcome("left", Verdict.PUSHED, notes=("\u00e9: see above", NotFollowed("on branch other"), "your own commit")),
        Outcome("absent", Verdict.UNCHANGED, said("as it was"), notes=(NotFollowed("no room", cloning=True),)),
        Outcome("followed", Verdict.UNCHANGED, notes=("checkout updated",)),
        Outcome("plain", Verdict.UNCHANGED, said("Checkout left as it is: 100 %")),
        Outcome("aside", Verdict.UNCHANGED, notes=(NotFollowed("busy"),), aside=True),
    )

    def opened() -> dict[str, str | None]:
        with ledger.opened(url, tmp_path, tmp_path / "inventory.yaml", print) as book:
            return _record(book, outcomes)

    expected = {
        "left": "checkout left as it is: on branch other; your own commit",
        "absent": "checkout not cloned: no room",
        "followed": None,
        "plain": None,
    }
    assert opened() == expected
    as_before(url)
    assert opened() == expected


def _record(book: Ledger, outcomes: tuple[Outcome, ...]) -> dict[str, str | None]:
    """Record the outcomes of one run, unless they are recorded; return what is said of each checkout."""
    if book.newest() is None:
        book.start(a_run("one"), "host")
        book.record_all(a_run("one"), outcomes)
    return {target: last.checkout for target, last in book.last_outcomes().items()}
