"""Read repositories to learn from them: at their remotes' default branches, whatever is checked out here."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from threading import Event

from msgspec import Struct, field
from msgspec.structs import replace

from rollout.errors import GitError
from rollout.learning import candidates
from rollout.model.files import Snapshot
from rollout.model.inventory import Branch, FoundCheckout, Target
from rollout.model.learning import LeftOut, Sample
from rollout.targets.branch import default
from rollout.targets.job import Settings
from rollout.targets.source import FileSource, NotRead
from rollout.work import threads

_MOST_FILES = 200_000  # paths of one repository


class Surveyed(Struct, frozen=True):
    """What was read: the repositories, the paths that several have, and what is left out."""

    sources: tuple[Sample, ...]
    paths: tuple[PurePosixPath, ...]
    left_out: tuple[LeftOut, ...]


class FromInventory(Struct, frozen=True):
    """What an inventory says already: branches that need not be asked for, and paths to read in any case."""

    branches: Mapping[str, str] = field(default_factory=dict)
    paths: frozenset[PurePosixPath] = frozenset()


_NOTHING = FromInventory()


class Readers(Struct, frozen=True):
    """How repositories are read: how many at once, until somebody stops it, and who hears of each that is read."""

    settings: Settings
    jobs: int
    stop: Event
    ended: Callable[[str], None] = lambda _: None


class _Listed(Struct, frozen=True):
    """A repository whose files are known by name."""

    name: str
    checkout: FoundCheckout
    url: str
    identity: str
    source: FileSource
    listing: frozenset[str]


def survey(
    named: Sequence[tuple[str, FoundCheckout]],
    folder: Path,
    readers: Readers,
    known: FromInventory = _NOTHING,
) -> Surveyed:
    """Read checkouts below a folder under the names they are to have."""
    listed, out = _listings(named, folder, readers, known.branches)
    first, twins = _apart(sorted(listed, key=lambda one: (one.name not in known.branches, _depth(one))))
    paths, more = candidates.shared([_unread(one) for one in first])
    large = {one.name: {path for path in paths if _is_large(path, folder, one)} for one in first}
    whole = [path for path in paths if _number(path, first, large) > 1]
    more += _too_large(paths, whole, first, large)
    read: list[Sample] = []
    for _, found in threads.run(
        lambda one: _read(
            one, [*(path for path in whole if path not in large[one.name]), *sorted(known.paths - {*whole})]
        ),
        first,
        readers.jobs,
        readers.stop,
    ):
        if isinstance(found, LeftOut):
            out.append(found)
        else:
            read.append(found)
    order = [name for name, _ in named]
    return Surveyed(tuple(sorted(read, key=lambda one: order.index(one.name))), tuple(whole), (*out, *twins, *more))


def _listings(
    named: Sequence[tuple[str, FoundCheckout]],
    folder: Path,
    readers: Readers,
    branches: Mapping[str, str],
) -> tuple[list[_Listed], list[LeftOut]]:
    listed: list[_Listed] = []
    out: list[LeftOut] = []
    for (name, _), found in threads.run(
        lambda one: _listing(*one, folder, readers.settings, branches.get(one[0])), named, readers.jobs, readers.stop
    ):
        readers.ended(name)
        if isinstance(found, LeftOut):
            out.append(found)
        else:
            listed.append(found)
    order = [name for name, _ in named]
    return sorted(listed, key=lambda one: order.index(one.name)), sorted(out, key=lambda one: one.name)


def _listing(
    name: str, found: FoundCheckout, folder: Path, settings: Settings, branch: str | None
) -> _Listed | LeftOut:
    where = Branch(None, found.remote, found.branch, folder / found.path)
    try:
        known = default.default_of(where, settings.person)
        branch = branch or known.branch
        target = Target(name, replace(where, branch=branch), (), (), {})
        source = FileSource(target, settings)
        paths = source.plain_files(PurePosixPath())
    except default.NoDefault as error:
        return LeftOut(str(found.path), str(error))
    except NotRead as error:
        return LeftOut(str(found.path), error.why)
    except (GitError, OSError) as error:
        return LeftOut(str(found.path), f"cannot be read: {error}".split("\n", 1)[0])
    if len(paths) > _MOST_FILES:
        return LeftOut(str(found.path), f"has {len(paths):,} files; init looks at up to {_MOST_FILES:,}")
    listing = frozenset(map(str, paths))
    return _Listed(name, replace(found, branch=branch), known.url, known.identity, source, listing)


def _depth(one: _Listed) -> int:
    return len(one.checkout.path.parts)


def _apart(listed: Iterable[_Listed]) -> tuple[list[_Listed], list[LeftOut]]:
    """Separate the first checkout of each repository from further ones."""
    first: dict[str, _Listed] = {}
    twins = []
    for one in listed:
        other = first.setdefault(one.identity, one)
        if other is not one:
            twins.append(LeftOut(str(one.checkout.path), f"is the same repository as {other.checkout.path}"))
    return list(first.values()), twins


def _unread(one: _Listed) -> Sample:
    return Sample(one.name, one.checkout, one.url, one.listing, Snapshot("", {}))


Large = Mapping[str, set[PurePosixPath]]  # by repository


def _is_large(path: PurePosixPath, folder: Path, one: _Listed) -> bool:
    """Tell from the checkout whether a file is too large to look at, so that nobody fetches it for that."""
    return _size(folder / one.checkout.path / path) > candidates.LARGEST


def _number(path: PurePosixPath, listed: Iterable[_Listed], large: Large) -> int:
    """Return in how many repositories a file can be looked at."""
    return sum(str(path) in one.listing and path not in large[one.name] for one in listed)


def _size(place: Path) -> int:
    try:
        return os.lstat(place).st_size
    except OSError:
        return 0


def _too_large(
    paths: Iterable[PurePosixPath], whole: Sequence[PurePosixPath], listed: Iterable[_Listed], large: Large
) -> list[LeftOut]:
    """Return the files that are not looked at, by path where that is so in all repositories."""
    why = f"is larger than {candidates.LARGEST:,} bytes, which is what init looks at"
    names = [str(path) for path in paths if path not in whole]
    names += [f"{one.name}: {path}" for one in listed for path in sorted(large[one.name]) if path in whole]
    return [LeftOut(name, why) for name in names]


def _read(one: _Listed, paths: Sequence[PurePosixPath]) -> Sample | LeftOut:
    plain = _unread(one)
    try:
        one.source.look_at(paths)
        return replace(plain, snapshot=one.source.snapshot(paths[0])) if paths else plain
    except NotRead as error:
        return LeftOut(str(one.checkout.path), error.why)
