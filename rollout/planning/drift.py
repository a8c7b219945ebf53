"""Whether others changed what rollout wrote, and what becomes of it."""

from __future__ import annotations

from msgspec.structs import replace

from rollout.content import blocks, three_way
from rollout.content.documents import merge
from rollout.content.documents.document import DocumentFault
from rollout.content.modes.block import names_in, spot_of
from rollout.content.modes.merge import kind_of, ours_in
from rollout.content.modes.mode import merged_content
from rollout.model.circumstances import Decisions
from rollout.model.files import File, Managed, Written
from rollout.model.inventory import Mode
from rollout.model.plan import Action, Change, OnDrift


def accepted_merge(actual: File | None, wanted: File | None, written: Written | None) -> bool:
    """Tell whether the file is a merge of drift that was accepted, and the template still says what it said then."""
    return (
        written is not None
        and written.merged is not None
        and wanted is not None
        and actual == written.file
        and not written.disputed
        and written.merged == wanted.sha256
    )


def changed_by_others(item: Managed, actual: File | None, written: Written) -> bool:
    """Tell whether the part of the file that is ours is no longer what rollout last wrote."""
    base = written.file
    if written.disputed:
        return True
    if written.merged is not None:
        return True  # a merge of drift was accepted, and now the template says something else
    if actual is None or base is None:
        return (actual is None) != (base is None)
    match item.mode:
        case Mode.BLOCK:
            names = names_in(item, actual, written)
            ours = blocks.text_of(base.content, spot_of(item), names)
            theirs = blocks.text_of(actual.content, spot_of(item), names)
            return theirs != ours if ours is not None else False
        case Mode.MERGE:
            mine, kind = ours_in(written, item), kind_of(item)
            try:
                before = merge.projection(base.content, item.body, mine, kind)
            except DocumentFault:
                return True
            return merge.projection(actual.content, item.body, mine, kind) != before
        case _:
            return actual != base


def drift_of(
    item: Managed,
    actual: File | None,
    wanted: File | None,
    written: Written,
    decisions: Decisions,
    how: str,
) -> Change:
    cause = _drift_cause(actual, written)
    base = written.merge_base if written.merged is not None else written.file
    drift = Change(item.path, Action.DRIFT, cause, actual, wanted, base, decided=False)
    match decisions.on_drift:
        case OnDrift.BLOCK:
            return drift
        case OnDrift.OVERWRITE:
            return replace(drift, decided=True)
        case OnDrift.MERGE:
            return _merged_drift(item, drift, actual, wanted, written, how)


def _drift_cause(actual: File | None, written: Written) -> str:
    if actual is None:
        return "others deleted it"
    if written.disputed:
        return "others changed it, and what rollout wrote is not known any more"
    if written.merged is not None:
        return "it holds an accepted merge, and the template changed since"
    if written.file is None:
        return "others put it back after rollout deleted it"
    if actual.content == written.file.content:
        return "others changed its mode"
    return "others changed it"


def _merged_drift(
    item: Managed, drift: Change, actual: File | None, wanted: File | None, written: Written, how: str
) -> Change:
    """Merge drift and template by the base both started from; what overlaps is a conflict, never a marker."""
    base = drift.base
    if base is None and written.disputed:
        return replace(drift, action=Action.CONFLICT)
    if actual is None or wanted is None or base is None:
        return replace(drift, action=Action.CONFLICT, cause=f"{drift.cause}; a deletion cannot be merged")
    try:
        content = merged_content(item, base, actual, wanted, written, how)
    except three_way.MergeConflict as clash:
        return replace(drift, action=Action.CONFLICT, cause=f"{drift.cause}, and {clash}; the template did too")
    executable = actual.executable if wanted.executable == base.executable else wanted.executable
    result = File(content, executable)
    return replace(
        drift, cause=f"{drift.cause}; merged with the template", after=result, decided=True, template=wanted.sha256
    )
