"""What the text of a YAML scalar means."""

from __future__ import annotations

import math

from rollout.content import spelled
from rollout.content.yaml.nodes import Value
from rollout.content.yaml.words import QUOTE

NUL = "has a NUL character"
_TEXTS = {"str", "int", "float", "timestamp", "value", "merge"}


def meaning(text: str, tag: str) -> tuple[Value, tuple[str, ...]]:
    """Return what a scalar means by its tag, and what is wrong with it."""
    kind = tag.rpartition(":")[2]
    value, faults = _meaning(text, kind)
    if kind not in {*_TEXTS, "null", "bool"}:
        faults = (*faults, f"the tag {tag!r} is not allowed; if it is text, {QUOTE}")
        value = f"{tag} {text}".strip()  # as in quotes, so that nothing else is told of it
    return value, (NUL, *faults) if "\0" in text else faults


def _meaning(text: str, kind: str) -> tuple[Value, tuple[str, ...]]:
    if kind == "null":
        return None, ()
    if kind == "bool":
        return text.lower() in {"true", "yes", "on"}, ()
    try:
        if kind == "int":
            return spelled.number(_integer(text), text), ()
        if kind == "float":
            return _number(text)
    except ValueError:
        return text, (f"not a number: {text[:40]!r}",)
    return text, ()


def _number(text: str) -> tuple[Value, tuple[str, ...]]:
    value = _float(text)
    finite = not (math.isinf(value) or math.isnan(value))
    faults = () if finite else ("infinite and not-a-number values are not allowed",)
    return spelled.number(value, text), faults


def _float(text: str) -> float:
    if text.startswith(".") and text[1:2].isdigit():
        return float("0" + text)
    return float(text.replace("_", "").replace(".inf", "inf").replace(".nan", "nan").lower().lstrip("."))


def _integer(text: str) -> int:
    digits = text.replace("_", "")
    if len(digits) > 400:
        raise ValueError(text)
    if digits.lstrip("+-").lower().startswith(("0x", "0o", "0b")):
        return int(digits, 0)
    return int(digits, 10)
