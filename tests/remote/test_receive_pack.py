"""A push to a repository on this machine is what `git push` would have made of it: one says it itself, one runs git."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from tests.first_rows import first_rows
from tests.remote.test_push import hook
from tests.world import Ran, World

pytestmark = pytest.mark.whole

WAYS = ("said", "git push")


def _repository(world: World, way: str, files: dict[str, str] | None = None) -> Path:
    """Make a repository; a setting of its own that hides nothing makes rollout leave the push to git."""
    bare = world.bare_repo("api", files)
    if way == "git push":
        world.git(bare, "config", "transfer.hideRefs", "refs/nothing")
    return bare


def prepared(world: World, bare: Path, prepare: str) -> None:
    """Give a repository a setting, a lock or a hook that writes to the file `out`: `config: ...`, `NAME: script`."""
    name, _, script = prepare.partition(": ")
    if name == "config":
        world.git(bare, "config", *script.split())
    elif name == "lock":
        (bare / script).write_text("")
    elif name:
        hook(world, name, script.replace("$OUT", str(world.root / "out")))


def _applied(tmp_path: Path, way: str, prepare: str) -> tuple[str, str, list[str], str]:
    world = World(tmp_path / way.replace(" ", "-"))
    world.root.mkdir()
    world.template("project/conf.txt", "conf\n")
    prepared(world, _repository(world, way), prepare)
    return came_to(world, world.run("apply", "--yes", "--json"))


def came_to(world: World, ran: Ran) -> tuple[str, str, list[str], str]:
    """Return the outcome, its words, upstream's log and what a hook wrote."""
    wrote = world.root / "out"
    reason = ran.reasons()["api"].replace(str(world.root), "")
    return ran.outcomes()["api"], reason, world.log("api"), wrote.read_text() if wrote.exists() else ""


@first_rows(
    8,
    "prepare",
    [
        "",
        "pre-receive: echo 'ask Kim' >&2; echo on stdout; exit 1",
        'update: echo "$1 is closed" >&2; exit 1',
        "post-receive: echo thanks; exit 3",
        "pre-receive: cut -d' ' -f3 >$OUT; env | grep '^GIT_[CT]' | sort >>$OUT; git config core.hooksPath; true",
        'post-update: echo "$@" >$OUT',
        "pre-receive: kill -9 $PPID",
        "config: receive.denyUpdates true",
        "config: receive.fsckObjects true",
        "config: receive.unpackLimit 1",
        "config: receive.maxInputSize 10",
        "lock: refs/heads/main.lock",
    ],
)
def test_both_ways_have_the_same_outcome_words_and_effects(tmp_path: Path, prepare: str) -> None:
    said, by_git = (_applied(tmp_path, way, prepare) for way in WAYS)
    assert said[0] == by_git[0]
    assert said[2:] == by_git[2:]
    if said[0] == "rejected":
        assert said[1] == by_git[1]


@first_rows(1, "way", WAYS)
def test_it_arrives_whole_also_where_ids_are_longer(world: World, way: str) -> None:
    bare = world.root / "api.git"
    for form in (("--bare", str(bare)), ("first",)):
        world.git(world.root, "init", "-q", "--object-format=sha256", "--initial-branch=main", *form)
    world.git("first", "remote", "add", "origin", str(bare))
    world.commit("first", {"README.md": "hello\n"}, push=True)
    if way == "git push":
        world.git(bare, "config", "transfer.hideRefs", "refs/nothing")
    world.entries["api"] = f"{{url: {bare}}}"
    world.template("project/large.txt", "".join(f"{n * n * n}\n" for n in range(200_000)))
    assert world.run("apply", "--yes", "--json").outcomes() == {"api": "pushed"}
    assert world.git(bare, "fsck", "--strict", "--no-dangling") == ""
    assert world.run("verify").code == 0


def test_a_commit_that_waited_is_said_too(world: World) -> None:
    bare = _repository(world, "said")
    refusing = hook(world, "pre-receive", "exit 1")
    assert world.run("apply", "--yes", "--json").outcomes() == {"api": "rejected"}
    refusing.unlink()
    world.elsewhere("api", {"NOTES.md": "theirs\n"})
    assert world.run("push", "--yes", "--json").outcomes() == {"api": "pushed"}
    assert world.git(bare, "log", "--format=%s").splitlines()[1:] == ["elsewhere", "first"]
    assert world.git(bare, "fsck", "--strict", "--no-dangling") == ""


def test_somebody_who_pushes_in_between_is_not_overwritten(world: World) -> None:
    """The receiver is told what the branch must be at: a hook moves it before ours is looked at."""
    bare = _repository(world, "said")
    first = world.tip("api")
    world.elsewhere("api", {"NOTES.md": "theirs\n"})
    theirs = world.tip("api")
    world.git(bare, "update-ref", "refs/heads/main", first)
    racing = hook(
        world,
        "pre-receive",
        f"unset GIT_QUARANTINE_PATH; test -e raced || git update-ref refs/heads/main {theirs} {first}; : >raced",
    )
    assert world.run("apply", "--yes", "--json").outcomes() == {"api": "pushed"}
    assert racing.stat().st_mode & stat.S_IXUSR
    assert world.git(bare, "rev-parse", "main^") == theirs
    assert world.git(bare, "fsck", "--strict", "--no-dangling") == ""


def test_a_folder_that_cannot_be_written_is_told_and_the_commit_waits(world: World) -> None:
    bare = _repository(world, "said")
    (bare / "objects").rename(bare / "objects.real")
    (bare / "objects").symlink_to("objects.real")
    world.git(bare, "config", "receive.maxInputSize", "1")
    applied = world.run("apply", "--yes", "--json")
    assert applied.outcomes() == {"api": "rejected"}
    assert "unpack" in applied.reasons()["api"]
    world.git(bare, "config", "--unset", "receive.maxInputSize")
    assert world.run("push", "--yes", "--json").outcomes() == {"api": "pushed"}
