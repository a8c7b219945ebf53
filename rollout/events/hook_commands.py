"""The commands that an agent's settings call at an event, and a payload as the agent would send it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from rollout.events.readable import parse

# Two agents call the same scripts, and their settings have the same shape.
SETTINGS = (".claude/settings.json", ".codex/hooks.json")
PAYLOADS: dict[str, dict[str, object]] = {
    "SessionStart": {"source": "startup"},
    "UserPromptSubmit": {"prompt": "a message of the proof"},
    "PreToolUse": {"tool_name": "Bash", "tool_input": {"command": "true"}},
    "PostToolUse": {"tool_name": "Bash", "tool_input": {"command": "true"}, "tool_response": {"stdout": ""}},
    "PostToolUseFailure": {"tool_name": "Bash", "tool_input": {"command": "false"}, "error": "exit code 1"},
    "SubagentStart": {"agent_type": "general-purpose"},
    "SubagentStop": {"agent_type": "general-purpose", "stop_hook_active": False},
    "Stop": {"stop_hook_active": False},
    "PreCompact": {"trigger": "auto"},
    "SessionEnd": {"reason": "other"},
}


@dataclass(frozen=True, slots=True)
class HookCommand:
    """One command, the event that calls it, and the line on which it stands."""

    event: str
    command: str
    line: int
    seconds: float

    def payload(self, folder: str) -> str:
        """Return what the agent would send to the command's standard input."""
        common = {"session_id": str(uuid4()), "transcript_path": "/dev/null", "cwd": folder}
        return json.dumps(common | {"hook_event_name": self.event} | PAYLOADS.get(self.event, {}))


class NotSettings(ValueError):
    """The text is not a settings file; the error's text says why."""


def commands(text: str) -> tuple[HookCommand, ...]:
    """Return every command that the settings name; raise NotSettings for what an agent would silently ignore."""
    try:
        settings: Any = parse(text)
        return tuple(_commands(settings.get("hooks") or {}, text))
    except json.JSONDecodeError as error:
        raise NotSettings(f"is not JSON: {error.msg} in line {error.lineno}") from None
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise NotSettings(
            f"its hooks do not have the shape that an agent reads ({type(error).__name__}: {error})"
        ) from None


def _commands(hooks: dict[str, Any], text: str) -> Iterator[HookCommand]:
    lines = text.splitlines()
    for event, groups in hooks.items():
        if not isinstance(groups, list):
            raise TypeError(f"{event} takes a list")
        for group in groups:
            for hook in group["hooks"]:
                if hook.get("type") == "command":
                    command, limit = str(hook["command"]), hook.get("timeout", 60)
                    written = json.dumps(command)
                    line = next((n for n, line in enumerate(lines, 1) if written in line), 1)
                    yield HookCommand(event, command, line, float(str(limit)))
