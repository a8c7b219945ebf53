"""`init --add` takes in what is new since, and keeps all that a person wrote into the inventory."""

from __future__ import annotations

import shutil

import pytest

from tests.fleet.little_fleets import CLAUDE, Fleet, python_services
from tests.world import World

COMMENTED = "# the old ones first, please\nrepos:"


@pytest.fixture
def learned(world: World) -> Fleet:
    """A fleet that was taken over, and an inventory in which a person wrote since."""
    shutil.rmtree(world.root / "templates")
    fleet = python_services()
    first = Fleet(fleet.name, dict(list(fleet.repositories.items())[:5]))
    first.build(world)
    assert world.run("init", "work", write=False).code == 0
    inventory = world.root / "inventory.yaml"
    inventory.write_text(inventory.read_text().replace("repos:", COMMENTED, 1))
    return fleet


def late(world: World, fleet: Fleet, number: int) -> None:
    name, files = list(fleet.repositories.items())[number]
    world.remote(name, files)
    world.clone(name, f"work/{name}")


def test_new_repositories_take_the_sets_that_fit_with_their_own_variables(world: World, learned: Fleet) -> None:
    before = (world.root / "inventory.yaml").read_text()
    late(world, learned, 5)
    late(world, learned, 6)
    shown = world.run("init", "work", "--add", "--json", write=False).json
    assert [one["name"] for one in shown["repositories"]] == ["reports"]
    assert shown["fits"] == [{"name": "reports", "sets": ["common"]}]
    assert (shown["written"], (world.root / "inventory.yaml").read_text()) == ([], before)
    ran = world.run("init", "work", "--add", write=False)
    assert ran.code == 0, ran.err
    assert ran.out == "reports has common\nWrote inventory.yaml.\nLook at it.\nNext: rollout plan\n"
    after = (world.root / "inventory.yaml").read_text()
    added = [line for line in after.splitlines() if line not in before.splitlines()]
    assert [line for line in before.splitlines() if line not in after.splitlines()] == []
    assert [line.strip().split(":")[0] for line in added] == ["reports"]
    assert "left out: audit-log: template set common: .editorconfig says something else\n" in ran.err
    assert "project: reports" in added[0]
    assert "port: 8085" in added[0]
    plan = world.run("plan", "--json", write=False)
    assert set(plan.states().values()) == {"in-sync"}
    assert len(plan.states()) == 6
    assert "Nothing is new; nothing was written." in world.run("init", "work", "--add", write=False).out


def test_new_files_become_sets_of_their_own_and_nothing_else_changes(world: World, learned: Fleet) -> None:
    names = list(learned.repositories)[:5]
    for name in names[:3]:
        world.commit(f"work/{name}", {"CODEOWNERS": f"* @acme/{name}\n"}, push=True)
    before = (world.root / "inventory.yaml").read_text()
    templates = {p: p.read_bytes() for p in (world.root / "templates").rglob("*") if p.is_file()}
    assert world.run("init", "work", "--add", write=False).code == 0
    after = (world.root / "inventory.yaml").read_text()
    assert (world.root / "templates/codeowners/CODEOWNERS.j2").read_text() == "* @acme/{{ project }}\n"
    assert {p: p.read_bytes() for p in templates} == templates
    assert COMMENTED in after
    assert after.count("codeowners") == 3
    assert "project:" in before
    plan = world.run("plan", "--json", write=False)
    assert set(plan.states().values()) == {"in-sync"}
    assert {t["name"] for t in plan.json["targets"] if t["state"] == "in-sync"} == set(names)


def test_a_repository_that_fits_no_set_is_left_out_with_the_reason(world: World, learned: Fleet) -> None:
    other = CLAUDE.format(project="odd", port="1", python="3.12", branch="main", owner="Ana Smith")
    world.remote("odd", {"CLAUDE.md": other, "AGENTS.md": "something else\n"})
    world.clone("odd", "work/odd")
    before = (world.root / "inventory.yaml").read_text()
    ran = world.run("init", "work", "--add", write=False)
    assert (ran.code, ran.out) == (0, "Nothing is new; nothing was written.\n")
    assert "left out: odd: template set common: it has no " in ran.err
    assert "no file in common" not in ran.err
    assert (world.root / "inventory.yaml").read_text() == before


def test_another_checkout_of_a_target_is_no_new_repository(world: World, learned: Fleet) -> None:
    name = next(iter(learned.repositories))
    world.clone(name, "work/zz-again")
    ran = world.run("init", "work", "--add", write=False)
    assert f"left out: zz-again: is the same repository as {name}" in ran.err
    assert "Nothing is new" in ran.out


def test_without_an_inventory_add_says_where_to_begin(world: World) -> None:
    ran = world.run("init", "--add", write=False)
    assert ran.code == 64
    assert "there is no inventory" in ran.err
