"""A host whose forge nobody has named: asked about once on a terminal, and remembered."""

import os
from pathlib import Path

import pytest

from rollout.fleet import hosts
from tests.cli.test_asking import asked
from tests.world import World

PROMPT = b"Which forge is"


@pytest.fixture
def elsewhere(world: World) -> World:
    """Return a world whose one repository is on a host that nobody knows."""
    world.remote("api")
    world.git(world.root, "config", "--global", f"url.{world.root}/.insteadOf", "git@git.example.org:team/")
    world.entries["api"] = "{url: 'git@git.example.org:team/api.git'}"
    world.defaults = "defaults: {templates: [project], deliver: review}\nreview: {branch: team}\n"
    return world


def via(world: World) -> str:
    found: str = world.run("validate", "--json").json["via"]["api"]
    return found


def answered(world: World, *lines: str) -> tuple[int, str]:
    text = "".join(f"{line}\n" for line in lines).encode()
    return asked(world, lambda terminal, _: os.write(terminal, text), "apply", prompt=PROMPT)


def test_the_forge_of_a_host_is_asked_for_once(elsewhere: World) -> None:
    assert via(elsewhere) == "address"
    code, shown = answered(elsewhere, "git", "gitl", "n")
    assert (code, "'git' is none of these." in shown) == (4, True), shown
    assert shown.count("Which forge is git.example.org?") == 2
    assert via(elsewhere) == "push-options"
    code, shown = asked(elsewhere, lambda terminal, _: os.write(terminal, b"n\n"), "apply")
    assert (code, "Which forge" in shown) == (4, False)


def test_a_host_that_is_no_forge_is_not_asked_for_again(elsewhere: World) -> None:
    answered(elsewhere, "none", "n")
    assert via(elsewhere) == "address"
    code, shown = asked(elsewhere, lambda terminal, _: os.write(terminal, b"n\n"), "apply")
    assert (code, "Which forge" in shown, "git.example.org: nobody" in shown) == (4, False, False)


def test_what_is_odd_in_what_is_remembered_is_forgotten(tmp_path: Path) -> None:
    (tmp_path / "forges.json").write_text('{"a.example": "gitea", "b.example": ["gitea"], "c.example": "odd"}')
    assert hosts.remembered(tmp_path) == {"a.example": "gitea"}


def test_what_the_inventory_says_comes_first(elsewhere: World) -> None:
    answered(elsewhere, "gitlab", "n")
    elsewhere.head += "forges: {git.example.org: {kind: gerrit}}\n"
    assert via(elsewhere) == "gerrit"


def test_without_a_terminal_the_key_is_named(elsewhere: World) -> None:
    wanted = "say it in the inventory: forges: {git.example.org: {kind: gitlab}}"
    for command in (("plan",), ("apply", "--yes"), ("apply", "--yes", "--json")):
        assert wanted in " ".join(elsewhere.run(*command).err.split())
    elsewhere.defaults = elsewhere.defaults.replace("deliver: review", "deliver: push")
    assert "nobody has said" not in elsewhere.run("plan").err
