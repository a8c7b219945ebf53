"""What a successor must be told in words: the goal, what was decided, what did not work, what stands in the way."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rollout.events.entries import FoldEntry, Json, when
from rollout.events.event import text_of

# How an end is marked that nobody reported.
INFERRED = "inferred"

GOAL = ("text", "goal", "content")
DECISION = ("decision", "text")
ATTEMPT = ("approach", "text")
BLOCK = ("what", "text")


def guidance(entries: Sequence[FoldEntry]) -> Json:
    """Fold the events that say why; what a later event replaced is not told."""
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
    """Return the subagents that the end of their session cut off, until somebody spawns the same again."""
    cut_off: list[FoldEntry] = []
    for entry in entries:
        described = text_of(entry.data, "description")
        if entry.kind == "spawn" and described:
            cut_off = [known for known in cut_off if text_of(known.data, "description") != described]
        elif entry.kind == "task_failed" and text_of(entry.data, "ended_by") == INFERRED:
            cut_off.append(entry)
    return [_shown(entry, {"description": ("description",), "subagent": ("subagent",)}) for entry in cut_off]


def _standing(entries: Iterable[FoldEntry], kind: str, names: tuple[str, ...]) -> list[FoldEntry]:
    """Return what still holds: a later event of the same words takes an earlier one's place, and some end others."""
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
    """Leave out what is meant: by its words, its event id, or its position as a page shows it (#12)."""
    return [entry for entry in entries if meant is None or meant not in _called(entry, names)]


def _called(entry: FoldEntry, names: tuple[str, ...]) -> tuple[str | None, ...]:
    return text_of(entry.data, *names), entry.event.event_id, f"#{entry.event.sequence_num}"


def _shown(entry: FoldEntry, fields: dict[str, tuple[str, ...]]) -> Json:
    return {name: text_of(entry.data, *names) for name, names in fields.items()} | when(entry.event)
