"""The parsed YAML of a large inventory, kept from command to command, because parsing takes the most time.

It is a cache, bound to the bytes of the inventory: anything odd in it counts as nothing. An inventory with a secret in
it is never cached: the secret must stay in the one file, which is the person's own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, assert_never

from rollout import __version__
from rollout.content import spelled
from rollout.content.yaml import nodes as yaml_nodes
from rollout.content.yaml import parse as yaml_parse
from rollout.content.yaml.nodes import Fault, Leaf, Mapping, Node, Sequence
from rollout.machine import files, state_folder
from rollout.safety import secrets
from rollout.safety.shown import redact

_WORTH = 16_384  # characters; a smaller inventory is parsed as fast
_GROWN = 4  # a document at most so many times as long as its text is kept: with aliases it can be of any length


Parse = Callable[[str], tuple[Node | None, list[Fault]]]


class Parsed:
    """The document at a path, parsed unless it is remembered."""

    def __init__(self, path: Path, memory: Path | None, parse: Parse = yaml_parse.parse) -> None:
        """Remember in a state folder, if there is one by the end of the command."""
        self._path = path
        self._memory = memory
        self._parse = parse
        self._new: tuple[str, Node] | None = None

    def document(self, text: str) -> tuple[Node | None, list[Fault]]:
        """Return the document and everything that is wrong with it."""
        if self._memory is None or len(text) < _WORTH:
            return self._parse(text)
        digest = hashlib.sha256(f"{__version__}\n{text}".encode("utf-8", "surrogatepass")).hexdigest()
        memo = files.read_json(self._place(self._memory))
        with suppress(LookupError, TypeError, ValueError):
            if memo.get("digest") == digest:
                return _node(memo["document"]), []
        document, faults = self._parse(text)
        if (
            document is not None
            and not faults
            and _length(document) <= _GROWN * len(text)
            and not _secret(text, document)
        ):
            self._new = digest, document
        return document, faults

    def keep(self) -> None:
        """Write down what was parsed."""
        if self._memory is None or self._new is None or not self._memory.is_dir():
            return
        digest, document = self._new
        kept = spelled.dumps({"digest": digest, "document": _memo(document)}).encode()
        with suppress(OSError):
            files.write_whole(self._place(self._memory), kept, durable=False)

    def _place(self, memory: Path) -> Path:
        return memory / "inventories" / f"{state_folder.key(str(self._path.resolve()))}.json"


def _secret(text: str, document: Node) -> bool:
    """Tell whether something in an inventory looks like a secret, by its name or by its form."""
    if redact(text) != text or secrets.fault(text.encode("utf-8", "surrogatepass"), ()):
        return True
    return isinstance(document, Mapping) and any(secrets.named(yaml_nodes.plain(document)))


def _length(node: Node) -> int:
    """Return roughly how many characters the document would take without aliases."""
    match node:
        case Leaf():
            return len(node.value) if isinstance(node.value, str) else 4
        case Sequence():
            return sum(map(_length, node.items)) + 2
        case Mapping():
            return sum(len(key) + _length(value) for key, value in node.entries.items()) + 2
        case never:
            assert_never(never)


def _memo(node: Node) -> list[Any]:
    match node:
        case Leaf():
            return [node.line, node.value]
        case Sequence():
            return [node.line, [_memo(item) for item in node.items]]
        case Mapping():
            entries = {key: _memo(value) for key, value in node.entries.items()}
            return [node.line, entries, [node.key_lines[key] for key in entries]]
        case never:
            assert_never(never)


def _node(memo: Any) -> Node:
    line, value = memo[0], memo[1]
    if isinstance(value, dict):
        value = spelled.unmarked(value)
    if isinstance(value, dict):
        return Mapping({key: _node(item) for key, item in value.items()}, dict(zip(value, memo[2], strict=True)), line)
    if isinstance(value, list):
        return Sequence(tuple(map(_node, value)), line)
    return Leaf(value, line)
