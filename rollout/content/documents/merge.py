"""Merge mode: write what a template names into a document that others keep editing, and change no other byte."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from functools import partial

from msgspec.structs import replace

from rollout.content.documents import formats
from rollout.content.documents.agreed import agreed, still_said, with_agreed
from rollout.content.documents.carry_out import carried_out
from rollout.content.documents.comment_above import followed_above, known_above
from rollout.content.documents.document import (
    Document,
    InTemplate,
    Scalar,
    Unmergeable,
    fault,
)
from rollout.content.documents.json import strict as json_strict
from rollout.content.documents.merged_file import BOM, MergedFile, document_in
from rollout.content.documents.ours.blank_lines import our_blanks
from rollout.content.documents.ours.fold_writes import folded
from rollout.content.documents.ours.past import Ours
from rollout.content.documents.places import leaves
from rollout.content.documents.projection import known, projection
from rollout.content.documents.twice import in_template, repeated_keys
from rollout.content.documents.uniting.unite import unite
from rollout.model.inventory import FormatName


def past(writes: Iterable[tuple[bytes, bytes]], kind: MergedFile, anew: Collection[int] = ()) -> Ours:
    """Return what our writes, (before, after) and oldest first, made ours in a document.

    `anew` are the numbers of those by which we took it over once more.
    """
    documents, again = list[tuple[Document, Document]](), set[int]()
    for number, (before, after) in enumerate(writes):
        try:
            both = kind.read(before), kind.read(after)
        except Unmergeable:
            continue  # another mode wrote the path then; none of it is a named key
        if number in anew:
            again.add(len(documents))
        documents.append(both)
    ours = folded(documents, again, kind.match, partial(_without, kind), known_above)
    return replace(ours, blanks=our_blanks(documents, kind.match))


def made(writes: Iterable[tuple[bytes, bytes]], kind: MergedFile) -> bool:
    """Tell whether we made a document, and others never left it without a key: else that is what they had."""
    ours, last = False, b""
    for before, after in writes:
        ours = not before.strip() or (ours and (before == last or bool(kind.read(before).root.parts)))
        last = after
    return ours


def _without(kind: MergedFile, document: Document, ours: Ours) -> Document:
    """Return a document without our part, or unchanged if our part cannot be taken out."""
    assert kind.format is not None
    nothing = kind.read(formats.empty(kind.format))
    try:
        united = unite(document, nothing, ours, kind.match)
        return kind.form.read(carried_out(document, nothing, united, ours, kind))
    except Unmergeable:
        return document


def merged(current: bytes | None, template: bytes, ours: Ours, kind: MergedFile) -> bytes:
    """Return the document with what the template names; everything foreign stays as it is, to the byte.

    Raises Unmergeable if a document cannot be read, or cannot be changed so.
    """
    named = kind.template(template)
    if current is None or not current.strip():
        _plain(named, kind)
        if current is None or named.root.parts:
            _refuse_loose(named, kind)
            return template
        return current
    return written(current, named, ours, kind)


def written(current: bytes, named: Document, ours: Ours, kind: MergedFile) -> bytes:
    """Return a document that is there with what a template names; raise Unmergeable as `merged` does."""
    document = kind.read(current)
    strict = json_strict.mended(document, ours, kind.match) if kind.format is FormatName.JSON else None
    try:
        united = unite(strict or document, named, ours, kind.match)
        made = carried_out(strict or document, named, united, ours, kind)
        result = followed_above(strict or document, made, named, ours, kind)
    except InTemplate as error:
        raise Unmergeable(f"{kind.told}: {error}", kind.path) from error
    except Unmergeable as error:
        raise Unmergeable(error.flaw.what, kind.path, line=error.flaw.line) from error
    if strict is not None and (strict is not document or json_strict.loose(document_in(result.encode(), kind.form))):
        _refuse_loose(named, kind)
    if ours.blank is not None and not named.root.parts and result.strip() in {"", "{}"}:
        return ours.blank.encode()
    bom = BOM if current.startswith(BOM.encode()) else ""
    return (bom + result).encode()


def check(template: bytes, kind: MergedFile) -> None:
    """Raise Unmergeable if no document could get what a template names, or if it is not as strict as its file."""
    named = kind.template(template)
    _plain(named, kind)
    _refuse_loose(named, kind)


def _refuse_loose(template: Document, kind: MergedFile) -> None:
    """Refuse a template that would make a strict JSON file one that its readers refuse."""
    for start, _ in json_strict.loose(template)[:1] if kind.format is FormatName.JSON else ():
        what = "a trailing comma" if template.text[start] == "," else "a comment"
        said = fault(template.text, start, f"holds {what}, which {kind.path.name} does not allow; take it out")
        raise Unmergeable(f"{kind.told}: {said}", kind.path)


def _plain(template: Document, kind: MergedFile) -> None:
    for place, again in repeated_keys(template.root):
        what = fault(template.text, again.start, in_template(template, place))
        raise Unmergeable(f"{kind.told}: {what}", kind.path)
    for _, leaf in leaves(template.root, kind.match):
        if isinstance(leaf, Scalar) and leaf.odd is not None and not leaf.odd.tagged:
            raise Unmergeable(f"{kind.told}: {fault(template.text, leaf.start, f'holds {leaf.odd}')}", kind.path)


def would_change_foreign(current: bytes, template: bytes, ours: Ours, kind: MergedFile) -> bool:
    """Tell whether a value that somebody else set under a named key would change."""
    return unite(kind.read(current), kind.template(template), ours, kind.match).foreign


__all__ = [
    "MergedFile", "Ours", "agreed", "check", "known", "made", "merged", "past", "projection", "still_said",
    "with_agreed", "would_change_foreign", "written",
]  # fmt: skip
