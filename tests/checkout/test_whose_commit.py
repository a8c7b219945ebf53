"""A commit is ours only if it is ours: what people amend, fix up, squash, pick or resolve is theirs, wherever it is."""

import shutil
from collections.abc import Callable
from pathlib import Path, PurePosixPath

import pytest
from dulwich.index import Index

from rollout.model.outcomes import Author
from rollout.objects import seal
from rollout.objects.trees import PathChange
from rollout.store import history, last_written
from rollout.store.history import Touch
from tests.world import World

CONF = PurePosixPath("conf.txt")

MOVED = [(CONF, None, ("100644", "a" * 40)), (PurePosixPath("b"), ("100755", "b" * 40), None)]

PAT = Author("Pat", "pat@example.org")

WORDS = "Roll out\n\nRollout-Run: r1\nRollout-Plan: d\nRollout-Target: t\n"


def _commit(text: str, author: str = "Pat <pat@example.org>", when: str = "7 +0000", later: str = "") -> bytes:
    head = f"tree {'1' * 40}\nparent {'2' * 40}\nauthor {author} {when}\ncommitter {author} {later or when}\n"
    return f"{head}\n{text}".encode()


def _sealed() -> str:
    return seal.put(WORDS, "main", PAT, MOVED)


# --- the seal, by values


def test_a_seal_fits_the_very_commit_whoever_carries_it_elsewhere() -> None:
    text = _sealed()
    assert text.startswith(WORDS)
    assert text.splitlines()[-1].startswith("Rollout-Seal: ")
    assert seal.fits(_commit(text), MOVED)
    assert seal.fits(_commit(text, later="99 +0200"), reversed(MOVED)), "rebased, and nothing of it changed"
    assert seal.put(text, "main", PAT, MOVED) == text, "a seal takes the place of the one before"


@pytest.mark.parametrize(
    "moved",
    [
        MOVED[:1],
        [*MOVED, (PurePosixPath("new"), None, ("100644", "c" * 40))],
        [(CONF, None, ("100644", "c" * 40)), MOVED[1]],
        [(CONF, None, ("100755", "a" * 40)), MOVED[1]],
        [(CONF, ("100644", "c" * 40), ("100644", "a" * 40)), MOVED[1]],
    ],
)
def test_a_seal_fits_no_other_change(moved: list[PathChange]) -> None:
    assert not seal.fits(_commit(_sealed()), moved)


def test_a_seal_fits_a_name_as_git_writes_it_when_it_signs() -> None:
    text = seal.put(WORDS, "main", Author(" Pat Person, Jr.", "pat@example.org"), MOVED)
    assert seal.fits(_commit(text, author="Pat Person, Jr <pat@example.org>"), MOVED)


def test_a_seal_fits_no_other_author_and_no_other_words() -> None:
    text = _sealed()
    assert not seal.fits(_commit(text, author="Kim <kim@example.org>"), MOVED)
    assert not seal.fits(_commit(text.replace("Roll out", "Roll it out")), MOVED)
    assert not seal.fits(_commit(f"{text}Signed-off-by: Kim <kim@example.org>\n"), MOVED)
    assert not seal.fits(_commit(f"{text}\n{text}"), MOVED), "a squash of two of ours is nobody's but its maker's"
    assert not seal.fits(_commit(WORDS), MOVED)


def test_a_seal_fits_on_the_branch_it_was_made_for() -> None:
    text = _sealed()
    assert seal.fits(_commit(text), MOVED, "main")
    assert not seal.fits(_commit(text), MOVED, "release")
    assert not seal.fits(_commit(text.replace(" main\n", " release\n")), MOVED, "release")


def test_a_commit_from_before_there_were_seals_is_ours_if_nobody_touched_it_since() -> None:
    assert seal.unsealed(_commit(WORDS))
    assert not seal.unsealed(_commit(WORDS, later="8 +0000")), "amended: the second date is later"
    assert not seal.unsealed(_commit(WORDS, when="7 +0200"))
    assert not seal.unsealed(_commit(_sealed())), "a commit with a seal is judged by it"


def test_a_log_is_read_whatever_paths_are_called() -> None:
    odd = f":{'0' * 40}\x1e\x1f\n"
    out = f"{'1' * 40}\0\n:100644 000000 {'a' * 40} {'0' * 40} D\0{odd}\0{'2' * 40}\0".encode()
    assert history.parse_log(out) == [
        ("1" * 40, [(PurePosixPath(odd), ("100644", "a" * 40), None)]),
        ("2" * 40, []),
    ]


# --- what rollout wrote, by values


def _touch(run: str, after: str, *, ours: bool = True) -> Touch:
    return Touch(run + after, "t", None, ("100644", after), None, run, ours)


def test_what_others_made_of_a_commit_of_ours_is_not_what_rollout_wrote() -> None:
    ours, theirs, older = _touch("r2", "b"), _touch("r2", "c", ours=False), _touch("r1", "a")
    contents = {"a": b"old", "b": b"new", "c": b"theirs"}
    unknown = last_written.written([theirs], contents, {"t"})
    assert unknown is not None
    assert (unknown.file, unknown.disputed) == (None, True)
    behind = last_written.written([theirs, older], contents, {"t"})
    assert behind is not None
    assert behind.file is not None
    assert (behind.file.content, behind.disputed) == (b"old", True)
    known = history.recalled({CONF: [theirs, older]}, {CONF: [ours]})
    found = last_written.written(known[CONF], contents, {"t"})
    assert found is not None
    assert found.file is not None
    assert (found.file.content, found.disputed) == (b"new", False)


# --- what people do with a commit of ours

Deed = Callable[[World, Path], None]


def _amend(world: World, top: Path, *more: str) -> None:
    world.git(top, "commit", "-q", "--amend", "--no-edit", *more)


def amend_with_edits(world: World, top: Path) -> None:
    world.write(top, {"conf.txt": "hello, my own words\n", "README.md": "mine\n"})
    _amend(world, top, "-a")


def amend_with_a_new_file(world: World, top: Path) -> None:
    world.write(top, {"mine.txt": "mine\n"})
    world.git(top, "add", "mine.txt")
    _amend(world, top)


def amend_with_a_removal(world: World, top: Path) -> None:
    world.git(top, "rm", "-q", "README.md")
    _amend(world, top)


def fix_up(world: World, top: Path) -> None:
    world.write(top, {"mine.txt": "mine\n"})
    world.git(top, "add", "mine.txt")
    world.git(top, "commit", "-q", "--fixup", "HEAD")
    world.git(top, "rebase", "-q", "-i", "--autosquash", "HEAD~2", GIT_SEQUENCE_EDITOR="true")


def squash(world: World, top: Path) -> None:
    world.commit(top, {"mine.txt": "mine\n"}, "squash! mine")
    world.git(top, "rebase", "-q", "-i", "HEAD~2", GIT_SEQUENCE_EDITOR="sed -i 2s/pick/squash/", GIT_EDITOR="true")


def reword(world: World, top: Path) -> None:
    text = world.git(top, "log", "-1", "--format=%B")
    world.git(top, "commit", "-q", "--amend", "-m", f"Mine: {text}")


def own_commit_below(world: World, top: Path) -> None:
    world.commit(top, {"mine.txt": "mine\n"}, "mine")
    world.git(top, "rebase", "-q", "-i", "HEAD~2", GIT_SEQUENCE_EDITOR="sed -i '1{h;d};2G'")


def pick_elsewhere_and_come_back(world: World, top: Path) -> None:
    world.git(top, "checkout", "-q", "-b", "side", "HEAD~1")
    world.commit(top, {"mine.txt": "mine\n"}, "mine")
    world.git(top, "cherry-pick", "main")
    world.git(top, "checkout", "-q", "-B", "main", "side")


def pick_ours_from_another_branch(world: World, top: Path) -> None:
    """Pick what rollout made for another branch; here it is the person's wish."""
    world.git(top, "reset", "-q", "--hard", "HEAD~1")
    world.git(top, "pull", "-q", str(world.root / "release"), "release")
    world.git(top, "checkout", "-q", "-B", "main", "HEAD~1")
    world.git(top, "cherry-pick", "FETCH_HEAD")


THEIRS = (
    amend_with_edits,
    amend_with_a_new_file,
    amend_with_a_removal,
    fix_up,
    squash,
    reword,
    own_commit_below,
    pick_elsewhere_and_come_back,
    pick_ours_from_another_branch,
)

# Without the state, a commit is judged by itself: by what it changes, by its words, and by the branch it was made for.
_FEW = (amend_with_edits, squash, pick_ours_from_another_branch)
_DEEDS = pytest.mark.parametrize(
    ("lost", "theirs"),
    [
        pytest.param(False, (*_FEW, fix_up, own_commit_below), id="with-state"),
        pytest.param(True, _FEW, id="state-lost"),
        pytest.param(False, THEIRS, id="with-state-all", marks=pytest.mark.long),
        pytest.param(True, THEIRS, id="state-lost-all", marks=pytest.mark.long),
    ],
)


def _world(world: World, deeds: tuple[Deed, ...]) -> dict[str, Deed]:
    named = {deed.__name__.replace("_", "-"): deed for deed in deeds}
    for name in named:
        world.repo(name)
    return named


def _release(world: World) -> None:
    """Roll out to another branch of every project, in a repository that the people pick from."""
    world.template("release/release.txt", "ours\n")
    world.remote("release", branch="release")
    world.clone("release", branch="release")
    world.entries["release"] = "{path: release, branch: release, templates: [release]}"
    assert world.run("apply", "-y", "--limit", "release").code == 0
    del world.entries["release"]


def _lose_state(sealed: Path) -> None:
    shutil.rmtree(sealed / "state")


def _all_of(world: World, name: str) -> tuple[str, dict[str, bytes], dict[bytes, tuple[int, bytes]]]:
    """Return what a checkout has: its commit, its files, and what is staged."""
    top = world.root / name
    files = {str(f.relative_to(top)): f.read_bytes() for f in top.rglob("*") if f.is_file() and ".git" not in f.parts}
    staged = {path: (mode, bytes(found)) for path, found, mode in Index(top / ".git/index").iterobjects()}
    return world.head_of(top), files, staged


@_DEEDS
def test_what_a_person_made_of_our_unpushed_commit_stays_theirs(
    world: World, sealed: Path, lost: bool, theirs: tuple[Deed, ...]
) -> None:
    _release(world)
    deeds = _world(world, theirs)
    assert world.run("apply", "-y", "--no-push").code == 0
    for name, deed in deeds.items():
        deed(world, world.root / name)
    before = {name: _all_of(world, name) for name in deeds}
    if lost:
        _lose_state(sealed)
    pushed = world.run("push", "-y", "--json")
    assert pushed.code == 0, pushed.err
    assert set(pushed.outcomes().values()) == {"unchanged" if lost else "pushed"}
    world.template("project/conf.txt.j2", "hello again {{ who }}\n")
    for command in (("apply", "-y"), ("apply", "-y", "--no-push"), ("push", "-y")):
        world.run(*command)
        assert {name: _all_of(world, name) for name in deeds} == before, command
    for name in deeds:
        assert (
            world.git(f"{name}.git", "log", "--format=%s", "--diff-filter=AMD", "main", "--", "mine.txt", "release.txt")
            == ""
        )
        assert world.at(name, "README.md") == "hello\n"
        assert world.at(name, "conf.txt") == "hello again world\n"


@_DEEDS
def test_what_a_person_made_of_our_pushed_commit_stays_theirs(
    world: World, sealed: Path, lost: bool, theirs: tuple[Deed, ...]
) -> None:
    _release(world)
    deeds = _world(world, theirs)
    assert world.run("apply", "-y").code == 0
    for name, deed in deeds.items():
        deed(world, world.root / name)
    before = {name: _all_of(world, name) for name in deeds}
    if lost:
        _lose_state(sealed)
    world.template("project/conf.txt.j2", "hello again {{ who }}\n")
    applied = world.run("apply", "-y", "--json")
    assert set(applied.outcomes().values()) == {"pushed"}, applied.err
    assert {name: _all_of(world, name) for name in deeds} == before
    states = {t["name"]: t for t in world.run("status", "--json").json["targets"]}
    assert {t["state"] for t in states.values()} == {"behind"}
    assert all(t["ahead"] and t["behind"] for t in states.values()), "a diverged checkout has both numbers"


@pytest.mark.parametrize("lost", [False, True], ids=["with-state", "state-lost"])
def test_our_commit_that_a_person_only_carried_elsewhere_is_still_ours(world: World, sealed: Path, lost: bool) -> None:
    top = world.repo("one")
    assert world.run("apply", "-y", "--no-push").code == 0
    world.elsewhere("one", {"other.txt": "colleague\n"})
    world.git(top, "pull", "-q", "--rebase")
    rebased = world.git(top, "rev-parse", "HEAD")
    if lost:
        _lose_state(sealed)
    world.template("project/conf.txt.j2", "hello again {{ who }}\n")
    assert world.run("apply", "-y").code == 0
    assert world.run("status", "--json").states() == {"one": "in-sync"}
    assert (top / "conf.txt").read_text() == "hello again world\n"
    assert world.git(top, "merge-base", "--is-ancestor", rebased, "HEAD", ok=False) == ""
    assert world.log("one")[0] == "Roll out conf.txt"
    assert len(world.log("one")) == 3


# --- upstream


def _force(world: World, name: str, deed: Deed) -> None:
    other = world.clone(name, f"{name}.colleague")
    deed(world, other)
    world.git(other, "push", "-q", "--force", "origin", "HEAD:main")


def touch_nothing_but_its_date(world: World, top: Path) -> None:
    _amend(world, top)


@pytest.mark.parametrize(
    ("first", "lost"),
    [
        pytest.param(True, True, id="first-state-lost"),
        pytest.param(False, False, id="second-with-state"),
        pytest.param(True, False, id="first-with-state", marks=pytest.mark.long),
        pytest.param(False, True, id="second-state-lost", marks=pytest.mark.long),
    ],
)
def test_what_a_colleague_made_of_our_commit_upstream_is_drift(
    world: World, sealed: Path, lost: bool, first: bool
) -> None:
    _world(world, (amend_with_edits, touch_nothing_but_its_date, reword))
    if not first:
        assert world.run("apply", "-y").code == 0
        world.template("project/conf.txt.j2", "hello for the second time {{ who }}\n")
    assert world.run("apply", "-y").code == 0
    _force(world, "amend-with-edits", amend_with_edits)
    _force(world, "touch-nothing-but-its-date", touch_nothing_but_its_date)
    _force(world, "reword", reword)
    if lost:
        _lose_state(sealed)
    assert world.run("status", "--fetch", "--json").states() == {
        "amend-with-edits": "drift",
        "touch-nothing-but-its-date": "in-sync",
        "reword": "in-sync",
    }
    world.template("project/conf.txt.j2", "hello again {{ who }}\n")
    applied = world.run("apply", "-y", "--json")
    assert applied.code == 3
    assert applied.outcomes() == {
        "amend-with-edits": "blocked",
        "touch-nothing-but-its-date": "pushed",
        "reword": "pushed",
    }
    assert applied.reasons()["amend-with-edits"].startswith("drift: conf.txt: ")
    assert world.at("amend-with-edits", "conf.txt") == "hello, my own words\n"


def test_our_commit_that_was_resolved_by_hand_on_its_way_upstream_is_drift(world: World, sealed: Path) -> None:
    """A branch got our commit before upstream did, and whoever merged it resolved it."""
    top = world.repo("one")
    assert world.run("apply", "-y", "--no-push").code == 0
    other = world.clone("one", "one.other")
    world.git(other, "pull", "-q", str(top), "main")
    amend_with_edits(world, other)
    world.git(other, "push", "-q", "origin", "HEAD:main")
    pushed = world.run("push", "-y", "--json")
    assert (pushed.code, pushed.outcomes()) == (3, {"one": "stale"})
    assert world.run("status", "--json").states() == {"one": "drift"}
    assert world.at("one", "conf.txt") == "hello, my own words\n"


def test_a_file_that_upstream_got_while_our_commit_waited_makes_the_push_stale(world: World) -> None:
    world.repo("whole")
    world.template("json/conf.json", '{"ours": 1}\n')
    world.tail = "files: {conf.json: {mode: merge}}\n"
    world.repo("merged", extra=", templates: [json]")
    world.repo("moved-on")
    assert world.run("apply", "-y", "--no-push").code == 0
    world.elsewhere("whole", {"conf.txt": "theirs\n"})
    world.elsewhere("merged", {"conf.json": '{"theirs": 1}\n'})
    world.elsewhere("moved-on", {"other.txt": "theirs\n"})
    pushed = world.run("push", "-y", "--json")
    assert pushed.code == 3
    assert pushed.outcomes() == {"whole": "stale", "merged": "stale", "moved-on": "pushed"}
    assert "conf.txt" in pushed.reasons()["whole"]
    assert world.at("whole", "conf.txt") == "theirs\n"
    assert world.at("merged", "conf.json") == '{"theirs": 1}\n'


def test_a_waiting_commit_finds_its_place_in_a_checkout_that_is_behind(world: World) -> None:
    top = world.repo("one", {"README.md": "hello\n", "mine.txt": "mine\n"})
    tip = world.elsewhere("one", {"other.txt": "theirs\n"})
    world.write(top, {"mine.txt": "edited\n"})
    applied = world.run("apply", "-y", "--no-push", "--json")
    assert applied.outcomes() == {"one": "committed"}
    assert "left as it is" not in applied.out
    assert world.git(top, "log", "--format=%s") == "Roll out conf.txt\nelsewhere\nfirst"
    assert world.git(top, "rev-parse", "HEAD~1", "origin/main").split() == [tip, tip]
    assert world.git(top, "status", "--porcelain") == "M mine.txt"
    world.elsewhere("one", {"other.txt": "theirs again\n"})
    world.template("project/conf.txt.j2", "hello again {{ who }}\n")
    assert world.run("apply", "-y", "--no-push").code == 0
    assert world.git(top, "log", "--format=%s") == "Roll out conf.txt\nelsewhere\nelsewhere\nfirst"
    assert world.run("status", "--json").states() == {"one": "ready-to-push"}


def test_offline_a_checkout_that_is_behind_is_left_and_told_so_in_words(world: World) -> None:
    top = world.repo("one")
    world.elsewhere("one", {"other.txt": "theirs\n"})
    assert world.run("plan").code == 0
    applied = world.run("apply", "-y", "--no-push", "--offline", "--json")
    assert applied.outcomes() == {"one": "committed"}
    assert "checkout left as it is: it is behind upstream, and --offline fetches nothing" in applied.out
    assert world.git(top, "log", "--format=%s") == "first"
    assert world.run("push", "-y", "--json").outcomes() == {"one": "pushed"}


def test_a_checkout_that_diverged_long_ago_knows_how_far_it_is_behind(world: World) -> None:
    top = world.repo("one")
    world.commit(top, {"mine.txt": "mine\n"}, "mine")
    for number in range(3):
        world.elsewhere("one", {"other.txt": f"{number}\n"})
    assert world.run("apply", "-y").code == 0
    (found,) = world.run("status", "--json").json["targets"]
    assert (found["ahead"], found["behind"]) == (1, 4)


def test_also_where_only_the_newest_commit_was_ever_fetched(world: World) -> None:
    world.repo("one", {"conf.txt": "hello world\n"})
    world.repo("shallow", {"conf.txt": "hello world\n"})
    shutil.rmtree(world.root / "shallow")
    world.git(".", "clone", "-q", "--depth=1", f"file://{world.root}/shallow.git", "shallow")
    for name in ("one", "shallow"):
        world.commit(name, {"mine.txt": "mine\n"}, "mine")
        for number in range(3):
            world.elsewhere(name, {"other.txt": f"{number}\n"})
    found = world.run("status", "--fetch", "--json").json["targets"]
    assert [(target["ahead"], target["behind"]) for target in found] == [(1, 3), (1, 3)]


def _as_earlier_versions_made_it(world: World, where: str) -> None:
    """Take the seal off the branch's commit, and leave all else as it is."""
    raw = world.git(where, "cat-file", "commit", "main").splitlines()
    file = world.root / "unsealed"
    file.write_text("".join(f"{line}\n" for line in raw if not line.startswith("Rollout-Seal: ")))
    made = world.git(where, "hash-object", "-t", "commit", "-w", str(file))
    world.git(where, "update-ref", "refs/heads/main", made)


def test_commits_of_earlier_versions_are_ours_upstream_and_a_persons_in_a_checkout(world: World, sealed: Path) -> None:
    world.repo("pushed")
    top = world.repo("waits")
    assert world.run("apply", "-y", "--limit", "pushed").code == 0
    assert world.run("apply", "-y", "--no-push", "--limit", "waits").code == 0
    for where in ("pushed.git", "pushed", "waits"):
        _as_earlier_versions_made_it(world, where)
    world.git("pushed", "update-ref", "refs/remotes/origin/main", "main")
    _lose_state(sealed)
    world.template("project/conf.txt.j2", "hello again {{ who }}\n")
    before = _all_of(world, "waits")
    applied = world.run("apply", "-y", "--json")
    assert applied.outcomes() == {"pushed": "pushed", "waits": "pushed"}
    assert world.run("status", "--json").states() == {"pushed": "in-sync", "waits": "behind"}
    assert _all_of(world, "waits") == before
    assert (top / "conf.txt").read_text() == "hello world\n"
