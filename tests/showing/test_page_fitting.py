"""The page stays under its limit: differences go first, and the page says what is left out."""

from __future__ import annotations

import pytest

from rollout.model.plan import State, Step
from rollout.showing.page import fitting
from rollout.showing.page.entries import PageContext
from tests.showing.pages_made import Reader, drift, fitted, made, step

WORDS = "A rule says what the rule says in every repository of the fleet.\n"


def test_what_fits_is_told_whole() -> None:
    text = fitted(made([drift("a", "one\n", "two\n"), step("b")]))
    assert "<ins>+two</ins>" in text
    assert "To keep this page small" not in text


def test_differences_are_left_out_first_the_longest_before_the_others_and_the_page_says_so() -> None:
    fleet = [drift("long", WORDS * 250, "x\n"), drift("short", "one\n", "two\n"), step("fine")]
    text = fitted(made(fleet), 32_000)
    assert "<ins>+two</ins>" in text
    assert "<ins>+x</ins>" not in text
    assert "To keep this page small, 1 difference left out." in text
    assert len(text.encode()) <= 32_000
    assert "rollout diff long AGENTS.md</code> shows it" in text
    assert text.count("<dt>Commit</dt>") == 3


def thousand(unlike: int) -> list[Step]:
    fleet = [step(f"service-{number:05}") for number in range(1_000 - unlike)]
    return fleet + [
        drift(f"other-{n:05}", f"# Our own words {n}\n{WORDS * 40}", f"# Rules of {n}\n{WORDS * 39}")
        for n in range(unlike)
    ]


def test_a_thousand_targets_fit() -> None:
    sites = {one.target: f"https://github.com/organisation/{one.target}/commit/" for one in thousand(60)}
    page = made(thousand(60), known=PageContext(sites=sites))
    text = fitted(page)
    assert len(text.encode()) <= fitting.LIMIT
    read = Reader(text)
    assert "940 of 1,000 in sync; 60 need a decision" in read.text
    assert all(one.target in read.text for one in thousand(60))
    assert "To keep this page small" in text


@pytest.mark.long  # the one above has as many targets
def test_a_thousand_targets_that_all_need_something_else_fit_with_their_reasons() -> None:
    fleet = [
        step(f"service-{n:05}", State.BLOCKED, f"{n}.md: line {n} is longer than the policy allows " * 5)
        for n in range(1_000)
    ]
    text = fitted(made(fleet))
    assert len(text.encode()) <= fitting.LIMIT
    assert all(f"{n}.md: line {n} is longer" in text for n in range(1_000))
    assert "reasons cut" in text
