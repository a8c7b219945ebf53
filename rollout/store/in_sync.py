"""That a target was in sync at one upstream commit, remembered: a cache; what is odd in it counts as nothing."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import PurePosixPath
from typing import Any

from msgspec import Struct

from rollout.model.circumstances import Findings
from rollout.model.files import Desired, File, Snapshot, fingerprint
from rollout.objects.ids import git_id

Entries = Mapping[PurePosixPath, tuple[str, str] | None]  # (mode, id) of each managed file upstream


class InSync(Struct, frozen=True):
    """Findings without a change, and the entries they were made from."""

    findings: Findings
    entries: Entries


def entries_of(desired: Desired, snapshot: Snapshot) -> Entries | None:
    """Return the entries of the managed paths; None where something else than a plain file stands at one."""
    found: dict[PurePosixPath, tuple[str, str] | None] = {}
    for item in desired.managed:
        there = snapshot.files.get(item.path)
        if there is None:
            found[item.path] = None
        elif isinstance(there, File):
            found[item.path] = (there.mode, git_id(there.content, len(snapshot.revision)))
        else:
            return None
    return found


def as_memo(known: InSync, asked: str) -> dict[str, Any]:
    """Return what to remember of a target that is in sync; `asked` says what its templates asked for then."""
    found = known.findings
    return {
        "tip": found.revision,
        "asked": asked,
        "files": [[str(path), found.managed[path].rpartition(":")[2], entry] for path, entry in known.entries.items()],
        "in_sync": found.in_sync,
        "warnings": found.warnings,
        "orphans": [str(path) for path in found.orphans],
        "newest": found.newest,
        "noted": True,
    }


@lru_cache(maxsize=4096)
def _path(text: str) -> PurePosixPath:
    """Return a managed path: a fleet has the same ones in every repository."""
    return PurePosixPath(text)


def from_memo(memo: Any, tip: str, asked: str) -> InSync | None:
    """Return what is remembered, if it is about this commit and these templates."""
    try:
        if memo["tip"] != tip or memo["asked"] != asked or not memo["noted"]:
            return None  # earlier versions did not note the files that others had written just so
        entries = {_path(path): (entry[0], entry[1]) if entry else None for path, _, entry in memo["files"]}
        managed = {
            _path(path): f"{entry[0]}:{content}" if entry else fingerprint(None)
            for path, content, entry in memo["files"]
        }
        orphans = tuple(PurePosixPath(path) for path in memo["orphans"])
        warnings = tuple(str(text) for text in memo["warnings"])
        found = Findings(tip, (), managed, int(memo["in_sync"]), warnings, orphans, memo["newest"])
        return InSync(found, entries)
    except (KeyError, TypeError, ValueError, IndexError):
        return None
