"""Count what is loaded: the files of a budget and, if it follows them, their imports, each file once."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import PurePosixPath

from rollout.content.imports import imports, place
from rollout.model.limits import Budget, BudgetPart, BudgetUse

_BYTES_A_TOKEN = 4

TextOf = Callable[[PurePosixPath], str | None]


def used(budget: Budget, named: Iterable[PurePosixPath], text: TextOf, before: TextOf) -> BudgetUse:
    """Return the size of the files that a budget names, as they will be, beside their size now."""
    waiting, found = list(named), dict[PurePosixPath, str]()
    while waiting:
        path = waiting.pop(0)
        said = None if path in found else text(path)
        if said is None:
            continue
        found[path] = said
        if budget.follow:
            waiting += [inside for _, name in imports(said) if (inside := place(name, path)) is not None]
    parts = tuple(BudgetPart(path, len(said), len(before(path) or "")) for path, said in found.items())
    size = sum(len(said.encode("utf-8", "surrogatepass")) for said in found.values())
    return BudgetUse(budget, sum(part.chars for part in parts), -(-size // _BYTES_A_TOKEN), parts)
