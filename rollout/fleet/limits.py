"""Check a target's texts, as they will be after the plan, against budgets and forbidden text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from msgspec import Struct

from rollout.model.files import File
from rollout.model.inventory import Inventory, Target
from rollout.model.limits import Budget, BudgetUse, Finding, Forbidden
from rollout.model.verified import Where
from rollout.rendering.template_fault import TemplateFault
from rollout.safety.flaw import Flaw

if TYPE_CHECKING:
    from rollout.fleet.parts import Parts


class Judged(Struct, frozen=True):
    """The use of a target's budgets, and what is wrong with its texts."""

    budgets: tuple[BudgetUse, ...] = ()
    findings: tuple[Finding, ...] = ()


def limited(inventory: Inventory, target: Target) -> bool:
    """Tell whether a target has budgets or forbidden text to check."""
    return bool(inventory.budgets) or any(_concerns(rule, target) for rule in inventory.forbid)


def judged(inventory: Inventory, target: Target, parts: Parts) -> Judged:
    """Return the budgets' use and the findings of a target.

    Nothing if its texts cannot be read, which is reported elsewhere.
    """
    from rollout.targets.source import NotRead

    try:
        uses = tuple(use for one in inventory.budgets if (use := _used(one, target, parts)).parts)
        rules = [rule for rule in inventory.forbid if _concerns(rule, target)]
        return Judged(uses, (*_over(uses), *(_forbidden(rules, target, parts) if rules else ())))
    except (NotRead, OSError):
        return Judged()


def _used(budget: Budget, target: Target, parts: Parts) -> BudgetUse:
    from rollout.content import budgets  # few inventories have any
    from rollout.fleet import texts

    named = {path: None for pattern in budget.files for path in texts.named(parts, target, pattern)}
    return budgets.used(
        budget, named, lambda path: texts.text(parts, target, path), lambda path: texts.text_before(parts, target, path)
    )


def _over(uses: Iterable[BudgetUse]) -> Iterator[Finding]:
    for use in uses:
        if use.near:
            first = max(use.parts, key=lambda part: part.chars)
            yield Finding(Where.BUDGET, str(first.path), Flaw(use.words), blocks=use.over, fails=use.over)


def _forbidden(rules: list[Forbidden], target: Target, parts: Parts) -> Iterator[Finding]:
    from rollout.content import forbidden
    from rollout.fleet import texts

    paths = texts.neighbours(parts, target)
    texts.foresee(parts, target, paths)
    for path in paths:
        text = _text(parts, target, path)
        if text is not None:
            for rule in rules:
                yield from forbidden.found(rule, str(path), text)


def _text(parts: Parts, target: Target, path: PurePosixPath) -> str | None:
    """Return the future text of a file of any size and encoding; None if it is no text, as git sees it."""
    try:
        found = parts.future(target, path)
    except TemplateFault:
        return None
    if not isinstance(found, File) or b"\0" in found.content:
        return None
    return found.content.decode(errors="replace")


def _concerns(rule: Forbidden, target: Target) -> bool:
    """Tell whether a rule is about a target: names, groups and globs, `!` to leave out, as in --limit."""
    wanted = [word for word in rule.targets if not word.startswith("!")]
    unwanted = [word[1:] for word in rule.targets if word.startswith("!")]
    return (not wanted or _named(target, wanted)) and not _named(target, unwanted)


def _named(target: Target, words: Iterable[str]) -> bool:
    return any(fnmatchcase(name, word) for word in words for name in (target.name, *target.groups))
