"""The entries of targets on the page, and the groups and clusters that they are in."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from msgspec import Struct, field
from msgspec.structs import replace

from rollout.model import reasons
from rollout.model.action import Action
from rollout.model.causes import FileCauses
from rollout.model.plan import Change, State, Step
from rollout.model.reasons import Reason
from rollout.model.reviews import Checks, Review
from rollout.safety import shown
from rollout.showing.diffs import diff_of
from rollout.showing.page import words
from rollout.showing.page.contents import Attention, Cluster, Commit, Diff, FileLine, Group, ReviewLink, TargetShown
from rollout.showing.plans import orphan
from rollout.showing.status import Row

_NAMED = 4  # files to name on a line


class PageContext(Struct, frozen=True):
    """What is known about targets besides their steps and rows."""

    sites: Mapping[str, str] = field(
        default_factory=dict
    )  # target -> the address of a commit's page without the commit
    same: tuple[str, ...] = ()  # the options that name the same inventory and variables


class TargetNow(Struct, frozen=True):
    """One target: what a run would do, and its state."""

    step: Step
    row: Row


def groups(told: Sequence[TargetNow], known: PageContext, diffs: Sequence[Diff]) -> tuple[Group, ...]:
    """Return the groups that have targets, in their order, each in clusters of one state and reason."""
    numbers = {(target, diff.path): diff.number for diff in diffs for target in diff.targets}
    found = {one: [t for t in told if words.attention(t.step) is one] for one in Attention}
    return tuple(Group(one, _clusters(members, known, numbers)) for one, members in found.items() if members)


def diffs(steps: Sequence[Step]) -> tuple[Diff, ...]:
    """Return each distinct difference once, with its targets, in order of appearance."""
    found: dict[tuple[str, str], list[str]] = {}
    for step in steps:
        for change in step.changes:
            text = diff_of(change)
            if text:
                found.setdefault((str(change.path), text), []).append(step.target)
    return tuple(
        Diff(number, path, tuple(targets), text) for number, ((path, text), targets) in enumerate(found.items(), 1)
    )


def _clusters(
    told: Sequence[TargetNow], known: PageContext, numbers: Mapping[tuple[str, str], int]
) -> tuple[Cluster, ...]:
    found: dict[tuple[str, str], list[TargetNow]] = {}
    for one in told:
        found.setdefault((one.step.state.value, _why(one, anonymous=True)), []).append(one)
    return tuple(
        Cluster(state, reason, _together(members, known), tuple(entry(one, known, numbers) for one in members))
        for (state, reason), members in sorted(found.items(), key=lambda item: _order(item[1][0].step))
    )


def _order(step: Step) -> int:
    return list(type(step.state)).index(step.state)


def _together(told: Sequence[TargetNow], known: PageContext) -> str:
    """Return the next command for all of these targets, if it is the same."""
    commands = {words.next_words(one.step) for one in told}
    return words.typed(commands.pop(), [one.step.target for one in told], known.same) if len(commands) == 1 else ""


def entry(seen: TargetNow, known: PageContext, numbers: Mapping[tuple[str, str], int]) -> TargetShown:
    step, row = seen.step, seen.row
    files = tuple(_file(step.target, change, numbers) for change in step.changes)
    return TargetShown(
        name=step.target,
        state=step.state.value,
        branch=row.branch or "folder",
        reason=_why(seen),
        commit=_commit(row.commit, known.sites.get(step.target, "")),
        changed_at=(row.last.applied_at or "") if row.last else "",
        changed="" if row.last is None or row.last.applied is None else row.last.applied.value,
        run=row.last.run if row.last else "",
        command=words.typed(words.next_words(step), [step.target], known.same),
        files=files,
        choices=tuple(words.typed(choice, [step.target], known.same) for choice in words.choices(step)),
        who=tuple(f"{path}: {by.words(dated=True)}" for path, by in row.changed_by),
        notes=_notes(step, row),
        review=_review(row.review),
    )


def _why(seen: TargetNow, *, anonymous: bool = False) -> str:
    """Return the reason of a state, or what there is to do if the state says enough.

    Commands are shown apart from it, and times as dates: a page is read later than it is made.
    """
    why = reasons.dated(reasons.without_ways(seen.step.why))
    text = (_anonymous(why) if anonymous else why).text
    if text:
        return text
    review = _review(seen.row.review)
    if review is not None and seen.step.state is not State.IN_SYNC:
        return review.words
    by_action: dict[str, list[str]] = {}
    for change in seen.step.changes:
        by_action.setdefault(change.action.value, []).append(str(change.path))
    return "; ".join(f"{action} {_listed(paths)}" for action, paths in by_action.items())


def _anonymous(why: Reason) -> Reason:
    """Return a reason without names of people, so that the same change in several targets has one text."""
    return Reason(tuple(_by_nobody(part) if isinstance(part, FileCauses) else part for part in why.parts))


def _by_nobody(part: FileCauses) -> FileCauses:
    return replace(part, found=tuple((path, replace(did, by=None)) for path, did in part.found))


def _listed(paths: Sequence[str]) -> str:
    more = f" and {len(paths) - _NAMED:,} more" if len(paths) > _NAMED else ""
    return ", ".join(paths[:_NAMED]) + more


def _file(target: str, change: Change, numbers: Mapping[tuple[str, str], int]) -> FileLine:
    path = str(change.path)
    number = None if change.action is Action.ERROR else numbers.get((target, path))
    cause = change.words if change.did is None else replace(change.did, by=None).words()
    return FileLine(path, change.action.value, cause, number)


def _commit(commit: str | None, site: str) -> Commit | None:
    return None if commit is None else Commit(commit, _web(f"{site}{commit}") if site else "")


def _notes(step: Step, row: Row) -> tuple[str, ...]:
    found = (row.disagrees, row.trouble, *step.warnings, *(orphan(path) for path in step.orphans))
    return tuple(note for note in found if note)


_WEB = re.compile(r"https?://[^\s\"'<>\\]+", re.ASCII)


def _web(address: str) -> str:
    """Return an address that a page may link to, else nothing."""
    return shown.redact(address) if _WEB.fullmatch(address) else ""


_CHECKS = {Checks.GREEN: "checks are green", Checks.RED: "checks are red", Checks.PENDING: "checks are running"}


def _review(review: Review | None) -> ReviewLink | None:
    if review is None:
        return None
    name = f"review {review.number}" if review.number is not None else "the review"
    approved = {True: "approved", False: "not approved yet", None: ""}[review.approved]
    conflicts = "has conflicts" if review.conflicts else ""
    parts = (f"{name}: {review.shown}", approved, _CHECKS.get(review.checks, ""), conflicts)
    return ReviewLink(_web(review.url), ", ".join(filter(None, parts)))
