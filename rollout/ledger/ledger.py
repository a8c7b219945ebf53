"""The rollout status table: runs and outcomes in SQLite or PostgreSQL. Nothing here is needed for safety."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from rollout.errors import Refused, UsageError
from rollout.ledger import rows
from rollout.ledger.queries import Database, queries
from rollout.ledger.sqlite import SQLite, read_only
from rollout.machine import clock
from rollout.model.outcomes import LastOutcome, Outcome, PastRun, Run
from rollout.model.own_writes import FolderWrites
from rollout.model.reviews import ReviewAct
from rollout.model.waves import Lately

_SERVERS = ("postgresql://", "postgres://")


class Ledger:
    """The recorded runs of one inventory."""

    def __init__(self, database: Database, scope: str) -> None:
        self._database = database
        self._scope = scope

    def start(self, run: Run, host: str, *, used: bool = False) -> None:
        """Record that a run begins, before it has any effect; `used` says that it uses up its plan file."""
        if used:
            self.check_unused(run.plan, run.digest)
        with self._database.together():
            self._start(run, host)
            if used:
                self._do("use_plan", plan=run.plan, digest=run.digest, run=run.id, used_at=clock.now())

    def _start(self, run: Run, host: str) -> None:
        self._do(
            "start_run",
            run=run.id,
            command=run.command.value,
            subject=run.subject,
            started_at=run.started_at,
            plan=run.plan,
            digest=run.digest,
            host=host,
        )

    def finish(self, run: Run, exit_code: int) -> None:
        self._do("finish_run", run=run.id, finished_at=clock.now_exact(), exit_code=exit_code)

    def record(self, run: Run, outcome: Outcome) -> None:
        self._do("record_outcome", run=run.id, recorded_at=clock.now_exact(), **rows.columns(outcome))

    def record_all(self, run: Run, outcomes: Iterable[Outcome]) -> None:
        """Record many outcomes at once: one transaction, whatever their number."""
        with self._database.together():
            for outcome in outcomes:
                self.record(run, outcome)

    def check_unused(self, plan: str, digest: str) -> None:
        """Raise Refused when a plan file was used before."""
        used = self._ask("plan_use", plan=plan, digest=digest)
        if used:
            raise Refused(
                f"this plan was used already, by run {used[0][1]} at {used[0][2]}; make a new one: rollout plan --out"
            )

    def runs(self, most: int = 100) -> list[PastRun]:
        found = [rows.past_run(row) for row in self._ask("runs", most=most)]
        return [self._with_outcomes(run) for run in found]

    def newest(self) -> PastRun | None:
        """Return the newest run, without its outcomes."""
        return next((rows.past_run(row) for row in self._ask("runs", most=1)), None)

    def last_day(self) -> list[PastRun]:
        """Return the runs, oldest first, of the last day on which one changed something; else the newest run."""
        days = self._ask("last_changing_day")
        if not days:
            return self.runs(1)
        found = [rows.past_run(row) for row in self._ask("runs_of_day", day=days[0][0])]
        return [self._with_outcomes(run) for run in found]

    def stopped(self) -> frozenset[str]:
        """Return the runs that have not ended; unless one is at work, they were stopped."""
        return frozenset(row[0] for row in self._ask("stopped"))

    def run(self, name: str) -> PastRun:
        """Return the run whose id begins with `name`; raise UsageError for none or several."""
        found = [rows.past_run(row) for row in self._ask("one_run", run=name)] if name else []
        exact = [run for run in found if run.run == name] or found
        if len(exact) != 1:
            what = "no run" if not exact else f"{len(exact)} runs"
            raise UsageError(f"{what} with an id that begins with {name!r}; `rollout history` lists them")
        return self._with_outcomes(exact[0])

    def _with_outcomes(self, run: PastRun) -> PastRun:
        outcomes = tuple(rows.outcome_in(row, run.run) for row in self._ask("outcomes", run=run.run))
        return replace(run, outcomes=outcomes)

    def last_outcomes(self) -> dict[str, LastOutcome]:
        """Return the last outcome of every target, with when it was last changed by us."""
        return rows.last_outcomes(self._ask("status"), self._ask("last_applied"))

    def lately(self) -> Lately:
        """Return which reviews were opened in the last hour."""
        since = datetime.now(UTC) - timedelta(hours=1)
        found = self._ask("recorded_since", since=since.strftime("%Y-%m-%dT%H:%M:%SZ"))
        opened = sum(act in {ReviewAct.OPENED, ReviewAct.PUSHED} for _, _, act in found)
        return Lately(opened, frozenset((run, target) for run, target, _ in found), int(since.timestamp()))

    def last_writer(self, target: str, path: str) -> tuple[str, str | None] | None:
        """Return (run, commit) of the last run that wrote a path of a target."""
        return rows.writer_of(path, self._ask("writers", target=target))

    def folder_writes(self, since: str) -> FolderWrites:
        """Return the writes of a run, and of those after it, of each file of each folder, oldest first."""
        return rows.folder_writes(self._ask("folder_writes", run=since))

    def lock(self, wait: float = 0.0) -> AbstractContextManager[None]:
        """Keep other machines that share this ledger from running at once; raise Busy when one does after `wait`."""
        return self._database.lock(self._scope, wait)

    def held(self) -> bool:
        """Tell whether a run on some machine that shares this ledger is at work, as far as the ledger knows."""
        return self._database.held(self._scope)

    def _ask(self, name: str, **values: Any) -> list[tuple[Any, ...]]:
        return self._database.rows(queries()[name], {"scope": self._scope, **values})

    def _do(self, name: str, **values: Any) -> None:
        self._database.execute(queries()[name], {"scope": self._scope, **values})


def _file(url: str | None, folder: Path, inventory: Path) -> tuple[Path, str]:
    """Return the file of a ledger in SQLite, and the scope of an inventory's runs in it."""
    if url is None:
        return folder / "ledger.db", str(inventory.resolve())
    return (inventory.parent / Path(url.removeprefix("sqlite://")).expanduser()).absolute(), ""


def run_ids(url: str | None, folder: Path, inventory: Path, most: int = 100) -> list[str]:
    """Return the last runs, newest first, of a ledger on this disk; change nothing, and contact no database server."""
    if url is not None and url.startswith(_SERVERS):
        return []
    path, scope = _file(url, folder, inventory)
    return [row[0] for row in read_only(path, queries()["runs"], {"scope": scope, "most": most})]


@contextmanager
def opened(url: str | None, folder: Path, inventory: Path, warn: Callable[[str], None]) -> Iterator[Ledger]:
    """Open the ledger an inventory names, or the one in the state folder; raise LedgerError if it cannot be."""
    if url is not None and url.startswith(_SERVERS):
        from rollout.ledger.postgresql import PostgreSQL  # most ledgers are a file

        database: Database = PostgreSQL(url)
        scope = ""
    else:
        path, scope = _file(url, folder, inventory)
        database = SQLite(path, folder, warn)
    with closing(database):
        yield Ledger(database, scope)
