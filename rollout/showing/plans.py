"""A plan as text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Sequence
from pathlib import PurePosixPath
from typing import assert_never

from rollout.model import reasons
from rollout.model.action import Action
from rollout.model.outcomes import RunCommand
from rollout.model.plan import Change, Plan, State, Step
from rollout.model.plan_document import summary
from rollout.model.reviews import Via
from rollout.safety.shown import plain
from rollout.showing.colour import MARKS, count
from rollout.showing.display import Display
from rollout.showing.names import grouped, names
from rollout.showing.wrapping import cells, wrapped

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
    """Sum a plan up in one line: what would be done, and what is not done, and what stays as it is."""
    work = [step for step in steps if step.changes and step.state not in _NO_WORK]
    parts = [f"{count(len(work), 'target')} with changes", *filter(None, [_counted(work)])] if work else []
    states = Counter(step.state for step in steps)
    parts += [_held_back(state, steps) for state in states if state in _NOTABLE]
    if not work and states.keys() <= {State.IN_SYNC, State.BEHIND}:
        parts.insert(0, "no changes")
    if states[State.IN_SYNC]:
        parts.append(f"{states[State.IN_SYNC]:,} in sync")
    return f"Plan for {count(len(steps), 'target')}: " + "; ".join(parts) + "."


def _counted(steps: Sequence[Step]) -> str:
    """Return how many files a run would create, update and so on."""
    numbers = summary(steps)
    words = [f"{numbers[name]:,} to {name}" for name in ("create", "update", "delete", "chmod") if numbers[name]]
    words += [
        f"{numbers[name]:,} {label}" for name, label in (("adopt", "to adopt"), ("drift", "drifted")) if numbers[name]
    ]
    if numbers["conflict"]:
        words.append(count(numbers["conflict"], "conflict"))
    return ", ".join(words)


def _held_back(state: State, steps: Sequence[Step]) -> str:
    """Return how many targets are in a state in which nothing is written now, and how many are written later."""
    theirs = [step for step in steps if step.state is state]
    later = _counted(theirs) if state in _HELD_BACK else ""
    return f"{len(theirs):,} {state.value}" + (f" ({later})" if later else "")


_NOTABLE = (
    State.MISSING, State.UNREACHABLE, State.BLOCKED, State.DECLINED, State.WAITING, State.IN_REVIEW,
    State.READY_TO_PUSH, State.BEHIND,
)  # fmt: skip
_HELD_BACK = {State.BLOCKED, State.WAITING, State.DECLINED}
_NO_WORK = {State.READY_TO_PUSH, State.BLOCKED, State.WAITING, State.IN_REVIEW, State.DECLINED}


def plan_text(plan: Plan, how: Display, *, with_diff: bool, left: Container[str] = ()) -> str:
    """Return a plan for a person to review: a line for each file, then each distinct diff once.

    Of the targets that are `left` out nothing is written, so their diffs are not shown.
    """
    out: list[str] = []
    quiet = [step for step in plan.steps if _quiet(step)]
    with_author = len({step.author for step in plan.steps if step.author and step.changes}) > 1
    for group in _alike([step for step in plan.steps if not _quiet(step)]):
        out += [*_group_text(group, how, with_author=with_author), ""]
    if with_diff:
        from rollout.showing import diff_groups

        out += diff_groups.text([step for step in plan.steps if step.target not in left], how)
    if quiet and len(quiet) < len(plan.steps):
        in_sync = f"in sync: {names([s.target for s in quiet], whole=how.whole)}"
        out += [*(how.paint(line, "dim") for line in wrapped(in_sync, how.width)), ""]
    return "\n".join(out) + "\n" if out else ""


def ending(steps: Sequence[Step], how: Display, then: str = "") -> str:
    """Return what stands at the end of a plan: its summary, and the next command."""
    lines = [how.paint(line, "bold") for line in wrapped(headline(steps), how.width)]
    return "\n".join([*lines, *next_line(then)]) + "\n"


def next_line(command: str) -> list[str]:
    """Return the line that names the next command, if there is one; it is never broken."""
    return [f"Next: {command}"] if command else []


def _quiet(step: Step) -> bool:
    """Tell whether a target is in sync and has nothing else to show."""
    said = (step.why, step.orphans, step.warnings, step.collides, step.kept, step.held)
    return step.state is State.IN_SYNC and not any(said)


def _alike(steps: Sequence[Step]) -> list[list[Step]]:
    """Group targets that need the same changes: even with 500 targets, the plan is only as long as its differences."""
    groups: dict[object, list[Step]] = {}
    for step in steps:
        key = (
            step.state,
            reasons.without_ways(step.why).text,
            step.author,
            tuple((c.path, c.action, c.words, c.decided, c.rules) for c in step.changes),
            _budgets(step),
            step.orphans,
            step.via,
        )
        groups.setdefault(key, []).append(step)
    return list(groups.values())


def _group_text(group: list[Step], how: Display, *, with_author: bool) -> list[str]:
    step = group[0]
    targets = names([s.target for s in group], whole=how.whole) if len(group) > 1 else _titled(step)
    reason = (step.why if len(group) == 1 else reasons.for_many(step.why)).text
    about = f" ({plain(reason)})" if reason else ""
    lines = wrapped(f"{targets}: {how.paint(step.state.value, STATE_COLOUR[step.state])}{about}", how.width, "    ")
    if with_author and step.author and step.changes:
        lines.append(f"  author   {plain(step.author)}")
    if step.via is not Via.PUSH and step.changes:
        lines.append(f"  via      {VIA[step.via]}")
    for change in step.changes:
        lines += _change_lines(change, how)
    notes = [f"  {orphan(path)}" for path in step.orphans]
    notes += [f"  {plain(words)}" for words in _budgets(step)]
    notes += [f"  warning  {plain(warning)}" for warning in step.warnings]
    return lines + [line for note in notes for line in wrapped(note, how.width, _UNDER)]


_UNDER = " " * 13  # under a path, behind its mark and its action


def _change_lines(change: Change, how: Display) -> list[str]:
    """Return a file's line; a cause that does not fit beside the path stands below it."""
    mark, colour = MARKS[change.action]
    line = f"  {how.paint(mark, colour)} {change.action.value:<8} {plain(str(change.path))}"
    ordinary = change.action in {Action.CREATE, Action.UPDATE} and not change.takes_away
    cause = "" if ordinary else plain(change.words)
    if change.rules:
        cause = f"{cause}  (made of {plain(names(change.rules, 3, whole=how.whole))})".lstrip()
    if not cause:
        return [line]
    if how.width is None or cells(f"{line}  {cause}") <= how.width:
        return [f"{line}  {cause}"]
    return [line, *wrapped(_UNDER + cause, how.width, _UNDER)]


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
    """Return the changes of budgets in the plan, unless a warning or a reason shows them already."""
    return tuple(use.words for use in step.budgets if use.grows and not use.near)


def _titled(step: Step) -> str:
    return f"{step.target} ({step.branch})" if step.branch else f"{step.target} (folder)"


UNNAMED = "no template names it any more; mode: absent takes out what rollout wrote there"


def orphan(path: PurePosixPath) -> str:
    return f"orphan   {plain(str(path))}  {UNNAMED}"


def orphans(steps: Iterable[Step], *, whole: bool = False) -> list[str]:
    """Return a line for each file that rollout wrote and no template names any more."""
    return grouped(((step.target, orphan(path)) for step in steps for path in step.orphans), whole=whole)


def done_by(command: RunCommand) -> str:
    """Return what a command has done, in one word."""
    match command:
        case RunCommand.APPLY:
            return "applied"
        case RunCommand.PUSH:
            return "pushed"
        case RunCommand.REVERT:
            return "reverted"
        case RunCommand.REVIEW:
            return "reviewed"
        case never:
            assert_never(never)
