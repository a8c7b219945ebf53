"""What git packs is read without git, and what is packed here is read by git."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path, PurePosixPath

import pytest

from rollout.errors import GitError
from rollout.model.action import Action
from rollout.model.files import File
from rollout.model.outcomes import Author, Identity
from rollout.model.plan import Change
from rollout.objects import build, ids, pack_write, packs
from rollout.objects.trees import Tree

_WHO = Author("Ada", "ada@example.org")

_LINES = [f"line {n} of a file that is long enough for a delta\n" for n in range(400)]


def _git(where: Path, *arguments: str, stdin: str = "") -> str:
    done = subprocess.run(
        ["git", *arguments], cwd=where, input=stdin, capture_output=True, text=True, check=True, errors="replace"
    )
    return done.stdout.strip()


_made: dict[str, Path] = {}


@pytest.fixture(params=["sha1", "sha256"])
def repository(tmp_path: Path, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a copy of a repository of twelve commits, which takes two dozen processes to make."""
    if request.param not in _made:
        top = tmp_path_factory.mktemp(request.param)
        _make(top, request.param)
        _made[request.param] = top
    shutil.copytree(_made[request.param], tmp_path, dirs_exist_ok=True)
    return tmp_path


@pytest.fixture(params=["sha1", "sha256"])
def packed(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give such a repository, of one pack with deltas, to read only."""
    name = f"{request.param}-packed"
    if name not in _made:
        top = tmp_path_factory.mktemp(name)
        _make(top, request.param)
        _git(top, "repack", "-adfq")
        _made[name] = top
    return _made[name]


def _make(top: Path, form: str) -> None:
    _git(top, "init", "-q", f"--object-format={form}", "--initial-branch=main")
    (top / "folder").mkdir()
    for version in range(12):
        text = "".join([*_LINES[: 100 + version], f"version {version}\n", *_LINES[100 + version :]])
        (top / "folder" / "long.txt").write_text(text)
        (top / f"file{version}").write_text(f"{version}\n")
        (top / "folder.txt").write_text("sorts before the folder\n")
        _git(top, "add", "-A")
        _git(top, "commit", "-q", "-m", f"version {version}")


def _all_as_git_says(repository: Path) -> None:
    names = _git(
        repository, "cat-file", "--batch-all-objects", "--batch-check=%(objectname) %(objecttype) %(objectsize)"
    )
    with packs.opened(repository / ".git" / "objects", len(_git(repository, "rev-parse", "HEAD"))) as objects:
        for line in names.splitlines():
            name, kind, size = line.split()
            found = objects.read(name)
            assert found is not None
            assert (found[0], found[1], len(found[2])) == (name, kind, int(size))


@pytest.mark.parametrize("how", [("repack", "-adfq"), ("-c", "repack.useDeltaBaseOffset=false", "repack", "-adfq"), ()])
def test_every_object_is_read_as_git_reads_it(repository: Path, how: tuple[str, ...]) -> None:
    if how:
        _git(repository, *how)
        _git(repository, "prune-packed", "-q")
    _all_as_git_says(repository)


def test_packs_that_come_later_are_seen(repository: Path) -> None:
    tip = _git(repository, "rev-parse", "HEAD")
    with packs.opened(repository / ".git" / "objects", len(tip)) as objects:
        assert objects.read("0" * len(tip)) is None
        _git(repository, "repack", "-adq")
        _git(repository, "prune-packed", "-q")
        assert objects.read(tip) is not None


@pytest.mark.parametrize("at", [0, 8, 200, -30])
def test_damage_is_an_error_and_never_other_content(repository: Path, at: int) -> None:
    _git(repository, "repack", "-adfq")
    _git(repository, "prune-packed", "-q")
    names = _git(repository, "rev-list", "--objects", "HEAD").splitlines()
    pack = next((repository / ".git" / "objects" / "pack").glob("*.pack"))
    content = bytearray(pack.read_bytes())
    for offset in range(40):
        content[at + offset if at >= 0 else at + offset - 20] ^= 0x55
    pack.chmod(0o644)
    pack.write_bytes(content)
    for name in (line.split()[0] for line in names):
        with packs.opened(repository / ".git" / "objects", len(name)) as objects:
            try:
                found = objects.read(name)
            except GitError:
                continue
            assert found is None or ids.id_of(*found[1:], len(name) // 2) == bytes.fromhex(name)


def _change(path: str, after: bytes | None, executable: bool = False) -> Change:
    return Change(PurePosixPath(path), Action.UPDATE, "", None, None if after is None else File(after, executable))


def test_a_built_commit_is_whole_for_git_and_differs_in_exactly_the_changes(repository: Path) -> None:
    tip = _git(repository, "rev-parse", "HEAD")
    objects_folder = repository / ".git" / "objects"
    changes = [
        _change("folder/long.txt", None),
        _change("new/deep/er/file.sh", b"#!/bin/sh\n", True),
        _change("file3", b"\0\xff binary"),
        _change("folder0", b"sorts after the folder\n"),
    ]
    with packs.opened(objects_folder, len(tip)) as objects:
        built = build.commit(
            Tree(objects, tip), "main", changes, Identity(_WHO, _WHO), "Words: üñí\n\nbody\n", 1770000000
        )
        pack_write.write(objects_folder, built.objects, len(tip))
    _git(repository, "update-ref", "refs/heads/main", built.commit)
    _git(repository, "fsck", "--strict", "--full")
    for index in (objects_folder / "pack").glob("*.idx"):
        _git(repository, "verify-pack", str(index))
    shown = _git(repository, "diff-tree", "-r", "--raw", "--no-renames", tip, built.commit).splitlines()
    assert [line.split("\t")[1] + line.split(" ")[1] + line.split(" ")[4][0] for line in shown] == [
        "file3100644M",
        "folder/long.txt000000D",
        "folder0100644A",
        "new/deep/er/file.sh100755A",
    ]
    assert _git(repository, "log", "-1", "--format=%an <%ae> %at %s") == "Ada <ada@example.org> 1770000000 Words: üñí"
    _all_as_git_says(repository)


def test_a_change_below_a_file_is_refused(repository: Path) -> None:
    tip = _git(repository, "rev-parse", "HEAD")
    with (
        packs.opened(repository / ".git" / "objects", len(tip)) as objects,
        pytest.raises(GitError, match=r"file3 is not a folder upstream"),
    ):
        build.commit(Tree(objects, tip), "main", [_change("file3/x", b"")], Identity(_WHO, _WHO), "m\n", 0)
