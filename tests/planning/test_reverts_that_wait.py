"""A revert that was not pushed yet, and what happens upstream and in the templates meanwhile."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.first_rows import first_rows
from tests.world import World


@pytest.fixture
def run(world: World) -> str:
    """Return a run that is reverted by a commit that waits: it changed two files, in one of which others wrote, too."""
    world.repo("api", {"c.yaml": "x: 1\n"}, extra=", templates: [pair]")
    return _reverted(world)


def _reverted(world: World) -> str:
    world.template("pair/r.md", "one\n")
    world.template("pair/c.yaml", "k: 1\n")
    world.tail = "files: {c.yaml: {mode: merge}}\n"
    assert world.run("apply", "--yes").code == 0
    world.template("pair/r.md", "two\n")
    world.template("pair/c.yaml", "k: 5\n")
    assert world.run("apply", "--yes").code == 0
    found: str = world.last_run()
    assert world.run("revert", found, "--yes", "--no-push").code == 0
    return found


def test_it_is_pushed_when_nothing_changed(world: World, run: str) -> None:
    world.elsewhere("api", {"other": "bo\n"})
    assert world.run("push", "--yes").code == 0
    assert (world.at("api", "r.md"), world.at("api", "c.yaml")) == ("one\n", "x: 1\nk: 1\n")
    assert world.run("plan", "--json").json["targets"][0]["held"]
    world.template("pair/c.yaml", "j: 1\n")
    assert world.run("apply", "--yes").code == 0
    assert world.at("api", "c.yaml") == "x: 1\nj: 1\n"


@first_rows(1, ("command", "outcome"), [("push", "stale"), ("apply", "blocked")])
def test_it_is_not_lost_where_upstream_changed_its_file(world: World, run: str, command: str, outcome: str) -> None:
    waits = world.git("api", "rev-parse", "HEAD")
    world.elsewhere("api", {"c.yaml": "x: 2\nk: 5\n"})
    ran = world.run(command, "--yes", "--json")
    assert (ran.code, ran.outcomes()) == (3, {"api": outcome})
    assert "upstream changed c.yaml" in ran.reasons()["api"]
    assert "`rollout revert` makes again what others left as it was" in ran.reasons()["api"]
    assert world.git("api", "rev-parse", "HEAD") == waits
    assert world.run("revert", run, "--yes").code == 3
    assert (world.at("api", "r.md"), world.at("api", "c.yaml")) == ("one\n", "x: 2\nk: 5\n")
    assert world.run("apply", "--yes", "--json").outcomes() == {"api": "unchanged"}


def test_it_is_not_lost_where_a_template_changed(world: World, run: str) -> None:
    world.template("pair/other", "new\n")
    ran = world.run("apply", "--yes", "--json")
    assert (ran.code, ran.outcomes()) == (3, {"api": "blocked"})
    assert "the templates changed" in ran.reasons()["api"]
    assert world.run("revert", run, "--yes").code == 0
    assert world.run("apply", "--yes").code == 0
    assert [world.at("api", name) for name in ("r.md", "c.yaml", "other")] == ["one\n", "x: 1\nk: 1\n", "new\n"]


def test_it_goes_when_a_person_releases_it(world: World, run: str) -> None:
    world.elsewhere("api", {"c.yaml": "x: 2\nk: 5\n"})
    assert world.run("apply", "--yes", "--release").code == 0
    assert (world.at("api", "r.md"), world.at("api", "c.yaml")) == ("two\n", "x: 2\nk: 5\n")
    assert world.run("status", "--json").states() == {"api": "in-sync"}


def test_it_goes_where_there_is_no_checkout_too(world: World) -> None:
    world.bare_repo("api", {"c.yaml": "x: 1\n"})
    world.defaults = "defaults: {templates: [pair]}\n"
    run = _reverted(world)
    world.elsewhere("api", {"c.yaml": "x: 2\nk: 5\n"})
    assert world.run("push", "--yes", "--json").outcomes() == {"api": "stale"}
    assert world.run("apply", "--yes", "--release").code == 0
    assert world.run("status", "--json").states() == {"api": "in-sync"}
    assert world.run("revert", run, "--yes").code == 3
    assert (world.at("api", "r.md"), world.at("api", "c.yaml")) == ("one\n", "x: 2\nk: 5\n")


@first_rows(1, ("decision", "text"), [("keep", "bo\n"), ("overwrite", "two\n")])
def test_a_change_of_others_in_its_file_is_drift_like_any_other(world: World, decision: str, text: str) -> None:
    world.repo("api", extra=", templates: [one]")
    for said in ("one\n", "two\n"):
        world.template("one/r.md", said)
        assert world.run("apply", "--yes").code == 0
    run = world.last_run()
    assert world.run("revert", run, "--yes", "--no-push").code == 0
    world.elsewhere("api", {"r.md": "bo\n"})
    ran = world.run("push", "--yes", "--json")
    assert (ran.code, ran.outcomes()) == (3, {"api": "stale"})
    assert world.run("status", "--json").states() == {"api": "drift"}
    assert world.run("apply", "--yes", "--on-drift", decision).code == 0
    assert world.at("api", "r.md") == text
    assert world.run("status", "--json").states() == {"api": "in-sync"}


def _reword(world: World) -> None:
    """Give the commit that waits words of a person's own, and push it."""
    world.git("api", "commit", "-q", "--amend", "-m", "my own words")
    world.git("api", "push", "-q")


def _held(world: World) -> tuple[str, bool, list[str]]:
    (found,) = world.run("plan", "--json", "--no-diff").json["targets"]
    return found["state"], found["held"], [change["action"] for change in found["changes"]]


@first_rows(2, "command", [("push", "--yes"), ("apply", "--yes"), ("status", "--fetch"), ("plan",)])
def test_it_is_on_hold_where_a_person_pushed_it_under_other_words(
    world: World, run: str, command: tuple[str, ...]
) -> None:
    _reword(world)
    ran = world.run(*command)
    assert (ran.code, ran.err) == (0, "")
    for _ in range(2):
        assert _held(world) == ("in-sync", True, [])
    assert world.run("push", "--yes", "--json").outcomes() == {"api": "unchanged"}
    world.template("pair/r.md", "three\n")
    world.template("pair/c.yaml", "k: 6\n")
    assert _held(world) == ("pending", False, ["update", "update"])
    assert world.run("apply", "--yes").code == 0
    assert (world.at("api", "r.md"), world.at("api", "c.yaml")) == ("three\n", "x: 1\nk: 6\n")


def test_what_others_change_in_it_under_other_words_is_theirs(world: World, run: str) -> None:
    world.write("api", {"r.md": "mine\n"})
    world.git("api", "add", "r.md")
    _reword(world)
    assert _held(world)[2] == ["drift"]
    assert world.run("push", "--yes", "--json").outcomes() == {"api": "stale"}
    assert world.at("api", "r.md") == "mine\n"


def test_what_it_deletes_is_on_hold_under_other_words_too(world: World) -> None:
    world.repo("api", {"c.yaml": "x: 1\n"}, extra=", templates: [pair]")
    world.template("pair/r.md", "one\n")
    assert world.run("apply", "--yes").code == 0
    assert world.run("revert", world.last_run(), "--yes", "--no-push").code == 0
    _reword(world)
    assert _held(world) == ("in-sync", True, [])
    world.template("pair/r.md", "two\n")
    assert _held(world) == ("pending", False, ["create"])


def _rebase(world: World) -> None:
    world.elsewhere("api", {"other": "bo\n"})
    world.git("api", "pull", "-q", "--rebase")
    world.git("api", "push", "-q")


def _push(world: World) -> None:
    world.git("api", "push", "-q")


@pytest.mark.parametrize("deed", [_push, _rebase, _reword])
@first_rows(1, "look", [False, True], ids=["none", "look"])
def test_what_a_person_pushed_can_be_reverted(
    world: World, run: str, deed: Callable[[World], None], look: bool
) -> None:
    deed(world)
    if look:
        assert world.run("status", "--fetch").code == 0
    assert world.run("revert", world.last_run(), "--yes", "--json").outcomes() == {"api": "pushed"}
    assert (world.at("api", "r.md"), world.at("api", "c.yaml")) == ("two\n", "x: 1\nk: 5\n")


def test_what_nobody_pushed_cannot_be_reverted(world: World, run: str) -> None:
    ran = world.run("revert", world.last_run(), "--yes", "--json")
    assert (ran.code, "its commit was never pushed" in ran.reasons()["api"]) == (3, True)
