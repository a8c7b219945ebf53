"""A run as a document, like the first user's own summary: what changed where, and what remains."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rollout.model.files import is_executable
from rollout.model.outcomes import Outcome, PastRun, Verdict
from rollout.safety.shown import plain
from rollout.showing.colour import count
from rollout.showing.status import ALONE, Row, status_markdown

_PUSHED = {Verdict.PUSHED: "✅ Pushed", Verdict.COMMITTED: "⏳ Ready to push", Verdict.REJECTED: "⏳ Ready to push"}


def markdown(run: PastRun, rows: Sequence[Row]) -> str:
    """Return the report of a run, with the state of every target as it is now."""
    done = [o for o in run.outcomes if o.verdict in {Verdict.PUSHED, Verdict.COMMITTED, Verdict.WRITTEN}]
    repos = [o for o in done if o.kind == "repo"]
    folders = [o for o in done if o.kind == "folder"]
    open_ones = [o for o in run.outcomes if o not in done and o.verdict is not Verdict.UNCHANGED]
    alone = {row.name for row in rows if row.alone}
    parts = [
        f"# {plain(run.subject) or 'Rollout'} - Complete Summary",
        "\n".join(
            [
                f"**Date:** {run.started_at[:10]}",
                f"**Status:** {_status(run, open_ones)}",
                f"**Impact:** {_impact(done)}",
                f"**Run:** `{run.run}`",
            ]
        ),
        "---",
        "## What Changed",
        *(_changed(outcome) for outcome in done),
    ]
    if not done:
        parts.append("Nothing: every target was as it should be, or could not be changed.")
    parts += ["---", "## Git Commits", *(_commit(outcome, alone=outcome.target in alone) for outcome in repos)]
    if not repos:
        parts.append("None.")
    if folders:
        parts += ["---", "## Files Written (Shared - NOT in git)", *(_shared(outcome) for outcome in folders)]
    parts += [
        "---",
        "## Status Now",
        status_markdown(rows).rstrip(),
        "---",
        "## Next Steps",
        _next(run, open_ones, rows),
    ]
    return "\n\n".join(parts) + "\n"


def _status(run: PastRun, open_ones: Sequence[Outcome]) -> str:
    if run.at_work:
        return "⏳ At work"
    if run.exit_code is None:
        return "❌ Interrupted"
    return "✅ Complete" if not open_ones else f"⏳ {count(len(open_ones), 'target')} open"


def _impact(done: Sequence[Outcome]) -> str:
    files = sum(len(outcome.paths) for outcome in done)
    return f"{count(files, 'file')} in {count(len(done), 'target')}"


def _changed(outcome: Outcome) -> str:
    lines = [f"### {outcome.target} ({count(len(outcome.paths), 'file')})", ""]
    lines += [f"- `{plain(path.path)}` - {path.action}" for path in outcome.paths]
    return "\n".join(lines)


def _commit(outcome: Outcome, *, alone: bool) -> str:
    short = f"`{outcome.commit[:7]}`" if outcome.commit else "none"
    status = ALONE if alone else _PUSHED.get(outcome.verdict, f"❌ {outcome.verdict}")
    return f"**{outcome.target}:**\n- Commit: {short} on `{outcome.branch}`\n- Status: {status}"


def _shared(outcome: Outcome) -> str:
    def line(number: int, path: str, after: str | None) -> str:
        executable = " (executable)" if after and is_executable(after) else ""
        return f"{number}. `{plain(path)}`{executable}"

    return "\n".join(line(i, path.path, path.after) for i, path in enumerate(outcome.paths, 1))


def _next(run: PastRun, open_ones: Iterable[Outcome], rows: Iterable[Row]) -> str:
    left = {
        row.name: f"{row.state.value}: {row.reason or 'see rollout status'}"
        for row in rows
        if row.state.value != "in-sync"
    }
    for outcome in open_ones:
        left.setdefault(outcome.target, f"{outcome.verdict}: {outcome.reason}")
    if not left:
        return "1. ✅ Nothing remains"
    return "\n".join(f"{i}. ⏳ {name} - {plain(why)}" for i, (name, why) in enumerate(left.items(), 1))
