"""What to say about managed files: what others did, how that is decided, and why some files stay as they are."""

from __future__ import annotations

import shlex
from pathlib import PurePosixPath

from msgspec import Struct

from rollout.model.action import Action, OnDrift
from rollout.model.changed import Did
from rollout.model.few import left_out


class Decide(Struct, frozen=True):
    """The commands by which a person looks at files that wait for a decision, and decides."""

    target: str
    adopts: bool  # whether what waits is an adoption, and not drift or a conflict
    choices: tuple[OnDrift, ...]
    options: str = ""
    own_options: str = ""  # of a command that names its target
    releases: bool = False  # whether the files are on hold, which ends with the decision
    takes: bool = True  # whether the template may take back what others did
    since_ours: bool = True  # whether others did it after our last write, which `diff --base` shows

    def words(self, path: PurePosixPath, number: int) -> str:
        one = tuple(filter(None, (self.target, str(path) if self.target and number == 1 else "")))
        if self.adopts:
            takes = _command(("rollout", *self.apply, "--adopt"), self.options)
            leaves = "" if number > 1 else f", or --on-drift {shlex.quote(f'{path}=keep')} leaves it"
            what = "it" if number == 1 else "them"
            return f"see: {self._about('rollout', 'diff', *one)}; then {takes} takes {what} over{leaves}"
        see = self._about("rollout", "diff", *one, *(["--base"] if self.since_ours else []))
        take = self._about("rollout", "take", self.target, str(path)) if self.target and number == 1 else ""
        back = f", or: {take}" if self.takes and take else ""
        apply = f"{shlex.join(('rollout', *self.apply))} --on-drift {'|'.join(self.choices)}"
        decide = " ".join(filter(None, (apply, self.options)))
        return f"see: {see}; then {decide}{back}"

    @property
    def apply(self) -> tuple[str, ...]:
        return ("apply", "--release") if self.releases else ("apply",)

    def _about(self, *words: str) -> str:
        """Return a command about the target, which needs no options that choose targets."""
        return _command(words, self.own_options if self.target else self.options)


def _command(words: tuple[str, ...], options: str) -> str:
    return " ".join(filter(None, (shlex.join(words), options)))


class FileCauses(Struct, frozen=True):
    """Managed files, each with what others did to it; in short only the first is named."""

    found: tuple[tuple[PurePosixPath, Did], ...]
    action: Action | None = None
    decide: Decide | None = None
    whole: bool = False
    hint: bool = False  # whether the reader has -v at hand
    dated: bool = False  # times as dates, for text that is read much later

    @property
    def words(self) -> str:
        named = [f"{path}: {did.words(dated=self.dated)}" for path, did in self.found[: None if self.whole else 1]]
        more = left_out(len(self.found) - len(named), hint=self.hint)
        before = "" if self.action is None else f"{self.action}: "
        ways = f"; {self.decide.words(self.found[0][0], len(self.found))}" if self.decide is not None else ""
        return before + "; ".join(named) + more + ways


class Kept(Struct, frozen=True):
    """Managed files that others changed and that a person decided to keep; in short only the first is named."""

    paths: tuple[PurePosixPath, ...]
    whole: bool = False
    hint: bool = False

    @property
    def words(self) -> str:
        named = _named(self.paths, 1, whole=self.whole, hint=self.hint)
        return f"{named}: kept as others left it, until the template changes"


class OnHold(Struct, frozen=True):
    """Managed files that were reverted and whose templates have not changed since; in short only the first is named."""

    paths: tuple[PurePosixPath, ...]
    whole: bool = False
    hint: bool = False

    @property
    def words(self) -> str:
        named = _named(self.paths, 1, whole=self.whole, hint=self.hint)
        return f"{named}: held since a revert, until the template changes"


class SaidOfFiles(Struct, frozen=True):
    """What is said about some files, before their names and after them; in short only the first three are named."""

    before: str
    paths: tuple[PurePosixPath, ...]
    after: str = ""
    whole: bool = False
    hint: bool = False

    @property
    def words(self) -> str:
        return self.before + _named(self.paths, 3, whole=self.whole, hint=self.hint) + self.after


class OptedOut(Struct, frozen=True):
    """The target's own file, which is named, asks for it to be left alone; so nobody has looked at it."""

    words: str


class Frozen(Struct, frozen=True):
    """The inventory asks for the target to be left as it is."""

    until: str | None = None

    @property
    def words(self) -> str:
        return "held by `hold` in the inventory" + (f" until {self.until}" if self.until else "")


def _named(paths: tuple[PurePosixPath, ...], most: int, *, whole: bool, hint: bool) -> str:
    named = paths if whole else paths[:most]
    return ", ".join(map(str, named)) + left_out(len(paths) - len(named), hint=hint)
