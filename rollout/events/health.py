"""Compare a session's stored events with its transcript and the reflog of HEAD."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from rollout.errors import UsageError
from rollout.events.event import Event, RegisteredSession, text_of
from rollout.events.event_types import stored_names
from rollout.events.happened import LONGEST_COMMAND, Happened, Turn, read_reflog, read_transcript, words_of
from rollout.events.queries import query
from rollout.events.store import read_events, read_session

if TYPE_CHECKING:
    from rollout.events.database import Connection

MIN_RATE = 0.99
DEPLOY = ("make deploy", "docker compose up*")
KINDS = ("user_message", "spawn", "commit", "deploy_complete", "deploy_failed", "pr_created")
# What a hook wrote just now may still be on its way.
ON_ITS_WAY = timedelta(seconds=10)
NAMED = 3


@dataclass(frozen=True, slots=True)
class Capture:
    """What hooks log, as the inventory says."""

    min_rate: float = MIN_RATE
    deploy: tuple[str, ...] = DEPLOY


@dataclass(frozen=True, slots=True)
class Rate:
    """How much of what happened is stored, for one type; and what is missing."""

    kind: str
    happened: int
    missing: tuple[str, ...]

    @property
    def stored(self) -> int:
        return self.happened - len(self.missing)

    @property
    def value(self) -> float:
        return 1 - len(self.missing) / self.happened


@dataclass(frozen=True, slots=True)
class Health:
    """One session: what it was compared with, and the rates for the types that happened."""

    instance: str
    path: str | None
    transcript: str | None
    repository: str | None
    rates: tuple[Rate, ...]

    def below(self, bound: float) -> tuple[Rate, ...]:
        return tuple(rate for rate in self.rates if rate.value < bound)


def capture_of(said: Mapping[str, object]) -> Capture:
    """Read `events.capture` of the inventory."""
    rate, deploy = said.get("min_rate", MIN_RATE), said.get("deploy", DEPLOY)
    if isinstance(rate, bool) or not isinstance(rate, int | float) or not isinstance(deploy, list | tuple):
        raise UsageError("events.capture: takes min_rate, a number, and deploy, a list of patterns")
    return Capture(float(rate), tuple(str(pattern) for pattern in deploy))


def health(connection: Connection, instance: str, capture: Capture, now: datetime) -> Health:
    """Compare what is stored of a session with its transcript and its repository, where they can be read here."""
    session = read_session(connection, instance) or RegisteredSession()
    transcript, record = _readable(session.transcript_path), _record_of_head(session.path)
    happened, turns = read_transcript(transcript.open(errors="replace"), capture.deploy) if transcript else ((), ())
    made = tuple(_commits(record, turns)) if record else ()
    events = _as_readers_see(read_events(connection, instance), stored_names(connection))
    # Git notes whole seconds.
    since = datetime.fromisoformat(events[0].timestamp).replace(microsecond=0) if events else now
    of_session = [one for one in (*happened, *made) if since <= one.time <= now - ON_ITS_WAY]
    rates = tuple(rates_of(of_session, events))
    return Health(instance, session.path, _shown(transcript), _shown(record), rates)


def _as_readers_see(events: Iterable[Event], canonical: Mapping[str, str]) -> tuple[Event, ...]:
    """Return the events under the canonical names of their types: old clients write others."""
    return tuple(replace(event, event_type=canonical.get(event.event_type, event.event_type)) for event in events)


def rates_of(happened: Sequence[Happened], events: Iterable[Event]) -> Iterator[Rate]:
    """Yield the rate of each type of which anything happened."""
    stored = Counter((event.event_type, _key(event)) for event in events)
    for kind in KINDS:
        wanted = Counter(one.key for one in happened if one.kind == kind)
        have = Counter({key: count for (name, key), count in stored.items() if name == kind})
        if wanted:
            yield Rate(kind, wanted.total(), tuple((wanted - have).elements()))


def totals(found: Iterable[Health]) -> Iterator[Rate]:
    """Yield the rate of each type over several sessions."""
    of_all = [rate for one in found for rate in one.rates]
    for kind in KINDS:
        rates = [rate for rate in of_all if rate.kind == kind]
        if rates:
            missing = tuple(key for rate in rates for key in rate.missing)
            yield Rate(kind, sum(rate.happened for rate in rates), missing)


def endings(connection: Connection, instances: Sequence[str]) -> tuple[int, int]:
    """Count the sessions that have not ended, and those whose end nobody reported."""
    row = connection.execute(query("sessions_ended"), (list(instances),)).fetchone()
    assert row is not None, "an aggregate always has a row"
    return int(str(row[0])), int(str(row[1]))


def sessions_here(connection: Connection) -> tuple[str, ...]:
    """Return the sessions of the last week whose transcript can be read here; none where there is no store yet."""
    from psycopg import errors

    try:
        rows = connection.execute(query("sessions_with_transcript")).fetchall()
    except (errors.UndefinedTable, errors.UndefinedColumn):
        return ()
    return tuple(str(instance) for instance, path in rows if _readable(str(path)))


def _key(event: Event) -> str:
    match event.event_type:
        case "user_message":
            return words_of(text_of(event.data, "content") or "")
        case "spawn":
            return text_of(event.data, "tool_use_id") or ""
        case "commit":
            return text_of(event.data, "hash", "commit_hash", "commit", "sha") or ""
        case "pr_created":
            return text_of(event.data, "pr_number", "number") or ""
        case _:
            return words_of(text_of(event.data, "command") or "")[:LONGEST_COMMAND]


def _shown(place: Path | None) -> str | None:
    return str(place) if place else None


def _readable(path: str | None) -> Path | None:
    place = Path(path) if path else None
    return place if place and place.is_file() and place.stat().st_size else None


def _record_of_head(path: str | None) -> Path | None:
    """Return the reflog of HEAD of the repository that a folder is in."""
    folder = Path(path) if path else None
    while folder and folder != folder.parent:
        inside = folder / ".git"
        if inside.is_file():
            inside = folder / inside.read_text().removeprefix("gitdir:").strip()
        if inside.is_dir():
            return _readable(str(inside / "logs" / "HEAD"))
        folder = folder.parent
    return None


def _commits(record: Path, turns: Sequence[Turn]) -> Iterator[Happened]:
    with record.open(errors="replace") as lines:
        yield from read_reflog(lines, turns)
