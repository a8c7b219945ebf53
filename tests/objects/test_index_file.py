"""The index after a checkout followed: git knows our files clean without reading them, and sees every later edit."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from rollout.objects import index_file
from tests.world import World


@pytest.mark.parametrize("version", ["2", "3", "4"])
def test_a_followed_checkout_is_clean_for_plumbing_too(world: World, version: str) -> None:
    top = world.repo("api", {"README.md": "x\n", "a/b.txt": "b\n"})
    world.git(top, "update-index", f"--index-version={version}")
    if version == "3":
        world.write(top, {"later.txt": "l\n"})
        world.git(top, "add", "--intent-to-add", "later.txt")
    world.run("apply", "--yes")
    world.head = "version: 1\nvars: {who: moon}\n"
    world.run("apply", "--yes")
    said = world.git(top, "diff-files", "--name-only").split()
    assert said == (["conf.txt"] if version == "4" else ["later.txt"] if version == "3" else [])
    world.git(top, "fsck")


def test_an_edit_of_the_same_size_right_after_is_seen(world: World) -> None:
    top = world.repo("api")
    for number in range(10):
        world.head = f"version: 1\nvars: {{who: w{number}}}\n"
        world.run("apply", "--yes")
        (top / "conf.txt").write_text(f"HELLO w{number}\n")
        assert world.git(top, "diff", "--name-only") == "conf.txt"
        (top / "conf.txt").write_text(f"hello w{number}\n")
        world.git(top, "add", "conf.txt")


def test_stats_go_to_their_entries_alone_and_the_checksum_fits(world: World) -> None:
    top = world.repo("api", {f"{'x' * n}.txt": "x\n" for n in range(1, 12)})
    before = (top / ".git/index").read_bytes()
    assert index_file.with_stats(before, {}, 40) == before
    name = b"xxx.txt"
    after = index_file.with_stats(before, {name: os.stat(top / "xxx.txt")}, 40)
    assert after is not None
    Path(top / ".git/index").write_bytes(after)
    assert world.git(top, "status", "--porcelain") == ""
    assert index_file.with_stats(b"DIRC" + bytes(40), {}, 40) is None
    assert index_file.with_stats(b"", {}, 40) is None
