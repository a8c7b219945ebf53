"""Units of work on a real Dask cluster: a scheduler and two workers, each a process with a home of its own."""

from __future__ import annotations

import importlib.util
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.person import GITCONFIG
from tests.remote.servers import free_port, silent
from tests.world import World

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("distributed") is None,
    reason="distributed is not installed: pip install 'git-rollout[dask]'",
)

WORKERS = 2
NAMES = tuple(f"repo-{number:02}" for number in range(12))
ROOT = Path(__file__).parents[2]


@dataclass
class Started:
    """A running cluster: where its scheduler is, and its workers with their homes."""

    folder: Path
    port: int
    parts: ExitStack
    workers: dict[Path, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def executor(self) -> str:
        return f"--executor=dask:tcp://127.0.0.1:{self.port}"

    def complete(self) -> None:
        """Have two living workers, whatever was killed before."""
        self.workers = {home: worker for home, worker in self.workers.items() if worker.poll() is None}
        new = [self.folder / f"worker-{time.monotonic_ns()}" for _ in range(WORKERS - len(self.workers))]
        for home in new:
            options = ("--no-nanny", "--nthreads=2", "--memory-limit=0", f"--local-directory={home}")
            address = f"tcp://127.0.0.1:{self.port}"
            self.workers[home] = self.parts.enter_context(process(home, "dask_worker", address, *options))
        wait_until(lambda: all("Starting established connection" in (home / "log").read_text() for home in new))

    def worker_above(self, pid: int) -> subprocess.Popen[bytes]:
        """Return the worker that a process descends from."""
        above = {worker.pid: worker for worker in self.workers.values()}
        while pid not in above:
            said = subprocess.run(["ps", "-o", "ppid=", "-p", str(pid)], capture_output=True, text=True, check=True)
            pid = int(said.stdout)
        return above[pid]


@contextmanager
def process(home: Path, module: str, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a part of the cluster as somebody else: another home, another git identity, another state folder."""
    home.mkdir()
    (home / ".gitconfig").write_text(GITCONFIG.replace("Pat Person", f"Nobody of {home.name}"))
    command = [sys.executable, "-m", f"distributed.cli.{module}", "--host=127.0.0.1", "--no-dashboard"]
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "HOME": str(home),
        "GIT_CONFIG_NOSYSTEM": "1",
        "ROLLOUT_STATE_DIR": str(home / "state"),
    }
    with (home / "log").open("wb") as log:
        made = subprocess.Popen(
            [*command, "--dashboard-address=127.0.0.1:0", *arguments],
            cwd=home,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    try:
        yield made
    finally:
        made.kill()
        made.wait()


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Started]:
    """Start a scheduler on loopback, and end it with all its workers."""
    folder = tmp_path_factory.mktemp("cluster")
    port = free_port()
    with ExitStack() as parts:
        parts.enter_context(process(folder / "scheduler", "dask_scheduler", f"--port={port}"))
        yield Started(folder, port, parts)


@pytest.fixture
def cluster(started: Started) -> Started:
    """Give a scheduler with two workers."""
    started.complete()
    return started


def wait_until(so: Callable[[], object], seconds: float = 30.0) -> None:
    deadline = time.monotonic() + seconds
    while not so():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


@pytest.fixture
def fleet(world: World) -> World:
    """Twelve repositories that only an address is known of, one of them with a file of somebody else's in the way."""
    for name in NAMES:
        world.bare_repo(name)
    world.elsewhere(NAMES[5], {"conf.txt": "mine\n"})
    return world


def test_a_cluster_does_what_threads_do(
    fleet: World, cluster: Started, tmp_path_factory: pytest.TempPathFactory, empty_database: str
) -> None:
    """The same states in the same order, the same outcomes and words; and a checkout and a folder stay here."""
    fleet.repo("checkout")
    fleet.template("shared/notes.txt", "shared\n")
    fleet.tail = f"folders: {{shared: {{path: shared, templates: [shared]}}}}\nledger: {empty_database}\n"
    (fleet.root / "shared").mkdir()
    here = fleet.run("plan", "--json")
    there = fleet.run(cluster.executor, "plan", "--json")
    assert there.json["targets"] == here.json["targets"]
    caches = [len(list(home.glob("state/workshops/*.lock"))) for home in cluster.workers]
    assert 0 not in caches
    assert sum(caches) >= len(NAMES)
    applied = fleet.run(cluster.executor, "apply", "--yes", "--json")
    expected = dict.fromkeys(NAMES, "pushed") | {NAMES[5]: "blocked", "checkout": "pushed", "shared": "written"}
    assert (applied.code, applied.outcomes()) == (3, expected), applied.err
    assert [fleet.at(name, "conf.txt") for name in NAMES if name != NAMES[5]] == ["hello world\n"] * 11
    assert (fleet.root / "checkout/conf.txt").read_text() == "hello world\n"
    authors = {fleet.git(f"{name}.git", "log", "-1", "--format=%an %cn", "main") for name in NAMES}
    assert authors == {"Pat Person Pat Person"}
    again = fleet.run("apply", "--yes", "--json")
    assert (again.code, set(again.outcomes().values())) == (4, {"unchanged", "blocked"})
    assert fleet.run("history", "--json").json["runs"][1]["exit_code"] == 3


def hold(world: World, name: str, when: str = "pre-receive") -> tuple[Path, Path]:
    """Let a push into a repository wait; return the file that says which process waits, and the one that lets it go."""
    started, release = world.root / f"{name}.started", world.root / f"{name}.release"
    hook = world.root / f"{name}.git/hooks/{when}"
    hook.write_text(f"#!/bin/sh\necho $$ >>{started}\nwhile [ ! -e {release} ]; do sleep 0.05; done\n")
    hook.chmod(0o755)
    return started, release


def pids(file: Path) -> list[int]:
    return [int(line) for line in file.read_text().split()] if file.exists() else []


def test_a_worker_that_is_killed_costs_a_retry_and_nothing_else(world: World, cluster: Started) -> None:
    """It is killed while it pushes; the push lands or does not, and the unit is done again by another worker."""
    for name in NAMES:
        world.bare_repo(name)
    waits, release = hold(world, NAMES[3])
    run = world.spawn(cluster.executor, "apply", "--yes", "--json")
    wait_until(lambda: pids(waits))
    victim = cluster.worker_above(pids(waits)[0])
    victim.send_signal(signal.SIGKILL)
    wait_until(lambda: len(pids(waits)) > 1)
    assert cluster.worker_above(pids(waits)[1]) != victim
    release.touch()
    out, err = run.communicate(timeout=60)
    assert run.returncode == 0, err
    assert out.count('"type": "target_done"') == len(NAMES)
    assert out.count('"outcome": "pushed"') == len(NAMES), out
    assert {tuple(world.log(name)) for name in NAMES} == {("Roll out conf.txt", "first")}
    assert world.run("apply", "--yes", "--json").outcomes() == dict.fromkeys(NAMES, "unchanged")


@pytest.mark.long
def test_what_a_killed_worker_had_pushed_is_told_as_pushed(world: World, cluster: Started) -> None:
    """Its last word is lost, not its work: whoever does the unit again finds the run's own commit upstream."""
    world.bare_repo("api")
    done, release = hold(world, "api", "post-receive")
    run = world.spawn(cluster.executor, "apply", "--yes", "--json")
    wait_until(lambda: pids(done))
    cluster.worker_above(pids(done)[0]).send_signal(signal.SIGKILL)
    release.touch()
    out, err = run.communicate(timeout=60)
    assert (run.returncode, '"outcome": "pushed"' in out) == (0, True), out + err
    assert world.log("api") == ["Roll out conf.txt", "first"]
    (past,) = world.run("history", "--json").json["runs"]
    assert past["outcomes"][0]["commit"] == world.tip("api")
    assert world.run("revert", past["run"], "--yes").code == 0
    assert world.at("api", "conf.txt") is None


@pytest.mark.long
def test_an_interrupt_ends_in_two_seconds_and_the_next_run_finishes(world: World, cluster: Started) -> None:
    for name in NAMES:
        world.bare_repo(name)
    waits, release = hold(world, NAMES[0])
    run = world.spawn(cluster.executor, "--jobs=2", "apply", "--yes", "--json")
    wait_until(lambda: pids(waits))
    asked = time.monotonic()
    run.send_signal(signal.SIGINT)
    out, err = run.communicate(timeout=30)
    assert time.monotonic() - asked < 3, err
    assert run.returncode == 130
    assert out.count('"type": "target_done"') == len(NAMES)
    assert '"outcome": "unknown"' in out
    release.touch()
    assert world.run(cluster.executor, "apply", "--yes").code == 0
    assert {tuple(world.log(name)) for name in NAMES} == {("Roll out conf.txt", "first")}


def test_a_scheduler_that_does_not_answer_is_one_clear_error(world: World) -> None:
    world.bare_repo("api")
    with silent() as port:
        for number in (port, free_port()):
            ran = world.run(f"--executor=dask:tcp://127.0.0.1:{number}", "--timeout=1", "plan")
            assert (ran.code, ran.out) == (1, "")
            assert ran.err.splitlines()[-1] == (
                f"rollout: the Dask scheduler at tcp://127.0.0.1:{number} did not answer within 1 seconds; "
                "is it running, is the port right?"
            )


def test_an_executor_that_is_none_is_a_usage_error(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.bare_repo("api")
    for text in ("fibres", "dask:", "dask:127.0.0.1:1", "dask:tcp://user@host:1"):
        assert world.run("--executor", text, "plan").code == 64
    monkeypatch.setenv("ROLLOUT_EXECUTOR", "fibres")
    assert world.run("plan").code == 64
    assert world.run("--executor=threads", "plan").code == 0


def test_without_distributed_it_is_said_how_to_get_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.bare_repo("api")
    monkeypatch.setitem(sys.modules, "distributed", None)
    ran = world.run("--executor=dask:tcp://127.0.0.1:1", "plan")
    assert ran.code == 64
    assert "pip install 'git-rollout[dask]'" in ran.err
