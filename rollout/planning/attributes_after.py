"""The attributes as a plan leaves them: a .gitattributes that it writes holds for all that it writes beside it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath

from msgspec.structs import replace

from rollout.content import attributes
from rollout.content.line_ends import conversion
from rollout.model.action import Action
from rollout.model.circumstances import Decisions
from rollout.model.files import Desired, File, Snapshot
from rollout.model.line_ends import Conversion
from rollout.planning.changes import change_for


def with_attributes(desired: Desired, snapshot: Snapshot, decisions: Decisions) -> Snapshot:
    """Return the snapshot with the attributes that are in force when everything that is decided was done."""
    if snapshot.attribute_files is None:
        return snapshot
    wrong = {problem.path for problem in desired.problems}
    items = [item for item in desired.managed if item.path.name == attributes.NAME and item.path not in wrong]
    needed = [change for item in items if (change := change_for(item, snapshot, decisions)) is not None]
    done = {one.path: one.after for one in needed if one.decided and one.action is not Action.ERROR and not one.idle}
    if not done:
        return snapshot
    in_force = _in_force(snapshot, snapshot.attribute_files, done)
    ends = {path: conversion(states) for path, states in in_force.items()}
    under = {path: there for path, states in in_force.items() if (there := attributes.obstacle(states)) is not None}
    return replace(snapshot, files={**snapshot.files, **under}, line_ends=ends)


def line_ends_after(
    snapshot: Snapshot, after: Mapping[PurePosixPath, File | None]
) -> Mapping[PurePosixPath, Conversion]:
    """Return the line ends that are asked for once some files have become what they will be."""
    done = {path: file for path, file in after.items() if path.name == attributes.NAME}
    if not done or snapshot.attribute_files is None:
        return snapshot.line_ends
    in_force = _in_force(snapshot, snapshot.attribute_files, done)
    return {path: conversion(states) for path, states in in_force.items()}


def _in_force(
    snapshot: Snapshot, before: Mapping[str, bytes], after: Mapping[PurePosixPath, File | None]
) -> dict[PurePosixPath, dict[str, str]]:
    files = dict(before)
    for path, file in after.items():
        folder = "" if path.parent == PurePosixPath() else str(path.parent)
        files[folder] = b"" if file is None else file.content
    return attributes.in_force(files, snapshot.files)
