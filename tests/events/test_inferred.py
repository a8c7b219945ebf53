"""Ends that nobody reported: the process tells here, and silence elsewhere."""

from __future__ import annotations

import json
import os
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from rollout.errors import UsageError
from rollout.events.database import connected
from rollout.events.inferred import LastSign, end_if_over, patience, process_space, why_over
from tests.events.databases import INSTANCE, ask
from tests.events.shells import stored

NOW = datetime(2026, 2, 3, 18, 0, tzinfo=UTC)
LONG_AGO = NOW - timedelta(hours=3)
TWO_HOURS = timedelta(hours=2)


def own_start() -> str:
    return Path("/proc/self/stat").read_text().rpartition(") ")[2].split()[19]


def test_here_the_process_tells() -> None:
    here = process_space()
    lives = LastSign(LONG_AGO, os.getpid(), own_start(), here)
    assert why_over(lives, NOW, TWO_HOURS, here) is None
    reused = LastSign(NOW, os.getpid(), "1", here)
    assert why_over(reused, NOW, TWO_HOURS, here) == f"process {os.getpid()} is gone"
    with subprocess.Popen("true") as process:
        process.wait()
        assert why_over(LastSign(NOW, process.pid, "1", here), NOW, TWO_HOURS, here) is not None


@pytest.mark.parametrize("space", [None, "another boot/pid:[1]"])
def test_elsewhere_silence_tells(space: str | None) -> None:
    assert why_over(LastSign(NOW - timedelta(hours=1), 1, "1", space), NOW, TWO_HOURS, process_space()) is None
    said = why_over(LastSign(LONG_AGO, 1, "1", space), NOW, TWO_HOURS, process_space())
    assert said == "nothing was heard for 3.0 hours"


@pytest.mark.parametrize(("text", "minutes"), [("90m", 90), ("2h", 120), ("1d", 1440), (None, 120)])
def test_patience_is_read(text: str | None, minutes: int) -> None:
    assert patience(text) == timedelta(minutes=minutes)


@pytest.mark.parametrize("text", ["0h", "2 weeks", "-1h", "h", "2H"])
def test_what_is_no_duration_is_said(text: str) -> None:
    with pytest.raises(UsageError, match="stale_after"):
        patience(text)


def registered(url: str, pid: int) -> None:
    data = {"pid": pid, "pid_start": 1, "pid_space": process_space()}
    ask(url, "SELECT append_event(%s, 'instance_registered', %s)", INSTANCE, json.dumps(data))
    ask(url, "SELECT append_event(%s, 'spawn', '{\"description\": \"step 1\"}')", INSTANCE)


def test_a_session_is_ended_once_and_its_subagents_were_cut_off(event_store: str) -> None:
    registered(event_store, 2**22 + 1)
    with connected(event_store) as connection:
        reasons = [end_if_over(connection, INSTANCE, TWO_HOURS, datetime.now(UTC)) for _ in range(2)]
    assert reasons == [f"process {2**22 + 1} is gone", None]
    assert stored(event_store, instance=INSTANCE)[2:] == ["task_failed", "session_end"]
    answer = ask(event_store, "SELECT event_resume(%s)", INSTANCE)[0][0]
    assert (answer["subagents_in_flight"], answer["interrupted"][0]["description"]) == ([], "step 1")
    assert answer["session"]["status"] == "closed"


def test_who_may_only_read_ends_nothing(event_store: str) -> None:
    registered(event_store, 2**22 + 1)
    role = "reader_" + str(ask(event_store, "SELECT current_database()")[0][0])
    ask(event_store, f"CREATE ROLE {role}; GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}")
    with connected(event_store) as connection:
        connection.execute(f"SET ROLE {role}".encode())
        assert end_if_over(connection, INSTANCE, TWO_HOURS, datetime.now(UTC)) is None
    ask(event_store, f"DROP OWNED BY {role}; DROP ROLE {role}")
    assert len(stored(event_store, instance=INSTANCE)) == 2
