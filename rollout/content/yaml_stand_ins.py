"""Characters that mean more in YAML 1.1 than in YAML 1.2, and what takes their place while the fast parser reads."""

from __future__ import annotations

_STAND_INS = {":": "\ue000", "\x85": "\ue001", "\u2028": "\ue002", "\u2029": "\ue003"}
COLON = _STAND_INS[":"]
_OLD_BREAKS = str.maketrans({own: other for own, other in _STAND_INS.items() if own != ":"})
_BACK = str.maketrans({other: own for own, other in _STAND_INS.items()})


def taken(text: str) -> bool:
    """Tell whether a text itself contains these characters, so that nothing can take their place."""
    return not text.isascii() and any(other in text for other in _STAND_INS.values())


def without_old_breaks(text: str) -> str:
    """Replace the characters that end a line in YAML 1.1 but are text in YAML 1.2."""
    return text if text.isascii() else text.translate(_OLD_BREAKS)


def back(text: str) -> str:
    return text if text.isascii() else text.translate(_BACK)
