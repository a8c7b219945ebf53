"""Read a YAML document into nodes, with the fast parser if it can read the text, and else with the exact one."""

from __future__ import annotations

from contextlib import suppress

from rollout.content.yaml.nodes import Fault, Node

_MAX_BYTES = 32 * 1024 * 1024


def parse(text: str) -> tuple[Node | None, list[Fault]]:
    """Return the document and everything that is wrong with it; None for an empty one.

    The exact parser reads what the fast one refuses, and has the last word.
    """
    if len(text) > _MAX_BYTES:
        return None, [Fault(1, "is larger than 32 MiB")]
    from ruamel.yaml.error import YAMLError  # a large inventory is remembered, and nothing else is YAML in most runs

    from rollout.content.yaml import fast as yaml_fast

    for spelling in yaml_fast.spellings(text):
        with suppress(YAMLError, ValueError):
            return yaml_fast.read(spelling)
    from rollout.content.yaml import exact as yaml_exact

    return yaml_exact.read(text)
