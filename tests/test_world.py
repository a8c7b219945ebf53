"""What the world of a test makes without git is what git would have made."""

from pathlib import Path

import pytest

from tests.world import World

_FILES: dict[str, str | bytes] = {"README.md": "hello\n", "a/b/c.txt": "c\n", "a.txt": b"\0\xff", "run": "x\n"}


def _by_git(world: World, name: str) -> World:
    """Let git ask for each step: a person with a setting of their own is left to it."""
    with Path(world.root / "settings").open("w") as file:
        file.write((Path.home() / ".gitconfig").read_text() + "[advice]\n\tdetachedHead = false\n")
    other = World(world.root / name)
    other.root.mkdir()
    return other


def test_a_commit_is_the_one_that_git_would_have_made(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    changes: list[dict[str, str | bytes | None]] = [
        {"a/b/c.txt": "changed\n", "new/deep.txt": "n\n"},
        {"a/b/c.txt": None, "README.md": "bye\n"},
    ]
    world.remote("api", _FILES)
    world.remote("trunk", _FILES, branch="trunk")
    ids = [world.tip("api"), world.tip("trunk", "trunk"), *(world.elsewhere("api", files) for files in changes)]
    by_git = _by_git(world, "git")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(world.root / "settings"))
    by_git.remote("api", _FILES)
    by_git.remote("trunk", _FILES, branch="trunk")
    assert ids == [
        by_git.tip("api"), by_git.tip("trunk", "trunk"), *(by_git.elsewhere("api", files) for files in changes)
    ]  # fmt: skip
    assert world.git("api.git", "fsck", "--strict", "--no-dangling") == ""
    assert world.git("api.git", "log", "--format=%s", "--stat") == by_git.git("api.git", "log", "--format=%s", "--stat")


def test_a_checkout_that_is_put_down_again_is_one_that_git_has_looked_at(world: World) -> None:
    for name in ("one", "two"):
        top = world.checkout(name, _FILES)
        assert world.git(top, "diff-files") == ""
        assert world.git(top, "status", "--porcelain", "--branch") == "## main...origin/main"
        assert world.git(top, "fsck", "--strict", "--full") == ""
        assert world.git(top, "remote", "get-url", "origin") == str(world.root / f"{name}.git")
    world.commit("one", {"more.txt": "more\n"}, push=True)
    assert [(world.clone(name, f"{name}-again") / "more.txt").exists() for name in ("one", "two")] == [True, False]


def test_what_is_upstream_is_read_as_git_reads_it(world: World) -> None:
    world.remote("api", {"a.txt": "a\r\nb\n", "folder/b.txt": "b\n"})
    top = world.clone("api")
    (top / "link").symlink_to("a.txt")
    world.git(top, "add", "link")
    world.commit(top, {"c.txt": "c\n"}, push=True)
    world.git("api.git", "repack", "-adq")
    assert [world.at("api", path) for path in ("a.txt", "folder/b.txt", "link", "none", "a.txt/x", "c.txt")] == [
        "a\nb\n", "b\n", "a.txt", None, None, "c\n"
    ]  # fmt: skip
    assert world.log("api") == world.git("api.git", "log", "--format=%s", "main").splitlines() == ["work", "first"]
    assert (world.at("api", "a.txt", "none"), world.at("api", "a.txt", "main~1")) == (None, "a\nb\n")
    assert world.tip("api") == world.git("api.git", "rev-parse", "main") == world.git(top, "rev-parse", "HEAD")
