"""Targets that need others, and a person's own commits that will meet ours."""

from __future__ import annotations

from pathlib import Path

from tests.world import World


def needy(tmp_path: Path) -> World:
    world = World(tmp_path, tail="folders: {shared: {path: shared, templates: [shared]}}\n")
    (tmp_path / "shared").mkdir()
    world.repo("api", extra=", needs: [shared]")
    world.template("project/conf.txt", "ours\n")
    world.template("shared/tool.sh", "true\n")
    return world


def test_a_repository_is_written_after_the_folder_that_it_needs(tmp_path: Path) -> None:
    world = needy(tmp_path)
    alone = world.run("apply", "-y", "--json", "--limit", "api")
    assert (alone.code, alone.outcomes()) == (3, {"api": "not-started"})
    assert world.run("plan", "--json", "--limit", "api").states() == {"api": "waiting"}
    assert world.at("api", "conf.txt") is None
    both = world.run("apply", "-y", "--json")
    assert (both.code, both.outcomes()) == (0, {"shared": "written", "api": "pushed"})
    assert list(both.outcomes()) == ["shared", "api"]
    world.template("project/conf.txt", "ours, again\n")
    assert world.run("apply", "-y", "--limit", "api").code == 0


def test_a_repository_waits_for_a_folder_that_needs_a_decision(tmp_path: Path) -> None:
    world = needy(tmp_path)
    world.write("shared", {"tool.sh": "theirs\n"})
    assert world.run("status", "--json").states() == {"api": "waiting", "shared": "pending"}
    done = world.run("apply", "-y", "--json")
    assert done.code == 4
    assert done.reasons()["api"].startswith("needs shared, which is pending: tool.sh: the file exists")
    assert world.at("api", "conf.txt") is None


def test_needs_in_a_circle_or_of_nobody_are_mistakes_of_the_inventory(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.template("project/conf.txt", "ours\n")
    world.repo("api", extra=", needs: [web]")
    world.repo("web", extra=", needs: [api, nobody]")
    done = world.run("validate")
    assert done.code == 64
    assert "web.needs: there is no target 'nobody'" in done.err
    assert "needs: a cycle: api needs web needs api" in done.err


def test_an_unpushed_commit_that_touches_a_managed_path_is_named_before_anything_is_pushed(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.template("project/conf.txt", "ours\n")
    world.repo("api")
    world.commit("api", {"else.txt": "mine\n"}, "nothing of ours")
    commit = world.commit("api", {"conf.txt": "mine\n"}, "my own conf")
    named = {"path": "conf.txt", "commit": commit, "subject": "my own conf"}
    words = f"your own commit {commit[:7]} (my own conf), which is not upstream, touches conf.txt"
    planned = world.run("plan", "--json").json["targets"][0]
    assert (planned["collides"], words in planned["reason"]) == ([named], True)
    assert words in world.run("plan").out
    status = world.run("status", "--json").json["targets"][0]
    assert (status["collides"], words in status["reason"]) == ([named], True)
    assert words in world.run("apply", "-y").out


def test_a_checkout_on_another_machine_is_left_out_and_no_error(tmp_path: Path) -> None:
    world = World(tmp_path, head="version: 1\nmachines: {here: {hostnames: ['*'], default: true}, there: {}}\n")
    world.template("project/conf.txt", "ours\n")
    world.repo("api")
    world.entries["far"] = "{path: nowhere, machines: [there]}"
    done = world.run("status", "--json")
    assert (done.code, done.states()) == (0, {"api": "pending"})
    assert "left out because they are on other machines: far (there)" in done.err
    alone = world.run("status", "--limit", "far")
    assert (alone.code, "all of these targets are on other machines than this one: far (there)" in alone.err) == (
        64,
        True,
    )
    world.remote("other")
    world.clone("other", "nowhere")
    assert world.run("status", "--json").states() == {"api": "pending", "far": "pending"}
    world.entries["far"] = "{path: nowhere, machines: [their]}"
    assert "far.machines: there is no machine 'their'" in world.run("status").err


def test_a_folder_that_is_on_other_machines_too_is_said_to_be_rolled_out_there(tmp_path: Path) -> None:
    world = World(tmp_path, head="version: 1\nmachines: {odin3: {}, odin4: {}, laptop: {}}\n", defaults="")
    world.tail = "folders: {shared: {path: shared, templates: [shared], machines: [odin3, odin4, laptop]}}\n"
    (tmp_path / "shared").mkdir()
    world.template("shared/tool.sh", "true\n")
    done = world.run("apply", "-y", "--hostname", "odin4")
    assert "shared is on odin3, laptop, too; run there: rollout apply --limit shared" in done.err
    assert world.run("apply", "-y", "--hostname", "odin4").err == ""


def test_on_a_host_that_nobody_claims_what_is_there_is_here(tmp_path: Path) -> None:
    world = World(tmp_path, head="version: 1\nmachines: {odin3: {hostnames: [odin3]}}\n")
    world.tail = "folders: {shared: {path: shared, templates: [shared], machines: [odin3]}}\n"
    world.template("project/conf.txt", "ours\n")
    world.template("shared/tool.sh", "true\n")
    world.entries["far"] = "{path: nowhere, machines: [odin3]}"
    assert world.run("validate", "--hostname", "laptop").code == 0
    world.repo("api", extra=", machines: [odin3]")
    (tmp_path / "shared").mkdir()
    done = world.run("status", "--json", "--hostname", "laptop")
    assert (done.code, done.states()) == (0, {"api": "pending", "shared": "pending"})
    assert "left out because they are on other machines: far (odin3)" in done.err
