"""A run's own events: what it committed, wrote and could not do, logged through the spool like everybody's."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import NAMESPACE_URL, uuid5

from rollout.cli import proving
from rollout.cli.session import Session
from rollout.errors import RolloutError
from rollout.model.outcomes import Outcome, Run, Verdict
from rollout.model.plan import Step
from rollout.objects import messages
from rollout.safety.shown import redact

if TYPE_CHECKING:
    from rollout.events.spool_record import SpoolRecord


_WRONG = {Verdict.BLOCKED, Verdict.STALE, Verdict.REJECTED, Verdict.UNKNOWN, Verdict.FAILED}


def log(at: Session, run: Run, steps: Iterable[Step], outcomes: Iterable[Outcome]) -> None:
    """Log what the run did if a database is configured; any failure to do so is a warning."""
    url = proving.database(at)
    events = [] if url is None else list(_events(run, _subjects(run, steps), outcomes))
    if url is None or not events:
        return
    from rollout.events import spool

    folder, records = spool.spool_folder(), [_record(*event) for event in events]
    try:
        spool.append(folder, records)
    except RolloutError as error:
        _log_without_spool(at, url, records, error)
        return
    try:
        if at.interrupt.number is None:
            proving.reach(at, url, proving.PATIENCE)
            _deliver(url, folder)
    except RolloutError as error:
        at.screen.warn(f"the run's own events are not delivered yet: {error}; rollout events flush delivers them")


def _deliver(url: str, folder: Path) -> None:
    from rollout.events import delivery
    from rollout.events.database import connected
    from rollout.events.patience import within

    def deliver() -> None:
        with connected(url) as connection:
            delivery.deliver(folder, connection)

    within(proving.PATIENCE, deliver)


def _log_without_spool(at: Session, url: str, records: Sequence[SpoolRecord], why: RolloutError) -> None:
    """Send the events now, and print those that the database refuses in full: there is no other copy."""
    from rollout.events import delivery
    from rollout.events.database import connected
    from rollout.events.patience import within

    lost = list[bytes]()

    def deliver() -> None:
        with connected(url) as connection:
            lost.extend(delivery.deliver_directly(records, connection))

    try:
        proving.reach(at, url, proving.PATIENCE)
        within(proving.PATIENCE, deliver)
        reason = "the database refuses them"
    except RolloutError as error:
        lost, reason = [record.line() for record in records], str(error)
    if not lost:
        at.screen.warn(f"{why}; the run's own events were delivered without it")
        return
    lines = "; ".join(line.decode().rstrip("\n") for line in lost)
    at.screen.say(f"LOST: {why}, and {reason}; the run's own events: {lines}")


def _subjects(run: Run, steps: Iterable[Step]) -> dict[str, str]:
    """Return the subject of the commit that the run made for each target."""
    return {
        step.target: run.subject or messages.default_subject(change.path for change in step.changes) for step in steps
    }


def _events(
    run: Run, subjects: Mapping[str, str], outcomes: Iterable[Outcome]
) -> Iterator[tuple[str, str, dict[str, object]]]:
    """Yield the seed, type and data of an event for each outcome that somebody may need to know about."""
    for outcome in outcomes:
        seed = f"rollout:{run.id}/{outcome.target}"
        common = {"target": outcome.target, "run": run.id, "outcome": outcome.verdict.value}
        files = {"files_changed": len(outcome.paths)}
        if outcome.verdict in {Verdict.PUSHED, Verdict.COMMITTED}:
            made = {"message": subjects[outcome.target], "hash": outcome.commit, "branch": outcome.branch}
            yield seed, "commit", {**made, **files, **common}
        elif outcome.verdict is Verdict.WRITTEN:
            yield seed, "deploy", {"service": outcome.target, "status": "success", **files, **common}
        elif outcome.verdict in _WRONG:
            said = {"error_type": f"rollout_{outcome.verdict.value}", "message": f"{outcome.target}: {outcome.reason}"}
            yield seed, "error", {**said, **common}


def _record(seed: str, event_type: str, data: dict[str, object]) -> SpoolRecord:
    """Make the record of an event whose id follows from its seed: logged twice, it is stored once."""
    from dataclasses import replace

    from rollout.events import spool_record

    host = os.uname().nodename
    instance = os.environ.get("INSTANCE_ID", "")
    text = redact(json.dumps(data, ensure_ascii=False))
    made = spool_record.record(instance, event_type, text, metadata='{"source": "rollout"}', host=host)
    return replace(made, event_id=str(uuid5(NAMESPACE_URL, seed)))
