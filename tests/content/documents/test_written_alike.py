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


@pytest.mark.parametrize(
    ("before", "template", "added"),
    [
        ("a = 1\n", "[target.'cfg(windows)'.dependencies]\nx = 1\n", "\n[target.'cfg(windows)'.dependencies]\nx = 1\n"),
        ("a = 1\n", "'k x' = 'v'\n", "'k x' = 'v'\n"),
        ("a = 1\n", '"k" = "v"\n', '"k" = "v"\n'),
        ("a = 1\n", "b.'k x'.c = 1\nb.'k x'.d = 2\n", "b.'k x'.c = 1\nb.'k x'.d = 2\n"),
        ("b.'k x'.c = 1\n", "[b.\"k x\"]\n'd e' = 2\n", "b.'k x'.'d e' = 2\n"),
        ("[b.'k x'.c]\ny = 1\n", '[b."k x"]\nd = 2\n', "\n[b.'k x']\nd = 2\n"),
        ("[b.'k x']\ny = 1\n", "[b.\"k x\"]\n'd' = {'e' = 1}\n", "'d' = {'e' = 1}\n"),
        ("[[b]]\ny = 1\n", "[[b]]\ny = 2\n[b.'c d']\nz = 3\n", "\n[[b]]\ny = 2\n\n[b.'c d']\nz = 3\n"),
        ("a = 1\n", "[['b c']]\ny = 2\n", "\n[['b c']]\ny = 2\n"),
    ],
)
def test_a_toml_key_is_spelled_as_in_the_template_or_beside_it(before: str, template: str, added: str) -> None:
    file = Life("t.toml", before, FileRule(Mode.MERGE))
    assert file.lived(template) == before + added
    assert file.plan(template) is None
    assert file.lived("") == before


def test_a_key_between_the_brackets_of_toml_is_spelled_as_in_the_template() -> None:
    file = Life("t.toml", "o = {'p q' = 1}\n", FileRule(Mode.MERGE))
    assert file.lived("o = {'r s' = 2}\n") == "o = {'p q' = 1, 'r s' = 2}\n"
    assert file.lived("") == "o = {'p q' = 1}\n"


@pytest.mark.parametrize(
    ("path", "before", "first", "second", "after"),
    [
        (
            "c.json",
            '{\n  "k": 0\n}\n',
            '{"files": ["a"], "o": {"x": 1}}',
            '{"files": ["b"], "o": {"y": 1}}',
            '{\n  "k": 0,\n  "files": ["b"],\n  "o": {"y": 1}\n}\n',
        ),
        (
            "c.json",
            '{\n  "k": 0\n}\n',
            '{"l": [\n  "a"\n]}',
            '{"l": [ "b", "c" ]}',
            '{\n  "k": 0,\n  "l": [ "b", "c" ]\n}\n',
        ),
        (
            "c.json",
            '{\n  "k": 0\n}\n',
            '{"l": ["a"]}',
            '{"l": [\n  "b"\n]}',
            '{\n  "k": 0,\n  "l": [\n    "b"\n  ]\n}\n',
        ),
        ("c.json", '{"k":0,"m":0}', '{"l": ["a"]}', '{"l": ["b", "c"]}', '{"k":0,"m":0,"l":["b", "c"]}'),
        (
            "t.toml",
            "k = 0\n",
            "o = { x = 1 }\nl = ['a']\n",
            "o = { y = 1 }\nl = [ 'b' ]\n",
            "k = 0\no = { y = 1 }\nl = [ 'b' ]\n",
        ),
        ("p.yaml", "k: 0\n", "o: { x: 1 }\nl: [a]\n", "o: { y: 1 }\nl: [ b ]\n", "k: 0\no: { y: 1 }\nl: [ b ]\n"),
    ],
)
def test_brackets_of_ours_are_filled_as_the_template_spells_them_whatever_was_in_them(
    path: str, before: str, first: str, second: str, after: str
) -> None:
    assert Life(path, before, FileRule(Mode.MERGE)).lived(second) == after
    file = Life(path, before, FileRule(Mode.MERGE))
    assert file.lived(first, second) == after
    assert file.lived("" if path == "t.toml" else "{}") == before


def test_a_list_that_others_had_empty_is_filled_as_they_write_theirs() -> None:
    text = '{\n  "l": []\n}\n'
    file = Life("c.json", text, FileRule(Mode.MERGE))
    assert file.lived('{"l": ["a"]}') == '{\n  "l": [\n    "a"\n  ]\n}\n'
    assert file.lived('{"l": ["b"]}') == '{\n  "l": [\n    "b"\n  ]\n}\n'
    assert file.lived("{}") == text


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('{\n  "n": "x",\n  "f": {"a": {}}\n}\n', '{\n  "n": "x",\n  "f": {"a": {"x": true}}\n}\n'),
        ('{\n  "n": "x",\n  "f": {"a": {}, "b": 1}\n}\n', '{\n  "n": "x",\n  "f": {"a": {"x": true}, "b": 1}\n}\n'),
        ('{\n  "f": {\n    "a": {}\n  }\n}\n', '{\n  "f": {\n    "a": {\n      "x": true\n    }\n  }\n}\n'),
    ],
)
def test_what_fills_an_object_inside_a_line_stays_on_it(before: str, after: str) -> None:
    file = Life("d.json", before, FileRule(Mode.MERGE))
    assert file.lived('{"f": {"a": {"x": true}}}') == after
    assert file.lived("{}") == before


def test_what_a_template_had_empty_is_filled_as_a_new_file_would_be() -> None:
    file = Life("d.json", '{\n  "n": "x"\n}\n', FileRule(Mode.MERGE))
    filled = '{"f": {"a": {"x": true}}}'
    assert file.lived('{"f": {"a": {}}}', filled) == file.copy().lived("{}", filled)


@pytest.mark.parametrize(
    ("before", "template", "added"),
    [
        ("x=1\ny=2\n", "a = 1\nb.c = 2\n", "a=1\nb.c=2\n"),
        ("x = 1\n", "a=1\n", "a = 1\n"),
        ("[t]\nx=1\n", "[t]\na = [\n  1,\n]\n", "a=[\n  1,\n]\n"),
        ("x   = 1\nlong = 2\ny   = 3\n", "a = 1\n", "a = 1\n"),
    ],
)
def test_a_new_key_of_toml_has_the_equals_sign_of_its_neighbours(before: str, template: str, added: str) -> None:
    file = Life("x.toml", before, FileRule(Mode.MERGE))
    assert file.lived(template) == before + added
    assert file.lived("") == before


@pytest.mark.parametrize(
    ("path", "before", "template", "after"),
    [
        ("x.yaml", "a : 1\nm :\n  x : 1\n", "m: {y: 1}\nq:\n- w: 1\n", "a : 1\nm :\n  x : 1\n  y : 1\nq :\n- w : 1\n"),
        ("x.yaml", "a: 1\nb: 2\n", "m:\n  y : [1]\n", "a: 1\nb: 2\nm:\n  y: [1]\n"),
        ("x.yaml", "a   : 1\nlong: 2\n", "m : 1\n", "a   : 1\nlong: 2\nm: 1\n"),
        ("x.yaml", "a   : 1\n", "m : 1\n", "a   : 1\nm : 1\n"),
        ("x.yaml", "k: [a]\n", "x: &n 1\n*n : 2\n", None),
        ("x.json", '{\n  "a" : 1\n}\n', '{"d":{\n"e":[]}}', '{\n  "a" : 1,\n  "d" : {\n    "e" : []\n  }\n}\n'),
        ("x.json", '{"a":1,"b":2}\n', '{"d": 1}', '{"a":1,"b":2,"d":1}\n'),
        ("x.json", '{"a":    1}\n', '{"d" : 1}', '{"a":    1, "d": 1}\n'),
    ],
)  # fmt: skip
def test_a_colon_stands_behind_a_new_key_as_behind_most_others(
    path: str, before: str, template: str, after: str | None
) -> None:
    file = Life(path, before, FileRule(Mode.MERGE))
    file.rolled_out(template)
    assert after is None or file.text == after
    assert file.plan(template) is None
    assert file.lived("{}\n") == before


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize(
    ("path", "before", "steps"),
    [
        ("x.json", '{ "a": 1\n, "b": { "x": 1 }END\n}\n', [('{"c": 1, "d": [2]}', '\n, "c": 1\n, "d": [2]'),
         ('{"e": {\n"x": 1}, "d": [2]}', '\n, "d": [2]\n, "e": {\n    "x": 1\n  }')]),
        ("x.jsonc", '{\n    "a": [1, 2] // one\n  , "b": 1END\n}\n', [('{\n// c\n"c": 1}', '\n    // c\n  , "c": 1'),
         ('{"d": 1}', '\n  , "d": 1')]),
        ("x.yaml", "l: [ a\n   , bEND\n   ]\n", [("l: [c]\n", "\n   , c"), ("l: [d, e]\n", "\n   , d\n   , e")]),
        ("x.toml", "l = [ 1\n    , 2END\n    ]\n", [("l = [3]", "\n    , 3"), ("l = [4, 3]", "\n    , 3\n    , 4")]),
    ],
)  # fmt: skip
def test_a_new_line_begins_with_a_comma_where_others_do(
    path: str, before: str, steps: list[tuple[str, str]], newline: str
) -> None:
    before = before.replace("\n", newline)
    file = Life(path, before.replace("END", ""), FileRule(Mode.MERGE))
    for template, added in steps:
        assert file.lived(template) == before.replace("END", added.replace("\n", newline))
        assert file.plan(template) is None
    assert file.lived("" if path == "x.toml" else "{}\n") == before.replace("END", "")


@pytest.mark.parametrize("inside", ["  ", "\t", "      "])
@pytest.mark.parametrize(
    ("path", "before", "template"),
    [
        ("x.toml", 'r = [\nIN"x", "y",\nIN"p", "q",END\n]\n', 'r = ["z"]\n'),
        ("x.toml", 'r = [\nIN"x", "y",\nIN"p",\nIN"q", "s",END\n]\n', 'r = ["z"]\n'),
        ("x.json", '{\n"r": [\nIN"x", "y",\nIN"p", "q"END\n]\n}\n', '{"r": ["z"]}\n'),
        ("x.json", '{"r": 1,\nIN"a": 1, "b": 2END\n}\n', '{"z": 1}\n'),
    ],
)
def test_a_new_line_among_lines_of_several_entries_is_indented_as_they_are(
    path: str, before: str, template: str, inside: str
) -> None:
    before = before.replace("IN", inside)
    file = Life(path, before.replace("END", ""), FileRule(Mode.MERGE))
    there = file.lived(template) or ""
    assert there != before.replace("END", "")
    (line,) = (line for line in there.splitlines() if '"z"' in line)
    assert line.startswith((f'{inside}"z"', f'{inside}"a": 1, "b": 2, "z"', f'{inside}"p", "q", "z"'))
    assert file.plan(template) is None
    assert file.lived("" if path == "x.toml" else "{}\n") == before.replace("END", "")
