"""The text with which a part of a YAML document ends: blank lines below it may belong to it."""

from __future__ import annotations

import re
from collections.abc import Container

from rollout.content.documents.document import Array, Object, Part, Scalar
from rollout.content.documents.lines import line_end

_KEEPS = re.compile(r"[|>][1-9]?\+")


def last_of(part: Part, gone: Container[int] = ()) -> Part:
    """Return the part that stands last in a part's blocks, or itself, without those that go, by their identity."""
    node = part.value
    while isinstance(node, Object | Array) and node.style == "block":
        last = next((one for one in reversed(node.parts) if id(one) not in gone), None)
        if last is None:
            break
        part, node = last, last.value
    return part


def keeps_blanks(text: str, part: Part, gone: Container[int]) -> bool:
    """Tell whether blank lines behind a part belong to a text with which it ends, once the parts that go are gone."""
    node = last_of(part, gone).value
    if not isinstance(node, Scalar) or node.style not in {"|", ">"}:
        return False
    return _KEEPS.search(text[node.start : line_end(text, node.start)].partition(" #")[0]) is not None
