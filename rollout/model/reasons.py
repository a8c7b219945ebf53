"""Why a target is in its state, and why an outcome came about: values, made into text where somebody reads it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import Enum
from pathlib import PurePosixPath
from typing import assert_never

from msgspec import Struct
from msgspec.structs import replace

from rollout.model.action import Action
from rollout.model.causes import Decide, FileCauses, Frozen, Kept, OnHold, OptedOut, SaidOfFiles
from rollout.model.changed import Did
from rollout.model.few import left_out
from rollout.model.hindrances import Hindrance, NotCloned, NotUpdated, PushedSince, in_words

_SHOWN = 3


class Way(Enum):
    """How a person decides with `rollout apply`; the value is the command, its options, and what it does."""

    ADOPT = ("rollout apply --adopt", "takes it over")
    PLAN_AGAIN = ("rollout apply", "decides")
    ASK = ("rollout status --fetch", "tells")
    RENEW = ("rollout apply", "renews it")
    REOPEN = ("rollout apply --reopen", "proposes it again")
    REOPEN_BESIDE = ("rollout apply --reopen", "starts again on another branch")
    RELEASE = ("rollout apply --release", "writes what the template says")
    RENDER_AGAIN = ("rollout apply", "renders it again")


class Said(Struct, frozen=True):
    """Plain words that no code looks into: git's, the system's, or those of a saved plan."""

    text: str


class WayOut(Struct, frozen=True):
    """The command that decides; `options` restrict it to what the present command works on."""

    way: Way
    options: str = ""


class HeldBack(Struct, frozen=True):
    """The checkout is kept from having what upstream has."""

    by: Hindrance
    whole: bool = False
    hint: bool = False


class Needs(Struct, frozen=True):
    """A needed target is not as it should be."""

    target: str
    state: str
    why: Reason


class Collision(Struct, frozen=True):
    """A commit of a person's own that upstream does not have, and the managed paths that it touches."""

    commit: str
    subject: str
    paths: tuple[PurePosixPath, ...]

    @property
    def words(self) -> str:
        touched = ", ".join(map(str, self.paths[:_SHOWN])) + left_out(len(self.paths[_SHOWN:]), hint=False)
        return f"your own commit {self.commit[:7]} ({self.subject}), which is not upstream, touches {touched}"


class AtWork(Struct, frozen=True):
    """Another run is writing the target now; or it `ended` without a word, and a git that it started still does."""

    run: str
    ended: bool = False


class SinceWaiting(Struct, frozen=True):
    """Something happened after the commit was made that waits to be pushed."""

    why: Reason


class Later(Struct, frozen=True):
    """Its turn has not come: nothing is wrong, and the same command continues when it has."""

    words: str


Stays = Kept | OnHold | Frozen | OptedOut  # why something is not written
ReasonPart = (
    Later | Said | SaidOfFiles | FileCauses | Stays | WayOut | HeldBack | Needs | Collision | AtWork | SinceWaiting
)


class Reason(Struct, frozen=True):
    """The parts of a reason, in order; none if all is well."""

    parts: tuple[ReasonPart, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.text)

    @property
    def text(self) -> str:
        return "; ".join(filter(None, map(_words, self.parts)))

    @property
    def later(self) -> bool:
        """Tell whether only its turn has not come yet."""
        return any(isinstance(part, Later) for part in self.parts)

    @property
    def opted_out(self) -> bool:
        """Tell whether the target wants to be left alone, so that nobody has looked at it."""
        return any(isinstance(part, OptedOut) for part in self.parts)

    @property
    def at_work(self) -> str:
        """Say which run is writing the target now; nothing if none is."""
        return next((_words(part) for part in self.parts if isinstance(part, AtWork)), "")

    @property
    def unhindered(self) -> bool:
        """Tell whether the checkout is not as upstream is, and nothing that a look finds keeps it from being so."""
        return any(
            isinstance(part, HeldBack) and isinstance(part.by, NotUpdated | PushedSince | NotCloned)
            for part in self.parts
        )

    def also(self, *parts: ReasonPart) -> Reason:
        return Reason((*self.parts, *parts))


NONE = Reason()


def said(text: str) -> Reason:
    """Return a reason made of plain words."""
    return Reason((Said(text),)) if text else NONE


def files(found: Iterable[tuple[PurePosixPath, str]], action: Action | None = None) -> FileCauses:
    return FileCauses(tuple((path, Did(cause)) for path, cause in found), action)


def whole(reason: Reason) -> Reason:
    """Return a reason that names every file."""
    return _each(reason, lambda part: replace(part, whole=True) if isinstance(part, _SHORTENED) else part)


def on_screen(reason: Reason) -> Reason:
    """Return a reason that says how to see what it leaves out."""
    return _each(reason, lambda part: replace(part, hint=True) if isinstance(part, _SHORTENED) else part)


_SHORTENED = (FileCauses, SaidOfFiles, Kept, OnHold, HeldBack)


def pointed(reason: Reason, options: str, own: str) -> Reason:
    """Return a reason whose commands have further options; `own` are those of commands that name their target."""
    return _each(reason, lambda part: _pointed(part, options, own))


def _pointed(part: ReasonPart, options: str, own: str) -> ReasonPart:
    match part:
        case WayOut():
            return replace(part, options=options)
        case FileCauses(decide=Decide() as decide):
            return replace(part, decide=replace(decide, options=options, own_options=own))
    return part


def dated(reason: Reason) -> Reason:
    """Return a reason whose times are dates, for what is kept and read later."""
    return _each(reason, lambda part: replace(part, dated=True) if isinstance(part, FileCauses) else part)


def for_many(reason: Reason) -> Reason:
    """Return the common reason of several targets; its ways out are for all of them."""
    return _each(reason, _for_many)


def _for_many(part: ReasonPart) -> ReasonPart:
    match part:
        case FileCauses(decide=Decide() as decide):
            return replace(part, decide=replace(decide, target=""))
    return part


def without_ways(reason: Reason) -> Reason:
    """Return a reason without its ways out."""
    return _each(reason, lambda part: replace(part, decide=None) if isinstance(part, FileCauses) else part)


def _each(reason: Reason, change: Callable[[ReasonPart], ReasonPart]) -> Reason:
    """Change every part, and those of the reasons inside it."""
    return reason if not reason.parts else Reason(tuple(_inside(change(part), change) for part in reason.parts))


def _inside(part: ReasonPart, change: Callable[[ReasonPart], ReasonPart]) -> ReasonPart:
    match part:
        case Needs(why=why) | SinceWaiting(why=why):
            return replace(part, why=_each(why, change))
        case Later() | Said() | SaidOfFiles() | FileCauses() | WayOut() | HeldBack() | Collision() | AtWork():
            return part
        case Kept() | OnHold() | Frozen() | OptedOut():
            return part
        case never:
            assert_never(never)


def _words(part: ReasonPart) -> str:
    match part:
        case Said(text) | Later(text):
            return text
        case WayOut(way, options):
            return _way_out(way, options)
        case HeldBack(by, whole, hint):
            return in_words(by, whole=whole, hint=hint)
        case Needs(target, state, why):
            return f"needs {target}, which is {state}" + (f": {why.text}" if why else "")
        case FileCauses() | SaidOfFiles() | Collision() | Kept() | OnHold() | Frozen() | OptedOut():
            return part.words
        case AtWork(run, ended):
            what = "was interrupted, and its git is still at work on it" if ended else "is at work on it"
            return f"run {run} {what}"
        case SinceWaiting(why):
            return f"{why.text} since the commit that waits was made"
        case never:
            assert_never(never)


def _way_out(way: Way, options: str) -> str:
    command, effect = way.value
    return " ".join(filter(None, (command, options, effect)))
