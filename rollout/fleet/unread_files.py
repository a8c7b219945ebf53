"""Find what `files` of an inventory says and nothing reads: keys without a file, options without a mode."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import PurePosixPath

from msgspec.structs import asdict

from rollout.content.modes.table import traits
from rollout.errors import Mistake, Place, near
from rollout.fleet.load import Loaded
from rollout.inventory.rules import concerns, names_itself, rule_for
from rollout.model.files import RENDERED
from rollout.model.inventory import FilePattern, FileRule
from rollout.rendering.template_fault import TemplateFault

_OF_A_SHELL = re.compile(r"\d*[<>].*|[|&]{1,2}|.*;|`.*|\$\(.*")
_KEYS = {"block_id": "id"}  # where the inventory has another word for a setting


def unread(loaded: Loaded) -> list[str]:
    """Return a warning for each key and each option under `files` that has no effect."""
    patterns = loaded.inventory.patterns
    paths = _paths(loaded) if patterns else {}
    return [str(one) for pattern in patterns for one in _of(pattern, paths, loaded.shown)]


def _of(pattern: FilePattern, paths: Mapping[str, FileRule], shown: str) -> Iterator[Mistake]:
    at, told = Place(shown, pattern.line), f"files.{pattern.pattern}"
    rules = [rule for path, rule in paths.items() if concerns(pattern, path)]
    if not rules and not names_itself(pattern):
        yield Mistake(f"{told}: no template has this path{near(pattern.pattern, paths)}", at)
    for key, command in (("check", pattern.settings.check), ("formatter", pattern.settings.formatter)):
        word = next((word for word in (command or "").split() if _OF_A_SHELL.fullmatch(word)), None)
        if word is not None and "'" not in (command or "") and '"' not in (command or ""):
            yield Mistake(f"{told}.{key}: {word!r} is for a shell, and this runs without one; write: sh -c '...'", at)
    modes = {rule.mode for rule in rules}
    used = {name for mode in modes for name in traits(mode).options}
    for name, value in asdict(pattern.settings).items():
        if rules and value is not None and name != "mode" and name not in used:
            key, names = _KEYS.get(name, name), " and ".join(sorted(modes))
            yield Mistake(f"{told}.{key}: mode {names} does not use it", at)


def _paths(loaded: Loaded) -> dict[str, FileRule]:
    """Return every path that a target has or could have, with its rule."""
    patterns = loaded.inventory.patterns
    found = {path: rule_for(patterns, path) for path in _of_sets(loaded.rendering.templates)}
    sets = {(target.templates, target.agents): target for target in loaded.inventory.targets if not target.ignores}
    for target in (*sets.values(), *(target for target in loaded.inventory.targets if target.ignores)):
        try:
            found |= {str(slot.path): slot.rule for slot in loaded.rendering.slots(target)}
        except TemplateFault:
            continue  # it is told where the target is rendered
    return found


def _of_sets(templates: Collection[str]) -> Iterator[str]:
    """Yield the path of each template in every folder that can be a set."""
    for name in templates:
        yield from (str(PurePosixPath(*PurePosixPath(name.removesuffix(RENDERED)).parts[depth:]))
                    for depth in range(1, name.count("/") + 1))  # fmt: skip
