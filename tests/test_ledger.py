"""The ledger: the same runs and outcomes in SQLite and in a real PostgreSQL, and what a damaged one does."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from rollout import clock, ledger
from rollout.errors import Refused, RolloutError
from rollout.ledger import LedgerError
from rollout.model import Outcome, Run, Verdict, WrittenPath
from tests.world import World


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return str(tmp_path / "some" / "ledger.db")
    found: str = request.getfixturevalue("empty_database")
    return found


def a_run(name: str, command: str = "apply") -> Run:
    return Run(name, command, clock.now_exact(), clock.epoch(), "subject", f"plan-{name}", f"digest-{name}")


def test_runs_and_outcomes_come_back_as_they_were_recorded(url: str, tmp_path: Path) -> None:
    paths = (WrittenPath("a';--", "create", "-", "100644:ab"),)
    outcomes = (
        Outcome("one", Verdict.PUSHED, "", "base", "commit", 12, "repo", "main", paths),
        Outcome("two", Verdict.BLOCKED, "why: 100 % %s :x", None, None, 0, "folder", None),
    )
    with ledger.opened(url, tmp_path, tmp_path / "inventory.yaml", print) as book:
        book.start(a_run("r1"), "host")
        book.record_all(a_run("r1"), outcomes)
        book.finish(a_run("r1"), 3)
        book.start(a_run("r2", "push"), "host")
        book.record(a_run("r2"), Outcome("one", Verdict.UNCHANGED))
    with ledger.opened(url, tmp_path, tmp_path / "inventory.yaml", print) as book:
        newest, oldest = book.runs()
        assert (newest.run, newest.command, newest.exit_code) == ("r2", "push", None)
        assert (oldest.run, oldest.exit_code, oldest.outcomes) == ("r1", 3, outcomes)
        assert book.run("r1") == oldest
        last = book.last_outcomes()
        assert (last["one"].outcome, last["one"].run, last["two"].outcome) == ("unchanged", "r2", "blocked")
        assert last["one"].applied_at is not None
        assert book.last_writer("one", "a';--") == ("r1", "commit")
        assert book.last_writer("one", "b") is None
        with pytest.raises(RolloutError, match="2 runs"):
            book.run("r")


def test_a_plan_is_used_once_by_id_and_by_digest(url: str, tmp_path: Path) -> None:
    with ledger.opened(url, tmp_path, tmp_path / "inventory.yaml", print) as book:
        book.start(a_run("r1"), "host", used=True)
        with pytest.raises(Refused, match="used already, by run r1"):
            book.check_unused("plan-r1", "other")
        with pytest.raises(Refused, match="used already"):
            book.check_unused("other", "digest-r1")
        book.check_unused("other", "other")


def test_a_damaged_ledger_is_set_aside_and_the_run_goes_on(world: World) -> None:
    world.repo("api")
    world.run("apply", "--yes")
    file = Path(os.environ["ROLLOUT_STATE_DIR"]) / "ledger.db"
    file.write_bytes(b"not a database" * 500)
    world.head = "version: 1\nvars: {who: moon}\n"
    applied = world.run("apply", "--yes")
    assert applied.code == 0
    assert "is damaged" in applied.err
    assert world.at("api", "conf.txt") == "hello moon\n"
    assert list(file.parent.glob("ledger.db.damaged-*"))


def test_a_ledger_of_a_newer_rollout_is_refused(world: World) -> None:
    import sqlite3

    world.repo("api")
    world.run("apply", "--yes")
    file = Path(os.environ["ROLLOUT_STATE_DIR"]) / "ledger.db"
    with sqlite3.connect(file) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    world.head = "version: 1\nvars: {who: moon}\n"
    refused = world.run("apply", "--yes")
    assert refused.code == 1
    assert "newer rollout" in refused.err
    assert world.at("api", "conf.txt") == "hello world\n"


def test_a_ledger_that_cannot_be_reached_stops_the_run_before_any_effect(world: World) -> None:
    world.repo("api")
    world.head += "ledger: postgresql://nobody:secret-word@127.0.0.1:1/none\n"
    refused = world.run("apply", "--yes")
    assert refused.code == 1
    assert "secret-word" not in refused.err + refused.out
    assert world.at("api", "conf.txt") is None
    status = world.run("status")
    assert status.code == 0
    assert "pending" in status.out


def test_runs_are_recorded_in_the_postgresql_that_the_inventory_names(world: World, empty_database: str) -> None:
    world.repo("api")
    world.head += f"ledger: {empty_database}\n"
    assert world.run("apply", "--yes").code == 0
    assert world.run("status", "--json").json["targets"][0]["last_outcome"] == "pushed"
    assert not (Path(os.environ["ROLLOUT_STATE_DIR"]) / "ledger.db").exists()


def test_an_sqlite_ledger_is_readable_by_its_owner_only(world: World) -> None:
    world.repo("api")
    world.run("apply", "--yes")
    file = Path(os.environ["ROLLOUT_STATE_DIR"]) / "ledger.db"
    assert file.stat().st_mode & 0o077 == 0


def test_no_ledger_no_effect(world: World, tmp_path: Path) -> None:
    with pytest.raises(LedgerError), ledger.opened("postgresql://127.0.0.1:1/x", tmp_path, tmp_path / "i", print):
        pass
