"""What should happen to one target: values in, a frozen step out; nothing here touches the world."""

from __future__ import annotations

import hashlib
from collections.abc import Container, Mapping
from pathlib import PurePosixPath

from msgspec import Struct, field
from msgspec.structs import replace

from rollout import blocks, document_merge, faults, markers, sections, threeway
from rollout.attributes import to_repository
from rollout.document import DocumentFault
from rollout.formats import format_of
from rollout.match import match_for
from rollout.model import (
    Action,
    Branch,
    Change,
    Desired,
    File,
    Managed,
    Mode,
    Obstacle,
    OnDrift,
    Snapshot,
    State,
    Step,
    Target,
    Written,
)
from rollout.render import policy_fault


class Decisions(Struct, frozen=True):
    """What the person allows beforehand: taking over files, and what to do about drift."""

    adopt: bool = False
    on_drift: OnDrift = OnDrift.BLOCK


class Blocked(Exception):
    """A managed path that cannot be written as it should be; the text says why."""


def fingerprint(found: File | Obstacle | None) -> str:
    """Return a short form of what is at a path, for comparing then and now."""
    if found is None:
        return "-"
    if isinstance(found, Obstacle):
        return f"!{found.what}"
    return f"{found.mode}:{found.sha256}"


def changes(desired: Desired, snapshot: Snapshot, decisions: Decisions) -> tuple[tuple[Change, ...], int, list[str]]:
    """Return the changes a target needs, how many managed files need none, and warnings."""
    found: list[Change] = []
    warnings: list[str] = []
    in_sync = 0
    problems = {problem.path: problem.message for problem in desired.problems}
    for item in desired.managed:
        if item.path in problems:
            continue
        change = change_for(item, snapshot, decisions)
        if change is None:
            in_sync += 1
        else:
            found.append(change)
        if item.mode is Mode.ABSENT and snapshot.files.get(item.path) == Obstacle("a directory"):
            warnings.append(
                f"{item.path}: is a directory there, and `mode: absent` removes files only; "
                "name the files in it, or remove the directory yourself"
            )
        if not item.body and item.mode is not Mode.ABSENT:
            warnings.append(f"{item.path}: the template renders to an empty file")
    for path, message in problems.items():
        found.append(Change(path, Action.ERROR, message, None, None, decided=False))
    return tuple(sorted(found, key=lambda change: change.path)), in_sync, warnings


def change_for(item: Managed, snapshot: Snapshot, decisions: Decisions) -> Change | None:
    """Return what one managed path needs, or None where it is as it should be."""
    actual = snapshot.files.get(item.path)
    if isinstance(actual, Obstacle):
        if item.mode is Mode.ABSENT and actual.what == "a directory":
            return None
        return Change(
            item.path, Action.ERROR, f"{item.path}: is {actual.what} there{actual.way_out}", None, None, decided=False
        )
    written = snapshot.written.get(item.path)
    how = snapshot.line_ends.get(item.path, "binary")
    try:
        wanted = _wanted(item, actual, written, how)
        if wanted is not None and item.mode is not Mode.WHOLE:
            fault = policy_fault(wanted.content, item.rule, item.path)
            if fault:
                raise Blocked(fault)
        return _classified(item, actual, wanted, written, decisions, how)
    except (Blocked, markers.MarkerError, DocumentFault) as error:
        text = str(error) if str(item.path) in str(error) else f"{item.path}: {error}"
        return Change(item.path, Action.ERROR, text, actual, None, decided=False)
    except Exception as error:  # whatever a file's content can provoke is that file's fault, and the others go on
        return Change(item.path, Action.ERROR, faults.of_file(item.path, error), actual, None, decided=False)


def satisfied(item: Managed, actual: File | Obstacle | None, written: Written | None, how: str) -> bool:
    """Tell whether what is at a path needs no change; used where only the result counts, not how it came about."""
    snapshot = Snapshot("", {item.path: actual}, {item.path: written} if written else {}, {item.path: how})
    return change_for(item, snapshot, Decisions()) is None


def _wanted(item: Managed, actual: File | None, written: Written | None, how: str) -> File | None:
    """Return what should be at the path, given what is."""
    match item.mode:
        case Mode.ABSENT:
            return None
        case Mode.ONCE:
            if actual is not None or written is not None:
                return actual
            return File(to_repository(item.body, how), item.executable)
        case Mode.WHOLE:
            return File(to_repository(item.body, how), item.executable)
        case Mode.BLOCK:
            content = blocks.splice(
                actual.content if actual else None, item.body, _spot(item), _earlier(item, actual, written)
            )
            executable = actual.executable if actual else item.executable
            return File(content if actual else to_repository(content, how), executable)
        case Mode.MERGE:
            content = document_merge.merged(
                actual.content if actual else None, item.body, _ours(written, item), _kind(item)
            )
            executable = actual.executable if actual else item.executable
            return File(content if actual else to_repository(content, how), executable)


def _spot(item: Managed) -> markers.Spot:
    return markers.Spot(item.path, item.block_id, item.rule.markers, item.rule.replaces)


def _earlier(item: Managed, actual: File | None, written: Written | None) -> str | None:
    """Return the id that our block still has in the file, where its set or its id was renamed since."""
    if actual is None:
        return None
    last = written.file.content if written is not None and written.own and written.file is not None else None
    return blocks.earlier_id(actual.content, last, item.body, _spot(item))


def _kind(item: Managed) -> document_merge.Kind:
    rule = item.rule
    return document_merge.Kind(item.path, format_of(item.path, rule.format), match_for(item.path, dict(rule.match)))


def _ours(written: Written | None, item: Managed) -> document_merge.Ours:
    return document_merge.past(written.ours if written else (), _kind(item))


def _classified(
    item: Managed,
    actual: File | None,
    wanted: File | None,
    written: Written | None,
    decisions: Decisions,
    how: str,
) -> Change | None:
    if actual == wanted:
        return None
    if _accepted_merge(actual, wanted, written):
        return None
    if written is None:
        return _first_contact(item, actual, wanted, decisions)
    if _changed_by_others(item, actual, written):
        return _drift(item, actual, wanted, written, decisions, how)
    base = written.file
    if wanted is None:
        return Change(item.path, Action.DELETE, "the inventory wants it absent", actual, None, base)
    if actual is None:
        return Change(item.path, Action.CREATE, "missing", None, wanted, base)
    if actual.content == wanted.content:
        return Change(item.path, Action.CHMOD, "the template's executable bit changed", actual, wanted, base)
    cause = _block_cause(item, actual, written) if item.mode is Mode.BLOCK else None
    if item.mode is Mode.BLOCK and cause is None and base is not None:
        return _adoption(item, actual, wanted, decisions, _no_block_yet(item, actual))
    return Change(item.path, Action.UPDATE, cause or "the template changed", actual, wanted, base)


def _block_cause(item: Managed, actual: File, written: Written | None) -> str | None:
    """Say why a block that stands in a file is written, or None where there is none."""
    earlier = _earlier(item, actual, written)
    if earlier is not None:
        return f"the block {earlier!r} is {item.block_id!r} now"
    text = blocks.text_of(actual.content, _spot(item), (item.block_id,))
    if text is None:
        return None
    if text == blocks.said(item.body):
        return "its markers are written otherwise now"
    return "the block differs" if written is None else "the template changed"


def _no_block_yet(item: Managed, actual: File) -> str:
    if item.rule.replaces is not None and sections.replaced(actual.content, _spot(item)) is not None:
        return f"the file has no block {item.block_id!r} yet; it takes the place of the section {item.rule.replaces!r}"
    return f"the file has no block {item.block_id!r} yet"


def _accepted_merge(actual: File | None, wanted: File | None, written: Written | None) -> bool:
    """Tell whether the file is a merge of drift that was accepted, and the template still says what it said then."""
    return (
        written is not None
        and written.merged is not None
        and wanted is not None
        and actual == written.file
        and not written.disputed
        and written.merged == wanted.sha256
    )


def _first_contact(item: Managed, actual: File | None, wanted: File | None, decisions: Decisions) -> Change:
    if actual is None:
        assert wanted is not None
        return Change(item.path, Action.CREATE, "missing", None, wanted)
    if wanted is None:
        return _adoption(item, actual, None, decisions, "the inventory wants it absent, and rollout never wrote it")
    if item.mode is Mode.BLOCK:
        cause = _block_cause(item, actual, None)
        if cause is not None:
            return Change(item.path, Action.UPDATE, cause, actual, wanted)
        return _adoption(item, actual, wanted, decisions, _no_block_yet(item, actual))
    if item.mode is Mode.MERGE:
        if not document_merge.would_change_foreign(actual.content, item.body, document_merge.Ours(), _kind(item)):
            return Change(item.path, Action.UPDATE, "keys are missing", actual, wanted)
        return _adoption(item, actual, wanted, decisions, "it would change values that rollout never wrote")
    return _adoption(item, actual, wanted, decisions, "the file exists and rollout never wrote it")


def _adoption(item: Managed, actual: File, wanted: File | None, decisions: Decisions, cause: str) -> Change:
    return Change(item.path, Action.ADOPT, cause, actual, wanted, decided=decisions.adopt)


def _changed_by_others(item: Managed, actual: File | None, written: Written) -> bool:
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
            names = _names(item, actual, written)
            ours = blocks.text_of(base.content, _spot(item), names)
            theirs = blocks.text_of(actual.content, _spot(item), names)
            return theirs != ours if ours is not None else False
        case Mode.MERGE:
            mine, kind = _ours(written, item), _kind(item)
            try:
                before = document_merge.projection(base.content, item.body, mine, kind)
            except DocumentFault:
                return True
            return document_merge.projection(actual.content, item.body, mine, kind) != before
        case _:
            return actual != base


def _names(item: Managed, actual: File | None, written: Written | None) -> tuple[str, ...]:
    """Return the ids that our block may have, that of today first."""
    earlier = _earlier(item, actual, written)
    return (item.block_id,) if earlier is None else (item.block_id, earlier)


def _drift(
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
        content = _merged_content(item, base, actual, wanted, written, how)
    except threeway.MergeConflict as clash:
        return replace(drift, action=Action.CONFLICT, cause=f"{drift.cause}, and {clash}; the template did too")
    executable = actual.executable if wanted.executable == base.executable else wanted.executable
    result = File(content, executable)
    return replace(
        drift, cause=f"{drift.cause}; merged with the template", after=result, decided=True, template=wanted.sha256
    )


def _merged_content(item: Managed, base: File, actual: File, wanted: File, written: Written, how: str) -> bytes:
    if item.mode is Mode.BLOCK:
        earlier = _earlier(item, actual, written)
        names = _names(item, actual, written)
        inside = [blocks.text_of(f.content, _spot(item), names) for f in (base, actual, wanted)]
        was, theirs, ours = inside
        if was is None or theirs is None or ours is None:
            raise threeway.MergeConflict(1)
        return blocks.splice(actual.content, threeway.merge(was, theirs, ours), _spot(item), earlier)
    if item.mode is Mode.MERGE:
        ours_on_base = document_merge.merged(base.content, item.body, _ours(written, item), _kind(item))
        return threeway.merge(base.content, actual.content, ours_on_base)
    return threeway.merge(base.content, actual.content, wanted.content)


class Checkout(Struct, frozen=True):
    """The person's checkout as far as a plan needs it: whether it has what upstream has, and if not, why."""

    has_it: bool = True
    reason: str = ""
    can_follow: bool = False
    commit: str | None = None
    ahead: int | None = 0
    behind: int | None = 0
    differing: tuple[tuple[PurePosixPath, str], ...] = ()  # managed paths that are not as upstream has them


class Circumstances(Struct, frozen=True):
    """What beyond the files decides a target's state."""

    identity: str
    pending: str | None = None  # our own commit that is not upstream, if it still says what the templates say
    pending_files: Mapping[PurePosixPath, tuple[File | None, File | None]] = field(default_factory=dict)
    overtaken: bool = False  # our own commit is not upstream, and says something else by now
    outrun: tuple[PurePosixPath, ...] = ()  # its files that upstream has otherwise than before and after it
    checkout: Checkout | None = None
    identity_fault: str | None = None  # why no commit could be made
    author: str = ""  # who it would be by
    known_at: float | None = None


class Findings(Struct, frozen=True):
    """What came of holding a target's desired files against one revision of it."""

    revision: str
    changes: tuple[Change, ...]
    managed: Mapping[PurePosixPath, str]
    in_sync: int
    warnings: tuple[str, ...] = ()
    orphans: tuple[PurePosixPath, ...] = ()
    newest: str | None = None
    equal: Mapping[PurePosixPath, File] = field(default_factory=dict)  # others wrote it, and just as it should be


def step_for(
    target: Target,
    desired: Desired,
    snapshot: Snapshot,
    decisions: Decisions,
    circumstances: Circumstances,
) -> Step:
    """Return the frozen step of one target: its state, the reason in words, and every change."""
    return step_of(target, findings(desired, snapshot, decisions), circumstances)


def findings(desired: Desired, snapshot: Snapshot, decisions: Decisions) -> Findings:
    """Hold what is desired against what is there."""
    found, in_sync, warnings = changes(desired, snapshot, decisions)
    return Findings(
        revision=snapshot.revision,
        changes=found,
        managed={item.path: fingerprint(snapshot.files.get(item.path)) for item in desired.managed},
        in_sync=in_sync,
        warnings=tuple(warnings),
        orphans=tuple(sorted(orphans(desired, snapshot))),
        newest=snapshot.newest,
        equal=equal_files(desired, snapshot, {change.path for change in found}),
    )


def equal_files(desired: Desired, snapshot: Snapshot, changed: Container[PurePosixPath]) -> dict[PurePosixPath, File]:
    """Return the files that are as they should be though rollout did not write them so, as they count for written."""
    found = {}
    for item in desired.managed:
        actual = snapshot.files.get(item.path)
        if item.path not in changed and isinstance(actual, File) and _others_wrote(item, actual, snapshot):
            # Of a document that is shared with others, only what the template names becomes ours.
            found[item.path] = File(item.body, actual.executable) if item.mode is Mode.MERGE else actual
    return found


def _others_wrote(item: Managed, actual: File, snapshot: Snapshot) -> bool:
    written = snapshot.written.get(item.path)
    if item.mode in {Mode.ABSENT, Mode.ONCE}:
        return False
    if written is None:
        return True
    if actual == written.file and not written.disputed:
        return False
    try:
        return _changed_by_others(item, actual, written)
    except (markers.MarkerError, DocumentFault):
        return False


def step_of(target: Target, found: Findings, circumstances: Circumstances) -> Step:
    """Return the step that findings come to in their circumstances."""
    settled = tuple(_settled(change, circumstances.pending_files) for change in found.changes)
    state, reason = _state(settled, circumstances, target)
    checkout = circumstances.checkout
    return Step(
        target=target.name,
        location=target.location,
        state=state,
        reason=reason,
        base=found.revision,
        changes=settled,
        managed=found.managed,
        in_sync=found.in_sync,
        pending=circumstances.pending,
        overtaken=circumstances.overtaken,
        outrun=circumstances.outrun,
        follow=checkout is not None and not checkout.has_it and checkout.can_follow,
        warnings=found.warnings,
        orphans=found.orphans,
        identity=circumstances.identity,
        author=circumstances.author,
        commit=circumstances.pending or found.newest,
        ahead=_ahead(circumstances),
        behind=0 if checkout is None else checkout.behind,
        known_at=circumstances.known_at,
        checkout=() if checkout is None else checkout.differing,
    )


def _ahead(circumstances: Circumstances) -> int | None:
    if circumstances.checkout is not None and circumstances.checkout.ahead != 0:
        return circumstances.checkout.ahead
    return 0 if circumstances.pending is None else 1


def _settled(change: Change, waiting: Mapping[PurePosixPath, tuple[File | None, File | None]]) -> Change:
    """Take a change that a waiting commit makes for decided: it was when that commit was made."""
    if change.action is Action.ERROR or change.path not in waiting:
        return change
    before, after = waiting[change.path]
    if before != change.before:
        return change
    if change.decided and change.after == after:
        return change
    action = Action.DELETE if after is None else Action.CREATE if before is None else Action.UPDATE
    return replace(change, action=action, after=after, decided=True, cause=f"{change.cause}; decided before")


def orphans(desired: Desired, snapshot: Snapshot) -> list[PurePosixPath]:
    """Return paths that rollout wrote and that no template set names any more."""
    ours = {item.path for item in desired.managed}
    return [path for path, written in snapshot.written.items() if path not in ours and written.file is not None]


def _state(found: tuple[Change, ...], circumstances: Circumstances, target: Target) -> tuple[State, str]:
    errors = [change for change in found if change.action is Action.ERROR]
    if errors:
        return State.BLOCKED, "; ".join(change.cause for change in errors)
    if found and isinstance(target.location, Branch) and circumstances.identity_fault:
        return State.BLOCKED, circumstances.identity_fault
    conflicts = [change for change in found if change.action is Action.CONFLICT]
    if conflicts:
        return State.CONFLICT, _named(conflicts)
    drifted = [change for change in found if change.action is Action.DRIFT]
    if drifted:
        return State.DRIFT, _named(drifted)
    if found and circumstances.pending is not None:
        return State.READY_TO_PUSH, "rollout's commit is not upstream yet"
    if found:
        adopted = [change for change in found if change.action is Action.ADOPT and not change.decided]
        return State.PENDING, f"{_named(adopted)}; rollout apply --adopt takes them over" if adopted else ""
    checkout = circumstances.checkout
    if checkout is not None and not checkout.has_it:
        return State.BEHIND, checkout.reason
    return State.IN_SYNC, ""


def _named(found: list[Change]) -> str:
    first = f"{found[0].path}: {found[0].cause}"
    return first if len(found) == 1 else f"{first} (and {len(found) - 1} more)"


def full_reason(step: Step) -> str:
    """Return the reason of a step's state with every file that it is about, where there are several."""
    about = {State.DRIFT: Action.DRIFT, State.CONFLICT: Action.CONFLICT, State.PENDING: Action.ADOPT}
    found = [c for c in step.changes if c.action is about.get(step.state) and not c.decided]
    if len(found) < 2:
        return step.reason
    return step.reason.replace(_named(found), "; ".join(f"{change.path}: {change.cause}" for change in found))


def undecided(step: Step) -> list[Change]:
    """Return the changes that wait for a person's decision."""
    waiting = {Action.DRIFT, Action.ADOPT, Action.CONFLICT}
    return [change for change in step.changes if change.action in waiting and not change.decided]


def decided(step: Step, decisions: Decisions) -> Step:
    """Return a reviewed step with the decisions that the person gives now; its bytes stay as they were reviewed."""

    def settle(change: Change) -> Change:
        if change.action is Action.ADOPT and decisions.adopt:
            return replace(change, decided=True)
        if change.action is Action.DRIFT and decisions.on_drift is OnDrift.OVERWRITE:
            return replace(change, decided=True)
        return change

    return replace(step, changes=tuple(settle(change) for change in step.changes))


def stale_paths(step: Step, now: Mapping[PurePosixPath, File | Obstacle | None]) -> list[PurePosixPath]:
    """Return the managed paths that are no longer as they were when the step was planned."""
    return [path for path, then in step.managed.items() if fingerprint(now.get(path)) != then]


def digest_of(parts: list[str]) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
