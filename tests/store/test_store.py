"""Rollout's own store of a repository stays small however often it is fetched into."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from rollout.objects import pack_write
from tests import programs
from tests.first_rows import first_rows
from tests.world import World


def test_many_small_packs_become_few(world: World) -> None:
    world.bare_repo("one")
    assert world.run("apply", "-y").code == 0
    for number in range(5):
        world.elsewhere("one", {"other.txt": f"{number}\n"})
        world.template("project/conf.txt.j2", f"version {number}\n")
        assert world.run("apply", "-y", "--json").outcomes() == {"one": "pushed"}
    (objects,) = Path(os.environ["ROLLOUT_STATE_DIR"]).glob("workshops/*/objects")
    many = len(list(objects.glob("pack/*.pack")))
    pack_write.gather(objects, 40, 4)
    assert many > 5 > len(list(objects.glob("pack/*.pack")))
    world.template("project/conf.txt.j2", "the last version\n")
    assert world.run("apply", "-y", "--json").outcomes() == {"one": "pushed"}
    assert len(world.log("one")) == 1 + 1 + 2 * 5 + 1


def test_a_past_of_one_commit_is_fetched_once_and_what_comes_later_is_found(world: World) -> None:
    world.bare_repo("one")
    with programs.git_commands() as ran:
        assert world.run("apply", "-y", "--json").outcomes() == {"one": "pushed"}
    assert ran.count("fetch") == 1
    assert not (_place() / "shallow").exists()
    world.elsewhere("one", {"conf.txt": "theirs\n"})
    shutil.rmtree(os.environ["ROLLOUT_STATE_DIR"])
    with programs.git_commands() as ran:
        assert world.run("apply", "-y", "--json").outcomes() == {"one": "blocked"}
    assert ran.count("fetch") > 1, "the past of three commits is not where the newest one begins"
    assert not (_place() / "shallow").exists()


def test_a_waiting_commit_of_which_a_power_cut_left_the_ref_alone_is_built_again(world: World) -> None:
    world.bare_repo("one")
    assert world.run("apply", "-y", "--no-push", "--json").outcomes() == {"one": "committed"}
    packs = Path(os.environ["ROLLOUT_STATE_DIR"]).glob("workshops/*/objects/pack/*.pack")
    ours = max(packs, key=lambda pack: pack.stat().st_mtime_ns)
    ours.unlink()
    ours.with_suffix(".idx").unlink()
    for upstream in ours.parents[2].glob("refs/rollout/upstream/*"):
        upstream.unlink()
    world.elsewhere("one", {"other.txt": "so that there is something to fetch\n"})
    assert world.run("apply", "-y", "--json").outcomes() == {"one": "pushed"}


def _place() -> Path:
    return next(place for place in Path(os.environ["ROLLOUT_STATE_DIR"]).glob("workshops/*") if place.is_dir())


@pytest.mark.parametrize("name", ["HEAD", "config", "refs/heads", "objects/info", "shallow"])
@first_rows(2, "damage", ["gone", "empty", "a folder"])
def test_a_store_that_is_not_whole_is_made_anew_and_keeps_what_waits(world: World, name: str, damage: str) -> None:
    world.bare_repo("one", {"README.md": "hello\n", "a/b/c.txt": "deep\n"})
    assert world.run("apply", "-y").code == 0
    world.template("project/conf.txt.j2", "hello again\n")
    assert world.run("apply", "-y", "--no-push", "--json").outcomes() == {"one": "committed"}
    (pin,) = _place().glob("refs/rollout/pending/*")
    waits = pin.read_text().strip()
    odd = _place() / name
    if odd.is_dir():
        shutil.rmtree(odd)
    else:
        odd.unlink(missing_ok=True)
    if damage == "empty":
        odd.write_bytes(b"")
    if damage == "a folder":
        (odd / "inside").mkdir(parents=True)
    assert world.run("push", "-y", "--json").outcomes() == {"one": "pushed"}
    assert world.tip("one") == waits


def test_a_commit_that_waits_outlasts_packs_that_are_damaged(world: World) -> None:
    world.bare_repo("one")
    assert world.run("apply", "-y").code == 0
    world.template("project/conf.txt.j2", "hello again\n")
    assert world.run("apply", "-y", "--no-push", "--json").outcomes() == {"one": "committed"}
    (pin,) = _place().glob("refs/rollout/pending/*")
    waits = pin.read_text().strip()
    other = [world.elsewhere("one", {"other.txt": f"{number}\n"}) for number in range(2)][-1]
    (_place() / "objects/pack/pack-0000.idx").write_bytes(b"garbage")
    ran = world.run("push", "-y", "--json")
    assert ran.outcomes() == {"one": "pushed"}, ran.out
    assert world.git("one.git", "rev-parse", "main^") == other
    assert world.git("one.git", "log", "-1", "--format=%s") == "Roll out conf.txt"
    assert waits != world.tip("one")


@pytest.mark.parametrize("suffix", ["idx", "pack"])
@first_rows(1, "damage", [lambda file: file.write_bytes(b""), Path.unlink], ids=["emptied", "removed"])
def test_a_store_that_lost_a_pack_or_an_index_is_fetched_again(
    world: World, suffix: str, damage: Callable[[Path], object]
) -> None:
    world.bare_repo("one")
    assert world.run("apply", "-y").code == 0
    world.template("project/conf.txt.j2", "hello again\n")
    assert world.run("apply", "-y", "--no-push", "--json").outcomes() == {"one": "committed"}
    for number in range(3):
        packs = sorted(_place().glob(f"objects/pack/*.{suffix}"))
        packs[number % len(packs)].chmod(0o644)
        damage(packs[number % len(packs)])
        world.template("project/conf.txt.j2", f"hello {number}\n")
        assert world.run("apply", "-y", "--json").outcomes() == {"one": "pushed"}


@pytest.mark.parametrize("kind", ["pending", "upstream"])
def test_a_ref_that_a_power_cut_left_empty_is_found_again(world: World, kind: str) -> None:
    world.bare_repo("one")
    assert world.run("apply", "-y", "--no-push", "--json").outcomes() == {"one": "committed"}
    (ref,) = _place().glob(f"refs/rollout/{kind}/*")
    ref.write_bytes(b"")
    assert world.run("apply", "-y", "--json").outcomes() == {"one": "pushed"}
    assert world.log("one") == ["Roll out conf.txt", "first"]


def test_what_is_pushed_is_pushed_although_it_cannot_be_noted_here(world: World) -> None:
    bare = world.bare_repo("one")
    assert world.run("plan").code == 0
    place = _place() / "refs/rollout/pending"
    hook = bare / "hooks/post-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\nrm -rf {place}; touch {place}\n")
    hook.chmod(0o755)
    ran = world.run("apply", "-y", "--json")
    assert (ran.code, ran.outcomes()) == (0, {"one": "pushed"})
    assert "could not record the push here" in ran.reasons()["one"]
    hook.unlink()
    assert world.run("apply", "-y", "--json").outcomes() == {"one": "unchanged"}


@pytest.mark.parametrize("damaged", [True, False])
def test_a_checkout_without_a_commit_is_told_as_such(world: World, damaged: bool) -> None:
    top = world.repo("one")
    assert world.run("apply", "-y").code == 0
    if damaged:
        (top / ".git/refs/heads/main").write_bytes(b"")
    else:
        world.git(top, "update-ref", "-d", "refs/heads/main")
    said = world.run("status").out
    assert ("is damaged" if damaged else "no commit yet here") in said, said
    assert world.run("apply", "-y", "--json").outcomes() == {"one": "unchanged"}


@first_rows(1, "url", [True, False])
@pytest.mark.parametrize(
    "head",
    [None, b"", b"garbage\n", b"ref: nowhere\n", b"ref: refs/heads/", b"ref:refs/heads/..", b"ref: refs/heads/m ain"],
)
def test_a_checkout_whose_head_is_damaged_is_told_as_such(world: World, head: bytes | None, url: bool) -> None:
    top = world.repo("one", extra=f", url: {world.root / 'one.git'}" if url else "")
    assert world.run("apply", "-y").code == 0
    if head is None:
        (top / ".git/HEAD").unlink()
    else:
        (top / ".git/HEAD").write_bytes(head)
    target = world.run("status", "--json").json["targets"][0]
    what = "is missing" if head is None else "is damaged: it names neither a branch nor a commit"
    told = f"{top}/.git/HEAD {what}; `ref: refs/heads/BRANCH` in it mends that"
    assert (target["state"], target["reason"]) == ("behind" if url else "blocked", told)


@pytest.mark.parametrize("head", ["0" * 40, "12" * 20])
def test_a_head_at_a_commit_that_is_not_here_is_damaged(world: World, head: str) -> None:
    top = world.repo("one")
    assert world.run("apply", "-y").code == 0
    (top / ".git/HEAD").write_text(f"{head}\n")
    told = f"{top}/.git/HEAD is damaged: it names a commit that is not here; `ref: refs/heads/BRANCH` in it mends that"
    target = world.run("status", "--json").json["targets"][0]
    assert (target["state"], target["reason"]) == ("behind", told)
    world.template("project/conf.txt.j2", "new\n")
    assert told in world.run("apply", "-y", "--json").reasons()["one"]
    assert (top / ".git/HEAD").read_text() == f"{head}\n"


@first_rows(
    3,
    ("head", "state"),
    [
        ("ref:  refs/heads/main  \n", "in-sync"),
        ("ref:refs/heads/main\n", "in-sync"),
        ("ref: refs/heads/else/where", "behind"),
        ("COMMIT\n", "behind"),
        ("link", "behind"),
    ],
)
def test_a_head_that_git_can_read_is_not_damaged(world: World, head: str, state: str) -> None:
    top = world.repo("one")
    assert world.run("apply", "-y").code == 0
    at = top / ".git/HEAD"
    commit = world.git(top, "rev-parse", "HEAD")
    at.unlink()
    at.symlink_to("refs/heads/main") if head == "link" else at.write_text(head.replace("COMMIT", commit))
    world.git(top, "rev-parse", "--git-dir")
    assert world.run("status", "--json").states()["one"] == state


def test_a_head_of_another_worktree_is_read_as_git_reads_it(world: World) -> None:
    top = world.repo("one")
    world.git(top, "checkout", "-q", "-b", "side")
    world.git(top, "worktree", "add", "-q", str(world.root / "beside"), "main")
    (top / ".git/worktrees/beside/HEAD").write_text("ref:refs/heads/main\n")
    (top / ".git/HEAD").write_text("ref:refs/heads/main\n")
    assert world.run("apply", "-y", "--json").reasons()["one"] == (
        f"checkout left as it is: branch main is checked out in another worktree too: {world.root}/beside"
    )


def test_a_git_folder_without_refs_is_none(world: World) -> None:
    top = world.repo("one")
    assert world.run("apply", "-y").code == 0
    (top / ".git/refs").rename(top / ".git/elsewhere")
    target = world.run("status", "--json").json["targets"][0]
    assert (target["state"], target["reason"]) == ("blocked", f"{top}/.git is not a git folder")


def test_a_checkout_that_is_behind_follows_although_a_pack_of_our_store_is_damaged(world: World) -> None:
    top = world.repo("api")
    assert world.run("apply", "--yes").code == 0
    world.head = "version: 1\nvars: {who: moon}\n"
    assert world.run("apply", "--yes").code == 0
    for number in range(3):
        world.git(top, "reset", "-q", "--hard", "HEAD~1")
        packs = sorted(Path(os.environ["ROLLOUT_STATE_DIR"]).glob("workshops/*/objects/pack/*.pack"))
        pack = packs[number % len(packs)]
        pack.chmod(0o600)
        pack.write_bytes(b"garbage\0\377{]")
        applied = world.run("apply", "--yes", "--json")
        assert (applied.code, applied.outcomes()) == (0, {"api": "unchanged"}), applied.out
        assert (top / "conf.txt").read_text() == "hello moon\n", applied.out
