"""What is done in rollout's own store of a repository: upstream is read, commits are built, pinned and pushed."""

from __future__ import annotations

import os
from collections.abc import Collection, Container, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path, PurePosixPath

from msgspec import Struct, field

from rollout.content import attributes
from rollout.content.line_ends import conversion
from rollout.errors import Busy, GitError
from rollout.git import git_folder
from rollout.git.run import Result
from rollout.machine import locks, state_folder
from rollout.machine.files import write_whole
from rollout.model.circumstances import Findings
from rollout.model.files import File, Obstacle, Snapshot, Written, fingerprint
from rollout.model.outcomes import Identity, Run
from rollout.model.plan import Change, Step
from rollout.objects import build, messages, pack_write
from rollout.objects.ids import git_id
from rollout.objects.packs import Packs
from rollout.objects.trees import Blob, Objects, Tree, difference
from rollout.remote import contact, receive_pack
from rollout.remote.upstream import Remote, Unreachable
from rollout.safety import addresses
from rollout.store import history, in_sync, looks, noted
from rollout.store.history import History, Touch
from rollout.store.in_sync import InSync
from rollout.store.layout import Store
from rollout.store.memo import by_name, by_path
from rollout.store.noted import Notes
from rollout.store.pending import Pending
from rollout.store.snapshot import file

_PENDING = "refs/rollout/pending"

_WALKED = 50  # commits that are looked through one by one before git is asked for all of them

_DEEPER = 500  # commits of the past that are fetched where it is not known how far a checkout is behind


class _Salvaged(Struct, frozen=True):
    """A commit that waits, and all objects that say what it changes."""

    ref: str
    commit: str
    parent: str
    objects: tuple[tuple[str, bytes], ...]


class _Noting(Struct, frozen=True):
    """Reads objects, and notes each that it gave."""

    objects: Objects
    noted: dict[str, tuple[str, bytes]] = field(default_factory=dict)

    def read(self, name: str) -> tuple[str, str, bytes] | None:
        found = self.objects.read(name)
        if found is not None:
            self.noted[found[0]] = found[1:]
        return found


@contextmanager
def opened(folder: Path, remote: Remote, target: str, *, wait: float = 60.0, run: str = "") -> Iterator[Workshop]:
    """Hold the workshop of a repository for the block, for a run if one is named; raise Busy when another keeps it."""
    place = _place(folder, remote)
    what = f"run {run}" if run else f"{target}: its workshop"
    with locks.locked(place.with_suffix(".lock"), what, wait) as descriptor:
        shop = Workshop(place, remote, target, (descriptor,))
        shop.mend()
        try:
            yield shop
        finally:
            shop.close()


@contextmanager
def seen(folder: Path, remote: Remote, target: str, *, wait: float) -> Iterator[Workshop]:
    """Give the workshop of a repository to read in for the block.

    Where another process keeps it for longer than `wait` seconds it is a copy, whose `writer` says who that is.
    """
    place = _place(folder, remote)
    with ExitStack() as stack:
        try:
            shop = stack.enter_context(opened(folder, remote, target, wait=wait))
        except Busy:
            writer = locks.doing(place.with_suffix(".lock"))
            copy = stack.enter_context(looks.copied(place, folder))
            shop = Workshop(copy, remote, target, (), writer=writer)
            shop.mend()
        yield shop


def unheld(folder: Path, remote: Remote, target: str) -> Workshop:
    """Return the workshop without holding it: good for looking at what is remembered, and for nothing else."""
    return Workshop(_place(folder, remote), remote, target, ())


def _place(folder: Path, remote: Remote) -> Path:
    identity = addresses.identity(remote.url)
    return Path(f"{folder}/workshops/{state_folder.slug(identity)}-{state_folder.key(identity)}")


class Workshop(Store):
    """One repository's store at work for one target."""

    def __init__(self, place: Path, remote: Remote, target: str, held: tuple[int, ...], writer: str = "") -> None:
        """Work at a place; `writer` says who writes to what it is a copy of."""
        super().__init__(place, remote, held)
        self.writer = writer
        self.target = target
        self._made: dict[str, bytes] = {}  # the commit that was just built, and its pack
        self._pending_ref = f"{_PENDING}/{state_folder.key(target, remote.branch)}"

    # --- healing

    def mend(self) -> None:
        """Have the store whole, or none, whatever a killed run, a full disk or a power cut left of it."""
        if os.path.lexists(self.place):
            self.clear()
            if not self.is_whole():
                self.renew()

    def renew(self) -> None:
        """Throw the store away, to be fetched again; what waits in it for a push is taken over if it is readable."""
        waiting = [kept for ref in self._pending_refs() if (kept := self._salvaged(ref)) is not None]
        believed = self.memo().believed
        self.reset()
        if waiting:
            self._ready(len(waiting[0].commit))
            # What is below their parents is not here, so that git must not look for it.
            ends = "".join(sorted({f"{kept.parent}\n" for kept in waiting}))
            write_whole(self.place / "shallow", ends.encode(), durable=False)
        for kept in waiting:
            pack_write.write(self.place / "objects", kept.objects, len(kept.commit), promisor=True)
            self.set_ref(kept.ref, kept.commit, durable=True)
        if believed:
            self.memory.remember(believed=believed)

    def _pending_refs(self) -> list[str]:
        try:
            return [f"{_PENDING}/{name}" for name in os.listdir(f"{self.place}/{_PENDING}")]
        except OSError:
            return []

    def _salvaged(self, ref: str) -> _Salvaged | None:
        """Return what is readable of a commit that waits; None where a part of it is damaged."""
        commit = self.ref(ref)
        if commit is None:
            return None
        here = Packs(self.place / "objects", len(commit), lenient=True)
        try:
            noting = _Noting(here)
            found = self._pending_in(noting, commit)
            return None if found is None else _Salvaged(ref, commit, found.parent, tuple(noting.noted.values()))
        except (GitError, OSError):
            return None
        finally:
            here.close()

    # --- reading

    def snapshot(
        self,
        tip: str,
        wanted: Iterable[PurePosixPath],
        known: Iterable[bytes],
        *,
        network: bool,
        merged: Collection[PurePosixPath] = (),
    ) -> Snapshot:
        """Return the managed paths at an upstream commit, and what rollout last wrote there.

        `known` are contents that may well be there already: whoever has the same id needs no transfer. Of the
        `merged` paths all that rollout ever wrote is read.
        """
        managed = list(wanted)
        contents = {git_id(content, len(tip)): content for content in known}
        with self.objects(tip) as objects:
            tree = Tree(objects, tip)
            entries = {path: tree.at(path) for path in managed}
            attribute_files = tree.attribute_files(managed)
            settled = all(isinstance(e, Blob) and e.id in contents for e in entries.values())
            past = self._history(tip, network=network and not settled)
            needed = {e.id for e in entries.values() if isinstance(e, Blob)} | set(attribute_files.values())
            needed |= history.blobs_of(past, managed, merged)
            needed |= {e.link for e in entries.values() if isinstance(e, Obstacle) and e.link and network}
            self._read_blobs(objects, needed - set(contents), contents, network=network)
            notes = {path: note for path, note in by_path(self.memo().noted).items() if path in entries}
            contents |= self._blobs_here(objects, [n.entry[1] for n in notes.values() if n.entry], contents)
            wrote = ((path, history.written(past[path], contents, self.target)) for path in managed if path in past)
            written = {path: last for path, last in wrote if last is not None}
            written |= self._orphans(past, entries, tree)
            for path, note in notes.items():
                written[path] = noted.written(note, past.get(path, []), written.get(path), contents)
        rules = [
            attributes.parse(contents.get(blob, b""), folder)
            for folder, blob in sorted(attribute_files.items(), key=lambda item: item[0].count("/") + bool(item[0]))
        ]
        line_ends: dict[PurePosixPath, str] = {}
        files: dict[PurePosixPath, File | Obstacle | None] = {}
        for path, entry in entries.items():
            found = attributes.lookup(rules, str(path))
            line_ends[path] = conversion(found)
            foreign = attributes.foreign(found)
            if foreign:
                files[path] = Obstacle(f"under the attribute {foreign}")
            else:
                files[path] = file(entry, contents)
        return Snapshot(tip, files, written, line_ends, self.memo().newest)

    def _blobs_here(self, objects: Objects, names: Iterable[str], known: Container[str]) -> dict[str, bytes]:
        """Return the contents of those blobs that are here: nothing is fetched for them."""
        found = ((name, objects.read(name)) for name in names if name not in known)
        return {name: blob[2] for name, blob in found if blob is not None}

    def _orphans(
        self, past: History, managed: Container[PurePosixPath], tree: Tree
    ) -> Iterator[tuple[PurePosixPath, Written]]:
        """Yield the files of ours that no template names any more; of them, only that they are there counts."""
        for path, touches in past.items():
            mine = history.own(touches)
            if path not in managed and mine and mine[0].target == self.target and isinstance(tree.at(path), Blob):
                yield path, Written(File(b""), mine[0].commit)

    def _read_blobs(
        self, objects: Objects, needed: Iterable[str], contents: dict[str, bytes], *, network: bool
    ) -> None:
        """Add the contents of blobs; those that are not here come in one transfer."""
        missing = []
        for name in needed:
            found = objects.read(name)
            if found is None:
                missing.append(name)
            else:
                contents[name] = found[2]
        if not missing:
            return
        if not network:
            raise Unreachable("file contents that were never fetched are needed; rollout status --fetch fetches them")
        self.fetch_objects(missing)
        for name in missing:
            found = objects.read(name)
            if found is None:
                raise GitError(f"the remote did not send object {name}")
            contents[name] = found[2]

    # --- history: what rollout wrote

    def _history(self, tip: str, *, network: bool) -> History:
        """Return what rollout's own commits did to each path, newest first, as far as it is known or can be."""
        memo = self.memo()
        known, searched = by_path(memo.history), memo.searched
        if searched == tip:
            return known
        if searched and self._only_others_since(searched, tip):
            self.memory.remember(searched=tip)
            return known
        if searched and self.reaches(searched, tip):
            new = self._own_commits(f"{searched}..{tip}")
            found = history.joined(history.recalled(history.by_path(new), self._waiting()), known)
            newest = history.newest_of(new) or memo.newest
        elif network:
            if (self.place / "shallow").exists():
                self.transfer("--unshallow", "--filter=tree:0", self.refspec)
                self.memory.remember(tip=self.ref(self.upstream_ref))
            new = self._own_commits(tip)
            found = history.recalled(history.by_path(new), history.joined(known, self._waiting()))
            newest = history.newest_of(new)
        else:
            return known
        self.memory.remember(searched=tip, history=by_name(found), newest=newest, sealed=True)
        self._forget_notes(tip)
        return found

    def _forget_notes(self, tip: str) -> None:
        """Forget the notes of files that a commit of ours has written since, on whatever machine."""
        notes = by_path(self.memo().noted)
        kept: Notes = notes
        for commit in {note.commit for note in notes.values()}:
            if commit != tip and self.reaches(commit, tip):
                since = [path for path, touch in self._own_commits(f"{commit}..{tip}") if touch.ours]
                kept = noted.without(kept, since, commit)
        if kept != notes:
            self.memory.remember(noted=by_name(kept))

    def note(self, commit: str, files: Mapping[PurePosixPath, File]) -> None:
        """Take files that others wrote just as they should be for ours from this upstream commit on."""
        if not files:
            return
        with self.objects(commit) as objects:
            new = {git_id(f.content, len(commit)): f.content for f in files.values()}
            missing = [("blob", content) for name, content in new.items() if objects.read(name) is None]
        if missing:
            pack_write.write(self.place / "objects", missing, len(commit))
        notes = {**by_path(self.memo().noted), **noted.taken(commit, files)}
        self.memory.remember(noted=by_name(notes))

    def deepen(self) -> bool:
        """Fetch some more commits of the past, and nothing else of them; tell whether there are more now."""
        if not (self.place / "shallow").exists():
            return False
        try:
            self.transfer(f"--deepen={_DEEPER}", "--filter=tree:0", self.remote.ref)
        except Unreachable:
            return False
        return True

    def _waiting(self) -> History:
        """Return what the commit of ours that waits does: upstream may have got it as somebody amended it."""
        waiting = self.pending()
        if waiting is None:
            return {}
        run, _ = messages.run_and_target(waiting.message)
        return {
            path: [self._touch(waiting.commit, before, after, waiting.merged.get(str(path)), run)]
            for path, (before, after) in waiting.files.items()
        }

    def _touch(
        self, commit: str, before: File | None, after: File | None, merged: str | None, run: str | None
    ) -> Touch:
        entries = history.entry_of(before, commit), history.entry_of(after, commit)
        return Touch(commit, self.target, *entries, merged, run or "")

    def _only_others_since(self, searched: str, tip: str) -> bool:
        """Tell whether a plain line of other people's commits leads from one commit to the other: no need of git."""
        with self.objects(tip) as objects:
            current = tip
            for _ in range(_WALKED):
                found = objects.read(current)
                if found is None or b"\nRollout-Run: " in found[2]:
                    return False
                parents, _ = messages.parts(found[2])
                if len(parents) != 1:
                    return False
                current = parents[0]
                if current == searched:
                    return True
        return False

    # --- what was found

    def was_in_sync(self, asked: str) -> bool:
        """Tell whether the last look at these very templates found nothing to change."""
        remembered = self.memo().in_sync
        return remembered is not None and remembered.asked == f"{self.target}:{asked}"

    def known_in_sync(self, tip: str, asked: str) -> InSync | None:
        """Return the findings of an earlier look at the very same, if that found nothing to change."""
        return in_sync.from_memo(self.memo().in_sync, tip, f"{self.target}:{asked}")

    def keep_in_sync(self, found: InSync, asked: str) -> None:
        self.memory.remember(in_sync=in_sync.as_memo(found, f"{self.target}:{asked}"))

    def changed_since(self, commit: str, tip: str, path: PurePosixPath) -> list[str]:
        """Return who changed a path after one of our commits: short id, author and subject, newest first."""
        listed = contact.run(
            self.git.with_options(GIT_NO_LAZY_FETCH="0"), self.remote.url, self.remote.access,
            "log", "--no-renames", "--no-color", "--format=%h %an: %s", f"{commit}..{tip}", "--", str(path), ok=(),
        )  # fmt: skip
        return listed.out.decode("utf-8", "replace").splitlines() if listed.code == 0 else []

    def _own_commits(self, revisions: str) -> list[tuple[PurePosixPath, Touch]]:
        """Search commits for our trailers, newest first; trees that only the remote has are fetched in one transfer."""
        result = self.git.attempt(*history.LOG, revisions, "--")
        if result.code:
            self._fetch_trees(revisions)
            result = self.git.run(*history.LOG, revisions, "--")
        touches: list[tuple[PurePosixPath, Touch]] = []
        for name, moved in history.parse_log(result.out):
            with self.objects(name) as objects:
                found = objects.read(name)
            if found is not None:
                touches += history.touches_of(name, found[2], moved)
        return touches

    def _fetch_trees(self, revisions: str) -> None:
        listed = self.git.run("log", "--grep=^Rollout-Run: ", "--format=%H %P", revisions, "--")
        named = {name for line in listed.out.decode().splitlines() for name in line.split()[:2]}
        with self.git.objects() as objects:
            found = [objects.read(commit) for commit in sorted(named)]
        trees = {item[2].split(b"\n", 1)[0].split()[1].decode() for item in found if item and item[1] == "commit"}
        self.fetch_objects(sorted(trees))

    # --- our commit that waits

    def pending_commit(self) -> str | None:
        return self.ref(self._pending_ref)

    def pending(self, commit: str | None = None) -> Pending | None:
        """Return our own commit that waits to be pushed, if there is one and it can be read."""
        name = commit or self.pending_commit()
        if name is None:
            return None
        try:
            return self._pending(name)
        except GitError:
            return None

    def _pending(self, name: str) -> Pending | None:
        with self.objects(name) as objects:
            return self._pending_in(objects, name)

    def _pending_in(self, objects: Objects, name: str) -> Pending | None:
        found = objects.read(name)
        if found is None or found[1] != "commit":
            return None
        parents, text = messages.parts(found[2])
        if len(parents) != 1 or objects.read(parents[0]) is None:
            return None
        moved = difference(Tree(objects, parents[0]), Tree(objects, name))
        files = {path: (self._blob(objects, before), self._blob(objects, after)) for path, before, after in moved}
        return Pending(name, parents[0], text, dict(sorted(files.items())), messages.merged(text))

    def _blob(self, objects: Objects, entry: tuple[str, str] | None) -> File | None:
        if entry is None:
            return None
        mode, name = entry
        found = objects.read(name)
        return File(found[2] if found else b"", mode == "100755")

    def drop_pending(self) -> None:
        (self.place / self._pending_ref).unlink(missing_ok=True)

    def pin(self, commit: str) -> None:
        self.set_ref(self._pending_ref, commit)

    def keep(self, commit: str) -> None:
        """Have the commit that waits on the disk, now that it stays here: before a push nobody relies on its ref."""
        if self.pending_commit() == commit:
            self.set_ref(self._pending_ref, commit, durable=True)

    def made(self, commit: str) -> dict[PurePosixPath, tuple[File | None, File | None]]:
        """Return the files before and after one of our commits, fetching what is not here any more."""
        listed = self.git.run("diff-tree", "-r", "-z", "--raw", "--no-renames", "--no-abbrev", f"{commit}^", commit)
        entries = list(history.raw_entries(listed.out.decode("utf-8", "surrogateescape").strip("\0")))
        needed = {entry[1] for _, before, after in entries for entry in (before, after) if entry}
        contents: dict[str, bytes] = {}
        with self.objects(commit) as objects:
            self._read_blobs(objects, needed, contents, network=True)
        return {
            path: (history.entry_file(before, contents), history.entry_file(after, contents))
            for path, before, after in entries
        }

    def adopt(self, top: Path, branch: str, commit: str) -> None:
        """Take in our own commit from the person's repository, where an earlier run left it."""
        self.fetch_from(top, f"refs/heads/{branch}", self._pending_ref)
        if self.pending_commit() != commit:
            self.drop_pending()

    def pushed(self, commit: str, parent: str, changes: Iterable[Change]) -> None:
        """Know what we just put upstream without asking for it again."""
        memo = self.memo()
        planned = list(changes)
        with self.objects(commit) as objects:
            found = objects.read(commit)
        run = messages.run_and_target(messages.parts(found[2])[1])[0] if found is not None else None
        self.set_ref(self.upstream_ref, commit)
        self.note_asked()
        notes = noted.without(by_path(memo.noted), [change.path for change in planned])
        if memo.searched == parent:
            new = {c.path: [self._touch(commit, c.before, c.after, c.template, run)] for c in planned}
            past = history.joined(new, by_path(memo.history))
            self.memory.remember(searched=commit, history=by_name(past))
        self.memory.remember(tip=commit, newest=commit, believed=commit, noted=by_name(notes))
        self.drop_pending()

    def keep_pushed(self, commit: str, step: Step) -> None:
        """Remember that a step is in sync at this upstream commit, which holds every one of its changes."""
        if not step.asked or any(change.template or not change.decided for change in step.changes):
            return
        with self.objects(commit) as objects:
            tree = Tree(objects, commit)
            there = {path: tree.at(path) for path in step.managed}
        after = {change.path: fingerprint(change.after) for change in step.changes}
        entries = {path: (e.mode, e.id) if isinstance(e, Blob) else None for path, e in there.items()}
        if not any(isinstance(entry, Obstacle) for entry in there.values()):
            managed = {**step.managed, **after}
            number = step.in_sync + len(step.changes)
            found = Findings(commit, (), managed, number, step.warnings, step.orphans, commit)
            self.keep_in_sync(InSync(found, entries), step.asked)

    # --- building

    def build(self, base: str, changes: Iterable[Change], run: Run, identity: Identity, message: str) -> str:
        """Make the commit on `base` whose difference to it is exactly these changes, and pin it; return its id."""
        planned = list(changes)
        with self.objects(base) as objects:
            found = objects.read(base)
            if found is None:
                raise GitError(f"commit {base} is not in the workshop")
            when = messages.dated(run.epoch, found[2])
            built = build.commit(Tree(objects, base), self.remote.branch, planned, identity, message, when)
            _, pack = pack_write.write(self.place / "objects", built.objects, len(base))
            self._verify(objects, base, built.commit, planned)
        if identity.sign:
            return self._signed(built.commit, base, identity, built.message, when)
        self.pin(built.commit)
        self._made = {built.commit: pack}
        return built.commit

    def _verify(self, objects: Objects, base: str, commit: str, planned: list[Change]) -> None:
        """Hold the commit, as it came to stand on the disk, against the plan: not one path or byte more or less."""
        made = {path: after for path, _, after in difference(Tree(objects, base), Tree(objects, commit))}
        wanted = {
            c.path: None if c.after is None else (c.after.mode, git_id(c.after.content, len(base))) for c in planned
        }
        if made != wanted:
            odd = sorted(str(p) for p in made.keys() ^ wanted.keys()) or sorted(
                str(p) for p in made if made[p] != wanted[p]
            )
            raise GitError(f"the commit would not be the plan; differing: {', '.join(odd[:5])}")
        for change in planned:
            after = made[change.path]
            if after is not None and objects.read(after[1]) is None:
                raise GitError(f"the commit would not be the plan; missing: {change.path}")

    def _signed(self, commit: str, base: str, identity: Identity, message: str, when: int) -> str:
        """Make the same commit with the person's signature; it fails rather than go unsigned."""
        signing = self.git.with_options(
            *identity.signing,
            "core.fsync=all",  # its pin may be relied on, and git flushes no loose object unless it is told to
            GIT_AUTHOR_NAME=identity.author.name,
            GIT_AUTHOR_EMAIL=identity.author.email,
            GIT_COMMITTER_NAME=identity.committer.name,
            GIT_COMMITTER_EMAIL=identity.committer.email,
            GIT_AUTHOR_DATE=f"{when} +0000",
            GIT_COMMITTER_DATE=f"{when} +0000",
        )
        try:
            made = signing.run(
                "commit-tree", "-S", f"{commit}^{{tree}}", "-p", base, stdin=message.encode(), limit=60.0
            )
        except GitError as error:
            self.drop_pending()
            raise GitError(f"the commit could not be signed (commit.gpgsign is set): {error}") from error
        name = made.out.decode().strip()
        self.pin(name)
        return name

    # --- pushing

    def push(self, commit: str, base: str) -> Result:
        """Push exactly that commit to exactly that branch, if it is still at `base`; only `ask` knows the outcome."""
        beside, limit = self.remote.beside, self.remote.access.transfer_limit
        if beside is not None and git_folder.bare(beside) is not None:
            pack = self._made.get(commit) or self.pack(commit, base)
            return receive_pack.push(self.git, beside, self.remote.ref, base, commit, pack, limit)
        return self._push_far(commit, base, limit) or contact.run(
            self.git,
            self.remote.url,
            self.remote.access,
            "push",
            "--porcelain",
            "--no-verify",
            "--no-signed",
            "--no-follow-tags",
            "--no-thin",
            "--recurse-submodules=no",
            f"--force-with-lease={self.remote.ref}:{base}",
            "--end-of-options",
            self.remote.url,
            f"{commit}:{self.remote.ref}",
            limit=limit,
            ok=(),
        )

    def _push_far(self, commit: str, base: str, limit: float) -> Result | None:
        """Push over a connection that is open; None where there is none, or git had better do it."""
        if not self.remote.literal:
            return None
        try:
            pack = self._made.get(commit) or self.pack(commit, base)
        except GitError:
            return None
        with contact.session(self.remote.url, self.remote.access, "git-receive-pack", {}, limit) as session:
            return None if session is None else receive_pack.push_far(session, self.remote.ref, base, commit, pack)

    def contains(self, commit: str, tip: str) -> bool:
        """Tell whether upstream's `tip` has our commit in its history, as far as it was fetched."""
        return self.reaches(commit, tip)

    def parent(self, commit: str) -> str | None:
        """Return the one commit below another, or None where there is not one, or it is not known here."""
        with self.objects(commit) as objects:
            found = objects.read(commit)
        parents = messages.parts(found[2])[0] if found is not None else []
        return parents[0] if len(parents) == 1 else None

    def pack(self, commit: str, base: str) -> bytes:
        """Return our commit on `base` and what it alone brings, as a pack."""
        with self.objects(commit) as objects:
            return pack_write.packed(build.brought(objects, base, commit), len(commit))
