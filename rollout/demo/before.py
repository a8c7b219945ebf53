"""What the demo's repositories say before the rollout: instructions for agents that name the wrong table."""

from __future__ import annotations

from collections.abc import Mapping

META = "supervisor-service-s"

_IDENTITY = """\
# Who you are

You lead the work on one project. You plan, hand tasks to subagents and check what they bring back.
"""

_CONTINUITY = """\
# Session continuity

A session can end at any moment. The next one has to know what you were doing.

## Confirm the session

Name your instance id in the first answer.

## Event Logging

Log every step yourself:

```sql
INSERT INTO command_log (instance_id, command_type, action)
VALUES ('your-id', 'epic_start', 'epic-003');
```

## Footer

End each answer with the instance id, the epic and the context left.
"""

_META = """\
# The supervisor of the supervisors

You look after the instructions that all of them share.
"""

_MACHINE = """\
# Machine configuration

This file is about the machines of {name}.

## Connection Variables

```bash
export PGHOST=localhost PGPORT=5434
```

## Ports

The service of {name} listens on port {port}.
"""


def files(name: str, number: int) -> Mapping[str, str]:
    """Return the files of one repository; `CLAUDE.md` is put together from its parts, which is what agents load."""
    core = {".supervisor-core/01-identity.md": _IDENTITY, ".supervisor-core/13-session-continuity.md": _CONTINUITY}
    meta = {".supervisor-meta/00-meta-identity.md": _META} if name == META else {}
    own = {".supervisor-specific/03-machine-config.md": _MACHINE.format(name=name, port=5100 + number)}
    loaded = "\n\n".join(part.strip() for part in (core | meta | own).values()) + "\n"
    kept = core | meta | own if name == META else own
    return {"README.md": f"# {name}\n", "src/app.py": "print('hello')\n", "CLAUDE.md": loaded, **kept}


_SUBAGENT = """\
---
task_type: {category}
estimated_tokens: medium
complexity: medium
keywords: [{category}]
---

# {title}

{{{{TASK_DESCRIPTION}}}}

## Event Logging

```sql
INSERT INTO command_log (instance_id, command_type, action) VALUES ('your-id', '{category}', 'start');
```

## Done when

The tests pass and you have said what you left out.
"""

_SUBAGENTS = ("implementation/implement-feature", "deployment/deploy-service-local", "bmad/implement-task")


def shared_files() -> Mapping[str, str]:
    """Return the commands of the subagents, which are in no repository."""
    return {
        f".claude/commands/subagents/{name}.md": _SUBAGENT.format(
            category=name.partition("/")[0], title=name.partition("/")[2].replace("-", " ").capitalize()
        )
        for name in _SUBAGENTS
    }
