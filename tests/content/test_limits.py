"""Budgets, imports and what is forbidden, by values."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath

import pytest

from rollout.content import budgets, forbidden
from rollout.content.imports import imports, looks_like_a_file, place
from rollout.model.limits import Budget, BudgetUse, Forbidden

FILES = {
    "CLAUDE.md": "see @docs/a.md and @missing.md\n",
    "docs/a.md": "@../CLAUDE.md @b.md\n",
    "docs/b.md": "ünder\n",
}


def used(budget: Budget, files: Mapping[str, str], before: Mapping[str, str] | None = None) -> BudgetUse:
    named = [PurePosixPath(name) for name in budget.files]
    was = before or {}
    return budgets.used(budget, named, lambda path: files.get(str(path)), lambda path: was.get(str(path)))


def test_imports_are_followed_and_each_file_counts_once() -> None:
    use = used(Budget("session", ("CLAUDE.md",), follow=True, max_chars=100), FILES)
    assert [str(part.path) for part in use.parts] == ["CLAUDE.md", "docs/a.md", "docs/b.md"]
    assert use.chars == sum(map(len, FILES.values()))
    assert use.tokens == -(-sum(len(text.encode()) for text in FILES.values()) // 4)
    assert [str(part.path) for part in used(Budget("s", ("CLAUDE.md",), max_chars=9), FILES).parts] == ["CLAUDE.md"]


@pytest.mark.parametrize(("limit", "near", "over"), [(30, True, True), (31, True, False), (35, False, False)])
def test_a_budget_is_over_above_its_limit_and_near_from_nine_tenths(limit: int, near: bool, over: bool) -> None:
    use = used(Budget("session", ("CLAUDE.md",), max_chars=limit), FILES)
    assert use.chars == 31
    assert (use.near, use.over) == (near, over)


def test_the_words_of_a_budget_name_the_part_that_grew_most_first() -> None:
    budget = Budget("session", ("a", "b"), max_chars=100)
    use = used(budget, {"a": "x" * 20, "b": "x" * 30}, {"a": "x" * 20, "b": "x"})
    assert use.words == "budget session: 50 of 100 characters: b 30 (+29), a 20"


def test_imports_in_code_and_words_with_an_at_are_none() -> None:
    text = "a@b.c `@code.md` @one.md, (@no.md) @samuel\n```\n@fenced.md\n```\n    @indented.md\n@~/two.md\n"
    assert list(imports(text)) == [(1, "one.md"), (1, "samuel"), (6, "~/two.md")]
    assert [looks_like_a_file(path) for path in ("one.md", "samuel", "~/two", "@scope/pkg", "./x")] == [
        True, False, True, False, True,
    ]  # fmt: skip
    assert place("../x.md", PurePosixPath("docs/a.md")) == PurePosixPath("x.md")
    assert place("../../x.md", PurePosixPath("docs/a.md")) is None
    assert place("~/x.md", PurePosixPath("a.md")) is None


def test_what_is_forbidden_is_found_by_line_unless_its_path_is_excepted() -> None:
    rule = Forbidden("INSERT INTO command_log", exceptions=("migrations/**",), why="events go to event_store")
    text = "one\nINSERT INTO command_log\n"
    assert [one.told for one in forbidden.found(rule, "docs/x.md", text)] == [
        "docs/x.md: line 2: says 'INSERT INTO command_log': events go to event_store"
    ]
    assert not list(forbidden.found(rule, "migrations/1.sql", text))
    blocking = Forbidden(r"^one$", is_pattern=True, block=True)
    assert [one.blocks for one in forbidden.found(blocking, "x", text)] == [True]
