"""Is what happened stored? The real hooks' events beside a transcript and git's own record."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from rollout.errors import UsageError
from rollout.events import health as compared
from rollout.events.database import connected
from rollout.events.happened import Happened, Turn, deploys, read_reflog, read_transcript
from rollout.events.health import Capture, capture_of, rates_of
from tests.events.databases import INSTANCE as STORED
from tests.events.databases import ask
from tests.events.test_hook_capture import all_stored
from tests.events.test_hooks import INSTANCE, Agent, agent, task

__all__ = ["agent"]

T = datetime(2026, 2, 3, 15, 20, tzinfo=UTC)
DEPLOY = Capture().deploy


def line(kind: str, content: object, seconds: int = 0, **more: object) -> str:
    moment = (T + timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z")
    return json.dumps({"type": kind, "timestamp": moment, "message": {"role": kind, "content": content}} | more)


def call(name: str, own: str, **given: object) -> list[dict[str, object]]:
    return [{"type": "text", "text": "…"}, {"type": "tool_use", "id": own, "name": name, "input": given}]


def answer(own: str, said: object, *, failed: bool = False) -> list[dict[str, object]]:
    return [{"type": "tool_result", "tool_use_id": own, "content": said, "is_error": failed}]


def test_a_transcript_tells_what_happened() -> None:
    lines = [
        line("user", "implement\tauth"),
        line("assistant", call("Task", "t1", description="x"), 5),
        line("assistant", call("Bash", "t2", command="cd x && make deploy; gh pr create"), 6),
        line("user", answer("t2", [{"type": "text", "text": "https://h/o/r/pull/12"}]), 9),
        line("assistant", call("Bash", "t3", command="make deploy"), 10),
        line("user", answer("t3", "no", failed=True), 11),
        line("assistant", call("Bash", "t4", command="git push"), 12),
        line("user", answer("t4", "View it: https://h/o/r/pull/12"), 11),
        line("user", [{"type": "text", "text": "go on"}], 60),
        line("user", "<command-name>/clear</command-name>", 61),
        line("user", "a summary", 62, isCompactSummary=True),
        line("user", "meta", 63, isMeta=True),
        line("user", "of a subagent", 64, isSidechain=True),
        '{"type": "user", "mess',
        "[]",
    ]
    found, turns = read_transcript(lines, DEPLOY)
    assert [(one.kind, one.key) for one in found] == [
        ("user_message", "implement auth"),
        ("spawn", "t1"),
        ("deploy_complete", "make deploy"),
        ("pr_created", "12"),
        ("deploy_failed", "make deploy"),
        ("user_message", "go on"),
    ]
    assert turns == (
        Turn(T, T + timedelta(seconds=11)),
        Turn(T + timedelta(seconds=60), T + timedelta(seconds=60)),
    )


def test_the_messages_of_another_agents_transcript_are_read() -> None:
    said = {
        "type": "event_msg",
        "timestamp": "2026-02-03T15:20:00Z",
        "payload": {"type": "user_message", "message": "hi"},
    }
    found, _ = read_transcript([json.dumps(said)], DEPLOY)
    assert found == (Happened("user_message", "hi", T),)


@pytest.mark.parametrize(
    ("command", "found"),
    [("A=1 sudo make deploy x | tail", ["make deploy x"]), ("make deployment", []), ("docker compose up -d", None)],
)
def test_a_command_that_deploys_is_known(command: str, found: list[str] | None) -> None:
    assert list(deploys(command, DEPLOY)) == ([command] if found is None else found)


def test_commits_of_a_turn_are_the_agents_and_others_a_persons() -> None:
    stamp = int(T.timestamp())
    lines = [
        f"{'0' * 40} {'1' * 40} P <p@x> {stamp - 1} +0000\tcommit: theirs",
        f"{'1' * 40} {'2' * 40} P Q <p@x> {stamp + 5} +0100\tcommit (amend): ours",
        f"{'2' * 40} {'3' * 40} P <p@x> {stamp + 6} +0000\tcheckout: moving from a to b",
        f"{'2' * 40} {'4' * 40} P <p@x> {stamp + 7} +0000\trebase (pick): ours",
        f"{'2' * 40} {'5' * 40} P <p@x> {stamp + 900} +0000\tcommit: theirs",
        "nonsense",
    ]
    found = read_reflog(lines, [Turn(T, T + timedelta(seconds=9))])
    assert [one.key for one in found] == ["2" * 40, "4" * 40]


def test_what_happened_twice_must_be_stored_twice() -> None:
    happened = [Happened("user_message", "go on", T)] * 3
    [rate] = rates_of(happened, [])
    assert (rate.happened, rate.missing, rate.value) == (3, ("go on",) * 3, 0)


@pytest.mark.parametrize("said", [{"min_rate": "much"}, {"deploy": "make"}, {"min_rate": True}])
def test_a_capture_that_is_wrong_is_said(said: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match=r"events\.capture"):
        capture_of(said)


def run(*words: str, url: str) -> subprocess.CompletedProcess[str]:
    command = (sys.executable, "-m", "rollout.events", "health", *words, "--database", url)
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_health_names_what_no_hook_logged(agent: Agent, event_store: str, tmp_path: Path) -> None:
    transcript = tmp_path / "t.jsonl"
    time.sleep(1.1)  # git notes whole seconds, and the repository's first commit is no session's
    agent.hook("SessionStart", source="startup", transcript_path=str(transcript))
    begun = datetime.now(UTC)
    agent.hook("UserPromptSubmit", prompt='say "é"\nand go')
    agent.hook("PostToolUse", **task("Implement epic-003", tool_use_id="toolu_1"))
    agent.bash("git commit -q --allow-empty -m seen")
    agent.hook("PostToolUse", tool_name="Bash", tool_input={"command": "make deploy"}, tool_response={"stdout": ""})
    all_stored(agent, event_store)
    agent.git("commit", "-q", "--allow-empty", "-m", "unseen")
    ended = datetime.now(UTC)

    def at(kind: str, content: object, moment: datetime = begun) -> str:
        return json.dumps(json.loads(line(kind, content)) | {"timestamp": moment.isoformat()})

    told = [
        at("user", 'say "é"\nand go'),
        at("assistant", call("Task", "toolu_1", description="Implement epic-003")),
        at("assistant", call("Bash", "toolu_2", command="make deploy")),
        at("user", answer("toolu_2", "done"), ended),
    ]
    transcript.write_text("\n".join(told) + "\n")
    later = ended + timedelta(minutes=5)
    with connected(event_store) as connection:
        found = compared.health(connection, INSTANCE, Capture(), later)
        assert compared.sessions_here(connection) == (INSTANCE,)
    unseen = agent.git("rev-parse", "HEAD")
    assert [(rate.kind, rate.happened, rate.missing) for rate in found.rates] == [
        ("user_message", 1, ()),
        ("spawn", 1, ()),
        ("commit", 2, (unseen,)),
        ("deploy_complete", 1, ()),
    ]
    assert [rate.kind for rate in found.below(0.99)] == ["commit"]
    assert found.below(0.5) == ()


def test_the_command_ends_with_2_where_too_little_is_stored(event_store: str, tmp_path: Path) -> None:
    transcript = tmp_path / "t.jsonl"
    transcript.write_text(line("user", "never stored", 60) + "\n")
    data = json.dumps({"transcript_path": str(transcript)})
    ask(event_store, "SELECT append_event(%s, 'instance_registered', %s, occurred_at => %s)", STORED, data, T)
    done = run(STORED, url=event_store)
    assert (done.returncode, "missing: never stored" in done.stdout) == (2, True)
    told = json.loads(run(STORED, "--json", url=event_store).stdout)
    assert told["types"] == [{"type": "user_message", "seen": 1, "stored": 0, "rate": 0.0}]
    assert (told["format"], told["open_sessions"], told["inferred"], told["ok"]) == ("rollout-health/1", 1, 0, False)
    ask(event_store, "SELECT event_end_inferred(%s, 'silent')", STORED)
    told = json.loads(run(STORED, "--json", url=event_store).stdout)
    assert (told["open_sessions"], told["inferred"]) == (0, 1)
    shown = told["sessions"][0]
    assert (shown["ok"], shown["rates"]["user_message"]["missing"]) == (False, ["never stored"])
    transcript.unlink()
    done = run(STORED, url=event_store)
    assert (done.returncode, "neither its transcript nor its repository" in done.stderr) == (1, True)
    assert run(url=event_store).stdout == "no session of the last week has its transcript on this machine\n"


def test_what_an_older_client_logged_under_another_name_is_stored(event_store: str, tmp_path: Path) -> None:
    where, record = tmp_path / "repository", tmp_path / "repository/.git/logs/HEAD"
    record.parent.mkdir(parents=True)
    stamp = int(T.timestamp())
    record.write_text(f"{'0' * 40} {'1' * 40} P <p@x> {stamp + 65} +0000\tcommit: ours\n")
    transcript = tmp_path / "t.jsonl"
    transcript.write_text(line("user", "go on", 60) + "\n" + line("assistant", "", 70) + "\n")
    data = json.dumps({"transcript_path": str(transcript), "cwd": str(where)})
    ask(event_store, "SELECT append_event(%s, 'instance_registered', %s, occurred_at => %s)", STORED, data, T)
    for kind, said in (("user_message", {"content": "go on"}), ("commit_created", {"commit_hash": "1" * 40})):
        ask(event_store, "SELECT append_event(%s, %s, %s)", STORED, kind, json.dumps(said))
    with connected(event_store) as connection:
        found = compared.health(connection, STORED, Capture(), datetime.now(UTC))
    assert [(rate.kind, rate.happened, rate.missing) for rate in found.rates] == [
        ("user_message", 1, ()),
        ("commit", 1, ()),
    ]
