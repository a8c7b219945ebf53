"""Name the variable of the environment that a wrong value came from, and not the option that nobody typed."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence

from rollout.errors import Mistake

_OPTION = re.compile(r"--[a-z][a-z-]*")


def named(mistake: Mistake, arguments: Sequence[str]) -> Mistake:
    """Return a mistake that begins with an option, with the variable's name if the option's value came from there."""
    place = mistake.place
    if place is not None:
        return mistake._replace(place=place._replace(file=in_text(place.file, arguments)))
    return mistake._replace(what=in_text(mistake.what, arguments))


def in_text(text: str, arguments: Sequence[str]) -> str:
    """Return a text that may begin with an option, as `named` does."""
    option = _OPTION.match(text)
    if option is None or any(word.partition("=")[0] == option[0] for word in arguments):
        return text
    variable = f"ROLLOUT_{option[0].lstrip('-').upper().replace('-', '_')}"
    return f"{variable}{text[option.end() :]}" if os.environ.get(variable) else text
