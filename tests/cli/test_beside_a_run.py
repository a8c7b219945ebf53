"""What is said of a target while a run pushes it, and after that run was killed: no earlier run is accused."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.machine.test_locks import Slow, until
from tests.world import World


class Pushing:
    """A run that stands still in its push, after an earlier run that pushed."""

    def __init__(self, world: World) -> None:
        self.slow = Slow(world)
        self.slow.release.touch()
        assert world.run("apply", "--yes").code == 0
        self.first = world.tip("api")
        for file in (self.slow.release, self.slow.started):
            file.unlink()
        world.template("project/conf.txt.j2", "changed\n")
        world.inventory()
        self.process = world.spawn_as_it_is("apply", "--yes")
        self.slow.begun()

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def pushing(world: World) -> Iterator[Pushing]:
    found = Pushing(world)
    yield found
    found.slow.release.touch()
    found.process.communicate(timeout=30)


def test_while_a_run_pushes_no_earlier_one_is_accused_and_nothing_is_next(world: World, pushing: Pushing) -> None:
    for command in (("status",), ("status", "--fetch"), ("plan",)):
        shown = world.run(*command, write=False).out
        assert ("is at work on it" in shown, "the ledger says" in shown, "newest" in shown) == (True, False, False)
        assert "Next:" not in shown, shown
    assert "Next:" not in world.run("verify", write=False).out
    assert "rollout push" not in world.run("report", "--format", "html", write=False).out


def test_while_a_run_is_at_work_nothing_is_next_for_other_targets_either(world: World, pushing: Pushing) -> None:
    world.bare_repo("web")
    shown = world.run("status", "--fetch", "--limit", "web").out
    assert ("pending" in shown, "Next:" in shown) == (True, False), shown


def test_a_run_is_interrupted_in_every_command_once_its_process_is_gone_also_while_its_git_still_pushes(
    world: World, pushing: Pushing
) -> None:
    run = world.run("history", "--json", write=False).json["runs"][0]["run"]
    for killed in (False, True):
        if killed:
            pushing.kill()
        (past, *_) = world.run("history", "--json", write=False).json["runs"]
        assert (past["run"], past["at_work"], past["exit_code"]) == (run, not killed, None)
        assert ("interrupted" in world.run("history", write=False).out) == killed
        for command in (("status",), ("status", "--fetch"), ("plan",), ("diff",), ("explain", "api", "conf.txt")):
            ran = world.run(*command, write=False)
            shown = " ".join((ran.out + ran.err).split())
            told = (f"run {run} is at work on it", f"run {run} was interrupted, and its git is still at work on it")
            assert [words in shown for words in told] == [not killed, killed], (command, shown)
            assert "Next:" not in shown, shown


def test_after_a_killed_push_what_waits_is_said_and_no_earlier_run_is_accused(world: World, pushing: Pushing) -> None:
    pushing.kill()
    target = world.run("status", "--json", write=False).json["targets"][0]
    assert (target["state"], target["commit"] != pushing.first, target["disagreement"]) == ("ready-to-push", True, None)
    pushing.slow.release.touch()
    until(lambda: world.tip("api") != pushing.first)
    target = world.run("status", "--fetch", "--json", write=False).json["targets"][0]
    assert (target["state"], target["commit"]) == ("in-sync", world.tip("api"))
    assert "newer" not in str(target["disagreement"])


@pytest.mark.parametrize("command", ["apply", "push"])
def test_what_a_killed_run_pushed_is_told_as_its_own_until_another_run(
    world: World, pushing: Pushing, command: str
) -> None:
    killed = world.run("history", "--json", write=False).json["runs"][0]["run"]
    pushing.kill()
    pushing.slow.release.touch()
    until(lambda: world.tip("api") != pushing.first)
    for _ in range(2):
        target = world.run("status", "--fetch", "--json", write=False).json["targets"][0]
        assert (target["state"], target["commit"]) == ("in-sync", world.tip("api"))
        said = f"run {killed}, which was stopped, had pushed its commit and could not record that"
        assert target["disagreement"] == said
    assert world.run("status", "--json", write=False).json["targets"][0]["disagreement"] == target["disagreement"]
    assert "✅ Pushed since" in world.run("report", write=False).out
    assert world.run(command, "--yes", "--json", write=False).outcomes() == {"api": "unchanged"}
    assert world.run("status", "--json", write=False).json["targets"][0]["disagreement"] is None
    assert world.log("api") == ["Roll out conf.txt", "Roll out conf.txt", "first"]


def test_what_a_run_of_another_ledger_pushed_is_not_told_as_a_stopped_run_of_ours(
    world: World, sealed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.bare_repo("api")
    world.run("apply", "--yes")
    run = world.last_run()
    world.template("project/conf.txt.j2", "changed\n")
    with monkeypatch.context() as there:
        there.setenv("ROLLOUT_STATE_DIR", str(sealed / "other"))
        assert world.run("apply", "--yes").code == 0
    target = world.run("status", "--fetch", "--json").json["targets"][0]
    assert target["disagreement"] == f"upstream's newest rollout commit is not the one that run {run} pushed"


def test_an_upstream_that_went_back_to_an_earlier_rollout_is_not_called_newer(world: World) -> None:
    world.bare_repo("api")
    world.run("apply", "--yes")
    first = world.tip("api")
    world.template("project/conf.txt.j2", "changed\n")
    world.run("apply", "--yes")
    run = world.last_run()
    world.git("api.git", "update-ref", "refs/heads/main", first)
    target = world.run("status", "--fetch", "--json").json["targets"][0]
    assert target["disagreement"] == f"upstream's newest rollout commit is not the one that run {run} pushed"


def test_what_ended_is_recorded_and_told_while_another_target_still_takes_its_time(world: World) -> None:
    slow = Slow(world)
    for name in ("bee", "cat", "dog", "elk"):
        world.bare_repo(name)
    world.inventory()
    process = world.spawn_as_it_is("apply", "--yes", "--json")
    slow.begun()
    try:
        quick = {"bee", "cat", "dog", "elk"}
        until(lambda: quick <= {one["target"] for one in _newest(world)["outcomes"]})
        assert _newest(world)["at_work"]
    finally:
        slow.release.touch()
        process.communicate(timeout=60)


def test_what_a_killed_run_pushed_is_reverted_with_the_rest_of_it(world: World, pushing: Pushing) -> None:
    killed = _newest(world)["run"]
    pushing.kill()
    pushing.slow.release.touch()
    until(lambda: world.tip("api") != pushing.first)
    assert world.at("api", "conf.txt") == "changed\n"
    assert world.run("apply", "--yes", "--json", write=False).outcomes() == {"api": "unchanged"}
    assert world.run("revert", killed, "--yes", "--json", write=False).outcomes() == {"api": "pushed"}
    assert world.at("api", "conf.txt") != "changed\n"
    assert world.run("revert", killed, "--yes", "--json", write=False).outcomes() in ({}, {"api": "unchanged"})


def test_whether_a_killed_run_pushed_is_not_guessed_where_upstream_does_not_answer(
    world: World, pushing: Pushing
) -> None:
    killed = _newest(world)["run"]
    pushing.kill()
    pushing.slow.release.touch()
    until(lambda: world.tip("api") != pushing.first)
    (world.root / "api.git").rename(world.root / "away.git")
    reverted = world.run("revert", killed, "--yes", "--json", write=False)
    assert (reverted.code, reverted.outcomes()) == (1, {"api": "failed"}), reverted.out + reverted.err
    (world.root / "away.git").rename(world.root / "api.git")


def _newest(world: World) -> dict[str, Any]:
    run: dict[str, Any] = world.run("history", "--json", write=False).json["runs"][0]
    return run
