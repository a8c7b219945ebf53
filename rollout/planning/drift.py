"""Tell whether others changed what rollout wrote, and what to do about it."""

from __future__ import annotations

from collections.abc import Container
from contextlib import suppress
from typing import assert_never

from msgspec.structs import replace

from rollout.content import three_way
from rollout.content.file_fault import FileFault
from rollout.content.modes.mode import Situation
from rollout.content.modes.table import strategy, traits
from rollout.model.action import Action, OnDrift
from rollout.model.changed import ChangedBy, Deed, Did
from rollout.model.circumstances import Decisions
from rollout.model.files import File, Written
from rollout.model.plan import Change


def accepted_merge(at: Situation, wanted: File | None) -> bool:
    """Tell whether the file is an accepted merge of drift and the template has not changed since.

    Of a file that is shared, only our part has to be as it was accepted.
    """
    written = at.written
    if written is None or written.merged is None or written.disputed or wanted is None:
        return False
    if written.merged not in _notes(at, wanted):
        return False
    if at.actual == written.file:
        return True
    both = at.actual is not None and written.file is not None and traits(at.item.mode).shared
    return both and not strategy(at.item.mode).changed(at, written.file, at.actual)  # type: ignore[arg-type]


def _notes(at: Situation, wanted: File) -> tuple[str, ...]:
    """Return how a merge with the present template is noted; of a shared file, other text says nothing of that."""
    return (at.item.asks, wanted.sha256) if traits(at.item.mode).shared else (wanted.sha256,)


def changed_by_others(at: Situation, written: Written) -> bool:
    """Tell whether the part of the file that is ours is no longer what rollout last wrote."""
    if written.disputed:
        return True
    if written.merged is not None:
        return True  # a merge of drift was accepted, and now the template says something else
    if written.there is not None and at.actual == written.there:
        return False  # its rule may have changed since
    if at.actual is None or written.file is None:
        return (at.actual is None) != (written.file is None)
    return strategy(at.item.mode).changed(at, written.file, at.actual)


def drift_of(at: Situation, wanted: File | None, written: Written, decisions: Decisions) -> Change:
    did = _did(at.actual, written, _notes(at, wanted) if wanted is not None else ())
    fault = strategy(at.item.mode).unclear(at)
    unclear = "" if fault is None else f"; {fault}"
    more = strategy(at.item.mode).more(at)
    did = replace(did, more=did.more + more + unclear)
    base = written.file if written.merged is None else _told_then(at, written)
    after = wanted if fault is None else at.actual
    drift = Change(
        at.item.path, Action.DRIFT, did.words(), at.actual, after, base, decided=False, did=did, indivisible=bool(more)
    )
    match decisions.about(at.item.path):
        case OnDrift.BLOCK:
            return replace(_seen_by_others(at, drift), merges=_merges(at, drift, written))
        case OnDrift.KEEP:
            return _seen_by_others(at, drift)
        case OnDrift.OVERWRITE:
            if fault is not None:
                raise fault
            return replace(drift, decided=True)
        case OnDrift.MERGE:
            if fault is not None:
                return replace(drift, action=Action.CONFLICT)
            return _merged_drift(at, drift, written)
        case never:
            assert_never(never)


def _seen_by_others(at: Situation, drift: Change) -> Change:
    """Return drift that nobody has decided about, with the base that others changed as they saw it."""
    return drift if drift.base is None else replace(drift, base=strategy(at.item.mode).told_base(at, drift.base))


def _merges(at: Situation, drift: Change, written: Written) -> bool:
    """Tell whether a merge would be clean and not just what others made of the file."""
    with suppress(Exception):  # what is wrong with a file is told to who merges it
        merged = _merged_drift(at, drift, written)
        return merged.decided and not merged.idle
    return False


def _told_then(at: Situation, written: Written) -> File | None:
    """Return the file as our templates alone had it when the last merge of drift was accepted.

    Where that cannot be told, it is what was ours before: then more seems to be changed by others, never less.
    """
    base = written.merge_base
    if base is None:
        return None
    for before, after in written.merges:
        with suppress(three_way.MergeConflict, FileFault):
            executable = base.executable if before.executable == after.executable else after.executable
            base = File(strategy(at.item.mode).told_then(at, base, before, after), executable)
    return base


def _did(actual: File | None, written: Written, notes: Container[str | None]) -> Did:
    if actual is None:
        return Did("others deleted it", Deed.DELETED)
    if written.disputed:
        return Did("others changed it", Deed.CHANGED, ", and what rollout wrote is not known any more")
    if written.merged is not None and written.merged not in notes:
        return Did("it holds an accepted merge, and the template changed since")
    if written.file is None:
        return Did("others put it back", Deed.PUT_BACK, " after rollout deleted it")
    if actual == written.file:
        return Did("it is as rollout wrote it last")
    if actual.content == written.file.content:
        return Did("others changed its mode", Deed.CHANGED_MODE)
    return Did("others changed it", Deed.CHANGED)


def told(change: Change, by: ChangedBy | None) -> Change:
    """Return a change that waits for a decision, with who made it necessary; on a disk the last one may be us."""
    ours = by is not None and by.commit is None and change.before == change.base
    did = replace(change.did or Did(change.cause), by=None if ours else by)
    return replace(change, did=did, cause=did.words())


def _more(change: Change, words: str) -> Change:
    did = change.did or Did(change.cause)
    did = replace(did, more=did.more + words)
    return replace(change, did=did, cause=did.words())


def _merged_drift(at: Situation, drift: Change, written: Written) -> Change:
    """Merge the drift with the template, from their common base; overlapping changes are a conflict, never a marker."""
    actual, wanted, base = drift.before, drift.after, drift.base
    if base is None and written.disputed:
        return replace(drift, action=Action.CONFLICT)
    if actual is None or wanted is None or base is None:
        known = written.merged is None or actual is None or wanted is None
        why = "a deletion cannot be merged" if known else "what was ours before it is not known any more"
        return _more(replace(drift, action=Action.CONFLICT), f"; {why}")
    try:
        content = strategy(at.item.mode).merged(at, base, actual, wanted)
    except three_way.MergeConflict as clash:
        return _more(replace(drift, action=Action.CONFLICT), clash.told)
    executable = actual.executable if wanted.executable == base.executable else wanted.executable
    result = File(content, executable)
    merged = replace(drift, after=result, decided=True, template=_notes(at, wanted)[0])
    return _more(merged, "; merged with the template")
