"""A target that got another name in the inventory, at the same place, is the same target."""

from __future__ import annotations

import pytest

from tests.world import World


@pytest.fixture
def applied(world: World) -> World:
    world.template("project/old.txt", "old\n")
    return world


def orphans(world: World) -> dict[str, list[str]]:
    """Return what `plan` and `status` say of files without a template, which is the same."""
    (world.root / "templates/project/old.txt").unlink(missing_ok=True)
    said = [{one["name"]: one["orphans"] for one in world.run(*command).json["targets"]} for command in _COMMANDS]
    assert said[0] == said[1]
    return said[0]


_COMMANDS = (("plan", "--json"), ("status", "--json"))


@pytest.mark.parametrize("make", ["repo", "bare_repo"])
def test_a_file_that_left_the_templates_is_told_under_the_new_name(applied: World, make: str) -> None:
    getattr(applied, make)("api")
    assert applied.run("apply", "--yes").code == 0
    applied.entries["bee"] = applied.entries.pop("api")
    assert orphans(applied) == {"bee": ["old.txt"]}
    applied.entries["sea"] = applied.entries.pop("bee")
    assert orphans(applied) == {"sea": ["old.txt"]}


def test_of_a_folder_too(applied: World) -> None:
    (applied.root / "shared").mkdir()
    applied.tail = "folders: {f: {path: shared, templates: [project]}}\n"
    assert applied.run("apply", "--yes").code == 0
    applied.tail = "folders: {g: {path: shared, templates: [project]}}\n"
    assert orphans(applied) == {"g": ["old.txt"]}


def test_what_another_inventory_wrote_in_the_same_branch_is_not_told(applied: World) -> None:
    applied.bare_repo("api")
    assert applied.run("apply", "--yes").code == 0
    (applied.root / "other/templates/project").mkdir(parents=True)
    (applied.root / "other/templates/project/new.txt").write_text("new\n")
    repos = f"repos: {{bee: {{url: {applied.root}/api.git, templates: [project]}}}}\n"
    (applied.root / "other/inventory.yaml").write_text(f"version: 1\n{repos}")
    other = ("-i", str(applied.root / "other/inventory.yaml"))
    assert applied.run("apply", "--yes", *other, write=False).code == 0
    assert (applied.at("api", "old.txt"), applied.at("api", "new.txt")) == ("old\n", "new\n")
    target = applied.run("plan", "--json", *other, write=False).json["targets"][0]
    assert (target["name"], target["orphans"]) == ("bee", [])
    assert orphans(applied) == {"api": ["old.txt"]}
