"""A revert puts back what nobody changed since the run; the rest is left alone, and named with who changed it."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest

from rollout.model.action import Action
from rollout.model.circumstances import Circumstances
from rollout.model.files import File, Snapshot, fingerprint
from rollout.model.inventory import Folder, Target
from rollout.model.outcomes import Outcome, Verdict, WrittenPath
from rollout.model.plan import State
from rollout.planning.undo import undone
from tests.world import World


@pytest.fixture
def run(world: World) -> str:
    """Return a run that changed two files of a repository and of a folder."""
    world.template("pair/a", "1\n")
    world.template("pair/b", "1\n")
    world.repo("api", extra=", templates: [pair]")
    world.tail = "folders: {notes: {path: shared, templates: [pair]}}\n"
    (world.root / "shared").mkdir()
    assert world.run("apply", "--yes").code == 0
    world.template("pair/a", "2\n")
    world.template("pair/b", "2\n")
    assert world.run("apply", "--yes").code == 0
    return world.last_run()


def _in_folder(world: World) -> tuple[str, str]:
    shared = Path(world.root / "shared")
    return (shared / "a").read_text(), (shared / "b").read_text()


def test_a_file_that_somebody_changed_is_left_alone_and_named(world: World, run: str) -> None:
    tip = world.elsewhere("api", {"a": "2\nbo\n"})
    (world.root / "shared/a").write_text("2\nbo\n")
    ran = world.run("revert", run, "--yes", "--json")
    assert (ran.code, ran.outcomes()) == (3, {"api": "pushed", "notes": "written"})
    assert (world.at("api", "a"), world.at("api", "b")) == ("2\nbo\n", "1\n")
    assert _in_folder(world) == ("2\nbo\n", "1\n")
    assert f" in {tip[:7]} (" in ran.reasons()["api"]
    for why in ran.reasons().values():
        assert why.startswith("a: changed ")
        assert "since the run is left alone" in why


def test_the_person_reads_what_is_left_alone(world: World, run: str) -> None:
    world.elsewhere("api", {"a": "2\nbo\n"})
    ran = world.run("revert", run, "--yes", "--limit", "api")
    assert ran.code == 3
    assert "a: changed by " in ran.out.partition("Done")[2], ran.out
    told = world.run("history", world.last_run())
    assert "a: changed by " in told.out, told.out


def test_what_others_deleted_is_left_alone_too(world: World, run: str) -> None:
    tip = world.elsewhere("api", {"a": None})
    (world.root / "shared/a").unlink()
    ran = world.run("revert", run, "--yes", "--json")
    assert (ran.code, ran.outcomes()) == (3, {"api": "pushed", "notes": "written"})
    assert (world.at("api", "a"), world.at("api", "b")) == (None, "1\n")
    assert not (world.root / "shared/a").exists()
    assert ran.reasons()["api"].startswith("a: deleted by ")
    assert tip[:7] in ran.reasons()["api"]
    assert ran.reasons()["notes"].startswith("a: deleted")


def test_what_a_later_run_wrote_is_told_with_the_run_that_goes_back_first(world: World, run: str) -> None:
    world.template("pair/a", "3\n")
    assert world.run("apply", "--yes").code == 0
    later = world.last_run()
    (world.root / "shared/b").write_text("2\nbo\n")
    ran = world.run("revert", run, "--yes", "--json")
    assert (ran.code, ran.outcomes()) == (3, {"api": "pushed", "notes": "blocked"})
    told = f"run {later} wrote a since; take that back first: rollout revert {later}"
    assert ran.reasons()["api"] == told
    assert ran.reasons()["notes"].startswith(f"{told}; b: changed ")
    assert world.run("revert", later, "--yes").code == 0
    assert world.run("revert", run, "--yes", "--json").code == 3
    assert (world.at("api", "a"), _in_folder(world)) == ("1\n", ("1\n", "2\nbo\n"))


def test_where_others_changed_all_of_it_nothing_is_written(world: World, run: str) -> None:
    tip = world.elsewhere("api", {"a": "bo\n", "b": "bo\n"})
    for name in ("a", "b"):
        (world.root / "shared" / name).write_text("bo\n")
    ran = world.run("revert", run, "--yes", "--json")
    assert (ran.code, ran.outcomes()) == (3, {"api": "blocked", "notes": "blocked"})
    assert tip[:7] in ran.reasons()["api"]
    assert all("; b: changed " in why for why in ran.reasons().values())
    assert (world.tip("api"), _in_folder(world)) == (tip, ("bo\n", "bo\n"))


def test_again_there_is_nothing_left_to_put_back(world: World, run: str) -> None:
    world.elsewhere("api", {"a": "2\nbo\n"})
    assert world.run("revert", run, "--yes", "--limit", "api").code == 3
    tip = world.tip("api")
    again = world.run("revert", run, "--yes", "--json", "--limit", "api")
    assert (again.code, again.outcomes(), world.tip("api")) == (3, {"api": "blocked"}, tip)


@pytest.mark.parametrize(("theirs", "gone"), [("one", "one/more"), ("one/more", "one")])
def test_a_file_is_not_put_back_where_a_file_of_others_is_in_the_way(theirs: str, gone: str) -> None:
    ours, before = File(b"2\n"), File(b"1\n")
    paths = (
        WrittenPath(theirs, Action.CREATE, fingerprint(None), fingerprint(ours)),
        WrittenPath(gone, Action.DELETE, fingerprint(before), fingerprint(None)),
    )
    there = Snapshot("tip", {PurePosixPath(theirs): File(b"bo\n"), PurePosixPath(gone): None}, {}, {})
    target = Target("notes", Folder(Path("/x")), ("pair",), (), {})
    back = {PurePosixPath(theirs): None, PurePosixPath(gone): before}
    step = undone(target, Outcome("notes", Verdict.WRITTEN, paths=paths), there, back, Circumstances("x")).step
    assert (step.state, step.changes) == (State.BLOCKED, ())


def test_a_target_that_the_inventory_holds_is_no_half_done_revert(world: World, run: str) -> None:
    world.elsewhere("api", {"a": "2\nbo\n"})
    world.entries["api"] = "{path: api, templates: [pair], hold: true}"
    ran = world.run("revert", run, "--yes", "--json")
    assert (ran.code, ran.outcomes()) == (0, {"api": "unchanged", "notes": "written"}), ran.reasons()
    assert ran.reasons()["api"].startswith("held by `hold` in the inventory; a: changed by ")
