"""Numbers that print as they were written: 3.10, 0644 and 1_000 count as 3.1, 644 and 1000 and stay what they are."""

from __future__ import annotations

import json
import re
from typing import Any

_MARK = "\0"  # no key of an inventory has it: YAML knows no such character
_JSON = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?")
_ANY = re.compile(r"[-+.\w]+")  # as YAML writes numbers: 0644, .5, 1_000, 0x1F
_QUOTED = re.compile(rf'"\\u0000({_ANY.pattern})\\u0000"')


class Whole(int):
    """An integer that remembers how it was written."""

    written: str

    def __str__(self) -> str:
        return self.written

    __repr__ = __str__

    def plain(self) -> int:
        return int(self)

    def __reduce__(self) -> tuple[object, ...]:
        return number, (int(self), self.written)


class Decimal(float):
    """A float that remembers how it was written."""

    written: str

    def __str__(self) -> str:
        return self.written

    __repr__ = __str__

    def plain(self) -> float:
        return float(self)

    def __reduce__(self) -> tuple[object, ...]:
        return number, (float(self), self.written)


def number(value: int | float, written: str) -> int | float:
    """Return a number that prints as it was written."""
    if str(value) == written:
        return value
    spelled = Whole(value) if isinstance(value, int) else Decimal(value)
    spelled.written = written
    return spelled


def dumps(value: Any, *, sort_keys: bool = False) -> str:
    """Return plain data as JSON that keeps how such numbers were written."""
    return json.dumps(_marked(value), sort_keys=sort_keys)


def as_json(value: Any, indent: int | None = None) -> str:
    """Return plain data as JSON for people, with numbers as they were written where JSON allows that."""
    text = json.dumps(_quoted(value, _JSON), indent=indent, ensure_ascii=False)
    return _QUOTED.sub(r"\1", text)


def as_written(value: Any) -> str:
    """Return plain data for people to read: like JSON, with every number as it was written."""
    return _QUOTED.sub(r"\1", json.dumps(_quoted(value, _ANY), ensure_ascii=False))


def _quoted(value: Any, kept: re.Pattern[str]) -> Any:
    """Return data whose numbers are marked texts where their spelling is one of those that are kept."""
    match value:
        case Whole() | Decimal():
            return f"{_MARK}{value.written}{_MARK}" if kept.fullmatch(value.written) else value.plain()
        case dict():
            return {key: _quoted(item, kept) for key, item in value.items()}
        case list() | tuple():
            return [_quoted(item, kept) for item in value]
    return value


def loads(text: str | bytes) -> Any:
    return json.loads(text, object_hook=unmarked)


def _marked(value: Any) -> Any:
    match value:
        case Whole() | Decimal():
            return {_MARK: [value.plain(), value.written]}
        case dict():
            return {key: _marked(item) for key, item in value.items()}
        case list():
            return [_marked(item) for item in value]
    return value


def unmarked(entries: dict[str, Any]) -> Any:
    """Return the number that an object of JSON stands for, or the object."""
    return number(*entries[_MARK]) if _MARK in entries else entries
