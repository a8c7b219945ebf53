"""What must not get into git or onto a screen: keys known by their form, values by the names of their variables."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from rollout.safety.flaw import Flaw

NamedSecrets = tuple[tuple[str, str], ...]  # variables with secret-looking names, and their values

_NAME = re.compile(r"(?i)(password|passwd|passphrase|secret|token|api_?key|private_?key|credentials?)$")
_LEAST = 6  # characters; a shorter value may be in a text by chance

_FORMS = (
    ("a private key", re.compile(rb"-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----\s[^-]{64}")),
    ("an AWS access key", re.compile(rb"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b")),
    ("a GitHub token", re.compile(rb"\b(?:gh[pousr]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{60})")),
    ("a GitLab token", re.compile(rb"\bglpat-[A-Za-z0-9_-]{20}")),
)

_WAY_OUT = "what is committed to git stays there; take it out, or write `secrets: allow` for the path under files"


def named(variables: Mapping[str, Any], within: str = "") -> Iterator[tuple[str, str]]:
    """Yield the variables with secret-looking names, at any depth: dotted name and value."""
    for name, value in variables.items():
        place = f"{within}.{name}" if within else str(name)
        if isinstance(value, Mapping):
            yield from named(value, place)
        elif isinstance(value, str | int | float) and len(str(value)) >= _LEAST and _NAME.search(str(name)):
            yield place, str(value)


def fault(content: bytes, secrets: Iterable[tuple[str, str]]) -> Flaw | None:
    """Say which secret a file would carry into git, or None."""
    flaw = _known_by_its_form(content)
    if flaw is not None:
        return flaw
    for name, value in secrets:
        place = content.find(value.encode())
        if place >= 0:
            line = content.count(b"\n", 0, place) + 1
            what = f"holds the value of the variable {name!r}, whose name says that it is a secret"
            return Flaw(what, line, _WAY_OUT)
    return None


@lru_cache(maxsize=64)  # many targets get the same text
def _known_by_its_form(content: bytes) -> Flaw | None:
    for what, form in _FORMS:
        found = form.search(content)
        if found:
            line = content.count(b"\n", 0, found.start()) + 1
            return Flaw(f"holds what looks like {what}", line, _WAY_OUT)
    return None


def masked(text: str, secrets: Iterable[tuple[str, str]]) -> str:
    """Return a text without the values of secrets, in any of their spellings."""
    for spelling in sorted({word for _, value in secrets for word in spellings(value)}, key=len, reverse=True):
        text = text.replace(spelling, "***")
    return text


def spellings(value: str) -> Iterator[str]:
    """Yield how a value may be written in shown text: as it is, as in JSON, and line by line as in a diff."""
    yield value
    yield json.dumps(value)[1:-1]
    yield json.dumps(value, ensure_ascii=False)[1:-1]
    for line in value.splitlines():
        if len(line) >= _LEAST:
            yield line
