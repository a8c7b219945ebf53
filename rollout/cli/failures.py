"""Report mistakes where they are expected: on stderr for people, on stdout for programs that asked for JSON."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Sequence
from itertools import pairwise

from rollout.cli.terminal import streams
from rollout.errors import Mistake
from rollout.safety.shown import redact


def wants_json(arguments: Sequence[str]) -> bool:
    """Tell whether a command line asks for JSON, even one with mistakes in it."""
    words = list(arguments)
    if "--" in words:
        words = words[: words.index("--")]
    asked = "--json" in words or "--format=json" in words or ("--format", "json") in set(pairwise(words))
    return asked or os.environ.get("ROLLOUT_JSON", "").lower() in {"1", "true", "t", "yes", "y", "on"}


def tell(mistakes: Iterable[Mistake], code: int, *, as_json: bool) -> None:
    """Report each mistake, after the program's name unless it begins with its command or the line of a file."""
    for mistake in mistakes:
        text = redact(str(mistake)).rstrip("\n")
        named = bool(mistake.command) or _begins_with_a_line(mistake)
        streams.write(sys.stderr, f"{'' if named else 'rollout: '}{text}\n")
        if as_json:
            streams.write(sys.stdout, json.dumps(_document(mistake, text, code)) + "\n")


def _begins_with_a_line(mistake: Mistake) -> bool:
    place = mistake.place
    return place is not None and (place.line is not None or place.file.startswith("templates/"))


def _document(mistake: Mistake, text: str, code: int) -> dict[str, str | int | None]:
    place = None if mistake.place is None else redact(str(mistake.place))
    return {"type": "error", "exit_code": code, "message": text, "place": place}
