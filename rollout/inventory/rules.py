"""How a managed path is written: what all patterns that cover it say together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from rollout.content import markers, sections
from rollout.content.patterns import is_glob, matches
from rollout.model.inventory import FilePattern, FileRule, Mode


def line_faults(settings: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the keys of a file's rule whose texts cannot be used, and why."""
    given, replaces = settings.get("markers"), settings.get("replaces")
    fault = markers.fault_of(_words(given)) if isinstance(given, list) and len(given) > 1 else None
    if fault:
        yield "markers", fault
    fault = sections.fault_of(replaces) if isinstance(replaces, str) and replaces else None
    if fault:
        yield "replaces", fault


def _words(value: object) -> tuple[str, ...]:
    return tuple(str(item) for item in value) if isinstance(value, list) else ()


def mode_of(settings: Mapping[str, Any]) -> Mode:
    return Mode(settings.get("mode", Mode.WHOLE))


def glob_refusal(pattern: str) -> str | None:
    return "leaves its target through '..'" if ".." in pattern.split("/") else None


def rule_for(patterns: Iterable[FilePattern], path: str) -> FileRule:
    """Settle how a managed path is written: later globs over earlier ones, exact paths over globs, key by key."""
    settings: dict[str, Any] = {}
    covering = [p for p in patterns if matches(p.pattern, path)]
    for pattern in sorted(covering, key=lambda p: not is_glob(p.pattern)):
        if is_glob(pattern.pattern) or pattern.pattern.strip("/") == path:
            settings.update(pattern.settings)
    return FileRule(
        mode=mode_of(settings),
        block_id=settings.get("id"),
        delimiters=settings.get("delimiters", "jinja"),
        check=settings.get("check"),
        max_chars=settings.get("max_chars"),
        max_lines=settings.get("max_lines"),
        secrets=settings.get("secrets", "block"),
        markers=_words(settings.get("markers")),
        replaces=settings.get("replaces"),
        formatter=settings.get("formatter"),
        allow=_words(settings.get("allow")),
        placeholders=_words(settings.get("placeholders")),
        format=settings.get("format"),
        match=settings.get("match", ()),
    )
