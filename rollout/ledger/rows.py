"""The ledger's rows as values, and values as the columns of a row."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import msgspec

from rollout.ledger.queries import LedgerError
from rollout.model.action import Action
from rollout.model.inventory import TargetKind
from rollout.model.outcomes import LastOutcome, Outcome, PastRun, RunCommand, Verdict, WrittenPath
from rollout.model.own_writes import FolderWrites, RecordedWrite
from rollout.model.reasons import said
from rollout.model.reviews import Review, ReviewAct

Row = tuple[Any, ...]

_BEGIN_ANEW = "move the ledger away to begin a new one"


def columns(outcome: Outcome) -> dict[str, str | int | None]:
    """Return what the ledger keeps of an outcome, by the names in its SQL."""
    return {
        "target": outcome.target,
        "kind": outcome.kind.value,
        "branch": outcome.branch,
        "outcome": outcome.verdict.value,
        "reason": outcome.recorded,
        "base": outcome.base,
        "commit_id": outcome.commit,
        "paths": _paths(outcome),
        "review": None if outcome.review is None else msgspec.json.encode(outcome.review).decode(),
        "review_act": None if outcome.act is None else outcome.act.value,
        "duration_ms": outcome.duration_ms,
        "checkout": outcome.checkout,
        "aside": int(outcome.aside),
    }


def _paths(outcome: Outcome) -> str:
    if not outcome.paths:
        return "[]"
    return json.dumps([[p.path, p.action.value, p.before, p.after] for p in outcome.paths])


def past_run(row: Row) -> PastRun:
    name, command, *rest = row
    try:
        return PastRun(name, RunCommand(command), *rest)
    except ValueError as error:
        raise LedgerError(f"the ledger's row of run {name} cannot be read ({error}); {_BEGIN_ANEW}") from error


def outcome_in(row: Row, run: str) -> Outcome:
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
            aside=bool(row[11]),
        )
    except (ValueError, TypeError) as error:
        raise LedgerError(
            f"the ledger's row of {row[0]} in run {run} cannot be read ({error}); {_BEGIN_ANEW}"
        ) from error


def last_outcomes(last: Iterable[Row], applied: Iterable[Row]) -> dict[str, LastOutcome]:
    """Return the last outcome of each target, with when and how it was last changed by us."""
    try:
        changed = {target: (when, Verdict(how)) for target, when, how in applied}
        return {row[0]: _last_outcome(row, *changed.get(row[0], (None, None))) for row in last}
    except ValueError as error:
        raise LedgerError(f"an outcome in the ledger cannot be read ({error}); {_BEGIN_ANEW}") from error


def _last_outcome(row: Row, applied_at: str | None, applied: Verdict | None) -> LastOutcome:
    _, verdict, reason, commit, run, when, checkout = row
    return LastOutcome(Verdict(verdict), reason, commit, run, when, applied_at, applied, checkout)


def writer_of(path: str, rows: Iterable[Row]) -> tuple[str, str | None] | None:
    """Return (run, commit) of the first of these outcomes that wrote a path."""
    for run, _, commit, _, paths in rows:
        if any(written[0] == path for written in json.loads(paths)):
            return run, commit
    return None


def folder_writes(rows: Iterable[Row]) -> FolderWrites:
    """Return the writes of each file of each folder, in the order of these outcomes."""
    found: dict[str, dict[str, list[RecordedWrite]]] = {}
    for target, run, command, paths in rows:
        files = found.setdefault(target, {})
        for path, _, before, after in json.loads(paths):
            write = RecordedWrite(run, before, after, gives_back=command == RunCommand.REVERT)
            files.setdefault(path, []).append(write)
    return found
