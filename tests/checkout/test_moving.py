"""A checkout that follows while it is interrupted, killed or changed: nothing is lost, and never is a revert staged."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import signal
import stat
import subprocess
import threading
import time
from collections.abc import Callable, Collection
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from rollout.checkout import discover, index_lock
from rollout.checkout.moving import may_move, rescue, swap_files
from rollout.checkout.standing import Hindered
from rollout.machine import processes
from tests import mounts, programs
from tests.faults import shim
from tests.faults.shim import Book, Fault, Mode, needs_shim
from tests.first_rows import first_rows
from tests.world import World

NOBODY = "4194305"  # a process number above any


@pytest.fixture
def outdated(world: World) -> Path:
    """Give a checkout that the next run wants to change."""
    top = world.repo("api", {"other.txt": "other\n"})
    assert world.run("apply", "--yes").code == 0
    world.head = "version: 1\nvars: {who: moon}\n"
    return top


def kept(top: Path) -> list[Path]:
    return sorted((top / ".git/rollout/kept").glob("*"))


def slow_git(world: World, command: str, after: str) -> dict[str, str]:
    """Put a git first on PATH whose every `command` does its work and then takes its time."""
    real, program = shutil.which("git"), world.root / "bin/git"
    script = (
        f'#!/bin/sh\ncase " $* " in *" {command} "*) {real} "$@"; r=$?; {after}; exit $r;; esac\nexec {real} "$@"\n'
    )
    world.write("bin", {"git": script})
    program.chmod(0o755)
    return {"PATH": f"{program.parent}{os.pathsep}{os.environ['PATH']}"}


def test_the_commands_of_a_move_are_few_where_our_commit_is_made_on_the_branchs_own(world: World) -> None:
    """The past of one commit is fetched once, and a branch has nothing above a parent of ours."""
    world.repo("api")
    with programs.git_commands() as ran:
        assert world.run("apply", "--yes").code == 0
    there, moved = ran[:3], ran[3:]
    assert there == ["fetch", "log", "receive-pack"]
    assert moved == ["unpack-objects", "cat-file", "ls-files", "ls-files", "update-index", "update-ref"]


# --- interrupted after the work was done


def test_an_interrupt_after_the_branch_moved_leaves_the_move_as_it_is(world: World, outdated: Path) -> None:
    begun = world.root / "begun"
    slow = slow_git(world, "update-ref", f"touch {begun}; sleep 60")
    process = world.spawn("apply", "--yes", **slow)
    while not begun.exists():
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130, err
    assert world.git(outdated, "status", "--porcelain") == ""
    assert (outdated / "conf.txt").read_text() == "hello moon\n"
    assert world.git(outdated, "rev-parse", "HEAD", "origin/main").split() == [world.tip("api")] * 2
    assert world.run("apply", "--yes", "--json").outcomes() == {"api": "unchanged"}
    assert not (outdated / ".git/rollout").exists()


@first_rows(1, "command", ["update-index", "update-ref"])
def test_a_second_interrupt_ends_a_move_at_once_and_lets_go_of_the_lock(
    world: World, outdated: Path, command: str
) -> None:
    begun = world.root / "begun"
    process = world.spawn("apply", "--yes", **slow_git(world, command, f"touch {begun}; sleep 2"))
    while not begun.exists():
        assert process.poll() is None
        time.sleep(0.02)
    assert (outdated / ".git/index.lock").exists()
    process.send_signal(signal.SIGINT)
    time.sleep(0.1)  # two signals at once are one
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=1)
    assert process.returncode == 130
    assert not (outdated / ".git/index.lock").exists()
    assert world.run("apply", "--yes", "--lock-timeout", "20").code == 0
    assert world.git(outdated, "status", "--porcelain") == ""
    assert (outdated / "conf.txt").read_text() == "hello moon\n"
    assert not (outdated / ".git/rollout").exists()


STEPS: tuple[tuple[ModuleType, str, str], ...] = (
    (swap_files, "exchange", "conf.txt"), (swap_files, "put_new", "new.txt"),
    (os, "rename", "gone.txt"), (os, "replace", "index"),
)  # fmt: skip


@first_rows(2, ("place", "name", "file"), STEPS)
def test_a_step_that_did_its_work_and_failed_nevertheless_is_undone(
    world: World, monkeypatch: pytest.MonkeyPatch, place: ModuleType, name: str, file: str
) -> None:
    top = world.repo("api", {"gone.txt": "x\n"})
    assert world.run("apply", "--yes").code == 0
    world.elsewhere("api", {"gone.txt": None})
    world.head = "version: 1\nvars: {who: moon}\n"
    world.template("project/docs/new.txt", "new\n")
    real: Callable[..., object] = getattr(place, name)
    done: list[str] = []

    def late(*given: Any, **named: Any) -> None:
        real(*given, **named)
        words = [str(word) for word in given]
        if not done and any(word == file or word.endswith(f".git/{file}") for word in words):
            done.append(file)
            raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patched:
        patched.setattr(place, name, late)
        applied = world.run("apply", "--yes", "--json")
    assert (done, applied.outcomes()) == ([file], {"api": "pushed"})
    assert "Input/output error" in applied.reasons()["api"]
    assert world.git(top, "status", "--porcelain") == ""
    assert ((top / "conf.txt").read_text(), (top / "gone.txt").read_text()) == ("hello world\n", "x\n")
    assert not (top / "docs").exists()
    assert not (top / ".git/rollout").exists()
    world.head = "version: 1\nvars: {who: mars}\n"
    assert world.run("apply", "--yes").code == 0
    assert world.git(top, "rev-parse", "HEAD") == world.tip("api")


@needs_shim()
def test_a_tracking_ref_that_a_kill_left_behind_follows_with_the_next_run(world: World, outdated: Path) -> None:
    library, tracking = shim.built(), str(outdated / ".git/refs/remotes/origin/main")
    fault = Fault(Mode.KILL_TREE, 1, only=tracking, ends="/main")
    run = world.spawn("apply", "--yes", **fault.environment(Book(world.root / "book").file, library))
    run.communicate(timeout=60)
    assert run.returncode == -signal.SIGKILL
    assert (
        world.git(outdated, "rev-parse", "HEAD") == world.tip("api") != world.git(outdated, "rev-parse", "origin/main")
    )
    assert world.run("apply", "--yes").code == 0
    assert world.git(outdated, "rev-parse", "origin/main") == world.tip("api")
    assert not list((outdated / ".git").rglob("*.lock"))
    assert not (outdated / ".git/rollout").exists()


# --- modes


@needs_shim()
@first_rows(1, ("change", "wanted"), [("+x", 0o755), ("600", 0o600)])
def test_a_mode_that_a_person_changes_at_any_step_of_a_move_stays(
    world: World, outdated: Path, change: str, wanted: int
) -> None:
    library, scratch = shim.built(), str(outdated / ".git/rollout/op-")
    act = f"chmod {change} {outdated}/conf.txt"
    for at, only in ((1, scratch), (4, scratch), (7, scratch), (10, scratch), (13, scratch), (1, f"{outdated}/conf")):
        world.head = f"version: 1\nvars: {{who: moon {at} {only}}}\n"
        book = Book(world.root / "book")
        fault = Fault(Mode.RUN, at, only=only, command=act)
        world.spawn("apply", "--yes", **fault.environment(book.file, library)).communicate(timeout=60)
        modes = {stat.S_IMODE(file.stat().st_mode) for file in (outdated / "conf.txt", *kept(outdated))}
        assert (book.fired, wanted in modes) == (True, True), f"before call {at}: {book.calls()[at - 1]}"
        os.chmod(outdated / "conf.txt", 0o644)
        shutil.rmtree(outdated / ".git/rollout", ignore_errors=True)


# --- what recovery finds


def left(top: Path, *lines: object, target: object = None) -> Path:
    """Leave the scratch folder of a killed move."""
    place = top / f".git/rollout/op-{NOBODY}-1"
    place.mkdir(parents=True)
    (place / "moves").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    if target is not None:
        (place / "target").write_text(json.dumps(target))
    return place


def blob(content: str) -> str:
    """Return the id that git gives to a file of this content."""
    return hashlib.sha1(f"blob {len(content.encode())}\0{content}".encode(), usedforsecurity=False).hexdigest()


def whatever(kind: str, place: Path) -> None:
    match kind:
        case "folder":
            (place / "inside").mkdir(parents=True)
            (place / "inside/precious").write_text("precious\n")
        case "symlink":
            place.symlink_to("precious")
        case "pipe":
            os.mkfifo(place)
        case _:
            place.write_bytes(kind.encode())


def same(kind: str, place: Path) -> bool:
    match kind:
        case "folder":
            return (place / "inside/precious").read_text() == "precious\n"
        case "symlink":
            return os.readlink(place) == "precious"
        case "pipe":
            return stat.S_ISFIFO(place.lstat().st_mode)
        case _:
            return place.read_bytes() == kind.encode()


@pytest.mark.parametrize("kind", ["folder", "symlink", "pipe", "the person's\n", "old\r\n"])
@first_rows(2, "path", ["conf.txt", "aux.c", "dot./a.", "sub/deep.txt"])
@pytest.mark.parametrize("state", ["as we left it", "nothing there", "gone on", "moved"])
def test_whatever_a_killed_move_displaced_is_back_or_kept(world: World, kind: str, path: str, state: str) -> None:
    top = world.checkout("api")
    start = world.tip("api")
    old, new = blob("old\n"), blob("new\n")
    whole = [[0o644, old], [0o644, new]]
    target = ["refs/heads/main", start, start if state == "moved" else "0" * 40, None]
    if state == "moved":
        target[1] = "1" * 40
    place = left(top, ["0", path, ["100644", new], [["100644", old], ["100644", new]], whole], target=target)
    whatever(kind, place / "0")
    (top / path).parent.mkdir(exist_ok=True)
    if state != "nothing there":
        (top / path).write_text("somebody's\n" if state == "gone on" else "new\n")
        (top / path).chmod(0o644)
    notes = rescue.clear(top)
    assert len(notes) == 1
    assert path in notes[0]
    if state in {"as we left it", "nothing there"}:
        assert same(kind, top / path)
        assert not (top / ".git/rollout/kept").exists()
    else:
        (found,) = kept(top)
        assert same(kind, found)
        assert str(found) in notes[0]
        assert (top / path).read_text() == ("somebody's\n" if state == "gone on" else "new\n")
    assert not place.exists()


@pytest.mark.parametrize("note", [b"", b'["0", "conf.t', b"\xff\xfe\n", None])
def test_without_a_note_everything_numbered_is_kept(world: World, note: bytes | None) -> None:
    top = world.checkout("api")
    place = left(top)
    (place / "0").write_text("one\n")
    whatever("folder", place / "1")
    (place / "2.part").write_text("half of ou")
    if note is None:
        (place / "moves").unlink()
    else:
        (place / "moves").write_bytes(note)
    notes = rescue.clear(top)
    one, two = sorted(kept(top), key=lambda file: file.name.rpartition("+")[2])
    assert (one.read_text(), same("folder", two), len(notes)) == ("one\n", True, 2)
    assert not place.exists()


def test_a_displaced_file_whose_mode_is_another_is_given_back(world: World) -> None:
    top = world.checkout("api")
    start = world.tip("api")
    old, new = blob("old\n"), blob("new\n")
    entries = [["100644", old], ["100644", new]]
    place = left(
        top, ["0", "a", entries[1], entries, [[0o644, old], [0o644, new]]], target=["refs/heads/main", start, "0" * 40]
    )
    (place / "0").write_text("old\n")
    (place / "0").chmod(0o755)
    (top / "a").write_text("new\n")
    (top / "a").chmod(0o644)
    assert "are back" in rescue.clear(top)[0]
    assert ((top / "a").read_text(), stat.S_IMODE((top / "a").stat().st_mode)) == ("old\n", 0o755)
    assert not kept(top)


def test_a_displaced_file_of_a_killed_move_that_somebody_still_writes_into_is_kept(world: World) -> None:
    if not Path("/proc/self/fdinfo").exists():
        pytest.skip("needs /proc to see who has a file open")
    top = world.checkout("api")
    start = world.tip("api")
    old = blob("old\n")
    entry = ["100644", old]
    place = left(top, ["0", "a", None, [entry], [[0o644, old]]], target=["refs/heads/main", start, "0" * 40])
    (place / "0").write_text("old\n")
    (place / "0").chmod(0o644)
    script = ["sh", "-c", f"exec 3>>{place}/0; echo open; read line; echo late >&3"]
    writer = subprocess.Popen(script, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert writer.stdout is not None
    assert writer.stdout.readline() == "open\n"
    notes = rescue.clear(top)
    writer.communicate("go\n")
    (found,) = kept(top)
    assert found.read_text() == "old\nlate\n"
    assert str(found) in notes[0]


def test_what_is_written_into_a_displaced_file_while_we_ask_who_has_it_open_is_kept(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The person's edit goes back to its place; ours, which comes out for it, somebody opened in the meantime."""
    top = world.checkout("api")
    start = world.tip("api")
    old, new = blob("old\n"), blob("new\n")
    entries = [["100644", old], ["100644", new]]
    place = left(
        top, ["0", "a", entries[1], entries, [[0o644, old], [0o644, new]]], target=["refs/heads/main", start, "0" * 40]
    )
    (place / "0").write_text("the person's\n")
    (top / "a").write_text("new\n")
    (top / "a").chmod(0o644)
    ours, real = (top / "a").open("a"), processes.writers

    def let_go(wanted: Collection[processes.Inode]) -> dict[processes.Inode, str]:
        if (about := os.fstat(ours.fileno())) and (about.st_dev, about.st_ino) in wanted:
            ours.write("late\n")
            ours.close()
            monkeypatch.undo()
        return real(wanted)

    monkeypatch.setattr(processes, "writers", let_go)
    rescue.clear(top)
    (found,) = kept(top)
    assert ((top / "a").read_text(), found.read_text()) == ("new\nlate\n", "the person's\n")


@pytest.mark.parametrize("path", ["../outside", ".git/config", "sub/../../x", "/etc/x", ".GIT /x", "git~1/x"])
def test_a_note_that_leads_out_of_the_work_tree_leads_nowhere(world: World, path: str) -> None:
    top = world.checkout("api")
    config = (top / ".git/config").read_text()
    place = left(top, ["0", path, None, [["100644", "0" * 40]]])
    (place / "0").write_text("planted\n")
    rescue.clear(top)
    assert kept(top)[0].read_text() == "planted\n"
    assert (top / ".git/config").read_text() == config
    assert not (world.root / "outside").exists()


# --- who is alive


def signature(**other: object) -> bytes:
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    said = {"rollout": 1, "pid": int(NOBODY), "host": os.uname().nodename, "boot": boot, "start": "1"}
    return json.dumps({**said, **other}).encode()


HERE = os.readlink("/proc/self/ns/pid") if Path("/proc/self/ns/pid").exists() else ""


@pytest.mark.skipif(not HERE, reason="needs /proc")
@pytest.mark.parametrize(
    ("said", "stale"),
    [
        ({"host": "renamed", "locked": True, "pid_namespace": HERE}, True),
        ({"host": "renamed", "locked": False, "pid_namespace": HERE}, True),
        ({"host": "container", "locked": True, "pid_namespace": "pid:[1]"}, True),
        ({"host": "container", "locked": False, "pid_namespace": "pid:[1]"}, False),
        ({"boot": "another"}, True),
        ({"boot": "another", "host": "elsewhere"}, False),
        ({"pid": os.getppid(), "locked": False, "pid_namespace": HERE}, True),
        ({"pid": os.getppid(), "start": processes.started(os.getppid()), "pid_namespace": HERE}, False),
    ],
)
def test_a_lock_is_judged_by_the_kernel_under_which_it_was_taken(
    tmp_path: Path, said: dict[str, object], stale: bool
) -> None:
    lock = tmp_path / "index.lock"
    lock.write_bytes(signature(**said))
    assert index_lock.is_stale(lock) is stale


@pytest.mark.parametrize(
    "untrue", [{}, {"boot": "another"}, {"host": "elsewhere"}, {"host": "elsewhere", "boot": "another"}]
)
def test_a_lock_that_is_held_is_never_stale_whatever_it_says(tmp_path: Path, untrue: dict[str, str]) -> None:
    with index_lock.signed(tmp_path) as token:
        said = json.loads(token.read_bytes())
        token.write_text(json.dumps({**said, "pid": int(NOBODY), **untrue}))
        with index_lock.index_lock(tmp_path, token):
            assert not index_lock.is_stale(tmp_path / "index.lock")
            assert index_lock.alive(tmp_path)
    assert not (tmp_path / "index.lock").exists()


def in_another_mount(source: Path, place: Path, script: str) -> subprocess.Popen[str]:
    """Run a shell in a mount namespace of its own, where a folder is mounted elsewhere too."""
    place.mkdir()
    inside = f"mount --bind {source} {place} && cd {place} && {script}"
    process = subprocess.Popen(
        ["unshare", "-m", "sh", "-c", inside],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    if process.stdout.readline() != "mounted\n":
        pytest.skip("no mount namespaces here (they take root)")
    return process


@first_rows(1, "below", [".", "sub", ".git"])
def test_a_git_of_somebody_who_has_the_checkout_mounted_elsewhere_is_seen(world: World, below: str) -> None:
    if shutil.which("unshare") is None:
        pytest.skip("needs unshare")
    top = world.repo("api", {"sub/a.txt": "a\n"})
    script = f"cd {below} && echo mounted && exec git cat-file --batch"
    process = in_another_mount(top, world.root / "workspace", script)
    try:
        deadline = time.monotonic() + 10
        while not (found := list(processes.processes_in(top / ".git", top))) and time.monotonic() < deadline:
            time.sleep(0.02)
        assert found == [f"git (pid {process.pid})"]
        assert not list(processes.processes_in(world.root / "other/.git", world.root / "other"))
        applied = world.run("apply", "--yes", "--json")
        assert f"busy: git (pid {process.pid}) is at work there" in applied.reasons()["api"]
    finally:
        process.communicate()
    assert world.run("apply", "--yes").code == 0
    assert (top / "conf.txt").exists()


def test_a_git_that_soon_ends_does_not_keep_the_checkout_behind(world: World) -> None:
    repo = discover.discover(world.repo("api"))
    reading = subprocess.Popen(("git", "cat-file", "--batch"), cwd=repo.top, stdin=subprocess.PIPE)
    with pytest.raises(Hindered, match=rf"git \(pid {reading.pid}\) is at work there"):
        may_move.nobody_at_work(repo, patience=0.1)
    end = threading.Timer(0.1, reading.communicate)
    end.start()
    may_move.nobody_at_work(repo, patience=60)
    end.join()


def test_a_git_that_names_the_checkout_by_another_way_is_seen(world: World) -> None:
    top = world.repo("api")
    (world.root / "way").symlink_to(top)
    for words in ([f"--git-dir={world.root}/way/.git"], ["-C", "way"], ["--git-dir", "way/.git"]):
        command = ["git", *words, "cat-file", "--batch"]
        process = subprocess.Popen(command, cwd=world.root, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        try:
            deadline = time.monotonic() + 10
            while not (found := list(processes.processes_in(top / ".git", top))) and time.monotonic() < deadline:
                time.sleep(0.02)
            assert found == [f"git (pid {process.pid})"], words
        finally:
            process.communicate()


# --- checkouts that are not like most


SPARSE = (["--cone", "src"], ["--no-cone", "/*", "!/docs/"], ["--cone", "--sparse-index", "src"])


@pytest.fixture
def sparse(world: World) -> Path:
    """Give a sparse checkout for which upstream has new files inside and outside, beside our change."""
    top = world.repo("api", {"src/a.txt": "a\n"})
    assert world.run("apply", "--yes").code == 0
    world.git(top, "sparse-checkout", "set", "--cone", "src")
    world.elsewhere("api", {"docs/deep/new.txt": "n\n", "src/b.txt": "b\n"})
    world.head = "version: 1\nvars: {who: moon}\n"
    return top


@first_rows(1, "how", SPARSE)
def test_a_new_file_outside_a_sparse_checkout_comes_into_the_index_alone(
    world: World, sparse: Path, how: list[str]
) -> None:
    world.git(sparse, "sparse-checkout", "set", *how)
    by_git = world.root / "by-git"
    shutil.copytree(sparse, by_git, symlinks=True)
    assert world.run("apply", "--yes", "--json").outcomes() == {"api": "pushed"}
    world.git(by_git, "pull", "-q")
    seen = [
        [world.git(top, *words) for words in (("ls-files", "-s", "-t"), ("status", "--porcelain"))]
        for top in (sparse, by_git)
    ]
    assert seen[0] == seen[1]
    assert "S 100644" in seen[0][0]
    assert (sparse / "src/b.txt").read_text() == "b\n"
    assert not (sparse / "docs").exists()
    assert world.run("status", "--json").states() == {"api": "in-sync"}
    world.git(sparse, "sparse-checkout", "disable")
    assert (sparse / "docs/deep/new.txt").read_text() == "n\n"
    assert world.git(sparse, "status", "--porcelain") == ""


def test_a_persons_file_outside_a_sparse_checkout_stays_where_a_new_one_would_be(world: World, sparse: Path) -> None:
    world.write(sparse, {"docs/deep/new.txt": "mine\n"})
    applied = world.run("apply", "--yes", "--json")
    assert "docs/deep/new.txt" in applied.reasons()["api"]
    assert (sparse / "docs/deep/new.txt").read_text() == "mine\n"
    assert not (sparse / "src/b.txt").exists()
    assert world.git(sparse, "ls-files", "docs") == ""


@first_rows(
    1, "meanwhile", ["echo '/docs/' >> .git/info/sparse-checkout", "mkdir -p docs/deep; echo mine > docs/deep/new.txt"]
)
def test_what_a_sparse_checkout_leaves_out_is_what_it_leaves_out_in_the_end(
    world: World, sparse: Path, meanwhile: str
) -> None:
    once = f"test -e {world.root}/once || (touch {world.root}/once; cd {sparse}; {meanwhile})"
    process = world.spawn("apply", "--yes", "--json", **slow_git(world, "sparse-checkout", once))
    out, err = process.communicate(timeout=60)
    assert "docs/deep/new.txt" in out, err
    assert world.git(sparse, "ls-files", "docs") == ""
    assert world.head_of(sparse) != world.tip("api")


@needs_shim()
@first_rows(1, "then", [{}, {"docs/deep/new.txt": "newer\n"}])
def test_a_new_file_outside_a_sparse_checkout_comes_after_a_kill_too(
    world: World, sparse: Path, then: dict[str, str]
) -> None:
    fault = Fault(Mode.KILL_TREE, 1, call="rename", path="*/api/.git/index", after=True)
    run = world.spawn("apply", "--yes", **fault.environment(Book(world.root / "book").file, shim.built()))
    run.communicate(timeout=60)
    assert run.returncode == -signal.SIGKILL
    assert world.git(sparse, "ls-files", "-t", "docs") == "S docs/deep/new.txt"
    if then:
        world.elsewhere("api", then)
    done = world.run("apply", "--yes", "--json")
    assert world.head_of(sparse) == world.tip("api"), done.out
    assert world.git(sparse, "status", "--porcelain") == ""
    assert world.git(sparse, "ls-files", "-t", "docs") == "S docs/deep/new.txt"


def test_a_git_folder_on_another_file_system_is_told_before_and_after(world: World) -> None:
    world.remote("api")
    with mounts.in_memory(world.root / "disk") as disk:
        world.git(
            world.root, "clone", "-q", "--separate-git-dir", str(disk / "git"), str(world.root / "api.git"), "api"
        )
        world.entries["api"] = "{path: api}"
        applied = world.run("apply", "--yes", "--json")
        status = world.run("status", "--json").json["targets"][0]
        assert applied.outcomes() == {"api": "pushed"}
        for said in (applied.reasons()["api"], status["reason"]):
            assert "its git folder is on another file system than its work tree" in said
        assert not (world.root / "api/conf.txt").exists()


@needs_shim()
@first_rows(1, "number", [errno.EINVAL, errno.ENOSYS])
def test_a_file_system_that_cannot_exchange_files_leaves_the_checkout_as_it_is(
    world: World, outdated: Path, number: int
) -> None:
    world.template("project/a.txt", "new\n")
    library = shim.built()
    fault = Fault(Mode.FAIL, 1, errno=number, only=str(outdated / "conf.txt"))
    book = Book(world.root / "book")
    run = world.spawn("apply", "--yes", "--json", **fault.environment(book.file, library))
    out, _ = run.communicate(timeout=60)
    assert [call.name for call in book.calls()] == ["exchange"]
    assert "its file system cannot exchange two files in one step" in out
    assert world.git(outdated, "status", "--porcelain") == ""
    assert (outdated / "conf.txt").read_text() == "hello world\n"
    assert not (outdated / ".git/rollout").exists()
    assert world.run("apply", "--yes").code == 0
    assert (outdated / "conf.txt").read_text() == "hello moon\n"


def test_a_tree_that_leads_into_a_git_folder_is_not_followed(world: World) -> None:
    top = world.repo("api", {"a.txt": "a\n"})
    bare = world.root / "api.git"
    world.write(world.root, {"hook": "#!/bin/sh\ntouch /tmp/never\n"})
    hook = world.git(bare, "hash-object", "-w", str(world.root / "hook"))
    tree = subprocess.run(
        ["git", "mktree"],
        cwd=bare,
        input=f"100755 blob {hook}\tpost-checkout\n",
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    tree = subprocess.run(
        ["git", "mktree"], cwd=bare, input=f"040000 tree {tree}\thooks\n", capture_output=True, text=True, check=True
    ).stdout.strip()
    whole = world.git(bare, "ls-tree", "main") + f"\n040000 tree {tree}\t.git\n"
    tree = subprocess.run(["git", "mktree"], cwd=bare, input=whole, capture_output=True, text=True, check=True).stdout
    commit = world.git(
        bare, "-c", "user.name=x", "-c", "user.email=x@x", "commit-tree", "-p", "main", "-m", "x", tree.strip()
    )
    world.git(bare, "update-ref", "refs/heads/main", commit)
    applied = world.run("apply", "--yes", "--json")
    assert not (top / ".git/hooks/post-checkout").exists()
    assert applied.code != 0 or "goes into .git" in applied.reasons()["api"], applied.out
