"""What is added looks like what stands around it, or as in the template, and goes away to the byte."""

from __future__ import annotations

import pytest

from rollout.model.inventory import FileRule, Mode
from tests.lives import Life


@pytest.mark.parametrize("gap", ["", " ", "  ", "\t"])
def test_a_new_toml_key_has_the_blanks_before_its_comment_that_the_template_has(gap: str) -> None:
    file = Life("t.toml", "[a]\nx = 1 # s\n", FileRule(Mode.MERGE))
    assert file.lived(f"[a]\ny = 2{gap}# t\n") == f"[a]\nx = 1 # s\ny = 2{gap}# t\n"
    assert file.lived("") == "[a]\nx = 1 # s\n"


@pytest.mark.parametrize(
    ("text", "template", "expected"),
    [
        ('{"a":{"b":1},"l":["x"]}\n', '{"a":{"d":1},"l":["y"]}', '{"a":{"b":1,"d":1},"l":["x","y"]}\n'),
        ('{"a":{},"l":[]}', '{"a":{"d":1,"e":2},"l":["y","z"]}', '{"a":{"d":1,"e":2},"l":["y","z"]}'),
        ('{"a": {"b": 1}, "l": ["x"]}', '{"a":{"d": 1},"l":["y"]}', '{"a": {"b": 1, "d": 1}, "l": ["x", "y"]}'),
        ('{"l": ["x"]}', '{"l": ["y"]}', '{"l": ["x", "y"]}'),
    ],
)
def test_a_second_json_member_on_a_line_stands_as_close_as_others_in_the_document(
    text: str, template: str, expected: str
) -> None:
    file = Life("c.json", text, FileRule(Mode.MERGE))
    assert file.lived(template) == expected
    assert file.lived("{}") == text
