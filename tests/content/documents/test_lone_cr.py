"""Merged files whose lines end with a CR alone are refused with the way out, or come back to the byte."""

from __future__ import annotations

import pytest

from rollout.model.inventory import FileRule, Mode
from tests.lives import Life

_TEMPLATES = {"c.yaml": "c: 1\n", "c.toml": "c = 1\n", "c.ini": "[a]\nc = 1\n"}


@pytest.mark.parametrize(
    ("path", "text", "line"),
    [
        ("c.yaml", "a: 1\rb: 2\r", 1),
        ("c.yaml", "a: 1\nb: 2\r", 2),
        ("c.toml", "a = 1\rb = 2\r", 1),
        ("c.toml", "# a\n# b\r", 2),
        ("c.ini", "[a]\rb = 2\r", 1),
        ("c.ini", "; of a\r[a]\rb = 2\r", 1),
        ("c.ini", "[a]\nb = 2\r", 2),
    ],
)
def test_a_line_that_ends_with_a_cr_alone_is_refused_with_the_way_out(path: str, text: str, line: int) -> None:
    file = Life(path, text, FileRule(Mode.MERGE))
    planned = file.rolled_out(_TEMPLATES[path])
    assert planned is not None
    said = f"line {line}: ends with a CR alone, which merge cannot write; end every line with LF or CRLF"
    assert planned.cause == said
    assert file.text == text


def test_a_cr_before_an_lf_belongs_to_the_line_end() -> None:
    file = Life("c.yaml", "a: 1\r\nb: 2\r\n", FileRule(Mode.MERGE))
    assert file.lived("c: 1\n") == "a: 1\r\nb: 2\r\nc: 1\r\n"


def test_json_whose_lines_end_with_a_cr_alone_comes_back_to_the_byte() -> None:
    file = Life("c.json", '{\r  "a": 1\r}\r', FileRule(Mode.MERGE))
    assert file.lived('{"b": 1}') == '{\r  "a": 1, "b": 1\r}\r'
    assert file.lived("{}") == '{\r  "a": 1\r}\r'
