"""Rollout's own bare, shallow, blobless store of a repository: where upstream is read and commits are built."""

from __future__ import annotations

import json
import re
import shutil
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from rollout import addresses, attributes, git, locks, places
from rollout.git import Access, Git, GitError, Objects
from rollout.model import Change, File, Identity, Obstacle, Run, Snapshot, Written
from rollout.trees import Blob, Tree, git_id

_REMOTE = "rollout-upstream"  # a name that no person's global configuration speaks of
_ID = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?\Z")
_MEMO = "rollout.json"
_MAX_PACKS = 50


class Unreachable(GitError):
    """The remote did not answer, or said no to being asked."""


class NoBranch(GitError):
    """The remote answered, and it has no such branch."""


@dataclass(frozen=True, slots=True)
class Remote:
    """Where upstream is: an address git may be given, and what contacting it needs."""

    url: str
    branch: str
    access: Access = field(default_factory=Access)

    @property
    def ref(self) -> str:
        return f"refs/heads/{self.branch}"


@dataclass(frozen=True, slots=True)
class Touch:
    """One path in one of rollout's commits: ids and modes before and after; None where there was no file."""

    commit: str
    target: str
    before: tuple[str, str] | None
    after: tuple[str, str] | None
    merged: str | None = None


@dataclass(frozen=True, slots=True)
class Pending:
    """Our own commit that is not upstream: it, its parent, and the files before and after."""

    commit: str
    parent: str
    message: str
    files: Mapping[PurePosixPath, tuple[File | None, File | None]]
    merged: Mapping[str, str] = field(default_factory=dict)

    @property
    def subject(self) -> str:
        return self.message.split("\n", 1)[0]


def ask(remote: Remote) -> str:
    """Return the commit upstream's branch is at now.

    Raises NoBranch where the remote has no such branch, Unreachable where it does not answer.
    """
    try:
        result = (
            Git()
            .with_access(remote.access)
            .run("ls-remote", "--quiet", "--end-of-options", remote.url, remote.ref, limit=remote.access.ask_limit)
        )
    except GitError as error:
        raise Unreachable(str(error)) from error
    for line in result.out.decode("utf-8", "replace").splitlines():
        commit, _, ref = line.partition("\t")
        if ref == remote.ref and _ID.match(commit):
            return commit
    raise NoBranch(f"the remote has no branch {remote.branch!r}; create it first, rollout creates none")


@contextmanager
def opened(folder: Path, remote: Remote, target: str, *, wait: float = 60.0) -> Iterator[Workshop]:
    """Hold the workshop of a repository for the block; raise Busy when another process keeps it."""
    name = f"{places.slug(addresses.identity(remote.url))}-{places.key(addresses.identity(remote.url))}"
    place = folder / "workshops" / name
    with locks.locked(place.with_suffix(".lock"), f"{target}: its workshop", wait) as descriptor:
        yield Workshop(place, remote, target, (descriptor,))


class Workshop:
    """One repository's store, while its lock is held."""

    def __init__(self, place: Path, remote: Remote, target: str, held: tuple[int, ...]) -> None:
        self.place = place
        self.remote = remote
        self.target = target
        self.git = Git(place, held=held)
        self._upstream_ref = f"refs/rollout/upstream/{places.key(remote.branch)}"
        self._pending_ref = f"refs/rollout/pending/{places.key(target, remote.branch)}"
        self._memo_key = places.key(remote.branch)

    # --- what is known

    def tip(self) -> str | None:
        """Return the upstream commit that was last fetched whole."""
        known: str | None = self._branch_memo().get("tip")
        return known if known and self._ref(self._upstream_ref) == known else None

    def fetched_at(self) -> float | None:
        """Return when upstream was last asked, in seconds since the epoch."""
        return self._branch_memo().get("asked_at")

    def pending_commit(self) -> str | None:
        return self._ref(self._pending_ref)

    def _ref(self, name: str) -> str | None:
        try:
            text = (self.place / name).read_text().strip()
        except (OSError, UnicodeDecodeError):
            return None
        return text if _ID.match(text) else None

    def _memo(self) -> dict[str, Any]:
        return places.read_json(self.place / _MEMO)

    def _branch_memo(self) -> dict[str, Any]:
        found = self._memo().get(self._memo_key, {})
        return found if isinstance(found, dict) else {}

    def _remember(self, **values: Any) -> None:
        memo = self._memo()
        memo[self._memo_key] = {**self._branch_memo(), "branch": self.remote.branch, **values}
        places.write_whole(self.place / _MEMO, json.dumps(memo).encode(), durable=False)

    # --- fetching

    def fetch(self, tip: str) -> str:
        """Have upstream's commit and its trees here; return the commit, which may be newer than `tip`.

        Raises Unreachable when the remote stops answering.
        """
        if self.tip() == tip:
            self._remember(asked_at=time.time())
            return tip
        self._ready(len(tip))
        depth = () if self._ref(self._upstream_ref) else ("--depth=1",)
        self._fetch(*depth, "--filter=blob:none", f"+{self.remote.ref}:{self._upstream_ref}")
        now = self._ref(self._upstream_ref)
        if now is None:
            raise NoBranch(f"the remote has no branch {self.remote.branch!r} any more")
        self._remember(tip=now, asked_at=time.time())
        return now

    def _fetch(self, *arguments: str, stdin: bytes = b"", quiet: bool = True) -> None:
        extra = ("--stdin",) if stdin else ()
        try:
            self.git.with_access(self.remote.access).run(
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
                limit=self.remote.access.transfer_limit,
            )
        except GitError as error:
            raise Unreachable(str(error)) from error

    def _ready(self, id_size: int) -> None:
        """Make the store when it is missing, and take away what a killed process left in it.

        We hold the lock and so does every git process started here, so whatever lock lies about is nobody's.
        """
        config = self._config(id_size)
        if not (self.place / "objects").is_dir() or self._text("config") != config:
            if self._text("config") not in {"", config} and f"objectFormat = {_format(id_size)}" not in self._text(
                "config"
            ):
                shutil.rmtree(self.place)
            for folder in ("objects/info", "objects/pack", "refs/heads", "refs/rollout"):
                (self.place / folder).mkdir(parents=True, exist_ok=True, mode=0o700)
            places.write_whole(self.place / "config", config.encode(), durable=False)
            places.write_whole(self.place / "HEAD", b"ref: refs/heads/none\n", durable=False)
        for stale in (*self.place.glob("*.lock"), *self.place.glob("refs/**/*.lock")):
            stale.unlink(missing_ok=True)
        for left in (*self.place.glob("objects/pack/tmp_*"), *self.place.glob("fast_import_crash_*")):
            left.unlink(missing_ok=True)
        self._tidy()

    def _text(self, name: str) -> str:
        try:
            return (self.place / name).read_text()
        except (OSError, UnicodeDecodeError):
            return ""

    def _config(self, id_size: int) -> str:
        url = self.remote.url.replace("\\", "\\\\").replace('"', '\\"')
        return (
            "[core]\n\trepositoryFormatVersion = 1\n\tbare = true\n\tfilemode = true\n"
            f"[extensions]\n\tpartialClone = {_REMOTE}\n\tobjectFormat = {_format(id_size)}\n"
            f'[remote "{_REMOTE}"]\n\turl = "{url}"\n\tpromisor = true\n\tpartialCloneFilter = blob:none\n'
        )

    def _tidy(self) -> None:
        packs = len(list(self.place.glob("objects/pack/*.pack")))
        if packs > _MAX_PACKS:
            self.git.attempt("repack", "-a", "-d", "-q", limit=self.remote.access.transfer_limit)

    def reset(self) -> None:
        """Throw the store away: it holds nothing that cannot be fetched or built again, but for a pinned commit."""
        shutil.rmtree(self.place, ignore_errors=True)

    # --- reading

    def snapshot(self, tip: str, wanted: Iterable[PurePosixPath], known: Iterable[bytes], *, network: bool) -> Snapshot:
        """Return the managed paths at an upstream commit, and what rollout last wrote there.

        `known` are contents that may well be there already: whoever has the same id needs no transfer.
        """
        managed = list(wanted)
        contents = {git_id(content, len(tip)): content for content in known}
        with self.git.objects() as objects:
            tree = Tree(objects, tip)
            entries = {path: tree.at(path) for path in managed}
            attribute_files = tree.attribute_files(managed)
            settled = all(isinstance(e, Blob) and e.id in contents for e in entries.values())
            history = self._history(tip, network=network and not settled)
            needed = {e.id for e in entries.values() if isinstance(e, Blob)} | set(attribute_files.values())
            needed |= _history_ids(history, managed, entries)
            self._read_blobs(objects, needed - set(contents), contents, network=network)
            written = {path: _written(history[path], contents) for path in managed if path in history}
            for path, touches in history.items():
                if path not in written and touches[0].target == self.target and isinstance(tree.at(path), Blob):
                    written[path] = Written(File(b""), touches[0].commit)  # an orphan: only that it is there counts
        rules = [
            attributes.parse(contents.get(blob, b""), folder)
            for folder, blob in sorted(attribute_files.items(), key=lambda item: item[0].count("/") + bool(item[0]))
        ]
        line_ends: dict[PurePosixPath, str] = {}
        files: dict[PurePosixPath, File | Obstacle | None] = {}
        for path, entry in entries.items():
            found = attributes.lookup(rules, str(path))
            line_ends[path] = attributes.conversion(found)
            foreign = attributes.foreign(found)
            if foreign:
                files[path] = Obstacle(f"under the attribute {foreign}")
            else:
                files[path] = _file(entry, contents)
        return Snapshot(tip, files, written, line_ends, self._branch_memo().get("newest"))

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
            raise Unreachable("file contents that were never fetched are needed; run it once without --offline")
        self.fetch_objects(missing)
        for name in missing:
            found = objects.read(name)
            if found is None:
                raise GitError(f"the remote did not send object {name}")
            contents[name] = found[2]

    def fetch_objects(self, names: Iterable[str]) -> None:
        self._fetch("--filter=blob:none", stdin="".join(f"{name}\n" for name in names).encode())

    # --- history: what rollout wrote

    def _history(self, tip: str, *, network: bool) -> dict[PurePosixPath, list[Touch]]:
        """Return what rollout's own commits did to each path, newest first, as far as it is known or can be."""
        memo = self._branch_memo()
        searched = memo.get("searched")
        if searched == tip:
            return _touches(memo)
        if searched and self._reaches(searched, tip):
            new = self._own_commits(f"{searched}..{tip}")
            history = _joined(new, _touches(memo))
            newest = _newest(new) or memo.get("newest")
        elif network:
            if (self.place / "shallow").exists():
                self._fetch("--unshallow", "--filter=tree:0", f"+{self.remote.ref}:{self._upstream_ref}")
                self._remember(tip=self._ref(self._upstream_ref))
            history = self._own_commits(tip)
            newest = _newest(history)
        else:
            return _touches(memo)
        self._remember(searched=tip, history=_as_memo(history), newest=newest)
        return history

    def changed_since(self, commit: str, tip: str, path: PurePosixPath) -> list[str]:
        """Return who changed a path after one of our commits: short id, author and subject, newest first."""
        listed = self.git.with_options(GIT_NO_LAZY_FETCH="0").with_access(self.remote.access).attempt(
            "log", "--no-renames", "--no-color", "--format=%h %an: %s", f"{commit}..{tip}", "--", str(path)
        )  # fmt: skip
        return listed.out.decode("utf-8", "replace").splitlines() if listed.code == 0 else []

    def _reaches(self, old: str, new: str) -> bool:
        return self.git.attempt("merge-base", "--is-ancestor", old, new).code == 0

    def _own_commits(self, revisions: str) -> dict[PurePosixPath, list[Touch]]:
        """Search commits for our trailers; trees that only the remote has are fetched in one transfer."""
        arguments = (
            "log", "--no-renames", "--no-abbrev", "--raw", "-r", "-z", "--diff-merges=off", "--no-color",
            "--grep=^Rollout-Run: ", "--format=" + "%x1e%H%x1f" + "%x1f".join(
                f"%(trailers:key={name},valueonly,separator=%x1d)"
                for name in ("Rollout-Run", "Rollout-Target", "Rollout-Merged")
            ) + "%x1f",
        )  # fmt: skip
        result = self.git.attempt(*arguments, revisions, "--")
        if result.code:
            self._fetch_trees(revisions)
            result = self.git.run(*arguments, revisions, "--")
        return _parse_log(result.out)

    def _fetch_trees(self, revisions: str) -> None:
        listed = self.git.run("log", "--grep=^Rollout-Run: ", "--format=%H %P", revisions, "--")
        commits = {name for line in listed.out.decode().splitlines() for name in line.split()[:2]}
        with self.git.objects() as objects:
            found = [objects.read(commit) for commit in sorted(commits)]
        trees = {item[2].split(b"\n", 1)[0].split()[1].decode() for item in found if item and item[1] == "commit"}
        self.fetch_objects(sorted(trees))

    # --- our commit that waits

    def pending(self, commit: str | None = None) -> Pending | None:
        """Return our own commit that waits to be pushed, if there is one and it can be read."""
        name = commit or self.pending_commit()
        if name is None:
            return None
        result = self.git.attempt(
            "log", "-1", "--raw", "-r", "-z", "--no-renames", "--no-abbrev", "--no-color",
            "--format=%H%x1f%P%x1f%B%x1f%(trailers:key=Rollout-Merged,valueonly,separator=%x1d)%x1f", name, "--",
        )  # fmt: skip
        if result.code:
            return None
        commit_id, parent, text, merged, raw = result.out.decode("utf-8", "surrogateescape").split("\x1f", 4)
        files: dict[PurePosixPath, tuple[File | None, File | None]] = {}
        with self.git.objects() as objects:
            for path, before, after in _raw(raw.strip("\0\n")):
                files[path] = (self._blob(objects, before), self._blob(objects, after))
        return Pending(commit_id, parent, text, files, _merged_trailers(merged))

    def _blob(self, objects: Objects, entry: tuple[str, str] | None) -> File | None:
        if entry is None:
            return None
        mode, name = entry
        found = objects.read(name)
        return File(found[2] if found else b"", mode == "100755")

    def drop_pending(self) -> None:
        (self.place / self._pending_ref).unlink(missing_ok=True)

    def pin(self, commit: str) -> None:
        self._set(self._pending_ref, commit)

    def _set(self, ref: str, commit: str) -> None:
        """Write a ref of our own store, whose lock we hold."""
        places.write_whole(self.place / ref, f"{commit}\n".encode(), durable=False)

    def made(self, commit: str) -> dict[PurePosixPath, tuple[File | None, File | None]]:
        """Return the files before and after one of our commits, fetching what is not here any more."""
        listed = self.git.run("diff-tree", "-r", "-z", "--raw", "--no-renames", "--no-abbrev", f"{commit}^", commit)
        entries = list(_raw(listed.out.decode("utf-8", "surrogateescape").strip("\0")))
        needed = {entry[1] for _, before, after in entries for entry in (before, after) if entry}
        contents: dict[str, bytes] = {}
        with self.git.objects() as objects:
            self._read_blobs(objects, needed, contents, network=True)
        return {path: (_entry_file(before, contents), _entry_file(after, contents)) for path, before, after in entries}

    def adopt(self, top: Path, branch: str, commit: str) -> None:
        """Take in our own commit from the person's repository, where an earlier run left it."""
        self._fetch_from(top, f"refs/heads/{branch}", self._pending_ref)
        if self.pending_commit() != commit:
            self.drop_pending()

    def seed(self, top: Path, ref: str, commit: str) -> None:
        """Learn upstream from what the person's repository last heard of it: no network."""
        self._ready(len(commit))
        self._fetch_from(top, ref, self._upstream_ref)
        found = self._ref(self._upstream_ref)
        if found is not None:
            self._remember(tip=found)

    def _fetch_from(self, top: Path, ref: str, to: str) -> None:
        self.git.attempt(
            "fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules",
            "--no-auto-maintenance", "--refmap=", "--update-shallow", "--end-of-options", str(top), f"+{ref}:{to}",
        )  # fmt: skip

    def pushed(self, commit: str, changes: Iterable[Change]) -> None:
        """Know what we just put upstream without asking for it again."""
        memo = self._branch_memo()
        self._set(self._upstream_ref, commit)
        values: dict[str, Any] = {"tip": commit, "asked_at": time.time(), "newest": commit}
        pending = self.pending(commit)
        if pending is not None and memo.get("searched") == pending.parent:
            new = {
                c.path: [Touch(commit, self.target, _pair_of(c.before, commit), _pair_of(c.after, commit), c.template)]
                for c in changes
            }
            values |= {"searched": commit, "history": _as_memo(_joined(new, _touches(memo)))}
        self._remember(**values)
        self.drop_pending()

    # --- building

    def build(self, base: str, changes: Iterable[Change], run: Run, identity: Identity, message: str) -> str:
        """Make the commit on `base` whose difference to it is exactly these changes, and pin it; return its id."""
        planned = list(changes)
        with self.git.objects() as objects:
            found = objects.read(base)
        if found is None:
            raise GitError(f"commit {base} is not in the workshop")
        when = max(run.epoch, _committed_at(found[2]) + 1)
        stream = _import_stream(self._pending_ref, base, planned, identity, message, when)
        self.git.with_options("fastimport.unpackLimit=1").run(
            "fast-import", "--quiet", "--force", "--done", "--date-format=raw", stdin=stream
        )
        commit = self._ref(self._pending_ref)
        if commit is None:
            raise GitError("the commit was not made")
        self._verify(base, commit, planned)
        if identity.sign:
            commit = self._signed(commit, base, identity, message, when)
        return commit

    def _verify(self, base: str, commit: str, planned: list[Change]) -> None:
        """Hold the commit against the plan: not one path more or less, not one byte different."""
        raw = self.git.run("diff-tree", "-r", "-z", "--raw", "--no-renames", "--no-abbrev", base, commit).out
        made = {path: after for path, _, after in _raw(raw.decode("utf-8", "surrogateescape").strip("\0"))}
        wanted = {
            c.path: None if c.after is None else (c.after.mode, git_id(c.after.content, len(base))) for c in planned
        }
        if made != wanted:
            self.drop_pending()
            odd = sorted(str(p) for p in made.keys() ^ wanted.keys()) or sorted(
                str(p) for p in made if made[p] != wanted[p]
            )
            raise GitError(f"the commit would not be the plan; differing: {', '.join(odd[:5])}")

    def _signed(self, commit: str, base: str, identity: Identity, message: str, when: int) -> str:
        """Make the same commit with the person's signature; it fails rather than go unsigned."""
        signing = self.git.with_options(
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

    def push(self, commit: str, base: str) -> git.Result:
        """Push exactly that commit to exactly that branch, if it is still at `base`; only `ask` knows the outcome."""
        return self.git.with_access(self.remote.access).attempt(
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
            limit=self.remote.access.transfer_limit,
        )

    def contains(self, commit: str, tip: str) -> bool:
        """Tell whether upstream's `tip` has our commit in its history, as far as it was fetched."""
        return self._reaches(commit, tip)

    def pack(self, commit: str, base: str) -> bytes:
        """Return our commit and what it alone brings, as a pack."""
        return self.git.run("pack-objects", "--revs", "--stdout", "-q", stdin=f"{commit}\n^{base}\n".encode()).out


def _format(id_size: int) -> str:
    return "sha1" if id_size == 40 else "sha256"


def _file(entry: Blob | Obstacle | None, contents: Mapping[str, bytes]) -> File | Obstacle | None:
    if isinstance(entry, Blob):
        return File(contents[entry.id], entry.mode == "100755")
    return entry


def _history_ids(
    history: Mapping[PurePosixPath, list[Touch]],
    managed: Iterable[PurePosixPath],
    entries: Mapping[PurePosixPath, Blob | Obstacle | None],
) -> set[str]:
    """Return the blobs that hold what rollout wrote at the managed paths."""
    needed: set[str] = set()
    for path in managed:
        for touch in history.get(path, []):
            needed |= {entry[1] for entry in (touch.before, touch.after) if entry}
            if path.suffix.lower() not in {".json", ".jsonc", ".yaml", ".yml"} and touch.merged is None:
                needed -= {touch.before[1]} if touch.before else set()
                break
    return needed


def _written(touches: list[Touch], contents: Mapping[str, bytes]) -> Written:
    newest = touches[0]
    own = next((t for t in touches if t.merged is None), None)
    pairs = tuple(
        (_content(touch.before, contents), _content(touch.after, contents))
        for touch in reversed(touches)
        if touch.after and touch.after[1] in contents and (touch.before is None or touch.before[1] in contents)
    )
    return Written(
        file=_entry_file(newest.after, contents),
        commit=newest.commit,
        ours=pairs,
        merged=newest.merged,
        merge_base=_entry_file(own.after, contents) if own and newest.merged else None,
    )


def _content(entry: tuple[str, str] | None, contents: Mapping[str, bytes]) -> bytes:
    return contents[entry[1]] if entry else b""


def _entry_file(entry: tuple[str, str] | None, contents: Mapping[str, bytes]) -> File | None:
    return File(contents[entry[1]], entry[0] == "100755") if entry and entry[1] in contents else None


def _parse_log(out: bytes) -> dict[PurePosixPath, list[Touch]]:
    history: dict[PurePosixPath, list[Touch]] = {}
    for record in out.decode("utf-8", "surrogateescape").split("\x1e")[1:]:
        commit, run, target, merged, raw = record.split("\x1f", 4)
        if not run or not target:
            continue  # the words stand in the message, but not as trailers
        merges = _merged_trailers(merged)
        for path, before, after in _raw(raw.strip("\0\n")):
            touch = Touch(commit, target.split("\x1d")[-1].strip(), before, after, merges.get(str(path)))
            history.setdefault(path, []).append(touch)
    return history


def _merged_trailers(text: str) -> dict[str, str]:
    """Parse `Rollout-Merged: PATH SHA256` trailers: the paths at which a merge of drift was accepted."""
    return dict(line.rpartition(" ")[::2] for line in text.split("\x1d") if " " in line)


def _raw(text: str) -> Iterator[tuple[PurePosixPath, tuple[str, str] | None, tuple[str, str] | None]]:
    """Parse `--raw -z` output: path, (mode, id) before, (mode, id) after."""
    words = text.split("\0")
    for meta, path in zip(words[::2], words[1::2], strict=False):
        old_mode, new_mode, old, new, _ = meta.lstrip(":\n").split(" ")
        before = None if set(old) == {"0"} else (old_mode, old)
        after = None if set(new) == {"0"} else (new_mode, new)
        yield PurePosixPath(path), before, after


def _touches(memo: Mapping[str, Any]) -> dict[PurePosixPath, list[Touch]]:
    found: dict[PurePosixPath, list[Touch]] = {}
    for path, touches in memo.get("history", {}).items():
        found[PurePosixPath(path)] = [Touch(t[0], t[1], _pair(t[2]), _pair(t[3]), t[4]) for t in touches]
    return found


def _pair_of(file: File | None, commit: str) -> tuple[str, str] | None:
    return None if file is None else (file.mode, git_id(file.content, len(commit)))


def _pair(entry: list[str] | None) -> tuple[str, str] | None:
    return (entry[0], entry[1]) if entry else None


def _newest(history: Mapping[PurePosixPath, list[Touch]]) -> str | None:
    """Return the newest commit of a search: log gives them newest first, and dictionaries keep that order."""
    return next((touches[0].commit for touches in history.values()), None)


def _as_memo(history: Mapping[PurePosixPath, list[Touch]]) -> dict[str, Any]:
    return {
        str(path): [[t.commit, t.target, t.before, t.after, t.merged] for t in touches]
        for path, touches in history.items()
    }


def _joined(
    new: dict[PurePosixPath, list[Touch]], old: dict[PurePosixPath, list[Touch]]
) -> dict[PurePosixPath, list[Touch]]:
    return {path: [*new.get(path, []), *old.get(path, [])] for path in {**old, **new}}


def _committed_at(commit: bytes) -> int:
    match = re.search(rb"^committer .*> (\d+) [+-]\d{4}$", commit, re.MULTILINE)
    return int(match[1]) if match else 0


def _import_stream(
    ref: str, base: str, changes: Iterable[Change], identity: Identity, message: str, when: int
) -> bytes:
    """Return the fast-import program for one commit."""
    text = message.encode()
    parts = [
        f"commit {ref}\n".encode(),
        f"author {identity.author.name} <{identity.author.email}> {when} +0000\n".encode(),
        f"committer {identity.committer.name} <{identity.committer.email}> {when} +0000\n".encode(),
        f"data {len(text)}\n".encode() + text + b"\n",
        f"from {base}\n".encode(),
    ]
    for change in changes:
        quoted = _quoted(str(change.path))
        if change.after is None:
            parts.append(b"D " + quoted + b"\n")
        else:
            parts.append(b"M " + change.after.mode.encode() + b" inline " + quoted + b"\n")
            parts.append(f"data {len(change.after.content)}\n".encode() + change.after.content + b"\n")
    parts.append(b"done\n")
    return b"".join(parts)


def _quoted(path: str) -> bytes:
    return b'"' + path.encode().replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'


def message(subject: str, run: Run, target: str, changes: Iterable[Change]) -> str:
    """Return the commit message: the subject, then the trailers by which rollout knows its own commits."""
    first = " ".join(subject.split("\n", 1)[0].split()) or "rollout"
    body = subject.split("\n", 1)[1].strip("\n") if "\n" in subject else ""
    trailers = [f"Rollout-Run: {run.id}", f"Rollout-Plan: {run.digest}", f"Rollout-Target: {target}"]
    trailers += [f"Rollout-Merged: {change.path} {change.template}" for change in changes if change.template]
    parts = [first, *([body] if body else []), "\n".join(trailers)]
    return "\n\n".join(parts) + "\n"
