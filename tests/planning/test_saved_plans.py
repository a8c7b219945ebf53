"""A saved plan is held against the inventory and the person as they are when it is applied."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.world import World


@pytest.fixture
def saved(world: World) -> World:
    """Two repositories, and a plan that changes both."""
    world.bare_repo("api")
    world.bare_repo("web")
    assert world.run("plan", "--out", "saved.plan").code == 0
    return world


def test_a_target_that_has_left_the_inventory_makes_a_plan_stale(saved: World) -> None:
    del saved.entries["web"]
    applied = saved.run("apply", "saved.plan", "--yes")
    assert (applied.code, "saved.plan: web: is no longer in the inventory" in applied.err) == (4, True), applied.err
    assert saved.log("api") == ["first"]
    limited = saved.run("apply", "saved.plan", "--yes", "--limit", "api", "--json")
    assert (limited.code, limited.outcomes()) == (0, {"api": "pushed"})


def test_a_target_that_has_left_the_inventory_and_needed_nothing_does_not(saved: World) -> None:
    assert saved.run("apply", "web", "--yes").code == 0
    assert saved.run("plan", "--out", "another.plan").code == 0
    del saved.entries["web"]
    applied = saved.run("apply", "another.plan", "--yes", "--json")
    assert (applied.code, applied.outcomes()) == (0, {"api": "pushed"}), applied.err


def test_another_author_than_the_plan_names_is_told(saved: World) -> None:
    config = Path(os.environ["GIT_CONFIG_GLOBAL"])
    before = config.read_text()
    config.write_text(f"{before}[user]\n\tname = Kim\n\temail = kim@example.org\n")
    try:
        applied = saved.run("apply", "saved.plan", "--yes")
    finally:
        config.write_text(before)
    told = "saved.plan: it was made for commits of Pat Person <pat@example.org>; they are of Kim <kim@example.org> now"
    assert (applied.code, applied.err.count(told)) == (0, 1), applied.err
    assert saved.git("api.git", "log", "-1", "--format=%an", "main") == "Kim"


def test_the_author_whom_the_plan_names_is_not_told(saved: World) -> None:
    assert "it was made for" not in saved.run("apply", "saved.plan", "--yes").err
