"""A person's checkout: how far it is from upstream, and what keeps it from following."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path, PurePosixPath
from typing import Literal, cast

from msgspec import Struct

from rollout import atomic, attributes, gitdir, ownership, tokens, unfinished
from rollout.attributes import AttributesFile, LineEnds
from rollout.git import Git, GitError, Person
from rollout.gitdir import GitDir, NotOurs
from rollout.model import File, Managed, Mode, Obstacle
from rollout.plan import Checkout, satisfied
from rollout.store import Store
from rollout.trees import Entry, Objects, Tree, difference, git_id

_SHOWN = 3
_ITS_OWN = {"local", "worktree"}  # scopes of a configuration that is the repository's and not the person's
_MAX_ATTRIBUTES = 16 * 1024 * 1024
_PLAIN = {"100644", "100755"}
# A commit, its parents, and whether there is something in it that looks like our seal.
_SEALED_OR_NOT = "--format=%H%x09%P%x09%(trailers:key=Rollout-Seal,keyonly,separator=%x20)"
_PARTIAL = {Mode.BLOCK, Mode.MERGE, Mode.ONCE}  # modes in which the rest of a file is somebody else's


APART = "its git folder is on another file system than its work tree: pull it yourself"


class Hindered(Exception):
    """Why a checkout stays where it is; nothing of it was touched."""


class Move(Struct, frozen=True):
    """One path that changes when the branch moves."""

    path: PurePosixPath
    old: Entry
    new: Entry


class OwnCommit(Struct, frozen=True):
    """A commit on the local branch that upstream does not have; `rollouts` if rollout made it."""

    commit: str
    parent: str
    rollouts: bool


class Standing(Struct, frozen=True):
    """Where the local branch stands towards upstream."""

    local: str | None
    ahead: tuple[OwnCommit, ...] = ()

    @property
    def persons(self) -> tuple[OwnCommit, ...]:
        return tuple(commit for commit in self.ahead if not commit.rollouts)


def git_for(repo: GitDir, held: tuple[int, ...] = ()) -> Git:
    """Return git for a person's repository, with everything its configuration could run switched off."""
    git = Git(repo.git_dir, repo.top, held, environment={"GIT_ATTR_NOSYSTEM": "0"})
    return git.with_options(**_overriding(list(_commands_in_config(repo, git))))


def _commands_in_config(repo: GitDir, git: Git) -> Iterator[tuple[str, str]]:
    """Name every filter and hook that the repository's own configuration defines, to override each with nothing.

    There is no wildcard for them (docs/safety.md); newer git also takes hooks from the configuration. Where it reads
    more than one file, or hooks or filters are in sight, git is asked, which knows its own files best.
    """
    config = repo.config()
    kinds = {section.split(" ")[0].split(".")[0].lower() for section in config.sections}
    more = config.last("extensions", "worktreeconfig", "false").lower() != "false"
    if not more and not kinds & {"include", "includeif", "hook", "filter"}:
        return
    listed = git.run("config", "--null", "--list", "--includes", "--show-scope", "--name-only")
    words = listed.out.decode("utf-8", "surrogateescape").split("\0")
    for key in dict.fromkeys(k for scope, k in zip(words[::2], words[1::2], strict=False) if scope in _ITS_OWN):
        name, _, variable = key.rpartition(".")
        if name.startswith("filter.") and variable in {"clean", "smudge", "process"}:
            yield from ((key, ""), (f"{name}.required", "false"))
        if name.startswith("hook."):
            yield from ((f"{name}.command", "true"), (f"{name}.enabled", "false"))


def _overriding(settings: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Return the environment that sets these over every file; an option could not name a section that holds a `=`."""
    found = {"GIT_CONFIG_COUNT": str(len(settings))} if settings else {}
    for number, (key, value) in enumerate(settings):
        found |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
    return found


def standing(repo: GitDir, git: Git, branch: str, remote: str, upstream: str) -> Standing:
    """Return where the branch stands towards the upstream commit, which need not be in this repository."""
    ref = f"refs/heads/{branch}"
    local = repo.ref(ref)
    if local is None or local == upstream:
        return Standing(local)
    known = [upstream]
    tracking = repo.ref(f"refs/remotes/{remote}/{branch}")
    if tracking is not None:
        known.append(tracking)
    if local in known:
        return Standing(local)
    return Standing(local, above(git, branch, local, known))


def above(git: Git, branch: str, local: str, known: Iterable[str]) -> tuple[OwnCommit, ...]:
    """Return the newest commits of a branch that none of the known ones has, each held against its seal."""
    listed = git.attempt(
        "log", "--ignore-missing", "--max-count=1000", _SEALED_OR_NOT, local, "--not", *known, "--"
    )  # fmt: skip
    if listed.code:
        raise Hindered(f"its history cannot be read: {listed.words}")
    lines = [line.split("\t", 2) for line in listed.out.decode("ascii", "replace").split("\n") if line]
    if not any(sealed for _, _, sealed in lines):
        return tuple(OwnCommit(commit, parents.split(" ")[0], False) for commit, parents, _ in lines)
    with git.objects() as objects:
        return tuple(
            OwnCommit(commit, parents.split(" ")[0], bool(sealed) and ownership.is_ours(objects, commit, branch))
            for commit, parents, sealed in lines
        )


def hindrance(repo: GitDir, branch: str) -> str | None:
    """Say what about the repository as a whole keeps its branch from being moved now, or None."""
    ref = f"refs/heads/{branch}"
    head = repo.head()
    if head is None:
        return "HEAD is detached"
    if head != ref:
        return f"on branch {head.removeprefix('refs/heads/')}"
    operation = repo.operation()
    if operation:
        return f"{operation} is in progress"
    elsewhere = repo.elsewhere(ref)
    if elsewhere:
        return f"branch {branch} is checked out in another worktree too: {elsewhere}"
    if repo.ref(ref) is None:
        return _unborn(repo, branch)
    return None if _is_one_disk(repo) else APART


def _unborn(repo: GitDir, branch: str) -> str:
    """Say why a branch that is checked out has no commit: nobody made one yet, or its file is damaged."""
    file = repo.common_dir / "refs" / "heads" / branch
    if os.path.lexists(file):
        return f"branch {branch} is damaged: {file} names no commit (a power cut?); move the checkout away, or mend it"
    return f"branch {branch} has no commit yet here, and upstream has; git pull brings them"


def _is_one_disk(repo: GitDir) -> bool:
    """Tell whether a file can be moved between the git folder and the work tree at all."""
    try:
        return os.stat(repo.git_dir).st_dev == os.stat(repo.top).st_dev
    except OSError:
        return True  # whatever is wrong there is told by whoever comes to it


def line_ends(repo: GitDir, person: Person) -> LineEnds:
    """Return the line ends this repository is checked out with: its own configuration over the person's."""
    autocrlf = repo.setting("core", "autocrlf", person.autocrlf).lower()
    autocrlf = {"yes": "true", "on": "true", "1": "true"}.get(autocrlf, autocrlf)
    eol = repo.setting("core", "eol", person.eol).lower()
    return LineEnds(
        cast("Literal['false', 'true', 'input']", autocrlf if autocrlf in {"true", "input"} else "false"),
        cast("Literal['native', 'lf', 'crlf']", eol if eol in {"lf", "crlf"} else "native"),
    )


class Conversions(Struct, frozen=True):
    """Which attributes are in force in a work tree when a commit is checked out there."""

    rules: tuple[AttributesFile, ...]
    person: LineEnds

    def of(self, path: PurePosixPath) -> dict[str, str]:
        return attributes.lookup(self.rules, str(path))

    def ids(self, content: bytes, path: PurePosixPath, size: int) -> set[str]:
        """Return the ids that git may give to work tree content: as it is, and with its line ends converted."""
        how = attributes.conversion(self.of(path))
        if attributes.unspecified(self.of(path)) and self.person.autocrlf != "false":
            how = "auto"
        return {git_id(content, size), git_id(attributes.to_repository(content, how), size)}


def conversions(
    repo: GitDir, tree: Tree, objects: Objects, person: Person, touched: Iterable[PurePosixPath]
) -> Conversions:
    """Read the attributes from the commit that is moved to, as git does when it checks out."""
    rules = []
    globally = person.attributes_file or "~/.config/git/attributes"
    for path, folder in ((Path(globally).expanduser(), ""),):
        rules += _rules_at(path, folder)
    for folder, blob in sorted(tree.attribute_files(touched).items(), key=lambda i: i[0].count("/") + bool(i[0])):
        found = objects.read(blob)
        rules.append(attributes.parse(found[2] if found else b"", folder))
    rules += _rules_at(repo.common_dir / "info" / "attributes", "")
    return Conversions(tuple(rules), line_ends(repo, person))


def _rules_at(path: Path, folder: str) -> list[AttributesFile]:
    try:
        # Opened so that a pipe in its place is not waited for.
        with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
            return [attributes.parse(file.read(_MAX_ATTRIBUTES), folder)]
    except OSError:
        return []


def edited(
    repo: GitDir,
    moves: Iterable[Move],
    how: Conversions,
    size: int,
    *,
    file_mode: bool,
    begun: Mapping[PurePosixPath, Iterable[Entry]] | None = None,
) -> dict[PurePosixPath, str]:
    """Return the paths whose work tree file is neither the old nor the new one, with what it is instead.

    `begun` is what a killed run of ours had put there already.
    """
    found: dict[PurePosixPath, str] = {}
    for move in moves:
        there = atomic.look(repo.top, move.path)
        if isinstance(there, Obstacle):
            found[move.path] = f"is {there.what}"
            continue
        entries = (move.old, move.new, *(begun or {}).get(move.path, ()))
        if there is None:
            if None not in entries:
                found[move.path] = "was deleted"
            continue
        ids = how.ids(there.content, move.path, size)
        fits = [
            entry
            for entry in entries
            if entry is not None and entry[1] in ids and (not file_mode or (entry[0] == "100755") == there.executable)
        ]
        if not fits:
            found[move.path] = "has local edits" if move.old is not None else "is in the way, and git does not know it"
    return found


def show(found: Mapping[PurePosixPath, str]) -> str:
    """Say in one line which files stand in the way."""
    parts = [f"{path} {what}" for path, what in sorted(found.items())]
    more = f" (and {len(parts) - _SHOWN} more)" if len(parts) > _SHOWN else ""
    return ", ".join(parts[:_SHOWN]) + more


def moves_between(old: Tree, new: Tree) -> list[Move]:
    return [Move(path, before, after) for path, before, after in difference(old, new)]


def observe(
    top: Path,
    branch: str,
    remote: str,
    upstream: str,
    managed: list[Managed],
    workshop: Store,
    person: Person,
    *,
    follow: bool,
) -> Checkout:
    """Say whether the checkout has what upstream has at the managed paths, and if not, why. Changes nothing."""
    try:
        repo = gitdir.discover(top)
        git = git_for(repo)
        where = standing(repo, git, branch, remote, upstream)
        reason = hindrance(repo, branch)
        with ExitStack() as stack:
            there = stack.enter_context(workshop.objects(upstream))
            new = Tree(there, upstream)
            behind, files = _differing(repo, git, where, new, there, managed, person, stack)
    except (NotOurs, Hindered, GitError) as error:
        return Checkout(has_it=False, reason=str(error), differing=tuple((item.path, str(error)) for item in managed))
    persons = len(where.persons)
    ahead, missing = len(where.ahead), _behind(repo, git, workshop, where.local, upstream)
    if repo.head() == f"refs/heads/{branch}" and not behind and not files:
        return Checkout(commit=where.local, ahead=ahead, behind=missing)
    if reason is None and persons and behind:
        reason = f"{persons} commit{'s' * (persons > 1)} of your own {'are' if persons > 1 else 'is'} not upstream"
    if reason is None and files:
        reason = show(files)
    lock = repo.git_dir / "index.lock"
    if reason is None and os.path.lexists(lock) and not tokens.is_stale(lock):
        reason = f"busy: {lock} exists"
    if reason is None and not follow:
        reason = "the inventory says checkout: leave"
    can_follow = reason is None
    reason = reason or "not updated yet"
    others = repo.head() != f"refs/heads/{branch}"
    paths = [item.path for item in managed]
    lacking = paths if others else [path for path in paths if path in behind or path in files]
    differing = tuple((path, f"{path} {files[path]}" if path in files else reason) for path in lacking)
    return Checkout(False, reason, can_follow, where.local, ahead, missing, differing)


def has_all(repo: GitDir, branch: str, upstream: str, entries: Mapping[PurePosixPath, Entry]) -> bool:
    """Tell whether the branch is checked out at upstream's commit with every managed file as it is there, to the byte.

    This is the common case, decided without a process; where it says no, `observe` finds out why.
    """
    ref = f"refs/heads/{branch}"
    if repo.head() != ref or repo.ref(ref) != upstream:
        return False
    try:
        with atomic.opened(repo.top) as top:
            return all(_entry_at(top, path, len(upstream)) == entry for path, entry in entries.items())
    except OSError:
        return False


def _entry_at(top: int, path: PurePosixPath, size: int) -> Entry | Obstacle:
    """Return the entry that a work tree file would be if git stored it as it is."""
    there = atomic.look_below(top, path)
    if there is None or isinstance(there, Obstacle):
        return there
    return "100755" if there.executable else "100644", git_id(there.content, size)


def _behind(repo: GitDir, git: Git, workshop: Store, local: str | None, upstream: str) -> int | None:
    """Count upstream's commits that the branch does not have, where one of the two stores can tell."""
    if local is None:
        return None
    if local == upstream:
        return 0
    near = workshop.distance(local, upstream)
    if near is not None:
        return near
    for store in (workshop.git, git, _together(workshop.git, repo)):
        counted = store.attempt("rev-list", "--count", f"{local}..{upstream}", "--")
        if counted.code == 0:
            return int(counted.out)
    return None


def _together(workshop: Git, repo: GitDir) -> Git:
    """Return git for what the workshop and a person's repository know together: only they have both histories.

    What the workshop did not fetch is in the repository, so that only the repository's own history may end early.
    """
    there = repo.common_dir
    return workshop.with_options(
        GIT_ALTERNATE_OBJECT_DIRECTORIES=f'"{_quoted(there / "objects")}"', GIT_SHALLOW_FILE=str(there / "shallow")
    )


def _quoted(place: Path) -> str:
    return str(place).replace("\\", "\\\\").replace('"', '\\"')


def _differing(
    repo: GitDir,
    git: Git,
    where: Standing,
    new: Tree,
    there: Objects,
    managed: list[Managed],
    person: Person,
    stack: ExitStack,
) -> tuple[list[PurePosixPath], dict[PurePosixPath, str]]:
    """Return the managed files that the branch has otherwise than upstream, and the edited files in the way."""
    size = len(new.root)
    how = conversions(repo, new, there, person, [item.path for item in managed])
    file_mode = repo.setting("core", "filemode", "true").lower() != "false"
    if where.local is None:
        return [item.path for item in managed], {}
    if where.local != new.commit:
        here = _Either(there, git, stack)
        old = Tree(here, where.local)
        behind = [item.path for item in managed if not _as_upstream(item, old, new, here)]
        if behind:
            begun = unfinished.known(repo)
            moves = moves_between(old, new)
            edits = edited(repo, moves, how, size, file_mode=file_mode, begun=begun)
            return behind, {**_foreign(moves, how), **edits}
    found = {}
    for item in managed:
        move = Move(item.path, None, new.entry(item.path))
        on_disk = atomic.look(repo.top, item.path)
        differs = (move.new is None) != (on_disk is None) or edited(repo, [move], how, size, file_mode=file_mode)
        if differs and not _suits(item, on_disk, how):
            found[item.path] = "was deleted" if on_disk is None else _kind(on_disk)
    return [], found


class _Either(Struct):
    """Reads objects where they are at hand, and only otherwise in the person's repository, which takes a process."""

    near: Objects
    git: Git
    stack: ExitStack
    far: Objects | None = None

    def read(self, name: str) -> tuple[str, str, bytes] | None:
        found = self.near.read(name)
        if found is not None:
            return found
        if self.far is None:
            self.far = self.stack.enter_context(self.git.objects())
        return self.far.read(name)


def _foreign(moves: Iterable[Move], how: Conversions) -> dict[PurePosixPath, str]:
    """Return the paths that only a person's own pull can bring: their attributes want a program to run."""
    found = {move.path: attributes.foreign(how.of(move.path)) for move in moves}
    return {path: f"is under the attribute {foreign}: pull it yourself" for path, foreign in found.items() if foreign}


def _kind(found: atomic.Found | Obstacle) -> str:
    return f"is {found.what}" if isinstance(found, Obstacle) else "has local edits"


def _as_upstream(item: Managed, old: Tree, new: Tree, objects: Objects) -> bool:
    """Tell whether the branch has a managed file as upstream has it, or at least all of it that is ours."""
    entry = old.entry(item.path)
    if entry == new.entry(item.path):
        return True
    if entry is None or entry[0] not in _PLAIN:
        return False
    found = objects.read(entry[1])
    return found is not None and satisfied(item, File(found[2], entry[0] == "100755"), None, "binary")


def _suits(item: Managed, found: atomic.Found | Obstacle | None, how: Conversions) -> bool:
    """Tell whether a work tree file that differs from upstream's still has all of it that is ours."""
    if not isinstance(found, atomic.Found) or item.mode not in _PARTIAL:
        return False
    content = found.content
    if attributes.to_work_tree(b"\n", how.of(item.path), how.person) == b"\r\n":
        content = content.replace(b"\r\n", b"\n")
    return satisfied(item, File(content, found.executable), None, "binary")
