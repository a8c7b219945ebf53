"""`revert` names what it cannot put back because its target left the inventory, or has another name there."""

from __future__ import annotations

import pytest

from tests.world import World

_WAY_OUT = "it is not in the inventory under this name any more; name it there as before, then: rollout revert "


@pytest.fixture
def run(world: World) -> str:
    world.template("project/conf.txt.j2", "ours\n")
    for name in ("api", "web"):
        world.repo(name)
    assert world.run("apply", "--yes").code == 0
    return world.last_run()


def test_a_target_that_got_another_name_is_named_with_the_way_out(world: World, run: str) -> None:
    world.entries["bee"] = world.entries.pop("web")
    ran = world.run("revert", "--yes", "--json", run)
    assert ran.code == 3
    assert ran.outcomes() == {"api": "pushed", "web": "blocked"}
    assert ran.reasons()["web"] == f"{_WAY_OUT}{run}"
    assert (world.at("api", "conf.txt"), world.at("web", "conf.txt")) == (None, "ours\n")
    world.entries["web"] = world.entries.pop("bee")
    assert world.run("revert", "--yes", "--json", run).outcomes() == {"api": "unchanged", "web": "pushed"}


def test_the_person_reads_it_where_nothing_else_is_left_to_revert(world: World, run: str) -> None:
    world.entries = {"bee": world.entries["web"]}
    ran = world.run("revert", "--yes", run)
    assert ran.code == 3
    assert f": blocked ({_WAY_OUT}{run})" in " ".join(ran.out.split())


def test_a_limit_that_names_what_the_run_changed_asks_for_nothing_else(world: World, run: str) -> None:
    world.entries["bee"] = world.entries.pop("web")
    assert world.run("revert", "--yes", "--json", run, "--limit", "api").outcomes() == {"api": "pushed"}
    ran = world.run("revert", "--yes", "--json", run, "--limit", "bee")
    assert (ran.code, ran.outcomes()) == (3, {"web": "blocked"})


def test_a_folder_that_left_is_named_too(world: World) -> None:
    world.template("project/conf.txt.j2", "ours\n")
    world.repo("api")
    (world.root / "shared").mkdir()
    world.tail = "folders: {f: {path: shared, templates: [project]}}\n"
    assert world.run("apply", "--yes").code == 0
    run = world.last_run()
    world.tail = ""
    ran = world.run("revert", "--yes", "--json", run)
    assert (ran.code, ran.outcomes()) == (3, {"api": "pushed", "f": "blocked"})
    assert (world.root / "shared/conf.txt").read_text() == "ours\n"
