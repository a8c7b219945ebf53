"""A shared folder that cannot be written is told as such: by the plan, and in names that the person knows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import rights
from tests.world import World

pytestmark = rights.linux


@pytest.fixture
def shared(world: World) -> Iterator[Path]:
    world.tail = "folders:\n  shared: {path: shared, templates: [project]}\n"
    world.template("project/sub/more.txt", "more\n")
    assert world.run("apply", "--yes").code == 0
    place = world.root / "shared"
    yield place
    for folder in (place, place / "sub", world.root):
        folder.chmod(0o755)


def locked(folder: Path) -> str:
    folder.chmod(0o555)
    return f"the folder {folder} cannot be written (Permission denied)"


@pytest.mark.parametrize("below", ["", "sub"])
def test_a_plan_says_that_a_folder_cannot_be_written(world: World, shared: Path, below: str) -> None:
    world.template("project/sub/more.txt", "much more\n")
    world.template("project/conf.txt.j2", "hello all\n")
    why = locked(shared / below)
    planned = rights.run(world, "plan", "--json")
    target = planned.json["targets"][0]
    assert (planned.code, target["state"], target["reason"]) == (1, "blocked", why)
    assert {one["path"] for one in target["changes"]} == {"conf.txt", "sub/more.txt"}
    applied = rights.run(world, "apply", "--yes", "--json")
    assert (applied.code, applied.outcomes(), applied.reasons()) == (3, {"shared": "blocked"}, {"shared": why})
    assert rights.run(world, "status", "--json").json["targets"][0]["reason"] == why


def test_a_folder_that_cannot_be_written_is_in_sync_where_nothing_is_to_be_written(world: World, shared: Path) -> None:
    locked(shared)
    planned = rights.run(world, "plan", "--json")
    assert (planned.code, planned.states()) == (0, {"shared": "in-sync"})


def test_what_is_to_be_made_needs_the_nearest_folder_that_is_there(world: World, shared: Path) -> None:
    world.template("project/new/deep/file.txt", "new\n")
    why = locked(shared)
    assert rights.run(world, "plan", "--json").json["targets"][0]["reason"] == why


def test_what_others_changed_there_is_kept_where_it_cannot_be_overwritten(world: World, shared: Path) -> None:
    (shared / "conf.txt").write_text("theirs\n")
    why = locked(shared)
    for decision in ("block", "overwrite"):
        assert rights.run(world, "plan", "--on-drift", decision, "--json").json["targets"][0]["reason"] == why
    kept = rights.run(world, "apply", "--yes", "--on-drift", "keep", "--json")
    assert (kept.code, kept.outcomes()) == (0, {"shared": "unchanged"}), kept.out
    assert (shared / "conf.txt").read_text() == "theirs\n"


def test_a_revert_says_that_a_folder_cannot_be_written(world: World, shared: Path) -> None:
    why = locked(shared)
    reverted = rights.run(world, "revert", world.last_run(), "--yes", "--json")
    assert (reverted.code, reverted.reasons()) == (3, {"shared": why}), reverted.err


def test_a_template_that_cannot_be_written_is_told_by_its_name(world: World, shared: Path) -> None:
    (shared / "conf.txt").write_text("hallo world\n")
    templates = world.root / "templates/project"
    templates.chmod(0o555)
    taken = rights.run(world, "take", "shared", "conf.txt", "--yes")
    assert (taken.code, taken.err.splitlines()[-1]) == (1, "templates/project/conf.txt.j2: Permission denied")
    templates.chmod(0o755)


@pytest.mark.parametrize("command", ["plan --out", "report --out", "report --format html --out"])
def test_a_document_in_a_folder_that_cannot_be_written_is_told_by_the_folder(
    world: World, shared: Path, command: str
) -> None:
    locked(shared)
    written = rights.run(world, *command.split(), "shared/document")
    assert (written.code, written.err) == (1, f"rollout: {shared}: Permission denied\n")
