"""What a successor reads first, as lines: the most important first, each with its age and the event that says it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Any

from rollout.events.repository_now import RepositoryNow, differences

# What the fold says, parsed from JSON.
Answer = Mapping[str, Any]
NEXT = ("next", "next_steps", "todo")
DAY, HOUR, MINUTE = 86_400, 3_600, 60


@dataclass(frozen=True, slots=True)
class Moment:
    """When and where the bundle is read."""

    time: datetime
    repository: RepositoryNow | None = None


@dataclass(frozen=True, slots=True)
class Section:
    """A title and its lines; what must be told is never cut."""

    title: str
    lines: tuple[tuple[str, str], ...]  # what is said, and its age and source
    must: bool = False


def sections(answer: Answer, at: Moment) -> Iterator[Section]:
    """Yield what there is to tell, the most important first; a title without lines is left out."""
    told = _Teller(at.time)
    yield Section("", (_session(answer, told), _log(answer, told)), must=True)
    yield from _one("Goal", answer.get("goal"), told, lambda goal: goal["text"], must=True)
    yield from _one("Last user message", answer["last_user_message"], told, lambda said: said["content"], must=True)
    yield from _many("Tried, did not work", answer.get("failed_attempts"), told, _attempt, must=True)
    yield from _now(answer, at, told)
    yield from _many("Blocked", answer.get("blocked"), told, _block)
    yield from _next(answer, told)
    yield from _many("Open epics", answer["open_epics"], told, _epic)
    yield from _many("Subagents in flight", answer["subagents_in_flight"], told, _subagent)
    yield from _many("Decisions", _newest(answer.get("decisions")), told, _decision)
    open_ones = [request for request in answer["pull_requests"] if request["state"] == "open"]
    yield from _many("Open pull requests", _newest(open_ones), told, _request)
    yield from _many("Services", answer["deploys"], told, _deploy)
    yield from _many("Recent errors", answer["recent_errors"], told, _error)
    yield from _one("Last commit", answer["last_commit"], told, lambda c: _words(c["hash"], c["message"]))
    yield from _one("Last checkpoint", answer["last_checkpoint"], told, _pairs)
    yield from _one("Last turn", answer.get("last_turn"), told, _pairs)
    over = [request for request in answer["pull_requests"] if request["state"] != "open"]
    yield from _many("Pull requests that are over", _newest(over), told, _request)
    strange = tuple((f"{entry['event_type']} × {entry['count']}", "") for entry in answer["not_understood"])
    yield from [Section("Not understood", strange)] if strange else []


@dataclass(frozen=True, slots=True)
class _Teller:
    """Says how old an event is, and which one it was."""

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


def _one(
    title: str, event: Answer | None, told: _Teller, shown: Callable[[Answer], str | None], *, must: bool = False
) -> Iterator[Section]:
    if event:
        yield Section(title, ((shown(event) or "unnamed", told.source(event)),), must)


def _many(
    title: str, events: Sequence[Answer] | None, told: _Teller, shown: Callable[[Answer], str], *, must: bool = False
) -> Iterator[Section]:
    if events:
        yield Section(title, tuple((shown(event), told.source(event)) for event in events), must)


def _newest(events: Sequence[Answer] | None) -> list[Answer]:
    return list(reversed(events or ()))


def _session(answer: Answer, told: _Teller) -> tuple[str, str]:
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
    return " · ".join(part for part in parts if part), heard


def _log(answer: Answer, told: _Teller) -> tuple[str, str]:
    last = answer["last_event"]
    if not last:
        return "No events.", ""
    count = "1 event" if answer["events"] == 1 else f"{answer['events']} events"
    state = "complete" if answer["complete"] else f"INCOMPLETE, {answer['missing']} positions are missing"
    return f"Log {state}: {count}, the last one {last['event_type']}", told.source(last)


def _now(answer: Answer, at: Moment, told: _Teller) -> Iterator[Section]:
    now = at.repository
    if now is None:
        return
    unpushed = "unpushed unknown" if now.unpushed is None else f"{now.unpushed} unpushed"
    branch = f"branch {now.branch}" if now.branch else "no branch"
    here = f"{now.top}: {branch}, HEAD {(now.head or 'none')[:12]}, {now.dirty} changed files, {unpushed}"
    path = answer["session"].get("path")
    if path and not _within(path, now.top):
        lines = [(f"differs: the session worked in {path}", "(registry)")]
    else:
        lines = [(f"differs: {said}", told.source(event)) for said, event in differences(answer, now)]
    yield Section("Now", ((here, "(now, git)"), *lines))


def _within(path: str, top: str) -> bool:
    return f"{path}/".startswith(f"{top}/") or f"{top}/".startswith(f"{path}/")


def _next(answer: Answer, told: _Teller) -> Iterator[Section]:
    checkpoint = answer["last_checkpoint"]
    said = (
        next((checkpoint["data"][name] for name in NEXT if checkpoint["data"].get(name)), None) if checkpoint else None
    )
    yield from _one("Next", checkpoint if said else None, told, lambda _: _plain(said))


def _attempt(attempt: Answer) -> str:
    return _because(attempt["approach"], attempt["reason"])


def _decision(decision: Answer) -> str:
    instead = f" (instead of: {decision['replaces']})" if decision["replaces"] else ""
    return _because(decision["decision"], decision["reason"]) + instead


def _block(block: Answer) -> str:
    return f"{block['what'] or 'unnamed'} by {block['by'] or 'unknown'}"


def _because(said: str | None, reason: str | None) -> str:
    return f"{said or 'unnamed'}: {reason}" if reason else said or "unnamed"


def _epic(epic: Answer) -> str:
    return _words(epic["epic_id"], epic["feature"])


def _subagent(spawn: Answer) -> str:
    return f"{_words(spawn['description'], spawn['task_id'])} by {spawn['subagent'] or 'a subagent'}"


def _deploy(deploy: Answer) -> str:
    port = f" on port {deploy['port']}" if deploy["port"] else ""
    return f"{deploy['service'] or 'unnamed'}: {deploy['state']}{port}"


def _error(error: Answer) -> str:
    return _words(error["error_type"], error["message"])


def _request(request: Answer) -> str:
    number = f"PR {request['number']}" if request["number"] else None
    return f"{_words(number, request['title'], request['url'])}: {request['state']}"


def _words(*parts: str | None) -> str:
    return " ".join(part for part in parts if part) or "unnamed"


def _pairs(event: Answer) -> str:
    return ", ".join(f"{name}: {_plain(value)}" for name, value in event["data"].items())


def _plain(value: object) -> str:
    items: Iterable[object] = value if isinstance(value, list) else (value,)
    return "; ".join(chain(str(item) for item in items))
