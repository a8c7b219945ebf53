"""Kills at random instants over several repositories, and what a run does when it is told to stop."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from rollout.checkout.moving import follow, may_move
from rollout.checkout.moving.move_refs import Refs
from rollout.checkout.moving.swap_files import Files
from rollout.checkout.moving.swap_index import Index
from rollout.planning import steps
from rollout.store import build, in_sync, push, snapshot
from rollout.store.store import Store
from rollout.targets.folder.memory import FolderMemory
from rollout.targets.folder.write import FolderWriter
from tests.first_rows import first_rows
from tests.world import World


def _fleet(world: World) -> dict[str, bytes]:
    """Make three checkouts with a person's work in them, a repository without one, and a folder."""
    for name in ("api", "web", "cli"):
        top = world.repo(name, {"a.txt": "a\n", "b.txt": "b\n"})
        world.write(top, {"a.txt": "staged\n", "mine.txt": "untracked\n"})
        world.git(top, "add", "a.txt")
        world.write(top, {"b.txt": "dirty\n"})
    world.bare_repo("lib")
    world.tail = "folders:\n  shared: {path: shared, templates: [shared]}\n"
    _release(world, 0)
    assert world.run("apply", "--yes").code == 0
    return _mine(world)


def _release(world: World, number: int) -> None:
    world.template("project/conf.txt.j2", f"release {number}\n")
    world.template(f"project/docs/{number}.txt", f"new in {number}\n")
    world.template("shared/tool.sh", f"echo {number}\n", executable=True)


def _mine(world: World) -> dict[str, bytes]:
    found = {}
    for name in ("api", "web", "cli"):
        for file in ("a.txt", "b.txt", "mine.txt"):
            found[f"{name}/{file}"] = (world.root / name / file).read_bytes()
        found[f"{name} staged"] = world.git(name, "rev-parse", ":a.txt", ":b.txt").encode()
    return found


def _end(process: subprocess.Popen[str], number: int) -> None:
    os.killpg(process.pid, number)


class _Instants:
    """Random instants of a run: shares of how long one took here, and of less once one came too late."""

    def __init__(self, world: World, seed: object) -> None:
        self.world = world
        self.chance = random.Random(str(seed))
        process = world.spawn("apply", "--yes")
        begun = time.monotonic()
        _, err = process.communicate()
        assert process.returncode == 0, err
        self.whole = time.monotonic() - begun

    def wait(self, process: subprocess.Popen[str], low: float = 0, high: float = 1) -> bool:
        """Wait for an instant between these shares of a run; tell whether it came in time."""
        time.sleep(self.chance.uniform(low, high) * self.whole)
        if process.poll() is None:
            return True
        self.whole /= 2
        return False


def test_killed_at_random_instants_every_target_has_one_commit_and_nothing_of_the_person_is_lost(world: World) -> None:
    before = _fleet(world)
    _release(world, 1)
    instants = _Instants(world, 20260203)
    killed = 0
    for release in (2, 3):
        _release(world, release)
        for part in range(3):
            process = world.spawn("apply", "--yes", "--json")
            if instants.wait(process, part / 3, (part + 1) / 3):
                _end(process, signal.SIGKILL)
                killed += 1
            process.communicate()
        settled = world.run("apply", "--yes", "--json", "--lock-timeout", "20")
        assert settled.code == 0, settled.out
        assert set(world.run("status", "--json").states().values()) == {"in-sync"}
        for name in ("api", "web", "cli", "lib"):
            ours = world.git(f"{name}.git", "log", "--format=%(trailers:key=Rollout-Run,valueonly)", "main")
            assert len(ours.split()) == release + 1, f"{name}: {ours}"
            assert world.at(name, "conf.txt") == f"release {release}\n"
        assert _mine(world) == before
        assert not [str(p) for n in ("api", "web", "cli") for p in (world.root / n / ".git").glob("**/*.lock")]
    assert killed, "nothing was killed"


@pytest.mark.parametrize("number", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.long)])
def test_told_to_stop_it_says_so_lets_go_of_its_locks_and_the_next_run_finishes(
    world: World, number: signal.Signals
) -> None:
    before = _fleet(world)
    _release(world, 1)
    instants = _Instants(world, number)
    told, release = 0, 1
    while told < 4:  # twice each: once and twice
        release += 1
        _release(world, release)
        process = world.spawn("apply", "--yes")
        times = 1 + told % 2
        told += instants.wait(process)
        for _ in range(times):
            if process.poll() is None:
                _end(process, number)
                time.sleep(0.05)
        _, err = process.communicate(timeout=30)
        assert process.returncode in {0, 128 + number, -number}, err
        assert not [name for name in ("api", "web", "cli") if (world.root / name / ".git/index.lock").exists()]
        assert _mine(world) == before
        if told % 2:
            continue
        settled = world.run("apply", "--yes", "--json", "--lock-timeout", "20")
        assert settled.code == 0, settled.out
        assert _mine(world) == before
        assert set(world.run("status", "--json").states().values()) == {"in-sync"}


def test_an_interrupt_while_git_is_first_looked_at_ends_the_run_in_words(world: World) -> None:
    world.repo("api")
    real = shutil.which("git")
    interrupting = world.root / "bin/git"
    world.write("bin", {"git": f'#!/bin/sh\n[ "$1" = version ] && kill -INT 0\nexec {real} "$@"\n'})
    interrupting.chmod(0o755)
    process = world.spawn("apply", "--yes", PATH=f"{interrupting.parent}{os.pathsep}{os.environ['PATH']}")
    out, err = process.communicate(timeout=30)
    assert (process.returncode, "Traceback" in err) == (130, False), out + err


def test_a_git_that_does_not_run_is_told_in_words(world: World) -> None:
    world.repo("api")
    broken = world.root / "bin/git"
    world.write("bin", {"git": "#!/bin/sh\necho broken >&2\nexit 3\n"})
    broken.chmod(0o755)
    process = world.spawn("plan", PATH=f"{broken.parent}{os.pathsep}{os.environ['PATH']}")
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (1, "")
    assert err.startswith("rollout: git cannot be run: "), err


NOT_RUN: list[tuple[str | None, int, str]] = [
    ("#!/bin/sh\necho broken >&2\nexit 3\n", 0o755, "git cannot be run: broken; mend it or install git 2.39 or newer"),
    ("#!/nowhere/sh\n", 0o755, "HERE/git cannot be run: No such file or directory; install git 2.39 or newer"),
    ("\x7fELF", 0o755, "HERE/git cannot be run: Exec format error; install git 2.39 or newer"),
    ("", 0o644, "HERE/git is not executable: chmod +x it, or install git 2.39 or newer"),
    (None, 0, "git is not installed: install git 2.39 or newer"),
]


@first_rows(3, ("text", "mode", "told"), NOT_RUN)
def test_why_git_does_not_run_is_told_with_the_way_out(world: World, text: str | None, mode: int, told: str) -> None:
    world.repo("api")
    place = world.root / "bin"
    place.mkdir()
    if text is not None:
        (place / "git").write_text(text)
        (place / "git").chmod(mode)
    process = world.spawn("plan", PATH=str(place))
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) == (1, "", f"rollout: {told.replace('HERE', str(place))}\n")


@pytest.mark.parametrize("file", [".gitconfig", ".config/git/config", "included"])
def test_a_line_that_git_cannot_read_is_named_with_its_file(
    world: World, file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.repo("api")
    monkeypatch.delenv("GIT_CONFIG_GLOBAL", raising=False)
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    home = world.root / "home"
    world.write("home", {file: "[core]\n\tabbrev = 9\n[user\n"})
    if file == "included":
        world.write("home", {".gitconfig": "[include]\n\tpath = included\n"})
    for option in ("--offline", "--json"):
        process = world.spawn("plan", option, HOME=str(home))
        _, err = process.communicate(timeout=30)
        assert err == f"{home / file}:3: git cannot read this line of its configuration; correct it or take it out\n"
        assert process.returncode == 1


def test_a_line_of_a_repository_that_git_cannot_read_is_named_with_its_file(world: World) -> None:
    top = world.repo("api")
    config = top / ".git/config"
    config.write_text(config.read_text() + "[user\n")
    number = len(config.read_text().splitlines())
    ran = world.run("apply", "--yes")
    told = f"{config}:{number}: git cannot read this line of its configuration; correct it or take it out"
    assert told in ran.out + ran.err
    assert world.at("api", "conf.txt") is not None


def test_a_stale_lock_of_ours_is_removed_and_a_persons_is_not(world: World) -> None:
    top = world.repo("api")
    lock = top / ".git/index.lock"
    ended = subprocess.Popen(["true"])
    ended.wait()
    lock.write_text(f'{{"rollout": 1, "pid": {ended.pid}, "host": "{os.uname().nodename}", "boot": "another"}}')
    assert world.run("apply", "--yes", "--json").outcomes() == {"api": "pushed"}
    assert (top / "conf.txt").exists()
    assert not lock.exists()
    lock.write_bytes(b"")
    assert world.run("apply", "--yes", "--json").code == 0
    assert lock.exists()


def test_our_lock_is_gone_after_the_next_run_although_a_template_is_wrong(world: World) -> None:
    top = world.repo("api")
    lock = top / ".git/index.lock"
    lock.write_text(f'{{"rollout": 1, "pid": 1, "host": "{os.uname().nodename}", "boot": "another"}}')
    world.template("project/wrong.txt.j2", "{% if %}")
    assert world.run("apply", "--yes").code == 64
    assert not lock.exists()


def test_our_lock_is_gone_after_the_next_run_although_there_is_nothing_else_to_do(world: World) -> None:
    top = world.repo("api")
    world.run("apply", "--yes")
    left = top / ".git/rollout/op-4194305-1"
    left.mkdir(parents=True)
    text = f'{{"rollout": 1, "pid": 1, "host": "{os.uname().nodename}", "boot": "another"}}'
    (left / "token").write_text(text)
    os.link(left / "token", top / ".git/index.lock")
    assert world.run("apply", "--yes", "--json").outcomes() == {"api": "unchanged"}
    assert not (top / ".git/index.lock").exists()
    assert not (top / ".git/rollout").exists()


def test_an_edit_that_a_killed_run_displaced_is_given_back(world: World) -> None:
    top = world.repo("api")
    world.run("apply", "--yes")
    blob = world.git(top, "rev-parse", ":conf.txt")
    left = top / ".git/rollout/op-4194305-1"
    left.mkdir(parents=True)
    (left / "0").write_text("the person's words\n")
    (left / "moves").write_text(f'["0", "conf.txt", ["100644", "{blob}"], [["100644", "{blob}"]]]\n["1", "co')
    applied = world.run("apply", "--yes")
    assert "are back" in applied.err
    assert (top / "conf.txt").read_text() == "the person's words\n"
    assert not (top / ".git/rollout").exists()


def test_a_half_written_file_of_a_killed_run_is_never_given_to_anybody(world: World) -> None:
    top = world.repo("api")
    world.run("apply", "--yes")
    blob = world.git(top, "rev-parse", ":conf.txt")
    left = top / ".git/rollout/op-4194305-1"
    left.mkdir(parents=True)
    (left / "0.part").write_text("hel")
    (left / "moves").write_text(f'["0", "conf.txt", ["100644", "{blob}"], [["100644", "{blob}"]]]\n')
    assert world.run("apply", "--yes").code == 0
    assert (top / "conf.txt").read_text() == "hello world\n"
    assert not (top / ".git/rollout").exists()


def test_what_is_still_written_into_a_replaced_file_is_kept_and_told(world: World) -> None:
    top = world.repo("api")
    world.run("apply", "--yes")
    world.head = "version: 1\nvars: {who: moon}\n"
    script = "exec 3>>conf.txt; echo open; read line; echo late >&3"
    writer = subprocess.Popen(["sh", "-c", script], cwd=top, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert writer.stdout is not None
    assert writer.stdout.readline() == "open\n"
    applied = world.run("apply", "--yes")
    writer.communicate("go\n")
    if not Path("/proc/self/fdinfo").exists():
        pytest.skip("needs /proc to see who has a file open")
    (kept,) = (top / ".git/rollout/kept").iterdir()
    assert kept.read_text() == "hello world\nlate\n"
    assert "had it open" in applied.out + applied.err
    assert (top / "conf.txt").read_text() == "hello moon\n"


_STEPS = (
    (may_move, "look"), (Index, "prepare"), (Files, "_put"), (Files, "_displaced"), (Index, "put"), (Refs, "move"),
)  # fmt: skip


@first_rows(3, ("place", "step"), _STEPS)
def test_a_fault_of_our_own_at_any_step_lets_go_of_the_lock_and_leaves_the_checkout_as_it_was(
    world: World, monkeypatch: pytest.MonkeyPatch, place: object, step: str
) -> None:
    top = world.repo("api")
    world.run("apply", "--yes")
    world.head = "version: 1\nvars: {who: moon}\n"
    world.template("project/docs/new.txt", "new\n")

    def broken(*_: object) -> None:
        raise RuntimeError("a fault of our own")

    with monkeypatch.context() as patched:
        patched.setattr(place, step, broken)
        applied = world.run("apply", "--yes", "--json")
    assert (applied.code, applied.outcomes()) == (3, {"api": "failed"})
    assert "RuntimeError: a fault of our own" in applied.reasons()["api"]
    assert "Traceback" in applied.err
    assert not (top / ".git/index.lock").exists()
    assert not (top / ".git/rollout").exists()
    assert world.git(top, "status", "--porcelain") == ""
    assert (top / "conf.txt").read_text() == "hello world\n"
    assert world.run("apply", "--yes").code == 0
    assert (top / "conf.txt").read_text() == "hello moon\n"
    assert world.log("api").count("Roll out 2 managed files") == 1


@pytest.mark.parametrize("written", [0, 40, 41])
def test_a_ref_lock_of_a_killed_git_of_ours_is_removed_and_a_persons_older_one_is_not(
    world: World, written: int
) -> None:
    top = world.repo("api")
    world.run("apply", "--yes")
    commit = world.tip("api")
    theirs = top / ".git/refs/heads/side.lock"
    theirs.write_bytes(b"")
    left = top / ".git/rollout/op-4194305-1"
    left.mkdir(parents=True)
    (left / "locks").write_text(f'["{commit}", ["HEAD", "refs/heads/main", "../../outside"]]')
    for lock in (top / ".git/HEAD.lock", top / ".git/refs/heads/main.lock"):
        lock.write_text(f"{commit}\n"[:written])
    assert world.run("apply", "--yes").code == 0
    assert [lock.name for lock in (top / ".git").glob("**/*.lock")] == [theirs.name]
    assert not (top / ".git/rollout").exists()


_OWN_STEPS = (
    (snapshot, "at"), (in_sync, "was"), (steps, "findings"),
    (build, "commit"), (push, "push"), (push, "note"), (Store, "close"),
    (follow, "follow"), (follow, "_move"), (FolderWriter, "write"), (FolderMemory, "write"),
)  # fmt: skip


def test_a_fault_of_our_own_anywhere_stays_with_its_target_and_the_next_run_finishes(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = _fleet(world)
    for release, (place, name) in enumerate(_OWN_STEPS, 1):
        _release(world, release)
        real = getattr(place, name)
        calls: list[int] = []

        def broken(*given: object, real: Any = real, calls: list[int] = calls, **named: object) -> object:
            calls.append(1)
            if len(calls) == 1:
                raise RuntimeError("a fault of our own")
            return real(*given, **named)

        with monkeypatch.context() as patched:
            patched.setattr(place, name, broken)
            broken_run = world.run("apply", "--yes", "--json", "--jobs", "1")
        outcomes = broken_run.outcomes()
        good = {target for target, outcome in outcomes.items() if outcome in {"pushed", "written"}}
        assert (len(outcomes), len(good) >= 4, bool(calls)) == (5, True, True), (name, outcomes)
        assert "RuntimeError: a fault of our own" in broken_run.err + broken_run.out
        settled = world.run("apply", "--yes", "--json")
        assert settled.code == 0, (name, settled.out)
        assert _mine(world) == before
    assert set(world.run("status", "--json").states().values()) == {"in-sync"}
    for name in ("api", "web", "cli", "lib"):
        ours = world.git(f"{name}.git", "log", "--format=%(trailers:key=Rollout-Run,valueonly)", "main")
        assert len(ours.split()) == len(_OWN_STEPS) + 1
