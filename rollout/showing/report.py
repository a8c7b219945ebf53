"""A rollout as a document, like the first user's own summary: what changed where, and what remains."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from msgspec import Struct

from rollout.model.action import Action
from rollout.model.event_facts import EventFacts
from rollout.model.few import few
from rollout.model.files import file_print
from rollout.model.inventory import TargetKind
from rollout.model.limits import Finding
from rollout.model.outcomes import PastRun, TargetOutcomes, WrittenPath
from rollout.model.plan import State
from rollout.model.verified import Where
from rollout.safety.shown import plain
from rollout.showing import report_commits, report_events
from rollout.showing.colour import count
from rollout.showing.passages import Passage
from rollout.showing.status import Row, about, reported

_NAMES = 20  # targets to name in a heading

_DID = {
    Action.CREATE: "new",
    Action.UPDATE: "updated",
    Action.ADOPT: "taken over",
    Action.DRIFT: "put back",
    Action.CONFLICT: "put back",
    Action.DELETE: "deleted",
    Action.CHMOD: "mode changed",
}
_WAS = {Action.CREATE: "missing", Action.DELETE: "left over", Action.CHMOD: "in the wrong mode"}
_FINDS = {
    Where.FORBIDDEN: ("line", "that no file may say any more"),
    Where.BUDGET: ("budget", "exceeded"),
    Where.POLICY: ("reference", "to a file that is not there or does not run"),
}


class ReportContent(Struct, frozen=True):
    """The content of a report: the runs of one rollout, oldest first, their outcomes, and every target as it is now."""

    runs: tuple[PastRun, ...]
    by_target: tuple[TargetOutcomes, ...]
    rows: tuple[Row, ...]
    events: EventFacts | None = None


def document(told: ReportContent, *, whole: bool = False) -> list[Passage]:
    """Return the report of a rollout, with the state of every target as it is now; a `whole` one names all targets."""
    ordered = _in_order(told.by_target, told.rows)
    settled = {row.name for row in told.rows if row.state is State.IN_SYNC}
    done = [share for share in ordered if share.changes]
    unfinished = any(run.exit_code is None for run in told.runs)
    made = report_commits.commits(ordered, told.rows, unfinished=unfinished)
    folders = [share for share in done if share.last.kind is TargetKind.FOLDER]
    sections: list[list[Passage]] = [
        ["## What Was Fixed", *(list(_fixed(done, whole=whole)) or [_NOTHING])],
        *(report_events.sections(told.events) if told.events else ()),
        ["## Git Commits", *(list(made) or ["None."])],
        *([[f"## {_shared_title(folders)}", *_shared(folders)]] if folders else ()),
        ["## Impact", _impact(told, done)],
        ["## Status Now", reported(told.rows)],
        ["## Next Steps", _next(told, ordered)],
    ]
    head = _head(told, done, [share for share in ordered if share.open and share.last.target not in settled])
    return [head, *(passage for section in sections for passage in ("---", *section))]


_NOTHING = "Nothing: every target was as it should be, or could not be changed."


def _in_order(found: Sequence[TargetOutcomes], rows: Sequence[Row]) -> list[TargetOutcomes]:
    """Return the outcomes of targets in the inventory's order; targets no longer in it come last."""
    order = {row.name: index for index, row in enumerate(rows)}
    return sorted(found, key=lambda share: order.get(share.last.target, len(order)))


# --- the head


def _head(told: ReportContent, done: Sequence[TargetOutcomes], open_ones: Sequence[TargetOutcomes]) -> str:
    runs = told.runs
    subject = next((run.subject for run in runs if run.subject), "")
    files = sum(len(share.paths) for share in done)
    lines = [
        f"# {plain(subject) or 'Rollout'} - Complete Summary",
        "",
        f"**Date:** {runs[0].started_at[:10]}",
        f"**Status:** {_status(runs, open_ones)}",
        f"**Impact:** {count(files, 'file')} in {count(len(done), 'target')}",
        f"**Run{'s' if len(runs) > 1 else ''}:** {', '.join(f'`{run.run}`' for run in runs)}",
    ]
    return "\n".join(lines)


def _status(runs: Sequence[PastRun], open_ones: Sequence[TargetOutcomes]) -> str:
    if any(run.at_work for run in runs):
        return "⏳ At work"
    if runs[-1].exit_code is None:
        return "❌ Interrupted"
    return "✅ Complete" if not open_ones else f"⏳ {count(len(open_ones), 'target')} open"


# --- what was done


def _fixed(done: Sequence[TargetOutcomes], *, whole: bool) -> Iterator[str]:
    """Yield each set of files once, with the targets where it changed."""
    groups: dict[tuple[tuple[str, Action], ...], list[TargetOutcomes]] = {}
    for share in done:
        groups.setdefault(tuple((path.path, path.action) for path in share.paths), []).append(share)
    for number, (paths, members) in enumerate(groups.items(), 1):
        names = [share.last.target for share in members]
        where = few(names, len(names) if whole else _NAMES, "-v names them")
        each = " each" if len(names) > 1 else ""
        lines = [f"### {number}. {where} ({count(len(paths), 'file')}{each})", ""]
        yield "\n".join(lines + [f"- `{plain(path)}` - {_DID.get(action, action)}" for path, action in paths])


def _shared_title(folders: Sequence[TargetOutcomes]) -> str:
    created = all(path.action is Action.CREATE for share in folders for path in share.paths)
    return f"Files {'Created' if created else 'Written'} (Shared - NOT in git)"


def _shared(folders: Sequence[TargetOutcomes]) -> Iterator[str]:
    for share in folders:
        name = [f"**{share.last.target}:**", ""] if len(folders) > 1 else []
        yield "\n".join([*name, *(f"{number}. {_written(path)}" for number, path in enumerate(share.paths, 1))])


def _written(path: WrittenPath) -> str:
    printed = file_print(path.after)
    executable = printed is not None and printed.executable
    return f"`{plain(path.path)}`" + (" (executable)" if executable else "")


# --- the impact, and what remains


def _impact(told: ReportContent, done: Sequence[TargetOutcomes]) -> str:
    was = Counter(_WAS.get(path.action, "out of date") for share in done for path in share.paths)
    good = sum(row.state is State.IN_SYNC for row in told.rows)
    other = Counter(row.state.value for row in told.rows if row.state is not State.IN_SYNC)
    before = [f"- ❌ {count(number, 'file')} {what}" for what, number in was.items()]
    after = [f"- {'✅' if good else '❌'} {good:,} of {count(len(told.rows), 'target')} as they should be"]
    after += [f"- ⏳ {number:,} {state}" for state, number in other.items()]
    wrong = Counter(finding.where for row in told.rows for finding in row.findings)
    after += [f"- ❌ {count(number, _FINDS[where][0])} {_FINDS[where][1]}" for where, number in wrong.items()]
    if told.events:
        before += report_events.before(told.events)
        after += report_events.after(told.events)
    return "\n".join(["### Before", "", *(before or ["- ✅ Nothing to mend"]), "", "### After", "", *after])


def _found(findings: Sequence[Finding]) -> str:
    """Say briefly what is still wrong with a target's texts; `verify` lists everything."""
    more = f" (and {len(findings) - 1:,} more; rollout verify lists them)" if len(findings) > 1 else ""
    return plain(findings[0].told) + more


def _next(told: ReportContent, ordered: Sequence[TargetOutcomes]) -> str:
    left = {
        row.name: f"{row.state.value}: {about(row) or 'see rollout status'}"
        for row in told.rows
        if row.state is not State.IN_SYNC
    }
    known = {row.name for row in told.rows}
    for share in ordered:
        if share.open and share.last.target not in known:
            left[share.last.target] = f"{share.last.verdict}: {share.last.reason}"
    lines = [f"⏳ {name} - {plain(why)}" for name, why in left.items()]
    lines += [f"⏳ {row.name} - {_found(row.findings)}" for row in told.rows if row.findings and row.name not in left]
    lines += _untested(told.events) if told.events else []
    return "\n".join(f"{i}. {line}" for i, line in enumerate(lines or ["✅ Nothing remains"], 1))


def _untested(events: EventFacts) -> list[str]:
    if events.trouble:
        return [f"⏳ Run the tests of the event store again: {plain(events.trouble)}"]
    if events.failed:
        return [f"⏳ Mend the event store (rollout events migrate): {plain(failed)}" for failed in events.failed]
    return [] if events.tests else ["⏳ Test the event store where its database answers: rollout verify --database URL"]
