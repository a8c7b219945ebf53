"""What one managed file needs."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum, auto
from pathlib import PurePosixPath

from msgspec import Struct
from msgspec.structs import replace

from rollout.content.file_fault import FileFault
from rollout.content.modes.mode import Situation
from rollout.content.modes.table import strategy, traits
from rollout.content.policy import policy_fault
from rollout.model.action import Action, OnDrift
from rollout.model.circumstances import Decisions
from rollout.model.files import Desired, File, Managed, Obstacle, Snapshot, Written
from rollout.model.line_ends import Conversion
from rollout.model.plan import Change
from rollout.planning import in_place, keeping, shares
from rollout.planning.drift import accepted_merge, changed_by_others, drift_of, told
from rollout.safety import faults
from rollout.safety.flaw import Flaw


class Left(Enum):
    """Why a file that differs from its template needs nothing."""

    KEPT = auto()  # a person decided to keep it
    HELD = auto()  # it was reverted
    MERGED = auto()  # a person accepted a merge of what others did


class LeftAsItIs(Struct, frozen=True):
    """A file that differs from its template and needs nothing."""

    path: PurePosixPath
    why: Left = Left.KEPT
    since: Change | None = None  # what others did to it while it is on hold


class Needed(Struct, frozen=True):
    """The changes that a target needs, the files that are left as they are, how many need none, and warnings."""

    changes: tuple[Change, ...]
    kept: tuple[PurePosixPath, ...]
    held: tuple[PurePosixPath, ...]
    changed_on_hold: tuple[Change, ...]
    merged: tuple[PurePosixPath, ...]
    in_sync: int
    warnings: tuple[str, ...]


def changes_needed(desired: Desired, snapshot: Snapshot, decisions: Decisions) -> Needed:
    problems = {problem.path: problem for problem in desired.problems}
    judged = [item for item in desired.managed if item.path not in problems]
    found = [_found(item, snapshot, decisions) for item in judged]
    changes = [change for change in found if isinstance(change, Change)]
    rules = {item.path: item.rules for item in desired.managed}
    wrong = [_error(one.path, one.flaw, elsewhere=one.elsewhere, policy=one.policy) for one in problems.values()]
    changes += [replace(change, rules=rules.get(change.path, ())) for change in wrong]
    kept, held, merged = (_left(found, why) for why in (Left.KEPT, Left.HELD, Left.MERGED))
    warnings = tuple(warning for item in judged for warning in _warnings(item, snapshot.files.get(item.path)))
    changes.sort(key=lambda change: change.path)
    since = tuple(one.since for one in found if isinstance(one, LeftAsItIs) and one.since is not None)
    in_sync = len(judged) - sum(isinstance(c, Change) for c in found)
    return Needed(tuple(changes), kept, held, since, merged, in_sync, warnings)


def _left(found: Iterable[Change | LeftAsItIs | None], why: Left) -> tuple[PurePosixPath, ...]:
    return tuple(sorted(one.path for one in found if isinstance(one, LeftAsItIs) and one.why is why))


def _found(item: Managed, snapshot: Snapshot, decisions: Decisions) -> Change | LeftAsItIs | None:
    found = _unlinked(_needed(item, snapshot, decisions), snapshot)
    if isinstance(found, Change):
        found = shares.with_share(situation(item, None, snapshot), found)
    return _with_rules(item, found)


def _with_rules(item: Managed, found: Change | LeftAsItIs | None) -> Change | LeftAsItIs | None:
    return replace(found, rules=item.rules) if item.rules and isinstance(found, Change) else found


def _unlinked(found: Change | LeftAsItIs | None, snapshot: Snapshot) -> Change | LeftAsItIs | None:
    """Refuse to write a file that has another name, too: the two would be parted. What others did can be kept."""
    if not isinstance(found, Change) or found.path not in snapshot.linked:
        return found
    if found.action is Action.ERROR or found.idle or found.keep:
        return found
    if found.action is Action.DRIFT and not found.decided:
        cause = f"{found.cause}; it {_LINKED}"
        did = None if found.did is None else replace(found.did, more=f"{found.did.more}; it {_LINKED}")
        return replace(found, after=found.before, cause=cause, did=did)
    return _error(found.path, Flaw(f"{_LINKED}; put a copy in its place"), found.before)


_LINKED = "has hard links, which replacing it would part"


def _warnings(item: Managed, actual: File | Obstacle | None) -> list[str]:
    found = []
    passed_over = strategy(item.mode).passed_over(item, actual) if isinstance(actual, Obstacle) else None
    if passed_over:
        found.append(passed_over)
    if not item.body and traits(item.mode).writes:
        what = "nothing" if traits(item.mode).shared else "an empty file"
        found.append(f"{item.path}: the template renders to {what}")
    return found


def change_for(item: Managed, snapshot: Snapshot, decisions: Decisions) -> Change | None:
    """Return what one managed path needs, or None if it is as it should be, or is kept."""
    found = _found(item, snapshot, decisions)
    return found if isinstance(found, Change) else None


def _needed(item: Managed, snapshot: Snapshot, decisions: Decisions) -> Change | LeftAsItIs | None:
    actual = snapshot.files.get(item.path)
    if isinstance(actual, Obstacle):
        if strategy(item.mode).passed_over(item, actual):
            return None
        return _error(item.path, Flaw(f"is {actual.what} there{in_place.way_out(item, actual, snapshot)}"))
    at, decisions = situation(item, actual, snapshot), keeping.released(item, snapshot, decisions)
    try:
        wanted = strategy(item.mode).wanted(at)
        fault = _bound_broken(item, wanted)
        if fault:
            return _error(item.path, fault, actual, policy=True)
        if keeping.on_hold(item, snapshot.held.get(item.path), decisions):
            change, how = _classified(at, wanted, _AT_ALL), Left.HELD
            return change and LeftAsItIs(item.path, how, keeping.changed_on_hold(at, change, snapshot))
        if keeping.stays(item, actual, snapshot.kept.get(item.path), decisions):
            return None if _classified(at, wanted, _AT_ALL) is None else LeftAsItIs(item.path)
        change = _classified(at, wanted, decisions)
        if change is None:
            return None if actual == wanted else LeftAsItIs(item.path, Left.MERGED)
        if change.action not in keeping.WAITING:
            return change
        if change.action is Action.ADOPT and snapshot.unsearched:
            change = replace(change, cause=_UNSEARCHED, unsearched=True)
        again = keeping.released_alone(item, snapshot.held.get(item.path), decisions)
        change = replace(change, goes_back=keeping.goes_back(at), released=again)
        return keeping.kept(told(change, snapshot.changed_by.get(item.path)), item.asks, decisions)
    except FileFault as error:
        elsewhere = error.path not in {None, item.path}
        return _error(item.path, Flaw(str(error)) if elsewhere else error.flaw, actual, elsewhere=elsewhere)
    except Exception as error:  # anything that a file's content can cause is that file's fault; the others go on
        return _error(item.path, Flaw(faults.in_words(error)), actual)


# Whether something is needed at all: whether what others changed could be merged is not tried.
_AT_ALL = Decisions(on_drift=OnDrift.KEEP)

_UNSEARCHED = "the file exists, and whether rollout wrote it is not known until upstream is asked"


def situation(item: Managed, actual: File | None, snapshot: Snapshot) -> Situation:
    """Return what a mode has to know about a managed path."""
    line_ends = snapshot.line_ends.get(item.path, Conversion.BINARY)
    return Situation(item, actual, snapshot.written.get(item.path), line_ends, snapshot.agreed.get(item.path, ()))


def satisfied(
    item: Managed, actual: File | Obstacle | None, written: Written | None, how: Conversion, kept: str | None = None
) -> bool:
    """Tell whether a path needs no change, for callers that need the result and not its history."""
    last, notes = {item.path: written} if written else {}, {item.path: kept} if kept else {}
    snapshot = Snapshot("", {item.path: actual}, last, {item.path: how}, kept=notes)
    return change_for(item, snapshot, _AT_ALL) is None


def _error(
    path: PurePosixPath, flaw: Flaw, actual: File | None = None, *, elsewhere: bool = False, policy: bool = False
) -> Change:
    found = Change(path, Action.ERROR, str(flaw), actual, None, decided=False, line=flaw.line)
    return replace(found, elsewhere=elsewhere, policy=policy)


def _bound_broken(item: Managed, wanted: File | None) -> Flaw | None:
    """Say which limit the whole file breaks, or None. The template's own text was checked when it was rendered."""
    if wanted is None or not traits(item.mode).shared:
        return None
    return policy_fault(wanted.content, item.rule)


def _classified(at: Situation, wanted: File | None, decisions: Decisions) -> Change | None:
    path, actual = at.item.path, at.actual
    if actual == wanted or accepted_merge(at, wanted):
        return None
    if at.written is not None and changed_by_others(at, at.written):
        return drift_of(at, wanted, at.written, decisions)
    base = at.written.file if at.written is not None else None
    if actual is None:
        return Change(path, Action.CREATE, "missing", None, wanted, base)
    reason = strategy(at.item.mode).reason(at, actual)
    if reason.takes_over:
        return Change(path, Action.ADOPT, reason.cause, actual, wanted, decided=decisions.takes_over(path))
    if wanted is None:
        return Change(path, Action.DELETE, reason.cause, actual, None, base, takes_away=reason.takes_away)
    if actual.content == wanted.content:
        return Change(path, Action.CHMOD, "the template's executable bit changed", actual, wanted, base)
    return Change(path, Action.UPDATE, reason.cause, actual, wanted, base, takes_away=reason.takes_away)
