"""The main job as a person does it: plan, apply, status, a second apply, verify."""

from __future__ import annotations

import json
from pathlib import Path

from tests.world import World


def test_a_rollout_reaches_upstream_and_the_checkout_and_a_second_one_does_nothing(world: World) -> None:
    world.repo("api")
    world.bare_repo("web")
    world.tail = "folders:\n  shared: {path: shared, templates: [shared]}\n"
    world.template("shared/bin/tool.sh", "#!/bin/sh\n", executable=True)

    plan = world.run("plan", "--json")
    assert plan.code == 0
    assert plan.states() == {"api": "pending", "web": "pending", "shared": "pending"}
    assert world.at("api", "conf.txt") is None

    applied = world.run("apply", "--yes", "--json")
    assert (applied.code, applied.outcomes()) == (0, {"api": "pushed", "web": "pushed", "shared": "written"})
    assert world.at("api", "conf.txt") == world.at("web", "conf.txt") == "hello world\n"
    assert (world.root / "api/conf.txt").read_text() == "hello world\n"
    assert (world.root / "shared/bin/tool.sh").stat().st_mode & 0o100
    assert world.git("api", "status", "--porcelain=v2", "--branch").count("\n? ") == 0
    assert "+0 -0" in world.git("api", "status", "--porcelain=v2", "--branch")

    tips = world.tip("api"), world.tip("web")
    again = world.run("apply", "--yes", "--json")
    assert set(again.outcomes().values()) == {"unchanged"}
    assert (world.tip("api"), world.tip("web")) == tips
    status = world.run("status", "--json")
    assert set(status.states().values()) == {"in-sync"}
    assert world.run("verify").code == 0


def test_a_commit_carries_exactly_the_planned_paths_its_trailers_and_the_persons_identity(world: World) -> None:
    world.repo("api", {"README.md": "hello\n", "other/x": "x\n"})
    world.run("apply", "--yes", "--message", "Event store migration")
    assert world.git("api.git", "show", "--format=", "--name-status", "main") == "A\tconf.txt"
    body = world.git("api.git", "log", "-1", "--format=%B", "main").splitlines()
    assert body[0] == "Event store migration"
    assert [line.split(":")[0] for line in body[2:]] == [
        "Rollout-Run",
        "Rollout-Plan",
        "Rollout-Target",
        "Rollout-Seal",
    ]
    assert world.git("api.git", "log", "-1", "--format=%an <%ae> %cn <%ce>", "main") == (
        "Pat Person <pat@example.org> Pat Person <pat@example.org>"
    )


def test_a_saved_plan_writes_exactly_what_was_reviewed_and_only_once(world: World) -> None:
    world.repo("api")
    assert world.run("plan", "--out", "p.json").code == 0
    assert (world.root / "p.json").stat().st_mode & 0o077 == 0
    world.template("project/conf.txt.j2", "changed after the review\n")
    applied = world.run("apply", "p.json", "--yes")
    assert applied.code == 0, applied.err
    assert world.at("api", "conf.txt") == "hello world\n"
    again = world.run("apply", "p.json", "--yes")
    assert again.code == 4
    assert "used already" in again.err


def test_a_moved_tip_alone_does_not_make_a_plan_stale(world: World) -> None:
    world.bare_repo("api")
    world.run("plan", "--out", "p.json")
    world.elsewhere("api", {"unrelated.txt": "x\n"})
    assert world.run("apply", "p.json", "--yes").code == 0
    assert world.at("api", "conf.txt") == "hello world\n"
    assert world.at("api", "unrelated.txt") == "x\n"


def test_one_stale_target_refuses_the_whole_plan_before_anything_is_written(world: World) -> None:
    world.bare_repo("api")
    world.bare_repo("web")
    world.run("plan", "--out", "p.json")
    world.elsewhere("web", {"conf.txt": "somebody else\n"})
    tip = world.tip("api")
    refused = world.run("apply", "p.json", "--yes")
    assert refused.code == 4
    assert "web" in refused.err
    assert "stale" in refused.err
    assert world.tip("api") == tip


def test_without_a_terminal_and_without_yes_nothing_happens(world: World) -> None:
    world.bare_repo("api")
    tip = world.tip("api")
    asked = world.run("apply")
    assert asked.code == 4
    assert "--yes" in asked.err
    assert world.tip("api") == tip


def test_a_clone_is_made_where_the_checkout_is_missing(world: World) -> None:
    bare = world.remote("api")
    world.entries["api"] = f"{{path: api, url: {bare}}}"
    assert world.run("apply", "--yes").code == 0
    assert (world.root / "api/conf.txt").read_text() == "hello world\n"
    assert world.git("api", "status", "--porcelain") == ""
    assert not list(world.root.glob("*.rollout-clone.*"))


def test_a_repository_without_a_remote_has_its_own_branch_as_upstream(world: World) -> None:
    world.write("solo", {"a.txt": "a\n"})
    world.git("solo", "init", "-q")
    world.git("solo", "add", "-A")
    world.git("solo", "commit", "-q", "-m", "first")
    world.write("solo", {"dirty.txt": "mine\n"})
    world.entries["solo"] = "{path: solo}"
    applied = world.run("apply", "--yes", "--json")
    assert applied.outcomes() == {"solo": "committed"}
    assert world.git("solo", "show", "main:conf.txt") == "hello world"
    assert world.git("solo", "status", "--porcelain") == "?? dirty.txt"
    assert world.run("status", "--json").states() == {"solo": "in-sync"}


def test_history_tells_runs_and_outcomes_and_explain_tells_why(world: World) -> None:
    world.repo("api", extra=", vars: {who: api}")
    world.run("apply", "--yes")
    history = world.run("history", "--json").json
    assert history["format"] == "rollout-history/1"
    (run,) = history["runs"]
    assert (run["command"], run["exit_code"]) == ("apply", 0)
    assert run["outcomes"][0]["commit"] == world.tip("api")
    why = world.run("explain", "api", "conf.txt", "--json").json
    assert (why["set"], why["mode"], why["last_run"]) == ("project", "whole", run["run"])
    assert why["variables"] == [{"name": "who", "value": "api", "source": "repos.api"}]
    assert why["last_commit"] == world.tip("api")
    world.elsewhere("api", {"conf.txt": "theirs\n"}, "their change")
    why = world.run("explain", "api", "conf.txt", "--json").json
    assert any("their change" in line for line in why["changed_since"])


def test_history_tells_a_run_in_the_order_of_the_inventory(world: World) -> None:
    world.bare_repo("web")
    world.bare_repo("api")
    world.tail = "folders:\n  a-folder: {path: a-folder, templates: [project]}\n"
    world.run("apply", "--yes", "--jobs", "1")
    world.entries = {"api": world.entries["api"], "web": world.entries["web"]}
    (run,) = world.run("history", "--json").json["runs"]
    assert [outcome["target"] for outcome in run["outcomes"]] == ["api", "web", "a-folder"]
    told = world.run("history", run["run"]).out
    assert told.index("api:") < told.index("web:") < told.index("a-folder:")


def test_a_run_is_undone_by_new_commits_and_from_backups(world: World) -> None:
    world.repo("api", {"README.md": "hello\n"})
    world.tail = "folders:\n  shared: {path: shared, templates: [shared]}\n"
    world.template("shared/s.txt.j2", "one {{ who }}\n")
    world.run("apply", "--yes")
    world.head = "version: 1\nvars: {who: moon}\n"
    world.run("apply", "--yes")
    run = world.last_run()
    reverted = world.run("revert", run, "--yes", "--json")
    assert reverted.code == 0, reverted.err
    assert world.at("api", "conf.txt") == "hello world\n"
    assert (world.root / "shared/s.txt").read_text() == "one world\n"
    assert len(world.log("api")) == 4
    world.head = "version: 1\nvars: {who: world}\n"
    assert set(world.run("status", "--json").states().values()) == {"in-sync"}


def test_the_report_has_the_shape_of_the_first_users_summary(world: World) -> None:
    world.bare_repo("api")
    world.tail = "folders:\n  shared: {path: shared, templates: [shared]}\n"
    world.template("shared/bin/tool.sh", "#!/bin/sh\n", executable=True)
    world.run("apply", "--yes", "--message", "Event store migration")
    report = world.run("report").out
    assert report.startswith("# Event store migration - Complete Summary\n")
    assert f"- Commit: `{world.tip('api')[:7]}` on `main`\n- Status: ✅ Pushed" in report
    assert "1. `bin/tool.sh` (executable)" in report
    assert "## Next Steps" in report


def test_the_plan_document_has_the_contracts_fields(world: World) -> None:
    world.bare_repo("api")
    plan = world.run("plan", "--json").json
    assert {"format", "id", "created", "digest", "targets", "summary"} <= plan.keys()
    assert plan["format"] == "rollout-plan/1"
    (target,) = plan["targets"]
    assert {"name", "kind", "state", "branch", "base", "reason", "changes"} <= target.keys()
    (change,) = target["changes"]
    assert (change["path"], change["action"], change["before"]) == ("conf.txt", "create", None)
    assert change["after"]["mode"] == "100644"
    assert len(change["after"]["sha256"]) == 64
    assert "+hello world" in change["diff"]
    assert plan["summary"]["create"] == 1
    assert json.loads((Path(__file__).parent.parent.parent / "inventory.schema.json").read_text())["title"]
