"""The report's section about commits: those that the runs made and that last, and the one that no run recorded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rollout.model.inventory import TargetKind
from rollout.model.outcomes import Outcome, TargetOutcomes, Verdict
from rollout.model.plan import State
from rollout.safety.shown import plain
from rollout.showing.status import ALONE, Row

_UPSTREAM = {State.IN_SYNC, State.BEHIND, State.PENDING, State.DRIFT, State.CONFLICT}
_SINCE = "✅ Pushed since"
_NOT_PUSHED = "❌ Not pushed"


def commits(found: Sequence[TargetOutcomes], rows: Sequence[Row], *, unfinished: bool) -> Iterator[str]:
    """Yield what is said of each repository; a run that is `unfinished` may have made commits without an outcome."""
    by_name = {row.name: row for row in rows}
    changes = {share.last.target: share.changes for share in found if share.last.kind is TargetKind.REPO}
    names = [row.name for row in rows if row.name in changes or unfinished]
    for name in (*names, *(name for name in changes if name not in by_name)):
        lines = _lines(changes.get(name, ()), by_name.get(name))
        if lines:
            yield "\n".join([f"**{name}:**", *lines])


def _lines(changes: Sequence[Outcome], row: Row | None) -> list[str]:
    latest = None if row is None else _latest(changes, row)
    lasting = _lasting(changes, replaced=latest is not None)
    lines = [_commit(change.commit, change.branch) for change in lasting]
    if lasting:
        lines.append(f"- Status: {_pushed(lasting[-1], row)}")
    if row is not None and latest:
        status = _ready(row) if row.state is State.READY_TO_PUSH else _SINCE
        lines += [_commit(latest, row.branch), f"- Status: {status}"]
    return lines


def _latest(changes: Sequence[Outcome], row: Row) -> str | None:
    """Return our commit that no run recorded as a change: it waits for a push, or it was pushed after that."""
    arrived = row.state in {State.IN_SYNC, State.BEHIND} and row.disagrees is not None
    if row.alone or not (arrived or row.state is State.READY_TO_PUSH):
        return None
    return None if any(change.commit == row.commit for change in changes) else row.commit


def _lasting(changes: Sequence[Outcome], *, replaced: bool) -> list[Outcome]:
    """Return the changes whose commits were not replaced by a later one."""
    last = len(changes) - 1
    return [
        change
        for index, change in enumerate(changes)
        if change.verdict is not Verdict.COMMITTED or (index == last and not replaced)
    ]


def _commit(commit: str | None, branch: str | None) -> str:
    return f"- Commit: {f'`{commit[:7]}`' if commit else 'none'} on `{branch}`"


def _pushed(last: Outcome, row: Row | None) -> str:
    """Say where a commit is: where the run left it, unless git knows better by now."""
    if row is not None and row.alone:
        return ALONE
    if row is not None and row.state is State.READY_TO_PUSH and row.commit == last.commit:
        return _ready(row)
    if last.verdict is Verdict.PUSHED:
        return "✅ Pushed"
    if last.verdict is Verdict.PROPOSED:
        merged = row is not None and row.state in {State.IN_SYNC, State.BEHIND}
        return "✅ Merged" if merged else " ".join(["⏳ In review", *_address(last)])
    if row is None or row.state not in _UPSTREAM:
        return "⏳ Ready to push"
    return _SINCE if row.commit == last.commit else _NOT_PUSHED


def _ready(row: Row) -> str:
    return "⏳ Ready to push" + (f" ({plain(row.trouble)})" if row.trouble else "")


def _address(last: Outcome) -> list[str]:
    return [last.review.url] if last.review is not None and last.review.url else []
