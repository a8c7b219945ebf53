"""What an agent reads first: the answer of a resume as a short page."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

LIMIT = 2000
# No single text and no list may crowd out the rest.
LONGEST_TEXT = 200
LONGEST_LIST = 5

# What the fold says, parsed from JSON.
Answer = Mapping[str, Any]


def markdown(answer: Answer, limit: int | None = LIMIT) -> str:
    """Return the page, the most important first; with a limit, it has fewer characters than that."""
    lines = list(_lines(answer, LONGEST_TEXT if limit else None, LONGEST_LIST if limit else None))
    page = "\n".join(lines) + "\n"
    if limit is None or len(page) < limit:
        return page
    return _cut(lines, limit, f"rollout events resume {answer['instance_id']} --full")


def _cut(lines: list[str], limit: int, more: str) -> str:
    ending = f"\n(shortened; all of it: {more})\n"
    kept = lines
    while len("\n".join(kept)) + len(ending) >= limit:
        kept = kept[:-1]
    return "\n".join(kept) + ending


def _lines(answer: Answer, text: int | None, items: int | None) -> Iterable[str]:
    yield f"# Resume {answer['instance_id']}"
    yield ""
    yield _session(answer["session"])
    yield _log(answer)
    if message := answer["last_user_message"]:
        yield f"**Last user message** ({_when(message)}): {_clip(message['content'], text)}"
    yield from _list("Open epics", answer["open_epics"], items, lambda e: _epic(e, text))
    yield from _list("Subagents in flight", answer["subagents_in_flight"], items, lambda s: _subagent(s, text))
    if commit := answer["last_commit"]:
        yield ""
        named = _words(_clip(commit["hash"], text), _clip(commit["message"], text))
        yield f"**Last commit** ({_when(commit)}): {named}"
    yield from _list("Deploys", answer["deploys"], items, lambda d: _deploy(d, text))
    yield from _list("Recent errors", answer["recent_errors"], items, lambda e: _error(e, text))
    if checkpoint := answer["last_checkpoint"]:
        yield ""
        yield f"**Last checkpoint** ({_when(checkpoint)}): {_clip(_pairs(checkpoint['data']), text)}"
    if turn := answer.get("last_turn"):
        yield ""
        yield f"**Last turn** ({_when(turn)}): {_clip(_pairs(turn['data']), text)}"
    yield from _list("Pull requests", answer["pull_requests"], items, lambda p: _request(p, text))
    yield from _list("Not understood", answer["not_understood"], items, _strange)


def _session(session: Answer) -> str:
    percent = session["context_percent"]
    parts = [
        f"Project {session['project'] or 'unknown'}",
        f"machine {session['machine'] or 'unknown'}",
        f"status {session['status'] or 'not registered'}",
        f"last heard of {_second(session['heartbeat'])}" if session["heartbeat"] else "never heard of",
        *([f"context {percent} %"] if percent is not None else []),
    ]
    return " · ".join(parts)


def _log(answer: Answer) -> str:
    first, last = answer["first_event"], answer["last_event"]
    if not last:
        return "No events."
    state = "complete" if answer["complete"] else f"INCOMPLETE, {answer['missing']} positions are missing"
    span = f"{first['event_type']} ({_when(first)}) to {last['event_type']} ({_when(last)})"
    return f"Log {state}: {_events(answer['events'])}, {span}"


def _events(count: int) -> str:
    return "1 event" if count == 1 else f"{count} events"


def _list(title: str, entries: list[Answer], items: int | None, shown: Callable[[Answer], str]) -> Iterable[str]:
    if not entries:
        return
    yield ""
    yield f"**{title}**"
    for entry in entries[:items]:
        yield f"- {shown(entry)}"
    if items and len(entries) > items:
        yield f"- and {len(entries) - items} more"


def _epic(epic: Answer, text: int | None) -> str:
    return f"{_words(_clip(epic['epic_id'], text), _clip(epic['feature'], text))} (since {_when(epic)})"


def _subagent(spawn: Answer, text: int | None) -> str:
    named = _words(_clip(spawn["description"], text), _clip(spawn["task_id"], text))
    return f"{named} by {_clip(spawn['subagent'], text) or 'a subagent'} (since {_when(spawn)})"


def _deploy(deploy: Answer, text: int | None) -> str:
    port = f" on port {deploy['port']}" if deploy["port"] else ""
    return f"{_clip(deploy['service'], text) or 'unnamed'}: {_clip(deploy['state'], text)}{port} ({_when(deploy)})"


def _error(error: Answer, text: int | None) -> str:
    return f"{_words(_clip(error['error_type'], text), _clip(error['message'], text))} ({_when(error)})"


def _request(request: Answer, text: int | None) -> str:
    number = f"#{request['number']}" if request["number"] else None
    named = _words(number, _clip(request["title"], text), _clip(request["url"], text))
    return f"{named}: {request['state']} ({_when(request)})"


def _strange(entry: Answer) -> str:
    return f"{entry['event_type']} × {entry['count']}"


def _when(entry: Answer) -> str:
    return f"#{entry['sequence_num']}, {_second(entry['timestamp'])}"


def _second(moment: str) -> str:
    return f"{moment[:10]} {moment[11:19]} UTC"


def _words(*parts: str | None) -> str:
    return " ".join(part for part in parts if part) or "unnamed"


def _pairs(data: Answer) -> str:
    return ", ".join(f"{name}: {value}" for name, value in data.items())


def _clip(text: str | None, length: int | None) -> str:
    line = " ".join((text or "").split())
    return line if length is None or len(line) <= length else line[: length - 1] + "…"
