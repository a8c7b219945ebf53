"""What git sends is taken apart as git would, or not at all."""

from __future__ import annotations

import contextlib
import random
import re
import subprocess
import tempfile
import time
import zlib
from pathlib import Path

import pytest

from rollout.objects import ids, pack_format, packs, unpack
from rollout.objects.stored import Content
from tests.objects.test_packs import (
    _git,
    packed,
    repository,
)

pytestmark = pytest.mark.whole

__all__ = ["packed", "repository"]


def _size(repository: Path) -> int:
    """Return how many bytes an id has here."""
    return len((repository / ".git/refs/heads/main").read_text().strip()) // 2


def _sent(repository: Path, revisions: str, *options: str) -> bytes:
    return subprocess.run(
        ["git", "pack-objects", "--revs", "--stdout", "-q", *options],
        cwd=repository,
        input=revisions.encode(),
        capture_output=True,
        check=True,
    ).stdout


def _unpacked(repository: Path, data: bytes) -> dict[str, Content]:
    id_size = 2 * _size(repository)
    with packs.opened(repository / ".git" / "objects", id_size) as here:
        return unpack.objects(data, id_size, here.content)


@pytest.mark.parametrize("options", [(), ("--delta-base-offset",), ("--thin",), ("--thin", "--delta-base-offset")])
@pytest.mark.parametrize("revisions", ["HEAD\n", "HEAD\n^HEAD~3\n", "HEAD~2\n^HEAD~9\n", "HEAD\n^HEAD\n"])
def test_a_pack_gives_the_objects_that_git_sees_in_it(packed: Path, revisions: str, options: tuple[str, ...]) -> None:
    found = _unpacked(packed, _sent(packed, revisions, *options))
    listed = _git(packed, "rev-list", "--objects", "--stdin", stdin=revisions).splitlines()
    assert found.keys() >= {line.split()[0] for line in listed}
    kinds = _git(packed, "cat-file", "--batch-check=%(objecttype)", stdin="".join(f"{name}\n" for name in found))
    assert [kind for kind, _ in found.values()] == kinds.splitlines()
    for name, (kind, content) in found.items():
        assert ids.id_of(kind, content, len(name) // 2).hex() == name


def test_it_is_plain_what_objects_lead_to(repository: Path) -> None:
    data = _sent(repository, "HEAD\n^HEAD~1\n")
    found = _unpacked(repository, data)
    head, parent = _git(repository, "rev-parse", "HEAD", "HEAD~1").split()
    trees = _git(repository, "ls-tree", "-r", "-t", "--format=%(objecttype) %(objectname)", "HEAD").splitlines()
    inside = {line.split()[1] for line in trees if line.startswith("tree")}
    root = _git(repository, "rev-parse", "HEAD^{tree}")
    assert unpack.spoken_of(found, ()) == {root, parent, *inside}
    assert unpack.spoken_of(found, (head,)) == {root, *inside}


@pytest.mark.parametrize("options", [(), ("--delta-base-offset",), ("--thin",)])
def test_what_is_damaged_is_told_or_is_what_git_would_see(repository: Path, options: tuple[str, ...]) -> None:
    """The hash at the end is made anew each time, or it alone would tell."""
    data = _sent(repository, "HEAD\n^HEAD~4\n", *options)
    size = _size(repository)
    dice = random.Random(len(data))
    told = 0
    for _ in range(200):
        damaged = bytearray(data[:-size])
        for _ in range(dice.choice((1, 1, 4))):
            damaged[dice.randrange(len(damaged))] ^= 1 << dice.randrange(8)
        if dice.random() < 0.2:
            del damaged[dice.randrange(12, len(damaged)) :]
        whole = bytes(damaged) + ids.hashed(bytes(damaged), size)
        try:
            found = _unpacked(repository, whole)
        except pack_format.DAMAGED:
            told += 1
            continue
        assert found.keys() <= _as_git_sees(repository, whole)
    assert told > 100


def _as_git_sees(repository: Path, data: bytes) -> set[str]:
    """Return which objects git finds in a pack that it accepts, and those that its deltas are for."""
    with tempfile.TemporaryDirectory() as folder:
        place = f"{folder}/x.pack"
        subprocess.run(
            ["git", "index-pack", "--stdin", "--fix-thin", place],
            cwd=repository, input=data, capture_output=True, check=True,
        )  # fmt: skip
        listed = _git(repository, "verify-pack", "-v", place)
    size = 2 * _size(repository)
    return {line[:size] for line in listed.splitlines() if re.match(rf"[0-9a-f]{{{size}}} ", line)}


def test_a_small_pack_of_something_huge_is_left_to_git(repository: Path) -> None:
    _git(repository, "config", "core.bigFileThreshold", "1m")  # no delta is looked for
    (repository / "huge").write_bytes(b"\0" * (17 << 20))
    _git(repository, "add", "huge")
    _git(repository, "commit", "-qm", "huge")
    data = _sent(repository, "HEAD\n^HEAD~1\n")
    assert len(data) < 1 << 20
    with pytest.raises(ValueError, match="larger than it may be"):
        _unpacked(repository, data)


_BASE = b"x" * (1 << 16)

_COPY = b"\xff\0\0\0\0\0\0\1"  # 64 KiB of it


@pytest.mark.parametrize(
    "delta",
    [
        b"\x80\x80\x04\x10" + _COPY * 1000,
        b"\x80\x80\x04\x00" + b"\0" * 5_000_000,
        b"\x80\x80\x04\x10" + b"\x81\xff\x83\xff\xff",
        b"\xff" * 5_000_000,
        b"\x80\x80\x04" + b"\xff" * 5_000_000,
        b"\x80\x80\x04\x04ab",
        b"",
    ],
    ids=["more", "nothing", "beyond the base", "no size", "no other size", "less", "empty"],
)
def test_a_delta_that_does_not_come_out_right_takes_no_time(delta: bytes) -> None:
    started = time.process_time()
    with pytest.raises(pack_format.DAMAGED):
        pack_format.patched(_BASE, delta)
    with contextlib.suppress(*pack_format.DAMAGED):
        pack_format.target_size(delta)
    assert time.process_time() - started < 1
    with pytest.raises(ValueError, match="never ends"):
        pack_format.back_offset(b"\xff" * 1_000_000, 0)


def _head(number: int, size: int) -> bytes:
    out = [number << 4 | size & 15]
    size >>= 4
    while size:
        out[-1] |= 0x80
        out.append(size & 0x7F)
        size >>= 7
    return bytes(out)


def test_many_deltas_of_much_are_left_to_git(repository: Path) -> None:
    """Each makes little and takes much to say."""
    name = _git(repository, "rev-parse", "HEAD:folder.txt")
    size = len(name) // 2
    with packs.opened(repository / ".git" / "objects", len(name)) as here:
        found = here.content(name)
        assert found is not None
        length = len(found[1])
        delta = bytes([length & 0x7F | 0x80, length >> 7]) if length > 127 else bytes([length])
        delta += b"\0" + b"\1x" * 4_000_000
        entry = _head(7, len(delta)) + bytes.fromhex(name) + zlib.compress(delta)
        data = pack_format.HEADER.pack(*pack_format.MAGIC, 40) + entry * 40
        with pytest.raises(ValueError, match="the object it should"):
            unpack.objects(data + ids.hashed(data, size), len(name), here.content)
