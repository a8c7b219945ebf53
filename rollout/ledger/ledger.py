"""The rollout status table: runs and outcomes in SQLite or PostgreSQL. Nothing here is needed for safety."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace

from rollout.errors import Refused, UsageError
from rollout.ledger.queries import Database, LedgerError, queries
from rollout.ledger.sqlite import SQLite, read_only
from rollout.machine import clock
from rollout.model.action import Action
from rollout.model.inventory import TargetKind
from rollout.model.outcomes import LastOutcome, Outcome, PastRun, Run, RunCommand, Verdict, WrittenPath
from rollout.model.reasons import said
from rollout.model.reviews import Review, ReviewAct
from rollout.model.waves import Lately

_BEGIN_ANEW = "move the ledger away to begin a new one"
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
        self._do(
            "record_outcome",
            run=run.id,
            target=outcome.target,
            kind=outcome.kind.value,
            branch=outcome.branch,
            outcome=outcome.verdict.value,
            reason=outcome.recorded,
            base=outcome.base,
            commit_id=outcome.commit,
            paths=_paths(outcome),
            review=None if outcome.review is None else msgspec.json.encode(outcome.review).decode(),
            review_act=None if outcome.act is None else outcome.act.value,
            duration_ms=outcome.duration_ms,
            recorded_at=clock.now_exact(),
        )

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
        found = [_past_run(row) for row in self._ask("runs", most=most)]
        return [self._with_outcomes(run) for run in found]

    def last_day(self) -> list[PastRun]:
        """Return the runs, oldest first, of the last day on which one changed something; else the newest run."""
        days = self._ask("last_changing_day")
        if not days:
            return self.runs(1)
        found = [_past_run(row) for row in self._ask("runs_of_day", day=days[0][0])]
        return [self._with_outcomes(run) for run in found]

    def stopped(self) -> frozenset[str]:
        """Return the runs that have not ended; unless one is at work, they were stopped."""
        return frozenset(row[0] for row in self._ask("stopped"))

    def run(self, name: str) -> PastRun:
        """Return the run whose id begins with `name`; raise UsageError for none or several."""
        found = (
            [_past_run(row) for row in self._ask("one_run", run=name.replace("%", "").replace("_", ""))] if name else []
        )
        exact = [run for run in found if run.run == name] or found
        if len(exact) != 1:
            what = "no run" if not exact else f"{len(exact)} runs"
            raise UsageError(f"{what} with an id that begins with {name!r}; `rollout history` lists them")
        return self._with_outcomes(exact[0])

    def _with_outcomes(self, run: PastRun) -> PastRun:
        outcomes = tuple(_read_outcome(row, run.run) for row in self._ask("outcomes", run=run.run))
        return replace(run, outcomes=outcomes)

    def last_outcomes(self) -> dict[str, LastOutcome]:
        """Return the last outcome of every target, with when it was last changed by us."""
        try:
            applied = {target: (when, Verdict(how)) for target, when, how in self._ask("last_applied")}
            return {
                target: LastOutcome(Verdict(verdict), reason, commit, run, when, *applied.get(target, (None, None)))
                for target, verdict, reason, _, commit, run, when in self._ask("status")
            }
        except ValueError as error:
            raise LedgerError(f"an outcome in the ledger cannot be read ({error}); {_BEGIN_ANEW}") from error

    def lately(self) -> Lately:
        """Return which reviews were opened in the last hour."""
        since = datetime.now(UTC) - timedelta(hours=1)
        found = self._ask("recorded_since", since=since.strftime("%Y-%m-%dT%H:%M:%SZ"))
        opened = sum(act in {ReviewAct.OPENED, ReviewAct.PUSHED} for _, _, act in found)
        return Lately(opened, frozenset((run, target) for run, target, _ in found), int(since.timestamp()))

    def last_writer(self, target: str, path: str) -> tuple[str, str | None] | None:
        """Return (run, commit) of the last run that wrote a path of a target."""
        for run, _, commit, _, paths in self._ask("writers", target=target):
            if any(written[0] == path for written in json.loads(paths)):
                return run, commit
        return None

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


def _paths(outcome: Outcome) -> str:
    if not outcome.paths:
        return "[]"
    return json.dumps([[p.path, p.action.value, p.before, p.after] for p in outcome.paths])


def _past_run(row: tuple[Any, ...]) -> PastRun:
    name, command, *rest = row
    try:
        return PastRun(name, RunCommand(command), *rest)
    except ValueError as error:
        raise LedgerError(f"the ledger's row of run {name} cannot be read ({error}); {_BEGIN_ANEW}") from error


def _read_outcome(row: tuple[Any, ...], run: str) -> Outcome:
    try:
        return Outcome(
            target=row[0],
            verdict=Verdict(row[1]),
            why=said(row[2]),
            base=row[3],
            commit=row[4],
            duration_ms=row[5],
            kind=TargetKind(row[6]),
            branch=row[7],
            paths=tuple(WrittenPath(path, Action(action), *sides) for path, action, *sides in json.loads(row[8])),
            review=None if row[9] is None else msgspec.json.decode(row[9], type=Review),
            act=None if row[10] is None else ReviewAct(row[10]),
        )
    except (ValueError, TypeError) as error:
        raise LedgerError(
            f"the ledger's row of {row[0]} in run {run} cannot be read ({error}); {_BEGIN_ANEW}"
        ) from error


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
