"""Which own commits of a person touch managed files: those that change them, not those that take them as they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.world import World

_LINES = ("one", "two", "three", "four", "five", "six", "seven")


def _text(**others: str) -> str:
    return "".join(f"{others.get(line, line)}\n" for line in _LINES)


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = World(tmp_path)
    made.template("project/conf.txt", _text())
    made.repo("api")
    assert made.run("apply", "-y", "--json").outcomes() == {"api": "pushed"}
    made.git("api", "config", "pull.rebase", "false")
    return made


def _touching(world: World) -> list[str]:
    """Return the subjects of the commits that touch our file, after seeing that status, plan and text agree."""
    world.template("project/conf.txt", _text(one="1, the newest"))
    planned = world.run("plan", "--json").json["targets"][0]
    status = world.run("status", "--json").json["targets"][0]
    assert planned["collides"] == status["collides"]
    for said in (planned["reason"], status["reason"], world.run("plan").out, world.run("status").out):
        assert ("touches conf.txt" in said) == bool(planned["collides"]), said
    return [one["subject"] for one in planned["collides"]]


def _applied(world: World, text: str) -> str:
    """Let rollout push a change, and return what it says."""
    world.template("project/conf.txt", text)
    (reason,) = world.run("apply", "-y", "--json").reasons().values()
    return reason


def _side(world: World, name: str, files: dict[str, str]) -> str:
    """Make a branch with one commit, and return to the main one."""
    world.git("api", "checkout", "-q", "-b", name)
    made = world.commit("api", files, f"work on {name}")
    world.git("api", "checkout", "-q", "main")
    return made


def test_not_a_merge_that_takes_upstreams_file_as_it_is(world: World) -> None:
    world.commit("api", {"mine.txt": "mine\n"}, "nothing of ours")
    _applied(world, _text(one="1"))
    world.git("api", "pull", "-q")
    assert len(world.git("api", "rev-list", "--merges", "origin/main..").split()) == 1
    assert world.git("api", "diff", "--name-only", "origin/main", "HEAD") == "mine.txt"
    status = world.run("status", "--json").json["targets"][0]
    assert (status["state"], status["reason"], status["collides"]) == ("in-sync", "", [])
    assert _touching(world) == []
    assert "touches" not in _applied(world, _text(one="1, again"))


def test_a_merge_in_which_a_conflict_was_resolved_by_hand(world: World) -> None:
    world.commit("api", {"conf.txt": _text(one="mine")}, "my own conf")
    _applied(world, _text(one="1"))
    world.git("api", "pull", "-q", ok=False)
    world.commit("api", {"conf.txt": _text(one="1, mine")}, "resolved")
    assert _touching(world) == ["resolved", "my own conf"]
    assert "(resolved), which is not upstream, touches conf.txt" in _applied(world, _text(one="1, again"))


def test_a_merge_in_which_both_sides_come_together(world: World) -> None:
    world.commit("api", {"conf.txt": _text(seven="mine")}, "my own conf")
    _applied(world, _text(one="1"))
    world.git("api", "pull", "-q")
    touching = _touching(world)
    assert (len(touching), touching[1], touching[0][:5]) == (2, "my own conf", "Merge")


def test_the_commit_of_a_side_branch_and_not_its_merge(world: World) -> None:
    _side(world, "side", {"conf.txt": _text(seven="mine")})
    world.commit("api", {"mine.txt": "mine\n"}, "nothing of ours")
    world.git("api", "merge", "-q", "--no-ff", "-m", "joined", "side")
    assert _touching(world) == ["work on side"]


def test_the_commit_of_one_of_the_branches_of_an_octopus(world: World) -> None:
    _side(world, "side", {"conf.txt": _text(seven="mine")})
    _side(world, "other", {"other.txt": "mine\n"})
    world.commit("api", {"mine.txt": "mine\n"}, "nothing of ours")
    world.git("api", "merge", "-q", "-m", "joined", "side", "other")
    assert len(world.git("api", "rev-parse", "HEAD^@").split()) == 3
    assert _touching(world) == ["work on side"]


def test_an_octopus_that_changes_the_file_itself(world: World) -> None:
    _side(world, "side", {"side.txt": "mine\n"})
    _side(world, "other", {"other.txt": "mine\n"})
    world.commit("api", {"mine.txt": "mine\n"}, "nothing of ours")
    world.git("api", "merge", "-q", "--no-commit", "side", "other")
    world.commit("api", {"conf.txt": _text(seven="mine")}, "joined, and more")
    assert _touching(world) == ["joined, and more"]


def test_an_octopus_that_takes_upstreams_file_as_it_is(world: World) -> None:
    _side(world, "side", {"side.txt": "mine\n"})
    world.commit("api", {"mine.txt": "mine\n"}, "nothing of ours")
    _applied(world, _text(one="1"))
    world.git("api", "fetch", "-q")
    world.git("api", "merge", "-q", "-m", "joined", "side", "origin/main")
    assert _touching(world) == []


def test_a_first_commit_of_another_history_whatever_the_repository_shows(world: World) -> None:
    world.git("api", "config", "log.showRoot", "false")
    world.git("api", "checkout", "-q", "--orphan", "another")
    world.commit("api", {"conf.txt": _text(seven="mine")}, "another history")
    world.git("api", "checkout", "-q", "main")
    world.git("api", "merge", "-q", "-m", "joined", "--allow-unrelated-histories", "-s", "ours", "another")
    assert _touching(world) == ["another history"]


@pytest.mark.parametrize("odd", ["a\x01\x01b", "\x01", "a\tb"])
def test_a_commit_with_an_odd_subject_or_path(world: World, odd: str) -> None:
    world.commit("api", {"conf.txt": _text(seven="mine"), odd: "mine\n"}, f"{odd} odd")
    assert len(_touching(world)) == 1
