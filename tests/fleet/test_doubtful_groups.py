"""A name of a group that may be mistyped gets a warning with its line, and changes no exit code."""

from __future__ import annotations

import pytest

from tests.world import World

HEAD = "version: 1\nvars: {who: world}\ndefaults: {templates: [project]}\n"
NO_TARGET = "no target is in this group"


def _told(world: World, text: str) -> list[str]:
    """Return what validate and plan, which say the same, warn of."""
    world.remote("api")
    world.remote("web")
    (world.root / "inventory.yaml").write_text(HEAD + text)
    runs = [world.run(name, write=False) for name in ("validate", "plan")]
    assert [ran.code for ran in runs] == [0, 0], [ran.err for ran in runs]
    said = [[line for line in ran.err.splitlines() if "group" in line] for ran in runs]
    assert said[0] == said[1]
    return said[0]


def test_a_mistyped_group_is_told_at_its_line_with_the_name_that_is_near(world: World) -> None:
    found = _told(
        world,
        "groups:\n  python: {vars: {x: 1}}\nrepos:\n  api:\n    url: api.git\n    groups:\n      - pyhton\n"
        "  web: {url: web.git, groups: [pyhton]}\n",
    )
    first, second = found
    assert "inventory.yaml:10: repos.api.groups: there is no 'pyhton' under 'groups'; did you mean 'python'?" in first
    assert f"inventory.yaml:5: groups.python: {NO_TARGET}; did you mean 'pyhton'?" in second


@pytest.mark.parametrize("words", [["--limit", "python"], ["--limit", "!python"], ["python"]])
def test_a_limit_to_a_group_that_a_target_mistypes_names_the_line_to_correct(world: World, words: list[str]) -> None:
    (world.root / "inventory.yaml").write_text(
        f"{HEAD}groups: {{python: {{}}, go: {{}}}}\nrepos:\n  api: {{url: api.git, groups: [pyhton]}}\n"
    )
    told = (
        "python: no target is in this group; correct repos.api.groups in line 6 of the inventory if 'pyhton' means it"
    )
    for command in ("plan", "diff", "status"):
        ran = world.run(command, *words, write=False)
        assert (ran.code, told in ran.err) == (64, True), ran.err
    ran = world.run("diff", "--limit", "api", "go", write=False)
    assert "go: no target is in this group; name it in the 'groups' of a target\n" in ran.err
    ran = world.run("plan", "--limit", "go", write=False)
    assert "go: no target is in this group; name it in the 'groups' of a target\n" in ran.err


@pytest.mark.parametrize("near", ["frontend", "python2", "pythons-of-old-times"])
def test_a_group_without_a_target_is_told_and_a_name_that_is_not_near_is_not_offered(world: World, near: str) -> None:
    (line,) = _told(
        world, f"groups: {{api: {{}}, web: {{}}}}\nrepos: {{api: {{url: api.git, groups: [web, {near}]}}}}\n"
    )
    assert line.endswith(f"inventory.yaml:4: groups.api: {NO_TARGET}")


@pytest.mark.parametrize("groups", ["web, frontend", "web, web-2", "web", "eu1, eu2", "team-a, team-b"])
def test_a_group_for_limit_alone_and_one_of_a_series_are_nobodys_mistake(world: World, groups: str) -> None:
    first = groups.split(",")[0]
    assert not _told(world, f"groups: {{{first}: {{}}}}\nrepos: {{api: {{url: api.git, groups: [{groups}]}}}}\n")


def test_an_inventory_without_groups_says_nothing_of_those_of_its_targets(world: World) -> None:
    assert not _told(world, "repos: {api: {url: api.git, groups: [web]}, web: {url: web.git, groups: [wbe]}}\n")
