"""Files that a person keeps or holds: noted in our commits, or in the state folder if there is no commit."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import PurePosixPath

from rollout.model.plan import Change
from rollout.store import history, pending
from rollout.store.history import History, Touch
from rollout.store.memo import KeptNote, by_name, by_path
from rollout.store.store import Store


def note(store: Store, changes: Iterable[Change]) -> None:
    """Record which of the changes keep what is there; drop a waiting commit that changes such a file."""
    keeps = {change.path: change.asks for change in changes if change.keep and change.asks}
    if not keeps:
        return
    memo = store.memory.memo()
    past = by_path(memo.history)
    new = {path: KeptNote(asks, _last(past, path)) for path, asks in keeps.items()}
    store.memory.remember(kept=by_name({**by_path(memo.kept), **new}))
    store.memory.write_at_once()
    waiting = pending.read(store)
    if waiting is not None and waiting.files.keys() & keeps.keys():
        pending.drop(store)


def hold(store: Store, run: str, asks: Mapping[PurePosixPath, str]) -> None:
    """Note what was asked for at paths whose change a run took back before it was merged."""
    memo = store.memory.memo()
    past = by_path(memo.history)
    new = {path: KeptNote(asked, _last(past, path), run) for path, asked in asks.items()}
    if new:
        store.memory.remember(held=by_name({**by_path(memo.held), **new}), in_sync=None)
        store.memory.write_at_once()


def taken_back(store: Store, run: str) -> list[PurePosixPath]:
    """Return the paths whose change a run took back before it was merged, and that are on hold since."""
    return [path for path, note in by_path(store.memory.memo().held).items() if note.run == run]


def proposed(store: Store, changes: Iterable[Change]) -> None:
    """Forget that a change was taken back, now that it is proposed again."""
    memo = store.memory.memo()
    left = {name: note for name, note in memo.held.items() if name not in {str(change.path) for change in changes}}
    if len(left) < len(memo.held):
        store.memory.remember(held=left)


def kept(store: Store, past: History, paths: Iterable[PurePosixPath]) -> Mapping[PurePosixPath, str]:
    """Return what was asked for when files were kept, for files that we have not written since."""
    return _known(by_path(store.memory.memo().kept), past, paths, history.kept)


def held(store: Store, past: History, paths: Iterable[PurePosixPath]) -> Mapping[PurePosixPath, str]:
    """Return what was asked for when files were reverted that we have not written since."""
    return _known(by_path(store.memory.memo().held), past, paths, history.held)


def _known(
    notes: Mapping[PurePosixPath, KeptNote],
    past: History,
    paths: Iterable[PurePosixPath],
    committed: Callable[[Iterable[Touch]], str | None],
) -> Mapping[PurePosixPath, str]:
    found = {}
    for path in paths:
        note = notes.get(path)
        asks = note.asks if note is not None and note.after == _last(past, path) else committed(past.get(path, ()))
        if asks is not None:
            found[path] = asks
    return found


def _last(past: History, path: PurePosixPath) -> str | None:
    """Return our last commit that wrote a file."""
    last = history.newest(past.get(path, ()))
    return None if last is None else last.commit
