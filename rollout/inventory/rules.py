"""The entries of `files`, and how the entries for a path together decide how it is written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from rollout.content import yaml_nodes
from rollout.content.documents.match import steps_of
from rollout.content.patterns import is_glob, matches
from rollout.content.yaml_nodes import Fault
from rollout.inventory.entries import Entry, Source, entry, section
from rollout.model.inventory import FilePattern, FileRule, Mode
from rollout.safety import paths

Matched = tuple[tuple[str, tuple[str, ...]], ...]  # paths of lists, each with the keys that identify an entry


def patterns(source: Source) -> tuple[tuple[FilePattern, ...], list[Fault]]:
    """Return the entries of `files`, in their order."""
    found: list[FilePattern] = []
    faults: list[Fault] = []
    for told in section(source.document, "files"):
        settings = _settings(told.node)
        match, wrong = _match(told)
        if match:
            settings["match"] = match
        found.append(FilePattern(told.name, settings, told.line))
        faults += [*wrong, *_wrong(told, settings)]
    return tuple(found), faults


# What an entry of `files` sets crosses the border of YAML here; rule_for makes a typed rule of it.


def _settings(node: yaml_nodes.Node) -> dict[str, Any]:
    """Return what an entry sets, without what the description refuses."""
    plain = yaml_nodes.plain(node) if isinstance(node, yaml_nodes.Mapping) else {}
    return {key: value for key, value in plain.items() if isinstance(value, str | int | list)}


def _match(told: Entry) -> tuple[Matched, list[Fault]]:
    node = entry(told.node, "match")
    if not isinstance(node, yaml_nodes.Mapping):
        return (), []
    faults = [
        told.fault(f".match: {path!r} is not a path; write keys with dots, * and []", node.key_lines[path])
        for path in node.entries
        if steps_of(path) is None
    ]
    keys = ((path, yaml_nodes.plain(value)) for path, value in node.entries.items())
    return tuple((path, tuple(k if isinstance(k, list) else [str(k)])) for path, k in keys), faults


def _wrong(told: Entry, settings: Mapping[str, Any]) -> Iterator[Fault]:
    pattern = told.name
    why = glob_refusal(pattern) if is_glob(pattern) else paths.refusal(pattern.strip("/"))
    yield from told.unsafe("", pattern, why)
    yield from _bad_id(told, settings.get("id"))
    if settings.get("check") is not None and "{path}" not in str(settings["check"]):
        yield told.fault(".check: the command must name {path}, the file to check")
    for key, fault in _line_faults(settings):
        yield told.fault(f".{key}: {fault}")


def _bad_id(told: Entry, block_id: object) -> Iterator[Fault]:
    if block_id is not None:
        from rollout.content import blocks  # few rules have one

        if not blocks.valid_id(str(block_id)):
            yield told.fault(f".id: {block_id!r} must be letters, digits, '.', '_' and '-'")


def _line_faults(settings: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the keys of a file's rule with invalid values, and why they are invalid."""
    given, replaces = settings.get("markers"), settings.get("replaces")
    if given is None and replaces is None:
        return
    from rollout.content import markers, sections  # few rules have either

    fault = markers.fault_of(_words(given)) if isinstance(given, list) and len(given) > 1 else None
    if fault:
        yield "markers", fault
    for heading in _headings(replaces):
        fault = sections.fault_of(heading) if heading else None
        if fault:
            yield "replaces", fault


def _headings(value: object) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else _words(value)


def _words(value: object) -> tuple[str, ...]:
    return tuple(str(item) for item in value) if isinstance(value, list) else ()


def mode_of(settings: Mapping[str, Any]) -> Mode:
    return Mode(settings.get("mode", Mode.WHOLE))


def glob_refusal(pattern: str) -> str | None:
    return "leaves its target through '..'" if ".." in pattern.split("/") else None


def rule_for(patterns: Iterable[FilePattern], path: str, *, shared: bool = False) -> FileRule:
    """Decide how a managed path is written: later globs over earlier ones, exact paths over globs, key by key."""
    settings: dict[str, Any] = {"mode": Mode.BLOCK} if shared else {}
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
        replaces=_headings(settings.get("replaces")),
        formatter=settings.get("formatter"),
        allow=_words(settings.get("allow")),
        placeholders=_words(settings.get("placeholders")),
        format=settings.get("format"),
        match=settings.get("match", ()),
    )
