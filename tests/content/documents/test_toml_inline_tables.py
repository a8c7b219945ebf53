"""TOML inline tables: keys come into them, change and go, and lists over several lines in them, too."""

from __future__ import annotations

import pytest

from rollout.model.inventory import FileRule, Mode
from tests.lives import Life

_MERGE = FileRule(Mode.MERGE)
_LIST = '[serde]\nfeatures = [\n    "derive",\n    "rc",\n]\n'


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("value", ['[\n    "derive",\n]', '"""\none\ntwo"""', "'''\none\n\ntwo'''"])
def test_what_stands_over_several_lines_has_the_line_ends_of_the_file(newline: str, value: str) -> None:
    before = 'serde = { version = "1" }\nx = 1\n'.replace("\n", newline)
    file = Life("Cargo.toml", before, _MERGE)
    file.rolled_out(f"[serde]\nfeatures = {value}\n")
    assert file.text == f'serde = {{ version = "1", features = {value} }}\nx = 1\n'.replace("\n", newline)
    file.rolled_out(f"x = {value}\n")
    assert file.text == f'serde = {{ version = "1" }}\nx = {value}\n'.replace("\n", newline)
    assert file.lived("") == before
