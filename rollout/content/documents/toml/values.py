"""What TOML values mean, as text that is the same for all their spellings."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from rollout.content.documents.document import Array, Node, Object, Scalar

_KEY = re.compile(r"[ \t]*([A-Za-z0-9_-]+|\"(?:[^\"\\]|\\.)*\"|'[^']*')[ \t]*")


def keys_at(text: str, at: int) -> Iterator[tuple[str, str]]:
    """Yield the keys with dots between them at a place, each as it is said and as it is spelled."""
    found = _KEY.match(text, at)
    while found is not None:
        written = found[1]
        yield (str(value_of(written)) if written[0] in "\"'" else written), written
        at = found.end()
        found = _KEY.match(text, at + 1) if text[at : at + 1] == "." else None


@lru_cache(maxsize=4096)
def value_of(written: str) -> Any:
    """Return a single value as it is written."""
    return tomllib.loads(f"x = {written}")["x"]


def meaning_of(written: str) -> str:
    """Return the meaning of a single value; a number means how it is written, for 3.1 and 3.10 are two versions."""
    value = value_of(written)
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return f"{type(value).__name__} {written if number else value}"


def agrees(text: str, node: Node, said: Any) -> bool:
    """Tell whether a node of a text says just what plain data says."""
    match node:
        case Object(parts=parts) if isinstance(said, dict):
            keys = [part.key for part in parts]
            return sorted(keys) == sorted(said) and all(agrees(text, part.value, said[part.key]) for part in parts)
        case Array(parts=parts) if isinstance(said, list) and len(said) == len(parts):
            return all(agrees(text, part.value, item) for part, item in zip(parts, said, strict=True))
        case Scalar(start=start, end=end):
            value = value_of(text[start:end])
            return type(value) is type(said) and repr(value) == repr(said)
    return False
