"""Find the policies that files break as they are: what is taken over is allowed to keep what it contains."""

from __future__ import annotations

from collections.abc import Iterator

from rollout.content import policies
from rollout.content.pointers import pointers
from rollout.model.files import File, Managed
from rollout.model.inventory import FileRule, Mode, PolicyName
from rollout.model.learning import Form, Learned, Sample

_MODES = {Form.TEMPLATE: Mode.WHOLE, Form.BLOCK: Mode.BLOCK}


def rule_of(one: Learned) -> FileRule:
    return FileRule(_MODES[one.form], delimiters=one.delimiters, allow=one.allow)


def allowances(one: Learned, sources: dict[str, Sample]) -> tuple[PolicyName, ...]:
    """Return the policies that a learned file breaks in some repository."""
    found = {name for repository in one.repositories for name in _broken(one, sources[repository])}
    return tuple(
        name for name in (*policies.NAMES, PolicyName.IMPORTS, PolicyName.LINKS, PolicyName.HOOKS) if name in found
    )


def _broken(one: Learned, source: Sample) -> Iterator[PolicyName]:
    there = source.snapshot.files.get(one.path)
    if not isinstance(there, File):
        return
    yield from policies.all_broken(there.content, rule_of(one), one.path)
    body = one.text if one.form is Form.BLOCK else there.content
    item = Managed(one.path, _MODES[one.form], body, there.executable, rule_of(one), "", "")
    for pointer in pointers(item):
        place = str(pointer.place)
        if not pointer.place.is_absolute() and place not in source.listing and not _is_folder(place, source):
            yield pointer.policy


def _is_folder(place: str, source: Sample) -> bool:
    return place == "." or any(path.startswith(f"{place}/") for path in source.listing)
