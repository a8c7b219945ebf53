"""The entries of `files`, and how the entries for a path together decide how it is written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import TypeVar

from rollout.content.modes.table import traits
from rollout.content.patterns import is_glob, matches
from rollout.content.yaml import nodes as yaml_nodes
from rollout.content.yaml.nodes import Fault
from rollout.inventory.entries import Entry, Source, entry, section
from rollout.model.delimiters import Delimiters
from rollout.model.inventory import FilePattern, FileRule, FileSettings, FormatName, Mode, PolicyName, Secrets
from rollout.safety import paths

_Word = TypeVar("_Word", bound=StrEnum)
Matched = tuple[tuple[str, tuple[str, ...]], ...]  # paths of lists, each with the keys that identify an entry


def patterns(source: Source) -> tuple[tuple[FilePattern, ...], list[Fault]]:
    """Return the entries of `files`, in their order."""
    found: list[FilePattern] = []
    faults: list[Fault] = []
    for told in section(source.document, "files"):
        match, wrong = _match(told)
        settings = _settings(told.node, match)
        found.append(FilePattern(told.name, settings, told.line))
        faults += [*wrong, *_wrong(told, settings)]
    return tuple(found), faults


def _settings(node: yaml_nodes.Node, match: Matched) -> FileSettings:
    """Return what an entry sets, without what the description refuses."""
    plain = yaml_nodes.plain(node) if isinstance(node, yaml_nodes.Mapping) else {}
    texts = {key: value for key, value in plain.items() if _is_text(value)}
    numbers = {key: value for key, value in plain.items() if isinstance(value, int)}
    lists = {key: tuple(value) for key, value in plain.items() if isinstance(value, list) and all(map(_is_text, value))}
    return FileSettings(
        mode=_one_of(Mode, texts.get("mode")),
        block_id=texts.get("id"),
        delimiters=_one_of(Delimiters, texts.get("delimiters")),
        check=texts.get("check"),
        max_chars=numbers.get("max_chars"),
        max_lines=numbers.get("max_lines"),
        secrets=_one_of(Secrets, texts.get("secrets")),
        markers=lists.get("markers"),
        replaces=(texts["replaces"],) if "replaces" in texts else lists.get("replaces"),
        formatter=texts.get("formatter"),
        allow=_policies(lists.get("allow")),
        placeholders=lists.get("placeholders"),
        format=_one_of(FormatName, texts.get("format")),
        match=match or None,
    )


def _is_text(value: object) -> bool:
    return isinstance(value, str) and value != ""


def _policies(words: tuple[str, ...] | None) -> tuple[PolicyName, ...] | None:
    return None if words is None else tuple(PolicyName(word) for word in words if word in set(PolicyName))


def _one_of(kind: type[_Word], text: str | None) -> _Word | None:
    return kind(text) if text in set(kind) else None


def _match(told: Entry) -> tuple[Matched, list[Fault]]:
    node = entry(told.node, "match")
    if not isinstance(node, yaml_nodes.Mapping):
        return (), []
    from rollout.content.documents.match import steps_of  # few rules have one

    faults = [
        told.fault(f".match: {path!r} is not a path; write keys with dots, * and []", node.key_lines[path])
        for path in node.entries
        if steps_of(path) is None
    ]
    keys = ((path, yaml_nodes.plain(value)) for path, value in node.entries.items())
    return tuple((path, tuple(k if isinstance(k, list) else [str(k)])) for path, k in keys), faults


def _wrong(told: Entry, settings: FileSettings) -> Iterator[Fault]:
    pattern = told.name
    why = glob_refusal(pattern) if is_glob(pattern) else paths.refusal(pattern.strip("/"))
    yield from told.unsafe("", pattern, why)
    yield from _bad_id(told, settings.block_id)
    if settings.check is not None and "{path}" not in settings.check:
        yield told.fault(".check: the command must name {path}, the file to check")
    for key, fault in _line_faults(settings):
        yield told.fault(f".{key}: {fault}")


def _bad_id(told: Entry, block_id: str | None) -> Iterator[Fault]:
    if block_id is not None:
        from rollout.content import blocks  # few rules have one

        if not blocks.valid_id(block_id):
            yield told.fault(f".id: {block_id!r} must be letters, digits, '.', '_' and '-'")


def _line_faults(settings: FileSettings) -> Iterator[tuple[str, str]]:
    """Yield the keys of a file's rule with invalid values, and why they are invalid."""
    if settings.markers is None and settings.replaces is None:
        return
    from rollout.content import markers, sections  # few rules have either

    given = settings.markers or ()
    fault = markers.fault_of(given) if len(given) > 1 else None
    if fault:
        yield "markers", fault
    for heading in settings.replaces or ():
        fault = sections.fault_of(heading)
        if fault:
            yield "replaces", fault


def glob_refusal(pattern: str) -> str | None:
    return "leaves its target through '..'" if ".." in pattern.split("/") else None


def concerns(pattern: FilePattern, path: str) -> bool:
    """Tell whether an entry is about a path; a path names one file, and not what is below a folder."""
    named = is_glob(pattern.pattern) or pattern.pattern.strip("/") == path
    return named and matches(pattern.pattern, path)


def names_itself(pattern: FilePattern) -> bool:
    """Tell whether an entry of `files` needs no template: it says of one path that it must not be there."""
    return not traits(pattern.settings.over(FileRule()).mode).writes and _exact(pattern.pattern)


def _exact(pattern: str) -> bool:
    return not any(c in pattern for c in "*?[\\") and not pattern.endswith("/")


def rule_for(patterns: Iterable[FilePattern], path: str, *, shared: bool = False) -> FileRule:
    """Decide how a managed path is written: later globs over earlier ones, exact paths over globs, key by key."""
    rule = FileRule(mode=Mode.BLOCK if shared else Mode.WHOLE)
    covering = [p for p in patterns if concerns(p, path)]
    for pattern in sorted(covering, key=lambda p: not is_glob(p.pattern)):
        rule = pattern.settings.over(rule)
    return rule
