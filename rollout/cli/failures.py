"""Report mistakes where they are expected: on stderr for people, on stdout for programs that asked for JSON."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Sequence
from itertools import pairwise

import click

from rollout.safety.shown import redact

# A file and a line, as compilers write it, or a file: what stands before the first colon and a space.
_PLACE = re.compile(r"([^:\s][^:]*:\d+(?::\d+)?|[^\s:]*[/.][^\s:]*): ")


def wants_json(arguments: Sequence[str]) -> bool:
    """Tell whether a command line asks for JSON, even one with mistakes in it."""
    words = list(arguments)
    if "--" in words:
        words = words[: words.index("--")]
    asked = "--json" in words or "--format=json" in words or ("--format", "json") in set(pairwise(words))
    return asked or os.environ.get("ROLLOUT_JSON", "").lower() in {"1", "true", "t", "yes", "y", "on"}


def tell(text: str, code: int, *, as_json: bool, prefix: str = "rollout: ") -> None:
    """Report each mistake; `prefix` goes before one that does not begin with its place."""
    for mistake in _mistakes(redact(text)):
        click.echo(mistake if prefix == "" or _located(mistake) else f"{prefix}{mistake}", err=True)
        if as_json:
            click.echo(json.dumps(_document(mistake, code)))


def _mistakes(text: str) -> Iterable[str]:
    """Split a text into its mistakes: each line that is not indented begins one."""
    return re.split(r"\n(?=\S)", text.rstrip("\n"))


def _located(text: str) -> bool:
    return re.match(r"\S+:\d+: |templates/", text) is not None


def _document(text: str, code: int) -> dict[str, str | int | None]:
    place = _PLACE.match(text)
    return {"type": "error", "exit_code": code, "message": text, "place": place[1] if place else None}
