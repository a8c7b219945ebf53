"""Live repositories: nobody's edit, stage, stash, commit or ref is lost, committed or published."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.world import World


def picture(world: World, top: Path) -> dict[str, object]:
    """Everything of a person that a rollout must not touch."""
    files = {}
    for path in sorted(top.rglob("*")):
        if ".git" not in path.relative_to(top).parts and (path.is_file() or path.is_symlink()):
            about = path.lstat()
            files[str(path.relative_to(top))] = (path.read_bytes(), about.st_mode, about.st_mtime_ns)
    return {
        "files": files,
        "index": world.git(top, "ls-files", "-s", "-t"),
        "refs": world.git(top, "for-each-ref"),
        "head": (top / ".git/HEAD").read_text(),
        "stash": world.git(top, "stash", "list"),
        "reflog": world.git(top, "reflog", "--all"),
        "config": (top / ".git/config").read_text(),
        "unpushed": world.git(top, "log", "--format=%H", "main", "--not", "--remotes"),
    }


def busy_person(world: World, top: Path, *, commits: bool) -> None:
    """Leave staged, unstaged, untracked, ignored and stashed work, and unpushed commits when told to."""
    world.commit(top, {"tracked.txt": "one\n", "other.txt": "one\n", ".gitignore": "*.log\n"}, push=True)
    world.write(top, {"other.txt": "stashed\n"})
    world.git(top, "stash")
    if commits:
        world.commit(top, {"mine.txt": "unpushed\n"}, "mine, not for publication")
    world.write(top, {"tracked.txt": "staged\n", "new-staged.txt": "n\n"})
    world.git(top, "add", "tracked.txt", "new-staged.txt")
    world.write(
        top, {"tracked.txt": "staged and edited\n", "other.txt": "edited\n", "untracked.txt": "u\n", "x.log": "i\n"}
    )


def test_unpushed_commits_and_all_local_work_stay_exactly_as_they_are(world: World) -> None:
    top = world.repo("api")
    busy_person(world, top, commits=True)
    before = picture(world, top)
    applied = world.run("apply", "--yes", "--json")
    assert applied.outcomes() == {"api": "pushed"}
    assert world.at("api", "conf.txt") == "hello world\n"
    assert picture(world, top) == before
    assert "mine, not for publication" not in world.log("api")
    assert world.git("api.git", "show", "--format=", "--name-only", "main") == "conf.txt"
    status = world.run("status", "--json").json["targets"][0]
    assert status["state"] == "behind"
    assert "not upstream" in status["reason"]
    assert world.run("apply", "--yes", "--json").outcomes() == {"api": "unchanged"}


def test_a_checkout_with_local_work_follows_and_all_of_that_work_stays(world: World) -> None:
    top = world.repo("api")
    busy_person(world, top, commits=False)
    before = picture(world, top)
    assert world.run("apply", "--yes", "--json").outcomes() == {"api": "pushed"}
    after = picture(world, top)
    tip = world.tip("api")
    files = after["files"]
    assert isinstance(files, dict)
    assert files.pop("conf.txt")[0] == b"hello world\n"
    assert files == before["files"]
    lines = str(after["index"]).splitlines()
    assert [line for line in lines if not line.endswith("\tconf.txt")] == str(before["index"]).splitlines()
    assert world.git(top, "rev-parse", "main") == world.git(top, "rev-parse", "origin/main") == tip
    assert after["stash"] == before["stash"]
    assert world.git(top, "diff", "--cached", "--name-only").split() == ["new-staged.txt", "tracked.txt"]
    assert set(world.git(top, "diff", "--name-only").split()) == {"other.txt", "tracked.txt"}
    assert world.run("status", "--json").states() == {"api": "in-sync"}


@pytest.mark.parametrize("how", ["edited", "staged", "deleted", "replaced by a symlink", "replaced by a folder"])
def test_a_managed_file_that_a_person_changed_is_left_alone(world: World, how: str) -> None:
    top = world.repo("api")
    world.run("apply", "--yes")
    world.head = "version: 1\nvars: {who: moon}\n"
    file = top / "conf.txt"
    if how == "edited":
        file.write_text("mine\n")
    elif how == "staged":
        file.write_text("mine\n")
        world.git(top, "add", "conf.txt")
        file.write_text("hello world\n")
    elif how == "deleted":
        file.unlink()
    elif how == "replaced by a symlink":
        file.unlink()
        file.symlink_to("README.md")
    else:
        file.unlink()
        file.mkdir()
    before = picture(world, top)
    applied = world.run("apply", "--yes", "--json")
    assert applied.outcomes() == {"api": "pushed"}
    assert "checkout left as it is" in applied.reasons()["api"]
    assert world.at("api", "conf.txt") == "hello moon\n"
    assert picture(world, top) == before
    assert world.run("status", "--json").states() == {"api": "behind"}


@pytest.mark.parametrize(
    "state", ["detached", "other branch", "merge", "rebase", "cherry-pick", "revert", "bisect", "index.lock"]
)
def test_a_checkout_that_is_busy_with_something_else_is_left_alone(world: World, state: str) -> None:
    top = world.repo("api", {"a.txt": "base\n"})
    world.commit(top, {"b.txt": "b\n"}, "second", push=True)
    if state == "detached":
        world.git(top, "checkout", "-q", "--detach")
    elif state == "other branch":
        world.git(top, "checkout", "-q", "-b", "feature")
    elif state == "bisect":
        world.git(top, "bisect", "start")
        world.git(top, "bisect", "bad")
        world.git(top, "bisect", "good", "HEAD~1")
    elif state == "index.lock":
        (top / ".git/index.lock").write_bytes(b"")
    else:
        world.git(top, "checkout", "-q", "-b", "side", "HEAD~1")
        side = world.commit(top, {"a.txt": "side\n"}, "side")
        world.git(top, "checkout", "-q", "main")
        world.commit(top, {"a.txt": "main\n"}, "main", push=True)
        action = {"merge": ["merge", side], "rebase": ["rebase", side], "cherry-pick": ["cherry-pick", side]}
        if state == "revert":
            world.commit(top, {"b.txt": "changed\n"}, "third", push=True)
            world.git(top, "revert", "--no-edit", "HEAD~2", ok=False)
        else:
            world.git(top, *action[state], ok=False)
    before = picture(world, top)
    applied = world.run("apply", "--yes", "--json")
    assert applied.outcomes() == {"api": "pushed"}
    assert picture(world, top) == before
    status = world.run("status", "--json").json["targets"][0]
    assert status["state"] == "behind", status
    words = {"detached": "detached", "other branch": "on branch", "index.lock": "busy"}
    assert words.get(state, "in progress") in status["reason"]


def test_a_branch_that_somebody_holds_locked_stays_with_its_files_and_the_lock_is_named(world: World) -> None:
    top = world.repo("api")
    lock = top / ".git/refs/heads/main.lock"
    lock.write_bytes(b"")
    before = picture(world, top)
    reason = world.run("apply", "--yes", "--json").reasons()["api"]
    assert "its branch could not be moved (" in reason
    assert str(lock) in reason
    assert picture(world, top) == before
    lock.unlink()
    assert world.run("apply", "--yes").code == 0
    assert (top / "conf.txt").read_text() == "hello world\n"


def test_a_checkout_with_other_peoples_commits_missing_follows_all_the_way(world: World) -> None:
    top = world.repo("api", {"a.txt": "a\n", "dir/b.txt": "b\n"})
    world.elsewhere("api", {"a.txt": "changed\n", "new/deep/c.txt": "c\n", "dir/b.txt": None})
    assert world.run("apply", "--yes", "--json").outcomes() == {"api": "pushed"}
    assert world.git(top, "rev-parse", "HEAD") == world.tip("api")
    assert world.git(top, "status", "--porcelain") == ""
    assert (top / "a.txt").read_text() == "changed\n"
    assert not (top / "dir").exists()


def test_a_file_in_the_way_of_other_peoples_commits_keeps_the_checkout_where_it_is(world: World) -> None:
    top = world.repo("api", {"a.txt": "a\n"})
    world.elsewhere("api", {"a.txt": "changed\n"})
    world.write(top, {"a.txt": "mine\n"})
    before = picture(world, top)
    assert world.run("apply", "--yes", "--json").outcomes() == {"api": "pushed"}
    assert picture(world, top) == before
    reason = world.run("status", "--json").json["targets"][0]["reason"]
    assert "a.txt has local edits" in reason


def test_an_untracked_file_where_a_managed_one_will_be_is_never_overwritten(world: World) -> None:
    top = world.repo("api")
    world.write(top, {"conf.txt": "precious and untracked\n"})
    assert world.run("apply", "--yes", "--json").outcomes() == {"api": "pushed"}
    assert (top / "conf.txt").read_text() == "precious and untracked\n"
    assert world.run("status", "--json").states() == {"api": "behind"}


def test_modes_beyond_the_executable_bit_are_kept(world: World) -> None:
    top = world.repo("api")
    world.run("apply", "--yes")
    (top / "conf.txt").chmod(0o664)
    world.head = "version: 1\nvars: {who: moon}\n"
    world.run("apply", "--yes")
    assert (top / "conf.txt").read_text() == "hello moon\n"
    assert (top / "conf.txt").stat().st_mode & 0o777 == 0o664


def test_a_hard_linked_file_is_not_parted(world: World) -> None:
    top = world.repo("api")
    world.run("apply", "--yes")
    os.link(top / "conf.txt", world.root / "twin")
    world.head = "version: 1\nvars: {who: moon}\n"
    applied = world.run("apply", "--yes", "--json")
    assert "hard link" in applied.reasons()["api"]
    assert (world.root / "twin").read_text() == "hello world\n"


def test_nothing_but_the_followed_branch_moves_and_observing_moves_nothing(world: World) -> None:
    top = world.repo("api")
    world.elsewhere("api", {"x.txt": "x\n"})
    before = picture(world, top)
    fetch_head = (top / ".git/FETCH_HEAD").exists()
    for command in (["plan"], ["status", "--fetch"], ["diff"], ["verify"], ["plan", "--offline"]):
        world.run(*command)
    assert picture(world, top) == before
    assert (top / ".git/FETCH_HEAD").exists() == fetch_head
    assert not (top / ".git/rollout").exists()


def test_a_branch_checked_out_in_another_worktree_gets_no_staged_revert(world: World) -> None:
    top = world.repo("api")
    world.git(top, "checkout", "-q", "-b", "feature")
    world.git(top, "worktree", "add", "-q", str(world.root / "second"), "main")
    applied = world.run("apply", "--yes", "--json")
    assert applied.outcomes() == {"api": "pushed"}
    for tree in (top, world.root / "second"):
        assert world.git(tree, "status", "--porcelain") == ""


def test_a_linked_worktree_can_be_the_checkout(world: World) -> None:
    world.repo("api")
    world.git("api", "checkout", "-q", "-b", "feature")
    world.git("api", "worktree", "add", "-q", str(world.root / "second"), "main")
    world.entries["api"] = "{path: second}"
    assert world.run("apply", "--yes", "--json").outcomes() == {"api": "pushed"}
    assert (world.root / "second/conf.txt").read_text() == "hello world\n"
    assert world.git("second", "status", "--porcelain") == ""
    assert world.git("api", "status", "--porcelain") == ""


@pytest.mark.parametrize("setting", ["* text=auto eol=crlf", "*.txt text", "autocrlf"])
def test_line_ends_are_what_git_would_write_and_the_checkout_is_clean(world: World, setting: str) -> None:
    files: dict[str, str | bytes] = {"README.md": "hello\n"}
    if setting != "autocrlf":
        files[".gitattributes"] = setting + "\n"
    top = world.repo("api", files)
    if setting == "autocrlf":
        world.git(top, "config", "core.autocrlf", "true")
    world.template(
        "project/conf.txt.j2", "one\r\ntwo {{ who }}\r\n" if setting == "*.txt text" else "one\ntwo {{ who }}\n"
    )
    assert world.run("apply", "--yes", "--json").outcomes() == {"api": "pushed"}
    assert world.at("api", "conf.txt") == "one\ntwo world\n"
    expected = b"one\ntwo world\n" if setting == "*.txt text" else b"one\r\ntwo world\r\n"
    assert (top / "conf.txt").read_bytes() == expected
    assert world.git(top, "status", "--porcelain") == ""
    assert world.run("verify").code == 0


def test_an_old_text_that_an_editor_saves_after_the_move_is_a_local_edit_and_upstream_stays(world: World) -> None:
    top = world.repo("api")
    world.run("apply", "--yes")
    old = (top / "conf.txt").read_bytes()  # what the editor has in memory
    world.head = "version: 1\nvars: {who: moon}\n"
    assert world.run("apply", "--yes", "--json").outcomes() == {"api": "pushed"}
    assert (top / "conf.txt").read_bytes() == b"hello moon\n"
    (top / "conf.txt").write_bytes(old)
    again = world.run("apply", "--yes", "--json")
    assert (again.code, again.outcomes()) == (0, {"api": "unchanged"})
    assert "conf.txt has local edits" in again.reasons()["api"]
    assert world.run("status", "--json").states() == {"api": "behind"}
    world.head = "version: 1\nvars: {who: mars}\n"
    assert world.run("apply", "--yes", "--json").outcomes() == {"api": "pushed"}
    assert (world.at("api", "conf.txt"), (top / "conf.txt").read_bytes()) == ("hello mars\n", old)
    assert world.git(top, "status", "--porcelain") == "M conf.txt"
    world.git(top, "checkout", "-q", "--", "conf.txt")
    assert world.run("apply", "--yes", "--json").code == 0
    assert (top / "conf.txt").read_bytes() == b"hello mars\n"


def test_a_checkout_that_is_behind_follows_although_the_state_folder_is_lost(world: World) -> None:
    top = world.repo("api")
    world.run("apply", "--yes")
    world.head = "version: 1\nvars: {who: moon}\n"
    world.write(top, {"conf.txt": "mine\n"})
    assert "has local edits" in world.run("apply", "--yes", "--json").reasons()["api"]
    world.git(top, "checkout", "-q", "--", "conf.txt")
    shutil.rmtree(os.environ["ROLLOUT_STATE_DIR"])
    again = world.run("apply", "--yes", "--json")
    assert (again.code, again.outcomes()) == (0, {"api": "unchanged"}), again.out
    assert (top / "conf.txt").read_text() == "hello moon\n"
    assert world.run("status", "--json").states() == {"api": "in-sync"}
