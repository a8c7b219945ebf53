"""`--out` names a file: anything else is told before there is work, with what to do."""

from __future__ import annotations

import pytest

from tests.world import World


@pytest.mark.parametrize("command", ["plan", "report", "report --format html"])
@pytest.mark.parametrize("place", [".", "templates/", "~", "new/", "new/.", "more/new//"])
def test_a_folder_is_no_file_to_write_to(
    world: World, command: str, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.bare_repo("api")
    monkeypatch.setenv("HOME", str(world.root))
    ran = world.run(*command.split(), "--out", place)
    said = f"{place!r} is a folder; name a file, as in '{place.rstrip('/')}/FILE'"
    told = f"rollout {command.split()[0]}: invalid value for '--out': {said}\n"
    assert (ran.code, ran.out, ran.err) == (64, "", told)
    assert not (world.root / "new").exists()


def test_an_empty_name_is_no_file_to_write_to(world: World) -> None:
    world.bare_repo("api")
    ran = world.run("plan", "--out", "")
    assert (ran.code, ran.out) == (64, "")
    assert ran.err == "rollout plan: invalid value for '--out': '' is no file; name a file, as in 'FILE'\n"


@pytest.mark.parametrize("command", ["plan", "report", "report --format html"])
def test_a_dash_is_no_file_to_write_to(world: World, command: str) -> None:
    world.bare_repo("api")
    ran = world.run(*command.split(), "--out", "-")
    told = "'-' is no file; name one, as in './-'; without the option it goes to standard output"
    assert (ran.code, ran.out) == (64, "")
    assert ran.err == f"rollout {command.split()[0]}: invalid value for '--out': {told}\n"
    assert not (world.root / "-").exists()


@pytest.mark.parametrize("command", ["plan", "report", "report --format html"])
@pytest.mark.parametrize("place", ["inventory.yaml", "templates/project/conf.txt.j2", "notes.md", "to-notes.md"])
def test_a_file_that_says_something_else_is_never_replaced(world: World, command: str, place: str) -> None:
    world.bare_repo("api")
    world.inventory()
    world.write(".", {"notes.md": "# Our rollout - Complete Summary\n\n**Date:** today\n\nWritten by hand.\n"})
    (world.root / "to-notes.md").symlink_to("notes.md")
    before = (world.root / place).read_bytes()
    ran = world.run(*command.split(), "--out", place)
    kind = command.split()[0]
    said = f"{place!r} is there, and it is no {kind} of rollout; name another file, or move it away"
    assert (ran.code, ran.out, ran.err) == (64, "", f"rollout {kind}: invalid value for '--out': {said}\n")
    assert (world.root / place).read_bytes() == before


@pytest.mark.parametrize("command", ["plan", "report", "report --format html"])
def test_an_earlier_one_and_an_empty_file_are_replaced(world: World, command: str) -> None:
    world.bare_repo("api")
    world.run("apply", "--yes")
    place = world.root / "written"
    place.touch()
    assert world.run(*command.split(), "--out", "written").code == 0
    assert place.stat().st_size > 0
    assert world.run(*command.split(), "--out", "written").code == 0
