"""`rollout report`: which runs it is about, and that no line of it contradicts another."""

from __future__ import annotations

import os
import re
import sqlite3
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from rollout.events.traffic import read_traffic, shipped_columns
from tests.world import World

EVENT_TYPES = "vars: {event_types: [{name: spawn, when: Subagent spawned, example: {subagent: haiku}}]}\n"


def sections(report: str) -> dict[str, str]:
    """Return the text of each section by its heading."""
    parts = re.split(r"^## (.+)\n", report, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True)) | {"": parts[0]}


def runs(report: str) -> list[str]:
    return re.findall(r"`(\d{8}T\w+-\w+)`", sections(report)[""])


def past(world: World) -> list[str]:
    """Return the ids of the runs, oldest first."""
    return [run["run"] for run in reversed(world.run("history", "--json").json["runs"])]


@pytest.fixture
def two(world: World) -> World:
    world.repo("api")
    world.repo("web")
    return world


@pytest.mark.parametrize("form", ["markdown", "html"])
def test_where_json_is_wanted_the_report_goes_to_a_file_or_is_refused(two: World, form: str) -> None:
    two.run("apply", "--yes")
    refused = two.run("report", "--format", form, "--json")
    assert (refused.code, [line["exit_code"] for line in refused.lines]) == (64, [64])
    assert "report: is no JSON; `rollout report --out FILE` writes it to a file" in refused.lines[0]["message"]
    written = two.run("report", "--format", form, "--json", "--out", "report.txt")
    assert (written.code, written.out) == (0, "")
    assert (two.root / "report.txt").read_text().startswith("# " if form == "markdown" else "<!")


def test_the_sections_stand_in_the_order_of_the_first_users_summary(two: World) -> None:
    two.tail = "folders:\n  shared: {path: shared, templates: [shared]}\n"
    two.template("shared/bin/tool.sh", "#!/bin/sh\n", executable=True)
    two.run("apply", "--yes", "--message", "Event store migration")
    report = two.run("report").out
    assert list(sections(report))[:-1] == [
        "What Was Fixed",
        "Git Commits",
        "Files Created (Shared - NOT in git)",
        "Impact",
        "Status Now",
        "Next Steps",
    ]
    fixed = sections(report)["What Was Fixed"].strip()
    assert fixed.startswith("### 1. api, web (1 file each)\n\n- `conf.txt` - new\n\n### 2. shared (1 file)\n")
    assert "- ❌ 3 files missing\n\n### After\n\n- ✅ 3 of 3 targets as they should be\n" in sections(report)["Impact"]
    assert sections(report)["Next Steps"].strip() == "1. ✅ Nothing remains"


def test_a_run_that_changed_nothing_is_not_what_the_report_is_about(two: World) -> None:
    two.run("apply", "--yes", "--message", "first")
    two.run("apply", "--yes", "--message", "second")
    report = two.run("report").out
    assert report.startswith("# first - Complete Summary\n")
    assert runs(report) == past(two)[:1]


def test_a_rollout_in_several_runs_of_a_day_is_one_report(two: World) -> None:
    two.run("apply", "--yes", "--limit", "api", "--message", "Event store migration")
    two.run("apply", "--yes", "--limit", "web", "--no-push", "--message", "Event store migration")
    waiting = sections(two.run("report").out)["Git Commits"]
    assert "**web:**" in waiting
    assert "- Status: ⏳ Ready to push" in waiting
    two.elsewhere("web", {"src.txt": "a colleague's\n"})
    two.run("push", "--yes")
    report = two.run("report").out
    assert runs(report) == past(two)
    assert report.startswith("# Event store migration - Complete Summary\n")
    commits = sections(report)["Git Commits"]
    assert [name for name in ("api", "web") if f"- Commit: `{two.tip(name)[:7]}` on `main`" in commits] == [
        "api",
        "web",
    ]
    assert (commits.count("- Commit: "), commits.count("- Status: ✅ Pushed\n")) == (2, 2)
    assert "### 1. api, web (1 file each)" in report


def test_runs_with_another_message_or_behind_a_revert_are_another_rollout(two: World) -> None:
    two.run("apply", "--yes", "--limit", "api", "--message", "first")
    two.run("apply", "--yes", "--limit", "web", "--message", "second")
    first, second = past(two)
    assert runs(two.run("report").out) == [second]
    two.run("revert", second, "--yes")
    reverted = two.run("report").out
    assert runs(reverted) == past(two)[2:]
    assert f"# Revert rollout {second} - Complete Summary" in reverted
    two.run("apply", "--yes", "--release", "--limit", "web", "--message", "second")
    assert runs(two.run("report").out) == past(two)[3:]
    assert runs(two.run("report", first).out) == [first]


def test_runs_of_another_day_are_left_out(two: World) -> None:
    two.run("apply", "--yes", "--limit", "api", "--message", "first")
    with closing(sqlite3.connect(Path(os.environ["ROLLOUT_STATE_DIR"]) / "ledger.db")) as ledger, ledger:
        ledger.execute("UPDATE run SET started_at = '2026-02-02T23:59:00.000Z'")
    two.run("apply", "--yes", "--message", "first")
    assert runs(two.run("report").out) == past(two)[1:]


def test_two_applies_of_a_day_are_told_from_before_the_first_to_after_the_last(two: World) -> None:
    two.run("apply", "--yes")
    first = two.tip("api")
    two.template("project/conf.txt.j2", "bye {{ who }}\n")
    two.run("apply", "--yes")
    report = sections(two.run("report").out)
    assert "- `conf.txt` - new" in report["What Was Fixed"]
    assert f"- Commit: `{first[:7]}` on `main`\n- Commit: `{two.tip('api')[:7]}` on `main`" in report["Git Commits"]


def test_what_a_person_pushed_meanwhile_is_not_ready_to_push(two: World) -> None:
    two.run("apply", "--yes", "--no-push", "--limit", "api")
    two.git("api", "push", "-q", "origin", "main")
    two.run("status", "--fetch")
    report = two.run("report").out
    assert "- Status: ✅ Pushed since" in sections(report)["Git Commits"]
    assert "Ready to push" not in report


def test_a_target_that_was_mended_since_is_not_open(two: World) -> None:
    two.write("web", {"conf.txt": "hello world\n"})
    two.commit("web", {"conf.txt": "somebody's\n"}, push=True)
    two.run("apply", "--yes")
    assert "⏳ 1 target open" in two.run("report").out
    two.run("apply", "--yes", "--adopt")
    report = two.run("report", past(two)[0]).out
    assert "**Status:** ✅ Complete" in report
    assert sections(report)["Next Steps"].strip() == "1. ✅ Nothing remains"


def test_what_verify_still_fails_for_remains_in_the_report(world: World) -> None:
    world.head += "forbid: [{text: command_log, why: it is event_store}]\n"
    world.bare_repo("api", {"old.md": "use command_log\n", "older.md": "command_log\n"})
    assert world.run("apply", "-y").code == 0
    assert world.run("verify").code == 2
    told = sections(world.run("report").out)
    assert told["Next Steps"].strip() == (
        "1. ⏳ api - old.md: line 1: says 'command_log': it is event_store (and 1 more; rollout verify lists them)"
    )
    assert "- ❌ 2 lines that no file may say any more" in told["Impact"]


@pytest.mark.parametrize("edited", [False, True])
def test_a_repository_without_remote_is_never_called_pushed(world: World, edited: bool) -> None:
    world.repo("api", {"conf.txt": "hello world\n", "src.txt": "x\n"})
    world.git("api", "remote", "remove", "origin")
    world.run("apply", "--yes")
    world.template("project/conf.txt.j2", "bye {{ who }}\n")
    if edited:
        world.write("api", {"conf.txt": "half done\n"})
    world.run("apply", "--yes")
    report = world.run("report").out
    assert "✅ Pushed" not in report
    assert ("Ready to push" in report) is ("ready-to-push" in report)


def test_without_a_database_schema_and_types_are_told_and_that_nothing_was_tested(two: World) -> None:
    two.head = "version: 1\n" + EVENT_TYPES.replace("{event", "{who: world, event")
    two.run("apply", "--yes")
    report = sections(two.run("report").out)
    assert '| `spawn` | Subagent spawned | `{"subagent":"haiku"}` |' in report["Standard Event Types"]
    assert re.search(r"CREATE TABLE event_store \(\n  event_id +uuid,\n  instance_id +varchar\(32\),", report["Schema"])
    assert "Test Results" not in report
    assert "1. ⏳ Test the event store where its database answers" in report["Next Steps"]


def test_what_is_proposed_is_in_review_until_it_is_merged(two: World) -> None:
    two.defaults = "defaults: {templates: [project], deliver: review}\n"
    two.run("apply", "--yes", "--limit", "api")
    assert "- Status: ⏳ In review" in sections(two.run("report").out)["Git Commits"]
    proposed = two.git("api.git", "for-each-ref", "--format=%(objectname)", "refs/heads/rollout/")
    two.git("api.git", "update-ref", "refs/heads/main", proposed)
    two.run("status", "--fetch")
    assert "- Status: ✅ Merged" in sections(two.run("report").out)["Git Commits"]


def test_the_shipped_schema_is_what_the_migrations_make(event_store: str) -> None:
    with psycopg.connect(event_store) as connection:
        (made,) = [table.columns for table in read_traffic(connection, "2026-02-03") if table.table == "event_store"]
    assert list(shipped_columns()) == list(made)


def test_with_a_database_schema_types_tests_and_where_events_went_are_told(two: World, event_store: str) -> None:
    with psycopg.connect(event_store, autocommit=True) as connection:
        connection.execute(
            "CREATE TABLE command_log (id bigserial PRIMARY KEY, instance_id varchar(32), command_type varchar(64), "
            "action varchar(256), created_at timestamptz DEFAULT now() - interval '1 hour')"
        )
        connection.execute("INSERT INTO command_log (instance_id) VALUES ('a'), ('b')")
    two.tail = f"events: {{database: '{event_store}'}}\n"
    two.run("apply", "--yes")
    report = sections(two.run("report").out)
    assert "CREATE TABLE command_log (\n  id            bigint," in report["Schema Comparison"]
    assert re.search(r"CREATE TABLE event_store \(\n  event_id +uuid,", report["Schema Comparison"])
    assert "| `assistant_start` |" in report["Standard Event Types"]
    assert "Test 10: Cleanup" in report["Test Results"]
    assert "All Tests Passed!" in report["Test Results"]
    before, after = report["Impact"].split("### After")
    assert (
        "- ❌ `command_log`: 2 rows in the 24 hours before\n- ❌ `event_store`: 0 rows in the 24 hours before" in before
    )
    assert "- ✅ `command_log`: 0 rows since\n- ✅ `event_store`: 2 rows since" in after


def test_a_database_that_was_never_migrated_is_a_next_step_and_says_where_the_runs_events_are(
    two: World, empty_database: str
) -> None:
    two.tail = f"events: {{database: '{empty_database}'}}\n"
    applied = two.run("apply", "--yes")
    assert "the run's own events are not delivered yet" in applied.err
    steps = sections(two.run("report").out)["Next Steps"]
    assert "⏳ Mend the event store (rollout events migrate): test 2, " in steps
    assert "Nothing remains" not in steps


def test_a_database_that_is_down_is_said_and_the_rest_is_told(two: World) -> None:
    two.run("apply", "--yes")
    two.tail = "events: {database: 'postgresql://x:secret@127.0.0.1:1/x'}\n"
    ran = two.run("report")
    report = sections(ran.out)
    assert ran.code == 0
    assert (
        report["Test Results"].strip().startswith("⏳ Not tested: cannot connect to the event store at 127.0.0.1:1/x")
    )
    assert "⏳ Run the tests of the event store again: cannot connect" in report["Next Steps"]
    assert "secret" not in ran.out
