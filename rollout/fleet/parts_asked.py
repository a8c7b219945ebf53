"""What a template may ask for, and how a file's content answers it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePosixPath

from rollout.content.modes.table import traits
from rollout.content.patterns import matches_exactly
from rollout.errors import near
from rollout.model.files import Slot
from rollout.model.inventory import Target, TargetKind
from rollout.model.parts import Answer, Question
from rollout.safety import paths

_MAX_PART = 1_000_000  # bytes of a file that a template may read
_SPECIAL = frozenset("*?[\\")


def refusal(asking: Target, targets: dict[str, Target], question: Question) -> str | None:
    """Say why a question may not be asked, or None if it may."""
    name = question.target or asking.name
    if name not in targets:
        return f"there is no target {name!r}{near(name, targets)}"
    if asking.kind is TargetKind.REPO and targets[name].kind is TargetKind.FOLDER:
        return f"a template of a repository may not read the folder {name}, whose content belongs to a machine"
    why = paths.refusal(str(PurePosixPath(question.path))) if not question.glob else paths.astray(question.path)
    return f"the path {why}" if why else None


def folder_of(pattern: str) -> PurePosixPath:
    """Return the folder that contains everything a pattern can match."""
    parts = PurePosixPath(pattern.removeprefix("/")).parts
    plain = next((n for n, part in enumerate(parts) if _SPECIAL & set(part)), max(0, len(parts) - 1))
    return PurePosixPath(*parts[:plain]) if "/" in pattern.strip("/") else PurePosixPath()


def listed(pattern: str, slots: Iterable[Slot], plain_files: Iterable[PurePosixPath]) -> list[str]:
    """Return the paths that a pattern names, in the order of their bytes: managed files, and those of others."""
    managed = {slot.path: traits(slot.rule.mode).writes for slot in slots}
    there = [path for path in plain_files if path not in managed]
    there += [path for path, present in managed.items() if present]
    names = map(str, there)
    return sorted((name for name in names if is_text(name) and matches_exactly(pattern, name)), key=str.encode)


def is_text(name: str) -> bool:
    """Tell whether a name of a file is text, so that a template can hold it."""
    return name.isascii() or not any("\ud800" <= character <= "\udfff" for character in name)


def text_of(content: bytes) -> Answer:
    """Return the answer that a file's content is, if it is text of a bearable size."""
    if len(content) > _MAX_PART:
        return Answer(fault=f"it has {len(content):,} bytes; a template may read {_MAX_PART:,}")
    try:
        return Answer(content.decode())
    except UnicodeDecodeError as error:
        return Answer(fault=f"it is not UTF-8 (byte {error.start}); save it as UTF-8")
