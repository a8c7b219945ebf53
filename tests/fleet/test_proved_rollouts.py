"""With an event store configured: wrong documents are never rolled out, and a run logs what it did."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rollout.demo.postgres.server import Server
from tests.events.databases import ask
from tests.events.shells import silent_server
from tests.world import World

INSTANCE = "consilio-PS-3f81ad"

DOWN = "postgresql://x:sekret@127.0.0.1:1/x"

GOOD = """\
# Look

```sql
SELECT event_type FROM event_store;
```

```bash
cat {{ shared_root }}/greeting | grep -qx hello
```
"""

WRONG = GOOD.replace("event_store", "command_log")

SCRIPT = (
    "#!/bin/sh\npsql -h db -p 5434 -U agent -d events -XAtqc 'SELECT count(*) FROM event_store' >/dev/null "
    "|| { echo 'test 2 failed' >&2; exit 1; }\n"
)


IMPORTED = """
import json, sys
from rollout.cli import main
main._ended(sys.argv[1:])
heavy = sorted(name for name in sys.modules if name.startswith(("psycopg", "rollout.events")))
print(json.dumps(heavy), file=sys.stderr)
"""


@pytest.fixture
def documented(world: World, postgres: Server, monkeypatch: pytest.MonkeyPatch) -> World:
    """Give a repository and a shared folder with a document each."""
    monkeypatch.setenv("PATH", f"{postgres.bin}:{os.environ['PATH']}")
    world.head = (
        f"version: 1\nvars: {{who: world, shared_root: {world.root}/sv, pg_user: agent, pg_database: events}}\n"
        "machines: {here: {default: true, vars: {pg_host: db, pg_port: 5434}}}\n"
    )
    world.tail = "folders:\n  shared: {path: sv, templates: [shared]}\n"
    (world.root / "sv").mkdir()
    world.repo("one")
    world.template("project/docs/look.md.j2", GOOD)
    world.template("shared/greeting", "hello\n")
    world.template("shared/docs/testing/event-store-test.sh", SCRIPT, executable=True)
    return world


def test_what_a_correct_document_says_is_rolled_out(documented: World, event_store: str) -> None:
    documented.tail += f"events: {{database: '{event_store}'}}\n"
    assert documented.run("plan", "--json").states() == {"one": "pending", "shared": "pending"}
    assert documented.run("apply", "--yes").code == 0
    verified = documented.run("verify")
    assert verified.code == 0, verified.out + verified.err


def test_a_wrong_document_blocks_its_target_and_no_other(
    documented: World, event_store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROLLOUT_DATABASE_URL", event_store)
    documented.template("project/docs/look.md.j2", WRONG)
    before = documented.tip("one")
    reason = 'docs/look.md: line 4: sql block: relation "command_log" does not exist'
    targets = {target["name"]: target for target in documented.run("plan", "--json").json["targets"]}
    assert targets["one"]["state"] == "blocked"
    assert reason in targets["one"]["reason"]
    assert targets["shared"]["state"] == "pending"
    applied = documented.run("apply", "--yes", "--json")
    assert applied.code == 3
    assert applied.outcomes() == {"one": "blocked", "shared": "written"}
    assert documented.tip("one") == before


def test_a_document_that_is_put_together_is_proved_without_what_a_repository_says_in_it(
    documented: World, event_store: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("ROLLOUT_DATABASE_URL", event_store)
    documented.elsewhere("one", {"part.md": f"```bash\ntouch {tmp_path}/ran\nfalse\n```\n"})
    document = '{{ read("part.md") }}\n{% for path in files("docs/*.md") %}{{ read(path) }}{% endfor %}\n'
    documented.template("project/CLAUDE.md.j2", document + GOOD)
    assert documented.run("plan", "--json").states()["one"] == "pending"
    documented.template("project/CLAUDE.md.j2", document + WRONG)
    one = documented.run("plan", "--json").json["targets"][0]
    assert one["state"] == "blocked"
    assert 'sql block: relation "command_log" does not exist' in one["reason"]
    assert "CLAUDE.md: line " in one["reason"]
    assert not (tmp_path / "ran").exists()


def test_what_waits_is_not_pushed_with_a_wrong_document(
    documented: World, event_store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    documented.template("project/docs/look.md.j2", WRONG)
    assert documented.run("apply", "--yes", "--no-push").code == 0
    before = documented.tip("one")
    monkeypatch.setenv("ROLLOUT_DATABASE_URL", event_store)
    assert documented.run("push", "--yes", "--json").outcomes()["one"] == "blocked"
    assert documented.tip("one") == before


def test_verify_names_the_document_that_is_wrong_although_it_is_as_rendered(
    documented: World, event_store: str
) -> None:
    documented.template("project/docs/look.md.j2", WRONG)
    assert documented.run("apply", "--yes").code == 0
    verified = documented.run("verify", "--json", "--database", event_store)
    assert verified.code == 2
    assert verified.json["targets"][0]["mismatches"] == [
        {
            "path": "docs/look.md",
            "where": "document",
            "reason": 'line 4: sql block: relation "command_log" does not exist',
        }
    ]
    assert documented.run("verify").code == 0  # without a database there is nothing to try it on


def test_verify_names_what_hooks_did_not_log(documented: World, event_store: str, tmp_path: Path) -> None:
    assert documented.run("apply", "--yes").code == 0
    transcript = tmp_path / "t.jsonl"
    entry = {"type": "user", "timestamp": "2026-02-03T15:20:00Z", "message": {"role": "user", "content": "unseen"}}
    transcript.write_text(json.dumps(entry) + "\n")
    begun = {"transcript_path": str(transcript), "cwd": str(documented.root / "one" / "src")}
    ask(
        event_store,
        "SELECT append_event(%s, 'instance_registered', %s, occurred_at => '2026-02-03T15:19:00Z')",
        INSTANCE, json.dumps(begun),
    )  # fmt: skip
    assert documented.run("verify", "--database", event_store).code == 0  # a session of long ago is no news
    ask(event_store, "UPDATE supervisor_sessions SET last_heartbeat = now()")
    verified = documented.run("verify", "--json", "--database", event_store)
    found = {target["name"]: target["mismatches"] for target in verified.json["targets"]}
    said = f"{INSTANCE}: 0 of 1 user_message stored, 99% wanted; rollout events health {INSTANCE} names what is missing"
    assert (verified.code, found["shared"]) == (2, [])
    assert found["one"] == [{"path": ".claude/settings.json", "where": "capture", "reason": said}]
    documented.tail += "events: {capture: {min_rate: 0.5}}\n"
    entry["message"] = {"role": "user", "content": "seen"}
    transcript.write_text(transcript.read_text() + json.dumps(entry) + "\n")
    ask(event_store, "SELECT append_event(%s, 'user_message', '{\"content\": \"seen\"}')", INSTANCE)
    assert documented.run("verify", "--database", event_store).code == 0


def test_verify_runs_the_test_of_the_store_on_the_store_itself(documented: World, empty_database: str) -> None:
    assert documented.run("apply", "--yes").code == 0
    verified = documented.run("verify", "--json", "--database", empty_database)
    assert verified.code == 2
    found = {target["name"]: target["mismatches"] for target in verified.json["targets"]}
    assert found["one"] == []  # the document is right; it is the store that is not there
    assert [(m["path"], m["where"]) for m in found["shared"]] == [("docs/testing/event-store-test.sh", "document")]
    assert "test 2 failed" in found["shared"][0]["reason"]


def test_a_document_is_proved_before_the_folder_that_it_names_is_there(documented: World, event_store: str) -> None:
    planned = documented.run("plan", "--json", "--limit", "one")
    assert planned.states() == {"one": "pending"}
    documented.template("shared/greeting", "good day\n")
    documented.tail += f"events: {{database: '{event_store}'}}\n"
    planned = documented.run("plan", "--json", "--limit", "one")
    assert planned.states() == {"one": "blocked"}
    assert "docs/look.md: line 7: bash block: ended with exit code 1" in planned.json["targets"][0]["reason"]


def test_a_database_that_is_down_neither_fails_nor_delays_a_rollout(
    documented: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROLLOUT_DATABASE_URL", DOWN)
    planned = documented.run("plan", "--detailed-exitcode")
    assert planned.code == 2
    assert "could not prove the documents: cannot connect to the event store at 127.0.0.1:1/x" in planned.err
    applied = documented.run("apply", "--yes")
    assert applied.code == 0, applied.err
    assert "the run's own events are not delivered yet" in applied.err
    assert "sekret" not in planned.err + planned.out + applied.err + applied.out


def test_a_silent_database_is_waited_for_two_seconds_in_all(documented: World, monkeypatch: pytest.MonkeyPatch) -> None:
    before = time.monotonic()
    assert documented.run("apply", "--yes").code == 0
    alone = time.monotonic() - before
    documented.template("shared/greeting", "good day\n")
    documented.template("project/docs/look.md.j2", GOOD + "\n")
    with silent_server() as port:
        monkeypatch.setenv("ROLLOUT_DATABASE_URL", f"postgresql://x@127.0.0.1:{port}/x")
        before = time.monotonic()
        applied = documented.run("apply", "--yes", "--json")
        assert time.monotonic() - before < alone * 3 + 3
    assert applied.outcomes() == {"one": "pushed", "shared": "written"}


def test_verify_cannot_say_anything_without_the_database_it_was_told_to_use(documented: World) -> None:
    assert documented.run("apply", "--yes").code == 0
    verified = documented.run("verify", "--json", "--database", DOWN)
    assert verified.code == 1
    assert verified.json["ok"] is False
    mismatch = verified.json["targets"][0]["mismatches"][0]
    assert (mismatch["where"], mismatch["reason"].partition(":")[0]) == ("document", "not proved")
    assert documented.run("verify", "--database", "postgresql://a b:sekret@[x").code == 64


def test_who_interrupts_a_proof_is_not_kept_waiting(
    documented: World, event_store: str, postgres: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = documented.root / "begun"
    documented.template("project/docs/look.md.j2", f"```bash\ntouch {begun}\nsleep 25\n```\n")
    process = documented.spawn("plan", ROLLOUT_DATABASE_URL=event_store)
    deadline = time.monotonic() + 60
    while not begun.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    before = time.monotonic()
    process.communicate(timeout=60)
    assert (process.returncode, time.monotonic() - before < 20) == (130, True)
    assert "rollout_proof" not in postgres.execute("SELECT datname FROM pg_database")


def test_offline_contacts_no_database(documented: World, event_store: str, monkeypatch: pytest.MonkeyPatch) -> None:
    documented.run("plan")  # so that there is something to plan offline against
    documented.template("project/docs/look.md.j2", WRONG)
    monkeypatch.setenv("ROLLOUT_DATABASE_URL", event_store)
    assert documented.run("plan", "--offline", "--json").states()["one"] == "pending"


# --- what a run logs


def logged(url: str, instance: str = INSTANCE) -> list[tuple[str, dict[str, object]]]:
    found = ask(
        url, "SELECT event_type, event_data FROM event_store WHERE instance_id = %s ORDER BY sequence_num", instance
    )
    return [(kind, {name: data[name] for name in data if name != "run"}) for kind, data in found]


def test_a_run_logs_its_commits_deploys_and_errors(
    documented: World, event_store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROLLOUT_DATABASE_URL", event_store)
    monkeypatch.setenv("INSTANCE_ID", INSTANCE)
    documented.repo("two")
    documented.commit("two", {"conf.txt": "mine\n"}, push=True)  # an adoption that nobody decided
    assert documented.run("apply", "--yes", "--message", "Event store").code == 3
    by_type = dict(logged(event_store))
    assert by_type["commit"] == {
        "message": "Event store", "hash": documented.tip("one"), "branch": "main", "files_changed": 2,
        "target": "one", "outcome": "pushed",
    }  # fmt: skip
    assert by_type["deploy"] == {
        "service": "shared", "status": "success", "files_changed": 2, "target": "shared", "outcome": "written"
    }  # fmt: skip
    assert by_type["error"]["error_type"] == "rollout_blocked"
    assert "conf.txt" in str(by_type["error"]["message"])
    assert documented.run("apply", "--yes", "--limit", "one,shared").code == 0
    assert len(logged(event_store)) == 3  # nothing was done, nothing is logged


def test_without_a_session_a_runs_events_are_kept_as_unassigned(
    documented: World, event_store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ROLLOUT_DATABASE_URL", event_store)
    assert documented.run("apply", "--yes", "--limit", "shared").code == 0
    assert [kind for kind, _ in logged(event_store, "unassigned-PS-000000")] == ["deploy"]


def test_what_could_not_be_delivered_is_delivered_later_once(
    documented: World, event_store: str, monkeypatch: pytest.MonkeyPatch, sealed: Path
) -> None:
    monkeypatch.setenv("INSTANCE_ID", INSTANCE)
    monkeypatch.setenv("ROLLOUT_DATABASE_URL", DOWN)
    assert documented.run("apply", "--yes").code == 0
    assert logged(event_store) == []
    for _ in range(2):
        assert documented.run("events", "flush", "--database", event_store).code == 0
    assert sorted(kind for kind, _ in logged(event_store)) == ["commit", "deploy"]


def test_without_a_spool_a_runs_events_go_to_the_database_at_once(
    documented: World, event_store: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INSTANCE_ID", INSTANCE)
    monkeypatch.setenv("ROLLOUT_DATABASE_URL", event_store)
    monkeypatch.setenv("ROLLOUT_SPOOL", str(documented.root / "inventory.yaml"))
    said = documented.run("apply", "--yes")
    assert (said.code, "delivered without it" in said.err) == (0, True)
    assert sorted(kind for kind, _ in logged(event_store)) == ["commit", "deploy"]


def test_a_runs_events_that_neither_disk_nor_database_take_are_printed_even_when_quiet(
    documented: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INSTANCE_ID", INSTANCE)
    monkeypatch.setenv("ROLLOUT_DATABASE_URL", DOWN)
    monkeypatch.setenv("ROLLOUT_SPOOL", str(documented.root / "inventory.yaml"))
    said = documented.run("apply", "--yes", "--quiet")
    assert (said.code, "LOST: the spool" in said.err, "sekret" in said.err) == (0, True, False)
    assert (documented.tip("one") in said.err, '"service": "shared"' in said.err) == (True, True)


def test_without_a_database_nothing_is_logged_and_nothing_is_imported(documented: World, sealed: Path) -> None:
    documented.inventory()
    done = subprocess.run(
        [sys.executable, "-c", IMPORTED, "apply", "--yes"], cwd=documented.root, capture_output=True, text=True
    )
    assert json.loads(done.stderr.splitlines()[-1]) == []
    assert not (sealed / ".local/state/rollout/spool").exists()
