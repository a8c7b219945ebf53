"""Rollout's own bare, shallow, blobless store of a repository: made, fetched into, tidied."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rollout.errors import GitError
from rollout.git.run import Git
from rollout.machine import files, state_folder
from rollout.objects import messages, pack_format, pack_write, packs, unpack
from rollout.objects.ids import ID, object_format
from rollout.objects.packs import Packs
from rollout.remote import contact
from rollout.remote.upload_pack import Sender, Wanted
from rollout.remote.upstream import NoBranch, Remote, Unreachable, ask, sender_for
from rollout.store import wholeness
from rollout.store.memo import Memo, Memory

_REMOTE = "rollout-upstream"  # a name that no person's global configuration speaks of

_SHA1 = 40  # characters of an id

_ID_SIZES = (_SHA1, 64)

_MEMO = "rollout.json"

_MAX_PACKS = 16  # small ones; each is looked into for what is old

_LEFT = re.compile(r".*\.lock\Z|tmp_|fast_import_crash_|\.rollout-")  # what only a killed process leaves

_BY_NAME = re.compile(r"unadvertised object|not our ref")  # what is left out is not to be had by its name

_WALKED = 50  # commits that are looked through one by one before git is asked


class Store:
    """One repository's store, while its lock is held."""

    def __init__(self, place: Path, remote: Remote, held: tuple[int, ...]) -> None:
        self.place = place
        self.remote = remote
        self.git = Git(place, held=held)
        self._memo_key = state_folder.key(remote.branch)
        self.upstream_ref = f"refs/rollout/upstream/{self._memo_key}"
        self.refspec = f"+{remote.ref}:{self.upstream_ref}"
        self._asked = os.path.join(place, f"asked-{self._memo_key}")
        self.memory = Memory(place / _MEMO, remote.branch)
        self._packs: Packs | None = None

    def tip(self) -> str | None:
        """Return the upstream commit that was last fetched whole."""
        known = self.memo().tip
        return known if known and self.ref(self.upstream_ref) == known else None

    def fetched_at(self) -> float | None:
        """Return when upstream was last asked, in seconds since the epoch."""
        try:
            return os.stat(self._asked).st_mtime
        except OSError:
            return None

    def note_asked(self) -> None:
        """Note that upstream was asked just now: a file's time, so that the store need be neither held nor written."""
        with contextlib.suppress(OSError):
            os.close(
                os.open(self._asked, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, 0o600)
            )
            os.utime(self._asked)

    def ref(self, name: str) -> str | None:
        try:
            text = files.read(f"{self.place}/{name}").decode().strip()
        except (OSError, UnicodeDecodeError):
            return None
        return text if ID.match(text) else None

    def memo(self) -> Memo:
        return self.memory.memo()

    def close(self) -> None:
        self.memory.write()
        self._forget()

    def _forget(self) -> None:
        self._close_packs()
        self.memory.forget()

    def _close_packs(self) -> None:
        if self._packs is not None:
            self._packs.close()
        self._packs = None

    @contextmanager
    def objects(self, commit: str) -> Iterator[Packs]:
        """Read the store's objects; `commit` says by its length how long its ids are."""
        if self._packs is None:
            self._packs = Packs(self.place / "objects", len(commit))
        yield self._packs

    # --- fetching

    def ask(self) -> str:
        """Return the commit upstream's branch is at now; that there is no such branch is remembered."""
        try:
            return ask(self.remote)
        except NoBranch:
            if not self.place.is_dir():
                self._ready(_SHA1)
            self.memory.remember(absent=True)
            self.note_asked()
            raise

    def absent(self) -> bool:
        """Tell whether upstream had no such branch when it was last asked."""
        return self.memo().absent

    def fetch(self, tip: str) -> str:
        """Have upstream's commit and its trees here; return the commit, which may be newer than `tip`.

        Raises Unreachable when the remote stops answering.
        """
        if self.tip() == tip:
            if self.absent():
                self.memory.remember(absent=False)
            self.note_asked()
            return tip
        with sender_for(self.remote, self.remote.access.transfer_limit) as sender:
            if sender is not None and self._sent(sender, tip):
                return self._fetched()
        self._ready(len(tip))
        # The parents of what waits may be here, and nothing else of upstream: git would take that for all of it.
        depth = () if self.ref(self.upstream_ref) else ("--depth=1", "--refetch")
        self._fetch_branch(*depth)
        return self._fetched()

    def latest(self) -> str:
        """Have upstream's newest commit and its trees here and return it.

        A host that is known to answer is not asked first where the branch is: one contact tells and brings that.
        """
        access = self.remote.access
        with sender_for(self.remote, access.ask_limit) as sender:
            tip = None if sender is None else sender.tip(self.remote.ref)
            if sender is not None and tip is not None:
                sender.session.deadline += access.transfer_limit
                if self.tip() == tip:
                    sender.end()
                    return self.fetch(tip)
                if self._sent(sender, tip):
                    return self._fetched()
        known = self.ref(self.upstream_ref)
        if known is None or not contact.answers(self.remote.url, access):
            return self.fetch(self.ask())
        self._ready(len(known))
        try:
            self._fetch_branch(limit=access.ask_limit)
        except Unreachable:
            return self.fetch(self.ask())  # which tells what is wrong
        return self._fetched()

    def _sent(self, sender: Sender, tip: str) -> bool:
        """Have upstream's commit sent; False where git had better fetch it, and then nothing has changed."""
        self._ready(len(tip))
        known = self.ref(self.upstream_ref)
        wanted = Wanted((tip,), (known,) if known else (), self._shallow(), not known)
        if not self._received(sender, wanted) or not self._holds(tip):
            return False
        self.set_ref(self.upstream_ref, tip)
        return True

    def _received(self, sender: Sender, wanted: Wanted) -> bool:
        """Take in what is wanted if the server sends it, with all that it leads to but the contents of files."""
        sent = sender.sent(wanted)
        if sent is None:
            return False
        sender.end()
        id_size = len(wanted.objects[0])
        shallow = tuple(sorted({*wanted.shallow, *sent.shallow}))
        try:
            with self.objects(wanted.objects[0]) as here:
                found = unpack.objects(sent.pack, id_size, here.content)
                ends = {*wanted.objects, *unpack.spoken_of(found, shallow)}
                if not all(name in found or here.has(name) for name in ends):
                    return False
            pack_write.write(self.place / "objects", found.values(), id_size, promisor=True)
        except (GitError, OSError, *pack_format.DAMAGED):
            return False
        if shallow != wanted.shallow:
            files.write_whole(self.place / "shallow", "".join(f"{name}\n" for name in shallow).encode(), durable=False)
        return True

    def _shallow(self) -> tuple[str, ...]:
        """Return the commits here whose parents are not."""
        return tuple(sorted(self._text("shallow").split()))

    def _fetch_branch(self, *options: str, limit: float | None = None) -> None:
        self.transfer(*options, "--filter=blob:none", self.refspec, limit=limit)
        tip = self.ref(self.upstream_ref)
        if tip is not None and not self._holds(tip):  # of commits long past only the names of files were fetched
            self.transfer("--refetch", "--filter=blob:none", self.refspec)

    def _fetched(self) -> str:
        now = self.ref(self.upstream_ref)
        if now is None:
            raise NoBranch(f"the remote has no branch {self.remote.branch!r} any more")
        self.memory.remember(tip=now, absent=False)
        self.note_asked()
        return now

    def transfer(self, *arguments: str, stdin: bytes = b"", quiet: bool = True, limit: float | None = None) -> None:
        extra = ("--stdin",) if stdin else ()
        try:
            contact.run(
                self.git,
                self.remote.url,
                self.remote.access,
                "fetch",
                "--no-tags",
                "--no-write-fetch-head",
                "--no-recurse-submodules",
                "--no-auto-maintenance",
                *(("--quiet",) if quiet else ()),
                *[a for a in arguments if a.startswith("--")],
                *extra,
                _REMOTE,
                *[a for a in arguments if not a.startswith("--")],
                stdin=stdin,
                limit=limit or self.remote.access.transfer_limit,
            )
        except GitError as error:
            if packs.damaged(self.place / "objects") or not all(map(self._holds, self._pinned())):
                raise GitError(f"our store of it is damaged: {error}") from error
            raise Unreachable(str(error)) from error

    def _pinned(self) -> list[str]:
        """Return the commits that refs of ours speak of."""
        names = [file.relative_to(self.place) for file in self.place.glob("refs/rollout/**/*") if file.is_file()]
        return [commit for commit in map(self.ref, map(str, names)) if commit is not None]

    def _holds(self, commit: str) -> bool:
        """Tell whether a commit and its tree can be read: after a power cut a ref may speak of what is not there."""
        try:
            with self.objects(commit) as objects:
                return objects.read(commit) is not None and objects.read(f"{commit}^{{tree}}") is not None
        except GitError:
            return False

    def _ready(self, id_size: int) -> None:
        """Make the store when it is missing."""
        config, there = self._config(id_size), self._text("config")
        if f"objectFormat = {object_format(id_size)}" not in there:
            self._forget()
            wholeness.make(self.place, config)
        elif there != config:
            files.write_whole(self.place / "config", config.encode(), durable=False)
        self._close_packs()  # some of those we know may go now
        pack_write.gather(self.place / "objects", id_size, _MAX_PACKS)

    def is_whole(self) -> bool:
        """Tell whether git takes the store for a repository, and that of this remote."""
        return self._text("config") in map(self._config, _ID_SIZES) and wholeness.is_whole(self.place)

    def clear(self) -> None:
        """Take away what a killed process left: we hold the store, so whatever lock lies about is nobody's."""
        found = [(folder, names) for folder, _, names in os.walk(f"{self.place}/refs")]
        for folder in (f"{self.place}", f"{self.place}/objects/pack"):
            with contextlib.suppress(OSError):
                found.append((folder, os.listdir(folder)))
        for folder, names in found:
            for name in filter(_LEFT.match, names):
                Path(folder, name).unlink(missing_ok=True)
        wholeness.drop_damaged_refs(self.place)

    def _text(self, name: str) -> str:
        try:
            return files.read(f"{self.place}/{name}").decode()
        except (OSError, UnicodeDecodeError):
            return ""

    def _config(self, id_size: int) -> str:
        url = self.remote.url.replace("\\", "\\\\").replace('"', '\\"')
        return (
            "[core]\n\trepositoryFormatVersion = 1\n\tbare = true\n\tfilemode = true\n"
            f"[extensions]\n\tpartialClone = {_REMOTE}\n\tobjectFormat = {object_format(id_size)}\n"
            f'[remote "{_REMOTE}"]\n\turl = "{url}"\n\tpromisor = true\n\tpartialCloneFilter = blob:none\n'
        )

    def reset(self) -> None:
        """Throw the store away: it holds nothing that cannot be fetched or built again, but for a pinned commit."""
        wholeness.discard(self.place)
        self._forget()

    def fetch_objects(self, names: Iterable[str]) -> None:
        wanted = Wanted(tuple(names))
        if not wanted.objects:
            return
        with sender_for(self.remote, self.remote.access.transfer_limit) as sender:
            if sender is not None and self._received(sender, wanted):
                return
        try:
            self.transfer("--filter=blob:none", stdin="".join(f"{name}\n" for name in wanted.objects).encode())
        except Unreachable as error:
            if not _BY_NAME.search(str(error)):
                raise
            self.transfer("--refetch", "--no-filter", self.refspec)

    def seed(self, top: Path, ref: str, commit: str) -> None:
        """Learn upstream from what the person's repository last heard of it: no network."""
        self._ready(len(commit))
        self.fetch_from(top, ref, self.upstream_ref)
        found = self.ref(self.upstream_ref)
        if found is not None:
            self.memory.remember(tip=found)

    def fetch_from(self, top: Path, ref: str, to: str) -> None:
        self.git.attempt(
            "fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules",
            "--no-auto-maintenance", "--refmap=", "--update-shallow", "--end-of-options", str(top), f"+{ref}:{to}",
        )  # fmt: skip

    def set_ref(self, ref: str, commit: str, *, durable: bool = False) -> None:
        """Write a ref of our own store, whose lock we hold; a `durable` one outlasts a power cut, with its objects."""
        if durable:
            files.sync_folder(self.place / "objects" / "pack")
        files.write_whole(self.place / ref, f"{commit}\n".encode(), durable=durable)

    def distance(self, old: str, new: str) -> int | None:
        """Count the commits between two on a plain line; None where that takes git to tell."""
        with self.objects(new) as objects:
            current = new
            for number in range(_WALKED):
                if current == old:
                    return number
                found = objects.read(current)
                parents = messages.parts(found[2])[0] if found is not None else []
                if len(parents) != 1:
                    return None
                current = parents[0]
        return None

    def reaches(self, old: str, new: str) -> bool:
        return self.git.attempt("merge-base", "--is-ancestor", old, new).code == 0

    # --- whose history it is

    def is_strange(self, tip: str) -> bool:
        """Tell whether upstream has no commit in common with what it was when it was last believed."""
        believed = self.memo().believed
        return believed is not None and not self.related(believed, tip)

    def believe(self, tip: str) -> None:
        """Remember that this is the project whose address we were given."""
        if self.memo().believed != tip:
            self.memory.remember(believed=tip)

    def related(self, old: str, new: str) -> bool:
        """Tell whether two upstream commits belong to one history; where too little of it is here, they may."""
        if old == new or self.distance(old, new) is not None or self.reaches(old, new):
            return True
        return (self.place / "shallow").exists() or self.git.attempt("merge-base", old, new).code == 0
