"""The tools of `rollout events mcp`: through the spool, every error names its session, and a real client is served."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from rollout.errors import RolloutError
from rollout.events.database import connected
from rollout.events.mcp_tools import Tools
from rollout.events.spool import count_waiting
from tests.events.databases import INSTANCE, ask
from tests.events.shells import silent_server, slack, stored


@pytest.fixture
def tools(event_store: str, tmp_path: Path) -> Tools:
    return Tools(lambda: connected(event_store), tmp_path / "spool")


def test_an_agent_registers_logs_and_resumes(tools: Tools, event_store: str) -> None:
    instance = tools.register_instance("consilio", "MS", "odin4")
    assert "stored" in tools.emit_event(instance, "user_message", {"content": "build the login"})
    assert "stored" in tools.log_event("commit", {"message": "feat: é"}, instance, {"tags": ["x"]})
    assert "build the login" in tools.resume(instance) == tools.smart_resume_context(instance)
    assert "feat: é" in tools.tail(instance, 1)
    assert instance in tools.sessions("consilio")
    assert tools.sessions("odin") == "no session has logged"
    assert ask(event_store, "SELECT host_machine, instance_type FROM supervisor_sessions") == [("odin4", "MS")]


def test_with_the_database_away_the_event_is_kept(tmp_path: Path) -> None:
    away = Tools(lambda: connected("postgresql://x@127.0.0.1:1/x"), tmp_path / "spool")
    assert "kept on disk and will be delivered" in away.log_event("commit", {}, INSTANCE)
    assert count_waiting(tmp_path / "spool") == 1
    with pytest.raises(RolloutError, match=INSTANCE):
        away.resume(INSTANCE)


@pytest.mark.parametrize("instance", ["nobody", "Consilio-PS-a1b2c3", "x" * 40 + "-PS-a1b2c3", "a\n-PS-a1b2c3"])
def test_what_would_be_refused_for_good_is_said_and_not_logged(tools: Tools, instance: str) -> None:
    with pytest.raises(RolloutError, match="does not fit"):
        tools.log_event("commit", {}, instance)
    with pytest.raises(RolloutError, match="does not fit"):
        tools.emit_event(instance, "commit")
    with pytest.raises(RolloutError, match="does not fit"):
        tools.register_instance(f"Project {instance}")
    assert count_waiting(tools.folder) == 0


def test_an_error_names_the_session(tools: Tools) -> None:
    with pytest.raises(RolloutError, match=INSTANCE):
        tools.resume(INSTANCE)
    assert tools.tail(INSTANCE) == f"{INSTANCE}: no events"


def test_an_event_needs_a_type(tools: Tools) -> None:
    with pytest.raises(RolloutError, match=f"{INSTANCE}: an event needs a type"):
        tools.emit_event(INSTANCE, "")
    assert count_waiting(tools.folder) == 0


def test_a_database_that_is_silent_does_not_hold_up_an_agent(tmp_path: Path) -> None:
    with silent_server() as port:
        silent = Tools(lambda: connected(f"postgresql://x@127.0.0.1:{port}/x"), tmp_path / "spool")
        before = time.monotonic()
        said = silent.log_event("commit", {}, INSTANCE)
    assert ("kept on disk and will be delivered" in said, time.monotonic() - before < 2 * slack() + 2) == (True, True)


ARGUMENTS = {
    "resume": {"instance_id"},
    "smart_resume_context": {"instance_id"},
    "log_event": {"event_type", "event_data", "instance_id", "metadata"},
    "emit_event": {"instance_id", "event_type", "event_data"},
    "register_instance": {"project", "instance_type", "host_machine"},
    "sessions": {"project"},
    "tail": {"instance_id", "count"},
}
Said = list[tuple[bool, str]]


def _text(parts: Sequence[object]) -> str:
    from mcp.types import TextContent

    return "".join(part.text for part in parts if isinstance(part, TextContent))


def talked(url: str, folder: Path, calls: list[tuple[str, dict[str, Any]]]) -> tuple[dict[str, set[str]], Said]:
    """Let the SDK's own client call tools of the server, and return their arguments, and what each call said."""
    pytest.importorskip("mcp", reason="the extra git-rollout[mcp] is not installed")
    from mcp import ClientSession, StdioServerParameters
    from mcp.client.stdio import stdio_client

    environment = {**os.environ, "ROLLOUT_DATABASE_URL": url, "ROLLOUT_SPOOL": str(folder / "spool")}
    server = StdioServerParameters(
        command=sys.executable, args=["-m", "rollout", "events", "mcp"], env=environment, cwd=folder
    )
    heard = (folder / "heard").open("w")

    async def talk() -> tuple[dict[str, set[str]], Said]:
        async with stdio_client(server, errlog=heard) as (reading, writing), ClientSession(reading, writing) as client:
            await client.initialize()
            tools = {tool.name: set(tool.inputSchema["properties"]) for tool in (await client.list_tools()).tools}
            answers = [await client.call_tool(name, given) for name, given in calls]
            return tools, [(bool(one.isError), _text(one.content)) for one in answers]

    answer = asyncio.run(asyncio.wait_for(talk(), 60))
    heard.close()
    assert "Traceback" not in (folder / "heard").read_text()
    return answer


def test_a_real_client_is_served(event_store: str, tmp_path: Path) -> None:
    subprocess.run(("git", "init", "-q", "-b", "main", str(tmp_path)), check=True)
    hi: dict[str, Any] = {"event_type": "user_message", "event_data": {"content": "hi"}, "instance_id": INSTANCE}
    goal = {"instance_id": INSTANCE, "event_type": "goal", "event_data": {"text": "a login"}}
    tools, said = talked(
        event_store,
        tmp_path,
        [
            ("register_instance", {"project": "odin", "instance_type": "MS", "host_machine": "odin4"}),
            ("log_event", hi | {"metadata": {"tags": ["x"]}}),
            ("emit_event", goal),
            ("resume", {"instance_id": INSTANCE}),
            ("smart_resume_context", {"instance_id": INSTANCE}),
            ("tail", {"instance_id": INSTANCE, "count": 1}),
            ("sessions", {"project": "odin"}),
        ],
    )
    assert tools == ARGUMENTS
    assert [failed for failed, _ in said] == [False] * 7
    registered, logged, _, page, again, tail, sessions = (text for _, text in said)
    assert re.fullmatch(r"odin-MS-[0-9a-f]{6}", registered)
    assert logged == f"{INSTANCE}: user_message is stored"
    assert ("**Goal**: a login" in page, "branch main" in page, page == again) == (True, True, True)
    assert ("a login" in tail, "hi" in tail, registered in sessions) == (True, False, True)
    assert stored(event_store, instance=INSTANCE) == ["user_message", "goal"]


def test_a_real_client_is_told_which_session_is_wrong_and_the_server_goes_on(event_store: str, tmp_path: Path) -> None:
    calls = [
        ("resume", {"instance_id": INSTANCE}),
        ("resume", {}),
        ("log_event", {"event_type": "commit", "instance_id": "nobody"}),
        ("register_instance", {"project": "odin", "instance_type": "XX"}),
        ("log_event", {"event_type": "commit", "instance_id": INSTANCE}),
    ]
    _, said = talked(event_store, tmp_path, calls)
    assert [failed for failed, _ in said] == [True, True, True, True, False]
    assert all(name in text for name, (_, text) in zip((INSTANCE, "instance_id", "nobody", "XX"), said, strict=False))
    assert stored(event_store, instance=INSTANCE) == ["commit"]


def test_a_real_client_is_told_that_an_event_waits(tmp_path: Path) -> None:
    calls = [("log_event", {"event_type": "commit", "instance_id": INSTANCE})]
    [(failed, text)] = talked("postgresql://x@127.0.0.1:1/x", tmp_path, calls)[1]
    assert (failed, "kept on disk and will be delivered" in text, INSTANCE in text) == (False, True, True)
    assert count_waiting(tmp_path / "spool") == 1
