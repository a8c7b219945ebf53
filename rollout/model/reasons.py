"""Why a target is in its state, and why an outcome came about: values, made into text where somebody reads them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import Enum
from pathlib import PurePosixPath
from typing import assert_never

from msgspec import Struct
from msgspec.structs import replace

from rollout.model.hindrances import Hindrance, in_words


class Way(Enum):
    """How a person decides with `rollout apply`; the value is the command, its options, and what it does."""

    ADOPT = ("rollout apply --adopt", "takes it over")
    ADOPT_ALL = ("rollout apply --adopt", "takes them over")
    OVERWRITE_OR_MERGE = ("rollout apply --on-drift overwrite", "or merge, decides")
    OVERWRITE = ("resolve it upstream, or: rollout apply --on-drift overwrite", "")
    PLAN_AGAIN = ("rollout apply", "decides")
    RENEW = ("rollout apply", "renews it")
    REOPEN = ("rollout apply --reopen", "proposes it again")
    REOPEN_BESIDE = ("rollout apply --reopen", "begins on another branch")
    RENDER_AGAIN = ("rollout apply", "renders it again")


class Said(Struct, frozen=True):
    """A sentence whose parts nobody asks for: git's, the system's, or that of a saved plan."""

    text: str


class FileCauses(Struct, frozen=True):
    """Managed files, each with its cause; in short only the first is named."""

    found: tuple[tuple[PurePosixPath, str], ...]
    action: str = ""
    whole: bool = False


class Kept(Struct, frozen=True):
    """Managed files that others changed and that a person decided to keep; in short only the first is named."""

    paths: tuple[PurePosixPath, ...]
    whole: bool = False

    @property
    def words(self) -> str:
        named = self.paths if self.whole else self.paths[:1]
        more = f" (and {len(self.paths) - 1} more)" if len(self.paths) > len(named) else ""
        return f"{', '.join(map(str, named))}{more}: kept as others left it, until the template changes"


class WayOut(Struct, frozen=True):
    """The command that decides; `options` make it work on what the command at hand works on and nothing else."""

    way: Way
    options: str = ""


class HeldBack(Struct, frozen=True):
    """The checkout is kept from having what upstream has."""

    by: Hindrance


class Needs(Struct, frozen=True):
    """A needed target is not as it should be."""

    target: str
    state: str
    why: Reason


class Collision(Struct, frozen=True):
    """A commit of a person's own that upstream does not have, and a managed path that it touches."""

    path: PurePosixPath
    commit: str
    subject: str

    @property
    def words(self) -> str:
        return f"your own commit {self.commit[:7]} ({self.subject}), which is not upstream, touches {self.path}"


class AtWork(Struct, frozen=True):
    """Another run is writing the target now."""

    run: str


class SinceWaiting(Struct, frozen=True):
    """Something happened after the commit was made that waits to be pushed."""

    why: Reason


Part = Said | FileCauses | Kept | WayOut | HeldBack | Needs | Collision | AtWork | SinceWaiting


class Reason(Struct, frozen=True):
    """What there is to say, in order; nothing if all is well."""

    parts: tuple[Part, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.text)

    @property
    def text(self) -> str:
        return "; ".join(filter(None, map(_words, self.parts)))

    def also(self, *parts: Part) -> Reason:
        return Reason((*self.parts, *parts))


NONE = Reason()


def said(text: str) -> Reason:
    """Return a reason of which only the words matter."""
    return Reason((Said(text),)) if text else NONE


def files(found: Iterable[tuple[PurePosixPath, str]], action: str = "") -> FileCauses:
    return FileCauses(tuple(found), action)


def whole(reason: Reason) -> Reason:
    """Return a reason that names every file."""
    return _each(reason, lambda part: replace(part, whole=True) if isinstance(part, FileCauses | Kept) else part)


def pointed(reason: Reason, options: str) -> Reason:
    """Return a reason whose ways out, as they are typed, have further options."""
    return _each(reason, lambda part: replace(part, options=options) if isinstance(part, WayOut) else part)


def _each(reason: Reason, change: Callable[[Part], Part]) -> Reason:
    """Change every part, and those of the reasons inside it."""
    return Reason(tuple(_inside(change(part), change) for part in reason.parts))


def _inside(part: Part, change: Callable[[Part], Part]) -> Part:
    match part:
        case Needs(why=why) | SinceWaiting(why=why):
            return replace(part, why=_each(why, change))
        case Said() | FileCauses() | Kept() | WayOut() | HeldBack() | Collision() | AtWork():
            return part
        case never:
            assert_never(never)


def _words(part: Part) -> str:
    match part:
        case Said(text):
            return text
        case FileCauses():
            return _files(part)
        case WayOut(way, options):
            return _way_out(way, options)
        case HeldBack(by):
            return in_words(by)
        case Needs(target, state, why):
            return f"needs {target}, which is {state}" + (f": {why.text}" if why else "")
        case Collision() | Kept():
            return part.words
        case AtWork(run):
            return f"run {run} is at work on it"
        case SinceWaiting(why):
            return f"{why.text} since the commit that waits was made"
        case never:
            assert_never(never)


def _files(said: FileCauses) -> str:
    named = [f"{path}: {cause}" for path, cause in said.found]
    before = f"{said.action}: " if said.action else ""
    if said.whole:
        return before + "; ".join(named)
    return before + named[0] + (f" (and {len(named) - 1} more)" if len(named) > 1 else "")


def _way_out(way: Way, options: str) -> str:
    command, effect = way.value
    mark = "," if way is Way.OVERWRITE_OR_MERGE else ""
    return " ".join(filter(None, (f"{command}{' ' * bool(options)}{options}{mark}", effect)))
