"""The variables that each template can read, cached from command to command: parsing takes a process."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from rollout import __version__
from rollout.machine import files
from rollout.model.delimiters import Delimiters
from rollout.rendering.child_request import NamedTemplate

Names = list[str] | None  # None if only a run can tell


_FILE = "templates.json"
_KEPT = 8  # folders of templates, the most recently used last


class RememberedNames:
    """A cache, bound to the bytes of all templates: anything odd in it counts as nothing."""

    def __init__(self, folder: Path | None, templates: Mapping[str, str]) -> None:
        """Remember in a state folder, if there is one by the end of the command."""
        self._place = None if folder is None else folder / _FILE
        self._digest = _digest(templates)
        self._known: dict[NamedTemplate, Names] = {}
        self._new = False
        if self._place is not None:
            self._known = _from_memo(files.read_json(self._place).get(self._digest))

    def __contains__(self, key: NamedTemplate) -> bool:
        return key in self._known

    def __getitem__(self, key: NamedTemplate) -> Names:
        return self._known[key]

    def __setitem__(self, key: NamedTemplate, names: Names) -> None:
        self._known[key] = names
        self._new = True

    def keep(self) -> None:
        """Write down what was learnt."""
        if self._place is None or not self._new or not self._place.parent.is_dir():
            return
        others = files.read_json(self._place)
        others.pop(self._digest, None)
        found = [[*key, names] for key, names in self._known.items()]
        kept = {**dict(list(others.items())[1 - _KEPT :]), self._digest: found}
        with suppress(OSError):
            files.write_whole(self._place, json.dumps(kept).encode(), durable=False)


def _digest(templates: Mapping[str, str]) -> str:
    text = json.dumps([__version__, sys.version, sorted(templates.items())])
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _from_memo(memo: object) -> dict[NamedTemplate, Names]:
    known: dict[NamedTemplate, Names] = {}
    sets = {str(one): one for one in Delimiters}
    for entry in memo if isinstance(memo, list) else []:
        match entry:
            case [str() as name, str() as word, None] if word in sets:
                known[name, sets[word]] = None
            case [str() as name, str() as word, [*names]] if word in sets and all(isinstance(n, str) for n in names):
                known[name, sets[word]] = names
    return known
