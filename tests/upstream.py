"""Commits that somebody else makes upstream, and what lies there, written and read in this process.

What comes out is what add, commit and push would have made. Where a person's git would do more than that (hooks,
attributes, settings of its own), `simple` says no.
"""

from __future__ import annotations

import io
import os
import re
from collections.abc import Iterable, Mapping
from contextlib import closing
from pathlib import Path

from dulwich.errors import NotTreeError
from dulwich.object_store import commit_tree_changes, tree_lookup_path
from dulwich.objects import Blob, Commit, ObjectID, SubmoduleEncountered, Tree
from dulwich.repo import Repo

from tests.person import GITCONFIG

Files = Mapping[str, str | bytes | None]  # None takes a file away

_PERSON = b"Pat Person <pat@example.org>"
_DATE = 1770132000
_PLAIN = re.compile(r"[\w./ -]+")
_ID = re.compile(r"[0-9a-f]{40}")
_ADDRESSES = re.compile(r'\[url "[^"]*"\]\n(\t.*\n)*')  # where settings lead elsewhere, what is committed is the same
_FILE = 0o100644
_READ = {0o100, 0o120}  # files and symlinks, by the upper bits of their mode


def usual() -> bool:
    """Tell whether no setting of a person changes what they commit."""
    settings = Path(os.environ["GIT_CONFIG_GLOBAL"]).read_text()
    told = any(name.startswith(("GIT_CONFIG_COUNT", "GIT_AUTHOR", "GIT_COMMITTER")) for name in os.environ)
    return _ADDRESSES.sub("", settings) == GITCONFIG and not told


def plain(files: Files) -> bool:
    """Tell whether git would store these files as they are."""
    names = [path.split("/") for path in files]
    return all(_PLAIN.fullmatch(path) and "gitattributes" not in path for path in files) and not any(
        part in {"", ".", "..", ".git"} for parts in names for part in parts
    )


def simple(bare: Path, files: Files) -> bool:
    """Tell whether nothing but these files decides what a commit of them is."""
    hooks = bare / "hooks"
    hooked = hooks.is_dir() and any(file.suffix != ".sample" for file in hooks.iterdir())
    begun = bare.with_name(f"{bare.stem}.elsewhere").exists()
    if hooked or begun or not usual() or not plain(files) or _odd(bare) or tip(bare, _branch(bare)) is None:
        return False
    found = {path: _kind(bare, path) for path in (".gitattributes", *files, *_folders(files))}
    unusual = found[".gitattributes"] is not None or any(found[path] not in {None, 0o100} for path in files)
    blocked = any(found[folder] not in {None, 0o040} for folder in _folders(files))
    missing = any(content is None and found[path] is None for path, content in files.items())
    return not (unusual or blocked or missing)


def _odd(bare: Path) -> bool:
    """Tell whether ids are longer here, or objects are in other places."""
    return "objectformat" in (bare / "config").read_text().lower() or (bare / "shallow").exists()


def _branch(bare: Path) -> str:
    return (bare / "HEAD").read_text().strip().removeprefix("ref: refs/heads/")


def _folders(files: Files) -> list[str]:
    return [str(folder) for path in files for folder in Path(path).parents if str(folder) != "."]


def _kind(bare: Path, path: str) -> int | None:
    found = entry(bare, _branch(bare), path)
    return None if found is None else found[0] >> 9


def tip(repository: Path, branch: str) -> str | None:
    """Return the commit of a branch that has a file of its own; None asks for git."""
    tag, file = repository / "refs/tags" / branch, repository / "refs/heads" / branch
    if not _PLAIN.fullmatch(branch) or branch == "HEAD" or tag.exists() or not file.is_file():
        return None
    return found if _ID.fullmatch(found := file.read_text().strip()) else None


def head(git_folder: Path) -> str | None:
    """Return the commit that is checked out, if its branch has a file of its own."""
    file = git_folder / "HEAD"
    return tip(git_folder, _branch(git_folder)) if file.is_file() and file.read_bytes()[:5] == b"ref: " else None


def readable(bare: Path, branch: str) -> bool:
    """Tell whether what is on a branch can be read here without git."""
    return tip(bare, branch) is not None and not _odd(bare)


def entry(bare: Path, branch: str, path: str) -> tuple[int, bytes] | None:
    """Return what is at a path of a branch that `tip` knows: its mode, and a file's content."""
    commit = tip(bare, branch)
    assert commit is not None
    with closing(Repo(str(bare))) as repository:
        found = _looked_up(repository, _tree(repository, commit), path)
        if found is None:
            return None
        blob = repository.object_store[found[1]] if found[0] >> 9 in _READ else None
        return found[0], blob.data if isinstance(blob, Blob) else b""


def _looked_up(repository: Repo, tree: ObjectID, path: str) -> tuple[int, ObjectID] | None:
    try:
        return tree_lookup_path(repository.object_store.__getitem__, tree, path.encode())
    except (KeyError, NotTreeError, SubmoduleEncountered):
        return None


def text(bare: Path, branch: str, path: str) -> str | None:
    """Return a file's text, or None."""
    found = entry(bare, branch, path)
    return None if found is None else io.TextIOWrapper(io.BytesIO(found[1]), "utf-8").read()


def subjects(bare: Path, branch: str) -> list[str] | None:
    """Return the subjects of a branch's commits, the newest first; None if one is a merge."""
    found: list[str] = []
    commit = tip(bare, branch)
    with closing(Repo(str(bare))) as repository:
        while commit:
            about = repository.object_store[ObjectID(commit.encode())]
            assert isinstance(about, Commit)
            if len(about.parents) > 1:
                return None
            paragraph = about.message.decode().lstrip("\n").split("\n\n")[0]
            found.append(" ".join(paragraph.split("\n")).strip())
            commit = about.parents[0].decode() if about.parents else None
    return found


def _tree(repository: Repo, commit: str) -> ObjectID:
    found = repository.object_store[ObjectID(commit.encode())]
    assert isinstance(found, Commit)
    return ObjectID(found.tree)


def first(bare: Path, branch: str, files: Files, message: str) -> str:
    """Commit to a branch that is not there yet."""
    return _commit(bare, branch, files, message)


def committed(bare: Path, files: Files, message: str) -> str:
    """Commit as somebody else, and return the commit's id."""
    return _commit(bare, _branch(bare), files, message)


def row(bare: Path, commits: Iterable[Files], branch: str = "main") -> None:
    """Commit as somebody else, one commit after the other."""
    for number, files in enumerate(commits):
        _commit(bare, branch, files, f"work {number}")


def _commit(bare: Path, branch: str, files: Files, message: str) -> str:
    before = tip(bare, branch)
    with closing(Repo(str(bare))) as repository:
        commit = Commit()
        commit.tree = _changed(repository, before, files)
        commit.parents = [ObjectID(before.encode())] if before else []
        commit.author = commit.committer = _PERSON
        commit.author_time = commit.commit_time = _DATE
        commit.author_timezone = commit.commit_timezone = 0
        commit.message = f"{message}\n".encode()
        repository.object_store.add_object(commit)
    file = bare / "refs/heads" / branch
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(commit.id + b"\n")
    return commit.id.decode()


def _changed(repository: Repo, before: str | None, files: Files) -> ObjectID:
    """Store these files, and the tree with them; a file that is there keeps its permissions."""
    store = repository.object_store
    tree = Tree() if before is None else store[_tree(repository, before)]
    assert isinstance(tree, Tree)
    changes: list[tuple[bytes, int | None, ObjectID | None]] = []
    for path, content in files.items():
        if content is None:
            changes.append((path.encode(), None, None))
            continue
        blob = Blob.from_string(content if isinstance(content, bytes) else content.encode())
        store.add_object(blob)
        found = None if before is None else _looked_up(repository, tree.id, path)
        changes.append((path.encode(), _FILE if found is None else found[0], blob.id))
    made: ObjectID = commit_tree_changes(store, tree, changes)
    return made
