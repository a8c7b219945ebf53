"""Single faults that deserve a name of their own: at exactly one call, or at every one."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from rollout.checkout.moving import rescue
from tests.faults import shim
from tests.faults.shim import Book, Fault, Mode, needs_shim
from tests.first_rows import first_rows
from tests.world import World

pytestmark = needs_shim()


@pytest.fixture(scope="module")
def library() -> Path:
    return shim.built()


def _apply(world: World, library: Path, fault: Fault) -> tuple[subprocess.Popen[str], Book]:
    book = Book(world.root / "book")
    return world.spawn("apply", "--yes", "--json", **fault.environment(book.file, library)), book


def _outdated(world: World) -> Path:
    """Give a checkout that the next run wants to change."""
    top = world.repo("api", {"other.txt": "other\n"})
    assert world.run("apply", "--yes").code == 0
    world.head = "version: 1\nvars: {who: moon}\n"
    return top


def test_what_a_kill_left_beside_a_shared_file_goes_once_its_folder_can_be_locked_again(
    world: World, library: Path
) -> None:
    world.template("shared/a.txt.j2", "hello {{ who }}\n")
    world.tail = "folders:\n  shared: {path: shared, templates: [shared]}\n"
    process, book = _apply(world, library, Fault(Mode.KILL_TREE, 1, call="write", path="*/shared/.rollout-*.part"))
    process.communicate(timeout=60)
    assert book.fired
    (left,) = (world.root / "shared").iterdir()
    (lock,) = Path(os.environ["ROLLOUT_STATE_DIR"]).glob("folders/shared-*.lock")
    lock.unlink()
    lock.mkdir()
    assert f"{lock}: Is a directory; rollout needs a lock file there: move it away" in world.run("apply", "--yes").out
    assert left.exists()
    lock.rmdir()
    assert world.run("apply", "--yes").code == 0
    assert [file.name for file in (world.root / "shared").iterdir()] == ["a.txt"]


def test_whoever_reads_a_file_at_any_call_of_a_run_sees_the_old_one_or_the_new_one(world: World, library: Path) -> None:
    world.template("shared/a.txt.j2", "hello {{ who }}\n")
    world.remote("api")
    world.clone("api", "live/api")
    world.entries["api"] = "{path: live/api}"
    world.tail = "folders:\n  shared: {path: live/shared, templates: [shared]}\n"
    assert world.run("apply", "--yes").code == 0
    world.head = "version: 1\nvars: {who: moon}\n"
    files = f"{world.root}/live/api/conf.txt {world.root}/live/shared/a.txt"
    seen = {file: world.root / f"seen-{Path(file).name}" for file in files.split()}
    looks = "; ".join(f'printf %s "$(cat {file} || echo gone)|" >> {to}' for file, to in seen.items())
    process, book = _apply(world, library, Fault(Mode.WATCH, 1, command=looks, only=f"{world.root}/live"))
    _, err = process.communicate(timeout=120)
    assert (process.returncode, book.fired) == (0, True), err
    for to in seen.values():
        assert set(to.read_text().split("|")[:-1]) == {"hello world", "hello moon"}
    assert (world.root / "live/api/conf.txt").read_text() == "hello moon\n"


def test_a_persons_lock_that_appears_while_a_stale_one_of_ours_is_judged_stays(world: World, library: Path) -> None:
    top = _outdated(world)
    lock, inode = top / ".git/index.lock", world.root / "inode"
    ended = subprocess.Popen(["true"])
    ended.wait()
    lock.write_text(f'{{"rollout": 1, "pid": {ended.pid}, "host": "{os.uname().nodename}", "boot": "another"}}')
    theirs = f"rm {lock}; printf theirs > {lock}; stat -c %i {lock} > {inode}"
    process, book = _apply(world, library, Fault(Mode.RUN, 1, command=theirs, only=str(lock)))
    out, err = process.communicate(timeout=120)
    assert (process.returncode, book.fired) == (0, True), err
    assert book.calls()[0].path.rpartition("-")[0].endswith("index.lock.rollout")
    assert (lock.read_text(), lock.stat().st_ino) == ("theirs", int(inode.read_text()))
    assert [file.name for file in (top / ".git").glob("index.lock*")] == ["index.lock"]
    assert "busy: " in out
    assert (top / "conf.txt").read_text() == "hello world\n"
    lock.unlink()
    assert world.run("apply", "--yes").code == 0
    assert (top / "conf.txt").read_text() == "hello moon\n"


@pytest.mark.parametrize("odd", ["mkfifo {}", "ln -s elsewhere {}"])
def test_what_is_put_in_the_place_of_a_shared_file_before_it_is_replaced_stays(
    world: World, library: Path, odd: str
) -> None:
    world.template("shared/a.txt.j2", "hello {{ who }}\n")
    world.tail = "folders:\n  shared: {path: live/shared, templates: [shared]}\n"
    (world.root / "live").mkdir()
    assert world.run("apply", "--yes").code == 0
    world.head = "version: 1\nvars: {who: moon}\n"
    place = world.root / "live/shared/a.txt"
    command = f"rm {place}; {odd.format(place)}"
    noted = Fault(Mode.RUN, 1, call="rename", path="*/folders/shared-*.json", after=True, command=command)
    process, book = _apply(world, library, noted)
    process.communicate(timeout=60)
    assert (process.returncode, book.fired) == (3, True)
    assert place.is_fifo() or place.is_symlink()


def _killed_move(top: Path, blob: str) -> None:
    """Leave what a run leaves that was killed in a move: its lock, its notes, and an edit that it displaced."""
    left = top / ".git/rollout/op-4194305-1"
    left.mkdir(parents=True)
    said = f'{{"rollout": 1, "pid": 4194305, "host": "{os.uname().nodename}", "boot": "another"}}'
    (left / "token").write_text(said)
    os.link(left / "token", top / ".git/index.lock")
    (left / "0").write_text("the person's words\n")
    (left / "moves").write_text(f'["0", "conf.txt", ["100644", "{blob}"], [["100644", "{blob}"]]]\n')
    (left / "locks").write_text('["' + "0" * 40 + '", ["HEAD", "refs/heads/main"]]')
    (top / ".git/HEAD.lock").write_text("")


def test_a_recovery_that_is_killed_at_any_call_is_finished_by_the_next_one(world: World, library: Path) -> None:
    top = world.repo("api")
    assert world.run("apply", "--yes").code == 0
    blob = world.git(top, "rev-parse", ":conf.txt")
    clear = f"import pathlib; from rollout.checkout.moving import rescue; rescue.clear(pathlib.Path({str(top)!r}))"
    recovery = [sys.executable, "-c", clear]
    calls: list[str] = []
    for at in range(1, 100):
        (top / "conf.txt").write_text("hello world\n")
        _killed_move(top, blob)
        book = Book(world.root / "book")
        fault = Fault(Mode.KILL_TREE, at, only=f"{top}/")
        killed = subprocess.run(recovery, env=os.environ | fault.environment(book.file, library), check=False)
        if book.fired:
            assert killed.returncode == -9
            rescue.clear(top)
        assert (top / "conf.txt").read_text() == "the person's words\n", f"killed at call {at}"
        assert not list((top / ".git").glob("**/*.lock*")), f"killed at call {at}"
        assert not (top / ".git/rollout").exists(), f"killed at call {at}"
        if not book.fired:
            break
        calls = [call.name for call in book.calls()]
    assert {"rename", "exchange", "unlink", "rmdir"} <= set(calls)


def test_a_past_that_could_not_be_fetched_whole_is_fetched_again_and_not_taken_for_all(
    world: World, library: Path
) -> None:
    """Git says that all went well although it could not remove its note of where history ends here."""
    top = _outdated(world)
    shutil.rmtree(os.environ["ROLLOUT_STATE_DIR"])
    process, book = _apply(world, library, Fault(Mode.FAIL, 1, errno=errno.EIO, call="unlink", path="*/shallow"))
    out, err = process.communicate(timeout=120)
    assert (process.returncode, book.fired) == (0, True), out + err
    assert '"outcome": "pushed"' in out
    assert (top / "conf.txt").read_text() == "hello moon\n"


@dataclass(frozen=True)
class Meanwhile:
    """What happens while a run stands still: before its first call at a place, and what has to come of it."""

    before: str
    act: Callable[[World, Path], object]
    outcome: str
    upstream: str
    file: str
    said: str


def _changed_by_others(world: World) -> Path:
    """Give a checkout whose managed file somebody changed; the change may be taken into its template."""
    world.repo("api")
    assert world.run("apply", "--yes").code == 0
    world.elsewhere("api", {"conf.txt": "hello world, said others\n"})
    return world.root / "templates/project/conf.txt.j2"


def _takes(world: World, library: Path, fault: Fault) -> tuple[int, Book]:
    book = Book(world.root / "book")
    process = world.spawn("take", "api", "conf.txt", "--yes", **fault.environment(book.file, library))
    process.communicate(timeout=120)
    return process.returncode, book


@first_rows(3, "call", ["create", "rename", "exchange", "write", "unlink"])
@first_rows(1, "after", [False, True])
def test_a_killed_take_leaves_its_template_whole_and_nothing_that_is_taken_for_one(
    world: World, library: Path, call: str, after: bool
) -> None:
    template = _changed_by_others(world)
    old = template.read_text()
    code, book = _takes(world, library, Fault(Mode.KILL_TREE, 1, call=call, path="*/templates/*", after=after))
    assert (code, book.fired) == (-9, True)
    assert template.read_text() in {old, "hello {{ who }}, said others\n"}
    assert world.run("apply", "--yes").code in {0, 4}
    assert [file.name for file in template.parent.iterdir()] == [template.name]
    assert world.git("api.git", "ls-tree", "-r", "--name-only", "main").splitlines() == ["README.md", "conf.txt"]
    assert world.run("take", "api", "conf.txt", "--yes").code == 0
    assert template.read_text() == "hello {{ who }}, said others\n"
    assert [file.name for file in template.parent.iterdir()] == [template.name]


@first_rows(1, "call", ["create", "exchange"])
def test_a_template_that_is_edited_while_a_change_is_taken_stays_as_it_was_edited(
    world: World, library: Path, call: str
) -> None:
    template = _changed_by_others(world)
    edit = f"echo mine >> {template}"
    code, book = _takes(world, library, Fault(Mode.RUN, 1, call=call, path="*/templates/*", command=edit))
    assert (code, book.fired) == (4, True)
    assert template.read_text() == "hello {{ who }}\nmine\n"
    assert [file.name for file in template.parent.iterdir()] == [template.name]


@first_rows(1, "at", [1, 2, 3])
def test_a_run_that_says_that_a_file_is_kept_has_noted_it_on_the_disk(world: World, library: Path, at: int) -> None:
    _changed_by_others(world)
    book = Book(world.root / "book")
    fault = Fault(Mode.FAIL, at, errno=errno.ENOSPC, call="rename", path="*/rollout.json")
    process = world.spawn("apply", "--yes", "--on-drift", "keep", **fault.environment(book.file, library))
    out, err = process.communicate(timeout=120)
    synced = [call.path for call in book.calls() if call.name == "fsync" and "/workshops/" in call.path]
    assert (process.returncode, bool(synced)) == (0, True) or "No space left" in out, out + err
    if process.returncode == 0:
        plain = world.run("apply", "--yes", "--json")
        assert (plain.code, plain.outcomes()) == (0, {"api": "unchanged"})


def _edits(_: World, top: Path) -> None:
    (top / "conf.txt").write_text("mine\n")


def _commits(world: World, top: Path) -> None:
    """Go on as somebody does who finds the lock of a program that has not moved for hours."""
    (top / ".git/index.lock").unlink()
    world.commit(top, {"other.txt": "mine\n"}, "mine")


def _push(world: World, _: Path) -> None:
    world.elsewhere("api", {"conf.txt": "theirs\n"})


@first_rows(
    2,
    "meanwhile",
    [
        Meanwhile("api/conf.txt", _edits, "pushed", "hello moon\n", "mine\n", "was changed meanwhile"),
        Meanwhile("api/.git/rollout", _edits, "pushed", "hello moon\n", "mine\n", "has local edits"),
        Meanwhile("api/conf.txt", _commits, "pushed", "hello moon\n", "hello world\n", "checkout left as it is"),
        Meanwhile("api.git", _push, "stale", "theirs\n", "hello world\n", "upstream changed conf.txt meanwhile"),
    ],
    ids=["edited before the exchange", "edited before the lock", "committed round the lock", "others pushed"],
)
def test_a_run_that_stood_still_while_the_world_went_on_looks_again_before_it_acts(
    world: World, library: Path, meanwhile: Meanwhile
) -> None:
    top = _outdated(world)
    process, book = _apply(world, library, Fault(Mode.STOP, 1, only=str(world.root / meanwhile.before)))
    book.while_stopped(process.pid, lambda: meanwhile.act(world, top))
    out, err = process.communicate(timeout=120)
    assert (process.returncode in {0, 3}, book.fired) == (True, True), err
    assert f'"outcome": "{meanwhile.outcome}"' in out
    assert meanwhile.said in out, out
    assert (world.at("api", "conf.txt"), (top / "conf.txt").read_text()) == (meanwhile.upstream, meanwhile.file)
    assert "mine" not in world.log("api")
    assert world.git(top, "diff", "--cached", "--name-only") == ""
    assert not list((top / ".git").glob("**/*.lock"))


def test_a_lock_that_git_may_not_delete_in_a_new_clone_does_not_stay(world: World, library: Path) -> None:
    world.remote("api")
    world.entries["api"] = f"{{path: api, url: {world.root / 'api.git'}}}"
    fault = Fault(Mode.FAIL, 1, call="unlink", path="*/api.rollout-clone.*/.git/HEAD.lock", errno=errno.EACCES)
    process, book = _apply(world, library, fault)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, book.fired) == (0, True), out + err
    assert list((world.root / "api/.git").rglob("*.lock")) == []
    assert world.git("api", "status", "--porcelain") == ""
