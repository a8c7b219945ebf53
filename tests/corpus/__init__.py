"""Documents as people write them, and templates that name something in them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from rollout.content.documents import merge
from rollout.content.documents.document import Alias, Array, Node, Object
from rollout.content.documents.formats import format_of
from rollout.content.documents.match import match_for
from rollout.content.documents.merge import MergedFile

FOLDER = Path(__file__).parent

NAMES = sorted(file.name for file in FOLDER.iterdir() if file.is_file() and file.suffix != ".py")

Steps = tuple[str, ...]

Named = dict[str, Any]


def kind_of(name: str) -> MergedFile:
    path = PurePosixPath(".claude/settings.json" if name == "settings.json" else name)
    return MergedFile(path, format_of(path, None), match_for(path, {}))


def merged(before: bytes, template: bytes, kind: MergedFile, *writes: tuple[bytes, bytes]) -> bytes:
    return merge.merged(before, template, merge.past(writes, kind), kind)


def places(root: Node) -> Iterator[tuple[Steps, Node]]:
    """Yield the objects and lists of a document that a template can name, with the keys that lead there."""
    yield from _places(root, (), {alias.node.start for alias in _aliases(root)})


def _aliases(node: Node) -> Iterator[Alias]:
    if isinstance(node, Alias):
        yield node
    for part in node.parts if isinstance(node, Object | Array) else ():
        yield from _aliases(part.value)


def _places(node: Node, above: Steps, shared: set[int]) -> Iterator[tuple[Steps, Node]]:
    if isinstance(node, Object | Array) and node.odd is None:
        yield above, node
    if isinstance(node, Object) and node.odd is None:
        keys = [part.key for part in node.parts]
        for part in node.parts:
            told = keys.count(part.key) == 1 and part.key[:1] not in {"!", "?"} and part.key != "<<"
            if told and part.value.start not in shared:
                yield from _places(part.value, (*above, part.key), shared)


def nested(pairs: list[tuple[Steps, Any]]) -> Named:
    """Return the mapping in which each value stands at its place."""
    out: Named = {}
    for steps, value in pairs:
        inner = out
        for step in steps[:-1]:
            inner = inner.setdefault(step, {})
        inner[steps[-1]] = value
    return out


def written(named: Named, name: str, *, compact: bool, spread: bool = False) -> bytes:
    """Write a template in a format; `spread` writes lists and texts of TOML over several lines."""
    match name:
        case "json" | "jsonc":
            return (json.dumps(named) if compact else json.dumps(named, indent=3) + "\n").encode()
        case "yaml":
            text = json.dumps(named) + "\n" if compact else "".join(line + "\n" for line in _yaml(named, 0))
            return text.encode()
        case "toml":
            lines = _dotted(named, (), spread) if compact else _tables(named, (), spread)
            return "".join(line + "\n" for line in lines).encode()
        case _:
            return "".join(line + "\n" for line in _ini(named)).encode()


def _yaml(named: Named, depth: int) -> Iterator[str]:
    for key, value in named.items():
        start = " " * depth + f"{json.dumps(key) if ':' in key or key[:1] in '*@' else key}:"
        yield " " * depth + f"# why {key}"
        if isinstance(value, dict) and value:
            yield start
            yield from _yaml(value, depth + 3)
        elif isinstance(value, list) and value:
            yield start
            for item in value:
                inner = list(_yaml(item, depth + 4))[1:] if isinstance(item, dict) and item else [json.dumps(item)]
                yield " " * depth + "  - " + inner[0].lstrip()
                yield from inner[1:]
        elif isinstance(value, str) and value.endswith("\n"):
            yield start + " |"
            yield from (" " * (depth + 3) + line for line in value.splitlines())
        else:
            yield f"{start} {json.dumps(value)}   # behind"


def _toml_value(value: Any, spread: bool) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)} = {_toml_value(item, spread)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        inside = [_toml_value(item, spread) for item in value]
        return "[\n  " + ", # why\n  ".join(inside) + ",\n]" if spread and inside else "[" + ", ".join(inside) + "]"
    return f'"""\n{value}"""' if spread and isinstance(value, str) and "\n" in value else json.dumps(value)


def _dotted(named: Named, above: Steps, spread: bool) -> Iterator[str]:
    for key, value in named.items():
        if isinstance(value, dict) and value:
            yield from _dotted(value, (*above, key), spread)
        else:
            yield ".".join(json.dumps(step) for step in (*above, key)) + f" = {_toml_value(value, spread)} # behind"


def _tables(named: Named, above: Steps, spread: bool) -> Iterator[str]:
    if above:
        yield from ("", "# why a table", "[" + ".".join(json.dumps(step) for step in above) + "]")
    for key, value in named.items():
        if not isinstance(value, dict):
            yield from (f"# why {key}", f"{json.dumps(key)} = {_toml_value(value, spread)}")
    for key, value in named.items():
        if isinstance(value, dict):
            yield from _tables(value, (*above, key), spread)


def _ini(named: Named) -> Iterator[str]:
    for key, value in named.items():
        if not isinstance(value, dict):
            yield f"{key} = {value}"
    for key, value in named.items():
        if isinstance(value, dict):
            yield from ("", "# why", key, *(f"{name} = {item}" for name, item in value.items()))
