"""A comment of ours behind a value follows the template when the value changes; a person's stays."""

from __future__ import annotations

import pytest

from rollout.model.inventory import FileRule, FormatName, Mode
from tests.lives import Life

# For each file: what a person has and the template, a key's line for {}, and how a comment begins.
_FILES = {
    "t.toml": ("[tool.x]\nz = 1\n{}", "[tool.x]\n{}", 'r = "{}"{}\n', "#"),
    "root.toml": ("z = 1\n{}", "{}", "r = {}{}\n", "#"),
    "p.yaml": ("z: 1\n{}", "{}", 'r: "{}"{}\n', "#"),
    ".npmrc": ("z=1\n{}", "{}", "r={}{}\n", ";"),
    ".vscode/settings.json": ('{{\n  "z": 1,\n  {}}}\n', "{{\n  {}}}\n", '"r": "{}"{}\n', "//"),
    "comma/.vscode/settings.json": ('{{\n  "z": 1,\n  {}}}\n', "{{\n  {}}}\n", '"r": "{}",{}\n', "//"),
}
_EMPTY = {".vscode/settings.json": '{\n  "z": 1\n}\n', "comma/.vscode/settings.json": '{\n  "z": 1,\n}\n'}


def _rule(path: str) -> FileRule:
    return FileRule(Mode.MERGE, format=FormatName.INI if path == ".npmrc" else None)


class _Told:
    def __init__(self, path: str) -> None:
        self.around, self.whole, self.line, self.mark = _FILES[path]

    def template(self, value: int, comment: str = "") -> str:
        return self.whole.format(self._line(value, comment))

    def file(self, value: int, comment: str = "") -> str:
        return self.around.format(self._line(value, comment))

    def _line(self, value: int, comment: str) -> str:
        return self.line.format(value, f"  {self.mark} {comment}" if comment else "")


@pytest.mark.parametrize("path", _FILES)
@pytest.mark.parametrize("comment", ["free again", ""])
def test_our_comment_follows_the_template(path: str, comment: str) -> None:
    told = _Told(path)
    before = _EMPTY.get(path, told.around.format(""))
    file = Life(path, before, _rule(path))
    file.rolled_out(told.template(1, "pinned"))
    spelled = (file.text or "").replace("  " + told.mark, " " + told.mark)  # JSON has one blank
    assert spelled == told.file(1, "pinned").replace("  " + told.mark, " " + told.mark)
    file.rolled_out(told.template(2, comment))
    assert file.text == told.file(2, comment)
    assert file.plan(told.template(2, comment)) is None
    assert file.lived("{}" if path.endswith(("json", "yaml")) else "") == before


@pytest.mark.parametrize("path", _FILES)
@pytest.mark.parametrize("comment", ["free again", ""])
def test_a_comment_of_a_person_stays(path: str, comment: str) -> None:
    told = _Told(path)
    file = Life(path, told.file(1, "mine"), _rule(path))
    file.rolled_out(told.template(2, comment))
    assert file.text == told.file(2, "mine")
    file.rolled_out(told.template(3, "pinned"))
    file.text = (file.text or "").replace("pinned", "mine")
    assert file.lived(told.template(4, comment)) == told.file(4, "mine")


@pytest.mark.parametrize("path", _FILES)
@pytest.mark.parametrize("blanks", ["", "   "])
def test_one_that_came_goes_with_the_value(path: str, blanks: str) -> None:
    told = _Told(path)
    before = told.file(1).replace("\n", f"{blanks}\n")
    file = Life(path, before, _rule(path))
    file.rolled_out(told.template(2, "pinned"))
    assert file.text == told.file(2, "pinned").replace("\n", f"{blanks}\n")
    assert file.lived("{}" if path.endswith(("json", "yaml")) else "") == before


@pytest.mark.parametrize("path", [path for path in _FILES if path != ".vscode/settings.json"])
@pytest.mark.parametrize("comment", ["free again", "pinned", ""])
def test_it_follows_where_the_value_becomes_what_others_had(path: str, comment: str) -> None:
    told = _Told(path)
    before = told.file(1)
    file = Life(path, before, _rule(path))
    file.rolled_out(told.template(2, "pinned"))
    file.rolled_out(told.template(1, comment))
    assert file.text == told.file(1, comment)
    assert file.plan(told.template(1, comment)) is None
    assert file.lived("{}" if path.endswith(("json", "yaml")) else "") == before


@pytest.mark.parametrize("comment", ["free again", ""])
@pytest.mark.parametrize(
    ("path", "had", "other", "mark"),
    [("l.yaml", "l: [a]{}\n", "l: b{}\n", "#"), ("l.toml", "l = ['a']{}\n", "l = 'b'{}\n", "#")],
)
def test_behind_brackets_that_others_had_it_follows(path: str, had: str, other: str, mark: str, comment: str) -> None:
    file = Life(path, "k" + had[1:].format("") + had.format(""), FileRule(Mode.MERGE))
    before, told = file.text, f" {mark} {comment}" if comment else ""
    file.rolled_out(other.format(" # pinned"))
    assert file.lived(had.format(told)) == "k" + had[1:].format("") + had.format(told)
    assert file.lived("{}" if path.endswith("yaml") else "") == before


def test_between_brackets_it_follows_where_the_value_becomes_what_others_had() -> None:
    file = Life("f.yaml", "o: {\n  r: 1,\n  z: 1\n}\n", FileRule(Mode.MERGE))
    file.rolled_out("o: {\n  r: 2, # pinned\n  z: 2 # pinned too\n}\n")
    before = file.text or ""
    after = file.lived("o: {\n  r: 1, # free\n  z: 1 # free too\n}\n")
    assert after == before.replace("2", "1").replace("pinned", "free")


@pytest.mark.parametrize("comment", [" # because", ""])
def test_a_text_of_several_lines_comes_back_without_a_comment(comment: str) -> None:
    before = "z: 1\nr: |\n  a\n  b\n"
    file = Life("f.yaml", before, FileRule(Mode.MERGE))
    file.rolled_out("r: 1 # pinned\n")
    assert file.lived(f'r: "a\\nb\\n"{comment}\n') == before


@pytest.mark.parametrize(("first", "second"), [(" # pinned", " # free"), (" # pinned", ""), ("", "")])
def test_between_the_brackets_of_yaml_it_follows_too(first: str, second: str) -> None:
    file = Life("f.yaml", None, FileRule(Mode.MERGE))
    file.rolled_out(f"o: {{\n  r: 1,{first}\n  z: 1 }}\n")
    assert file.lived(f"o: {{\n  r: 2,{second}\n  z: 1 }}\n") == f"o: {{\n  r: 2,{second}\n  z: 1 }}\n"


@pytest.mark.parametrize("comment", [" free", ""])
@pytest.mark.parametrize(
    ("path", "around", "first", "second", "third"),
    [
        ("t.toml", "k = 0\n{}", "l = ['a']{}\n", "l = ['b']{}\n", "l = ['b', 'c']{}\n"),
        ("o.toml", "k = 0\n{}", "l = {{a = 1}}{}\n", "l = {{b = 1}}{}\n", "l = {{b = 1, c = 2}}{}\n"),
        ("p.yaml", "k: 0\n{}", "l: [a]{}\n", "l: [b]{}\n", "l: [b, c]{}\n"),
        ("m.toml", "k = 0\n{}", "l = [\n  'a'\n]{}\n", "l = [\n  'a',\n  'b'\n]{}\n", "l = [\n  'b'\n]{}\n"),
    ],
)
def test_behind_brackets_it_follows_when_something_in_them_changes(
    path: str, around: str, first: str, second: str, third: str, comment: str
) -> None:
    told = f" #{comment}" if comment else ""
    file = Life(path, around.format(""), FileRule(Mode.MERGE))
    assert file.lived(first.format(" # pinned")) == around.format(first.format(" # pinned"))
    assert file.lived(second.format(told)) == around.format(second.format(told))
    file.text = around.format(second.format(" # mine"))
    assert file.lived(third.format(told)) == around.format(third.format(" # mine"))


def test_behind_brackets_of_json_it_follows_too() -> None:
    rule = FileRule(Mode.MERGE, format=FormatName.JSONC)
    file = Life("c.json", '{\n  "k": 0\n}\n', rule)
    file.lived('{\n  "l": ["a"] // pinned\n}\n')
    assert file.lived('{\n  "l": ["b"], // free\n  "m": 1\n}\n') == (
        '{\n  "k": 0,\n  "l": ["b"], // free\n  "m": 1\n}\n'
    )
    assert file.lived("{}") == '{\n  "k": 0\n}\n'


@pytest.mark.parametrize(
    "before", ['{\n  "a": 1\n}\n', '{\n  "a": 1\n  , "z": 1\n}\n', '{\n  "a": 1 }\n', '{"a": 1}\n']
)
@pytest.mark.parametrize("more", ["", ',\n  "b": 3', ',\n  "b": 3 // more'])
def test_behind_a_value_without_a_comma_it_comes_where_it_swallows_nothing(before: str, more: str) -> None:
    file = Life("t.jsonc", before, FileRule(Mode.MERGE))
    template = f'{{\n  "a": 2{more} // why\n}}\n' if not more else f'{{\n  "a": 2, // why{more[1:]}\n}}\n'
    text = str(file.lived(template))
    assert file.plan(template) is None
    assert ("// why" in text) == ('"a": 1\n' in before and (not more or '"z"' in before)), text
    assert file.lived("{}\n") == before
