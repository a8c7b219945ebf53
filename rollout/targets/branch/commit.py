"""Build the commit that a step asks for."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePosixPath

from rollout.model.plan import Change


def default_subject(changes: Iterable[Change]) -> str:
    """Return the subject of a commit whose message nobody gave."""
    paths = [PurePosixPath(change.path) for change in changes]
    return f"Roll out {paths[0]}" if len(paths) == 1 else f"Roll out {len(paths)} managed files"
