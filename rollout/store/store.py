"""Our own bare copy of a repository, as one target uses it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct, field

from rollout.git.run import Git
from rollout.machine import files, state_folder
from rollout.model.reasons import AtWork
from rollout.objects.trees import Tree
from rollout.remote.upstream import Remote
from rollout.store.memo import Memory

if TYPE_CHECKING:
    from rollout.objects.packs import Packs


class OpenPacks:
    """The packs of a store, opened once for all readers while it is used, and the commit that was last looked into."""

    def __init__(self, place: Path) -> None:
        """Read the objects of the store at a place."""
        self._place = place
        self._packs: Packs | None = None
        self._tree: Tree | None = None

    def of(self, id_size: int) -> Packs:
        if self._packs is None:
            from rollout.objects.packs import Packs  # what is remembered answers most questions

            self._packs = Packs(self._place / "objects", id_size)
        return self._packs

    def tree(self, commit: str) -> Tree:
        if self._tree is None or self._tree.commit != commit:
            self._tree = Tree(self.of(len(commit)), commit)
        return self._tree

    def close(self) -> None:
        if self._packs is not None:
            self._packs.close()
        self._packs, self._tree = None, None


class Store(Struct, frozen=True):
    """One repository's store, for one target, with its open packs and its memo."""

    place: Path
    remote: Remote
    target: str
    git: Git
    memory: Memory
    packs: OpenPacks
    writer: AtWork | None = None  # the run that writes to the store of which this is a copy
    built: dict[str, bytes] = field(default_factory=dict)  # the commit that was just built, and its pack

    @property
    def folder(self) -> Path:
        """Return where the objects are."""
        return self.place / "objects"

    @property
    def upstream_ref(self) -> str:
        return f"refs/rollout/upstream/{state_folder.key(self.remote.branch)}"

    @property
    def refspec(self) -> str:
        return f"+{self.remote.ref}:{self.upstream_ref}"

    def objects(self, commit: str) -> Packs:
        """Return the reader of the store's objects; the length of `commit` tells how long its ids are."""
        return self.packs.of(len(commit))

    def tree(self, commit: str) -> Tree:
        """Return the tree of a commit; each part of it is read once for all who look into it one after the other."""
        return self.packs.tree(commit)

    def text(self, name: str) -> str:
        """Return a small file of the store; one that cannot be read is empty."""
        try:
            return files.read(f"{self.place}/{name}").decode()
        except (OSError, UnicodeDecodeError):
            return ""

    def forget(self) -> None:
        """Close what is open, and read the memo again when it is needed."""
        self.packs.close()
        self.memory.forget()

    def close(self) -> None:
        """Write the memo, and close what is open."""
        self.memory.write()
        self.forget()


def at(place: Path, remote: Remote, target: str, held: tuple[int, ...] = (), writer: AtWork | None = None) -> Store:
    """Return the store at a place, whose lock is `held`."""
    memory = Memory(place, remote.branch)
    return Store(place, remote, target, Git(place, held=held), memory, OpenPacks(place), writer)
