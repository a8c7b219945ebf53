"""The parsers of the YAML library, without its search of its own folders for plug-ins before each text."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ruamel.yaml import YAML


def parser(*, pure: bool) -> YAML:
    """Return a new parser for one text: the C parser, or the pure Python one."""
    return _without_plug_ins()(typ="safe", pure=pure)


@cache
def _without_plug_ins() -> type[YAML]:
    from ruamel.yaml import YAML

    class Parser(YAML):
        def official_plug_ins(self) -> list[str]:
            return []

    return Parser
