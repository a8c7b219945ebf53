"""Remember how a ledger's file was when its pages were last found in order.

SQLite reads the whole file to check it, which takes 2 ms for a megabyte.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from pathlib import Path

from rollout.machine import files, state_folder

_VALID = 24 * 3600.0  # seconds: a disk may also lose what nobody wrote to


class Checked:
    """The last check of one ledger, in a file of the state folder."""

    def __init__(self, ledger: Path, folder: Path) -> None:
        self._ledger = ledger
        self._memory = folder / f"ledger-checked-{state_folder.key(str(ledger))}.json"
        self._known = files.read_json(self._memory)
        self._seen: list[int] = []

    def holds(self) -> bool:
        """Tell whether the file is as a check, or a program of ours after one, left it, not long ago."""
        self._seen, at = self._now(), self._known.get("at")
        return isinstance(at, float) and 0 <= time.time() - at < _VALID and self._known.get("file") == self._seen

    def passed(self) -> None:
        """Remember that the pages are in order, as they were when we asked whether we know."""
        self._note(self._seen, time.time())

    def left(self) -> None:
        """Remember how we leave the file, which was in order when we opened it."""
        now, at = self._now(), self._known.get("at")
        if isinstance(at, float) and self._known.get("file") != now:
            self._note(now, at)

    def doubted(self) -> None:
        """Have the pages checked when the ledger is opened again."""
        self._known = {}
        with contextlib.suppress(OSError):
            self._memory.unlink()

    def _note(self, file: list[int], at: float) -> None:
        self._known = {"file": file, "at": at}
        with contextlib.suppress(OSError):  # without it the pages are checked again
            files.write_whole(self._memory, json.dumps(self._known).encode(), durable=False)

    def _now(self) -> list[int]:
        about = os.stat(self._ledger)
        return [about.st_dev, about.st_ino, about.st_size, about.st_mtime_ns]
