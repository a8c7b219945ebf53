"""Ask the gate of a wave whether the next may begin, and remember a yes."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterable
from pathlib import Path

from msgspec import Struct

from rollout.machine import commands, files
from rollout.model.inventory import Inventory
from rollout.model.reasons import Later, Reason
from rollout.model.waves import Wave
from rollout.safety.shown import plain, redact

_SECRET = re.compile(r"TOKEN|PASSWORD|SECRET|_PAT\Z|_KEY\Z", re.IGNORECASE)
_SHOWN = 200  # characters to show of a gate's output


class Gates(Struct, frozen=True):
    """The gates of an inventory; `asked` is a digest of what is asked of each target now."""

    inventory: Inventory
    state: Path
    run: str
    asked: dict[str, str]

    def closed(self, number: int, targets: Iterable[str]) -> Reason | None:
        """Ask a wave's gate unless it said yes to the same change before; say why the next may not begin."""
        wave, key = self.inventory.pace.waves[number], self._key(number, targets)
        if wave.gate is None or key in files.read_json(self._memory):
            return None
        why = self._answer(wave)
        if why is not None:
            return Reason((Later(f"the gate of wave {number + 1} ({wave.named}) {why}"),))
        known = files.read_json(self._memory)
        files.write_whole(self._memory, json.dumps({**known, key: self.run}).encode(), durable=False)
        return None

    def unasked(self, number: int, targets: Iterable[str]) -> Reason | None:
        """Say that a wave's gate has yet to be asked; ask nobody."""
        wave = self.inventory.pace.waves[number]
        if wave.gate is None or self._key(number, targets) in files.read_json(self._memory):
            return None
        return Reason((Later(f"the gate of wave {number + 1} ({wave.named}) has not said yes to this; apply asks it"),))

    def _key(self, number: int, targets: Iterable[str]) -> str:
        """Return what a yes is remembered by: the wave, its gate, and what is asked of its targets."""
        gate = self.inventory.pace.waves[number].gate
        said = [number, gate, sorted((name, self.asked.get(name, "")) for name in targets)]
        return hashlib.sha256(json.dumps(said).encode()).hexdigest()

    @property
    def _memory(self) -> Path:
        return self.state / "waves.json"

    def _answer(self, wave: Wave) -> str | None:
        """Run the gate once, without the tokens in our environment; None is a yes."""
        command = str(wave.gate).replace("{run}", self.run)
        environment = {name: value for name, value in os.environ.items() if not _SECRET.search(name)}
        try:
            # What it complains of belongs into what it says, in its place.
            said = commands.run(f"exec 2>&1\n{command}", wave.within, self.inventory.path.resolve().parent, environment)
        except commands.CutShort as error:
            return str(error)
        words = redact(plain(" ".join(said.out.decode("utf-8", "replace").split())))[-_SHOWN:]
        return None if said.code == 0 else f"says no (exit {said.code}{': ' + words if words else ''})"
