"""What the YAML of a large inventory says, remembered from command to command: to parse it is what takes the time.

It is a cache, bound to the bytes of the inventory: what is odd in it counts as nothing.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from rollout import __version__, places, yamlnodes
from rollout.yamlnodes import Fault, Mapping, Node, Scalar, Sequence

_WORTH = 16_384  # characters, below which it is parsed as fast


def parse(text: str, path: Path, memory: Path | None) -> tuple[Node | None, list[Fault]]:
    """Return the document at `path` and everything that is wrong with it; one that is right is remembered."""
    if memory is None or len(text) < _WORTH:
        return yamlnodes.parse(text)
    place = memory / "inventories" / f"{places.key(str(path.resolve()))}.json"
    digest = hashlib.sha256(f"{__version__}\n{text}".encode("utf-8", "surrogatepass")).hexdigest()
    memo = places.read_json(place)
    try:
        if memo.get("digest") == digest:
            return _node(memo["document"]), []
    except (LookupError, TypeError, ValueError):
        pass
    document, faults = yamlnodes.parse(text)
    if document is not None and not faults and memory.is_dir():
        kept = {"digest": digest, "document": _memo(document)}
        places.write_whole(place, json.dumps(kept).encode(), durable=False)
    return document, faults


def _memo(node: Node) -> list[Any]:
    match node:
        case Scalar():
            return [node.line, node.value]
        case Sequence():
            return [node.line, [_memo(item) for item in node.items]]
        case Mapping():
            entries = {key: _memo(value) for key, value in node.entries.items()}
            return [node.line, entries, [node.key_lines[key] for key in entries]]


def _node(memo: Any) -> Node:
    line, value = memo[0], memo[1]
    if isinstance(value, dict):
        return Mapping({key: _node(item) for key, item in value.items()}, dict(zip(value, memo[2], strict=True)), line)
    if isinstance(value, list):
        return Sequence(tuple(map(_node, value)), line)
    return Scalar(value, line)
