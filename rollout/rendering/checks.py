"""Run the checks that `files` names on rendered files: an argument list, never a shell, bounded in time."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path
from threading import Lock

from msgspec import Struct, field
from msgspec.structs import replace

from rollout.content.modes.table import traits
from rollout.model.files import Desired, Managed, Problem
from rollout.rendering import sealed
from rollout.safety.flaw import Flaw


class FileChecks(Struct):
    """Remember what was checked, so that the same content is checked once."""

    _known: dict[tuple[str, str, str], str | None] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def over(self, desired: Desired) -> Desired:
        """Return the desired state with the files that their checks refuse as problems.

        Where a text is a part of its file, the check is for the file, once that is known.
        """
        refused = tuple(self._refusals(desired.managed))
        return replace(desired, problems=desired.problems + refused) if refused else desired

    def _refusals(self, managed: Iterable[Managed]) -> Iterable[Problem]:
        for item in managed:
            if traits(item.mode).writes and not traits(item.mode).partial:
                fault = self.refused(item)
                if fault is not None:
                    yield Problem(item.path, fault, policy=True)

    def refused(self, item: Managed) -> Flaw | None:
        """Say why its check refuses a file with this text, or None."""
        fault = None if item.rule.check is None else self._fault(item, item.rule.check)
        return Flaw(fault) if fault else None

    def _fault(self, item: Managed, command: str) -> str | None:
        key = (command, item.path.name, hashlib.sha256(item.body).hexdigest())
        with self._lock:
            if key not in self._known:
                self._known[key] = _refusal(command, item)
            return self._known[key]


def _refusal(command: str, item: Managed) -> str | None:
    with sealed.room() as folder:
        file = Path(folder) / item.path.name
        file.write_bytes(item.body)
        file.chmod(0o700 if item.executable else 0o600)
        try:
            done = sealed.run(command, str(file), folder)
        except sealed.NotRun as error:
            return f"its check {error}"
        if done.code == 0:
            return None
        return f"check {done.failed(command, item.path.name, folder)}"
