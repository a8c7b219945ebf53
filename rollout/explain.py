"""Why a file has these lines: its template, where each variable came from, who wrote it last and who changed it."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any

from msgspec import Struct

from rollout import folder, store, workshop
from rollout.errors import RolloutError, UsageError
from rollout.git import GitError
from rollout.load import Loaded
from rollout.locate import Settings, Unfit, locate
from rollout.model import Branch, Folder, Slot, Target
from rollout.plaintext import plain
from rollout.plan import fingerprint

_SECRET = ("password", "passwd", "secret", "token", "api_key", "apikey", "private_key", "credential")


class Used(Struct, frozen=True):
    """A variable a template reads, and where its value came from."""

    name: str
    value: Any
    source: str


class Explanation(Struct, frozen=True):
    slot: Slot
    variables: tuple[Used, ...]
    last_commit: str | None
    changed_since: tuple[str, ...]


def explain(loaded: Loaded, target: Target, path: PurePosixPath, settings: Settings) -> Explanation:
    """Return why a managed path is as it is; raise UsageError for a path that no template names."""
    slot = next((slot for slot in loaded.rendering.slots(target) if slot.path == path), None)
    if slot is None:
        raise UsageError(f"{target.name}: no template set names {path}, so rollout never touches it")
    commit, changed = _history(target, path, settings)
    return Explanation(slot, tuple(_variables(loaded, target, slot)), commit, changed)


def _variables(loaded: Loaded, target: Target, slot: Slot) -> list[Used]:
    if slot.template is None or not slot.template.endswith(".j2"):
        return []
    names = loaded.rendering.uses(slot)
    found = []
    for name in sorted(target.variables) if names is None else names:
        if name in target.variables:
            variable = target.variables[name]
            value = "***" if any(word in name.lower() for word in _SECRET) else variable.value
            found.append(Used(name, value, variable.source))
        elif name == "target":
            about = {"name": target.name, "kind": target.kind, "branch": target.branch, "groups": list(target.groups)}
            found.append(Used(name, about, "the inventory's entry"))
        elif name == "path":
            found.append(Used(name, str(slot.path), "the managed path"))
        elif name == "machines":
            found.append(Used(name, sorted(loaded.inventory.machines), "machines"))
        elif name == "machine":
            found.append(Used(name, loaded.machine.name if loaded.machine else None, "machines, by this host's name"))
    return found


def _history(target: Target, path: PurePosixPath, settings: Settings) -> tuple[str | None, tuple[str, ...]]:
    match target.location:
        case Branch() as where:
            return _branch_history(target, where, path, settings)
        case Folder(root):
            kept = folder.memory(settings.state, root)
            snapshot = folder.snapshot(root, [path], kept)
            written = snapshot.written.get(path)
            changed = written is not None and fingerprint(written.file) != fingerprint(snapshot.files.get(path))
            return None, (("somebody, on the disk",) if changed else ())


def _branch_history(
    target: Target, where: Branch, path: PurePosixPath, settings: Settings
) -> tuple[str | None, tuple[str, ...]]:
    try:
        at = locate(where, settings.person)
        with workshop.seen(settings.state, at.remote, target.name, wait=settings.wait) as shop:
            tip = shop.tip() if settings.offline and not at.local else shop.fetch(store.ask(at.remote))
            if tip is None:
                return None, ()
            snapshot = shop.snapshot(tip, [path], [b""], network=not settings.offline)
            written = snapshot.written.get(path)
            if written is None or written.commit is None:
                return None, ()
            return written.commit, tuple(plain(line) for line in shop.changed_since(written.commit, tip, path))
    except (Unfit, GitError) as error:
        raise RolloutError(f"{target.name}: {error}") from error
