"""Options that can be repeated: how their variable in the environment holds several values."""

from __future__ import annotations

import re

import click


class Several(click.types.StringParamType):
    """Text whose variable holds several values, with something between them that a value does not hold itself."""

    def __init__(self, between: str) -> None:
        self._between = re.compile(between)

    def split_envvar_value(self, rv: str) -> list[str]:
        return [word for word in self._between.split(rv.strip()) if word]


ASSIGNMENTS = Several(r"\s+(?=[A-Za-z_]\w*=)")  # a value may have blanks: NAME=Jane Doe OTHER=1
DECISIONS = Several(r"(?<=block)\s+|(?<=overwrite)\s+|(?<=merge)\s+|(?<=keep)\s+")  # so may a path: my notes.md=keep
LINES = Several(r"\s*\n\s*")
