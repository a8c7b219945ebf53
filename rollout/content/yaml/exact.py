"""The parser that reads YAML 1.2 exactly and reports what is wrong with a text."""

from __future__ import annotations

import re
from contextlib import suppress

from rollout.content.yaml import stand_ins as yaml_stand_ins
from rollout.content.yaml import tabs as yaml_tabs
from rollout.content.yaml import words as yaml_words
from rollout.content.yaml.build import built
from rollout.content.yaml.nodes import Fault, Node

_TAG_IN_BRACKETS = re.compile(r"(?<![^\s,\[{])!(?:<[^>\s]*>|[^\s,\[\]{}\"']*)(?=[,\]}])")


def read(text: str) -> tuple[Node | None, list[Fault]]:
    """Return what the exact parser makes of a text."""
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    try:
        if yaml_stand_ins.taken(text):
            return yaml_tabs.tried(text, lambda spelling: built(spelling, str, pure=True))
        return _built(text)
    except MarkedYAMLError as error:
        return None, _of_tags(text) or [Fault(*yaml_words.told(error, text))]
    except (YAMLError, ValueError) as error:
        return None, [Fault(_line(text, error), f"not valid YAML: {str(error).splitlines()[0]}")]


def _built(text: str) -> tuple[Node | None, list[Fault]]:
    spelled = yaml_stand_ins.with_first_letters(yaml_stand_ins.without_old_breaks(text))
    return yaml_tabs.tried(spelled, lambda spelling: built(spelling, yaml_stand_ins.back, pure=True))


def _of_tags(text: str) -> list[Fault]:
    """Return what is wrong with the tags of a text, if nothing else is.

    In YAML 1.2 a tag ends before a comma or a bracket; the parser reads on, and then stumbles over what follows.
    """
    from ruamel.yaml.error import YAMLError

    with suppress(YAMLError, ValueError):
        return _built(_TAG_IN_BRACKETS.sub(r"\g<0> ", text))[1]
    return []


def _line(text: str, error: Exception) -> int:
    """Return the line of a character that YAML does not allow; in the text that was parsed it may stand elsewhere."""
    character = getattr(error, "character", None)
    place = text.find(chr(character)) if isinstance(character, int) else 0
    return len(yaml_words.LINE_END.findall(text, 0, max(place, 0))) + 1
