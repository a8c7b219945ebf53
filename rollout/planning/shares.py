"""How much of a file is ours once a change is carried out, where others wrote some of it."""

from __future__ import annotations

from msgspec.structs import replace

from rollout.content.modes.mode import Situation
from rollout.content.modes.table import strategy, traits
from rollout.model.action import Action
from rollout.model.files import File
from rollout.model.own_writes import FileShare
from rollout.model.plan import Change


def with_share(at: Situation, found: Change) -> Change:
    """Note in a change how much of the file is ours then, if others wrote some of it and its mode leaves that."""
    item = at.item
    if found.before is None or found.after is None:
        return found
    if not traits(item.mode).writes:
        return replace(found, share=FileShare.NONE)
    if not traits(item.mode).shared or _leaves_nothing_of_others(at, found.before, found.after):
        return found
    return replace(found, share=FileShare.PART_ANEW if _anew(at, found) else FileShare.PART)


def _anew(at: Situation, found: Change) -> bool:
    """Tell whether a document is taken over once more: what others have in it by now they would have again."""
    known = at.written is not None and bool(at.written.ours)
    return known and traits(at.item.mode).needs_past and found.action is Action.ADOPT


def _leaves_nothing_of_others(at: Situation, before: File, after: File) -> bool:
    """Tell whether a file that was all ours is so again: nobody changed it, or all that others wrote goes."""
    if at.written is None or not at.written.alone:
        return False
    if at.written.file in {before, after}:
        return True
    made_anew = strategy(at.item.mode).wanted(replace(at, written=None))
    return not traits(at.item.mode).needs_past and after == made_anew
