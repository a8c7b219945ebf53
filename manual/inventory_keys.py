"""The reference of inventory.yaml, made from the description that validates it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import assert_never

from msgspec import Struct

from manual.page import anchor, joined, table
from rollout.inventory.description import INVENTORY
from rollout.inventory.shapes import Anything, Flag, Fraction, ListOf, MapOf, Named, Number, Record, Shape, Text

_HEAD = """# Keys of inventory.yaml

`inventory.yaml` says which repositories and folders there are, and what their managed files are made of. This page is made from the description that
validates the file; [`inventory.schema.json`](../../inventory.schema.json) is the same description for editors. An unknown key, a key that stands twice and
a value that does not fit are mistakes: `rollout validate` names each with its line, and exits with 64.

Keys in **bold** must be there. Paths and patterns are those of `.gitignore`. How the modes of `files` work is in [Modes and policies](modes.md), what
variables mean in [Templates](templates.md)."""

_PLACES = {
    "machines": "machines.NAME",
    "groups": "groups.NAME",
    "repos": "repos.NAME",
    "folders": "folders.NAME",
    "files": "files.PATH",
    "forges": "forges.HOST",
}


class _Section(Struct, frozen=True):
    place: str
    record: Record


def page() -> str:
    """Return the page: the keys at the top, then each record under the place where it stands."""
    sections = list(_sections("", INVENTORY))
    nearest_last = sorted(sections, key=lambda one: one.place.count("."), reverse=True)
    told = {id(one.record): one for one in nearest_last}  # each record once, at its place nearest to the top
    places = {record: _titled(one.place) for record, one in told.items()}
    here = (one for one in sections if told[id(one.record)] is one)
    return joined([_HEAD, *(part for one in here for part in _shown(one, places))])


def _sections(place: str, record: Record) -> Iterator[_Section]:
    yield _Section(place, record)
    for key, shape in record.fields.items():
        inner = _record_of(shape)
        if inner is not None:
            name = _PLACES.get(key, key) if not place else f"{place}.{key}"
            yield from _sections(name, inner)


def _record_of(shape: Shape) -> Record | None:
    match shape:
        case Record():
            return shape
        case Named():
            return shape.record
        case ListOf():
            return _record_of(shape.item)
        case MapOf():
            return _record_of(shape.value)
        case _:
            return None


def _titled(place: str) -> str:
    return f"`{place}`" if place else "At the top"


def _shown(section: _Section, places: Mapping[int, str]) -> Iterator[str]:
    yield f"## {_titled(section.place)}"
    if section.place and section.record.doc:
        yield f"{_sentence(section.record.doc)}"
    rows = [
        (f"**`{key}`**" if key in section.record.required else f"`{key}`", _value(shape, places), _sentence(shape.doc))
        for key, shape in section.record.fields.items()
    ]
    yield table(("key", "value", "meaning"), rows)


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + ("" if text.endswith(".") or not text else ".")


def _value(shape: Shape, places: Mapping[int, str]) -> str:
    """Return in a few words what may stand there."""
    match shape:
        case Text(choices=choices) if choices:
            return ", ".join(f"`{choice}`" for choice in choices)
        case Text():
            return "text"
        case Number(only=only, minimum=minimum):
            return f"`{only}`" if only is not None else f"number from {minimum}"
        case Fraction():
            return "number over 0, up to 1"
        case Flag():
            return "`true` or `false`"
        case Anything():
            return "anything"
        case ListOf(item=item, alone=alone):
            one = _value(item, places)
            return f"{one}, or a list of such" if alone else f"list: {one}"
        case MapOf(value=value):
            return f"names, each with {_value(value, places)}"
        case Named(text=text, record=record):
            return f"{_value(text, places)}, or {_keys(record, places)}"
        case Record():
            return _keys(shape, places)
        case _:
            assert_never(shape)


def _keys(record: Record, places: Mapping[int, str]) -> str:
    title = places[id(record)]
    return f"[keys](#{anchor(title)})"
