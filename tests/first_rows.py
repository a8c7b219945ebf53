"""Long tables of cases: `make test` runs the first rows of each, `make test-long` all."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from _pytest.mark.structures import ParameterSet


def first_rows(number: int, names: str | tuple[str, ...], rows: Iterable[Any], **named: Any) -> pytest.MarkDecorator:
    """Give a test the rows of a table as `pytest.mark.parametrize` does; those after the first so many are `long`.

    It is for rows that show one promise at greater depth. A row with a promise of its own belongs among the first.
    """
    one_name = isinstance(names, str) and "," not in names
    sets = [ParameterSet.extract_from(row, force_tuple=one_name) for row in rows]
    deeper = [row._replace(marks=[*row.marks, pytest.mark.long]) for row in sets[number:]]
    return pytest.mark.parametrize(names, [*sets[:number], *deeper], **named)
