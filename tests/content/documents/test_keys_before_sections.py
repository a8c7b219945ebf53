"""The first keys that stand before the sections of a TOML or INI file are parted from them as these are."""

from __future__ import annotations

import pytest

from rollout.model.inventory import FileRule, Mode
from tests.lives import Life

_EDITORCONFIG = "# EditorConfig is awesome\n\n[*]\nindent_style = space\n\n[*.py]\nindent_size = 4\n"
_RUFF = '# Ruff config\n\n[lint]\nselect = ["E"]\n\n[format]\na = 1\n'


@pytest.mark.parametrize(
    ("path", "before", "template", "after"),
    [
        (".editorconfig", _EDITORCONFIG, "root = true\n", _EDITORCONFIG.replace("[*]", "root = true\n\n[*]")),
        (".editorconfig", "[*]\na = 1\n", "root = true\n", "root = true\n\n[*]\na = 1\n"),
        (".editorconfig", "[*]\na = 1\n[b]\nc = 1\n", "root = true\n", "root = true\n[*]\na = 1\n[b]\nc = 1\n"),
        (".editorconfig", "# all\n[*]\na = 1\n", "# top\nroot = true\n", "# top\nroot = true\n\n# all\n[*]\na = 1\n"),
        ("ruff.toml", _RUFF, "line-length = 100\n", _RUFF.replace("[lint]", "line-length = 100\n\n[lint]")),
        ("ruff.toml", "[a]\nb = 1\n[c]\n", "x = 1\n", "x = 1\n[a]\nb = 1\n[c]\n"),
        ("ruff.toml", "[a.b]\nc = 1\n", "x = 1\n", "x = 1\n\n[a.b]\nc = 1\n"),
        ("ruff.toml", "\n\n[a]\nc = 1\n", "x = 1\n", "\n\nx = 1\n\n[a]\nc = 1\n"),
    ],
)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_they_stand_apart_and_go_without_a_trace(
    path: str, before: str, template: str, after: str, newline: str
) -> None:
    before, after = before.replace("\n", newline), after.replace("\n", newline)
    file = Life(path, before, FileRule(Mode.MERGE))
    assert file.lived(template) == after
    assert file.plan(template) is None
    renamed = template.replace("root", "rooted").replace("x =", "xx =").replace("line-", "lines-")
    assert file.lived(renamed) == after.replace("root ", "rooted ").replace("x =", "xx =").replace("line-", "lines-")
    assert file.lived("") == before


@pytest.mark.parametrize("path", ["x.toml", "x.ini"])
def test_a_blank_line_below_a_key_of_others_stays(path: str) -> None:
    before = "theirs = 1\n\n[a]\nb = 1\n"
    file = Life(path, before, FileRule(Mode.MERGE))
    assert file.lived("x = 1\n", "") == before
    file.text = "x = 1\n\n[a]\nb = 1\n"
    assert file.lived("x = 1\n") == "x = 1\n\n[a]\nb = 1\n"
