"""Init that is killed at any instant leaves nothing that the next init does not put right."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Mapping

import pytest

from tests.cli.test_init import work  # noqa: F401 (a fixture)
from tests.first_rows import first_rows
from tests.program import started
from tests.world import World

_KILLED = """
import os, signal, sys
here, left = os.getcwd() + "/", {number}
def hook(event, given):
    global left
    path = os.path.abspath(given[0]) if event == "open" and isinstance(given[0], str) else ""
    folder, name = os.path.split(path)
    if name.startswith(".rollout-") and (folder + "/" == here or folder.startswith(here + "templates")):
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.{signal})
sys.addaudithook(hook)
"""


def stopped(world: World, number: int, *arguments: str, by: str = "SIGKILL") -> subprocess.Popen[str]:
    """Start init and stop it just before it begins its next file, after so many: its journal is the first."""
    first = _KILLED.format(signal=by, number=number)
    return started(("init", "work", *arguments), world.root, os.environ, first=first)


def killed(world: World, number: int, *arguments: str) -> bool:
    """Start init, kill it just before it begins its next file, and tell whether that was how it ended."""
    process = stopped(world, number, *arguments)
    process.communicate(timeout=120)
    return process.returncode == -signal.SIGKILL


def written(world: World) -> Mapping[str, bytes]:
    """Return all that lies beside the repositories and the world's own things."""
    there = (path for path in world.root.rglob("*") if path.is_file())
    names = {str(path.relative_to(world.root)): path.read_bytes() for path in there}
    ours = ("inventory", "templates/", ".rollout")
    return {name: content for name, content in sorted(names.items()) if name.startswith(ours)}


@first_rows(2, "number", range(5))
def test_the_next_init_writes_what_it_would_have_written(work: World, number: int) -> None:  # noqa: F811
    assert killed(work, number)
    assert "inventory.yaml" not in written(work)
    ran = work.run("init", "work", write=False)
    assert (ran.code, ran.err) == (0, "")
    assert [*written(work)] == [
        "inventory.schema.json", "inventory.yaml", "templates/common/.editorconfig", "templates/common/AGENTS.md.j2",
    ]  # fmt: skip
    assert set(work.run("plan", "--json", write=False).states().values()) == {"in-sync"}


@first_rows(1, "number", range(2))
def test_what_was_added_in_part_is_taken_back(work: World, number: int) -> None:  # noqa: F811
    work.run("init", "work", write=False)
    before = written(work)
    for name in ("api", "web", "cli"):
        work.elsewhere(name, {"ruff.toml": "line-length = 100\nindent-width = 4\n"})
    assert killed(work, number, "--add", "--yes")
    assert written(work)["inventory.yaml"] == before["inventory.yaml"]
    ran = work.run("init", "work", "--add", "--yes", write=False)
    assert (ran.code, ran.err) == (0, ""), ran.out
    assert set(work.run("plan", "--json", write=False).states().values()) == {"behind"}  # others pushed meanwhile
    assert [name for name in written(work) if name.startswith(".rollout")] == []


def test_what_a_person_changed_meanwhile_stays_and_is_said(work: World) -> None:  # noqa: F811
    assert killed(work, 3)
    mine = work.root / "templates/common/AGENTS.md.j2"
    mine.write_text("mine\n")
    ran = work.run("init", "work", write=False)
    assert (ran.code, mine.read_text()) == (4, "mine\n")
    assert (
        "templates/common/AGENTS.md.j2: an init that was killed wrote it, and it or the inventory has changed since"
        in ran.err
    )


def test_what_a_finished_init_wrote_stays_when_its_journal_is_left(work: World) -> None:  # noqa: F811
    assert killed(work, 4)
    journal = work.root / ".rollout-init.json"
    left = journal.read_bytes()
    assert work.run("init", "work", write=False).code == 0
    before = written(work)
    journal.write_bytes(left)  # as a power cut leaves it, or a kill after the inventory was put in place
    inventory = work.root / "inventory.yaml"
    inventory.write_bytes(inventory.read_bytes() + b"# mine\n")
    ran = work.run("init", "work", "--add", "--yes", write=False)
    assert (ran.code, journal.exists()) == (0, False)
    assert "inventory.schema.json: an init that was killed wrote it, and it or the inventory has changed" in ran.err
    assert written(work) == {**before, "inventory.yaml": before["inventory.yaml"] + b"# mine\n"}


@pytest.mark.parametrize("name", ["inventory.yaml", "templates/common/AGENTS.md.j2"])
def test_what_a_person_writes_meanwhile_is_not_overwritten(work: World, name: str) -> None:  # noqa: F811
    process = stopped(work, 2, by="SIGSTOP")
    try:
        _until_stopped(work, process)
        (work.root / name).parent.mkdir(parents=True, exist_ok=True)
        (work.root / name).write_text("mine\n")
        until = time.monotonic() + 60
        while process.poll() is None and time.monotonic() < until:
            process.send_signal(signal.SIGCONT)
            time.sleep(0.05)
        assert process.wait(10) == 4
    finally:
        process.kill()
        process.communicate(timeout=10)
    assert written(work) == {name: b"mine\n"}


def _until_stopped(work: World, process: subprocess.Popen[str]) -> None:  # noqa: F811
    until = time.monotonic() + 60
    while not (work.root / "templates").exists() or "T" not in _state(process.pid):
        assert time.monotonic() < until
        time.sleep(0.05)


def test_an_init_at_work_is_left_alone(work: World) -> None:  # noqa: F811
    process = stopped(work, 2, by="SIGSTOP")
    try:
        _until_stopped(work, process)
        ran = work.run("init", "work", write=False)
        assert (ran.code, "another init is at work here" in ran.err) == (5, True)
    finally:
        process.kill()
        process.communicate(timeout=10)


def _state(number: int) -> str:
    with open(f"/proc/{number}/stat") as file:
        return file.read().rpartition(")")[2].split()[0]


def test_a_look_leaves_what_a_killed_init_has_left_and_says_so(work: World) -> None:  # noqa: F811
    assert killed(work, 3)
    before = written(work)
    ran = work.run("init", "work", "--json", write=False)
    assert (ran.code, ".rollout-init.json: an init was killed here" in ran.err + ran.out) == (4, True)
    assert work.run("init", "nowhere", write=False).code == 1
    assert work.run("init", "work", "--add", write=False).code == 64
    assert written(work) == before
    assert work.run("init", "work", "--json", "--yes", write=False).code == 0


def test_only_its_own_scrap_files_are_removed(work: World) -> None:  # noqa: F811
    assert killed(work, 3)
    another = work.root / "templates/common/.rollout-0123456789abcdef"
    another.write_text("of another program\n")
    assert work.run("init", "work", write=False).code == 4  # the folder templates/ is there for it
    assert another.read_text() == "of another program\n"


def test_two_inits_at_once_write_one_inventory(work: World) -> None:  # noqa: F811
    running = [work.spawn_as_it_is("init", "work") for _ in range(3)]
    for process in running:
        process.communicate(timeout=180)
    codes = sorted(process.returncode for process in running)
    assert codes[0] == 0
    assert set(codes[1:]) <= {4, 5}
    assert [name for name in written(work) if name.startswith(".rollout")] == []
    assert set(work.run("plan", "--json", write=False).states().values()) == {"in-sync"}


def test_a_journal_of_somebody_else_removes_nothing(work: World) -> None:  # noqa: F811
    (work.root / "kept.txt").write_text("")
    digest = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    journal = work.root / ".rollout-init.json"
    journal.write_text(json.dumps({"inventory": "", "files": {"kept.txt": digest, "templates/../kept.txt": digest}}))
    assert work.run("init", "work", write=False).code == 0
    assert ((work.root / "kept.txt").exists(), journal.exists()) == (True, False)
    for name in ("inventory.yaml", "inventory.schema.json"):
        os.unlink(work.root / name)
    journal.write_text("no json")
    ran = work.run("init", "work", write=False)
    assert (ran.code, "is not what init writes; move it away" in ran.err) == (1, True)
