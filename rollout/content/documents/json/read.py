"""JSON, with the comments and trailing commas that editors allow, read to nodes that know their places."""

from __future__ import annotations

import json
import re
from decimal import Decimal

from rollout.content.documents.comments_below import below_in_brackets
from rollout.content.documents.document import Array, Document, Node, Object, Odd, Part, Scalar, Span, fault

_COMMENT = re.compile(r"//[^\n\r]*|/\*.*?\*/", re.DOTALL)
_BEGUN = re.compile(r'"(?:[^"\\\x00-\x1f]|\\[^\x00-\x1f])*')  # a string to its end, or to what it may not hold
_BLANK = re.compile(r"[ \t\r\n\ufeff]+")
_STRING = re.compile(r'"(?:[^"\\\x00-\x1f]|\\.)*"')
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?")
_WORD = re.compile(r"[-+0-9A-Za-z.]+")
_WORDS = {"true": "true", "false": "false", "null": "null"}
_MAX_DEPTH = 100
_LONG_EXPONENT = 5  # with its sign: more zeros than anybody writes out


def read(text: str) -> Document:
    """Return the document in a JSON text; an empty one, or one of comments alone, has no members."""
    return _JsonReader(text).document()


class _JsonReader:
    def __init__(self, text: str) -> None:
        self.text = text
        self.comments: list[Span] = []

    def document(self) -> Document:
        at = self.skip(0)
        if at == len(self.text):
            return Document(self.text, Object(at, at, (), "missing"), tuple(self.comments))
        root = self.value(at, 0)
        if not isinstance(root, Object):
            raise fault(self.text, at, "holds no object; merge needs one")
        end = self.skip(root.end)
        if end != len(self.text):
            raise fault(self.text, end, "something follows the document")
        return Document(self.text, root, tuple(self.comments), below_in_brackets(self.text, root, self.comments))

    def skip(self, at: int) -> int:
        while True:
            if match := _BLANK.match(self.text, at):
                at = match.end()
            elif match := _COMMENT.match(self.text, at):
                self.comments.append(match.span())
                at = match.end()
            else:
                return at

    def value(self, at: int, depth: int) -> Node:
        if depth > _MAX_DEPTH:
            raise fault(self.text, at, "nested too deeply")
        opening = self.text[at : at + 1]
        if opening == "{":
            return self._object(at, depth)
        if opening == "[":
            return self._array(at, depth)
        return self._scalar(at)

    def _scalar(self, at: int) -> Scalar:
        if string := _STRING.match(self.text, at):
            value = self._string(at, string[0])
            odd = Odd("a lone surrogate") if re.search("[\ud800-\udfff]", value) else None
            return Scalar(at, string.end(), json.dumps(value), odd=odd)
        self._refuse_control(at)
        word = _WORD.match(self.text, at)
        if not word:
            raise fault(self.text, at, "a value is missing")
        meaning, odd = self._word(at, word[0])
        return Scalar(at, word.end(), meaning, odd=odd)

    def _refuse_control(self, at: int) -> None:
        """Refuse a string that holds a control character, which JSON wants escaped, or that does not end."""
        begun = _BEGUN.match(self.text, at)
        if not begun:
            return
        found = self.text[begun.end() : begun.end() + 1].strip("\\")
        if not found:
            raise fault(self.text, at, f"a text does not end: {begun[0][:40]}")
        what = "a raw line end" if found in "\r\n" else "a raw control character"
        raise fault(self.text, begun.end(), f"a text holds {what}; write {json.dumps(found)[1:-1]} in its place")

    def _string(self, at: int, quoted: str) -> str:
        try:
            return str(json.loads(quoted))
        except ValueError as error:
            raise fault(self.text, at, f"not a JSON string: {quoted[:40]}") from error

    def _word(self, at: int, word: str) -> tuple[str, Odd | None]:
        """Return a word's meaning, and what is odd about it: JSON has no infinite numbers."""
        if word in _WORDS:
            return word, None
        if word in {"NaN", "Infinity", "-Infinity"}:
            return word, Odd(f"{word}, which is not a JSON value")
        if not _NUMBER.fullmatch(word):
            raise fault(self.text, at, f"not a JSON value: {word[:40]}")
        if abs(float(word)) == float("inf"):
            return word, Odd(f"{word[:40]}, which is too large for a number")
        return _number(word), None

    def _object(self, at: int, depth: int) -> Object:
        parts: list[Part] = []
        here = self.skip(at + 1)
        while self.text[here : here + 1] != "}":
            key = _STRING.match(self.text, here)
            if not key:
                self._refuse_control(here)
                raise fault(self.text, here, "a key in quotes is missing")
            colon = self.skip(key.end())
            if self.text[colon : colon + 1] != ":":
                raise fault(self.text, colon, "':' is missing")
            value = self.value(self.skip(colon + 1), depth + 1)
            parts.append(Part(here, value, self._string(here, key[0]), colon + 1))
            here = self._next(value.end, "}")
        return Object(at, here + 1, tuple(parts))

    def _array(self, at: int, depth: int) -> Array:
        parts: list[Part] = []
        here = self.skip(at + 1)
        while self.text[here : here + 1] != "]":
            parts.append(Part(here, self.value(here, depth + 1)))
            here = self._next(parts[-1].value.end, "]")
        return Array(at, here + 1, tuple(parts))

    def _next(self, at: int, closing: str) -> int:
        here = self.skip(at)
        if self.text[here : here + 1] == ",":
            return self.skip(here + 1)
        if self.text[here : here + 1] != closing:
            raise fault(self.text, here, f"',' or '{closing}' is missing")
        return here


def _number(word: str) -> str:
    """Return what a number means: its digits, for 3.1 and 3.10 are two versions; 1e2 has those of 100."""
    digits, _, exponent = word.lower().partition("e")
    few = len(exponent) < _LONG_EXPONENT
    return f"number {Decimal(word):f}" if exponent and few else f"number {digits}{exponent and 'e'}{exponent}"
