"""What is decided about one managed file, by values: a template's text, what is there, and what was written last."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from rollout.model.circumstances import Circumstances, Decisions
from rollout.model.files import Agreed, Desired, File, Managed, Snapshot, Written
from rollout.model.inventory import FileRule, Folder, FormatName, Mode, Target
from rollout.model.own_writes import FileShare, nothing_of_others
from rollout.model.plan import Change, State, Step
from rollout.planning import steps


def managed(path: str, body: str, rule: FileRule | None = None, *, executable: bool = False) -> Managed:
    rule = rule or FileRule()
    return Managed(PurePosixPath(path), rule.mode, body.encode(), executable, rule, "project", f"project/{path}")


def file(text: str | None, *, executable: bool = False) -> File | None:
    return None if text is None else File(text.encode(), executable)


def step(
    item: Managed,
    there: File | None,
    last: Written | None = None,
    decisions: Decisions | None = None,
    agreed: Agreed = (),
) -> Step:
    """Return what a target with this one file needs."""
    target = Target("api", Folder(Path("/x")), ("project",), (), {})
    snapshot = Snapshot("", {item.path: there}, {item.path: last} if last else {}, agreed={item.path: agreed})
    return steps.step_for(target, Desired((item,)), snapshot, decisions or Decisions(), Circumstances(""))


def only_change(made: Step) -> Change:
    (change,) = made.changes
    return change


def written(change: Change, before: Written | None = None) -> Written:
    """Return what is remembered of a change that was carried out."""
    assert change.after is not None
    sides = (change.before.content if change.before else b"", change.after.content)
    taken = (before.file.content,) * 2 if before is not None and before.keys_only and before.file is not None else None
    if change.share is FileShare.NONE:
        return Written(change.after, "c0", share=change.share)
    ours = (*(before.ours if before else ()), *([taken] if taken else []), sides)
    again = {len(ours) - 1} if change.share is FileShare.PART_ANEW else set[int]()
    anew = frozenset((before.anew if before else frozenset()) | again)
    if change.template is None or change.before is None:
        ours_alone = nothing_of_others([(old or None, new) for old, new in ours], change.share, None)
        return Written(change.after, "c0", ours, alone=ours_alone, share=change.share, anew=anew)
    merge = (change.before, change.after)
    once_more = before is not None and before.merged is not None
    base = before.merge_base if before is not None and once_more else change.base
    merges = (*before.merges, merge) if before is not None and once_more else (merge,)
    return Written(change.after, "c0", ours, change.template, base, merges, share=change.share, anew=anew)


def rolled_out(item: Managed, there: str | None, last: Written | None = None) -> str:
    """Return what is at the path after a run that takes nothing over; a second one finds nothing to do."""
    change = only_change(step(item, file(there), last))
    assert (change.decided, change.after is None) == (True, False), change
    assert step(item, change.after, written(change, last)).state is State.IN_SYNC
    assert change.after is not None
    return change.after.content.decode()


def rule(mode: Mode, **named: str) -> FileRule:
    replaces = (named["replaces"],) if "replaces" in named else ()
    return FileRule(
        mode,
        block_id=named.get("id"),
        replaces=replaces,
        format=FormatName(named["format"]) if "format" in named else None,
    )
