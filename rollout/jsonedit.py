"""Change single values of a JSON text and leave every other byte as it was, comments and odd spacing included."""

from __future__ import annotations

import json
import re
from typing import Any

from msgspec import Struct

_SPACE = re.compile(r"(?:[ \t\r\n\ufeff]+|//[^\n]*|/\*.*?\*/)+", re.DOTALL)
_STRING = re.compile(r'"(?:[^"\\\x00-\x1f]|\\.)*"')
_WORD = re.compile(r"[-+0-9A-Za-z.]+")
_MAX_DEPTH = 100


class JSONFault(ValueError):
    """The text is not JSON; the message names the line."""


class Value(Struct):
    """A value in the text: where it stands, what it is, and its parts where it is an object or a list."""

    start: int
    end: int
    data: Any
    members: dict[str, Value] | None = None
    items: list[Value] | None = None
    starts: list[int] | None = None  # where each part begins (a member's key, an item)


def parse(text: str) -> Value:
    """Return the value a JSON text holds, with its places; comments and trailing commas are let pass."""
    reader = _Reader(text)
    value = reader.value(reader.skip(0), 0)
    end = reader.skip(value.end)
    if end != len(text):
        raise reader.fault(end, "something follows the document")
    return value


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text

    def fault(self, at: int, what: str) -> JSONFault:
        return JSONFault(f"line {self.text.count(chr(10), 0, at) + 1}: {what}")

    def skip(self, at: int) -> int:
        match = _SPACE.match(self.text, at)
        return match.end() if match else at

    def value(self, at: int, depth: int) -> Value:
        if depth > _MAX_DEPTH:
            raise self.fault(at, "nested too deeply")
        opening = self.text[at : at + 1]
        if opening == "{":
            return self._object(at, depth)
        if opening == "[":
            return self._list(at, depth)
        return self._scalar(at)

    def _scalar(self, at: int) -> Value:
        match = _STRING.match(self.text, at) or _WORD.match(self.text, at)
        if not match:
            raise self.fault(at, "a value is missing")
        try:
            return Value(at, match.end(), json.loads(match[0]))
        except ValueError as error:
            raise self.fault(at, f"not a JSON value: {match[0][:40]}") from error

    def _object(self, at: int, depth: int) -> Value:
        members: dict[str, Value] = {}
        starts = []
        here = self.skip(at + 1)
        while self.text[here : here + 1] != "}":
            key = _STRING.match(self.text, here)
            if not key:
                raise self.fault(here, "a key in quotes is missing")
            name = json.loads(key[0])
            if name in members:
                raise self.fault(here, f"the key {name!r} stands twice")
            colon = self.skip(key.end())
            if self.text[colon : colon + 1] != ":":
                raise self.fault(colon, "':' is missing")
            members[name] = value = self.value(self.skip(colon + 1), depth + 1)
            starts.append(here)
            here = self._next(value.end, "}")
        return Value(at, here + 1, {k: v.data for k, v in members.items()}, members=members, starts=starts)

    def _list(self, at: int, depth: int) -> Value:
        items: list[Value] = []
        here = self.skip(at + 1)
        while self.text[here : here + 1] != "]":
            items.append(self.value(here, depth + 1))
            here = self._next(items[-1].end, "]")
        return Value(at, here + 1, [v.data for v in items], items=items, starts=[v.start for v in items])

    def _next(self, at: int, closing: str) -> int:
        here = self.skip(at)
        if self.text[here : here + 1] == ",":
            return self.skip(here + 1)
        if self.text[here : here + 1] != closing:
            raise self.fault(here, f"',' or '{closing}' is missing")
        return here


def edit(text: str, wanted: Any) -> str:
    """Return `text` changed so that it holds `wanted`, touching only the values that differ."""
    return _Editor(text).edited(wanted)


class _Editor:
    def __init__(self, text: str) -> None:
        self.text = text
        self.newline = "\r\n" if "\r\n" in text else "\n"
        indent = re.search(r"\n([ \t]+)\S", text)
        self.indent = indent[1] if indent else "  "
        self.multiline = "\n" in text.strip()
        self.edits: list[tuple[int, int, str]] = []

    def edited(self, wanted: Any) -> str:
        root = parse(self.text)
        self._change(root, wanted, 0)
        out = self.text
        for start, end, new in sorted(self.edits, key=lambda e: (e[0], e[1]), reverse=True):
            out = out[:start] + new + out[end:]
        return out

    def _change(self, value: Value, wanted: Any, depth: int) -> None:
        if _equal(value.data, wanted):
            return
        if isinstance(wanted, dict) and value.members is not None:
            self._object(value, value.members, wanted, depth)
        elif isinstance(wanted, list) and value.items is not None:
            self._list(value, value.items, wanted, depth)
        else:
            self.edits.append((value.start, value.end, self._written(wanted, depth)))

    def _object(self, value: Value, members: dict[str, Value], wanted: dict[str, Any], depth: int) -> None:
        names = list(members)
        gone = {index for index, name in enumerate(names) if name not in wanted}
        inline = self._inline(value)
        new = [
            f"{json.dumps(name, ensure_ascii=False)}: {self._written(item, depth + 1, inline)}"
            for name, item in wanted.items()
            if name not in members
        ]
        for name, member in members.items():
            if name in wanted:
                self._change(member, wanted[name], depth + 1)
        self._parts(value, list(members.values()), gone, new, depth)

    def _list(self, value: Value, items: list[Value], wanted: list[Any], depth: int) -> None:
        kept: list[Any] = []
        gone = set()
        for index, item in enumerate(items):
            if any(_equal(item.data, w) for w in wanted) and not any(_equal(item.data, k) for k in kept):
                kept.append(item.data)
            else:
                gone.add(index)
        if [_key(k) for k in kept] != [_key(w) for w in wanted[: len(kept)]]:
            self.edits.append((value.start, value.end, self._written(wanted, depth)))
            return
        inline = self._inline(value)
        self._parts(value, items, gone, [self._written(w, depth + 1, inline) for w in wanted[len(kept) :]], depth)

    def _parts(self, value: Value, parts: list[Value], gone: set[int], new: list[str], depth: int) -> None:
        """Take parts out and add new ones at the end, with the commas that belong to them."""
        starts = value.starts or []
        staying = [index for index in range(len(parts)) if index not in gone]
        if not staying:
            if gone or new:
                self.edits = [e for e in self.edits if not value.start < e[0] < value.end]
                self.edits.append((value.start + 1, value.end - 1, self._filled(new, depth)))
            return
        last = staying[-1]
        for index in sorted(gone):
            if index < last:
                self.edits.append((starts[index], starts[index + 1], ""))
        end = parts[last].end
        if last < len(parts) - 1:
            self.edits.append((end, parts[-1].end, ""))
        if new:
            gap = self._gap(value, starts)
            self.edits.append((end, end, "".join("," + gap + item for item in new)))

    def _gap(self, value: Value, starts: list[int]) -> str:
        """What stands between two parts here: as between the first two, or before the first."""
        before = self.text[value.start + 1 : starts[0]]
        if "\n" in before:
            return self.newline + before.rpartition("\n")[2]
        return " "

    def _inline(self, value: Value) -> bool:
        """Tell whether the parts of a list or an object stand on one line, so that new ones do too."""
        return bool(value.starts) and "\n" not in self.text[value.start : value.end]

    def _filled(self, new: list[str], depth: int) -> str:
        if not new:
            return ""
        if not self.multiline:
            return ", ".join(new)
        inside = self.newline + self.indent * (depth + 1)
        return inside + ("," + inside).join(new) + self.newline + self.indent * depth

    def _written(self, data: Any, depth: int, inline: bool = False) -> str:
        if inline or not self.multiline:
            return json.dumps(data, ensure_ascii=False)
        text = json.dumps(data, ensure_ascii=False, indent=self.indent)
        return text.replace("\n", self.newline + self.indent * depth)


def _key(data: Any) -> str:
    return json.dumps(data, sort_keys=True)


def _equal(one: Any, two: Any) -> bool:
    """Compare as JSON does: 1, 1.0 and true are three values."""
    return one is two or (type(one) is type(two) and _key(one) == _key(two))
