"""Find where a checkout's managed files differ from upstream's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path, PurePosixPath

from msgspec import Struct

from rollout.checkout import notes
from rollout.checkout.conversions import Conversions, conversions
from rollout.checkout.edits import DELETED, Move, edited, moves_between
from rollout.checkout.left_out import left_out
from rollout.checkout.standing import BranchStanding
from rollout.content import attributes, line_ends
from rollout.content.modes.table import traits
from rollout.git.git_folder import GitDir
from rollout.git.person import Person
from rollout.git.run import Git
from rollout.machine import look
from rollout.model import tree_modes
from rollout.model.files import File, Managed, Obstacle
from rollout.model.line_ends import Conversion
from rollout.objects.stored import Stored
from rollout.objects.trees import Objects, Tree
from rollout.planning.changes import satisfied
from rollout.store import lineage
from rollout.store.store import Store

_PLAIN = {tree_modes.FILE, tree_modes.EXECUTABLE}


class CheckedOut(Struct, frozen=True):
    """A checkout: its git folder, git for it, and where its branch stands."""

    repo: GitDir
    git: Git
    standing: BranchStanding


def behind_by(here: CheckedOut, store: Store, upstream: str) -> int | None:
    """Count upstream's commits that the branch lacks, if one of the two stores can tell."""
    local = here.standing.local
    if local is None:
        return None
    if local == upstream:
        return 0
    near = lineage.distance(store, local, upstream)
    if near is not None:
        return near
    for side in (store.git, here.git, _together(store.git, here.repo)):
        counted = side.attempt("rev-list", "--count", f"{local}..{upstream}", "--")
        if counted.code == 0:
            return int(counted.out)
    return None


def _together(ours: Git, repo: GitDir) -> Git:
    """Return git for our store and the person's repository together: only together do they have both histories.

    The repository has what our store did not fetch, so only the repository's own history may be shallow.
    """
    there = repo.common_dir
    return ours.with_options(
        GIT_ALTERNATE_OBJECT_DIRECTORIES=f'"{_quoted(there / "objects")}"', GIT_SHALLOW_FILE=str(there / "shallow")
    )


def _quoted(place: Path) -> str:
    return str(place).replace("\\", "\\\\").replace('"', '\\"')


def differing_files(
    here: CheckedOut,
    upstream: str,
    store: Store,
    managed: list[Managed],
    person: Person,
    stack: ExitStack,
) -> tuple[list[PurePosixPath], dict[PurePosixPath, str]]:
    """Return the managed files that differ between the branch and upstream, and the edited files in the way."""
    repo, local, new = here.repo, here.standing.local, store.tree(upstream)
    size, there = len(new.root), store.objects(upstream)
    how = conversions(repo, new, there, person, [item.path for item in managed])
    if local is None:
        return [item.path for item in managed], {}
    if local != upstream:
        objects = _Either(there, here.git, stack)
        old = Tree(objects, local)
        behind = [item.path for item in managed if not _as_upstream(item, old, new, objects)]
        if behind:
            return behind, _in_the_way(here, moves_between(old, new), how, size)
    return [], _but_left_out(here, _on_disk(repo, new, managed, how))


def unlike_upstream(
    here: CheckedOut, upstream: str, store: Store, managed: list[Managed], person: Person
) -> dict[PurePosixPath, str]:
    """Return the managed files that differ between the work tree, whatever is checked out, and upstream."""
    new = store.tree(upstream)
    how = conversions(here.repo, new, store.objects(upstream), person, [item.path for item in managed])
    return _but_left_out(here, _on_disk(here.repo, new, managed, how))


def _on_disk(repo: GitDir, new: Tree, managed: Iterable[Managed], how: Conversions) -> dict[PurePosixPath, str]:
    found, file_mode = {}, repo.compares_modes()
    for item in managed:
        move = Move(item.path, None, new.entry(item.path))
        on_disk = look.look(repo.top, item.path)
        differs = (move.new is None) != (on_disk is None)
        differs = differs or bool(edited(repo, [move], how, len(new.root), file_mode=file_mode))
        if differs and not _suits(item, on_disk, how):
            found[item.path] = DELETED if on_disk is None else _kind(on_disk)
    return found


def edits_in_the_way(
    here: CheckedOut, upstream: str, store: Store, person: Person, stack: ExitStack
) -> dict[PurePosixPath, str]:
    """Return the edited files, managed or not, that keep the branch from moving to upstream's commit."""
    new, there = store.tree(upstream), store.objects(upstream)
    local = here.standing.local
    moves = [] if local is None else moves_between(Tree(_Either(there, here.git, stack), local), new)
    how = conversions(here.repo, new, there, person, [move.path for move in moves])
    return _in_the_way(here, moves, how, len(new.root))


def _in_the_way(here: CheckedOut, moves: Sequence[Move], how: Conversions, size: int) -> dict[PurePosixPath, str]:
    repo = here.repo
    edits = edited(repo, moves, how, size, file_mode=repo.compares_modes(), begun=notes.placed(repo))
    return _but_left_out(here, {**_foreign(moves, how), **edits})


def _but_left_out(here: CheckedOut, found: Mapping[PurePosixPath, str]) -> dict[PurePosixPath, str]:
    """Return the differences but for files that a sparse checkout leaves out: their person wants them so."""
    out = left_out(here.repo, here.git, found)
    return {path: what for path, what in found.items() if path not in out}


class _Either(Struct):
    """Read objects from our store; use the person's repository only where needed, because that starts a process."""

    near: Objects
    git: Git
    stack: ExitStack
    far: Objects | None = None

    def read(self, name: str) -> Stored | None:
        found = self.near.read(name)
        if found is not None:
            return found
        if self.far is None:
            self.far = self.stack.enter_context(self.git.objects())
        return self.far.read(name)


def _foreign(moves: Iterable[Move], how: Conversions) -> dict[PurePosixPath, str]:
    """Return the paths that only the person's own pull can update, because their attributes run a program."""
    found = {move.path: attributes.foreign(how.of(move.path)) for move in moves}
    return {path: f"is under the attribute {foreign}: pull it yourself" for path, foreign in found.items() if foreign}


def _kind(found: look.OnDisk | Obstacle) -> str:
    return f"is {found.what}" if isinstance(found, Obstacle) else "has local edits"


def _as_upstream(item: Managed, old: Tree, new: Tree, objects: Objects) -> bool:
    """Tell whether the branch has a managed file as upstream does, or at least the part of it that is ours."""
    entry = old.entry(item.path)
    if entry == new.entry(item.path):
        return True
    if entry is None or entry[0] not in _PLAIN:
        return False
    found = objects.read(entry[1])
    return found is not None and satisfied(
        item, File(found.content, entry[0] == tree_modes.EXECUTABLE), None, Conversion.BINARY
    )


def _suits(item: Managed, found: look.OnDisk | Obstacle | None, how: Conversions) -> bool:
    """Tell whether a work tree file that differs from upstream's still has all of it that is ours."""
    if not isinstance(found, look.OnDisk) or not traits(item.mode).shared:
        return False
    content = found.content
    if line_ends.to_work_tree(b"\n", how.of(item.path), how.person) == b"\r\n":
        content = content.replace(b"\r\n", b"\n")
    return satisfied(item, File(content, found.executable), None, Conversion.BINARY)
