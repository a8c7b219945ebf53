"""The texts of a target as they will be after the plan, for what judges them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from rollout.content.modes.table import traits
from rollout.content.patterns import is_glob
from rollout.fleet.parts_asked import is_text, text_of
from rollout.model.files import File
from rollout.model.inventory import Target, TargetKind
from rollout.model.parts import Question
from rollout.rendering.template_fault import TemplateFault

if TYPE_CHECKING:
    from rollout.fleet.parts import Parts


def named(parts: Parts, target: Target, pattern: str) -> list[PurePosixPath]:
    """Return the files of a target that a path or a pattern names; a path without stars is exactly that one."""
    if is_glob(pattern):
        return [PurePosixPath(path) for path in parts.listed(target, pattern, None)]
    return [PurePosixPath(pattern.strip("/"))]


def neighbours(parts: Parts, target: Target) -> list[PurePosixPath]:
    """Return every file of a repository; of a folder, those beside managed files."""
    slots = parts.slots(target)
    managed = [slot.path for slot in slots]
    source = parts.source(target)
    if target.kind is TargetKind.REPO:
        found = source.plain_files(PurePosixPath())
    else:
        found = [p for folder in {path.parent for path in managed} for p in source.beside(folder)]
    present = [slot.path for slot in slots if traits(slot.rule.mode).writes]
    return sorted({*present, *(path for path in found if path not in managed and is_text(str(path)))})


def foresee(parts: Parts, target: Target, paths: Sequence[PurePosixPath]) -> None:
    """Read many files of a target at once."""
    parts.foresee(target, [Question(str(path)) for path in paths])


def text(parts: Parts, target: Target, path: PurePosixPath) -> str | None:
    """Return the future text of a file; None if there is no file, it is not text or it cannot be rendered."""
    try:
        return parts.answer_of(target, path).text
    except TemplateFault:
        return None


def text_before(parts: Parts, target: Target, path: PurePosixPath) -> str | None:
    """Return the present text of a file."""
    found = parts.source(target).at(path)
    return text_of(found.content).text if isinstance(found, File) else None
