"""Characters that a YAML 1.1 parser would take for more than text, and what stands in for them while it reads."""

from __future__ import annotations

_STAND_INS = {":": "\ue000", "\x85": "\ue001", "\u2028": "\ue002", "\u2029": "\ue003"}
COLON = _STAND_INS[":"]
_OLD_BREAKS = str.maketrans({own: other for own, other in _STAND_INS.items() if own != ":"})
_BACK = str.maketrans({other: own for own, other in _STAND_INS.items()})


def taken(text: str) -> bool:
    """Tell whether a text has the stand-ins' characters itself, so that nothing can stand in."""
    return not text.isascii() and any(other in text for other in _STAND_INS.values())


def without_old_breaks(text: str) -> str:
    """Replace what ended a line in YAML 1.1 and is text in YAML 1.2."""
    return text if text.isascii() else text.translate(_OLD_BREAKS)


def back(text: str) -> str:
    return text if text.isascii() else text.translate(_BACK)
