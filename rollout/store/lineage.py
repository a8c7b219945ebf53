"""How commits in a store descend from each other, and whose history they are."""

from __future__ import annotations

from collections.abc import Iterator

from rollout.objects import messages
from rollout.store import layout
from rollout.store.store import Store

_WALKED = 50  # commits to walk one by one before asking git


def parent(store: Store, commit: str) -> str | None:
    """Return the only parent of a commit; None if it has none or several, or is not known here."""
    content = _content(store, commit)
    return None if content is None else _only_parent(content)


def _content(store: Store, commit: str) -> bytes | None:
    found = store.objects(commit).read(commit)
    return None if found is None else found.content


def _only_parent(content: bytes) -> str | None:
    parents, _ = messages.parts(content)
    return parents[0] if len(parents) == 1 else None


def _line(store: Store, tip: str) -> Iterator[tuple[str, bytes | None]]:
    """Yield commits of a linear history, newest first, with their contents; None at the end of what is here."""
    current: str | None = tip
    for _ in range(_WALKED):
        if current is None:
            return
        content = _content(store, current)
        yield current, content
        current = None if content is None else _only_parent(content)


def distance(store: Store, old: str, new: str) -> int | None:
    """Count the commits between two in a linear history; None if only git can tell."""
    return next((number for number, (commit, _) in enumerate(_line(store, new)) if commit == old), None)


def only_others_since(store: Store, old: str, tip: str) -> bool:
    """Tell whether a linear history of other people's commits leads from one commit to the other, without git."""
    for number, (commit, content) in enumerate(_line(store, tip)):
        if commit == old:
            return number > 0
        if content is None or b"\nRollout-Run: " in content:
            return False
    return False


def reaches(store: Store, old: str, new: str) -> bool:
    """Tell whether a commit has another one in its history, as far as that was fetched."""
    return store.git.attempt("merge-base", "--is-ancestor", old, new).code == 0


def related(store: Store, old: str, new: str) -> bool:
    """Tell whether two upstream commits belong to one history; if too little of it is here, they may."""
    if old == new or distance(store, old, new) is not None or reaches(store, old, new):
        return True
    return layout.is_shallow(store) or store.git.attempt("merge-base", old, new).code == 0


def is_strange(store: Store, tip: str) -> bool:
    """Tell whether upstream shares no commit with the one that we last accepted."""
    believed = store.memory.memo().believed
    return believed is not None and not related(store, believed, tip)


def believe(store: Store, tip: str) -> None:
    """Remember that this is the project whose address we were given."""
    if store.memory.memo().believed != tip:
        store.memory.remember(believed=tip)
