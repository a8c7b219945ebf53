"""What to take over from repositories: templates, blocks and variables, and what is left out and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import PurePosixPath

from msgspec import Struct, field
from msgspec.structs import replace

from rollout.learning import candidates, sets
from rollout.learning.allowances import allowances
from rollout.learning.composing import Composed, composed
from rollout.learning.nearness import Family, Variant, families
from rollout.learning.pieces import Same
from rollout.learning.shared_part import SharedPart, shared_part
from rollout.learning.variables import Pool, Secret
from rollout.learning.writing import Verbatim, delimiters_for, template
from rollout.model.delimiters import Delimiters
from rollout.model.files import File, is_rendered
from rollout.model.learning import Form, Learned, LeftOut, Sample, Takeover, Value
from rollout.model.line_ends import Conversion

Without = Mapping[tuple[str, PurePosixPath], str]  # what is not taken over, and why


class AlreadyThere(Struct, frozen=True):
    """What an inventory has already: the names of its template sets, and its variables by repository."""

    sets: frozenset[str] = frozenset()
    variables: Mapping[str, Mapping[str, Value]] = field(default_factory=dict)


_NOTHING = AlreadyThere()


def proposal(
    sources: Sequence[Sample],
    paths: Sequence[PurePosixPath],
    left_out: Iterable[LeftOut],
    without: Without,
    there: AlreadyThere = _NOTHING,
) -> Takeover:
    """Return what to take over of these paths, in addition to what exists already."""
    pool = Pool(
        {source.name: source.name for source in sources},
        {name: dict(values) for name, values in there.variables.items()},
    )
    by_name = {source.name: source for source in sources}
    files: list[Learned] = []
    out = [*left_out, *(LeftOut(f"{name}: {path}", why) for (name, path), why in without.items())]
    for path in paths:
        texts, faults = _texts(path, sources, without)
        out += _faults(path, faults, len(texts))
        if len(texts) > 1:
            files += [_allowed(one, by_name) for one in _learned(path, texts, pool)]
    groups = sets.groups(sources)
    made = sets.template_sets(files, sources, groups, there.sets)
    members = {name for one in made for name in one.repositories}
    used = tuple(source for source in sources if source.name in members)
    out += [LeftOut(source.name, "has no file in common with the others") for source in sources if source not in used]
    return Takeover(used, tuple(files), made, _remaining(groups, members), tuple(out))


def _remaining(groups: Mapping[str, tuple[str, ...]], members: set[str]) -> dict[str, tuple[str, ...]]:
    kept = {kind: tuple(name for name in names if name in members) for kind, names in groups.items()}
    return {kind: names for kind, names in kept.items() if len(names) > 1}


def _texts(path: PurePosixPath, sources: Sequence[Sample], without: Without) -> tuple[dict[str, File], dict[str, str]]:
    """Return the files at a path that can be taken over, and why others cannot."""
    files, faults = {}, {}
    for source in sources:
        there = source.snapshot.files.get(path)
        if there is None or (source.name, path) in without:
            continue
        why = candidates.fault(there, source.snapshot.line_ends.get(path, Conversion.BINARY))
        if why is None and isinstance(there, File):
            files[source.name] = there
        else:
            faults[source.name] = why or ""
    return files, faults


def _faults(path: PurePosixPath, faults: Mapping[str, str], good: int) -> Iterator[LeftOut]:
    """Yield why a path is left out, in some repositories or in all."""
    for why, names in _by_reason(faults).items():
        yield LeftOut(str(path) if good < 2 and len(names) > 1 else f"{', '.join(names)}: {path}", why)


def _by_reason(faults: Mapping[str, str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, why in faults.items():
        found.setdefault(why, []).append(name)
    return found


def _learned(path: PurePosixPath, files: Mapping[str, File], pool: Pool) -> list[Learned]:
    """Return the proposal for one path: templates if they cover enough, else a block, else nothing."""
    found = list(_families(path, files))
    reached = sum(len(family.repositories) for family in found)
    part = (
        shared_part(path, {name: file.content.decode() for name, file in files.items()})
        if reached < len(files)
        else None
    )
    if part is not None and len(part.repositories) > reached and reached * 2 < len(files):
        return [_block(path, files, part)]
    made = _templates(path, files, found, pool)
    told = {name for one in made for name in one.repositories}
    rest = tuple(name for name in files if name not in told)
    return [*made, *_skipped(path, files, rest, alone=not made)]


def _families(path: PurePosixPath, files: Mapping[str, File]) -> Iterator[Family]:
    """Yield the families of texts at a path; the executable bit and the last line end are the same in a family."""
    by_kind: dict[tuple[bool, bool], dict[str, list[str]]] = {}
    for name, file in files.items():
        kind = (file.executable, file.content.endswith(b"\n"))
        by_kind.setdefault(kind, {}).setdefault(file.content.decode(), []).append(name)
    for texts in by_kind.values():
        variants = [Variant(text, tuple(names)) for text, names in texts.items()]
        if path.name in candidates.MANIFESTS:
            yield from (Family((one,), (Same(one.text),)) for one in variants if len(one.repositories) > 1)
        else:
            yield from families(variants)


def _templates(path: PurePosixPath, files: Mapping[str, File], found: Sequence[Family], pool: Pool) -> list[Learned]:
    try:
        rows = [composed(family, path, pool) for family in found]
    except Secret as secret:
        names = tuple(name for family in found for name in family.repositories)
        return [Learned(path, names, len(found), Form.SKIP, reason=str(secret))]
    delimiters = delimiters_for([row.parts for row in rows if len(row.parts) > 1 or is_rendered(path.name)])
    return [_template(path, files, family, row, delimiters) for family, row in zip(found, rows, strict=True)]


def _is_rendered(path: PurePosixPath, family: Family) -> bool:
    return len(family.variants) > 1 or is_rendered(path.name)


def _template(
    path: PurePosixPath, files: Mapping[str, File], family: Family, row: Composed, delimiters: Delimiters
) -> Learned:
    rendered = _is_rendered(path, family)
    text = (
        template(row.parts, delimiters) if rendered else "".join(p.said for p in row.parts if isinstance(p, Verbatim))
    )
    return Learned(
        path,
        family.repositories,
        len(family.variants),
        Form.TEMPLATE,
        text.encode(),
        rendered,
        files[family.repositories[0]].executable,
        delimiters if rendered else Delimiters.JINJA,
        values=row.values,
    )


def _block(path: PurePosixPath, files: Mapping[str, File], part: SharedPart) -> Learned:
    variants = len({files[name].content for name in part.repositories})
    return Learned(path, part.repositories, variants, Form.BLOCK, part.text.encode())


def _skipped(
    path: PurePosixPath, files: Mapping[str, File], names: tuple[str, ...], *, alone: bool
) -> Iterator[Learned]:
    if names:
        counted = Counter(files[name].content for name in names)
        why = "they have too little in common" if alone else "is too different from the others"
        yield Learned(path, names, len(counted), Form.SKIP, reason=why)


def _allowed(one: Learned, sources: dict[str, Sample]) -> Learned:
    if one.form is Form.SKIP:
        return one
    return replace(one, allow=allowances(one, sources))
