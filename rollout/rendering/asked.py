"""Digests of all that decides what a target's templates ask for: equal digests, equal desired states."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath

from msgspec import Struct
from msgspec.structs import astuple

from rollout import __version__
from rollout.content import spelled
from rollout.model.files import Slot, TemplateFile
from rollout.model.inputs import Input
from rollout.model.inventory import Target
from rollout.rendering.variables import Surroundings, context


class Common(Struct, frozen=True):
    """What targets with the same template sets share: a digest, and the variables in which they may differ."""

    digest: str
    names: frozenset[str] | None  # None if only a run can tell


def common(
    slots: Sequence[Slot],
    names: frozenset[str] | None,
    templates: Mapping[str, TemplateFile],
    surroundings: Surroundings,
) -> Common:
    machines = f"{surroundings.machines!r}\0{surroundings.machine!r}"
    words = hashlib.sha256(f"{__version__}\0{slots!r}\0{machines}".encode())
    for name, template in sorted(templates.items()):
        words.update(f"\0{name}\0{template.executable}\0{len(template.content)}\0".encode())
        words.update(template.content)
    return Common(words.hexdigest(), names)


def digest(target: Target, shared: Common, inputs: tuple[Input, ...]) -> str:
    """Return the digest of one target; `inputs` are the files that its templates read."""
    seen = context(target, PurePosixPath(), {}, None)  # all machines are in what is shared
    used = seen if shared.names is None else {name: seen[name] for name in shared.names if name in seen}
    ignores = [list(target.ignores)] if target.ignores else []
    asked = [target.kind.value, used, *ignores, [astuple(one) for one in inputs]]
    text = spelled.dumps(asked, sort_keys=True)
    return hashlib.sha256(f"{shared.digest}\0{text}".encode()).hexdigest()
