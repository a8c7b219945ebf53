"""Proves documents: each command and query that they tell people to run is run, before they are rolled out.

What is run, where, and what is mapped is described in docs/event-documents.md.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Event
from typing import TYPE_CHECKING, assert_never

from rollout.events import fences, hook_commands, spool
from rollout.events.bench import SECONDS, Bench, Declared, RolledOut, bench
from rollout.events.fences import FencedBlock
from rollout.events.hook_commands import HookCommand, NotSettings
from rollout.events.queries import query

if TYPE_CHECKING:
    import psycopg

SUFFIXES = (".md", ".markdown", ".mdc", ".mdx", ".mdown", ".mkd")
SHELLS = {"bash": ("bash", "-eo", "pipefail", "-c"), "sh": ("bash", "--posix", "-eo", "pipefail", "-c")}
# Blocks mostly wait for psql to start, so there may be more of them than processors.
AT_ONCE = min(8, 2 * (os.cpu_count() or 1))
# An agent gives a hook less; whether it keeps to that, a busy machine cannot tell.
HOOK_SECONDS = 15.0
SCRIPT = "proof-PS-script"
# Types that a text names: compared with, or logged.
NAMED_TYPES = re.compile(
    r"""\bevent_type\s*(?:=|<>|!=|\bIN\s*\(|\bNOT\s+IN\s*\()\s*(?P<list>'[^']*'(?:\s*,\s*'[^']*')*)"""
    r"""|\blog_event\s+(?P<quote>["'])(?P<logged>[A-Za-z][\w.-]*)(?P=quote)""",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class DocumentFault:
    """A fault in a document, and its line."""

    owner: str
    path: str
    line: int
    complaint: str


@dataclass(frozen=True, slots=True)
class _Trial:
    """One thing to run for all the documents that contain it: where it is, and as whom it runs."""

    places: tuple[tuple[RolledOut, int], ...]
    what: FencedBlock | HookCommand
    instance: str

    @property
    def folder(self) -> str:
        return self.places[0][0].folder

    def faults(self, complaint: str, further: int = 0) -> Iterator[DocumentFault]:
        kind = f"{self.what.language} block" if isinstance(self.what, FencedBlock) else f"{self.what.event} hook"
        for file, line in self.places:
            yield DocumentFault(file.owner, file.path, line + further, f"{kind}: {complaint}")


def prove(
    url: str,
    files: Sequence[RolledOut],
    declared: Declared,
    owners: Collection[str] | None = None,
    stop: Event | None = None,
) -> tuple[DocumentFault, ...]:
    """Run every block and hook of the owners' documents on a scratch store at `url`, and return what fails.

    Raises RolloutError if nothing could be proved: no database, no psql, no right to make a scratch store.
    """
    found = [file for file in files if owners is None or file.owner in owners]
    faults, trials = _read(found, declared)
    if trials:
        with bench(url, files, declared, stop=stop) as at:
            faults += _tried(at, trials)
    return tuple(sorted(faults, key=lambda fault: (fault.owner, fault.path, fault.line)))


def run_script(
    url: str, files: Sequence[RolledOut], declared: Declared, path: str, owners: Collection[str]
) -> tuple[DocumentFault, ...]:
    """Run the owners' script at `path` on the store at `url` itself; it must clean up after itself."""
    found = [file for file in files if file.path == path and file.owner in owners]
    if not found:
        return ()
    with bench(url, files, declared, scratch=False) as at:
        ran = [(file, at.run((at.mapped(file.place),), SCRIPT, file.folder)) for file in found]
    return tuple(DocumentFault(file.owner, file.path, 1, done.complaint) for file, done in ran if done.status)


def is_proved(path: str) -> bool:
    """Tell whether a file of this path has something to prove."""
    return path.lower().endswith(SUFFIXES) or _is_settings(path)


def _is_settings(path: str) -> bool:
    return any(f"/{path}".endswith(f"/{name}") for name in hook_commands.SETTINGS)


# --- what to run, and what is wrong already


def _read(files: Iterable[RolledOut], declared: Declared) -> tuple[list[DocumentFault], list[_Trial]]:
    faults: list[DocumentFault] = []
    places: dict[tuple[object, ...], list[tuple[RolledOut, int]]] = {}
    things: dict[tuple[object, ...], FencedBlock | HookCommand] = {}
    known = {kind.name for kind in declared.types}
    for file in filter(lambda file: is_proved(file.path), files):
        for thing in _things(file, faults, known):
            key = _key(thing)  # the same text means the same, in whichever document it is
            places.setdefault(key, []).append((file, thing.line))
            things.setdefault(key, thing)
    trials = [_Trial(tuple(places[key]), thing, f"proof-PS-{n:06d}") for n, (key, thing) in enumerate(things.items())]
    return faults, trials


def _key(thing: FencedBlock | HookCommand) -> tuple[object, ...]:
    if isinstance(thing, FencedBlock):
        return (thing.language, thing.text)
    return (thing.event, thing.command)


def _things(
    file: RolledOut, faults: list[DocumentFault], known: Collection[str]
) -> Iterator[FencedBlock | HookCommand]:
    """Yield what to run of a file; put what is wrong without being run into `faults`."""

    def fault(line: int, complaint: str) -> None:
        faults.append(DocumentFault(file.owner, file.path, line, complaint))

    try:
        text = file.content.decode()
        if _is_settings(file.path):
            yield from hook_commands.commands(text)
            return
    except UnicodeDecodeError:
        return fault(1, "is not UTF-8")
    except NotSettings as error:
        return fault(1, str(error))
    for block in fences.blocks(text):
        if not block.closed:
            fault(block.line, f"{block.language} block: its fence is never closed")
        elif block.no_run == "":
            fault(block.line, f"{block.language} block: no-run needs a reason, as in `no-run: needs a terminal`")
        elif block.no_run is None:
            strange = [name for name in _named_types(block.text) if name not in known]
            for name in dict.fromkeys(strange):
                fault(block.line, f"{block.language} block: event type {name!r} is not in the list of types")
            if not strange:
                yield block


def _named_types(text: str) -> Iterator[str]:
    for named in NAMED_TYPES.finditer(text):
        if named["logged"]:
            yield named["logged"]
        else:
            yield from re.findall(r"'([^']*)'", named["list"])


# --- the running


def _tried(at: Bench, trials: Sequence[_Trial]) -> list[DocumentFault]:
    queries = [trial for trial in trials if isinstance(trial.what, FencedBlock) and trial.what.language == "sql"]
    programs = [trial for trial in trials if trial not in queries]
    faults = [fault for trial in queries for fault in _queried(at, trial)]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        faults += [fault for found in pool.map(_running(at), programs) for fault in found]
    return faults + list(_misunderstood(at, programs))


def _queried(at: Bench, trial: _Trial) -> Iterator[DocumentFault]:
    """Run a query in a transaction that is rolled back."""
    import psycopg

    assert isinstance(trial.what, FencedBlock)
    try:
        with at.connection.transaction():
            at.connection.execute(query("proof_limit"), (f"{SECONDS:.0f}s",))
            at.connection.execute(at.mapped(trial.what.text).encode())
            # Nothing else is in the scratch store yet.
            for _, complaint in at.connection.execute(query("proof_complaints")).fetchall():
                yield from trial.faults(str(complaint))
            raise psycopg.Rollback
    except psycopg.Error as error:
        yield from trial.faults(error.diag.message_primary or str(error).strip(), _line_in(trial.what.text, error))


def _line_in(text: str, error: psycopg.Error) -> int:
    """Return how many lines below the fence the database found the fault."""
    position = error.diag.statement_position
    return text.count("\n", 0, int(position) - 1) + 1 if position else 0


def _running(at: Bench) -> Callable[[_Trial], list[DocumentFault]]:
    def run(trial: _Trial) -> list[DocumentFault]:
        command: tuple[str, ...]
        if at.stop and at.stop.is_set():
            return []
        match trial.what:
            case HookCommand() as hook:
                command, stdin = ("sh", "-c", at.mapped(hook.command)), hook.payload(trial.folder)
                seconds = max(hook.seconds, HOOK_SECONDS)
            case FencedBlock() as block:
                command, stdin, seconds = (*SHELLS[block.language], at.mapped(block.text)), "", SECONDS
            case never:
                assert_never(never)
        ran = at.run(command, trial.instance, trial.folder, at.mapped(stdin), seconds)
        if ran.status:
            return list(trial.faults(ran.complaint))
        # A hook delivers in the background; a block that logs must reach the database.
        waits = spool.count_waiting(at.spool(trial.instance)) if isinstance(trial.what, FencedBlock) else 0
        return list(trial.faults(f"{waits} of its events did not reach the database: {ran.complaint}")) if waits else []

    return run


def _misunderstood(at: Bench, trials: Iterable[_Trial]) -> Iterator[DocumentFault]:
    by_instance = {trial.instance: trial for trial in trials}
    for instance, complaint in at.connection.execute(query("proof_complaints")).fetchall():
        if trial := by_instance.get(str(instance)):
            yield from trial.faults(str(complaint))
