"""What git sends is taken apart as git would, or not at all."""

from __future__ import annotations

import random
import subprocess
from pathlib import Path

import pytest

from rollout import packformat, packs, unpacking
from tests.test_packs import _git, repository

__all__ = ["repository"]


def _sent(repository: Path, revisions: str, *options: str) -> bytes:
    return subprocess.run(
        ["git", "pack-objects", "--revs", "--stdout", "-q", *options],
        cwd=repository,
        input=revisions.encode(),
        capture_output=True,
        check=True,
    ).stdout


def _unpacked(repository: Path, data: bytes) -> dict[str, packformat.Content]:
    id_size = len(_git(repository, "rev-parse", "HEAD"))
    with packs.opened(repository / ".git" / "objects", id_size) as here:
        return unpacking.objects(data, id_size, here.content)


@pytest.mark.parametrize("options", [(), ("--delta-base-offset",), ("--thin",), ("--thin", "--delta-base-offset")])
@pytest.mark.parametrize("revisions", ["HEAD\n", "HEAD\n^HEAD~3\n", "HEAD~2\n^HEAD~9\n", "HEAD\n^HEAD\n"])
def test_a_pack_gives_the_objects_that_git_sees_in_it(
    repository: Path, revisions: str, options: tuple[str, ...]
) -> None:
    _git(repository, "repack", "-adfq")
    found = _unpacked(repository, _sent(repository, revisions, *options))
    listed = _git(repository, "rev-list", "--objects", "--stdin", stdin=revisions).splitlines()
    assert found.keys() >= {line.split()[0] for line in listed}
    for name, (kind, content) in found.items():
        assert _git(repository, "cat-file", "-t", name) == kind
        assert packformat.id_of(kind, content, len(name) // 2).hex() == name


def test_it_is_plain_what_objects_lead_to(repository: Path) -> None:
    data = _sent(repository, "HEAD\n^HEAD~1\n")
    found = _unpacked(repository, data)
    head, parent = _git(repository, "rev-parse", "HEAD", "HEAD~1").split()
    trees = _git(repository, "ls-tree", "-r", "-t", "--format=%(objecttype) %(objectname)", "HEAD").splitlines()
    inside = {line.split()[1] for line in trees if line.startswith("tree")}
    root = _git(repository, "rev-parse", "HEAD^{tree}")
    assert unpacking.spoken_of(found, ()) == {root, parent, *inside}
    assert unpacking.spoken_of(found, (head,)) == {root, *inside}


@pytest.mark.parametrize("options", [(), ("--delta-base-offset",), ("--thin",)])
def test_damage_is_told_wherever_it_is(repository: Path, options: tuple[str, ...]) -> None:
    """The hash at the end is made anew each time, or it alone would tell."""
    data = _sent(repository, "HEAD\n^HEAD~4\n", *options)
    size = len(_git(repository, "rev-parse", "HEAD")) // 2
    whole = _unpacked(repository, data)
    dice = random.Random(len(data))
    told = 0
    for _ in range(300):
        damaged = bytearray(data[:-size])
        for _ in range(dice.choice((1, 1, 4))):
            damaged[dice.randrange(len(damaged))] ^= 1 << dice.randrange(8)
        if dice.random() < 0.2:
            del damaged[dice.randrange(12, len(damaged)) :]
        try:
            found = _unpacked(repository, bytes(damaged) + packformat.hashed(bytes(damaged), size))
        except packformat.DAMAGED:
            told += 1
        else:
            assert found == whole or found.keys() != whole.keys()
    assert told > 200
    with pytest.raises(ValueError, match="no whole pack"):
        _unpacked(repository, data[:-1] + bytes([data[-1] ^ 1]))


def test_a_small_pack_of_something_huge_is_left_to_git(repository: Path) -> None:
    (repository / "huge").write_bytes(b"\0" * (100 << 20))
    _git(repository, "add", "huge")
    _git(repository, "commit", "-qm", "huge")
    data = _sent(repository, "HEAD\n^HEAD~1\n")
    assert len(data) < 1 << 20
    with pytest.raises(ValueError, match="larger than it may be"):
        _unpacked(repository, data)


def test_a_delta_may_not_make_more_than_it_says() -> None:
    copies = b"\xff\0\0\0\0\0\0\1" * 1000  # 64 KiB each
    with pytest.raises(ValueError, match="come out right"):
        packformat.patched(b"x" * (1 << 16), b"\x80\x80\x04" + b"\x10" + copies)
