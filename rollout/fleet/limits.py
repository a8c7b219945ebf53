"""Check a target's texts, as they will be after the plan, against budgets and forbidden text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase

from msgspec import Struct

from rollout.content import budgets, forbidden
from rollout.fleet.parts import Parts
from rollout.model.inventory import Inventory, Target
from rollout.model.limits import Budget, BudgetUse, Finding, Forbidden
from rollout.model.verified import Where
from rollout.safety.flaw import Flaw
from rollout.targets.source import NotRead


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
    try:
        uses = tuple(use for one in inventory.budgets if (use := _used(one, target, parts)).parts)
        rules = [rule for rule in inventory.forbid if _concerns(rule, target)]
        return Judged(uses, (*_over(uses), *(_forbidden(rules, target, parts) if rules else ())))
    except (NotRead, OSError):
        return Judged()


def _used(budget: Budget, target: Target, parts: Parts) -> BudgetUse:
    named = {path: None for pattern in budget.files for path in parts.named(target, pattern)}
    return budgets.used(
        budget, named, lambda path: parts.text(target, path), lambda path: parts.text_before(target, path)
    )


def _over(uses: Iterable[BudgetUse]) -> Iterator[Finding]:
    for use in uses:
        if use.near:
            first = max(use.parts, key=lambda part: part.chars)
            yield Finding(Where.BUDGET, str(first.path), Flaw(use.words), blocks=use.over, fails=use.over)


def _forbidden(rules: list[Forbidden], target: Target, parts: Parts) -> Iterator[Finding]:
    paths = parts.neighbours(target)
    parts.foresee(target, paths)
    for path in paths:
        text = parts.text(target, path)
        if text is not None and "\0" not in text:
            for rule in rules:
                yield from forbidden.found(rule, str(path), text)


def _concerns(rule: Forbidden, target: Target) -> bool:
    names = (target.name, *target.groups)
    return not rule.targets or any(fnmatchcase(name, word) for word in rule.targets for name in names)
