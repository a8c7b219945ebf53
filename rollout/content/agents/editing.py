"""Change what the front matter of a rule says, and keep every other line of the rule."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from rollout.content.agents import front_matter, reading
from rollout.content.agents.globs import spread
from rollout.content.agents.rule import AgentRule

_KEY = re.compile(r"([A-Za-z_]\w*):")
_ITEM = re.compile(r"([ \t]*-[ \t]+)(.*?)[ \t]*\Z")
_COMMENT = re.compile(r"[ \t]+#.*\Z")


def with_head(text: str, old: AgentRule, new: AgentRule) -> str:
    """Return a rule's text that says the description and the paths of `new` in the place of those of `old`."""
    parts = front_matter.split(text)
    lines = parts.lines.split("\n")[:-1] if parts.head else []
    if new.description != old.description:
        said = [f"description: {front_matter.text(new.description)}"] if new.description else []
        lines = _with(lines, "description", said)
    if new.paths != old.paths:
        lines = _with(lines, "paths", _paths(lines, new.paths))
    if not parts.head:
        return "".join(f"{line}\n" for line in ("---", *lines, "---", "")) + text if lines else text
    fences = ("---", *lines, "---") if lines else ()
    body = parts.body if lines else parts.body.lstrip("\n")
    return "".join(f"{line}\n" for line in fences) + body


def paths_for(old: Sequence[str], wanted: Sequence[str]) -> tuple[str, ...]:
    """Return patterns that agents read as the wanted ones, those that a rule has already in their own spelling."""
    kept = [path for path in old if set(spread([path])) <= set(wanted)]
    covered = set(spread(kept))
    found = (*kept, *(path for path in wanted if path not in covered))
    return found if spread(found) == tuple(wanted) else tuple(wanted)


def _with(lines: Sequence[str], key: str, said: Sequence[str]) -> list[str]:
    """Return lines of front matter in which a key has these lines in the place of its own."""
    start, end = _range(lines, key)
    return [*lines[:start], *said, *lines[end:]]


def _range(lines: Sequence[str], key: str) -> tuple[int, int]:
    """Return the lines of a key and of its value; comments below it are the next key's."""
    keys = [number for number, line in enumerate(lines) if _KEY.match(line)]
    start = next((n for n in keys if lines[n].startswith(f"{key}:")), None)
    if start is None:
        at = next((n for n in keys if lines[n].startswith("agents:")), len(lines)) if key == "paths" else 0
        return at, at
    end = next((n for n in keys if n > start), len(lines))
    while end > start + 1 and (not lines[end - 1].strip() or lines[end - 1].lstrip().startswith("#")):
        end -= 1
    return start, end


def _paths(lines: Sequence[str], paths: Sequence[str]) -> list[str]:
    """Return the lines that say these paths, in the form that the paths have now."""
    start, end = _range(lines, "paths")
    items = [found for line in lines[start + 1 : end] if (found := _ITEM.match(line))]
    if not paths:
        return []
    if not items:
        return [reading.listed("paths", paths)]
    there = {_plain(item[2]): item[0] for item in items}
    return [lines[start], *(there.get(path) or f"{items[0][1]}{reading.item(path)}" for path in paths)]


def _plain(said: str) -> str:
    return next(iter(front_matter.listed(_COMMENT.sub("", said))), "").strip("\"'")


def changed(rules: Sequence[AgentRule], now: Sequence[AgentRule], new: Sequence[AgentRule]) -> Iterator[AgentRule]:
    """Yield the rules whose description or paths an agent reads otherwise in a new text, as they would have to be."""
    read, wanted = {rule.name: rule for rule in now}, {rule.name: rule for rule in new}
    for rule in rules:
        one, other = read.get(rule.name), wanted.get(rule.name)
        if one is None or other is None:
            continue
        description = other.description if other.description != one.description else rule.description
        paths = paths_for(rule.paths, other.paths) if spread(other.paths) != spread(one.paths) else rule.paths
        if (description, paths) != (rule.description, rule.paths):
            yield AgentRule(rule.name, rule.text, description, paths, rule.agents)
