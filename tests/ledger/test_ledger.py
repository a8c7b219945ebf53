"""The ledger: the same runs and outcomes in SQLite and in a real PostgreSQL, and what a damaged one does."""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, contextmanager, suppress
from pathlib import Path

import psycopg
import pytest
from msgspec.structs import replace

from rollout.demo.postgres.server import Server
from rollout.errors import Refused, RolloutError
from rollout.ledger import ledger, sqlite
from rollout.ledger.ledger import Ledger
from rollout.ledger.queries import LedgerError, queries
from rollout.machine import clock
from rollout.model.action import Action
from rollout.model.inventory import TargetKind
from rollout.model.outcomes import Outcome, Run, RunCommand, Verdict, WrittenPath
from rollout.model.own_writes import RecordedWrite
from rollout.model.reasons import NONE, said
from tests import mounts
from tests.machine.test_locks import Slow
from tests.remote.proxy import Way, proxy
from tests.world import World


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return str(tmp_path / "some" / "ledger.db")
    found: str = request.getfixturevalue("empty_database")
    return found


def a_run(name: str, command: RunCommand = RunCommand.APPLY) -> Run:
    return Run(name, command, clock.now_exact(), clock.epoch(), "subject", f"plan-{name}", f"digest-{name}")


def test_runs_stand_in_the_order_in_which_they_were_recorded_whatever_the_clock_says(url: str, tmp_path: Path) -> None:
    with ledger.opened(url, tmp_path, tmp_path / "inventory.yaml", print) as book:
        for name, when in (("20260501-b", "2026-05-01T10:00:00Z"), ("20260401-a", "2026-04-01T10:00:00Z")):
            run = replace(a_run(name), started_at=when)
            book.start(run, "host")
            path = WrittenPath("conf.txt", Action.UPDATE, "-", "-")
            book.record(run, Outcome("one", Verdict.PUSHED, NONE, None, f"commit of {name}", paths=(path,)))
        assert [run.run for run in book.runs()] == ["20260401-a", "20260501-b"]
        assert book.last_outcomes()["one"].run == "20260401-a"
        assert book.last_writer("one", "conf.txt") == ("20260401-a", "commit of 20260401-a")


def test_an_older_ledger_is_taken_over_with_its_runs_in_their_order(url: str, tmp_path: Path) -> None:
    older = (Path(ledger.__file__).parent / "sql" / "001_ledger.sql").read_text()
    rows = [("r-new", "2026-02-02T00:00:00Z"), ("r-old", "2026-01-01T00:00:00Z")]
    insert = "INSERT INTO run (run, scope, command, started_at) VALUES ('{}', '', 'apply', '{}')"
    if url.startswith("postgresql"):
        with psycopg.connect(url, autocommit=True) as server:
            server.execute(older.encode())
            server.execute("CREATE TABLE rollout_ledger_version (version integer NOT NULL)")
            server.execute("INSERT INTO rollout_ledger_version VALUES (1)")
            for row in rows:
                server.execute(insert.format(*row).encode())
    else:
        Path(url).parent.mkdir()
        with closing(sqlite3.connect(url)) as file:
            file.executescript(older + "; PRAGMA user_version = 1;" + ";".join(insert.format(*row) for row in rows))
    with ledger.opened(url, tmp_path, tmp_path / "inventory.yaml", print) as book:
        book.start(a_run("r-last"), "host")
        assert [run.run for run in book.runs()] == ["r-last", "r-new", "r-old"]


def recorded(book: Ledger, chance: random.Random) -> dict[str, tuple[str, str | None]]:
    """Record runs by chance; return what the last outcome of each target is, with the run, and what changed it last."""
    last: dict[str, tuple[str, str]] = {}
    applied: dict[str, str] = {}
    for number in range(30):
        run = a_run(f"r{number:02}", chance.choice(list(RunCommand)))
        book.start(run, "host")
        for target in chance.sample(("one", "two", "three"), chance.randint(0, 3)):
            verdict = chance.choice((Verdict.PUSHED, Verdict.UNCHANGED, Verdict.BLOCKED, Verdict.PROPOSED))
            aside = run.command is RunCommand.REVIEW and verdict is not Verdict.PUSHED
            book.record(run, Outcome(target, verdict, aside=aside))
            if not aside:
                last[target] = (run.id, verdict.value)
            if verdict in {Verdict.PUSHED, Verdict.PROPOSED}:
                applied[target] = verdict.value
    return {target: (" ".join(found), applied.get(target)) for target, found in last.items()}


@pytest.mark.parametrize("seed", range(3))
def test_the_last_outcome_of_a_target_is_found_among_those_of_all_runs(url: str, tmp_path: Path, seed: int) -> None:
    with ledger.opened(url, tmp_path, tmp_path / "inventory.yaml", print) as book:
        wanted = recorded(book, random.Random(seed))
        found = book.last_outcomes()
    assert {target: (f"{one.run} {one.verdict}", one.applied) for target, one in found.items()} == wanted


def test_a_ledger_without_numbers_in_its_outcomes_gets_them(tmp_path: Path) -> None:
    place = tmp_path / "ledger.db"
    names = ("001_ledger.sql", "002_order.sql", "003_reviews.sql", "004_review_acts.sql")
    older = "".join((Path(ledger.__file__).parent / "sql" / name).read_text() for name in names)
    runs = "INSERT INTO run (run, scope, command, started_at, number) VALUES ('{}', '', '{}', '2026', {});"
    columns = "run, target, scope, kind, outcome, recorded_at"
    rows = f"INSERT INTO outcome ({columns}) VALUES ('{{}}', 'one', '', 'repo', '{{}}', '2026');"
    inventory = tmp_path / "inventory.yaml"
    with closing(sqlite3.connect(place)) as file:
        file.executescript(older + "PRAGMA user_version = 4;")
        for number, (run, command, verdict) in enumerate((("b", "apply", "pushed"), ("a", "review", "proposed")), 1):
            file.executescript(runs.format(run, command, number) + rows.format(run, verdict))
    with ledger.opened(str(place), tmp_path, inventory, print) as book:
        found = book.last_outcomes()["one"]
        assert (found.run, found.verdict, found.applied) == ("b", "pushed", "proposed")


@pytest.mark.parametrize(("table", "column"), [("run", "command"), ("outcome", "outcome")])
def test_a_word_that_this_rollout_does_not_know_is_a_fault_of_the_ledger(world: World, table: str, column: str) -> None:
    world.repo("api")
    world.run("apply", "--yes")
    with closing(sqlite3.connect(Path(os.environ["ROLLOUT_STATE_DIR"]) / "ledger.db")) as file, file:
        file.execute(f"UPDATE {table} SET {column} = 'yodelled'")
    shown = world.run("history")
    assert (shown.code, "Traceback" in shown.err, "yodelled" in shown.err) == (1, False, True)


def test_runs_and_outcomes_come_back_as_they_were_recorded(url: str, tmp_path: Path) -> None:
    paths = (WrittenPath("a';--", Action.CREATE, "-", "100644:ab"),)
    outcomes = (
        Outcome("one", Verdict.PUSHED, NONE, "base", "commit", 12, TargetKind.REPO, "main", paths),
        Outcome("two", Verdict.BLOCKED, said("why: 100 % %s :x"), None, None, 0, TargetKind.FOLDER, None),
        Outcome("zero", Verdict.UNCHANGED, said("nothing is ready to push"), aside=True),
    )
    with ledger.opened(url, tmp_path, tmp_path / "inventory.yaml", print) as book:
        book.start(a_run("r1"), "host")
        book.record_all(a_run("r1"), outcomes)
        book.finish(a_run("r1"), 3)
        book.start(a_run("r2", RunCommand.PUSH), "host")
        book.record(a_run("r2"), Outcome("one", Verdict.UNCHANGED))
    with ledger.opened(url, tmp_path, tmp_path / "inventory.yaml", print) as book:
        newest, oldest = book.runs()
        assert (newest.run, newest.command, newest.exit_code) == ("r2", "push", None)
        assert (oldest.run, oldest.exit_code, oldest.outcomes) == ("r1", 3, outcomes)
        assert book.run("r1") == oldest
        last = book.last_outcomes()
        assert (last["one"].verdict, last["one"].run, last["two"].verdict) == ("unchanged", "r2", "blocked")
        assert last["one"].applied_at is not None
        assert book.last_writer("one", "a';--") == ("r1", "commit")
        assert book.last_writer("one", "b") is None
        with pytest.raises(RolloutError, match="2 runs"):
            book.run("r")


def test_it_knows_what_a_run_and_later_ones_wrote_in_folders(url: str, tmp_path: Path) -> None:
    with ledger.opened(url, tmp_path, tmp_path / "inventory.yaml", print) as book:
        for number, command in ((1, RunCommand.APPLY), (2, RunCommand.APPLY), (3, RunCommand.REVERT)):
            run = a_run(f"r{number}", command)
            path = WrittenPath("a", Action.UPDATE, f"{number - 1}", f"{number}")
            book.start(run, "host")
            book.record(run, Outcome("notes", Verdict.WRITTEN, kind=TargetKind.FOLDER, paths=(path,)))
            book.record(run, Outcome("api", Verdict.PUSHED, paths=(path,)))
        writes = [RecordedWrite("r2", "1", "2"), RecordedWrite("r3", "2", "3", gives_back=True)]
        assert book.folder_writes("r2") == {"notes": {"a": writes}}


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


def _filled(folder: Path) -> list[str]:
    """Open a ledger, fill it where it is new, and return the warnings."""
    told: list[str] = []
    with ledger.opened(None, folder, folder / "inventory.yaml", told.append) as book:
        if not book.last_outcomes():
            book.start(a_run("one"), "host")
            book.record_all(a_run("one"), (Outcome(f"target {n}", Verdict.PUSHED) for n in range(300)))
    return told


def _damage(file: Path, *, seen: bool) -> None:
    """Destroy the pages of the outcomes, so that the file's time tells it or not."""
    about = file.stat()
    with file.open("r+b") as pages:
        pages.seek(10 * 4096)
        pages.write(b"\xff" * (about.st_size - pages.tell()))
    os.utime(file, ns=(about.st_atime_ns, about.st_mtime_ns + seen))


def test_the_pages_of_a_ledger_are_checked_where_somebody_else_wrote_and_once_a_day(tmp_path: Path) -> None:
    file = tmp_path / "ledger.db"
    assert (_filled(tmp_path), _filled(tmp_path)) == ([], [])
    _damage(file, seen=True)
    assert "is damaged" in _filled(tmp_path)[0]
    _damage(file, seen=False)
    with ledger.opened(None, tmp_path, tmp_path / "inventory.yaml", print):
        memory = next(tmp_path.glob("ledger-checked-*"))
    known = json.loads(memory.read_text())
    memory.write_text(json.dumps({**known, "at": known["at"] - 24 * 3600}))
    assert "is damaged" in _filled(tmp_path)[0]


def test_damage_that_a_question_meets_is_told_and_set_aside_the_next_time(tmp_path: Path) -> None:
    _filled(tmp_path)
    _damage(tmp_path / "ledger.db", seen=False)
    with (
        ledger.opened(None, tmp_path, tmp_path / "inventory.yaml", print) as book,
        pytest.raises(LedgerError, match="malformed"),
    ):
        book.run("one")
    assert "is damaged" in _filled(tmp_path)[0]


def test_a_ledger_of_a_newer_rollout_is_refused(world: World) -> None:
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


def ledger_file() -> Path:
    return Path(os.environ["ROLLOUT_STATE_DIR"]) / "ledger.db"


def test_a_ledger_with_hard_links_is_refused_before_any_change(world: World) -> None:
    world.bare_repo("api")
    assert world.run("apply", "--yes").code == 0
    world.head = "version: 1\nvars: {who: moon}\n"
    os.link(ledger_file(), world.root / "another name.db")
    refused = world.run("apply", "--yes")
    assert (refused.code, world.at("api", "conf.txt")) == (1, "hello world\n")
    assert "has hard links; copy it" in refused.err
    os.unlink(world.root / "another name.db")
    assert world.run("apply", "--yes").code == 0


@contextmanager
def locked(file: Path) -> Iterator[sqlite3.Connection]:
    """Hold the write lock of a ledger, as another process would."""
    with closing(sqlite3.connect(file, isolation_level=None, check_same_thread=False)) as connection:
        connection.execute("BEGIN EXCLUSIVE")
        yield connection


def test_a_ledger_that_somebody_keeps_locked_is_waited_for_and_not_for_ever(world: World) -> None:
    world.bare_repo("api")
    assert world.run("apply", "--yes").code == 0
    world.head = "version: 1\nvars: {who: moon}\n"
    with locked(ledger_file()), pytest.raises(LedgerError, match="database is locked; free the disk or the file"):
        sqlite.SQLite(ledger_file(), ledger_file().parent, print, patience=0.3)
    with locked(ledger_file()) as other:
        letting_go = threading.Timer(0.5, other.rollback)
        letting_go.start()
        assert world.run("apply", "--yes").code == 0
        letting_go.join()


def test_nobody_waits_for_a_ledger_while_a_remote_is_waited_for(world: World) -> None:
    slow = Slow(world)
    run = world.spawn("apply", "--yes")
    slow.begun()
    with locked(ledger_file()) as other:
        other.rollback()
    slow.release.touch()
    assert run.wait(60) == 0


def test_no_other_process_inherits_an_open_ledger(world: World) -> None:
    """SQLite's locks are lost when a child closes the file: no child has it."""
    slow = Slow(world)
    run = world.spawn("apply", "--yes")
    slow.begun()
    if not Path("/proc/self/fd").exists():
        pytest.skip("needs /proc to see what a process has open")
    try:
        having = _processes_that_have_open(ledger_file())
    finally:
        slow.release.touch()
    assert having == {run.pid}
    assert run.wait(60) == 0


def _leads_to(entry: Path, file: Path) -> bool:
    with contextlib.suppress(OSError):  # it was closed meanwhile
        return os.readlink(entry) == str(file)
    return False


def _processes_that_have_open(file: Path) -> set[int]:
    found = set()
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it has ended, or is somebody else's
            found |= {
                int(process.name) for number in os.listdir(process / "fd") if _leads_to(process / "fd" / number, file)
            }
    return found


def test_the_program_starts_other_programs_and_never_forks_itself() -> None:
    code = "import rollout.cli.apply, rollout.cli.main, sys; print('multiprocessing' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
    sources = Path(ledger.__file__).parent.rglob("*.py")
    assert [str(file) for file in sources if "os.fork" in file.read_text()] == []


@pytest.mark.parametrize("way", ["up", "down"])
def test_a_commit_whose_answer_is_lost_is_there_wholly_or_not_at_all_and_can_be_repeated(
    postgres: Server, empty_database: str, tmp_path: Path, way: Way
) -> None:
    name = empty_database.rpartition("/")[2].partition("?")[0]
    outcomes = (Outcome("one", Verdict.PUSHED), Outcome("two", Verdict.PUSHED))

    def opened(url: str) -> AbstractContextManager[Ledger]:
        return ledger.opened(url, tmp_path, tmp_path / "inventory.yaml", print)

    def recorded(run: str) -> int:
        with opened(empty_database) as book:
            return len(book.run(run).outcomes)

    with proxy(postgres.port) as between:
        url = postgres.tcp_url_of(name).replace(f":{postgres.port}/", f":{between.port}/")
        with opened(url) as book:
            book.start(a_run("whole"), "host")
            between.arm(way, 1 << 30, "cut")
            book.record_all(a_run("whole"), outcomes)
        size, seen = between.passed[way], set()
        for at in sorted({*range(0, size, size // 6), *range(size - 12, size, 3)}):
            between.arm(way, 1 << 30, "cut")
            run = a_run(f"cut at {at}")
            with opened(url) as book:
                book.start(run, "host")
                between.arm(way, at, "cut")
                done = False
                with suppress(LedgerError):
                    book.record_all(run, outcomes)
                    done = True
            seen.add((done, recorded(run.id)))
            with opened(empty_database) as book:
                book.record_all(run, outcomes)
            assert recorded(run.id) == 2
    assert {rows for _, rows in seen} <= {0, 2}
    assert (False, 0) in seen
    assert way == "up" or (False, 2) in seen, "an answer that is lost is one to a COMMIT that was done"


def test_what_was_recorded_is_there_after_a_power_cut(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def after_a_cut(name: str) -> tuple[int, dict[str, str], str]:
        """Return the runs, the outcomes of the newest, and whether the file is whole, on the disk as it is now."""
        image = world.root / f"{name}.img"
        shutil.copyfile(world.root / "disk.img", image)
        with mounts.on_image(image, world.root / name) as disk:
            with ledger.opened(None, disk / "state", world.root / "inventory.yaml", print) as book:
                runs = book.runs()
            with closing(sqlite3.connect(disk / "state/ledger.db")) as connection:
                (whole,) = connection.execute("PRAGMA integrity_check").fetchone()
        return len(runs), {o.target: o.verdict.value for o in runs[0].outcomes}, whole

    with mounts.on_image(world.root / "disk.img", world.root / "disk") as disk:
        monkeypatch.setenv("ROLLOUT_STATE_DIR", str(disk / "state"))
        slow = Slow(world)
        run = world.spawn("apply", "--yes")
        slow.begun()
        assert after_a_cut("before") == (1, {}, "ok")
        slow.release.touch()
        out, _ = run.communicate(timeout=60)
        assert after_a_cut("after") == (1, {"api": "pushed"}, "ok")
        assert "pushed: api" in out


def test_questions_about_the_last_outcomes_are_answered_from_an_index(tmp_path: Path) -> None:
    _filled(tmp_path)
    with closing(sqlite3.connect(tmp_path / "ledger.db")) as file:
        for name in ("status", "last_applied"):
            plan = [row[3] for row in file.execute(f"EXPLAIN QUERY PLAN {queries()[name]}", {"scope": ""})]
            assert "SEARCH o USING INDEX outcome_by_target (scope=? AND target=? AND number=?)" in plan, plan
