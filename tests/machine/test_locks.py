"""Runs at once: one works, the other waits or says who is at work; a lock dies with its process."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from rollout.demo.postgres.server import Server
from rollout.errors import Busy
from rollout.machine import locks
from rollout.model.reasons import AtWork
from rollout.remote.upstream import Remote
from rollout.store import fetch, hold, looks
from tests.faults import shim
from tests.faults.shim import Book, Fault, Mode, needs_shim
from tests.world import World


def until(holds: Callable[[], bool], seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.02)


class Slow:
    """A repository whose server waits in a hook until it is released: a run stands still in the middle of its push."""

    def __init__(self, world: World, name: str = "api") -> None:
        bare = world.bare_repo(name)
        self.started, self.release = world.root / f"{name}.started", world.root / f"{name}.release"
        hook = bare / "hooks/pre-receive"
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(f"#!/bin/sh\ntouch {self.started}; while [ ! -e {self.release} ]; do sleep 0.05; done\n")
        hook.chmod(0o755)

    def begun(self) -> None:
        until(self.started.exists)


def test_a_second_run_ends_with_5_and_says_who_is_at_work(world: World) -> None:
    slow = Slow(world)
    first = world.spawn("apply", "--yes")
    slow.begun()
    for command in (("apply", "--yes"), ("push", "--yes"), ("revert", "x", "--yes")):
        second = world.run(*command)
        assert second.code == 5
        said = json.loads(next((Path(os.environ["ROLLOUT_STATE_DIR"]) / "workshops").glob("*api*.lock")).read_bytes())
        here = f"(pid {first.pid} on {os.uname().nodename}, since "
        assert f"rollout: inventory.yaml: run {said['run']} {here}" in second.err
        assert "--lock-timeout" in second.err
    slow.release.touch()
    assert first.wait(30) == 0
    assert world.run("apply", "--yes").code == 0
    assert world.log("api") == ["Roll out conf.txt", "first"]


def test_a_run_waits_as_long_as_it_is_told_and_no_longer(world: World) -> None:
    slow = Slow(world)
    first = world.spawn("apply", "--yes")
    slow.begun()
    started = time.monotonic()
    assert world.run("--lock-timeout", "0.5", "apply", "--yes").code == 5
    assert 0.5 <= time.monotonic() - started < 5
    second = world.spawn("apply", "--yes", "--lock-timeout", "30", "--json")
    time.sleep(0.5)
    assert second.poll() is None
    slow.release.touch()
    out, err = second.communicate(timeout=30)
    assert (first.wait(30), second.returncode) == (0, 0), err
    assert '"outcome": "unchanged"' in out


def test_commands_that_only_look_take_no_run_lock(world: World) -> None:
    slow = Slow(world)
    world.bare_repo("web")
    first = world.spawn("apply", "--yes")
    slow.begun()
    for command in (
        ("plan", "--limit", "web"),
        ("status", "--limit", "web"),
        ("diff", "web"),
        ("history",),
        ("explain", "web", "conf.txt"),
        ("validate",),
    ):
        assert world.run(*command).code == 0, command
    slow.release.touch()
    assert first.wait(30) == 0


def test_commands_that_only_look_wait_for_no_run_that_is_at_work_on_the_very_target(world: World) -> None:
    slow = Slow(world)
    world.bare_repo("web")
    assert world.run("apply", "--yes", "--limit", "web").code == 0
    world.inventory()
    first = world.spawn_as_it_is("apply", "--yes")
    slow.begun()
    run = json.loads(next((Path(os.environ["ROLLOUT_STATE_DIR"]) / "workshops").glob("*api*.lock")).read_bytes())[
        "what"
    ]
    started = time.monotonic()
    for command in (
        ("plan",),
        ("status", "--fetch"),
        ("status",),
        ("diff", "api"),
        ("history",),
        ("explain", "api", "conf.txt"),
        ("verify",),
    ):
        ran = world.run(*command)
        assert "unreachable" not in ran.out + ran.err, command
        assert "Traceback" not in ran.err
        if command[0] != "history":
            assert f"{run} is at work on it" in ran.out + ran.err, (command, ran.out, ran.err)
            assert ran.code == (2 if command[0] == "verify" else 0)
    assert time.monotonic() - started < 25, "each takes one contact, on a busy machine"
    assert first.poll() is None
    slow.release.touch()
    assert first.wait(30) == 0
    assert not list((Path(os.environ["ROLLOUT_STATE_DIR"]) / "looks").iterdir())
    assert world.log("api") == ["Roll out conf.txt", "first"]


def test_a_reader_that_looks_for_the_first_time_beside_a_writer_fetches_for_itself(world: World) -> None:
    bare = world.bare_repo("api")
    state = Path(os.environ["ROLLOUT_STATE_DIR"])
    remote = Remote(str(bare), "main")
    with hold.opened(state, remote, "api", run="r1"), hold.for_reading(state, remote, "api", wait=0.0) as store:
        assert (store.writer, fetch.latest(store)) == (AtWork("r1"), world.tip("api"))
    assert not list((state / "looks").iterdir())
    (state / "looks" / "left").mkdir()
    looks.sweep(state)
    assert not list((state / "looks").iterdir())


def test_an_interrupt_ends_the_wait_for_a_run_at_work_at_once(world: World) -> None:
    slow = Slow(world)
    first = world.spawn("apply", "--yes")
    slow.begun()
    second = world.spawn("apply", "--yes", "--lock-timeout", "60")
    time.sleep(1.5)
    assert second.poll() is None
    started = time.monotonic()
    second.send_signal(signal.SIGINT)
    _, err = second.communicate(timeout=30)
    assert (second.returncode, "Traceback" in err) == (130, False)
    assert time.monotonic() - started < 2
    slow.release.touch()
    assert first.wait(30) == 0


def test_an_interrupt_ends_the_wait_for_a_store_in_two_seconds(world: World) -> None:
    bare = world.bare_repo("api")
    with hold.opened(Path(os.environ["ROLLOUT_STATE_DIR"]), Remote(str(bare), "main"), "api", run="r1"):
        waits = world.spawn("apply", "--yes")
        time.sleep(2.0)
        assert waits.poll() is None
        started = time.monotonic()
        waits.send_signal(signal.SIGINT)
        _, err = waits.communicate(timeout=30)
        assert (waits.returncode, "Traceback" in err) == (130, False), err
        assert time.monotonic() - started < 2.5, "two seconds, and the end of a process on a busy machine"


def test_two_inventories_do_not_exclude_each_other(world: World) -> None:
    slow = Slow(world)
    first = world.spawn("apply", "--yes")
    slow.begun()
    other = World(world.root / "other")
    other.root.mkdir()
    other.template("project/conf.txt.j2", "hello\n")
    other.bare_repo("web")
    assert other.run("apply", "--yes").code == 0
    slow.release.touch()
    assert first.wait(30) == 0


def test_a_lock_dies_with_its_process_and_an_orphaned_git_is_named(world: World) -> None:
    slow = Slow(world)
    first = world.spawn("apply", "--yes")
    slow.begun()
    first.kill()
    first.wait()
    second = world.spawn("apply", "--yes", "--json")  # the run lock is free; the store is not
    time.sleep(1.0)
    assert second.poll() is None
    lock = next((Path(os.environ["ROLLOUT_STATE_DIR"]) / "workshops").glob("*.lock"))
    named = locks.holder(lock)
    assert f"started by pid {first.pid}, which ended" in named
    assert "git (pid " in named
    slow.release.touch()
    out, err = second.communicate(timeout=60)
    assert second.returncode == 0, err
    assert world.log("api") == ["Roll out conf.txt", "first"]
    assert '"outcome": "unchanged"' in out or '"outcome": "pushed"' in out


def test_a_lock_that_a_process_left_in_the_dark_is_free(tmp_path: Path) -> None:
    lock = tmp_path / "x.lock"
    lock.write_text(json.dumps({"pid": 1, "host": "elsewhere", "what": "x", "since": "y"}))
    refusal = pytest.raises(Busy, match=rf"^theirs: pid {os.getpid()} on .* \(mine, since ")
    with locks.locked(lock, "mine"), refusal, locks.locked(lock, "theirs"):
        pass
    with locks.locked(lock, "again"):
        pass


def test_a_lock_names_the_run_once_there_is_one(tmp_path: Path) -> None:
    lock = tmp_path / "x.lock"
    with locks.locked(lock, "mine"):
        with pytest.raises(Busy, match=r"^mine: pid \d+ on [^(]+ \(since "), locks.locked(lock, "mine"):
            pass
        locks.name_run(lock, "r1")
        assert locks.run_of(lock) == "r1"
        with pytest.raises(Busy, match=r"^mine: run r1 \(pid \d+ on [^,]+, since "), locks.locked(lock, "mine"):
            pass
    with locks.locked(lock, "again"):
        assert locks.run_of(lock) == ""


def test_a_reused_process_number_is_not_taken_for_the_holder(tmp_path: Path) -> None:
    lock = tmp_path / "x.lock"
    sleeper = subprocess.Popen(["sleep", "60"])
    try:
        with locks.locked(lock, "mine"):
            said = json.loads(lock.read_text())
            lock.write_text(json.dumps({**said, "pid": sleeper.pid}))
            assert "which ended" in locks.holder(lock)
    finally:
        sleeper.kill()
        sleeper.wait()


def test_a_lock_file_that_is_a_link_is_not_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (tmp_path / "x.lock").symlink_to(victim)
    with pytest.raises(OSError, match="Too many levels"), locks.locked(tmp_path / "x.lock", "mine"):
        pass
    assert victim.read_text() == "precious"


@pytest.mark.parametrize("shared", [True, False], ids=["the same wish", "different wishes"])
def test_two_machines_that_race_on_the_same_remotes_leave_one_commit_each_wish(world: World, shared: bool) -> None:
    for name in ("api", "web", "odd"):
        world.bare_repo(name)
    world.inventory()
    other = "" if shared else "moon"
    machines = [
        world.spawn("apply", "--yes", "--json", ROLLOUT_STATE_DIR=str(world.root / "one")),
        world.spawn(
            "apply", "--yes", "--json", *(["--var", f"who={other}"] if other else []),
            ROLLOUT_STATE_DIR=str(world.root / "two"),
        ),
    ]  # fmt: skip
    for machine in machines:
        _, err = machine.communicate(timeout=90)
        assert machine.returncode in {0, 3, 4}, err
        assert "Traceback" not in err
    for name in world.entries:
        assert world.log(name).count("Roll out conf.txt") == 1 if shared else world.log(name)
        assert world.at(name, "conf.txt") in {"hello world\n", "hello moon\n"}
        assert world.git(f"{name}.git", "fsck", "--strict", "--no-dangling") == ""


@needs_shim()
@pytest.mark.parametrize("kind", ["refused", "ignored"])
def test_a_state_folder_whose_file_system_keeps_no_locks_is_refused_before_any_change(world: World, kind: str) -> None:
    world.bare_repo("api")
    world.inventory()
    without_locks = Fault().environment(Book(world.root / "book").file, shim.built())
    run = world.spawn("apply", "--yes", FAULT_FLOCK=kind, **without_locks)
    _, err = run.communicate(timeout=60)
    assert run.returncode == 1, err
    assert "No locks available" in err if kind == "refused" else "does not support locks" in err
    assert "ROLLOUT_STATE_DIR" in err
    assert world.log("api") == ["first"]


def test_no_lock_of_the_persons_is_held_while_a_remote_is_waited_for(world: World) -> None:
    slow = Slow(world)
    top = world.clone("api")
    world.entries["api"] = "{path: api}"
    run = world.spawn("apply", "--yes")
    slow.begun()
    assert not list((top / ".git").rglob("*.lock"))
    world.write(top, {"mine.txt": "mine\n"})
    world.git(top, "add", "mine.txt")
    slow.release.touch()
    assert run.wait(60) == 0
    assert (top / "conf.txt").exists()
    assert world.git(top, "status", "--porcelain") == "A  mine.txt"


@needs_shim()
def test_a_persons_command_that_met_our_lock_can_be_repeated_a_moment_later(world: World) -> None:
    top = world.repo("api")
    world.write(top, {"mine.txt": "mine\n"})
    world.inventory()
    book, lock = Book(world.root / "book"), str(top / ".git/index.lock")
    add = f"cd {top} && git add mine.txt >../said 2>&1"
    fault = Fault(Mode.RUN, at=2, only=lock, command=add)  # our first call is the link, the second lets go
    run = world.spawn("apply", "--yes", "--json", **fault.environment(book.file, shim.built()))
    out, err = run.communicate(timeout=60)
    assert (run.returncode, '"outcome": "pushed"' in out) == (0, True), err
    assert "index.lock': File exists" in (world.root / "said").read_text()
    taken, released = book.calls()
    assert (taken.name, taken.path, released.name, released.path) == ("link", lock, "unlink", lock)
    assert released.seconds - taken.seconds < 5, "a person would not wait that long; a busy machine may"
    assert (top / "conf.txt").exists()
    world.git(top, "add", "mine.txt")
    assert world.git(top, "status", "--porcelain") == "A  mine.txt"


def test_two_machines_whose_inventories_differ_lose_no_commit_and_overwrite_nobody_else(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    top = world.repo("api")
    alternate = [("one", "world"), ("two", "moon"), ("one", "world")]

    def apply(machine: str, who: str) -> dict[str, str]:
        world.head = f"version: 1\nvars: {{who: {who}}}\n"
        monkeypatch.setenv("ROLLOUT_STATE_DIR", str(world.root / machine))
        return world.run("apply", "--yes", "--json").outcomes()

    tips = []
    for number, (machine, who) in enumerate(alternate):
        world.elsewhere("api", {"other.txt": f"{number}\n"}, f"others {number}")
        assert apply(machine, who) == {"api": "pushed"}
        assert world.at("api", "conf.txt") == (top / "conf.txt").read_text() == f"hello {who}\n"
        tips.append(world.tip("api"))
    assert all(world.git("api.git", "merge-base", "--is-ancestor", tip, "main") == "" for tip in tips)
    assert world.log("api")[-2::-1] == [said for n in range(3) for said in (f"others {n}", "Roll out conf.txt")]
    world.elsewhere("api", {"conf.txt": "a person's\n"})
    assert [apply(machine, who) for machine, who in alternate[:2]] == [{"api": "blocked"}] * 2
    assert world.at("api", "conf.txt") == "a person's\n"


# --- a ledger that several machines share


@pytest.fixture
def database(empty_database: str) -> str:
    return empty_database


def test_two_machines_that_share_a_ledger_exclude_each_other(world: World, database: str) -> None:
    slow = Slow(world)
    world.tail = f'ledger: "{database}"\n'
    first = world.spawn("apply", "--yes", ROLLOUT_STATE_DIR=str(world.root / "one"))
    slow.begun()
    second = world.spawn("apply", "--yes", ROLLOUT_STATE_DIR=str(world.root / "two"))
    _, err = second.communicate(timeout=30)
    assert second.returncode == 5
    assert f"rollout pid {first.pid} on " in err
    third = world.spawn("apply", "--yes", "--json", "--lock-timeout", "30", ROLLOUT_STATE_DIR=str(world.root / "two"))
    time.sleep(0.5)
    slow.release.touch()
    out, err = third.communicate(timeout=60)
    assert (first.wait(30), third.returncode) == (0, 0), err
    assert '"outcome": "unchanged"' in out
    runs = world.run("history", "--json").json["runs"]
    assert [run["exit_code"] for run in runs] == [0, 0]


def test_a_shared_lock_dies_with_its_process(world: World, database: str) -> None:
    slow = Slow(world)
    world.tail = f'ledger: "{database}"\n'
    first = world.spawn("apply", "--yes", ROLLOUT_STATE_DIR=str(world.root / "one"))
    slow.begun()
    first.kill()
    first.wait()
    slow.release.touch()
    second = world.spawn("apply", "--yes", "--lock-timeout", "20", ROLLOUT_STATE_DIR=str(world.root / "two"))
    _, err = second.communicate(timeout=60)
    assert second.returncode == 0, err
    assert world.log("api") == ["Roll out conf.txt", "first"]


def test_a_ledger_that_restarts_during_a_run_ends_it_in_words_and_the_next_run_goes_on(
    world: World, postgres: Server, database: str
) -> None:
    slow = Slow(world)
    world.tail = f'ledger: "{database}"\n'
    first = world.spawn("apply", "--yes", "--json", ROLLOUT_STATE_DIR=str(world.root / "one"))
    slow.begun()
    name = database.rpartition("/")[2].partition("?")[0]
    postgres.execute(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
    slow.release.touch()
    _, err = first.communicate(timeout=60)
    assert first.returncode == 1
    assert "Traceback" not in err
    assert "could not be recorded" in err
    again = world.run("apply", "--yes", "--json")
    assert again.outcomes() == {"api": "unchanged"}, again.err
    assert world.log("api") == ["Roll out conf.txt", "first"]


def test_a_shared_ledger_never_shows_its_password(world: World, database: str) -> None:
    world.bare_repo("api")
    for url in ("postgresql://pat:s3same@127.0.0.1:1/x", "postgresql://127.0.0.1:1/x?user=pat&password=s3same"):
        world.tail = f'ledger: "{url}"\n'
        ran = world.run("apply", "--yes")
        assert ran.code == 1
        assert "s3same" not in ran.out + ran.err
