"""In which format we merged a file, as our own writes tell, where the rule and the name say none that reads them.

A rule that no longer merges needs no `format:`; the keys that we merged under the earlier one are ours all the same.
"""

from __future__ import annotations

from functools import lru_cache

from msgspec.structs import replace

from rollout.content.documents import formats, merge, places
from rollout.content.documents.document import Document, Node, Scalar, Unmergeable
from rollout.content.documents.merged_file import MergedFile
from rollout.model.inventory import FormatName

Writes = tuple[tuple[bytes, bytes], ...]

_STRICTEST_FIRST = (FormatName.JSONC, FormatName.TOML, FormatName.YAML, FormatName.INI)
"""What two of them read is the same document in both, for nearly all texts, and the stricter one knows it better."""


@lru_cache(maxsize=64)  # many questions about one file follow each other
def with_earlier_format(kind: MergedFile, writes: Writes, now: bytes = b"") -> MergedFile:
    """Return a path in the format in which our writes there, (before, after) and oldest first, were merges.

    What the rule says comes first, then what the name says; they stay if no format tells more. Of several, it is one
    that reads what is there `now`.
    """
    if not writes or _reads(kind, writes):
        return kind
    names = dict.fromkeys([*formats.likely(kind.path), *_STRICTEST_FIRST])
    others = [replace(kind, format=name) for name in names if name is not kind.format]
    merged = [other for other in others if _merged(other, writes)]
    return next((other for other in merged if _reads(other, ((now, now),))), next(iter(merged), kind))


def kept_others(writes: Writes, kind: MergedFile) -> bool:
    """Tell whether every write of ours kept what others had in the document; raise Unmergeable if it is none."""
    for number, (before, after) in enumerate(writes):
        if not before.strip():
            continue
        ours = merge.past(writes[:number], kind)
        mine = {*ours.added, *ours.entries}
        were, are = kind.read(before).root, kind.read(after).root
        for place, _ in places.leaves(were, kind.match):
            if not place or any(place[: len(one)] == one for one in mine):
                continue
            found = places.at(were, place, kind.match) is not None  # not what is in the first value of a key told twice
            if found and not places.is_kept(were, are, place, kind.match):
                return False
    return True


def _merged(kind: MergedFile, writes: Writes) -> bool:
    return _reads(kind, writes) and _says_keys(kind, writes) and kept_others(writes, kind)


def _reads(kind: MergedFile, writes: Writes) -> bool:
    try:
        _documents(kind, writes)
    except Unmergeable:
        return False
    return True


def _says_keys(kind: MergedFile, writes: Writes) -> bool:
    """Tell whether a text is a document of keys: of INI, any line is one that has no value."""
    parts = [part for document in _documents(kind, writes) for part in document.root.parts]
    return bool(parts) and (kind.format is not FormatName.INI or not any(_is_bare(part.value) for part in parts))


def _documents(kind: MergedFile, writes: Writes) -> list[Document]:
    return [kind.read(side) for write in writes for side in write if side.strip()]


def _is_bare(value: Node) -> bool:
    return isinstance(value, Scalar) and value.meaning == "null"
