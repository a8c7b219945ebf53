"""The tools of `rollout events mcp`: through the spool, every error names its session, and a real client is served."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import pytest

from rollout.errors import RolloutError
from rollout.events.database import connected
from rollout.events.mcp_tools import Tools
from rollout.events.spool import count_waiting
from tests.events.databases import INSTANCE, ask
from tests.events.shells import stored


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


def test_an_error_names_the_session(tools: Tools) -> None:
    with pytest.raises(RolloutError, match=INSTANCE):
        tools.resume(INSTANCE)
    assert tools.tail(INSTANCE) == f"{INSTANCE}: no events"


def test_a_real_client_is_served(event_store: str, tmp_path: Path) -> None:
    pytest.importorskip("mcp", reason="the extra git-rollout[mcp] is not installed")
    from mcp import ClientSession, StdioServerParameters
    from mcp.client.stdio import stdio_client

    environment = {**os.environ, "ROLLOUT_DATABASE_URL": event_store, "ROLLOUT_SPOOL": str(tmp_path / "spool")}
    server = StdioServerParameters(command=sys.executable, args=["-m", "rollout.events", "mcp"], env=environment)

    async def talk() -> tuple[set[str], str]:
        async with stdio_client(server) as (reading, writing), ClientSession(reading, writing) as client:
            await client.initialize()
            names = {tool.name for tool in (await client.list_tools()).tools}
            logged = {"event_type": "user_message", "event_data": {"content": "hi"}, "instance_id": INSTANCE}
            await client.call_tool("log_event", logged)
            return names, str(await client.call_tool("resume", {"instance_id": INSTANCE}))

    names, page = asyncio.run(talk())
    assert {"resume", "log_event", "sessions", "tail", "register_instance", "emit_event"} <= names
    assert "hi" in page
    assert stored(event_store, instance=INSTANCE) == ["user_message"]
