"""The first user's world, made of parts of our own: five repositories, the shared folder, what reads them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests import upstream
from tests.world import Ran, World

ROOT = Path(__file__).resolve().parent.parent

META = "supervisor-service-s"
REPOSITORIES = (META, "consilio-s", "health-agent-s", "odin-s", "openhorizon-s")
ODIN3, ODIN4 = "gcp-odin3-vm", "gcp-odin4-vm"

CONTINUITY = ".supervisor-core/13-session-continuity.md"
MACHINE_CONFIG = ".supervisor-specific/03-machine-config.md"
LIMIT = 40_000  # characters of a CLAUDE.md, by the user's own rule

# The parts that are none of ours, with the size that each has there; a CLAUDE.md has 41,075 characters of them.
SIZES = {
    ".supervisor-core/01-identity.md": 2868,
    ".supervisor-core/02-workflow.md": 1202,
    ".supervisor-core/03-structure.md": 1462,
    ".supervisor-core/04-tools.md": 1441,
    ".supervisor-core/05-autonomous-supervision.md": 2524,
    ".supervisor-core/06-terminology.md": 1523,
    ".supervisor-core/07-deployment-documentation.md": 1794,
    ".supervisor-core/08-port-ranges.md": 855,
    ".supervisor-core/09-tunnel-management.md": 1072,
    ".supervisor-core/10-secrets-workflow.md": 968,
    ".supervisor-core/11-handoff-workflow.md": 663,
    ".supervisor-core/12-automatic-quality-workflows.md": 2056,
    ".supervisor-core/14-deployment-safety.md": 1797,
    ".supervisor-core/QUICK-START.md": 776,
    ".supervisor-core/README.md": 1396,
    ".supervisor-meta/00-meta-identity.md": 1078,
    ".supervisor-meta/01-meta-focus.md": 1245,
    ".supervisor-meta/02-dependencies.md": 1238,
    ".supervisor-meta/03-patterns.md": 1191,
    ".supervisor-meta/04-port-allocations.md": 2374,
    ".supervisor-specific/02-deployment-status.md": 2121,
}


def filled(text: str, size: int) -> str:
    """Return a text with lines added at its end, so that it is as long as the user's own."""
    bare = text.rstrip("\n")
    end = text[len(bare) :]
    missing = size - len(text)
    lines = "".join(f"\n* one more rule, number {number}, that somebody keeps" for number in range(missing // 40 + 1))
    return bare + lines[:missing] + end


_FENCED = "```bash\n## Event Logging\npsql -c \"INSERT INTO command_log (instance_id) VALUES ('$INSTANCE_ID')\"\n```\n"

BEFORE_EVENTS = """\
# Session continuity

Look for what the hook prints:

```
## Event Logging
🔄 **Session Auto-Registered**
✅ Instance: `[project]-PS-[id]`
```

Else register: `mcp_meta_register_instance` (project, instance_type, host_machine),
and confirm: `✅ Registered: [id]@[machine]`.

## Footer

Every response ends in:

```
Instance: {id}@{machine} | Epic: {epic} | Context: {%}% | Active: {hours}h
[Use "resume {id}" to restore this session]
```

## Heartbeat

Every 5 to 10 responses: context percent, epic, time.

"""
OLD_EVENTS = filled(
    f"""\
## Event Logging

Call `mcp_meta_log_command`, or:

{_FENCED}
### What to log

* epics, commits, spawns, deployments, errors

### What not to log

---

* file reads, greps, routine checks

""",
    839,
)
AFTER_EVENTS = filled(
    """\
## Resume

On `resume {instance_id}` call `mcp_meta_smart_resume_context`.

## Reference

The complete guide: `/home/samuel/sv/docs/guides/session-continuity-guide.md`
""",
    4844 - len(BEFORE_EVENTS) - len(OLD_EVENTS),
)

BEFORE_MACHINES = """\
# Machine configuration

## Services on odin3

PostgreSQL 5434, MCP server 8081, tunnels, secrets, port allocation.

"""
OLD_CONNECTION = filled(
    """\
## Connection Setup

```bash
HOST_MACHINE=$(hostname)
if [[ "$HOST_MACHINE" == "odin4"* ]]; then PGHOST=odin3; else PGHOST=localhost; fi
export HOST_MACHINE PGHOST PGPORT=5434
```

---

## Session Registration

INSERT INTO supervisor_sessions, by hand.

""",
    677 + 525,
)
HEARTBEAT = "## Heartbeat\n\nUPDATE supervisor_sessions, every 5 to 10 responses.\n\n"
OLD_LOGGING = filled(f"## Event Logging\n\n{_FENCED}\n", 331)
OLD_MACHINES = filled("## Supported Machines\n\n| Machine | Connection |\n|---|---|\n| odin4 | odin3:5434 |\n\n", 265)
VERIFICATION = filled("## Verification\n\n```bash\npsql -h $PGHOST -p $PGPORT -c 'SELECT now()'\n```\n", 673)
OLD_CONFIG = BEFORE_MACHINES + OLD_CONNECTION + HEARTBEAT + OLD_LOGGING + OLD_MACHINES + VERIFICATION

# What tells how to do the old thing, and what may go on saying that it was so.
INSTRUCTING = {
    META: (
        "docs/SESSION_CONTINUITY_QUICK_REFERENCE.md",
        "docs/multi-machine-deployment-summary.md",
        "docs/session-logging-implementation.md",
        "test-session.mjs",
    ),
    "shared": (
        "docs/guides/session-continuity-guide.md",
        "docs/quick-start-session-logging.md",
        "docs/testing/multi-machine-connection-test.sh",
    ),
}
_RECORDS = (
    ".bmad/features/session-continuity/prd.md",
    "migrations/0007_command_log.sql",
    "src/session/CommandLogger.ts",
    "tests/unit/session/CommandLogger.test.ts",
    "docs/archive/LOGGING.md",
    "DEPLOYMENT-COMPLETE.md",
)
_OLD = {
    ".sh": '#!/bin/bash\nif [[ "$HOST" == "odin4"* ]]; then psql -h odin3; fi\n',
    ".md": "Log so:\n\n    INSERT INTO command_log (instance_id) VALUES ('x');\n",
    ".ts": "await query(`INSERT INTO command_log (instance_id) VALUES ($1)`)\n",
    ".mjs": "await query(`INSERT INTO command_log (instance_id) VALUES ($1)`)\n",
    ".sql": "CREATE TABLE command_log (id bigserial);\nINSERT INTO command_log VALUES (1);\n",
}

SUBAGENTS = ("implementation/implement-feature", "deployment/deploy-service-local", "bmad/implement-task")
_SUBAGENT = f"""\
---
description: {{name}}
task_type: {{category}}
estimated_tokens: large
complexity: complex
keywords: [{{category}}, work]
---

# {{{{{{{{TASK_DESCRIPTION}}}}}}}}

In {{{{{{{{PROJECT_PATH}}}}}}}}, for {{{{{{{{EPIC_ID}}}}}}}}, by {{{{{{{{PLAN_FILE}}}}}}}}. {{{{{{{{CONTEXT}}}}}}}}

{{rules}}
## Event Logging

{_FENCED}
## Result

{{{{{{{{VALIDATION_COMMANDS}}}}}}}}, then one JSON object.
""".replace("{{{{", "{{").replace("}}}}", "}}")


def prose(path: str, size: int) -> str:
    """Return text of a size, different for every path."""
    line = f"* a rule of {path}, number %04d, which somebody wrote and somebody keeps\n"
    text = f"# {Path(path).stem}\n\n" + "".join(line % number for number in range(size // len(line) + 1))
    return text[: size - 1] + "\n"


def subagent(name: str) -> str:
    category = name.partition("/")[0]
    rules = prose(name, 26_000 if category == "deployment" else 6_000)
    return _SUBAGENT.format(name=name, category=category, rules=rules)


def machine_config(name: str) -> str | None:
    """Return how a repository's file was: one with CRLF, one with headings of the other form, one without the file."""
    match name:
        case "health-agent-s":
            return OLD_CONFIG.replace("\n", "\r\n")
        case "odin-s":
            return OLD_CONFIG.replace("## Connection Setup\n", "Connection Variables\n---\n")
        case "openhorizon-s":
            return None
    return OLD_CONFIG


def files_of(name: str) -> dict[str, str]:
    """Return the files of one repository as they were before."""
    found = {"README.md": f"# {name}\n", "CLAUDE.md": "<!-- generated 2026-02-03 -->\n\n# Old\n"}
    if name == META:
        found |= {path: prose(path, size) for path, size in SIZES.items()}
        found[CONTINUITY] = BEFORE_EVENTS + OLD_EVENTS + AFTER_EVENTS
        found[".supervisor-core/04-tools.md"] = "\ufeff\u00a0\n" + found[".supervisor-core/04-tools.md"] + "\n\u2003\n"
        found |= {path: _OLD[Path(path).suffix] for path in (*INSTRUCTING[META], *_RECORDS)}
    else:
        found[".supervisor-specific/01-project.md"] = f"\n# {name}\n\nWhat it is.\n\n"
    config = machine_config(name)
    return found if config is None else found | {MACHINE_CONFIG: config}


@dataclass(frozen=True)
class Supervisors:
    """The five repositories and the shared folder, to which the project's own inventory is rolled out."""

    world: World

    def run(self, *arguments: str, host: str = ODIN3) -> Ran:
        where = ("-i", str(ROOT / "inventory.yaml"), "--root", str(self.world.root), "--hostname", host)
        return self.world.run(*arguments, *where, write=False)

    def text(self, name: str, path: str) -> str:
        """Return a file as upstream has it, to the byte."""
        return _shown(self.world, name, path)

    def shared(self, path: str) -> str:
        return (self.world.root / path).read_bytes().decode()

    def assembled(self, name: str) -> str:
        """Return the CLAUDE.md that the user's own program makes of what upstream has now."""
        return assembled(self._parts(name), self._parts(META), name)

    def _parts(self, name: str) -> dict[str, str]:
        layers = (".supervisor-core", ".supervisor-meta", ".supervisor-specific")
        listed = self.world.git(f"{name}.git", "ls-tree", "-r", "--name-only", "main", *layers)
        return {path: self.text(name, path) for path in listed.splitlines()}


def _shown(world: World, name: str, path: str) -> str:
    found = upstream.entry(world.root / f"{name}.git", "main", path)
    assert found is not None, path
    return found[1].decode()


def built(folder: Path) -> Supervisors:
    """Make the first user's world in a folder."""
    world = World(folder)
    for name in REPOSITORIES:
        world.checkout(name, files_of(name))
    world.write(".", {f".claude/commands/subagents/{name}.md": subagent(name) for name in SUBAGENTS})
    world.write(".", {path: _OLD[Path(path).suffix] for path in INSTRUCTING["shared"]})
    return Supervisors(world)


# --- the user's own programs, by their description

_BLANKS = "\t\n\v\f\r \u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"


def _trimmed(text: str) -> str:
    return re.sub(rf"\A[{_BLANKS}]+|[{_BLANKS}]+\Z", "", text)


def assembled(own: Mapping[str, str], meta: Mapping[str, str], name: str) -> str:
    """Put a CLAUDE.md together: a header with the sources and the time, then the layers in their order."""
    core = own if any(path.startswith(".supervisor-core/") for path in own) else meta
    parts: dict[str, str] = {}
    for layer, texts in ((".supervisor-core", core), (".supervisor-meta", own), (".supervisor-specific", own)):
        for path in sorted(path for path in texts if Path(path).parent.name == layer and path.endswith(".md")):
            if name == META or layer != ".supervisor-core" or Path(path).name not in ("README.md", "QUICK-START.md"):
                parts[f"/home/samuel/sv/{name}/{path}"] = _trimmed(texts[path])
    listed = "\n".join(f"  - {path}" for path in parts)
    head = (
        f"<!-- AUTO-GENERATED -->\n<!-- Do not edit. Sources: -->\n<!-- {listed} -->\n<!-- 2026-02-06T07:47:15.495Z -->"
    )
    return "\n\n".join((head, *parts.values()))


def command(text: str, values: Mapping[str, str]) -> tuple[dict[str, str], str] | None:
    """Read a sub-agent's file as the tool does: dropped without `task_type`, the rest filled in."""
    found = re.match(r"---\n(.*?)\n---\n(.*)\Z", text, re.DOTALL)
    keys = dict(re.findall(r"^(\w+): (.*)$", found[1], re.MULTILINE)) if found else {}
    if found is None or "task_type" not in keys:
        return None
    return keys, re.sub(r"\{\{(\w+)\}\}", lambda name: values[name[1]], found[2])
