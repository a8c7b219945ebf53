"""Check that no two targets are at the same place."""

from __future__ import annotations

import os.path
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import assert_never

from msgspec import Struct

from rollout.content.yaml.nodes import Fault
from rollout.model.inventory import Branch, Folder, Target
from rollout.safety import addresses


class _Place(Struct, frozen=True):
    """A place that one target alone can have: a folder, or a branch in a checkout or at an address."""

    branch: str = ""
    path: str = ""
    address: str = ""


def doubled(targets: Iterable[Target]) -> Iterator[Fault]:
    """Yield a fault for each target that is at the same place as another."""
    taken: dict[_Place, Target] = {}
    checkouts: dict[str, Target] = {}
    of_folder = cache(os.path.realpath)
    for target in targets:
        for place in _places(target, of_folder):
            if isinstance(target.location, Branch) and place.path:
                checkouts[place.path] = target
            other = taken.setdefault(place, target)
            if isinstance(target.location, Folder):
                other = checkouts.get(place.path, other)
            if other is not target:
                where = place.path or place.address
                yield Fault(target.line, f"{target.name}: is at the same place as {other.name}: {where}")
                break


def _places(target: Target, of_folder: Callable[[str], str]) -> Iterator[_Place]:
    """Yield the places that a target needs for itself: a folder, a branch in a checkout, a branch at an address."""
    match target.location:
        case Folder(root):
            yield _Place(path=_real(root, of_folder))
        case Branch(url=url, checkout=checkout, branch=branch):
            if checkout is not None:
                yield _Place(branch, path=_real(checkout, of_folder))
            if url is not None:
                yield _Place(branch, address=addresses.identity(url))
        case never:
            assert_never(never)


def _real(path: Path, of_folder: Callable[[str], str]) -> str:
    """Return where a path leads; many are in one folder, which is resolved only once."""
    folder, name = os.path.split(path)
    found = os.path.join(of_folder(folder), name)
    return os.path.realpath(found) if not name or os.path.islink(found) else found
