"""What we filled goes with the last entry of ours, header and all, also where a person took that out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollout.model.action import Action
from rollout.model.inventory import FileRule, Mode
from tests.first_rows import first_rows
from tests.lives import Life
from tests.world import World

_KEY = {
    "x.toml": ("k = 0\n", "[b]\nc = 1\n", "k = 0\n[b]\n", "k = 0\n[b]\nc = 1\nmine = 2\n", "k = 0\n[b]\nmine = 2\n"),
    "x.ini": ("[k]\na=0\n", "[b]\nc=1\n", "[k]\na=0\n[b]\n", "[k]\na=0\n[b]\nc=1\nmine=2\n",
              "[k]\na=0\n[b]\nmine=2\n"),
    "x.yaml": ("k: 0\n", "b:\n  c: 1\n", "k: 0\nb:\n", "k: 0\nb:\n  c: 1\n  mine: 2\n", "k: 0\nb:\n  mine: 2\n"),
    "y.yaml": ("k: 0\n", "b:\n- c\n", "k: 0\nb: []\n", "k: 0\nb:\n- c\n- mine\n", "k: 0\nb:\n- mine\n"),
    "x.json": ('{"k": 0}', '{"b": {"c": 1}}', '{"k": 0, "b": {}}', '{"k": 0, "b": {"c": 1, "mine": 2}}',
               '{"k": 0, "b": {"mine": 2}}'),
}  # fmt: skip
_MATCHED = FileRule(Mode.MERGE, match=(("s", ("id",)), ("s[].env", ("name",))))


@pytest.mark.parametrize("path", _KEY)
def test_a_header_of_ours_goes_with_the_key_that_a_person_took_out_of_it(path: str) -> None:
    before, template, emptied, _, _ = _KEY[path]
    file = Life(path, before, FileRule(Mode.MERGE))
    file.lived(template, f">{emptied}")
    planned = file.rolled_out(before)
    assert planned is not None
    assert (planned.action, planned.decided) == (Action.DRIFT, False)
    assert file.text == before
    assert file.plan(before) is None


@pytest.mark.parametrize("path", _KEY)
def test_a_header_that_holds_only_what_a_person_wrote_is_theirs_from_then_on(path: str) -> None:
    before, template, emptied, shared, theirs = _KEY[path]
    file = Life(path, before, FileRule(Mode.MERGE))
    assert file.lived(template, f">{shared}", before) == theirs
    file.text = emptied
    assert file.plan(before) is None


@pytest.mark.parametrize("path", _KEY)
def test_one_that_others_had_empty_may_be_named_empty_again(path: str) -> None:
    _, template, emptied, _, _ = _KEY[path]
    file = Life(path, emptied, FileRule(Mode.MERGE))
    named = {"x.toml": "[b]\n", "x.ini": "[b]\n", "x.json": '{"b": {}}', "y.yaml": "b: []\n"}.get(path, "b: {}\n")
    file.rolled_out(template)
    planned = file.rolled_out(named)
    assert planned is not None
    assert planned.action is Action.UPDATE, planned.cause
    assert file.text == (emptied if path != "x.yaml" else "k: 0\nb: {}\n")
    assert file.plan(named) is None


@pytest.mark.parametrize("path", _KEY)
def test_one_that_others_had_empty_stays(path: str) -> None:
    _, template, emptied, _, _ = _KEY[path]
    file = Life(path, emptied, FileRule(Mode.MERGE))
    assert file.lived(template, "{}" if path.endswith(("yaml", "json")) else "") == emptied


_LISTS = {
    "x.yaml": ("k: 0\n", "z: 1\n", "b:\n  e: []\n"),
    "x.toml": ("k = 0\n", "z = 1\n", "[b]\ne = []\n"),
    "x.json": ('{\n  "k": 0', ',\n  "z": 1', ',\n  "b": {"e": []}\n}\n'),
}


def _with_list(path: str, said: str, ours: str = "") -> tuple[Life, str]:
    """Return a file with a list that rollout left empty and a person made something else of, and what that is."""
    first, key, named = _LISTS[path]
    file = Life(path, first if path != "x.json" else '{\n  "k": 0\n}\n', FileRule(Mode.MERGE))
    both = first + key + named
    file.lived(both.replace("[]", f"[{ours}]"), both, f">{both.replace('[]', said)}")
    return file, (first + named).replace("[]", said)


@pytest.mark.parametrize("path", _LISTS)
@pytest.mark.parametrize("ours", ["", '"ours"'])
@pytest.mark.parametrize("mode", [Mode.MERGE, Mode.ABSENT])
def test_what_a_person_put_into_a_list_that_rollout_left_empty_stays_without_a_question(
    path: str, ours: str, mode: Mode
) -> None:
    file, left = _with_list(path, '["mine"]', ours)
    file.rule = FileRule(mode)
    planned = file.rolled_out("" if mode is Mode.ABSENT else _KEY[path][0])
    assert planned is not None
    assert (planned.action, planned.decided) == (Action.UPDATE, True), planned.cause
    assert file.text == left


@pytest.mark.parametrize("path", _LISTS)
@pytest.mark.parametrize("mode", [Mode.MERGE, Mode.ABSENT])
def test_what_a_person_wrote_in_the_place_of_an_empty_list_is_drift(path: str, mode: Mode) -> None:
    file, _ = _with_list(path, '"mine"')
    file.rule = FileRule(mode)
    planned = file.plan("" if mode is Mode.ABSENT else _KEY[path][0])
    assert planned is not None
    assert planned.action is Action.DRIFT


@pytest.mark.parametrize(
    ("entry", "persons", "left"),
    [
        ("args: [q]", "args: [q, mine]", "args: [mine]"),
        ("w: {q: [r]}", "w: {q: [r, mine]}", "w: {q: [mine]}"),
        ("env:\n  - name: e\n    v: 1", "env:\n  - name: e\n    v: 1\n  - name: f", "env:\n  - name: f"),
    ],
)
def test_of_a_matched_entry_only_the_entries_stay_that_a_person_wrote_into_its_lists(
    entry: str, persons: str, left: str
) -> None:
    file = Life("x.yaml", "k: 0\n", _MATCHED)
    file.lived(f"s:\n- id: a\n  {entry}\n", f">k: 0\ns:\n- id: a\n  {persons}\n")
    file.rolled_out("k: 0\n")
    assert (file.text, file.asked) == (f"k: 0\ns:\n- id: a\n  {left}\n", [])
    assert file.plan("k: 0\n") is None


@pytest.mark.parametrize(
    ("entry", "persons", "comment"),
    [
        ("args: [q]", "args: [q]\n  mine: 1", ""),
        ("args: [q]\n  x: 1", "args: [mine, q]\n  x: 1", ""),
        ("args: [q, r]", "args: [r, q]\n  mine: 1", ""),
        ("args: [q]", "args: []\n  mine: 1", ""),
        ("w: {q: 1}\n  args: [q]", "w: {q: 1, mine: 2}\n  args: [q]", ""),
        ("w: {q: 1}", "w: {q: 1, mine: 2} # why", "# why\n"),
        ("env:\n  - name: e\n    v: 1", "env:\n  - name: e\n    v: 1\n    mine: 1", ""),
        ("args: [q]\n  # ours\n  x: 1", "args: [q]\n  # ours\n  x: 1\n  mine: 1", ""),
    ],
)
def test_a_matched_entry_with_a_key_of_a_person_goes_as_a_whole_and_is_asked_for(
    entry: str, persons: str, comment: str
) -> None:
    file = Life("x.yaml", "k: 0\n", _MATCHED)
    file.lived(f"s:\n- id: a\n  {entry}\n", f">k: 0\ns:\n- id: a\n  {persons}\n")
    file.rolled_out("k: 0\n")
    assert (file.text, file.asked) == (f"k: 0\n{comment}", ["drift"])
    assert file.plan("k: 0\n") is None


_FILLED = st.lists(st.sampled_from(['{"a": 1}', '{"a": {"b": []}, "c": 2}']))


@given(blank=st.text(" \t\n\r", max_size=4), steps=_FILLED)
@pytest.mark.parametrize("around", ["{{{}}}\n", "{{{}}}", '{{"x": {{{}}}}}\n', "\ufeff{{{}}}\n"])
def test_an_empty_object_that_others_had_stays_to_the_byte(around: str, blank: str, steps: list[str]) -> None:
    before = around.format(blank)
    file = Life("x.json", before, FileRule(Mode.MERGE))
    inside = [f'{{"x": {step}}}' if '"x"' in around else step for step in steps]
    assert file.lived(*inside, "{}") == before


@given(steps=_FILLED)
def test_an_empty_mapping_that_others_had_stays_to_the_byte(steps: list[str]) -> None:
    yaml = Life("x.yaml", "{\n}\n", FileRule(Mode.MERGE))
    assert yaml.lived(*steps, "{}") == "{\n}\n"


@pytest.mark.parametrize("before", [" ", "\n", "  \n\n", "\r\n"])
@pytest.mark.parametrize("path", _KEY)
def test_a_file_of_blanks_alone_comes_back(path: str, before: str) -> None:
    template = _KEY[path][1]
    nothing = "{}" if path.endswith(("yaml", "json")) else ""
    file = Life(path, before, FileRule(Mode.MERGE))
    assert file.lived(template, nothing) == before
    assert file.plan(nothing) is None
    assert file.lived(template, nothing) == before


@pytest.mark.parametrize("person", ['{"a": 1}\n', '{"a":1}\n', '{"a": 1, "b": 2}\n'])
def test_a_file_that_we_made_does_not_become_one_without_a_byte(person: str) -> None:
    file = Life("x.json", None, FileRule(Mode.MERGE))
    file.lived('{"a": 1}\n', f">{person}", '{"a": 2}\n')
    file.text = (file.text or "").replace(', "b": 2', "")
    assert file.lived("{}") == "{}\n"


@pytest.mark.parametrize(("there", "left"), [({"x.json": ""}, ""), ({}, "{}\n")])
def test_a_file_without_a_byte_comes_back(world: World, there: dict[str, str], left: str) -> None:
    (world.root / "templates/project/conf.txt.j2").unlink()
    world.tail = "files: {x.json: {mode: merge}}\n"
    world.repo("api", {"README": "x\n", **there})
    for template in ('{"a": 1}\n', '{"a": 2}\n', "{}\n"):
        world.template("project/x.json", template)
        assert world.run("apply", "--yes").code == 0
    assert world.at("api", "x.json") == left
    assert world.run("status", "--detailed-exitcode").code == 0


@pytest.mark.parametrize("name", ["x.yml", "x.json", "x.toml"])
@first_rows(3, "had", ['["x"]', '{"z": 1}', "[]", "{}", "2", '[{"k": 1}]'])
def test_what_a_template_empties_is_empty_although_others_had_something_there_before_it(name: str, had: str) -> None:
    def spelled(value: str) -> str:
        return f"b = {value.replace(':', ' =')}\n" if name == "x.toml" else f'{{"b": {value}}}\n'

    before = spelled(had)
    for one, other in [
        ("1", '["y"]'),
        ("1", '[{"k": 2}]'),
        ("1", '{"y": 2}'),
        ('{"y": 2}', '["y"]'),
        ('["y"]', '{"y": 2}'),
    ]:
        file = Life(name, before, FileRule(Mode.MERGE))
        for value in (one, other, "{}" if other.startswith("{") else "[]"):
            planned = file.rolled_out(spelled(value))
            assert planned is None or planned.action is not Action.ERROR, planned.cause
            assert file.plan(spelled(value)) is None
        assert file.lived("" if name == "x.toml" else "{}\n") == before


@pytest.mark.parametrize("empty", ["{ }", "[ ]"])
@pytest.mark.parametrize(
    ("path", "around", "comment"),
    [
        ("x.toml", "b = %s%s\n", " # ours"),
        ("x.jsonc", '{\n  "b": %s%s\n}\n', " // ours"),
        ("x.yaml", "b: %s%s\n", " # ours"),
    ],
)
def test_our_comment_behind_brackets_that_others_had_empty_goes(
    path: str, around: str, comment: str, empty: str
) -> None:
    file = Life(path, around % (empty, ""), FileRule(Mode.MERGE))
    filled = {"{ }": {"x.toml": "{d = 1}"}.get(path, '{"d": 1}'), "[ ]": "[1]"}[empty]
    file.lived(around % ('"z"', ""), around % (filled, comment))
    assert comment in (file.text or "")
    nothing = "{}" if path == "x.jsonc" else ""
    assert file.lived(nothing) == around % (empty, "")
    assert file.plan(nothing) is None
