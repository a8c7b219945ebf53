"""What is remembered saves work and never changes an answer."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from rollout.machine import locks
from rollout.remote import upstream
from tests import programs
from tests.first_rows import first_rows
from tests.world import World


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = World(tmp_path)
    made.template("project/AGENTS.md.j2", "rules for {{ target.name }}\n")
    made.template("project/run.sh", "#!/bin/sh\n", executable=True)
    made.repo("one")
    made.bare_repo("two")
    assert made.run("apply", "-y", "--json").code == 0
    assert made.run("plan").code == 0
    return made


@pytest.fixture
def commands() -> Iterator[list[str]]:
    """Collect which git commands are run."""
    with programs.git_commands() as ran:
        yield ran


def test_an_unchanged_fleet_takes_no_git_command_but_asking_its_remotes(world: World, commands: list[str]) -> None:
    assert set(world.run("apply", "-y", "--json").outcomes().values()) == {"unchanged"}
    assert set(commands) == set()  # these remotes are folders of this machine; others are asked by ls-remote
    commands.clear()
    assert set(world.run("status", "--json").states().values()) == {"in-sync"}
    assert set(commands) == set()


def test_what_was_just_pushed_is_known_to_be_in_sync(world: World, commands: list[str]) -> None:
    world.template("project/AGENTS.md.j2", "other rules for {{ target.name }}\n")
    assert set(world.run("apply", "-y", "--json").outcomes().values()) == {"pushed"}
    commands.clear()
    remembered = world.run("plan", "--json").json
    assert set(commands) == set()
    for file in Path(os.environ["ROLLOUT_STATE_DIR"]).glob("workshops/*/rollout.json"):
        document = json.loads(file.read_text())
        file.write_text(json.dumps({key: {**memo, "in_sync": None} for key, memo in document.items()}))
    looked_at = world.run("plan", "--json").json
    assert remembered["targets"] == looked_at["targets"]
    assert remembered["summary"] == looked_at["summary"]


def test_edits_and_moves_are_seen_whatever_is_remembered(world: World) -> None:
    world.write("one", {"AGENTS.md": "edited\n"})
    assert world.run("status", "--json").states() == {"one": "behind", "two": "in-sync"}
    world.elsewhere("two", {"AGENTS.md": "theirs\n"})
    assert world.run("status", "--fetch", "--json").states() == {"one": "behind", "two": "drift"}
    (world.root / "one" / "run.sh").chmod(0o644)
    assert "run.sh" in world.run("status", "--json").json["targets"][0]["reason"]


def test_changed_templates_are_planned_whatever_is_remembered(world: World) -> None:
    world.template("project/run.sh", "#!/bin/sh\n", executable=False)
    states = world.run("plan", "--json").json["targets"]
    assert [(t["state"], t["changes"][0]["action"]) for t in states] == [("pending", "chmod")] * 2


@first_rows(
    2,
    "spoil",
    [
        lambda memo: memo.update(in_sync=[]),
        lambda memo: memo.update(in_sync={**memo["in_sync"], "files": 5}),
        lambda memo: memo.update(in_sync={**memo["in_sync"], "tip": "0" * 40}),
        lambda memo: memo["in_sync"].pop("orphans"),
        lambda memo: memo.clear(),
    ],
)
def test_a_spoilt_memory_is_no_memory(world: World, spoil: Callable[[dict[str, Any]], None]) -> None:
    before = world.run("plan", "--json").json["targets"]
    for file in Path(os.environ["ROLLOUT_STATE_DIR"]).glob("workshops/*/rollout.json"):
        document = json.loads(file.read_text())
        for memo in document.values():
            spoil(memo)
        file.write_text(json.dumps(document))
    assert world.run("plan", "--json").json["targets"] == before


def test_a_remote_on_this_machine_is_read_as_git_reads_it(world: World) -> None:
    bare = world.root / "two.git"
    plain = upstream.Remote(str(bare), "main")
    beside = upstream.Remote(str(bare), "main", beside=bare)
    assert upstream.on_this_machine(beside) == upstream.ask(plain) == world.tip("two")
    world.git(bare, "pack-refs", "--all")
    assert upstream.on_this_machine(beside) == world.tip("two")
    world.git(bare, "config", "transfer.hideRefs", "refs/heads")
    assert upstream.on_this_machine(beside) is None
    with pytest.raises(upstream.NoBranch):
        upstream.ask(beside)


def test_verify_believes_nothing_that_was_remembered(world: World) -> None:
    world.bare_repo("api")
    world.run("apply", "--yes")
    world.run("status")
    first = world.git("api.git", "rev-parse", "main^")
    for memo in Path(os.environ["ROLLOUT_STATE_DIR"]).glob("workshops/*/rollout.json"):
        memo.write_text(memo.read_text().replace(world.tip("api"), first))
    world.git("api.git", "update-ref", "refs/heads/main", first)
    assert world.run("verify").code == 2


# --- seen in passing


def _stores() -> list[Path]:
    return [file.parent for file in Path(os.environ["ROLLOUT_STATE_DIR"]).glob("workshops/*/rollout.json")]


def test_what_is_in_sync_is_seen_while_another_process_holds_the_store(world: World) -> None:
    with contextlib.ExitStack() as held:
        for place in _stores():
            held.enter_context(locks.locked(place.with_suffix(".lock"), "somebody"))
        assert set(world.run("status", "--json").states().values()) == {"in-sync"}
        assert set(world.run("apply", "-y", "--json").outcomes().values()) == {"unchanged"}


def test_how_old_the_knowledge_is_counts_from_the_last_look(world: World) -> None:
    long_ago = 1_700_000_000.0
    for place in _stores():
        for file in place.glob("asked-*"):
            os.utime(file, (long_ago, long_ago))
    assert world.run("status", "--json").json["fetched_at"] == "2023-11-14T22:13:20Z"
    world.run("status", "--fetch")
    assert world.run("status", "--json").json["fetched_at"] > "2026"


def test_a_link_where_the_last_look_is_noted_leads_nowhere(world: World, tmp_path: Path) -> None:
    theirs = tmp_path / "theirs"
    theirs.write_text("")
    os.utime(theirs, (1_700_000_000.0, 1_700_000_000.0))
    for file in (file for place in _stores() for file in place.glob("asked-*")):
        file.unlink()
        file.symlink_to(theirs)
    assert set(world.run("status", "--fetch", "--json").states().values()) == {"in-sync"}
    assert theirs.stat().st_mtime == 1_700_000_000.0


def test_a_commit_that_waits_is_not_passed_over(world: World) -> None:
    world.template("project/AGENTS.md.j2", "newer rules for {{ target.name }}\n")
    assert world.run("apply", "-y", "--no-push", "--json").code == 0
    assert set(world.run("status", "--json").states().values()) == {"ready-to-push"}
    world.template("project/AGENTS.md.j2", "rules for {{ target.name }}\n")
    assert set(world.run("status", "--json").states().values()) != {"in-sync"}


def test_a_repository_without_a_remote_is_seen_without_git(world: World, commands: list[str]) -> None:
    world.git(world.repo("alone"), "remote", "remove", "origin")
    assert world.run("apply", "-y").code == 0
    assert world.run("plan").code == 0
    commands.clear()
    assert set(world.run("status", "--json").states().values()) == {"in-sync"}
    assert commands == []
    (world.root / "alone" / "AGENTS.md").write_text("mine\n")
    assert world.run("status", "--json").states()["alone"] != "in-sync"


# --- which variables templates can read


@pytest.fixture
def started() -> Iterator[list[list[str]]]:
    """Collect which programs are started."""
    with programs.started() as ran:
        yield ran


def test_an_unchanged_fleet_starts_no_program_at_all(world: World, started: list[list[str]]) -> None:
    assert set(world.run("apply", "-y", "--json").outcomes().values()) == {"unchanged"}
    assert set(world.run("status", "--json").states().values()) == {"in-sync"}
    assert started == []


def test_templates_that_change_are_parsed_again(world: World) -> None:
    world.template("project/AGENTS.md.j2", "rules for {{ target.name }}, {{ owner }}\n")
    plan = world.run("plan", "--json").json
    assert ["owner" in target["reason"] for target in plan["targets"]] == [True, True]
    world.template("project/AGENTS.md.j2", "rules for {% if %}\n")
    assert world.run("status").code == 64
    world.template("project/AGENTS.md.j2", "rules for {{ target.name }}\n")
    assert set(world.run("status", "--json").states().values()) == {"in-sync"}


@first_rows(2, "damage", ["", "[]", '{"x": 1}', "all"])
def test_a_damaged_memory_of_what_templates_read_counts_as_nothing(world: World, damage: str) -> None:
    place = Path(os.environ["ROLLOUT_STATE_DIR"]) / "templates.json"
    digest, good = next(iter(json.loads(place.read_text()).items()))
    place.write_text(json.dumps({digest: [["project/AGENTS.md.j2", "jinja", [1]], 3]}) if damage == "all" else damage)
    world.template("project/run.sh", "#!/bin/sh\nexit 0\n", executable=True)
    assert {t["changes"][0]["path"] for t in world.run("plan", "--json").json["targets"]} == {"run.sh"}
    assert good in json.loads(place.read_text()).values()


def test_of_what_templates_read_only_the_last_are_remembered(world: World) -> None:
    for number in range(12):
        world.template("project/AGENTS.md.j2", f"rules {number} for {{{{ target.name }}}}\n")
        assert world.run("validate").code == 0
    known = json.loads((Path(os.environ["ROLLOUT_STATE_DIR"]) / "templates.json").read_text())
    assert len(known) == 8
