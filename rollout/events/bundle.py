"""The lines that a successor reads first, the most important first, each with its age and its source event."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import Any, TypeAlias

from rollout.events.repository_now import RepositoryNow, differences

# The result of the fold, parsed from JSON.
Answer = Mapping[str, Any]
Parts: TypeAlias = tuple[str | None, ...]
Shown: TypeAlias = Callable[[Answer], Parts]
NEXT = ("next", "next_steps", "todo")
DAY, HOUR, MINUTE = 86_400, 3_600, 60


@dataclass(frozen=True, slots=True)
class Moment:
    """When and where the bundle is read."""

    time: datetime
    repository: RepositoryNow | None = None


class Worth(IntEnum):
    """What a page may leave out: nothing that must be told; first of all, what is over."""

    MUST = 0
    OPEN = 1
    OVER = 2


@dataclass(frozen=True, slots=True)
class Line:
    """The text of a line in parts, with its age and its source."""

    parts: tuple[str, ...]
    source: str = ""
    joint: str = ": "
    whole: bool = False  # never shortened


@dataclass(frozen=True, slots=True)
class Section:
    """A title and its lines."""

    title: str
    lines: tuple[Line, ...]
    worth: Worth = Worth.OPEN


def sections(answer: Answer, at: Moment) -> Iterator[Section]:
    """Yield the sections, the most important first; a section without lines is left out."""
    told = _Teller(at.time)
    yield Section("", (_session(answer, told), _log(answer, told)), Worth.MUST)
    yield from told.one("Goal", answer.get("goal"), lambda goal: (goal["text"],), Worth.MUST)
    yield from told.one("Last user message", answer["last_user_message"], lambda said: (said["content"],), Worth.MUST)
    yield from told.many("Tried, did not work", answer.get("failed_attempts"), _attempt, Worth.MUST)
    yield from _now(answer, at, told)
    yield from told.many("Blocked", answer.get("blocked"), _block)
    yield from _next(answer, told)
    yield from told.many("Open epics", answer["open_epics"], lambda e: (_words(e["epic_id"], e["feature"]),))
    yield from told.many("Subagents in flight", answer["subagents_in_flight"], _subagent)
    yield from told.many("Subagents that were cut off", answer.get("interrupted"), _cut_off)
    yield from told.many("Decisions", _newest(answer.get("decisions")), _decision)
    requests = _newest(answer["pull_requests"])
    yield from told.many("Open pull requests", [r for r in requests if r["state"] == "open"], _request)
    yield from told.many("Services", answer["deploys"], _deploy)
    errors = answer["recent_errors"]
    yield from told.many("Last error", errors[:1], _error)
    yield from told.one("Last commit", answer["last_commit"], lambda c: (_words(c["hash"], c["message"]),), Worth.OVER)
    yield from told.one("Last checkpoint", answer["last_checkpoint"], _pairs, Worth.OVER)
    yield from told.many("Errors before it", errors[1:], _error, Worth.OVER)
    yield from told.one("Last turn", answer.get("last_turn"), _pairs, Worth.OVER)
    yield from told.many(
        "Pull requests that are over", [r for r in requests if r["state"] != "open"], _request, Worth.OVER
    )
    strange = tuple(Line((f"{entry['event_type']} × {entry['count']}",)) for entry in answer["not_understood"])
    yield from [Section("Not understood", strange, Worth.OVER)] if strange else []


@dataclass(frozen=True, slots=True)
class _Teller:
    """Tell how old an event is, and which one it was."""

    time: datetime

    def source(self, event: Answer) -> str:
        return f"({self.age(event['timestamp'])}, #{event['sequence_num']})"

    def age(self, moment: str) -> str:
        try:
            seconds = int((self.time - datetime.fromisoformat(moment)).total_seconds())
        except ValueError:
            return "at an unknown time"
        for length, unit in ((DAY, "d"), (HOUR, "h"), (MINUTE, "min")):
            if seconds >= length:
                return f"{seconds // length} {unit} ago"
        return "just now"

    def one(self, title: str, event: Answer | None, shown: Shown, worth: Worth = Worth.OPEN) -> Iterator[Section]:
        yield from self.many(title, [event] if event else [], shown, worth)

    def many(
        self, title: str, events: Sequence[Answer] | None, shown: Shown, worth: Worth = Worth.OPEN
    ) -> Iterator[Section]:
        if events:
            lines = (Line(tuple(part or "unnamed" for part in shown(event)), self.source(event)) for event in events)
            yield Section(title, tuple(lines), worth)


def _newest(events: Sequence[Answer] | None) -> list[Answer]:
    return list(reversed(events or ()))


def _session(answer: Answer, told: _Teller) -> Line:
    session = answer["session"]
    percent = session["context_percent"]
    parts = (
        f"Project {session['project'] or 'unknown'}",
        f"machine {session['machine'] or 'unknown'}",
        f"status {session['status'] or 'not registered'}",
        f"epic {session['current_epic']}" if session["current_epic"] else "",
        "context unknown" if percent is None else f"context {percent} %",
    )
    heard = f"({told.age(session['heartbeat'])}, registry)" if session["heartbeat"] else "(never heard of)"
    return Line(tuple(part for part in parts if part), heard, " · ", whole=True)


def _log(answer: Answer, told: _Teller) -> Line:
    last = answer["last_event"]
    if not last:
        return Line(("No events.",))
    count = "1 event" if answer["events"] == 1 else f"{answer['events']} events"
    state = "complete" if answer["complete"] else f"INCOMPLETE, {answer['missing']} positions are missing"
    return Line((f"Log {state}: {count}, the last one {last['event_type']}",), told.source(last), whole=True)


def _now(answer: Answer, at: Moment, told: _Teller) -> Iterator[Section]:
    now = at.repository
    if now is None:
        return
    unpushed = "unpushed unknown" if now.unpushed is None else f"{now.unpushed} unpushed"
    branch = f"branch {now.branch}" if now.branch else "no branch"
    here = f"{branch}, HEAD {(now.head or 'none')[:12]}, {now.dirty} changed files, {unpushed}"
    path = answer["session"].get("path")
    if path and not _within(path, now.top):
        lines = [Line(("differs", f"the session worked in {path}"), "(registry)")]
    else:
        lines = [Line(("differs", said), told.source(event)) for said, event in differences(answer, now)]
    yield Section("Now", (Line((now.top, here), "(now, git)", whole=True), *lines), Worth.MUST)


def _within(path: str, top: str) -> bool:
    return f"{path}/".startswith(f"{top}/") or f"{top}/".startswith(f"{path}/")


def _next(answer: Answer, told: _Teller) -> Iterator[Section]:
    checkpoint = answer["last_checkpoint"]
    said = (
        next((checkpoint["data"][name] for name in NEXT if checkpoint["data"].get(name)), None) if checkpoint else None
    )
    yield from told.one("Next", checkpoint if said else None, lambda _: (_plain(said),))


def _attempt(attempt: Answer) -> Parts:
    return attempt["approach"], *([attempt["reason"]] if attempt["reason"] else [])


def _decision(decision: Answer) -> Parts:
    reason = [decision["reason"]] if decision["reason"] else []
    return decision["decision"], *reason, *([f"instead of {decision['replaces']}"] if decision["replaces"] else [])


def _block(block: Answer) -> Parts:
    return block["what"], f"by {block['by'] or 'unknown'}"


def _subagent(spawn: Answer) -> Parts:
    return (f"{_words(spawn['description'], spawn['task_id'])} by {spawn['subagent'] or 'a subagent'}",)


def _cut_off(spawn: Answer) -> Parts:
    return (f"{spawn['description'] or 'unnamed'} by {spawn['subagent'] or 'a subagent'}",)


def _deploy(deploy: Answer) -> Parts:
    return deploy["service"], deploy["state"] + (f" on port {deploy['port']}" if deploy["port"] else "")


def _error(error: Answer) -> Parts:
    return (_words(error["error_type"], error["message"]),)


def _request(request: Answer) -> Parts:
    number = f"PR {request['number']}" if request["number"] else None
    return _words(number, request["title"], request["url"]), request["state"]


def _words(*parts: str | None) -> str:
    return " ".join(part for part in parts if part) or "unnamed"


def _pairs(event: Answer) -> Parts:
    return (", ".join(f"{name}: {_plain(value)}" for name, value in event["data"].items()),)


def _plain(value: object) -> str:
    items: Iterable[object] = value if isinstance(value, list) else (value,)
    return "; ".join(str(item) for item in items)
