"""The generated pages say what the program says now."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest

from manual import environment, generated
from manual.generated import TOP


@cache
def pages() -> Mapping[Path, str]:
    """Return all pages, which are made once."""
    return generated.pages()


@pytest.mark.parametrize("path", list(pages()), ids=lambda path: str(path.relative_to(TOP)))
def test_a_generated_page_is_the_one_that_is_made(path: Path) -> None:
    assert path.read_text() == pages()[path], "python -m manual writes it"


def read_by_the_program() -> Iterator[str]:
    """Yield the names of the variables that a module reads by name."""
    for file in (TOP / "rollout").rglob("*.py"):
        if "os.environ" not in (text := file.read_text()):
            continue
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Call | ast.Subscript) and "os.environ" in ast.unparse(node):
                yield from re.findall(r"os\.environ(?:\.get\(|\[)'([A-Z_]+)'", ast.unparse(node))


def test_every_variable_that_the_program_reads_is_told_of() -> None:
    passed_on = {"PYTHONPATH", "GIT_PYTHON_GIT_EXECUTABLE", "GIT_PYTHON_REFRESH"}
    found = set(read_by_the_program())
    assert {"ROLLOUT_STATE_DIR", "NO_COLOR", "EDITOR"} <= found
    assert found - passed_on - environment.told() == set()
