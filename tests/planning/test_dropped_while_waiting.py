"""A commit waits to be pushed, and no template names one of its files any more: nobody else's file is written over."""

from __future__ import annotations

import pytest

from tests.first_rows import first_rows
from tests.world import World


def _waiting(world: World) -> None:
    world.repo("api")
    world.run("apply", "--yes")
    world.template("project/more.txt", "ours\n")
    assert world.run("apply", "--yes", "--no-push").code == 0
    (world.root / "templates/project/more.txt").unlink()


@pytest.mark.parametrize("command", ["apply", "push"])
@first_rows(1, "read", ["fetched", "offline first"])
def test_what_a_person_has_pushed_there_stays(world: World, command: str, read: str) -> None:
    _waiting(world)
    tip = world.elsewhere("api", {"more.txt": "theirs\n"})
    if read == "offline first":
        world.run("plan", "--offline")
    planned = world.run("plan", "--json").json["targets"][0]
    assert "more.txt" not in [change["path"] for change in planned["changes"]]
    world.run(command, "--yes")
    assert world.tip("api") == tip
    world.run("push", "--yes")
    assert world.at("api", "more.txt") == "theirs\n"


def test_what_a_person_pushes_between_plan_and_push_stays(world: World) -> None:
    _waiting(world)
    world.run("plan", "--out", "p.json")
    world.elsewhere("api", {"more.txt": "theirs\n"})
    world.run("apply", "p.json", "--yes")
    assert world.at("api", "more.txt") == "theirs\n"


def test_a_saved_plan_does_not_write_over_a_file_that_no_template_names_any_more(world: World) -> None:
    world.repo("api")
    world.template("project/more.txt", "ours\n")
    world.run("plan", "--out", "p.json")
    (world.root / "templates/project/more.txt").unlink()
    tip = world.elsewhere("api", {"more.txt": "theirs\n"})
    stale = world.run("apply", "p.json", "--yes", "--json")
    assert (world.tip("api"), stale.outcomes(), stale.code) == (tip, {"api": "stale"}, 3)
    assert "more.txt" in stale.reasons()["api"]


def test_a_saved_plan_is_written_where_nobody_touched_what_it_writes(world: World) -> None:
    world.repo("api")
    world.template("project/more.txt", "ours\n")
    world.run("plan", "--out", "p.json")
    (world.root / "templates/project/more.txt").unlink()
    world.elsewhere("api", {"other.txt": "theirs\n"})
    assert world.run("apply", "p.json", "--yes").code == 0
    assert (world.at("api", "more.txt"), world.at("api", "other.txt")) == ("ours\n", "theirs\n")


def test_a_later_template_is_rolled_out_beside_it(world: World) -> None:
    _waiting(world)
    world.elsewhere("api", {"more.txt": "theirs\n"})
    world.template("project/conf.txt.j2", "new\n")
    assert world.run("apply", "--yes").code == 0
    assert (world.at("api", "conf.txt"), world.at("api", "more.txt")) == ("new\n", "theirs\n")
    assert world.run("plan", "--detailed-exitcode").code == 0


@first_rows(1, "command", ["apply", "push"])
def test_what_nobody_touched_is_pushed_as_it_was_decided_and_told_as_what_it_is(world: World, command: str) -> None:
    _waiting(world)
    planned = world.run("plan")
    assert "orphan   more.txt  no template names it any more" in planned.out
    (target,) = world.run("plan", "--json").json["targets"]
    assert [(one["path"], one["action"], one["cause"]) for one in target["changes"]] == [
        ("more.txt", "create", "no template names it any more; decided before")
    ]
    assert (target["state"], target["orphans"]) == ("ready-to-push", ["more.txt"])
    assert "orphan   more.txt" in world.run("status").out
    done = world.run(command, "--yes")
    assert (done.code, world.at("api", "more.txt")) == (0, "ours\n")
    assert "hold" not in done.out
    (target,) = world.run("plan", "--json").json["targets"]
    assert (target["state"], target["changes"], target["orphans"]) == ("in-sync", [], ["more.txt"])
