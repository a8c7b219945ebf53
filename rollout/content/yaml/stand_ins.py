"""Characters that mean more to the parsers than in YAML 1.2, and what takes their place while one of them reads."""

from __future__ import annotations

import re

_STAND_INS = {":": "\ue000", "\x85": "\ue001", "\u2028": "\ue002", "\u2029": "\ue003", "?": "\ue004"}
COLON = _STAND_INS[":"]
_OLD_BREAKS = str.maketrans({own: other for own, other in _STAND_INS.items() if own not in ":?"})
_BACK = str.maketrans({other: own for own, other in _STAND_INS.items()})


def taken(text: str) -> bool:
    """Tell whether a text itself contains these characters, so that nothing can take their place."""
    return not text.isascii() and any(other in text for other in _STAND_INS.values())


def without_old_breaks(text: str) -> str:
    """Replace the characters that end a line in YAML 1.1 but are text in YAML 1.2."""
    return text if text.isascii() else text.translate(_OLD_BREAKS)


def with_first_letters(text: str) -> str:
    """Replace each `?` or `:` with which a text begins, YAML 1.2 rule 126: in a flow mapping both parsers misread it.

    Behind a quote or a bracket a colon is none: `{"a" :x}` has the key a.
    """
    return _FIRST_LETTER.sub(_stand_in, text)


def _stand_in(found: re.Match[str]) -> str:
    letter, before = found[0], found.string[max(0, found.start() - _FAR) : found.start()]
    behind_key = letter == ":" and before[-1:].isspace() and before.rstrip().endswith(_ENDS_A_KEY)
    return letter if behind_key else _STAND_INS[letter]


_FIRST_LETTER = re.compile(r"(?<=[\[{,\s])[?:](?=[^\s,\[\]{}])")
_ENDS_A_KEY = ('"', "'", "]", "}")
_FAR = 1024  # characters that a key may have before its colon


def back(text: str) -> str:
    return text if text.isascii() else text.translate(_BACK)
