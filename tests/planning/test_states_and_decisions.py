"""Drift, adoption, conflicts, ready to push: each state as the contract names it, and what each decision does."""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path

import pytest

from rollout.model.action import Action, OnDrift
from rollout.model.circumstances import Decisions
from rollout.model.files import File, Written
from rollout.model.inventory import Mode
from rollout.model.plan import State
from tests.decisions import file, managed, only_change, rule, step, written
from tests.world import World

CONF = managed("conf.txt", "hello world\n")


def one_state(world: World, *arguments: str) -> tuple[str, str]:
    target = world.run("plan", "--json", *arguments).json["targets"][0]
    return target["state"], target["changes"][0]["action"] if target["changes"] else ""


def test_a_file_that_others_changed_upstream_is_drift_and_waits_for_a_decision(world: World) -> None:
    world.repo("api")
    world.repo("web")
    world.run("apply", "--yes")
    world.elsewhere("api", {"conf.txt": "theirs\n"})
    assert one_state(world) == ("drift", "drift")
    assert world.run("plan").code == 0
    assert world.run("plan", "--detailed-exitcode").code == 2
    refused = world.run("apply", "--yes", "--json")
    assert refused.code == 4
    assert world.at("api", "conf.txt") == "theirs\n"
    world.entries["web"] = "{path: web, vars: {who: web}}"
    partly = world.run("apply", "--yes", "--json")
    assert (partly.code, partly.outcomes()) == (3, {"api": "blocked", "web": "pushed"})
    assert world.run("apply", "--yes", "--on-drift", "overwrite").code == 0
    assert world.at("api", "conf.txt") == "hello world\n"


@pytest.mark.parametrize("there", [None, File(b"hello world\n", executable=True)], ids=["deleted", "mode"])
def test_a_deleted_file_and_a_changed_mode_are_drift_too(there: File | None) -> None:
    last = Written(File(b"hello world\n"))
    asked = step(CONF, there, last)
    assert (asked.state, only_change(asked).action, only_change(asked).decided) == (State.DRIFT, Action.DRIFT, False)
    told = only_change(step(CONF, there, last, Decisions(on_drift=OnDrift.OVERWRITE)))
    assert (told.decided, told.after) == (True, last.file)
    assert step(CONF, told.after, written(told)).state is State.IN_SYNC


def test_drift_and_template_are_merged_when_they_do_not_meet(world: World) -> None:
    lines = [f"line {number}" for number in range(10)]
    world.template("project/conf.txt.j2", "\n".join(lines) + "\n")
    world.bare_repo("api")
    world.run("apply", "--yes")
    world.elsewhere("api", {"conf.txt": "\n".join(["theirs", *lines[1:]]) + "\n"})
    world.template("project/conf.txt.j2", "\n".join([*lines[:-1], "ours"]) + "\n")
    merged = world.run("apply", "--yes", "--on-drift", "merge", "--json")
    assert merged.outcomes() == {"api": "pushed"}, merged.out
    assert world.at("api", "conf.txt") == "\n".join(["theirs", *lines[1:-1], "ours"]) + "\n"
    assert world.run("status", "--fetch", "--json").states() == {"api": "in-sync"}
    assert world.run("apply", "--yes", "--json").outcomes() == {"api": "unchanged"}
    world.template("project/conf.txt.j2", "\n".join([*lines[:-1], "ours again"]) + "\n")
    assert one_state(world) == ("drift", "drift")
    world.template("project/conf.txt.j2", "\n".join(["ours", *lines[1:]]) + "\n")
    refused = world.run("apply", "--yes", "--on-drift", "merge", "--json")
    assert (refused.code, refused.outcomes()) == (4, {"api": "blocked"})
    assert world.at("api", "conf.txt") == "\n".join(["theirs", *lines[1:-1], "ours"]) + "\n"


def test_a_number_that_no_parser_reads_is_its_files_fault() -> None:
    made = step(managed("conf.toml", "k = 1\n", rule(Mode.MERGE)), file(f"a = {'9' * 5000}\n"))
    assert (made.state, only_change(made).action) == (State.BLOCKED, Action.ERROR)
    assert only_change(made).told.startswith("conf.toml: ")


def test_changes_that_meet_are_a_conflict_and_no_marker_is_ever_written() -> None:
    last = Written(File(b"hello sun\n"))
    made = step(CONF, file("theirs\n"), last, Decisions(on_drift=OnDrift.MERGE))
    assert (made.state, only_change(made).action, only_change(made).decided) == (
        State.CONFLICT,
        Action.CONFLICT,
        False,
    )
    assert only_change(made).after == File(CONF.body)


def test_a_file_rollout_never_wrote_is_taken_over_only_when_told() -> None:
    asked = step(CONF, file("from before\n"))
    assert (asked.state, only_change(asked).action, only_change(asked).decided) == (
        State.PENDING,
        Action.ADOPT,
        False,
    )
    told = only_change(step(CONF, file("from before\n"), None, Decisions(adopt=True)))
    assert (told.decided, told.after) == (True, File(CONF.body))


def test_equal_bytes_need_no_adoption() -> None:
    assert step(CONF, file("hello world\n")).state is State.IN_SYNC


def test_no_push_leaves_it_ready_and_push_publishes_that_very_commit(world: World) -> None:
    top = world.repo("api")
    tip = world.tip("api")
    applied = world.run("apply", "--yes", "--no-push", "--json")
    assert (applied.code, applied.outcomes()) == (0, {"api": "committed"})
    commit = next(line["commit"] for line in applied.lines if line["type"] == "target_done")
    assert world.tip("api") == tip
    assert world.git(top, "rev-parse", "main") == commit
    assert (top / "conf.txt").read_text() == "hello world\n"
    assert world.git(top, "status", "--porcelain") == ""
    status = world.run("status", "--json").json["targets"][0]
    assert (status["state"], status["commit"], status["ahead"]) == ("ready-to-push", commit, 1)
    assert world.run("status", "--detailed-exitcode").code == 2
    pushed = world.run("push", "--yes", "--json")
    assert pushed.outcomes() == {"api": "pushed"}
    assert world.tip("api") == commit == world.git(top, "rev-parse", "origin/main")
    assert world.run("status", "--json").states() == {"api": "in-sync"}


def test_our_unpushed_commit_is_made_again_on_an_upstream_that_moved(world: World) -> None:
    top = world.repo("api")
    world.run("apply", "--yes", "--no-push", "--message", "the words")
    old = world.git(top, "rev-parse", "main")
    world.elsewhere("api", {"unrelated.txt": "x\n"})
    assert world.run("status", "--fetch", "--json").states() == {"api": "ready-to-push"}
    assert world.run("push", "--yes", "--json").outcomes() == {"api": "pushed"}
    assert world.log("api") == ["the words", "elsewhere", "first"]
    assert world.git(top, "rev-parse", "main") == world.tip("api") != old
    assert world.git(top, "status", "--porcelain") == ""


def test_templates_that_changed_while_a_commit_waited_make_one_commit_not_two(world: World) -> None:
    top = world.repo("api")
    world.run("apply", "--yes", "--no-push")
    world.head = "version: 1\nvars: {who: moon}\n"
    assert world.run("status", "--json").states() == {"api": "pending"}
    assert world.run("apply", "--yes", "--json").outcomes() == {"api": "pushed"}
    assert len(world.log("api")) == 2
    assert (top / "conf.txt").read_text() == "hello moon\n"
    assert world.git(top, "status", "--porcelain") == ""


def test_the_waiting_commit_is_known_by_its_trailers_when_the_state_folder_is_lost(world: World) -> None:
    import os
    import shutil

    top = world.repo("api")
    world.run("apply", "--yes", "--no-push")
    shutil.rmtree(os.environ["ROLLOUT_STATE_DIR"])
    assert world.run("status", "--fetch", "--json").states() == {"api": "ready-to-push"}
    assert world.run("apply", "--yes", "--json").outcomes() == {"api": "pushed"}
    assert world.tip("api") == world.git(top, "rev-parse", "main")
    assert len(world.log("api")) == 2


@pytest.mark.parametrize("filters", ["true", "false"])
def test_base_is_found_in_history_when_the_state_folder_is_lost(world: World, filters: str) -> None:
    import os
    import shutil

    world.repo("api", {"README.md": "hello\n", "deep/er/x.txt": "x\n"})
    world.git("api.git", "config", "uploadpack.allowFilter", filters)
    world.run("apply", "--yes")
    for number in range(3):
        world.elsewhere("api", {"other.txt": f"{number}\n"})
    shutil.rmtree(os.environ["ROLLOUT_STATE_DIR"])
    world.head = "version: 1\nvars: {who: moon}\n"
    assert one_state(world) == ("pending", "update")
    world.elsewhere("api", {"conf.txt": "theirs\n"})
    shutil.rmtree(os.environ["ROLLOUT_STATE_DIR"])
    assert one_state(world) == ("drift", "drift")


def test_own_unpushed_commits_block_only_where_there_is_no_push(world: World) -> None:
    top = world.repo("api")
    world.commit(top, {"mine.txt": "mine\n"})
    blocked = world.run("apply", "--yes", "--no-push", "--json")
    assert (blocked.code, blocked.outcomes()) == (3, {"api": "blocked"})
    assert world.run("status", "--json").states() == {"api": "pending"}
    assert world.run("apply", "--yes", "--json").outcomes() == {"api": "pushed"}


def test_a_server_that_declines_is_quoted_and_asked_again_next_time(world: World) -> None:
    top = world.repo("api")
    hook = world.root / "api.git/hooks/pre-receive"
    hook.write_text("#!/bin/sh\necho 'policy: no commits on Sundays' >&2\nexit 1\n")
    hook.chmod(0o755)
    before = world.git(top, "rev-parse", "main")
    rejected = world.run("apply", "--yes", "--json")
    assert (rejected.code, rejected.outcomes()) == (3, {"api": "rejected"})
    assert "no commits on Sundays" in rejected.reasons()["api"]
    assert world.git(top, "rev-parse", "main") == before
    assert world.run("status", "--json").states() == {"api": "ready-to-push"}
    hook.unlink()
    assert world.run("push", "--yes", "--json").outcomes() == {"api": "pushed"}


def test_offline_plans_against_what_was_last_heard_and_commits_for_later(world: World) -> None:
    top = world.repo("api")
    plan = world.run("plan", "--offline", "--json")
    assert (plan.code, plan.states()) == (0, {"api": "pending"})
    applied = world.run("apply", "--yes", "--offline", "--json")
    assert applied.outcomes() == {"api": "committed"}
    assert (top / "conf.txt").exists()
    assert world.at("api", "conf.txt") is None
    assert world.run("push", "--yes", "--json").outcomes() == {"api": "pushed"}


def test_a_branch_that_was_deleted_or_rewound_is_never_recreated_or_overwritten(world: World) -> None:
    world.bare_repo("api")
    first = world.tip("api")
    second = world.elsewhere("api", {"withdrawn.txt": "x\n"})
    world.run("plan", "--out", "p.json")
    world.git("api.git", "update-ref", "refs/heads/main", first)
    assert world.run("apply", "p.json", "--yes").code == 0
    assert world.git("api.git", "merge-base", "--is-ancestor", second, "main", ok=False) == ""
    assert world.at("api", "withdrawn.txt") is None
    world.head = "version: 1\nvars: {who: moon}\n"
    world.git("api.git", "branch", "-m", "main", "gone")
    blocked = world.run("apply", "--yes", "--json")
    assert (blocked.code, blocked.outcomes()) == (3, {"api": "blocked"})
    assert world.git("api.git", "branch", "--list", "main") == ""


def test_missing_and_unreachable_targets_are_errors_and_the_others_go_on(world: World) -> None:
    world.bare_repo("api")
    world.entries["gone"] = "{path: nowhere}"
    world.entries["deaf"] = f"{{url: {world.root}/deaf.git}}"
    plan = world.run("plan", "--json")
    assert plan.code == 1
    assert plan.states() == {"api": "pending", "gone": "missing", "deaf": "unreachable"}
    applied = world.run("apply", "--yes", "--json")
    assert applied.code == 1
    assert applied.outcomes() == {"api": "pushed", "gone": "failed", "deaf": "failed"}


def test_orphans_are_told_and_left_alone_and_absent_deletes_them(world: World) -> None:
    world.template("project/old.txt", "old\n")
    world.repo("api", {"mine.txt": "mine\n"})
    world.run("apply", "--yes")
    (world.root / "templates/project/old.txt").unlink()
    target = world.run("plan", "--json").json["targets"][0]
    assert (target["state"], target["orphans"]) == ("in-sync", ["old.txt"])
    applied = world.run("apply", "--yes", "--json")
    assert any(line.get("code") == "orphan" for line in applied.lines)
    world.tail = "files:\n  old.txt: {mode: absent}\n  mine.txt: {mode: absent}\n"
    actions = {c["path"]: c["action"] for c in world.run("plan", "--json").json["targets"][0]["changes"]}
    assert actions == {"old.txt": "delete", "mine.txt": "adopt"}
    assert world.run("apply", "--yes", "--adopt").code == 0
    assert world.at("api", "old.txt") is None
    assert world.at("api", "mine.txt") is None


def test_a_folder_reports_drift_and_adoption_and_keeps_modes(world: World) -> None:
    world.tail = "folders:\n  shared: {path: shared, templates: [project]}\n"
    world.write("shared", {"conf.txt": "before\n"})
    assert one_state(world) == ("pending", "adopt")
    assert world.run("apply", "--yes", "--adopt", "--json").outcomes() == {"shared": "written"}
    file = world.root / "shared/conf.txt"
    file.chmod(0o640)
    world.head = "version: 1\nvars: {who: moon}\n"
    assert world.run("apply", "--yes").code == 0
    assert (file.read_text(), file.stat().st_mode & 0o777) == ("hello moon\n", 0o640)
    file.write_text("theirs\n")
    assert one_state(world) == ("drift", "drift")
    assert world.run("diff", "shared", "conf.txt", "--base").out.splitlines()[-2:] == ["-hello moon", "+theirs"]
    assert world.run("apply", "--yes").code == 4
    assert file.read_text() == "theirs\n"
    assert not [p for p in (world.root / "shared").iterdir() if p.name != "conf.txt"]


def test_in_a_folder_drift_and_template_are_merged_too(world: World) -> None:
    world.tail = "folders:\n  shared: {path: shared, templates: [project]}\n"
    world.template("project/conf.txt.j2", "a\nb\nc\nd\ne\n")
    world.run("apply", "--yes")
    file = world.root / "shared/conf.txt"
    file.write_text("A\nb\nc\nd\ne\n")
    world.template("project/conf.txt.j2", "a\nb\nc\nd\nE\n")
    assert world.run("apply", "--yes", "--on-drift", "merge").code == 0
    assert file.read_text() == "A\nb\nc\nd\nE\n"
    assert world.run("apply", "--yes", "--json").outcomes() == {"shared": "unchanged"}


def test_the_status_document_has_the_contracts_fields(world: World) -> None:
    world.repo("api")
    world.run("apply", "--yes")
    document = json.loads(world.run("status", "--format", "json").out)
    assert document["format"] == "rollout-status/1"
    (target,) = document["targets"]
    expected = {"name", "kind", "branch", "state", "reason", "commit", "ahead", "behind", "last_run", "last_outcome"}
    assert expected | {"last_applied_at"} <= target.keys()
    assert (target["ahead"], target["behind"], target["last_outcome"]) == (0, 0, "pushed")
    assert document["summary"] == {"in-sync": 1}
    assert document["fetched_at"]
    markdown = world.run("status", "--format", "markdown").out
    assert f"| api | main | `{target['commit'][:7]}` | ✅ Pushed |" in markdown


def test_the_status_tells_when_the_ledger_and_git_disagree(world: World) -> None:
    world.bare_repo("api")
    first = world.tip("api")
    world.run("apply", "--yes")
    world.git("api.git", "update-ref", "refs/heads/main", first)
    target = world.run("status", "--fetch", "--json").json["targets"][0]
    assert target["state"] == "pending"
    assert "not upstream any more" in target["disagreement"]


@pytest.mark.parametrize("upstream", ["not asked", "asked"])
def test_of_an_upstream_that_nobody_read_the_status_says_nothing(world: World, upstream: str) -> None:
    top = world.repo("api")
    world.run("apply", "--yes")
    (top / ".git").rename(top / "elsewhere")
    target = world.run("status", "--json", *(["--fetch"] if upstream == "asked" else [])).json["targets"][0]
    assert (target["state"], target["disagreement"]) == ("blocked", None)
    assert "is not the top of a git work tree" in target["reason"]


def test_another_project_at_the_address_is_not_written_to_until_it_is_taken_over(world: World) -> None:
    top = world.repo("api")
    world.bare_repo("web")
    assert world.run("apply", "--yes").code == 0
    shutil.rmtree(world.root / "api.git")
    world.remote("api", {"another.txt": "project\n"})
    for _ in range(2):
        applied = world.run("apply", "--yes", "--json")
        assert (applied.code, applied.outcomes()) == (4, {"api": "blocked", "web": "unchanged"})
        assert "shares no commit with" in applied.reasons()["api"]
    assert world.run("status", "--fetch", "--json").states() == {"api": "blocked", "web": "in-sync"}
    assert world.log("api") == ["first"]
    before = world.git(top, "rev-parse", "HEAD"), (top / "conf.txt").read_text()
    assert world.run("apply", "--yes", "--adopt", "--json").outcomes() == {"api": "pushed", "web": "unchanged"}
    assert world.log("api") == ["Roll out conf.txt", "first"]
    assert (world.git(top, "rev-parse", "HEAD"), (top / "conf.txt").read_text()) == before
    assert world.run("apply", "--yes", "--json").outcomes() == {"api": "unchanged", "web": "unchanged"}


def test_a_plan_is_stale_for_another_project_that_took_the_address_since(world: World) -> None:
    world.bare_repo("api")
    assert world.run("plan", "--out", "saved").code == 0
    shutil.rmtree(world.root / "api.git")
    world.remote("api", {"another.txt": "project\n"})
    applied = world.run("apply", "saved", "--yes", "--json")
    assert applied.code == 4, applied.out
    assert world.log("api") == ["first"]


def test_history_that_was_rewritten_in_part_is_the_same_project(world: World) -> None:
    world.bare_repo("api")
    assert world.run("apply", "--yes").code == 0
    world.elsewhere("api", {"other.txt": "one\n"})
    assert world.run("plan", "--json").states() == {"api": "in-sync"}
    world.clone("api", "api.elsewhere")
    world.git("api.elsewhere", "commit", "-q", "--amend", "-m", "written anew")
    world.git("api.elsewhere", "push", "-q", "--force", "origin", "HEAD")
    world.head = "version: 1\nvars: {who: moon}\n"
    assert world.run("apply", "--yes", "--json").outcomes() == {"api": "pushed"}


@pytest.mark.parametrize("how", ["content", "mode"])
def test_a_merge_with_a_template_that_did_not_change_leaves_what_others_wrote(world: World, how: str) -> None:
    world.repo("api")
    world.run("apply", "--yes")
    if how == "content":
        tip = world.elsewhere("api", {"conf.txt": "theirs\n"})
    else:
        world.clone("api", "api.elsewhere")
        world.git("api.elsewhere", "update-index", "--chmod=+x", "conf.txt")
        world.git("api.elsewhere", "commit", "-q", "-m", "mode")
        world.git("api.elsewhere", "push", "-q", "origin", "HEAD")
        tip = world.tip("api")
    merged = world.run("apply", "--yes", "--on-drift", "merge", "--json")
    assert (merged.code, merged.outcomes()) == (0, {"api": "unchanged"}), merged
    assert "kept as others left it, until the template changes" in merged.reasons()["api"]
    assert world.tip("api") == tip


def test_without_the_state_folder_status_does_not_say_who_wrote_a_file_before_upstream_is_asked(world: World) -> None:
    world.repo("api")
    world.run("apply", "--yes")
    world.head = "version: 1\nvars: {who: moon}\n"
    shutil.rmtree(os.environ["ROLLOUT_STATE_DIR"])
    shown = world.run("status").out
    assert "whether rollout wrote it is not known until upstream is asked" in shown
    assert "; rollout status --fetch tells\n" in shown
    assert ("never wrote" in shown, "--adopt" in shown) == (False, False), shown
    assert shown.endswith("Next: rollout status --fetch\n")
    assert world.run("status", "--fetch", "--json").json["targets"][0]["reason"] == ""


def test_a_merge_that_changes_nothing_stays_out_of_the_commit_with_the_rest(world: World) -> None:
    world.template("project/other.txt.j2", "other {{ who }}\n")
    world.template("project/conf.txt", "fixed\n")
    (world.root / "templates/project/conf.txt.j2").unlink()
    world.repo("api")
    world.run("apply", "--yes")
    world.elsewhere("api", {"conf.txt": "theirs\n"})
    world.head = "version: 1\nvars: {who: moon}\n"
    merged = world.run("apply", "--yes", "--on-drift", "merge", "--json")
    assert merged.outcomes() == {"api": "pushed"}, merged
    assert world.git("api.git", "diff", "--name-only", "main~1", "main") == "other.txt"
    assert world.at("api", "conf.txt") == "theirs\n"


def test_the_difference_of_a_mode_alone_names_the_file(world: World) -> None:
    world.repo("api")
    world.run("apply", "--yes")
    (world.root / "templates/project/conf.txt.j2").chmod(0o755)
    assert world.run("diff").out == "diff api/a/conf.txt api/b/conf.txt\nold mode 100644\nnew mode 100755\n"


def test_what_a_repository_without_a_remote_has_is_not_told_as_pushed(world: World) -> None:
    world.git(".", "init", "-q", "solo")
    world.commit("solo", {"README.md": "hello\n"})
    world.entries["solo"] = "{path: solo}"
    world.run("apply", "--yes")
    (target,) = world.run("status", "--json").json["targets"]
    assert (target["state"], target["last_outcome"], target["disagreement"]) == ("in-sync", "committed", None)


def test_a_branch_that_upstream_lacks_is_known_to_a_status_that_asks_nobody(world: World) -> None:
    world.repo("api")
    world.bare_repo("web")
    world.entries["web"] = world.entries["web"].replace("}", ", branch: nowhere}")
    world.run("apply", "--yes")
    world.git("api.git", "branch", "-m", "main", "gone")
    assert world.run("plan", "--json").states() == {"api": "blocked", "web": "blocked"}
    status = world.run("status", "--json")
    assert (status.code, status.states()) == (0, {"api": "blocked", "web": "blocked"})
    world.git("api.git", "branch", "-m", "gone", "main")
    world.git("web.git", "branch", "nowhere", "main")
    assert world.run("plan", "--json").states() == {"api": "in-sync", "web": "pending"}
    assert world.run("status", "--json").states() == {"api": "in-sync", "web": "pending"}


def test_what_is_known_of_a_remote_that_does_not_answer_is_still_shown(world: World) -> None:
    world.repo("api")
    world.bare_repo("web")
    world.run("apply", "--yes")
    for asked in Path(os.environ["ROLLOUT_STATE_DIR"]).glob("workshops/*/asked-*"):
        os.utime(asked, (1_700_000_000, 1_700_000_000))
    before = world.run("status", "--json").json
    (world.root / "web.git").rename(world.root / "elsewhere.git")
    status = world.run("status", "--fetch", "--json")
    assert (status.code, status.states()) == (1, {"api": "in-sync", "web": "unreachable"})
    web = status.json["targets"][1]
    assert (web["commit"], web["last_outcome"]) == (before["targets"][1]["commit"], "pushed")
    assert status.json["fetched_at"] == before["fetched_at"] == "2023-11-14T22:13:20Z"
    assert "web.git" in web["reason"]
    world.head = "version: 1\nvars: {who: moon}\n"
    plan = world.run("plan", "--json").json["targets"][1]
    assert (plan["state"], plan["changes"]) == ("unreachable", [])
    applied = world.run("apply", "--yes", "--json")
    assert (applied.code, applied.outcomes()) == (1, {"api": "pushed", "web": "failed"})


def test_one_target_of_which_nothing_is_known_does_not_hide_when_the_others_were_asked(world: World) -> None:
    world.bare_repo("api")
    world.entries["deaf"] = f"{{url: {world.root}/deaf.git}}"
    assert world.run("status", "--fetch", "--json").json["fetched_at"] is not None
    assert "Upstream as of" in world.run("status").out


def test_what_is_in_the_way_upstream_is_no_policy(world: World) -> None:
    world.bare_repo("api", {"conf.txt/x": "a folder\n"})
    (mismatch,) = world.run("verify", "--json").json["targets"][0]["mismatches"]
    assert (mismatch["path"], mismatch["where"]) == ("conf.txt", "upstream")


def test_a_push_says_which_commit_that_waits_was_overtaken_and_by_what(world: World) -> None:
    world.repo("api")
    world.repo("web")
    world.repo("old")
    world.run("apply", "--yes")
    world.head = "version: 1\nvars: {who: moon}\n"
    world.run("apply", "--yes", "--no-push")
    tip = world.elsewhere("api", {"conf.txt": "theirs\n"})
    world.entries["old"] = "{path: old, vars: {who: sun}}"
    pushed = world.run("push", "--yes", "--json")
    assert pushed.outcomes() == {"api": "stale", "web": "pushed", "old": "unchanged"}
    assert pushed.code == 3
    changed = r"conf\.txt: changed by .+ in [0-9a-f]{7} \(.+ ago\) since the commit that waits was made; rollout apply"
    assert re.match(changed, pushed.reasons()["api"]), pushed.reasons()
    assert "rollout apply renews it" in pushed.reasons()["old"]
    assert world.tip("api") == tip


def test_a_decision_that_is_missing_is_refused_beside_a_target_that_is_blocked(world: World) -> None:
    world.bare_repo("api", {"conf.txt": "from before\n"})
    world.bare_repo("web", {"conf.txt/x": "a folder\n"})
    refused = world.run("apply", "--yes", "--json")
    assert (refused.code, refused.outcomes()) == (4, {"api": "blocked", "web": "blocked"})
    world.bare_repo("new")
    assert world.run("apply", "--yes").code == 3


def test_without_the_state_folder_an_apply_that_is_offline_names_the_way_out(world: World) -> None:
    world.repo("api")
    world.run("apply", "--yes")
    world.head = "version: 1\nvars: {who: moon}\n"
    shutil.rmtree(os.environ["ROLLOUT_STATE_DIR"])
    offline = world.run("apply", "--offline", "--yes", "--json")
    assert offline.code == 4
    assert offline.reasons()["api"].endswith("rollout status --fetch tells")
