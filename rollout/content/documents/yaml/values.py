"""What a YAML scalar means, and which tags belong to other programs."""

from __future__ import annotations

import re

from rollout.content.documents.document import Node, Odd, Scalar

_PREFIX = "tag:yaml.org,2002:"
_KNOWN = {"str", "int", "float", "bool", "null", "map", "seq"}
_NULL = {"", "~", "null", "Null", "NULL"}
_TRUE = {"true", "True", "TRUE"}
_FALSE = {"false", "False", "FALSE"}
_INT = re.compile(r"[-+]?(?:0|[1-9][0-9]*)|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+\.[0-9]*|[0-9]+(?=[eE]))(?:[eE][-+]?[0-9]+)?")
_INFINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
# What some programs read as something else than text when it has no quotes: YAML 1.1, dates, clock times, octals.
_WORD = re.compile(
    r"(?:y|n|yes|no|on|off)|[-+]?0[0-9_]+|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?|0b[01_]+"
    r"|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt \t].*)?|[-+]?[0-9][0-9_]+",
    re.IGNORECASE,
)

_LONGEST = 400


def odd_tag(tag: str | None) -> Odd | None:
    """Return what is odd about a value with a tag that another program gives its meaning, or None."""
    if tag is None or tag == "!":
        return None
    if tag.startswith(_PREFIX):
        name = tag.removeprefix(_PREFIX)
        return None if name in _KNOWN else Odd(f"a value with the tag !!{name}", tagged=True)
    return Odd(f"a value with the tag {tag}", tagged=True)


def meaning_of(text: str, tag: str | None, *, plain: bool) -> str:
    """Return one text for all spellings of a value, with its kind before it; numbers are what their digits say.

    3.1 and 3.10 are two versions, though one number.
    """
    if tag == f"{_PREFIX}str" or tag == "!" or (tag is None and not plain):
        return f"str {text}"
    return _resolved(text)


def _resolved(text: str) -> str:
    if text in _NULL:
        return "null"
    if text in _TRUE or text in _FALSE:
        return f"bool {text.lower()}"
    if len(text) < _LONGEST:
        if _INT.fullmatch(text):
            return f"int {text}"
        if _FLOAT.fullmatch(text):
            return f"float {text}"
        if _INFINITE.fullmatch(text):
            return f"float {text.lower().lstrip('+')}"
        if _WORD.fullmatch(text):
            return f"word {text}"
    return f"str {text}"


def key_text(node: Node, text: str) -> str:
    """Return what tells a key from others: its text, with its kind where it is not a string."""
    if not isinstance(node, Scalar) or node.odd is not None:
        return f"?{text[node.start : node.end]}"
    if text[node.start : node.end] == "<<":
        return "<<"
    kind, _, rest = node.meaning.partition(" ")
    if kind in {"str", "word"}:
        return f"!{kind} <<" if rest == "<<" else rest
    return f"!{node.meaning}"
