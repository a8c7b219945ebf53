"""What we wrote stays ours where upstream has its very bytes, though its history has our commit no more."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.first_rows import first_rows
from tests.world import World

Rewrite = Callable[[World, Path], None]

SECOND, THIRD = "hello for the second time world\n", "hello for the third time {{ who }}\n"


def squash(world: World, top: Path) -> None:
    world.git(top, "reset", "-q", "--soft", "HEAD~2")
    world.git(top, "commit", "-q", "-m", "squashed")


def squash_with_a_new_file(world: World, top: Path) -> None:
    world.git(top, "reset", "-q", "--soft", "HEAD~2")
    world.commit(top, {"mine.txt": "mine\n"}, "squashed")


def reword(world: World, top: Path) -> None:
    world.git(top, "commit", "-q", "--amend", "-m", "chore: reworded")


def reword_with_a_new_file(world: World, top: Path) -> None:
    world.write(top, {"mine.txt": "mine\n"})
    world.git(top, "add", "mine.txt")
    reword(world, top)


REWRITES = (squash, squash_with_a_new_file, reword, reword_with_a_new_file)


def _changes(world: World) -> dict[str, list[str]]:
    found = world.run("plan", "--json", "--no-diff").json["targets"]
    return {target["name"]: [change["action"] for change in target["changes"]] for target in found}


def _colleague(world: World, name: str) -> Path:
    top = world.root / f"{name}.colleague"
    if not top.exists():
        world.clone(name, top.name)
    world.git(top, "fetch", "-q")
    world.git(top, "reset", "-q", "--hard", "origin/main")
    return top


def _force(world: World, name: str, rewrite: Rewrite) -> None:
    top = _colleague(world, name)
    rewrite(world, top)
    world.git(top, "push", "-q", "--force", "origin", "HEAD:main")


def _written_twice(world: World, rewrites: tuple[Rewrite, ...] = REWRITES) -> dict[str, Rewrite]:
    """Let two commits of ours write a file in each of the repositories that are rewritten afterwards."""
    named = {rewrite.__name__.replace("_", "-"): rewrite for rewrite in rewrites}
    for name in named:
        world.bare_repo(name)
    assert world.run("apply", "-y").code == 0
    world.template("project/conf.txt.j2", SECOND.replace("world", "{{ who }}"))
    assert world.run("apply", "-y", "--message", "second").code == 0
    return named


def _all(named: Mapping[str, Rewrite], action: str) -> dict[str, list[str]]:
    return {name: [action] for name in named}


@first_rows(
    1,
    "look",
    [None, ("status", "--fetch"), pytest.param(("apply", "-y"), marks=pytest.mark.long)],
    ids=["none", "status", "apply"],
)
def test_what_we_wrote_in_commits_that_were_rewritten_is_updated(world: World, look: tuple[str, ...] | None) -> None:
    named = _written_twice(world)
    for name, rewrite in named.items():
        _force(world, name, rewrite)
    if look is not None:
        assert world.run(*look).code == 0
        assert _changes(world) == {name: [] for name in named}
    world.template("project/conf.txt.j2", THIRD)
    assert _changes(world) == _all(named, "update")
    assert world.run("apply", "-y").code == 0
    world.template("project/conf.txt.j2", "hello for good {{ who }}\n")
    assert _changes(world) == _all(named, "update")


@first_rows(1, "first", [True, False], ids=["first", "second"])
def test_what_waited_and_was_pushed_in_a_commit_of_others_is_updated(world: World, first: bool) -> None:
    named = {"reword": reword, "reword-with-a-new-file": reword_with_a_new_file}
    for name in named:
        world.repo(name)
    if not first:
        assert world.run("apply", "-y").code == 0
        world.template("project/conf.txt.j2", SECOND)
    assert world.run("apply", "-y", "--no-push").code == 0
    for name, rewrite in named.items():
        rewrite(world, world.root / name)
        world.git(name, "push", "-q")
    world.template("project/conf.txt.j2", THIRD)
    assert _changes(world) == _all(named, "update")
    assert set(world.run("push", "-y", "--json").outcomes().values()) == {"unchanged"}
    assert world.run("apply", "-y").code == 0
    assert _changes(world) == {name: [] for name in named}


def test_what_others_change_after_a_rewrite_that_we_saw_is_drift(world: World) -> None:
    named = _written_twice(world)
    for name, rewrite in named.items():
        _force(world, name, rewrite)
    assert world.run("status", "--fetch").code == 0
    for name in named:
        world.elsewhere(name, {"conf.txt": "theirs\n"})
    assert _changes(world) == _all(named, "drift")


def test_a_text_that_others_wrote_in_a_rewrite_stays_theirs(world: World) -> None:
    def write_their_own(world: World, top: Path) -> None:
        world.write(top, {"conf.txt": "theirs\n"})
        world.git(top, "add", "conf.txt")
        squash(world, top)

    def go_back(world: World, top: Path) -> None:
        """Bring back what our first commit wrote, in a commit of their own."""
        world.write(top, {"conf.txt": "hello world\n"})
        world.git(top, "add", "conf.txt")
        squash(world, top)

    named = _written_twice(world, (write_their_own, go_back))
    for name, rewrite in named.items():
        _force(world, name, rewrite)
    assert _changes(world) == _all(named, "adopt")
    world.template("project/conf.txt.j2", THIRD)
    assert _changes(world) == _all(named, "adopt")


def test_what_a_revert_gave_back_is_theirs_after_a_rewrite_too(world: World) -> None:
    def squash_the_revert(world: World, top: Path) -> None:
        world.git(top, "reset", "-q", "--soft", "HEAD~2")
        world.git(top, "commit", "-q", "-m", "squashed", "--allow-empty")

    world.bare_repo("one", {"conf.txt": "theirs\n"})
    assert world.run("apply", "-y", "--adopt").code == 0
    assert world.run("revert", "-y", world.last_run()).code == 0
    assert world.at("one", "conf.txt") == "theirs\n"
    _force(world, "one", squash_the_revert)
    world.template("project/conf.txt.j2", THIRD)
    assert _changes(world) == {"one": ["adopt"]}


@first_rows(1, "look", [False, True], ids=["none", "look"])
def test_documents_and_blocks_are_ours_after_a_rewrite_as_before(world: World, look: bool) -> None:
    world.tail = "files: {conf.json: {mode: merge}, NOTES.md: {mode: block}}\n"
    world.template("project/conf.json", '{"a": 1, "gone": 1}\n')
    world.template("project/NOTES.md", "one\n")
    (world.root / "templates" / "project" / "conf.txt.j2").unlink()
    for name in ("squash", "reword"):
        world.bare_repo(name, {"conf.json": '{\n  "b": 2\n}\n', "NOTES.md": "mine\n"})
    assert world.run("apply", "-y", "--adopt").code == 0
    world.template("project/conf.json", '{"a": 2, "gone": 1}\n')
    assert world.run("apply", "-y", "--message", "second").code == 0
    _force(world, "squash", squash)
    _force(world, "reword", reword)
    if look:
        assert world.run("status", "--fetch").code == 0
    world.template("project/conf.json", '{"a": 3}\n')
    world.template("project/NOTES.md", "two\n")
    assert _changes(world) == {"squash": ["update", "update"], "reword": ["update", "update"]}
    assert world.run("apply", "-y").code == 0
    for name in ("squash", "reword"):
        assert world.at(name, "conf.json") == '{\n  "b": 2,\n  "a": 3\n}\n'


def _take_back(world: World, name: str, commits: int = 1, more: Mapping[str, str] | None = None) -> None:
    """Take the newest commits out of upstream's history, and perhaps put a commit of a colleague's in their place."""

    def take_back(world: World, top: Path) -> None:
        world.git(top, "reset", "-q", "--hard", f"HEAD~{commits}")
        if more:
            world.commit(top, more, "my own")

    _force(world, name, take_back)


@pytest.mark.parametrize("writes", [1, pytest.param(2, marks=pytest.mark.long)])
def test_a_write_on_top_of_a_rewrite_that_is_taken_back_again_leaves_the_file_ours(world: World, writes: int) -> None:
    named = _written_twice(world)
    for name, rewrite in named.items():
        _force(world, name, rewrite)
    for word in ("third", "fourth")[:writes]:
        world.template("project/conf.txt.j2", f"hello for the {word} time {{{{ who }}}}\n")
        assert world.run("apply", "-y", "--message", word).code == 0
    for name in named:
        _take_back(world, name, writes)
    for _ in range(2):
        assert _changes(world) == _all(named, "update")
    assert world.run("apply", "-y").code == 0
    for name in named:
        _take_back(world, name, 1, {"conf.txt": "theirs\n"})
    assert _changes(world) == _all(named, "drift")


def test_what_others_had_beside_what_was_ours_in_a_rewrite_stays_theirs(world: World) -> None:
    """Go back to a commit in which others had written over our text before we wrote ours again."""

    def write_their_own(world: World, top: Path) -> None:
        world.write(top, {"conf.txt": "theirs\n"})
        world.git(top, "add", "conf.txt")
        squash(world, top)

    named = _written_twice(world, (write_their_own,))
    _force(world, "write-their-own", write_their_own)
    world.template("project/conf.txt.j2", THIRD)
    assert world.run("apply", "-y", "--adopt").code == 0
    _take_back(world, "write-their-own")
    assert _changes(world) == _all(named, "adopt")


def test_what_waited_and_was_pushed_by_others_stays_ours_when_our_next_write_is_taken_back(world: World) -> None:
    world.repo("one")
    assert world.run("apply", "-y", "--no-push").code == 0
    reword(world, world.root / "one")
    world.git("one", "push", "-q")
    world.template("project/conf.txt.j2", SECOND)
    assert world.run("apply", "-y").code == 0
    _take_back(world, "one")
    world.template("project/conf.txt.j2", THIRD)
    assert _changes(world) == {"one": ["update"]}


def test_documents_and_blocks_are_ours_when_our_write_after_a_rewrite_is_taken_back(world: World) -> None:
    world.tail = "files: {conf.json: {mode: merge}, NOTES.md: {mode: block}}\n"
    (world.root / "templates" / "project" / "conf.txt.j2").unlink()
    for name in ("squash", "reword"):
        world.bare_repo(name, {"conf.json": '{\n  "b": 2\n}\n', "NOTES.md": "mine\n"})
    for number in (1, 2):
        world.template("project/conf.json", f'{{"a": {number}, "gone": 1}}\n')
        world.template("project/NOTES.md", f"{number}\n")
        assert world.run("apply", "-y", "--adopt", "--message", str(number)).code == 0
    _force(world, "squash", squash)
    _force(world, "reword", reword)
    world.template("project/conf.json", '{"a": 3, "gone": 1}\n')
    world.template("project/NOTES.md", "3\n")
    assert world.run("apply", "-y").code == 0
    for name in ("squash", "reword"):
        _take_back(world, name)
    world.template("project/conf.json", '{"a": 4}\n')
    assert _changes(world) == {"squash": ["update", "update"], "reword": ["update", "update"]}
    assert world.run("apply", "-y").code == 0
    for name in ("squash", "reword"):
        assert world.at(name, "conf.json") == '{\n  "b": 2,\n  "a": 4\n}\n'
