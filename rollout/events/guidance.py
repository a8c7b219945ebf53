"""What a successor must be told: the goal, the decisions, what did not work, what blocks the work."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rollout.events.entries import FoldEntry, Json, when
from rollout.events.event import text_of

# How to mark an end that nobody reported.
INFERRED = "inferred"

GOAL = ("text", "goal", "content")
DECISION = ("decision", "text")
ATTEMPT = ("approach", "text")
BLOCK = ("what", "text")


def guidance(entries: Sequence[FoldEntry]) -> Json:
    """Fold the events that give reasons, without those that a later event replaced."""
    goals = [entry for entry in entries if entry.kind == "goal"]
    return {
        "goal": {"text": text_of(goals[-1].data, *GOAL)} | when(goals[-1].event) if goals else None,
        "decisions": [
            _shown(entry, {"decision": DECISION, "reason": ("reason",), "replaces": ("replaces",)})
            for entry in _standing(entries, "decision", DECISION)
        ],
        "failed_attempts": [
            _shown(entry, {"approach": ATTEMPT, "reason": ("reason", "message")})
            for entry in _standing(entries, "attempt_failed", ATTEMPT)
        ],
        "blocked": [
            _shown(entry, {"what": BLOCK, "by": ("by", "reason")}) for entry in _standing(entries, "blocked", BLOCK)
        ],
        "interrupted": _interrupted(entries),
    }


def _interrupted(entries: Sequence[FoldEntry]) -> list[Json]:
    """Return the subagents that their session's end cut off, until the same one is spawned again."""
    cut_off: list[FoldEntry] = []
    for entry in entries:
        described = text_of(entry.data, "description")
        if entry.kind == "spawn" and described:
            cut_off = [known for known in cut_off if text_of(known.data, "description") != described]
        elif entry.kind == "task_failed" and text_of(entry.data, "ended_by") == INFERRED:
            cut_off.append(entry)
    return [_shown(entry, {"description": ("description",), "subagent": ("subagent",)}) for entry in cut_off]


def _standing(entries: Iterable[FoldEntry], kind: str, names: tuple[str, ...]) -> list[FoldEntry]:
    """Return what still holds: a later event with the same text replaces an earlier one, and some events end others."""
    standing: list[FoldEntry] = []
    for entry in entries:
        if kind == "decision" and entry.kind == kind:
            standing = _without(standing, names, text_of(entry.data, "replaces"))
        elif kind == "blocked" and entry.kind == "unblocked":
            standing = _without(standing, names, text_of(entry.data, *BLOCK))
        if entry.kind == kind:
            standing = [*_without(standing, names, text_of(entry.data, *names)), entry]
    return standing


def _without(entries: list[FoldEntry], names: tuple[str, ...], meant: str | None) -> list[FoldEntry]:
    """Leave out the event that is meant: by its text, its event id, or its position as a page shows it (#12)."""
    return [entry for entry in entries if meant is None or meant not in _called(entry, names)]


def _called(entry: FoldEntry, names: tuple[str, ...]) -> tuple[str | None, ...]:
    return text_of(entry.data, *names), entry.event.event_id, f"#{entry.event.sequence_num}"


def _shown(entry: FoldEntry, fields: dict[str, tuple[str, ...]]) -> Json:
    return {name: text_of(entry.data, *names) for name, names in fields.items()} | when(entry.event)
