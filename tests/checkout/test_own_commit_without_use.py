"""Our unpushed commit of which upstream got the content another way: the checkout leaves it, and no edit with it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.first_rows import first_rows
from tests.world import World

_WANTED = "hello world\n"


def _overtaken(world: World, name: str, also: dict[str, str | bytes | None] | None = None) -> Path:
    """Leave a commit of ours in a checkout, and let a colleague push a file of the same text."""
    top = world.repo(name, {"README.md": "hello\n", "mine.txt": "mine\n", "other.txt": "other\n"})
    assert world.run("apply", "-y", "--no-push").code == 0
    world.elsewhere(name, {"conf.txt": _WANTED, **(also or {})})
    return top


def _stands(world: World, name: str) -> tuple[str, int, int]:
    (found,) = (one for one in world.run("status", "--json").json["targets"] if one["name"] == name)
    return found["state"], found["ahead"], found["behind"]


@pytest.mark.parametrize("command", ["apply", "push"])
@first_rows(1, "lost", [False, True], ids=["with-state", "state-lost"])
def test_a_commit_of_ours_that_upstream_needs_no_more_is_behind_until_a_run_leaves_it(
    world: World, sealed: Path, lost: bool, command: str
) -> None:
    top = _overtaken(world, "one", {"other.txt": "theirs\n"})
    ours = world.head_of(top)
    if lost:
        shutil.rmtree(sealed / "state")
    assert world.run("status", "--fetch", "--json").states() == {"one": "behind"}
    assert _stands(world, "one") == ("behind", 1, 1)
    world.write(top, {"mine.txt": "staged\n", "untracked.txt": "untracked\n"})
    world.git(top, "add", "mine.txt")
    world.write(top, {"mine.txt": "edited\n"})
    before = world.git(top, "status", "--porcelain")
    ran = world.run(command, "-y", "--json")
    assert (ran.code, ran.reasons()) == (0, {"one": "checkout updated"})
    assert world.head_of(top) == world.tip("one") != ours
    assert world.git(top, "rev-parse", "origin/main") == world.tip("one")
    assert world.git(top, "status", "--porcelain") == before
    assert world.git(top, "show", ":mine.txt") == "staged"
    assert {path: (top / path).read_text() for path in ("mine.txt", "untracked.txt", "other.txt", "conf.txt")} == {
        "mine.txt": "edited\n",
        "untracked.txt": "untracked\n",
        "other.txt": "theirs\n",
        "conf.txt": _WANTED,
    }
    assert _stands(world, "one") == ("in-sync", 0, 0)
    assert world.log("one") == ["elsewhere", "first"], "nothing was pushed"


def _edit_what_upstream_changed(world: World, top: Path) -> None:
    world.write(top, {"other.txt": "edited\n"})


def _edit_the_managed_file(world: World, top: Path) -> None:
    world.write(top, {"conf.txt": "edited\n"})


def _stage_the_managed_file(world: World, top: Path) -> None:
    world.write(top, {"conf.txt": "edited\n"})
    world.git(top, "add", "conf.txt")


def _write_what_upstream_added(world: World, top: Path) -> None:
    world.write(top, {"new.txt": "untracked\n"})


def _commit_on_top(world: World, top: Path) -> None:
    world.commit(top, {"mine.txt": "edited\n"}, "mine")


def _amend(world: World, top: Path) -> None:
    world.write(top, {"mine.txt": "edited\n"})
    world.git(top, "add", "mine.txt")
    world.git(top, "commit", "-q", "--amend", "--no-edit")


def _switch(world: World, top: Path) -> None:
    world.git(top, "switch", "-q", "-c", "feature")


@first_rows(
    4,
    ("deed", "state"),
    [
        (_edit_what_upstream_changed, "behind"),
        (_edit_the_managed_file, "behind"),
        (_stage_the_managed_file, "behind"),
        (_write_what_upstream_added, "behind"),
        (_commit_on_top, "in-sync"),
        (_amend, "in-sync"),
        (_switch, "behind"),
    ],
)
def test_a_persons_work_keeps_the_checkout_on_it(world: World, deed: Callable[[World, Path], None], state: str) -> None:
    top = _overtaken(world, "one", {"other.txt": "theirs\n", "new.txt": "theirs\n"})
    deed(world, top)
    before = world.git(top, "rev-parse", "HEAD", "main", "origin/main"), world.git(top, "status", "--porcelain")
    files = {path.name: path.read_bytes() for path in top.glob("*.txt")}
    for command in (("status", "--fetch"), ("apply", "-y"), ("push", "-y"), ("apply", "-y", "--no-push")):
        assert world.run(*command).code == 0, command
        assert (
            world.git(top, "rev-parse", "HEAD", "main", "origin/main"),
            world.git(top, "status", "--porcelain"),
        ) == before
        assert {path.name: path.read_bytes() for path in top.glob("*.txt")} == files
    assert _stands(world, "one")[0] == state
    assert world.log("one") == ["elsewhere", "first"]


@first_rows(1, "command", ["apply", "push"])
def test_an_older_commit_of_ours_gives_way_to_the_one_that_upstream_has(
    world: World, monkeypatch: pytest.MonkeyPatch, sealed: Path, command: str
) -> None:
    top = world.repo("one", {"README.md": "hello\n", "mine.txt": "mine\n"})
    assert world.run("apply", "-y", "--no-push").code == 0
    older, entry = world.head_of(top), world.entries["one"]
    world.template("project/conf.txt.j2", "newer\n")
    with monkeypatch.context() as elsewhere:
        elsewhere.setenv("ROLLOUT_STATE_DIR", str(sealed / "other"))
        world.entries["one"] = f"{{url: {world.root / 'one.git'}}}"
        assert world.run("apply", "-y").code == 0
    world.entries["one"] = entry
    world.write(top, {"mine.txt": "edited\n", "untracked.txt": "untracked\n"})
    assert world.run("status", "--fetch", "--json").states() == {"one": "behind"}
    assert _stands(world, "one") == ("behind", 1, 1)
    refused = world.run(command)
    assert (refused.code, world.head_of(top)) == (4, older)
    assert world.run(command, "-y", "--json").reasons() == {"one": "checkout updated"}
    assert world.head_of(top) == world.tip("one") != older
    assert world.git(top, "status", "--porcelain").split("\n") == ["M mine.txt", "?? untracked.txt"]
    assert (top / "conf.txt").read_text() == "newer\n"
    assert world.run("push", "--json").reasons() == {"one": "nothing is ready to push"}


def test_push_leaves_a_checkout_that_has_no_commit_of_ours_to_leave(world: World) -> None:
    top = world.repo("one")
    assert world.run("apply", "-y").code == 0
    world.git(top, "reset", "-q", "--hard", "HEAD~1")
    before = world.head_of(top)
    assert world.run("status", "--json").states() == {"one": "behind"}
    assert world.run("push", "--json").reasons() == {"one": "nothing is ready to push"}
    assert world.head_of(top) == before


def test_what_keeps_the_checkout_is_told(world: World) -> None:
    top = _overtaken(world, "one", {"other.txt": "theirs\n"})
    world.run("status", "--fetch")
    assert "not updated yet" in world.run("plan").out
    assert world.run("verify").code == 0
    _edit_what_upstream_changed(world, top)
    assert "other.txt has local edits" in world.run("plan").out
    world.entries["one"] = world.entries["one"].replace("{", "{checkout: leave, ", 1)
    world.write(top, {"other.txt": "other\n"})
    assert "checkout: leave" in world.run("plan").out


def test_a_commit_of_ours_that_waits_for_a_push_stays(world: World) -> None:
    top = world.repo("one")
    assert world.run("apply", "-y", "--no-push").code == 0
    world.elsewhere("one", {"other.txt": "theirs\n"})
    ours = world.head_of(top)
    assert world.run("status", "--fetch", "--json").states() == {"one": "ready-to-push"}
    assert world.head_of(top) == ours
    assert world.run("push", "-y", "--json").outcomes() == {"one": "pushed"}
    assert world.head_of(top) == world.tip("one")


def test_a_pushed_commit_of_ours_that_upstream_has_is_no_commit_without_use(world: World) -> None:
    top = world.repo("one")
    assert world.run("apply", "-y").code == 0
    ours = world.head_of(top)
    world.git(top, "update-ref", "refs/remotes/origin/main", "HEAD~1")
    world.elsewhere("one", {"other.txt": "theirs\n"})
    assert world.run("status", "--fetch", "--json").states() == {"one": "in-sync"}
    assert world.run("apply", "-y", "--json").outcomes() == {"one": "unchanged"}
    assert world.head_of(top) == ours
