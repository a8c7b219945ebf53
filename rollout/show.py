"""What a person reads: plans, outcomes, states and tables as plain text, with colour only as an echo of the words."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from msgspec import Struct

from rollout.model import Action, Change, File, LastOutcome, Outcome, PastRun, Plan, State, Step, Verdict
from rollout.plaintext import moment, plain
from rollout.wire import summary

_MARKS = {
    Action.CREATE: ("+", "green"),
    Action.UPDATE: ("~", "yellow"),
    Action.DELETE: ("-", "red"),
    Action.CHMOD: ("x", "yellow"),
    Action.ADOPT: ("?", "magenta"),
    Action.DRIFT: ("!", "magenta"),
    Action.CONFLICT: ("#", "red"),
    Action.ERROR: ("E", "red"),
    Action.IN_SYNC: (" ", ""),
}
_CODES = {"green": "32", "yellow": "33", "red": "31", "magenta": "35", "cyan": "36", "bold": "1", "dim": "2"}
_STATE_COLOUR = {
    State.MISSING: "red",
    State.UNREACHABLE: "red",
    State.BLOCKED: "red",
    State.CONFLICT: "red",
    State.DRIFT: "magenta",
    State.PENDING: "yellow",
    State.READY_TO_PUSH: "cyan",
    State.BEHIND: "yellow",
    State.IN_SYNC: "green",
}
_DONE = {Verdict.PUSHED: "green", Verdict.COMMITTED: "cyan", Verdict.WRITTEN: "green", Verdict.UNCHANGED: "dim"}
_MAX_DIFF_LINES = 400

Paint = Callable[[str, str], str]


def painter(colour: bool) -> Paint:
    """Return what wraps a text in a colour, or leaves it alone."""
    if not colour:
        return lambda text, _style: text
    return lambda text, style: f"\x1b[{_CODES[style]}m{text}\x1b[0m" if style in _CODES else text


def count(number: int, thing: str) -> str:
    plural = thing[:-1] + "ies" if thing.endswith("y") else thing + "s"
    return f"{number:,} {thing if number == 1 else plural}"


# --- diffs


def diff(change: Change, before_name: str = "a", after_name: str = "b") -> str:
    """Return the unified diff of a change, with mode changes as git writes them; binary files in one line."""
    return file_diff(change.before, change.after, str(change.path), before_name, after_name)


def file_diff(old: File | None, new: File | None, path: str, before_name: str = "a", after_name: str = "b") -> str:
    lines = []
    one, two = (old.content if old else b""), (new.content if new else b"")
    if one == two:
        lines.append(f"diff {before_name}/{path} {after_name}/{path}\n")  # no line below would name the file
    if old is not None and new is not None and old.mode != new.mode:
        lines += [f"old mode {old.mode}\n", f"new mode {new.mode}\n"]
    elif old is None and new is not None:
        lines.append(f"new file mode {new.mode}\n")
    elif old is not None and new is None:
        lines.append(f"deleted file mode {old.mode}\n")
    if one == two:
        return "".join(lines)
    texts = [_text(one), _text(two)]
    if texts[0] is None or texts[1] is None:
        return "".join([*lines, f"Binary files differ: {len(one):,} and {len(two):,} bytes\n"])
    names = (f"{before_name}/{path}" if old else "/dev/null", f"{after_name}/{path}" if new else "/dev/null")
    import difflib

    for line in difflib.unified_diff(_lines(texts[0]), _lines(texts[1]), *names):
        lines.append(line if line.endswith("\n") else line + "\n\\ No newline at end of file\n")
    return "".join(lines)


def _text(content: bytes) -> str | None:
    if b"\0" in content[:8000]:
        return None
    try:
        return content.decode()
    except UnicodeDecodeError:
        return None


def _lines(text: str) -> list[str]:
    parts = text.split("\n")
    return [part + "\n" for part in parts[:-1]] + ([parts[-1]] if parts[-1] else [])


def paint_diff(text: str, paint: Paint, indent: str = "    ") -> str:
    """Colour a diff and keep what is in it from steering the terminal."""
    out = []
    for line in text.splitlines():
        safe = plain(line)
        if line.startswith(("+++", "---")):
            safe = paint(safe, "bold")
        elif line.startswith("@@"):
            safe = paint(safe, "cyan")
        elif line.startswith("+"):
            safe = paint(safe, "green")
        elif line.startswith("-"):
            safe = paint(safe, "red")
        out.append(indent + safe)
    return "\n".join(out)


# --- plans


def headline(steps: Sequence[Step]) -> str:
    """Say in one line what a plan comes to."""
    numbers = summary(steps)
    words = [f"{numbers[name]:,} to {name}" for name in ("create", "update", "delete", "chmod") if numbers[name]]
    words += [
        f"{numbers[name]:,} {label}" for name, label in (("adopt", "to adopt"), ("drift", "drifted")) if numbers[name]
    ]
    if numbers["conflict"]:
        words.append(count(numbers["conflict"], "conflict"))
    states = Counter(step.state for step in steps)
    waiting = states[State.READY_TO_PUSH]
    work = sum(bool(step.changes) and step.state not in {State.READY_TO_PUSH, State.BLOCKED} for step in steps)
    parts = [f"{count(work, 'target')} with changes" if work else "no changes"]
    if words and (work or not waiting):
        parts.append(", ".join(words))
    parts += [f"{number:,} {state.value}" for state, number in states.items() if state in _NOTABLE and number]
    if states[State.IN_SYNC]:
        parts.append(f"{states[State.IN_SYNC]:,} in sync")
    return f"Plan for {count(len(steps), 'target')}: " + "; ".join(parts) + "."


_NOTABLE = (State.MISSING, State.UNREACHABLE, State.BLOCKED, State.READY_TO_PUSH, State.BEHIND)


def plan_text(plan: Plan, paint: Paint, *, with_diff: bool, warnings: Iterable[str] = ()) -> str:
    """Return a plan as a person reviews it: the headline, a line per file, and each distinct diff once."""
    out = [paint(headline(plan.steps), "bold")]
    out += [f"warning: {warning}" for warning in warnings]
    quiet = [step for step in plan.steps if step.state is State.IN_SYNC]
    with_author = len({step.author for step in plan.steps if step.author and step.changes}) > 1
    for group in _alike([step for step in plan.steps if step.state is not State.IN_SYNC]):
        out += ["", *_group_text(group, paint, with_author=with_author)]
    if with_diff:
        out += _diffs(plan.steps, paint)
    if quiet and len(quiet) < len(plan.steps):
        out += ["", paint(f"in sync: {_names([s.target for s in quiet])}", "dim")]
    return "\n".join(out) + "\n"


def _alike(steps: Sequence[Step]) -> list[list[Step]]:
    """Group targets that need the same: with 500 targets the plan stays as long as what is different in it."""
    groups: dict[object, list[Step]] = {}
    for step in steps:
        key = (
            step.state,
            step.reason,
            step.author,
            tuple((c.path, c.action, c.cause, c.decided) for c in step.changes),
        )
        groups.setdefault(key, []).append(step)
    return list(groups.values())


def _group_text(group: list[Step], paint: Paint, *, with_author: bool) -> list[str]:
    step = group[0]
    state = paint(step.state.value, _STATE_COLOUR[step.state])
    title = f"{_names([s.target for s in group])}: {state}" if len(group) > 1 else f"{_titled(step)}: {state}"
    lines = [title + (f" ({plain(step.reason)})" if step.reason else "")]
    if with_author and step.author and step.changes:
        lines.append(f"  author   {plain(step.author)}")
    for change in step.changes:
        mark, colour = _MARKS[change.action]
        cause = f"  {_said_once(change)}" if change.action not in {Action.CREATE, Action.UPDATE} else ""
        lines.append(f"  {paint(mark, colour)} {change.action.value:<8} {plain(str(change.path))}{cause}")
    lines += [f"  orphan   {path}  no template names it any more; mode: absent deletes it" for path in step.orphans]
    lines += [f"  warning  {plain(warning)}" for warning in step.warnings]
    return lines


def _said_once(change: Change) -> str:
    """Return a cause without the path that stands before it already."""
    return plain(change.cause.removeprefix(f"{change.path}: "))


def _titled(step: Step) -> str:
    return f"{step.target} ({step.branch})" if step.branch else f"{step.target} (folder)"


def _names(names: list[str], most: int = 6) -> str:
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most:,} more"


def _diffs(steps: Sequence[Step], paint: Paint) -> list[str]:
    """Return each distinct diff once, with the targets it applies to."""
    groups: dict[str, list[tuple[Step, Change]]] = {}
    for step in steps:
        for change in step.changes:
            if change.action is not Action.ERROR:
                groups.setdefault(diff(change), []).append((step, change))
    out: list[str] = []
    for text, members in groups.items():
        step, change = members[0]
        names = [s.target for s, _ in members]
        where = f"{plain(str(change.path))} in {_names(names)}"
        if len(members) > 1:
            where += f" ({count(len(members), 'target')}, the same diff)"
        out += ["", paint(where, "bold"), paint_diff(_cut(text), paint)]
    return out


def _cut(text: str) -> str:
    lines = text.splitlines(keepends=True)
    if len(lines) <= _MAX_DIFF_LINES:
        return text
    return "".join(lines[:_MAX_DIFF_LINES]) + f"... {len(lines) - _MAX_DIFF_LINES:,} more lines\n"


# --- outcomes


def outcome_line(outcome: Outcome, paint: Paint) -> str:
    colour = _DONE.get(outcome.verdict, "red")
    commit = f" {outcome.commit[:10]}" if outcome.commit else ""
    notes = "; ".join(filter(None, (outcome.reason, *outcome.notes)))
    return f"{outcome.target}: {paint(outcome.verdict.value, colour)}{commit}" + (f" ({plain(notes)})" if notes else "")


def outcomes_text(outcomes: Sequence[Outcome], paint: Paint) -> str:
    """Return the end of a run: a count for each outcome, and its targets grouped by reason, worst last."""
    groups: dict[tuple[int, str, str], list[str]] = {}
    order = list(Verdict)
    for outcome in outcomes:
        reason = "; ".join(filter(None, (outcome.reason, *outcome.notes)))
        groups.setdefault((order.index(outcome.verdict), outcome.verdict.value, reason), []).append(outcome.target)
    counts = Counter(outcome.verdict for outcome in outcomes)
    head = ", ".join(
        f"{number:,} {verdict.value}" for verdict, number in sorted(counts.items(), key=lambda i: order.index(i[0]))
    )
    lines = [paint(f"Done: {head or 'nothing to do'}.", "bold")]
    for (_, verdict, reason), names in sorted(groups.items()):
        if reason or verdict not in {"unchanged"}:
            colour = _DONE.get(Verdict(verdict), "red")
            number = f" ({len(names):,})" if len(names) > 1 else ""
            about = f" ({plain(reason)})" if reason else ""
            lines.append(f"  {paint(verdict, colour)}{number}: {_names(names, 10)}{about}")
    return "\n".join(lines) + "\n"


# --- tables


class Row(Struct, frozen=True):
    """One target in the status table."""

    name: str
    kind: str
    branch: str | None
    state: State
    reason: str
    commit: str | None
    ahead: int | None
    behind: int | None
    last: LastOutcome | None
    disagrees: str | None = None


def table(head: Sequence[str], rows: Sequence[Sequence[str]], width: int | None = None) -> str:
    """Return columns aligned by what they take on the screen; the last one is wrapped to `width`."""
    cells = [[plain(cell) for cell in row] for row in rows]
    widths = [max(_cells(row[i]) for row in [list(head), *cells]) for i in range(len(head))]
    out = []
    for row in [list(head), *cells]:
        fixed = "  ".join(_pad(cell, widths[i]) for i, cell in enumerate(row[:-1]))
        left = (width - _cells(fixed) - 2) if width else 0
        pieces = _wrapped(row[-1], left) if width and left > 20 else [row[-1]]
        out.append(f"{fixed}  {pieces[0]}".rstrip())
        out += [" " * (_cells(fixed) + 2) + piece for piece in pieces[1:]]
    return "\n".join(out) + "\n"


def _wrapped(text: str, width: int) -> list[str]:
    import textwrap

    return textwrap.wrap(text, width) or [""]


def _cells(text: str) -> int:
    if text.isascii():
        return len(text)
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 0 if unicodedata.combining(c) else 1 for c in text)


def _pad(text: str, width: int) -> str:
    return text + " " * (width - _cells(text))


def status_text(rows: Sequence[Row], fetched_at: float | None, paint: Paint, width: int | None) -> str:
    """Return the status table, what each state is about, and how old the knowledge is."""
    body = [
        [row.name, row.branch or "folder", row.state.value, (row.commit or "")[:10], _last(row.last), _about(row)]
        for row in rows
    ]
    text = table(["TARGET", "BRANCH", "STATE", "COMMIT", "LAST RUN", ""], body, width)
    for state, colour in _STATE_COLOUR.items():
        text = _painted_word(text, state.value, colour, paint)
    counts = Counter(row.state for row in rows)
    head = ", ".join(f"{counts[state]:,} {state.value}" for state in State if counts[state])
    return f"{text}\n{head}. {_age(fetched_at)}\n"


def _painted_word(text: str, word: str, colour: str, paint: Paint) -> str:
    return "\n".join(
        line.replace(f"  {word} ", f"  {paint(word, colour)} ", 1) if f"  {word} " in line else line
        for line in text.split("\n")
    )


def _about(row: Row) -> str:
    return "; ".join(filter(None, (row.reason, row.disagrees)))


def _last(last: LastOutcome | None) -> str:
    return f"{last.outcome} {last.recorded_at[:10]}" if last else "never"


def _age(fetched_at: float | None) -> str:
    if fetched_at is None:
        return "Upstream was not asked; --fetch asks."
    return f"Upstream as of {moment(fetched_at)}; --fetch asks now."


_TICKS = {
    State.IN_SYNC: "✅ Pushed",
    State.READY_TO_PUSH: "⏳ Ready to push",
    State.BEHIND: "✅ Pushed, checkout behind",
}


def status_markdown(rows: Sequence[Row]) -> str:
    """Return the status table in the form of the first user's report."""
    lines = ["| Target | Branch | Commit | Status | Last run | Note |", "|---|---|---|---|---|---|"]
    for row in rows:
        tick = "✅ Written" if row.kind == "folder" and row.state is State.IN_SYNC else _TICKS.get(row.state)
        status = tick or f"❌ {row.state.value}"
        commit = f"`{row.commit[:7]}`" if row.commit else "—"
        cells = [row.name, row.branch or "folder", commit, status, _last(row.last), _about(row)]
        lines.append("| " + " | ".join(_cell(cell) for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return plain(text).replace("|", "\\|") or "—"


def history_text(runs: Sequence[PastRun], width: int | None) -> str:
    """Return the runs, newest first."""
    if not runs:
        return "No runs yet.\n"
    rows = []
    for run in runs:
        counts = Counter(outcome.verdict.value for outcome in run.outcomes)
        what = ", ".join(f"{number} {verdict}" for verdict, number in counts.items()) or "nothing recorded"
        ended = "interrupted" if run.exit_code is None else str(run.exit_code)
        rows.append([run.run, run.command, ended, what])
    return table(["RUN", "COMMAND", "EXIT", "OUTCOMES"], rows, width)


def run_text(run: PastRun, paint: Paint) -> str:
    """Return one run with the outcome of each target and the files it changed."""
    lines = [
        paint(f"{run.command} {run.run}", "bold"),
        f"started {run.started_at}, finished {run.finished_at or 'never'}",
    ]
    if run.subject:
        lines.append(f"message: {plain(run.subject)}")
    for outcome in run.outcomes:
        lines.append(outcome_line(outcome, paint))
        lines += [f"    {path.action:<8} {plain(path.path)}" for path in outcome.paths]
    return "\n".join(lines) + "\n"
