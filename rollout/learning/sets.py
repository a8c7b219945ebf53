"""Group files that the same repositories share into a template set, with a name that says which."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import count

from rollout.content.agents.rule import FOLDER
from rollout.model.learning import Form, Learned, Sample, TemplateSet

KINDS = {
    "python": ("pyproject.toml", "setup.py", "setup.cfg", "requirements.txt"),
    "node": ("package.json",),
    "go": ("go.mod",),
    "rust": ("Cargo.toml",),
    "java": ("pom.xml", "build.gradle", "build.gradle.kts"),
    "ruby": ("Gemfile",),
    "php": ("composer.json",),
    "terraform": ("main.tf",),
}


def groups(sources: Sequence[Sample]) -> dict[str, tuple[str, ...]]:
    """Return the repositories of one kind, if several but not all are of it."""
    found = {}
    for kind, files in KINDS.items():
        members = tuple(source.name for source in sources if source.listing & set(files))
        if 1 < len(members) < len(sources):
            found[kind] = members
    return found


def template_sets(
    files: Sequence[Learned],
    sources: Sequence[Sample],
    groups_: Mapping[str, tuple[str, ...]],
    taken: Iterable[str] = (),
) -> tuple[TemplateSet, ...]:
    """Return the sets, the most common first, with names that are not `taken`."""
    order = [source.name for source in sources]
    by_members: dict[tuple[str, ...], list[Learned]] = {}
    for one in files:
        if one.form is not Form.SKIP:
            members = tuple(name for name in order if name in one.repositories)
            by_members.setdefault(members, []).append(one)
    used = set(taken)
    found = []
    for members, theirs in sorted(by_members.items(), key=lambda item: (-len(item[0]), str(item[1][0].path))):
        name = next(name for name in _names(members, theirs, order, groups_) if name not in used)
        used.add(name)
        found.append(TemplateSet(name, members, tuple(theirs)))
    return tuple(found)


def _names(
    members: tuple[str, ...], files: Sequence[Learned], order: Sequence[str], groups_: Mapping[str, tuple[str, ...]]
) -> Iterator[str]:
    if len(members) == len(order):
        yield "common"
    yield from (kind for kind, theirs in groups_.items() if set(theirs) == set(members))
    within = [kind for kind, theirs in groups_.items() if set(members) <= set(theirs)]
    stem = _word(_folder(files) or files[0].path.name.lstrip(".").rsplit(".", 1)[0]) or "files"
    yield from (f"{kind}-{stem}" for kind in within)
    yield stem
    yield from (f"{stem}-{number}" for number in count(2))


def _folder(files: Sequence[Learned]) -> str:
    """Return the folder that most of these files are in; "" if there is none, and for rules, which share one folder."""
    (folder, number), *_ = Counter(one.path.parent.name for one in files).most_common(1)
    return folder if number > 1 and number * 2 > len(files) and folder != FOLDER else ""


def _word(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
