"""One wrong word in a template, and the rollout is blocked: table, column, function, type, host, port, path."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from itertools import islice
from pathlib import Path

import pytest

from rollout.demo.postgres.server import Server
from rollout.events import documents, fences
from rollout.events.bench import RolledOut
from tests.events.first_user_files import Files, copied, rendered
from tests.events.render import TEMPLATES
from tests.first_rows import first_rows

GUIDE = "shared/docs/guides/ps-event-logging-guide.md.j2"

MIGRATION = "shared/docs/MIGRATION-event-store-2026-02-03.md.j2"

CONTINUITY = "shared/docs/testing/session-continuity-test.md.j2"

MACHINE = "project/.supervisor-specific/03-machine-config.md.j2"

TASK = "shared/.claude/commands/subagents/deployment/deploy-service-local.md.j2"
# What a document may have wrong: tables, columns, functions, types and paths, wherever a template names them.
WORDS = re.compile(
    r"\b(?:event_store|supervisor_sessions|event_rejects|event_types|event_id|instance_id|event_type|sequence_num|"
    r"event_data|parent_uuid|root_uuid|depth|created_at|host_machine|last_heartbeat|current_epic|rejected_at|"
    r"event_resume|log_event|log-event\.sh|event-hook\.sh|known_hosts|pg_host|pg_port|pg_database)\b"
)


@dataclass(frozen=True)
class Mutation:
    """One change of one template."""

    template: str
    was: str
    now: str

    def __str__(self) -> str:
        return f"{Path(self.template).name.partition('.')[0]}: {self.was} -> {self.now}"


SAMPLE = (
    Mutation("_parts/query.md.j2", "FROM event_store", "FROM command_log"),
    Mutation(GUIDE, "event_data ->> 'error_type'", "data ->> 'error_type'"),
    Mutation("_parts/resume-short.md.j2", "event_resume", "resume_event"),
    Mutation("_parts/flush.md.j2", "/.claude/helpers/", "/.claude/helper/"),
    Mutation("_parts/machine.sh.j2", "{{ machine.vars.pg_host }}", "localhost"),
    Mutation("_parts/machine.sh.j2", "{{ machine.vars.pg_port }}", "5432"),
    Mutation("_parts/claims.sh.j2", "machine.hostnames if \"*\" in known", "machine.hostnames if \"+\" in known"),
    Mutation("_parts/resume-test.md.j2", 'log_event "epic_start"', 'log_event "epic_begin"'),
    Mutation(GUIDE, "WHERE event_type = 'error'", "WHERE event_type = 'errors'"),
    Mutation(MACHINE, "/.claude/helpers/connect.sh", "/.claude/helpers/connected.sh"),
    Mutation("core/.supervisor-core/13-session-continuity.md.j2", 'fields("goal"', 'fields("gaol"'),
    Mutation("project/.claude/settings.json.j2", "event-hook.sh", "hook.sh"),
    Mutation("shared/.claude/helpers/log-event.sh.j2", "COPY event_intake", "COPY command_log"),
)  # fmt: skip
_MORE = (  # of the same kinds
    Mutation("_parts/query.md.j2", "sequence_num, timestamp", "sequence_number, timestamp"),
    Mutation("_parts/flush.md.j2", "log-event.sh", "log_event.sh"),
    Mutation("_parts/events.j2", "/.claude/helpers/log-event.sh", "/.claude/log-event.sh"),
    Mutation("_parts/events.j2", 'log_event "', 'log_events "'),
    Mutation("_parts/resume-test.md.j2", "'open_epics'", "'epics_open'"),
    Mutation(GUIDE, "FROM supervisor_sessions", "FROM sessions"),
    Mutation(GUIDE, 'log_event "error"', 'log_event "warning"'),
    Mutation(MIGRATION, "root_uuid, depth\nFROM", "root_id, depth\nFROM"),
    Mutation(CONTINUITY, "event_type = 'user_message' AND", "event_type = 'message' AND"),
    Mutation(CONTINUITY, "FROM supervisor_sessions", "FROM supervisor_session"),
    Mutation(TASK, 'fields("deploy_failed"', 'fields("deploy_broken"'),
)  # fmt: skip


@pytest.fixture(autouse=True)
def psql(postgres: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put this server's psql first."""
    monkeypatch.setenv("PATH", f"{postgres.bin}:{os.environ['PATH']}")


@cache
def unchanged() -> Files:
    return rendered()


@first_rows(5, "mutation", [*SAMPLE, *(pytest.param(one, marks=pytest.mark.long) for one in _MORE)], ids=str)
def test_one_wrong_word_is_found(mutation: Mutation, empty_database: str, tmp_path: Path) -> None:
    assert found(mutation, empty_database, tmp_path)


@pytest.mark.long
@pytest.mark.parametrize("eighth", range(8))  # all of them at once take minutes of one worker
def test_every_wrong_word_is_found(eighth: int, empty_database: str, tmp_path: Path) -> None:
    survivors = []
    for number, (template, text) in enumerate(islice(every_mutation(), eighth, None, 8)):
        folder = tmp_path / str(number)
        folder.mkdir()
        (copied(folder) / "templates" / template).write_text(text)
        changed = rendered(folder)
        if differs(changed) and not is_found(changed, empty_database):
            survivors.append((template, [block.text for file in interesting(changed) for block in blocks(file)]))
    assert survivors == []


def found(mutation: Mutation, url: str, folder: Path) -> bool:
    place = copied(folder) / "templates" / mutation.template
    text = place.read_text()
    assert mutation.was in text
    place.write_text(text.replace(mutation.was, mutation.now, 1))
    changed = rendered(folder)
    assert differs(changed), "the change is in nothing that is executed"
    return is_found(changed, url)


def differs(changed: Files) -> bool:
    return bool(changed.unrendered) or bool(interesting(changed))


def is_found(changed: Files, url: str) -> bool:
    """Tell whether the change is found: by rendering, or by running the blocks that it changed."""
    if changed.unrendered:
        return True
    documented = interesting(changed)
    rest = [replace(file, owner="") for file in changed.files]
    return documents.prove(url, [*documented, *rest], changed.declared, {file.owner for file in documented}) != ()


def interesting(changed: Files) -> list[RolledOut]:
    """Return the documents with nothing but the blocks that are not as they were; of equal ones, the first."""
    known = {block.text for file in unchanged().files for block in blocks(file)}
    seen: set[str] = set()
    made = []
    for file in changed.files:
        new = [block for block in blocks(file) if block.text not in known | seen and block.no_run is None]
        if new:
            seen |= {block.text for block in new}
            text = "".join(f"```{block.language}\n{block.text}```\n" for block in new)
            made.append(replace(file, content=text.encode()) if file.path.endswith(".md") else file)
    if not made and script_changed(changed):
        made = [file for file in changed.files if file.path == "docs/QUICK-REF-event-logging.md"]
    return made


def blocks(file: RolledOut) -> Iterator[fences.FencedBlock]:
    """Yield what is executed of a file; a settings file is one block."""
    if file.path.endswith(".md"):
        yield from fences.blocks(file.content.decode())
    elif file.path.endswith("settings.json"):
        yield fences.FencedBlock(1, "json", file.content.decode())


def script_changed(changed: Files) -> bool:
    before = {file.path: file.content for file in unchanged().files if file.path.endswith(".sh")}
    return any(before.get(file.path, file.content) != file.content for file in changed.files)


def every_mutation() -> Iterator[tuple[str, str]]:
    """Yield every template with one of its words changed."""
    for path in sorted(TEMPLATES.rglob("*.j2")):
        if path.name.endswith(".sh.j2") and path.parent.name != "_parts":
            continue  # scripts have tests of their own
        text = path.read_text()
        for word in WORDS.finditer(text):
            yield path.relative_to(TEMPLATES).as_posix(), text[: word.end() - 1] + "q" + text[word.end() :]
