"""Fold a session's events, in the order of their positions, into its state. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

from rollout.events.entries import FoldEntry, Json, when
from rollout.events.event import INVALID_JSON, Event, RegisteredSession, text_of
from rollout.events.guidance import guidance

FORMAT = "rollout-resume/1"
RECENT_ERRORS = 5

# The fields that may say which thing an event is about, the most specific first.
EPIC = ("epic_id", "epic", "id")
TASK = ("task_id", "agent_id", "subagent_id", "spawn_id", "tool_use_id")
SERVICE = ("service", "name", "app")
REQUEST = ("pr_number", "number", "pr_url", "url")

EPIC_STATES = {"epic_start": True, "epic_completed": False, "epic_failed": False}
SPAWN_ENDS = frozenset({"task_completed", "task_failed"})
REQUEST_STATES = {"pr_created": "open", "pr_merged": "merged", "pr_closed": "closed"}
CONTEXT = frozenset({"assistant_start", "instance_heartbeat", "context_window_updated"})


def resume(
    instance: str, events: Iterable[Event], session: RegisteredSession | None, canonical: Mapping[str, str]
) -> Json:
    """Fold a session's events into what its successor needs; the same events give the same answer."""
    ordered = sorted(events, key=lambda event: event.sequence_num)
    entries = [FoldEntry(canonical.get(event.event_type, event.event_type), event) for event in ordered]
    return {
        "format": FORMAT,
        "instance_id": instance,
        "session": _session(session or RegisteredSession(), entries),
        **guidance(entries),
        "last_user_message": _last(
            entries, "user_message", lambda e: {"content": text_of(e.data, "content", "message")}
        ),
        "open_epics": _open_epics(entries),
        "subagents_in_flight": [_subagent(entry) for entry in _in_flight(entries)],
        "last_commit": _last(entries, "commit", _commit),
        "deploys": _deploys(entries),
        "recent_errors": _recent_errors(entries),
        "last_checkpoint": _checkpoint(entries, mechanical=False),
        "last_turn": _checkpoint(entries, mechanical=True),
        "pull_requests": _pull_requests(entries),
        "events": len(ordered),
        "first_event": _brief(ordered[0]) if ordered else None,
        "last_event": _brief(ordered[-1]) if ordered else None,
        "complete": _missing(ordered) == 0,
        "missing": _missing(ordered),
        "not_understood": _not_understood(ordered, canonical),
    }


def _session(session: RegisteredSession, entries: Sequence[FoldEntry]) -> Json:
    return {
        "project": session.project,
        "instance_type": session.instance_type,
        "machine": session.machine,
        "status": session.status,
        "heartbeat": max(filter(None, (session.heartbeat, _newest(entries))), default=None),
        "context_percent": _context_percent(session, entries),
        "current_epic": session.current_epic,
        "path": session.path,
        "agent_session_id": session.agent_session_id,
        "transcript_path": session.transcript_path,
        "closed_at": session.closed_at,
    }


def _newest(entries: Sequence[FoldEntry]) -> str | None:
    return entries[-1].event.seen if entries else None


def _context_percent(session: RegisteredSession, entries: Sequence[FoldEntry]) -> int | None:
    for entry in reversed(entries):
        value = entry.data.get("context_percent")
        if entry.kind in CONTEXT and isinstance(value, int) and not isinstance(value, bool):
            return value
    return session.context_percent


def _last(entries: Sequence[FoldEntry], kind: str, shown: Callable[[FoldEntry], Json]) -> Json | None:
    for entry in reversed(entries):
        if entry.kind == kind:
            return shown(entry) | when(entry.event)
    return None


def _checkpoint(entries: Sequence[FoldEntry], *, mechanical: bool) -> Json | None:
    """Return what an agent said last, or the state at the end of the last turn; one must not hide the other."""
    said = [entry for entry in entries if ("turn" in entry.data) is mechanical]
    return _last(said, "checkpoint_created", lambda e: {"data": dict(e.data)})


def _open_epics(entries: Sequence[FoldEntry]) -> list[Json]:
    last = {text_of(e.data, *EPIC): e for e in entries if e.kind in EPIC_STATES}
    started = sorted((entry for entry in last.values() if EPIC_STATES[entry.kind]), key=lambda e: e.event.sequence_num)
    return [
        {"epic_id": text_of(e.data, *EPIC), "feature": text_of(e.data, "feature", "feature_name")} | when(e.event)
        for e in started
    ]


def _in_flight(entries: Sequence[FoldEntry]) -> list[FoldEntry]:
    flying: list[FoldEntry] = []
    # Two writers' events may arrive in the wrong order: an end may come before the spawn that is its parent.
    early: set[str | None] = set()
    for entry in entries:
        if entry.kind == "spawn" and entry.event.event_id not in early:
            flying.append(entry)
        elif entry.kind in SPAWN_ENDS:
            if ended := _ended(entry, flying):
                flying.remove(ended)
            else:
                early.add(entry.event.parent_uuid)
    return flying


def _ended(end: FoldEntry, flying: Sequence[FoldEntry]) -> FoldEntry | None:
    """Find the spawn that `end` ends: its parent, else the same task or description; unnamed, the oldest one."""
    parent = end.event.parent_uuid
    if ended := _first(spawn for spawn in flying if spawn.event.event_id == parent):
        return ended
    names = {name: text for name in (*TASK, "description") if (text := text_of(end.data, name))}
    for name, text in names.items():
        if ended := _first(spawn for spawn in flying if text_of(spawn.data, name) == text):
            return ended
    return _first(flying) if not names and parent is None else None


def _first(entries: Iterable[FoldEntry]) -> FoldEntry | None:
    return next(iter(entries), None)


def _subagent(spawn: FoldEntry) -> Json:
    return {
        "description": text_of(spawn.data, "description", "task_type"),
        "subagent": text_of(spawn.data, "subagent", "subagent_type", "model"),
        "task_id": text_of(spawn.data, *TASK),
        "event_id": spawn.event.event_id,
    } | when(spawn.event)


def _commit(entry: FoldEntry) -> Json:
    return {
        "hash": text_of(entry.data, "hash", "commit_hash", "commit", "sha"),
        "message": text_of(entry.data, "message", "subject"),
        "branch": text_of(entry.data, "branch"),
    }


def _deploys(entries: Sequence[FoldEntry]) -> list[Json]:
    kinds = {"deploy_start", "deploy_complete", "deploy_failed"}
    last = {text_of(e.data, *SERVICE) or "": e for e in entries if e.kind in kinds}
    return [
        {
            "service": service or None,
            "state": _deploy_state(entry),
            "port": text_of(entry.data, "port"),
            "environment": text_of(entry.data, "environment"),
        }
        | when(entry.event)
        for service, entry in sorted(last.items())
    ]


def _deploy_state(entry: FoldEntry) -> str:
    match entry.kind:
        case "deploy_start":
            return "started"
        case "deploy_failed":
            return "failed"
        case _:
            return text_of(entry.data, "status") or "success"


def _recent_errors(entries: Sequence[FoldEntry]) -> list[Json]:
    errors = [entry for entry in entries if entry.kind == "error"][-RECENT_ERRORS:]
    return [
        {
            "error_type": text_of(entry.data, "error_type", "type"),
            "message": text_of(entry.data, "message", "error_message", "error"),
        }
        | when(entry.event)
        for entry in reversed(errors)
    ]


def _pull_requests(entries: Sequence[FoldEntry]) -> list[Json]:
    known: dict[str, list[FoldEntry]] = {}
    for entry in entries:
        if entry.kind in REQUEST_STATES:
            known.setdefault(text_of(entry.data, *REQUEST) or "", []).append(entry)
    by_news = sorted(known.values(), key=lambda history: history[-1].event.sequence_num)
    return [_pull_request(history) for history in by_news]


def _pull_request(history: Sequence[FoldEntry]) -> Json:
    def latest(*names: str) -> str | None:
        return next((said for e in reversed(history) if (said := text_of(e.data, *names))), None)

    return {
        "number": latest("pr_number", "number"),
        "url": latest("pr_url", "url"),
        "title": latest("title"),
        "state": REQUEST_STATES[history[-1].kind],
    } | when(history[-1].event)


def _brief(event: Event) -> Json:
    return {"event_type": event.event_type} | when(event)


def _missing(ordered: Sequence[Event]) -> int:
    return ordered[-1].sequence_num - len(ordered) if ordered else 0


def _not_understood(ordered: Sequence[Event], canonical: Mapping[str, str]) -> list[Json]:
    strange = Counter(e.event_type for e in ordered if e.event_type not in canonical or INVALID_JSON in e.data)
    return [{"event_type": kind, "count": count} for kind, count in sorted(strange.items())]
