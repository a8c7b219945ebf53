"""The inventory is found in the folders above, as git finds its repository."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.program import started
from tests.world import World


@pytest.fixture
def below(world: World, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand deep inside a checkout of the only target."""
    top = world.repo("api")
    world.inventory()
    folder = top / "a/b"
    folder.mkdir(parents=True)
    monkeypatch.chdir(folder)
    return folder


def ran(*words: str) -> tuple[int, str]:
    running = started(words, Path.cwd(), os.environ)
    said = "".join(running.communicate())
    return running.returncode, said


def test_a_command_works_from_inside_a_checkout(world: World, below: Path) -> None:
    code, said = ran("plan")
    assert (code, "Next: rollout apply\n" in said) == (0, True), said
    assert ran("apply", "--yes")[0] == 0
    assert world.at("api", "conf.txt") is not None


def test_the_place_of_a_mistake_is_named_from_here(world: World, below: Path) -> None:
    (world.root / "inventory.yaml").write_text("version: 1\nrepoz: {}\n")
    code, said = ran("validate")
    assert code == 64
    assert "../../../inventory.yaml:2: repoz" in said


def test_the_nearest_one_counts_and_a_named_one_is_not_searched(world: World, below: Path) -> None:
    (below.parent / "inventory.yaml").write_text("version: 1\nrepoz: {}\n")
    assert "../inventory.yaml:2:" in ran("validate")[1]
    code, said = ran("validate", "-i", "inventory.yaml")
    assert code == 64
    assert "there is no inventory" in said


def test_the_search_ends_where_git_ends_it(world: World, below: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(world.root))
    code, said = ran("validate")
    assert code == 64
    assert "there is no inventory" in said


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_an_inventory_of_another_user_is_not_taken_from_above(
    world: World, below: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inventory = world.root / "inventory.yaml"
    os.chown(inventory, 12345, 12345)
    code, said = ran("validate")
    assert code == 64
    assert f"belongs to another user; if you trust it, name it with: -i {inventory}" in said
    assert ran("validate", "-i", str(inventory))[0] == 0
    monkeypatch.setenv("SUDO_UID", "12345")
    assert ran("validate")[0] == 0
    monkeypatch.chdir(world.root)
    monkeypatch.delenv("SUDO_UID")
    assert ran("validate")[0] == 0


def test_init_begins_a_new_inventory_here(world: World, below: Path) -> None:
    assert "exists already" not in ran("init", "--yes")[1]
