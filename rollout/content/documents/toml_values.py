"""What TOML values mean, as text that is the same for all their spellings."""

from __future__ import annotations

import json
import tomllib
from functools import lru_cache
from typing import Any


@lru_cache(maxsize=4096)
def meaning_of(written: str) -> str:
    """Return the meaning of a single value as it is written."""
    return plain_meaning(tomllib.loads(f"x = {written}")["x"])


def plain_meaning(value: Any) -> str:
    """Return the meaning of plain data, as `document.meaning` does of nodes."""
    if isinstance(value, dict):
        return "{" + ",".join(sorted(f"{json.dumps(key)}:{plain_meaning(item)}" for key, item in value.items())) + "}"
    if isinstance(value, list):
        return "[" + ",".join(plain_meaning(item) for item in value) + "]"
    return f"{type(value).__name__} {value}"
