"""The table of hazards tells the truth: all are there, and every test it names exists."""

from __future__ import annotations

import ast

from tests.hazards import DOCUMENT, HERE, STATES, hazards, page


def test_every_hazard_is_listed_once_with_a_state() -> None:
    rows = hazards()
    assert len(rows) == 203
    assert {row.state for row in rows} <= STATES.keys()
    assert [row.id for row in rows if (row.state == "held") != bool(row.tests)] == []


def test_every_test_that_is_named_exists() -> None:
    named = {test for row in hazards() for test in row.tests}
    files = {test.partition("::")[0] for test in named}
    there = {
        f"{file}::{node.name}"
        for file in files
        for node in ast.parse((HERE.parent / file).read_text()).body
        if isinstance(node, ast.FunctionDef)
    }
    assert named - there == set()


def test_the_page_is_the_one_that_is_made() -> None:
    assert DOCUMENT.read_text() == page(), "python -m tests.hazards writes it"
