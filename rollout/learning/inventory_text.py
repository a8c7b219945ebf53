"""Write the text of an inventory for the repositories that were found, with what was learned from them."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias, assert_never

from rollout.content.patterns import is_glob
from rollout.learning.placing import placed, values_of
from rollout.model.delimiters import Delimiters
from rollout.model.inventory import FoundCheckout, Mode
from rollout.model.learning import Form, Learned, Sample, Takeover, Value
from rollout.safety.shown import plain

Setting: TypeAlias = Value | Sequence["Setting"] | Mapping[str, "Setting"]  # what an inventory that we write says

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
_PLAIN = re.compile(r"[A-Za-z_~./][A-Za-z0-9_./-]*\Z")
_NUMBER = re.compile(r"(?:0|[1-9]\d{0,8})\Z")
_NOT_TEXT = {"true", "false", "null", "yes", "no", "on", "off", "~", "y", "n", ".", ".."}
_WIDE = 110

_OWN_MARKS = {
    Delimiters.ANGLE: "{{ }} is the file's own, so its template writes << >>",
    Delimiters.SHELL: "{# is the file's own, so comments of its template are <# #>",
}


def names(found: Sequence[FoundCheckout], taken: Iterable[str] = ()) -> list[str]:
    """Return a name for each repository: its folder's, or its whole path if two folders have one name."""
    short = [_name(checkout.name) for checkout in found]
    used, made = set(taken), []
    for name, checkout in zip(short, found, strict=True):
        wanted = name if short.count(name) == 1 and name not in used else _name(str(checkout.path))
        while wanted in used:
            wanted += "-2"
        used.add(wanted)
        made.append(wanted)
    return made


def _name(text: str) -> str:
    return _UNSAFE.sub("-", text).strip("-._") or "repository"


def inventory(proposal: Takeover, root: str) -> str:
    """Return the text of an inventory for the proposal."""
    return "\n".join([*_head(root), *_variables(proposal), *_repositories(proposal), *_files(proposal)]) + "\n"


def _head(root: str) -> Iterator[str]:
    yield "# yaml-language-server: $schema=./inventory.schema.json"
    yield "# Learned by `rollout init`: the templates ask for what the repositories said then."
    yield "version: 1"
    yield f"root: {text_of(root)}    # relative paths start here"


def _variables(proposal: Takeover) -> Iterator[str]:
    values = values_of(proposal.files)
    where = placed(values, proposal.groups)
    if where.common:
        yield ""
        yield "vars:    # what most repositories have; a group or a repository may have its own"
        yield from (f"  {name}: {text_of(value)}{_used(name, proposal)}" for name, value in where.common.items())
    if proposal.groups:
        yield ""
        yield "groups:"
        for group in proposal.groups:
            theirs = where.groups.get(group, {})
            yield f"  {group}: {flow({'vars': theirs}) if theirs else '{}'}"


def _used(name: str, proposal: Takeover) -> str:
    """Return the comment that names the files in which a variable is used."""
    paths = dict.fromkeys(str(one.path) for one in proposal.files if one.form is not Form.SKIP and name in one.values)
    shown = list(paths)[:3] + (["..."] if len(paths) > 3 else [])
    return f"    # {plain(', '.join(shown))}"


def _repositories(proposal: Takeover) -> Iterator[str]:
    branch = _usual([source.checkout.branch for source in proposal.sources])
    remote = _usual([source.checkout.remote for source in proposal.sources])
    lists = {source.name: _sets_of(source, proposal) for source in proposal.sources}
    usual = Counter(map(tuple, lists.values())).most_common(1)[0][0]
    defaults: dict[str, Setting] = {"branch": branch} if branch != "main" else {}
    defaults |= {"remote": remote} if remote != "origin" else {}
    defaults["templates"] = list(usual)
    agents = Counter(proposal.agents.get(source.name, ()) for source in proposal.sources).most_common(1)[0][0]
    defaults |= {"agents": list(agents)} if agents else {}
    yield ""
    yield f"defaults: {flow(defaults)}"
    yield ""
    yield "repos:"
    own = placed(values_of(proposal.files), proposal.groups).own
    for source in proposal.sources:
        settings = entry(source, proposal, own.get(source.name, {}))
        for key, value in {
            "branch": branch,
            "remote": remote,
            "templates": list(usual),
            "agents": list(agents),
        }.items():
            if settings.get(key, value) == value:
                settings.pop(key, None)
        yield from _entry(source.name, settings)


def entry(source: Sample, proposal: Takeover, own: Mapping[str, Value]) -> dict[str, Setting]:
    """Return the inventory's entry of one repository."""
    groups = [group for group, members in proposal.groups.items() if source.name in members]
    found: dict[str, Setting] = {"path": str(source.checkout.path)}
    found |= {"branch": source.checkout.branch, "remote": source.checkout.remote}
    found |= {"groups": groups} if groups else {}
    found["templates"] = _sets_of(source, proposal)
    found |= {"agents": list(proposal.agents.get(source.name, ()))} if proposal.agents else {}
    return {**found, "vars": dict(own)} if own else found


def _sets_of(source: Sample, proposal: Takeover) -> list[str]:
    return [one.name for one in proposal.sets if source.name in one.repositories]


def _entry(name: str, settings: Mapping[str, Setting]) -> Iterator[str]:
    short = f"  {name}: {flow(settings)}"
    if len(short) <= _WIDE:
        yield short
        return
    yield f"  {name}:"
    for key, value in settings.items():
        line = f"    {key}: {flow(value)}"
        if len(line) > _WIDE and isinstance(value, Mapping):
            yield f"    {key}:"
            yield from (f"      {inner}: {flow(one)}" for inner, one in value.items())
        else:
            yield line


def _files(proposal: Takeover) -> Iterator[str]:
    told: dict[str, list[Learned]] = {}
    for one in proposal.files:
        if one.form is not Form.SKIP:
            told.setdefault(str(one.path), []).append(one)
    rules = {path: rule(ones) for path, ones in told.items()}
    if any(rules.values()):
        yield ""
        yield "files:    # how a path is written when it is not simply the whole file"
    for path, settings in rules.items():
        if settings:
            yield f"  {text_of(pattern_of(path))}: {flow(settings)}{_why(settings)}"


def pattern_of(path: str) -> str:
    """Return how `files` names a path: as it is, unless it would be read as a pattern."""
    return "/" + re.sub(r"([*?\[\\])", r"\\\1", path) if is_glob(path) else path


def rule(ones: Sequence[Learned]) -> dict[str, Setting]:
    """Return the settings of one path under `files`."""
    found: dict[str, Setting] = {"mode": Mode.BLOCK.value} if ones[0].form is Form.BLOCK else {}
    delimiters = next((one.delimiters for one in ones if one.is_rendered), Delimiters.JINJA)
    found |= {"delimiters": delimiters.value} if delimiters is not Delimiters.JINJA else {}
    allowed = dict.fromkeys(name for one in ones for name in one.allow)
    return {**found, "allow": [name.value for name in allowed]} if allowed else found


def _why(settings: Mapping[str, Setting]) -> str:
    reasons = ["only our part of it; the rest stays whose it is"] if settings.get("mode") == Mode.BLOCK else []
    reasons += [_OWN_MARKS[Delimiters(str(settings["delimiters"]))]] if "delimiters" in settings else []
    reasons += ["the files hold this already"] if "allow" in settings and not reasons else []
    return f"    # {'; '.join(reasons)}" if reasons else ""


def _usual(values: Sequence[str]) -> str:
    return Counter(values).most_common(1)[0][0]


def flow(value: Setting) -> str:
    """Return plain data as YAML on one line."""
    match value:
        case bool() | str():
            return text_of(value)
        case Mapping():
            return "{" + ", ".join(f"{text_of(str(key))}: {flow(one)}" for key, one in value.items()) + "}"
        case Sequence():
            return "[" + ", ".join(map(flow, value)) + "]"
        case never:
            assert_never(never)


def text_of(value: Value) -> str:
    """Write a value as YAML, in quotes if it could be read as something else; integers print as they are."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if _NUMBER.match(value) or (_PLAIN.match(value) and value.lower() not in _NOT_TEXT):
        return value
    return "".join(c if c.isprintable() else _escaped(c) for c in json.dumps(value, ensure_ascii=False))


def _escaped(character: str) -> str:
    """Write a character that YAML may take for a line end, or that is invisible, by its code point."""
    number = ord(character)
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"
