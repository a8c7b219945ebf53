"""Choose the targets that `--limit` names."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import assert_never

from rollout.errors import UsageError, near, nearest
from rollout.model.groups import GroupNames
from rollout.model.inventory import Branch, Folder, Target

_ALIKE = 0.75
_NO_GROUPS = GroupNames()


class NoTarget(UsageError):
    """A word that names no target, and no group that a target is in."""

    def __init__(self, word: str, meant: str, what: str = "matches no target and no group") -> None:
        super().__init__(f"{word}: {what}{meant}")
        self.word = word
        self.meant = meant


def select(targets: tuple[Target, ...], limits: Iterable[str], groups: GroupNames = _NO_GROUPS) -> tuple[Target, ...]:
    """Return the targets that --limit names: names, groups or globs, `!` to leave out; no limit is all.

    Raises UsageError for a pattern that matches nothing, an empty one too: an unset variable of a script is not all.
    """
    limits = tuple(limits)
    words = [word.strip() for limit in limits for word in limit.split(",") if word.strip()]
    if limits and not words:
        raise UsageError("--limit: is empty; leave it out for all targets")
    wanted = [word for word in words if not word.startswith("!")]
    unwanted = [word[1:] for word in words if word.startswith("!")]
    for word in wanted + unwanted:
        if not any(_named_by(target, word) for target in targets):
            raise _no_target(targets, word, groups)
    chosen = tuple(
        target
        for target in targets
        if (not wanted or any(_named_by(target, word) for word in wanted))
        and not any(_named_by(target, word) for word in unwanted)
    )
    if not chosen:
        raise UsageError("--limit: nothing is left over; leave out fewer targets")
    return chosen


def _no_target(targets: tuple[Target, ...], word: str, groups: GroupNames) -> NoTarget:
    """Return the error of a word; a group without targets is right, and what a target says may be mistyped."""
    if word in groups.used or word not in groups.defined:
        names = [name for target in targets for name in (target.name, *target.groups)]
        return NoTarget(word, near(word, names))
    mistyped = nearest(word, groups.used.keys() - groups.defined.keys(), _ALIKE)
    if mistyped is None:
        return NoTarget(word, "; name it in the 'groups' of a target", "no target is in this group")
    at = groups.used[mistyped]
    meant = f"; correct {at.place} in line {at.line} of the inventory if {mistyped!r} means it"
    return NoTarget(word, meant, "no target is in this group")


def named(targets: tuple[Target, ...], word: str) -> bool:
    """Tell whether a word of a command line names any of the targets, or a group of them."""
    return any(_named_by(target, part.strip().removeprefix("!")) for part in word.split(",") for target in targets)


def here(chosen: tuple[Target, ...], machine: str | None) -> tuple[tuple[Target, ...], str | None]:
    """Return the targets that are on a machine, and a message about those that are only on others.

    A checkout that exists here is here, whatever the inventory says. On a host that no machine claims, an existing
    folder is here as well; if none exists, that says nothing, and all are kept.
    """
    found: list[Target] = []
    elsewhere: list[Target] = []
    for target in chosen:
        (found if _is_here(target, machine) else elsewhere).append(target)
    if not elsewhere or (machine is None and not found):
        return chosen, None
    told = ", ".join(f"{target.name} ({', '.join(target.machines)})" for target in elsewhere)
    if not found:
        raise UsageError(f"all of these targets are on other machines than this one: {told}")
    return tuple(found), f"left out because they are on other machines: {told}"


def _is_here(target: Target, machine: str | None) -> bool:
    if not target.machines or machine in target.machines:
        return True
    match target.location:
        case Branch(checkout=checkout):
            return checkout is not None and checkout.exists()
        case Folder(root):
            return machine is None and root.exists()
        case never:
            assert_never(never)


def _named_by(target: Target, word: str) -> bool:
    return fnmatchcase(target.name, word) or any(fnmatchcase(group, word) for group in target.groups)
