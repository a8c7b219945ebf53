"""Differences in the person's own diff tool."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from rollout.cli.session import Session
from rollout.errors import RolloutError, UsageError
from rollout.git import difftool
from rollout.model.files import File
from rollout.model.plan import Change, Step


def show(at: Session, pairs: Sequence[tuple[Step, Change]]) -> None:
    """Open each difference in turn; raise RolloutError if the tool cannot be run."""
    if at.options.json or not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError.of("rollout diff", "--tool needs a terminal", "without it, the differences are printed")
    with tempfile.TemporaryDirectory(prefix="rollout-diff-") as name, at.interrupt.left_alone():
        folder = Path(name)
        for number, (step, change) in enumerate(pairs, 1):
            at.screen.say(f"{step.target} {change.path} ({number} of {len(pairs)})")
            old = _written(folder / "before" / step.target / change.path, change.before)
            new = _written(folder / "after" / step.target / change.path, change.after)
            shown = difftool.show(folder, old, new, at.interrupt.stop)
            at.interrupt.checked()
            if not shown:
                raise RolloutError("git difftool failed; see: git config diff.tool")


def _written(place: Path, file: File | None) -> Path | None:
    if file is None:
        return None
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(file.content)
    return place
