"""A plan as text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath

from rollout.content import three_way
from rollout.model import reasons
from rollout.model.plan import Action, Change, Plan, State, Step
from rollout.model.plan_document import summary
from rollout.model.reviews import Via
from rollout.safety.shown import plain
from rollout.showing.colour import MARKS, Paint, count
from rollout.showing.diffs import cut, diff_of, paint_diff

STATE_COLOUR = {
    State.MISSING: "red",
    State.UNREACHABLE: "red",
    State.BLOCKED: "red",
    State.CONFLICT: "red",
    State.DRIFT: "magenta",
    State.DECLINED: "magenta",
    State.WAITING: "yellow",
    State.PENDING: "yellow",
    State.IN_REVIEW: "cyan",
    State.READY_TO_PUSH: "cyan",
    State.BEHIND: "yellow",
    State.IN_SYNC: "green",
}


# --- plans


def headline(steps: Sequence[Step]) -> str:
    """Sum a plan up in one line."""
    numbers = summary(steps)
    words = [f"{numbers[name]:,} to {name}" for name in ("create", "update", "delete", "chmod") if numbers[name]]
    words += [
        f"{numbers[name]:,} {label}" for name, label in (("adopt", "to adopt"), ("drift", "drifted")) if numbers[name]
    ]
    if numbers["conflict"]:
        words.append(count(numbers["conflict"], "conflict"))
    states = Counter(step.state for step in steps)
    waiting = states[State.READY_TO_PUSH]
    work = sum(bool(step.changes) and step.state not in _NO_WORK for step in steps)
    parts = [f"{count(work, 'target')} with changes" if work else "no changes"]
    if words and (work or not waiting):
        parts.append(", ".join(words))
    parts += [f"{number:,} {state.value}" for state, number in states.items() if state in _NOTABLE and number]
    if states[State.IN_SYNC]:
        parts.append(f"{states[State.IN_SYNC]:,} in sync")
    return f"Plan for {count(len(steps), 'target')}: " + "; ".join(parts) + "."


_NOTABLE = (
    State.MISSING, State.UNREACHABLE, State.BLOCKED, State.DECLINED, State.WAITING, State.IN_REVIEW,
    State.READY_TO_PUSH, State.BEHIND,
)  # fmt: skip
_NO_WORK = {State.READY_TO_PUSH, State.BLOCKED, State.WAITING, State.IN_REVIEW, State.DECLINED}


def plan_text(plan: Plan, paint: Paint, *, with_diff: bool, whole: bool = False, then: str = "") -> str:
    """Return a plan for a person to review: a line for each file, each distinct diff once, and a summary at the end.

    `whole` shortens nothing; `then` is the next command.
    """
    out: list[str] = []
    quiet = [step for step in plan.steps if _quiet(step)]
    with_author = len({step.author for step in plan.steps if step.author and step.changes}) > 1
    for group in _alike([step for step in plan.steps if not _quiet(step)]):
        out += [*_group_text(group, paint, with_author=with_author, whole=whole), ""]
    if with_diff:
        out += _diffs(plan.steps, paint, whole=whole)
    if quiet and len(quiet) < len(plan.steps):
        out += [paint(f"in sync: {names([s.target for s in quiet], whole=whole)}", "dim"), ""]
    out.append(paint(headline(plan.steps), "bold"))
    out += [f"Next: {then}"] if then else []
    return "\n".join(out) + "\n"


def _quiet(step: Step) -> bool:
    """Tell whether all there is to say about a target is that it is in sync."""
    said = (step.orphans, step.warnings, step.collides, step.kept, step.held)
    return step.state is State.IN_SYNC and not any(said)


def next_step(steps: Sequence[Step]) -> tuple[str, ...]:
    """Return the next command and its options after a plan; nothing if nothing needs doing."""
    steps = [step for step in steps if not step.frozen]
    if any(_decided(step) for step in steps):
        return ("apply",)
    undecided = {change.action for step in steps for change in step.changes if not change.decided}
    if any(_mergeable(change) for step in steps for change in step.changes if not change.decided):
        return ("apply", "--on-drift", "merge")
    if Action.DRIFT in undecided:
        return ("diff", "--base")
    if Action.ADOPT in undecided:
        return ("apply", "--adopt")
    return ("push",) if any(step.state is State.READY_TO_PUSH for step in steps) else ()


def _mergeable(change: Change) -> bool:
    """Tell whether what others changed and what the template says now do not meet, and a merge is not just theirs."""
    if change.action is not Action.DRIFT or change.base is None or change.before is None or change.after is None:
        return False
    try:
        merged = three_way.merge(change.base.content, change.before.content, change.after.content)
    except three_way.MergeConflict:
        return False
    return merged != change.before.content


def _decided(step: Step) -> bool:
    """Tell whether apply writes a target without further options."""
    return step.state in {State.PENDING, State.DRIFT} and all(change.decided for change in step.changes)


def _alike(steps: Sequence[Step]) -> list[list[Step]]:
    """Group targets that need the same: even with 500 targets, the plan is only as long as its differences."""
    groups: dict[object, list[Step]] = {}
    for step in steps:
        key = (
            step.state,
            reasons.without_ways(step.why).text,
            step.author,
            tuple((c.path, c.action, c.cause, c.decided) for c in step.changes),
            _budgets(step),
            step.via,
        )
        groups.setdefault(key, []).append(step)
    return list(groups.values())


def _group_text(group: list[Step], paint: Paint, *, with_author: bool, whole: bool) -> list[str]:
    step = group[0]
    state = paint(step.state.value, STATE_COLOUR[step.state])
    title = (
        f"{names([s.target for s in group], whole=whole)}: {state}" if len(group) > 1 else f"{_titled(step)}: {state}"
    )
    reason = (step.why if len(group) == 1 else reasons.for_many(step.why)).text
    lines = [title + (f" ({plain(reason)})" if reason else "")]
    if with_author and step.author and step.changes:
        lines.append(f"  author   {plain(step.author)}")
    if step.via is not Via.PUSH and step.changes:
        lines.append(f"  via      {VIA[step.via]}")
    for change in step.changes:
        mark, colour = MARKS[change.action]
        cause = f"  {plain(change.cause)}" if change.action not in {Action.CREATE, Action.UPDATE} else ""
        lines.append(f"  {paint(mark, colour)} {change.action.value:<8} {plain(str(change.path))}{cause}")
    lines += [f"  {orphan(path)}" for path in step.orphans]
    lines += [f"  {plain(words)}" for words in _budgets(step)]
    lines += [f"  warning  {plain(warning)}" for warning in step.warnings]
    return lines


VIA = {
    Via.PUSH: "push to the branch",
    Via.PUSH_OPTIONS: "a merge request, by push options",
    Via.AGIT: "a pull request, by the push itself",
    Via.GERRIT: "a change, by the push itself",
    Via.GH: "a pull request, by gh",
    Via.HTTP: "a review, by the forge's HTTP interface",
    Via.ADDRESS: "a branch, and the address at which a person opens the review",
}


def _budgets(step: Step) -> tuple[str, ...]:
    """Return what the plan changes of what is loaded, where no warning and no reason says it already."""
    return tuple(use.words for use in step.budgets if use.grows and not use.near)


def _titled(step: Step) -> str:
    return f"{step.target} ({step.branch})" if step.branch else f"{step.target} (folder)"


def names(found: Sequence[str], most: int = 6, *, whole: bool = False) -> str:
    """Return names in one line: all of them, or the first of many."""
    shown = ", ".join(found if whole else found[:most])
    return shown if whole or len(found) <= most else f"{shown} and {len(found) - most:,} more (-v names them)"


def grouped(said: Iterable[tuple[str, str]], *, whole: bool = False) -> list[str]:
    """Return each text once, with the targets that it is about."""
    groups: dict[str, list[str]] = {}
    for target, text in said:
        groups.setdefault(text, []).append(target)
    return [f"{names(targets, whole=whole)}: {text}" for text, targets in groups.items()]


UNNAMED = "no template names it any more; mode: absent takes out what rollout wrote there"


def orphan(path: PurePosixPath) -> str:
    return f"orphan   {plain(str(path))}  {UNNAMED}"


def orphans(steps: Iterable[Step], *, whole: bool = False) -> list[str]:
    """Return a line for each file that rollout wrote and no template names any more."""
    return grouped(((step.target, orphan(path)) for step in steps for path in step.orphans), whole=whole)


def _diffs(steps: Sequence[Step], paint: Paint, *, whole: bool) -> list[str]:
    """Return each distinct diff once, with the targets it applies to."""
    groups: dict[str, list[tuple[Step, Change]]] = {}
    for step in steps:
        for change in step.changes:
            if change.action is not Action.ERROR:
                groups.setdefault(diff_of(change), []).append((step, change))
    out: list[str] = []
    for text, members in groups.items():
        step, change = members[0]
        where = f"{plain(str(change.path))} in {names([s.target for s, _ in members], whole=whole)}"
        if len(members) > 1:
            where += f" ({count(len(members), 'target')}, the same diff)"
        out += [paint(where, "bold"), paint_diff(text if whole else cut(text), paint), ""]
    return out


DID = {"apply": "applied", "push": "pushed", "revert": "reverted"}
