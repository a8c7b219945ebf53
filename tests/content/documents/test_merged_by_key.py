"""What a person changed in a merged document and what the template changed come together key by key."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollout.model.action import Action
from rollout.model.inventory import FileRule, FormatName, Mode
from tests.content.documents.test_accepted_merges import _merged
from tests.lives import Life
from tests.world import World

_Keys = dict[str, str]


def _yaml(keys: _Keys) -> str:
    return "env:\n" + "".join(f'  {key}: "{value}"\n' for key, value in keys.items())


def _flow(keys: _Keys) -> str:
    return "env: {" + ", ".join(f'{key}: "{value}"' for key, value in keys.items()) + "}\n"


def _toml(keys: _Keys) -> str:
    return "[env]\n" + "".join(f'{key} = "{value}"\n' for key, value in keys.items())


def _inline(keys: _Keys) -> str:
    return "env = {" + ", ".join(f'{key} = "{value}"' for key, value in keys.items()) + "}\n"


def _ini(keys: _Keys) -> str:
    return "[env]\n" + "".join(f"{key} = {value}\n" for key, value in keys.items())


# For each file: what others have in it before us, and how our keys are written.
_FILES = {
    "w.yml": ("name: x\n", _yaml),
    "flow.yml": ("name: x\n", _flow),
    "w.toml": ("name = 1\n", _toml),
    "inline.toml": ("name = 1\n", _inline),
    "w.ini": ("[name]\nx = 1\n", _ini),
    "w.json": ("{\n", lambda keys: json.dumps({"env": keys}, indent=2) + "\n"),
    "line.json": ("", lambda keys: json.dumps({"env": keys}) + "\n"),
}


def _life(path: str, *, alone: bool) -> Life:
    rule = FileRule(Mode.MERGE, format=FormatName.INI if path.endswith("ini") else None)
    return Life(path, None if alone or path.endswith("json") else _FILES[path][0], rule)


@pytest.mark.parametrize("path", _FILES)
def test_a_person_and_the_template_may_change_keys_beside_each_other(path: str) -> None:
    _, spelled = _FILES[path]
    file = _life(path, alone=False)
    before = (file.text or "").rstrip("\n")
    file.lived(spelled({"A": "1", "B": "x"}))
    file.text = (file.text or "").replace("x", "mine") if path.endswith("json") else _mine(file.text or "")
    template = spelled({"A": "2", "B": "x"})
    assert _merged(file, template).decided
    assert file.plan(template) is None
    assert (file.text or "").endswith(spelled({"A": "2", "B": "mine"}))
    template = spelled({"A": "3", "B": "x", "C": "new"})
    assert _merged(file, template).decided
    assert file.plan(template) is None
    assert (file.text or "").startswith(before)
    assert (file.text or "").endswith(spelled({"A": "3", "B": "mine", "C": "new"}))


def _mine(text: str) -> str:
    head, _, tail = text.rpartition("x")
    return f"{head}mine{tail}"


@pytest.mark.parametrize("path", _FILES)
@pytest.mark.parametrize(
    ("person", "second"),
    [
        ({"A": "1", "B": "mine"}, {"A": "2", "B": "y"}),
        ({"A": "1"}, {"A": "2", "B": "y"}),
        ({"A": "mine", "B": "x"}, {"B": "y"}),
        ({"A": "mine", "B": "x", "C": "mine"}, {"A": "1", "B": "x", "C": "y"}),
    ],
)
def test_a_key_that_both_changed_is_a_conflict(path: str, person: _Keys, second: _Keys) -> None:
    _, spelled = _FILES[path]
    file = _life(path, alone=True)
    first = {"A": "1", "B": "x"}
    file.lived(spelled(first))
    file.text = (file.text or "").replace(spelled(first), spelled(person))
    found = _merged(file, spelled(second))
    assert (found.action, found.decided) == (Action.CONFLICT, False)


@pytest.mark.parametrize(
    ("person", "second"),
    [("{}", '{"env": {"A": "1", "B": "x", "C": "y"}}'), ('{"env": 1}', '{"env": {"A": "1", "B": "x", "C": "y"}}')],
)
def test_a_key_in_what_a_person_took_out_is_a_conflict(person: str, second: str) -> None:
    file = Life("w.json", None, FileRule(Mode.MERGE))
    file.lived('{"env": {"A": "1", "B": "x"}}', f">{person}")
    assert _merged(file, second).action is Action.CONFLICT


def test_a_list_that_both_changed_on_one_line_is_a_conflict() -> None:
    file = Life("w.json", None, FileRule(Mode.MERGE))
    file.lived('{"l": [1, 2], "A": "1"}', '>{"l": [1, 5], "A": "1"}')
    assert _merged(file, '{"l": [1, 6], "A": "1"}').action is Action.CONFLICT
    assert _merged(file, '{"l": [1, 2], "A": "2"}').decided
    assert file.text == '{"l": [1, 5], "A": "2"}'


@pytest.mark.parametrize(
    ("path", "before", "spelled"),
    [
        ("w.json", '{"x": 0}', lambda a, z: f'{{"x": 0, "a": {a}, "z": [{", ".join(z)}]}}'),
        ("w.toml", "x = 0\n", lambda a, z: f"x = 0\na = {a}\nz = [{', '.join(z)}]\n"),
        ("w.yml", "x: 0\n", lambda a, z: f"x: 0\na: {a}\nz: [{', '.join(z)}]\n"),
    ],
)
@pytest.mark.parametrize(
    ("person", "second", "both"),
    [
        ((3, "17"), (1, "12"), (3, "172")), ((3, "17"), (1, "2"), (3, "72")),
        ((1, "17"), (2, "12"), (2, "172")), ((3, "71"), (1, "12"), (3, "712")),
    ],
)  # fmt: skip
def test_entries_that_both_added_and_took_out_are_united_beside_a_changed_key(
    path: str, before: str, spelled: Any, person: Any, second: Any, both: Any
) -> None:
    file = Life(path, before, FileRule(Mode.MERGE))
    file.lived(spelled(1, "1"), ">" + spelled(*person))
    planned = _merged(file, spelled(*second))
    assert planned.decided
    assert file.text == spelled(*both)
    assert file.plan(spelled(*second)) is None


_PAIR = re.compile(r'([A-D])"? ?[:=] "?([x-z])')
_VALUES = st.dictionaries(st.sampled_from("ABCD"), st.sampled_from("xyz"), min_size=1)


@pytest.mark.parametrize("path", _FILES)
@given(first=_VALUES, person=_VALUES, steps=st.lists(_VALUES, min_size=1, max_size=3))
def test_every_key_says_what_the_side_says_that_changed_it(
    path: str, first: _Keys, person: _Keys, steps: list[_Keys]
) -> None:
    _, spelled = _FILES[path]
    file = _life(path, alone=True)
    file.rolled_out(spelled(first))
    file.text = (file.text or "").replace(spelled(first), spelled(person))
    theirs = {key for key in {*first, *person} if first.get(key) != person.get(key)}
    told = first
    for step in steps:
        wanted = {key: value for key in "ABCD" if (value := (person if key in theirs else step).get(key))}
        if theirs & {key for key in {*told, *step} if told.get(key) != step.get(key)}:
            return
        if told != step:
            planned = _merged(file, spelled(step)) if theirs else file.rolled_out(spelled(step))
            assert planned is not None
            assert planned.decided or not wanted, planned
        if not wanted:
            return
        assert dict(_PAIR.findall(file.text or "")) == wanted, file.text
        told = step


@pytest.mark.parametrize("path", _FILES)
def test_a_key_leaves_the_template_where_a_person_took_out_the_last_that_stays_in_it(path: str) -> None:
    _, spelled = _FILES[path]
    file = _life(path, alone=True)
    file.rolled_out(spelled({"A": "y", "B": "x"}))
    file.text = (file.text or "").replace(spelled({"A": "y", "B": "x"}), spelled({"B": "x", "C": "x"}))
    assert _merged(file, spelled({"A": "y"})).decided
    assert file.text == spelled({"C": "x"})


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_it_changes_no_other_byte(newline: str) -> None:
    before = "# about x\nname:   'x' # mine\n".replace("\n", newline)
    file = Life("w.yml", before, FileRule(Mode.MERGE))
    file.lived("env:\n  # why\n  A: 0x1 # one\n  B: x\n")
    file.text = (file.text or "").replace("B: x", "B:  'mine' # theirs")
    assert _merged(file, "env:\n  # why\n  A: 0x2 # two\n  B: x\n").decided
    ours = "env:\n  # why\n  A: 0x2 # two\n  B:  'mine' # theirs\n".replace("\n", newline)
    assert file.text == before + ours


def test_entries_of_a_matched_list_are_merged_key_by_key() -> None:
    file = Life("w.yml", None, FileRule(Mode.MERGE, match=(("l", ("id",)),)))
    file.lived("l:\n- {id: a, v: 1, w: 1}\n- {id: b, v: 1}\n")
    file.text = (file.text or "").replace("w: 1", "w: 5")
    assert _merged(file, "l:\n- {id: a, v: 2, w: 1}\n- {id: b, v: 2}\n").decided
    assert file.text == "l:\n- {id: a, v: 2, w: 5}\n- {id: b, v: 2}\n"
    assert _merged(file, "l:\n- {id: a, v: 3, w: 1}\n").decided
    assert file.text == "l:\n- {id: a, v: 3, w: 5}\n"


def test_it_is_merged_again_and_again_in_a_repository(world: World) -> None:
    (world.root / "templates/project/conf.txt.j2").unlink()
    world.tail = "files: {w.yml: {mode: merge}}\n"
    world.repo("api", {"w.yml": "name: x\n"})
    world.template("project/w.yml", 'env:\n  A: "1"\n  B: x\n')
    assert world.run("apply", "--yes").code == 0
    world.elsewhere("api", {"w.yml": 'name: x\nenv:\n  A: "1"\n  B: mine\n'})
    for number in (2, 3):
        world.template("project/w.yml", f'env:\n  A: "{number}"\n  B: x\n')
        assert world.run("apply", "--yes", "--on-drift", "merge").code == 0
        assert world.at("api", "w.yml") == f'name: x\nenv:\n  A: "{number}"\n  B: mine\n'
        assert world.run("status", "--detailed-exitcode").code == 0
