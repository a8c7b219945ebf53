"""What a template names in a document, as operations: what changes, what is added, what of ours goes away."""

from __future__ import annotations

from msgspec import Struct, field
from msgspec.structs import replace

from rollout.content.documents import twice
from rollout.content.documents.aliases import refuse_shared
from rollout.content.documents.counted import counted_anew
from rollout.content.documents.document import (
    CANNOT_CHANGE,
    Alias,
    Amend,
    Array,
    Document,
    InTemplate,
    Node,
    Object,
    Operation,
    Part,
    Replace,
    Replaced,
    Restore,
    Unmergeable,
    entries_of,
    fault,
    find,
    meaning,
    nodes,
    repeated,
    says,
)
from rollout.content.documents.inherited import brought
from rollout.content.documents.match import Match, Place, entry_names, shown
from rollout.content.documents.past import Ours

_HEADED = {"section", "table", "super", "dotted"}


class United(Struct, frozen=True):
    """The operations, what the document says after them, and whether they change what others set.

    `filled` are the objects and lists of the template in which they change something.
    """

    operations: tuple[Operation, ...]
    root: Object
    foreign: bool
    filled: tuple[Replace, ...] = ()


def unite(document: Document, template: Document, ours: Ours, match: Match) -> United:
    """Return what it takes that a document says what a template names, and nothing any more that only we said."""
    uniting = _Uniting(document, template, ours, match)
    root = uniting.object(document.root, template.root, ())
    refuse_shared(document, root, uniting.operations, match)
    return United(tuple(uniting.operations), root, uniting.foreign, tuple(uniting.filled))


class _Uniting(Struct):
    document: Document
    template: Document
    ours: Ours
    match: Match
    operations: list[Operation] = field(default_factory=list)
    filled: list[Replace] = field(default_factory=list)
    foreign: bool = False

    def object(self, have: Object, named: Object, place: Place) -> Object:
        self._names_once(have, named, place)
        wanted = {part.key: part for part in named.parts}
        kept: list[Node | None] = []
        often = repeated(have)
        present, hides = brought(self.document, have, named, place)
        self.foreign |= hides
        for part in have.parts:
            new, here = wanted.get(part.key), (*place, part.key)
            if new is not None and self._is_anew(part.value, new.value, here):
                kept.append(None)
                continue
            present.add(part.key)
            if new is not None:
                kept.append(self._value(have, part, new, here))
            else:
                kept.append(part.value if part.key in often else self._unnamed(have, part, here))
        return self._amended(have, kept, [part for part in named.parts if part.key not in present], place)  # type: ignore[return-value]

    def _names_once(self, have: Object, named: Object, place: Place) -> None:
        seen: set[str] = set()
        for part in named.parts:
            if part.key in seen:
                raise self._template_fault(part, twice.in_template(self.template, (*place, part.key)))
            seen.add(part.key)
        keys: set[str] = set()
        for part in have.parts:
            if part.key in keys and part.key in seen:
                what = twice.in_document(self.document, (*place, part.key))
                raise fault(self.document.text, part.start, what)
            keys.add(part.key)

    def _amended(self, have: Object | Array, kept: list[Node | None], new: list[Part], place: Place) -> Object | Array:
        for part in new:
            self._check_new(part, (*place, part.key if isinstance(have, Object) else "[]"))
        gone = tuple(index for index, node in enumerate(kept) if node is None)
        found = self.ours.found.get(place)
        alike = found is not None and type(found.node) is type(have)
        if gone or new:
            self.operations.append(Amend(have, gone, tuple(new), found if alike else None))
        staying = [replace(part, value=node) for part, node in zip(have.parts, kept, strict=True) if node is not None]
        return replace(have, parts=(*staying, *new))

    def _value(self, container: Object | Array, part: Part, new: Part, place: Place) -> Node:
        have, named = part.value, new.value
        if meaning(have) == meaning(named):
            return have
        odd = have.odd or (None if isinstance(named, Alias) else named.odd)
        if odd:
            raise fault(self.document.text, part.start, f"{shown(place)}: is {odd}; {CANNOT_CHANGE}")
        if self._was_said(have, named, place):
            return self._restored(container, part, self.ours.found[place])
        if isinstance(have, Object) and isinstance(named, Object):
            self.filled.append(Replace(container, part, new))
            return self.object(have, named, place)
        if isinstance(have, Array) and isinstance(named, Array) and not self._counted(have, named, place):
            self.filled.append(Replace(container, part, new))
            return self._array(have, named, place)
        self._check_new(new, place)
        self.foreign |= not self.ours.wrote(have, place, self.match)
        self.operations.append(Replace(container, part, new))
        return named

    def _is_anew(self, have: Node, named: Node, place: Place) -> bool:
        """Tell whether a value of ours under a header goes away and comes back on a line: TOML knows no other way."""
        headed = have.style in {"table", "dotted", "super", "tables"}
        return headed and type(have) is not type(named) and self.ours.owns(have, place, self.match)

    def _was_said(self, have: Node, named: Node, place: Place) -> bool:
        """Tell whether a template says what others had here, and nothing that they wrote since is in its place."""
        found = self.ours.found.get(place)
        if found is not None and have.style in _HEADED and isinstance(found.node, Object) and not found.node.parts:
            return False  # the header stays, and our keys go one by one
        same = found is not None and meaning(found.node) == meaning(named)
        return same and self.ours.wrote_all(have, place, self.match)

    def _counted(self, have: Array, named: Array, place: Place) -> bool:
        return counted_anew(self.document, (have, named), self.ours, place, self.match)

    def _array(self, have: Array, named: Array, place: Place) -> Node:
        keys = self.match.keys(place)
        if keys:
            return self._matched(have, named, keys, place)
        wanted = {meaning(part.value): part for part in named.parts}
        retired = set(self.ours.entries.get(place, ())) - wanted.keys()
        kept = [None if meaning(part.value) in retired else part.value for part in have.parts]
        present = {meaning(node) for node in kept if node is not None}
        return self._amended(have, kept, [part for key, part in wanted.items() if key not in present], place)

    def _matched(self, have: Array, named: Array, keys: tuple[str, ...], place: Place) -> Node:
        wanted = dict(zip(entry_names(named, keys), named.parts, strict=True))
        kept: list[Node | None] = []
        names = entry_names(have, keys)
        for name, part in zip(names, have.parts, strict=True):
            new, here = wanted.get(name), (*place, name)
            kept.append(self._entry(have, part, here) if new is None else self._value(have, part, new, here))
        return self._amended(have, kept, [part for name, part in wanted.items() if name not in names], place)

    def _entry(self, container: Object | Array, part: Part, place: Place) -> Node | None:
        """Return what stays of a matched entry that is not named: nothing where all of it is ours.

        Where others wrote a key into an entry of ours, that stays, and what identifies the entry.
        """
        if self.ours.owns(part.value, place, self.match):
            return None
        return self._unnamed(container, part, place)

    def _unnamed(self, container: Object | Array, part: Part, place: Place) -> Node | None:
        """Return what stays of a value that is not named, or what others had there; None if it was ours alone."""
        mark, node = len(self.operations), part.value
        match node:
            case Object(odd=None, parts=parts) if parts:
                left = self._without_ours(node, place)
            case Array(odd=None, parts=parts) if parts:
                left = self._list_without_ours(node, place)
            case _:
                return self._single(container, part, place)
        found = self.ours.found.get(place)
        if left.parts:
            self.foreign |= found is not None and len(self.operations) > mark and not says(left, found.node)
            return left
        if place in self.ours.added:
            del self.operations[mark:]
            return None
        if found is None or (type(found.node) is type(node) and not getattr(found.node, "parts", ())):
            return left
        del self.operations[mark:]
        return self._restored(container, part, found)

    def _single(self, container: Object | Array, part: Part, place: Place) -> Node | None:
        if not self.ours.wrote_all(part.value, place, self.match):
            return part.value
        if place in self.ours.added:
            return None
        found = self.ours.found.get(place)
        return part.value if found is None else self._restored(container, part, found)

    def _restored(self, container: Object | Array, part: Part, found: Replaced) -> Node:
        self.operations.append(Restore(container, part, found))
        return found.node

    def _without_ours(self, node: Object, place: Place) -> Object | Array:
        often, had = repeated(node), self._had(node, place)
        identity = self.match.keys(place[:-1]) if place and place[-1].startswith("[") else ()
        kept: list[Node | None] = []
        for part in node.parts:
            here = (*place, part.key)
            before = find(had, part.key) if isinstance(had, Object) else None
            stays = part.key in often or part.key in identity
            stays |= before is not None and meaning(before.value) == meaning(part.value)
            kept.append(part.value if stays else self._unnamed(node, part, here))
        return self._amended(node, kept, [], place)

    def _had(self, node: Object | Array, place: Place) -> Node | None:
        """Return what others had where they say more now: what of it is still there is theirs."""
        found = self.ours.found.get(place)
        return None if found is None or self.ours.wrote_all(node, place, self.match) else found.node

    def _list_without_ours(self, node: Array, place: Place) -> Object | Array:
        keys = self.match.keys(place)
        if keys:
            names = entry_names(node, keys)
            kept = [self._entry(node, part, (*place, name)) for name, part in zip(names, node.parts, strict=True)]
            return self._amended(node, kept, [], place)
        ours = self._retired(node, place)
        return self._amended(node, [None if meaning(p.value) in ours else p.value for p in node.parts], [], place)

    def _retired(self, node: Array, place: Place) -> set[str]:
        """Return our entries, without those that others had said before us."""
        had = self._had(node, place)
        return set(self.ours.entries.get(place, ())) - (entries_of(had) if had is not None else set())

    def _check_new(self, part: Part, place: Place) -> None:
        for node in nodes(part.value):
            if node.odd and not isinstance(node, Alias):
                raise self._template_fault(part, f"{shown(place)}: holds {node.odd}; merge cannot write it")

    def _template_fault(self, part: Part, what: str) -> Unmergeable:
        return InTemplate(fault(self.template.text, part.start, what).what)
