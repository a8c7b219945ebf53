"""Long tables of cases: `make test` runs the first rows of each, `make test-long` all.

It is for rows that show one promise at greater depth. A row with a promise of its own belongs among the first.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from _pytest.mark.structures import ParameterSet


def first_rows(number: int, names: str | tuple[str, ...], rows: Iterable[Any], **named: Any) -> pytest.MarkDecorator:
    """Give a test the rows of a table as `pytest.mark.parametrize` does; those after the first so many are `long`."""
    one_name = isinstance(names, str) and "," not in names
    return pytest.mark.parametrize(names, _marked(number, rows, one_name=one_name), **named)


def first_values(number: int, values: Iterable[Any]) -> list[ParameterSet]:
    """Return the values of a fixture; those after the first so many are `long`."""
    return _marked(number, values, one_name=True)


def _marked(number: int, rows: Iterable[Any], *, one_name: bool) -> list[ParameterSet]:
    sets = [ParameterSet.extract_from(row, force_tuple=one_name) for row in rows]
    deeper = [row._replace(marks=[*row.marks, pytest.mark.long]) for row in sets[number:]]
    return [*sets[:number], *deeper]
