"""Merge mode: the keys and list entries a template names go into a document that others keep editing."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import PurePosixPath
from typing import Any

from rollout import jsonedit


class DocumentFault(ValueError):
    """A document or a template that is not JSON or YAML, or not a mapping at its top."""


Place = tuple[str, ...]


class Ours:
    """What rollout added to a document and is still answerable for: single values and list entries."""

    def __init__(self) -> None:
        self.values: dict[Place, str] = {}
        self.entries: dict[Place, list[str]] = {}

    @classmethod
    def folded(cls, writes: Iterable[tuple[bytes, bytes]], path: PurePosixPath) -> Ours:
        """Fold the documents before and after each of our writes, oldest first."""
        ours = cls()
        for before, after in writes:
            try:
                ours._wrote(read(before, path) if before.strip() else {}, read(after, path))
            except DocumentFault:
                continue  # written by another mode of the path; nothing of it is a named key
        return ours

    def _wrote(self, before: dict[str, Any], after: dict[str, Any]) -> None:
        was, now = dict(leaves(before)), dict(leaves(after))
        for place, value in now.items():
            if isinstance(value, list):
                old = [_key(v) for v in was[place]] if isinstance(was.get(place), list) else []
                new = [_key(v) for v in value]
                kept = [e for e in self.entries.get(place, []) if e in new]
                self.entries[place] = kept + [e for e in new if e not in old and e not in kept]
            elif place not in was or _key(was[place]) != _key(value):
                self.values[place] = _key(value)
        for place in set(was) - set(now):
            self.values.pop(place, None)
            self.entries.pop(place, None)


def read(content: bytes, path: PurePosixPath) -> dict[str, Any]:
    """Return a document as plain data; raise DocumentFault for what is not a mapping."""
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        raise DocumentFault(f"{path}: is not UTF-8") from error
    if _is_json(path):
        try:
            data = jsonedit.parse(text).data if text.strip() else {}
        except jsonedit.JSONFault as error:
            raise DocumentFault(f"{path}: {error}") from error
    else:
        data = _read_yaml(text, path)
    if not isinstance(data, dict):
        raise DocumentFault(f"{path}: holds {type(data).__name__}, not a mapping; merge needs one")
    return data


def _is_json(path: PurePosixPath) -> bool:
    return path.suffix.lower() not in {".yaml", ".yml"}


def _read_yaml(text: str, path: PurePosixPath) -> Any:
    from rollout import yamlnodes

    node, faults = yamlnodes.parse(text)
    if faults:
        raise DocumentFault(f"{path}: line {faults[0].line}: {faults[0].message}")
    data = {} if node is None else yamlnodes.plain(node)
    return {} if data is None else data


def leaves(data: dict[str, Any], above: Place = ()) -> Iterator[tuple[Place, Any]]:
    """Yield every value that is not a filled mapping, with the keys that lead to it."""
    for key, value in data.items():
        if isinstance(value, dict) and value:
            yield from leaves(value, (*above, key))
        else:
            yield (*above, key), value


def merged(current: bytes | None, template: bytes, ours: Ours, path: PurePosixPath) -> bytes:
    """Return the document with what the template names; everything foreign stays as it is.

    Raises DocumentFault where the document or the template cannot be read.
    """
    named = read(template, path)
    if current is None or not current.strip():
        return template
    data = read(current, path)
    wanted = _united(data, named, ours, ())
    if _same(data, wanted):
        return current
    text = current.decode()
    if _is_json(path):
        return jsonedit.edit(text, wanted).encode()
    return _edit_yaml(text, wanted, path)


def _united(data: dict[str, Any], named: dict[str, Any], ours: Ours, above: Place) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for key, value in data.items():
        place = (*above, key)
        if key in named:
            out[key] = _value(value, named[key], ours, place)
        elif isinstance(value, dict):
            inner = _united(value, {}, ours, place)
            if inner or not value:
                out[key] = inner
        elif isinstance(value, list):
            kept = [v for v in value if _key(v) not in ours.entries.get(place, [])]
            if kept or not value:
                out[key] = kept
        elif ours.values.get(place) != _key(value):
            out[key] = value
    for key, value in named.items():
        if key not in data:
            out[key] = value
    return out


def _value(value: Any, named: Any, ours: Ours, place: Place) -> Any:
    if isinstance(value, dict) and isinstance(named, dict):
        return _united(value, named, ours, place)
    if isinstance(value, list) and isinstance(named, list):
        wanted = {_key(n) for n in named}
        retired = set(ours.entries.get(place, [])) - wanted
        kept = [v for v in value if _key(v) not in retired]
        present = {_key(v) for v in kept}
        for entry in named:
            if _key(entry) not in present:
                kept.append(entry)
                present.add(_key(entry))
        return kept
    return named


def would_change_foreign(current: bytes, template: bytes, ours: Ours, path: PurePosixPath) -> bool:
    """Tell whether a value that somebody else set under a named key would change."""
    data = read(current, path)
    for place, wanted in leaves(read(template, path)):
        found, value = _at(data, place)
        if not found or (isinstance(value, list) and isinstance(wanted, list)):
            continue
        if isinstance(value, dict) and wanted == {}:
            continue
        if _key(value) != _key(wanted) and ours.values.get(place) != _key(value):
            return True
    return _shadowed(data, read(template, path))


def _shadowed(data: dict[str, Any], named: dict[str, Any]) -> bool:
    """Tell whether a foreign scalar or list stands where the template wants a mapping."""
    return any(
        not isinstance(data[key], dict) or _shadowed(data[key], value)
        for key, value in named.items()
        if isinstance(value, dict) and value and key in data
    )


def projection(content: bytes, template: bytes, ours: Ours, path: PurePosixPath) -> dict[str, str]:
    """Return the part of a document that is rollout's business: named keys, and our entries in lists."""
    data, named = read(content, path), dict(leaves(read(template, path)))
    out: dict[str, str] = {}
    for place in {*named, *ours.values, *ours.entries}:
        found, value = _at(data, place)
        if isinstance(value, list) and (place in ours.entries or isinstance(named.get(place), list)):
            mine = set(ours.entries.get(place, []))
            out["/".join(place)] = _key(sorted(_key(v) for v in value if _key(v) in mine))
        elif found:
            out["/".join(place)] = _key(value)
    return out


def _at(data: Any, place: Place) -> tuple[bool, Any]:
    for key in place:
        if not isinstance(data, dict) or key not in data:
            return False, None
        data = data[key]
    return True, data


def _key(data: Any) -> str:
    return json.dumps(data, sort_keys=True, ensure_ascii=False)


def _same(one: Any, two: Any) -> bool:
    return json.dumps(one, ensure_ascii=False) == json.dumps(two, ensure_ascii=False)


def _edit_yaml(text: str, wanted: dict[str, Any], path: PurePosixPath) -> bytes:
    """Change a YAML text through the round-trip loader, which keeps comments, order, quotes and anchors."""
    from ruamel.yaml import YAML

    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 1 << 20
    yaml.explicit_start = text.startswith("---")
    mapping, offset = _indents(text)
    yaml.indent(mapping=mapping, sequence=offset + 2, offset=offset)
    document = yaml.load(text)
    if document is None:
        document = {}
    _assign(document, wanted)
    out = io.StringIO()
    yaml.dump(document, out)
    result = out.getvalue()
    if "\r\n" in text:
        result = result.replace("\r\n", "\n").replace("\n", "\r\n")
    if not _same_unordered(_read_yaml(result, path), wanted):
        raise DocumentFault(f"{path}: cannot be changed without changing what others wrote in it")
    return result.encode()


def _same_unordered(one: Any, two: Any) -> bool:
    return _key(one) == _key(two)


def _indents(text: str) -> tuple[int, int]:
    """Return how far this document indents mappings, and the dashes of lists, below their keys."""
    mapping, offset = None, None
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    for line, following in pairwise(lines):
        if not line.split(" #")[0].rstrip().endswith(":"):
            continue
        depth = _indent(following) - _indent(line.lstrip("- ").rjust(len(line)))
        if following.lstrip().startswith("- "):
            offset = depth if offset is None and depth >= 0 else offset
        elif depth > 0:
            mapping = depth if mapping is None else mapping
    return mapping or 2, offset or 0


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def _assign(document: Any, wanted: dict[str, Any]) -> None:
    for key in [k for k in document if str(k) not in wanted]:
        del document[key]
    by_text = {str(k): k for k in document}
    new = {key: value for key, value in wanted.items() if key not in by_text}
    for key, value in wanted.items():
        actual = by_text.get(key)
        if actual is None:
            continue
        if isinstance(value, dict) and isinstance(document[actual], dict):
            _assign(document[actual], value)
        elif isinstance(value, list) and isinstance(document[actual], list):
            _assign_list(document[actual], value, document.lc.col)
        elif _key(document[actual]) != _key(value):
            document[actual] = value
    with _before_what_follows(document, document.lc.col):
        for key, value in new.items():
            document[key] = _commented(value)


def _assign_list(items: Any, wanted: list[Any], key_column: int) -> None:
    keys = {_key(w) for w in wanted}
    for index in range(len(items) - 1, -1, -1):
        if _key(items[index]) not in keys:
            del items[index]
    present = {_key(i) for i in items}
    # Where the dashes stand below their key, a comment in their column is about the next key.
    with _before_what_follows(items, items.lc.col + (items.lc.col == key_column)):
        for value in wanted:
            if _key(value) not in present:
                items.append(_commented(value))
                present.add(_key(value))


@contextmanager
def _before_what_follows(collection: Any, column: int) -> Iterator[None]:
    """Let what the block adds stand before comments left of the collection's column: they are not its own.

    ruamel hangs every comment on what stands before it, so these would else stay above what is added.
    """
    tail = _taken_tail(collection, column)
    yield
    if tail:
        _hang(collection, tail)


def _taken_tail(collection: Any, column: int) -> str:
    holder, key = _last_leaf(collection)
    token = _comment_after(holder, key)
    if token is None:
        return ""
    first, *lines = token.value.splitlines(keepends=True)
    outside = [n for n, line in enumerate(lines) if line.strip() and _indent(line) < column]
    if not outside:
        return ""
    start = outside[0]
    while start and not lines[start - 1].strip():
        start -= 1
    token.value = first + "".join(lines[:start])
    if not token.value.strip():
        del holder.ca.items[key]
    return "".join(lines[start:])


def _hang(collection: Any, tail: str) -> None:
    from ruamel.yaml.error import CommentMark
    from ruamel.yaml.tokens import CommentToken

    holder, key = _last_leaf(collection)
    token = _comment_after(holder, key)
    if token is not None:
        token.value += tail
        return
    made = CommentToken("\n" + tail, CommentMark(0), None)
    holder.ca.items[key] = [made, None] if isinstance(holder, list) else [None, None, made, None]


def _last_leaf(collection: Any) -> tuple[Any, Any]:
    """Return the innermost collection that holds the last value, and the key or number of that value in it."""
    holder, key = collection, None
    while isinstance(holder, dict | list) and holder:
        key = len(holder) - 1 if isinstance(holder, list) else list(holder)[-1]
        inner = holder[key]
        if not isinstance(inner, dict | list) or not inner or not _is_block(inner):
            break
        holder = inner
    return holder, key


def _is_block(collection: Any) -> bool:
    return hasattr(collection, "ca") and not collection.fa.flow_style()


def _comment_after(holder: Any, key: Any) -> Any:
    found = holder.ca.items.get(key)
    return found[0 if isinstance(holder, list) else 2] if found else None


def _commented(value: Any) -> Any:
    """Return plain data in the form in which ruamel can hang comments on it."""
    from ruamel.yaml.comments import CommentedMap, CommentedSeq

    if isinstance(value, dict):
        return CommentedMap({key: _commented(inner) for key, inner in value.items()})
    if isinstance(value, list):
        return CommentedSeq([_commented(inner) for inner in value])
    return value
