"""What `rollout events mcp` offers to an agent: the functions behind its tools, without the protocol."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rollout.errors import RolloutError
from rollout.events import delivery, inferred, resume_markdown, spool, spool_record, store
from rollout.events.bundle import Moment
from rollout.events.event import Event
from rollout.events.patience import within
from rollout.events.queries import query
from rollout.events.repository_now import read_repository
from rollout.events.settings import instance_of

if TYPE_CHECKING:
    from rollout.events.beyond import Beyond
    from rollout.events.database import Connection

Connect = Callable[[], AbstractContextManager["Connection"]]
NEWEST = 20
# An event that is on disk does not wait longer for the database.
PATIENCE = 2.0


@dataclass(frozen=True, slots=True)
class Tools:
    """The tools of one server: how to connect, and the folder in which events wait."""

    connect: Connect
    folder: Path
    stale_after: timedelta = timedelta(hours=2)
    beyond: Beyond | None = None  # the way through another machine, where there is one

    def resume(self, instance_id: str) -> str:
        """Say where a session stands: goal, what did not work, decisions, what is open, the repository now."""
        now = datetime.now(UTC)
        with self._about(instance_id):
            answer = self._answer(instance_id, now)
        if not answer["events"]:
            raise RolloutError(f"{instance_id}: no events of this session are in the store")
        return resume_markdown.markdown(answer, Moment(now, read_repository(Path.cwd())))

    def log_event(
        self,
        event_type: str,
        event_data: Mapping[str, object] | None = None,
        instance_id: str = "",
        metadata: Mapping[str, object] | None = None,
    ) -> str:
        """Log one event of a session; it is on disk before the database is contacted."""
        instance = instance_of(instance_id)
        if not event_type:
            raise RolloutError(f"{instance}: an event needs a type")
        texts = [json.dumps(dict(part or {}), ensure_ascii=False) for part in (event_data, metadata)]
        spool.append(self.folder, [spool_record.record(instance, event_type, texts[0], metadata=texts[1])])
        try:
            done = self._delivered()
        except RolloutError as error:
            return f"{instance}: {event_type} is kept on disk and will be delivered ({error})"
        if done.refused:
            kept = ", ".join(str(path) for path in done.refused)
            return f"{instance}: {event_type} was delivered; the store refused for good what is kept in {kept}"
        return f"{instance}: {event_type} is stored"

    def sessions(self, project: str = "") -> str:
        """List the sessions that logged last, all of them or those of a project."""
        if self.beyond:
            rows: Iterable[Iterable[object]] = self.beyond.sessions(project)
        else:
            with self.connect() as connection:
                rows = connection.execute(query("sessions_newest"), {"project": project}).fetchall()
        return "\n".join("  ".join(str(value or "unknown") for value in row) for row in rows) or "no session has logged"

    def tail(self, instance_id: str, count: int = NEWEST) -> str:
        """Show the newest events of a session, the newest last."""
        with self._about(instance_id):
            events = self._newest(instance_id, count)
        shown = (
            f"#{e.sequence_num} {e.timestamp} {e.event_type} {json.dumps(e.data, ensure_ascii=False)}" for e in events
        )
        return "\n".join(shown) or f"{instance_id}: no events"

    def register_instance(self, project: str, instance_type: str = "PS", host_machine: str = "") -> str:
        """Register a new session and return its instance id."""
        if instance_type not in ("PS", "MS"):
            raise RolloutError(f"instance_type {instance_type!r} is neither PS nor MS")
        instance = instance_of(f"{project}-{instance_type}-{secrets.token_hex(3)}")
        data = {"project": project, "instance_type": instance_type, "host_machine": host_machine}
        self.log_event("instance_registered", {name: text for name, text in data.items() if text}, instance)
        return instance

    def emit_event(self, instance_id: str, event_type: str, event_data: Mapping[str, object] | None = None) -> str:
        """Log one event of a session (the older name of log_event)."""
        return self.log_event(event_type, event_data, instance_id)

    def smart_resume_context(self, instance_id: str) -> str:
        """Say where a session stands (the older name of resume)."""
        return self.resume(instance_id)

    def _answer(self, instance: str, now: datetime) -> dict[str, Any]:
        if self.beyond:
            return self.beyond.resume(instance)
        with self.connect() as connection:
            inferred.end_if_over(connection, instance, self.stale_after, now)
            return store.resume_in_sql(connection, instance)

    def _newest(self, instance: str, count: int) -> tuple[Event, ...]:
        if self.beyond:
            return self.beyond.newest(instance, count)
        with self.connect() as connection:
            return store.newest_events(connection, instance, count)

    def _delivered(self) -> delivery.Delivered:
        """Deliver what waits; raise RolloutError when that takes too long, and go on with it in the background."""
        done: list[delivery.Delivered] = []
        within(PATIENCE, lambda: done.append(self._deliver()))
        return done[0]

    def _deliver(self) -> delivery.Delivered:
        if self.beyond:
            return delivery.deliver_by(self.folder, self.beyond.copy)
        with self.connect() as connection:
            return delivery.deliver(self.folder, connection)

    def _about(self, instance: str) -> _About:
        return _About(instance)


@dataclass(frozen=True, slots=True)
class _About:
    """Name the session in every error about it."""

    instance: str

    def __enter__(self) -> None:
        """Do nothing: there is nothing to prepare."""

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if isinstance(error, RolloutError) and self.instance not in str(error):
            raise type(error)(f"{self.instance}: {error}") from error
