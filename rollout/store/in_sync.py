"""That a target was in sync at one upstream commit, remembered."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import PurePosixPath

from msgspec import Struct

from rollout.model.circumstances import Findings
from rollout.model.files import Desired, File, Snapshot, fingerprint
from rollout.objects.ids import git_id
from rollout.objects.seal import Side
from rollout.store.memo import PastLook

Entries = Mapping[PurePosixPath, Side]  # (mode, id) of each managed file upstream


class InSync(Struct, frozen=True):
    """Findings without a change, and the entries they were made from."""

    findings: Findings
    entries: Entries


def entries_of(desired: Desired, snapshot: Snapshot) -> Entries | None:
    """Return the entries of the managed paths; None where something else than a plain file stands at one."""
    found: dict[PurePosixPath, Side] = {}
    for item in desired.managed:
        there = snapshot.files.get(item.path)
        if there is None:
            found[item.path] = None
        elif isinstance(there, File):
            found[item.path] = (there.mode, git_id(there.content, len(snapshot.revision)))
        else:
            return None
    return found


def as_memo(known: InSync, asked: str) -> PastLook:
    """Return what to remember of a target that is in sync; `asked` says what its templates asked for then."""
    found = known.findings
    return PastLook(
        found.revision,
        asked,
        tuple((str(path), found.managed[path].rpartition(":")[2], entry) for path, entry in known.entries.items()),
        found.in_sync,
        found.warnings,
        tuple(str(path) for path in found.orphans),
        found.newest,
        noted=True,
    )


@lru_cache(maxsize=4096)
def _path(text: str) -> PurePosixPath:
    """Return a managed path: a fleet has the same ones in every repository."""
    return PurePosixPath(text)


def from_memo(look: PastLook | None, tip: str, asked: str) -> InSync | None:
    """Return what is remembered, if it is about this commit and these templates."""
    if look is None or (look.tip, look.asked, look.noted) != (tip, asked, True):
        return None
    managed = {_path(path): _fingerprint(content, entry) for path, content, entry in look.files}
    orphans = tuple(PurePosixPath(path) for path in look.orphans)
    found = Findings(tip, (), managed, look.in_sync, look.warnings, orphans, look.newest)
    return InSync(found, {_path(path): entry for path, _, entry in look.files})


def _fingerprint(content: str, entry: Side) -> str:
    return f"{entry[0]}:{content}" if entry else fingerprint(None)
