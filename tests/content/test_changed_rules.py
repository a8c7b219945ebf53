"""A merged path whose rule changes: what we wrote goes as we wrote it, whatever the rule is then."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rollout.model.inventory import FileRule, FormatName, Mode
from tests import random_rules
from tests.first_rows import first_rows
from tests.lives import Life
from tests.random_lives import FILES

_REPOS = (("repos", ("repo",)), ("repos[].hooks", ("id",)))
_PORTS = (("services.*.ports", ("target",)),)
_LAUNCH = (("configurations", ("name",)),)
_TOOL = (("tool.x", ("name",)),)

_YAML = """\
repos:
  - repo: https://a/a
    rev: "1"
    hooks:
      - id: one
"""
_YAML_MADE = f"{_YAML}      - id: three\n"
_YAML_TEMPLATE = "repos:\n  - repo: https://a/a\n    hooks:\n      - id: three\n"
_COMPOSE = "services:\n  web:\n    ports:\n      - target: 80\n        published: 8080\n        mode: host\n"
_COMPOSE_TEMPLATE = "services:\n  web:\n    ports:\n      - target: 80\n        name: http\n"
_JSON = '{\n  "configurations": [\n    {\n      "name": "serve",\n      "type": "chrome"\n    }\n  ]\n}\n'
_JSON_TEMPLATE = '{"configurations": [{"name": "serve", "port": 4200}]}\n'
_TOML = '[[tool.x]]\nname = "a"\nmine = 1\n'
_TOML_TEMPLATE = '[[tool.x]]\nname = "a"\nours = 2\n'

_FILES = {
    "pc.yaml": (_YAML, _YAML_TEMPLATE, _REPOS, "{}\n"),
    "compose.yaml": (_COMPOSE, _COMPOSE_TEMPLATE, _PORTS, "{}\n"),
    ".vscode/launch.json": (_JSON, _JSON_TEMPLATE, _LAUNCH, "{}\n"),
    "p.toml": (_TOML, _TOML_TEMPLATE, _TOOL, ""),
}


def _matched(path: str) -> Life:
    """Return a file into whose entry a template wrote, by `match`."""
    there, template, match, _ = _FILES[path]
    file = Life(path, there, FileRule(Mode.MERGE, match=match))
    assert file.lived(template) != there
    return file


@pytest.mark.parametrize("path", _FILES)
def test_absent_takes_only_what_rollout_wrote_out_of_an_entry_that_was_matched(path: str) -> None:
    file = _matched(path)
    file.rule = FileRule(Mode.ABSENT)
    assert file.lived("") == _FILES[path][0]
    assert file.asked == []


@pytest.mark.parametrize("path", _FILES)
def test_an_entry_of_others_stays_when_match_leaves_the_rule(path: str) -> None:
    there, template, _, nothing = _FILES[path]
    file = _matched(path)
    made = file.text
    file.rule = FileRule(Mode.MERGE)
    assert file.lived(template) == made
    assert file.lived(nothing) == there
    assert file.asked == []


@pytest.mark.parametrize("path", _FILES)
def test_what_a_person_writes_into_a_matched_entry_stays_without_match(path: str) -> None:
    there, template, match, nothing = _FILES[path]
    file = Life(path, None, FileRule(Mode.MERGE, match=match))
    file.lived(template)
    file.lived(f">{there}", template)
    file.rule = FileRule(Mode.MERGE)
    file.lived(nothing)
    assert all(word in str(file.text) for word in there.split() if word not in template) or file.asked


def test_what_a_person_wrote_into_an_entry_is_asked_for_where_match_names_it_by_another_key() -> None:
    file = Life("x.yaml", "l:\n  - name: z\n    image: i0\n", FileRule(Mode.MERGE, match=(("l", ("name",)),)))
    file.lived("l:\n  - name: a\n    image: i1\n")
    assert file.text is not None
    file.lived(f">{file.text}    mine: 1\n", "l:\n  - name: a\n    image: i2\n")
    file.rule = FileRule(Mode.MERGE, match=(("l", ("image",)),))
    planned = file.plan("{}\n")
    assert planned is not None
    assert not planned.decided
    assert "l[i2] leaves the template, and others wrote mine into it" in planned.cause


def test_a_key_in_brackets_is_no_entry_of_a_list() -> None:
    tasks = '{"[python]": {"l": [{"name": "z"}]}, "[go]": {"l": [{"name": "z", "mine": 1}]}}\n'
    file = Life("x.json", tasks, FileRule(Mode.MERGE, match=(("*.l", ("name",)),)))
    file.lived('{"[python]": {"l": [{"name": "z", "ours": 1}]}}')
    file.rule = FileRule(Mode.MERGE)
    file.lived('{"[python]": {"l": [{"name": "z", "ours": 1}]}, "[go]": {"l": [{"name": "z", "ours": 2}]}}')
    assert json.loads(str(file.text)) == {
        "[python]": {"l": [{"name": "z", "ours": 1}]},
        "[go]": {"l": [{"name": "z", "mine": 1}, {"name": "z", "ours": 2}]},
    }


def test_an_entry_of_others_is_not_ours_because_it_got_what_named_one_of_ours() -> None:
    there = "l:\n  - name: a\n    mine: 1\n"
    file = Life("x.yaml", there, FileRule(Mode.MERGE, match=(("l", ("image",)),)))
    file.lived("l:\n  - name: a\n    image: i\n")
    file.rule = FileRule(Mode.MERGE, match=(("l", ("name",)),))
    assert file.lived("l:\n  - name: a\n    image: i\n") == f"{there}    image: i\n"
    file.rule = FileRule(Mode.MERGE, match=(("l", ("image",)),))
    assert "mine: 1" in str(file.lived("{}\n"))
    assert file.asked == []


def test_a_rule_without_match_changes_nothing_for_lists_in_which_entries_only_came_and_went() -> None:
    file = Life("x.yaml", "l:\n  - name: a\n    v: 9\n", FileRule(Mode.MERGE))
    file.lived("l:\n  - name: a\n    v: 1\n", "l:\n  - name: a\n    v: 2\n")
    assert file.text == "l:\n  - name: a\n    v: 9\n  - name: a\n    v: 2\n"
    assert file.lived("{}\n") == "l:\n  - name: a\n    v: 9\n"


def test_entries_of_others_without_a_name_stay_too() -> None:
    file = Life("x.yaml", "l:\n  - in:\n      a: 1\n", FileRule(Mode.MERGE, match=(("l", ("name",)),)))
    file.lived("l:\n  - in:\n      b: 2\n")
    assert file.text == "l:\n  - in:\n      a: 1\n      b: 2\n"
    file.rule = FileRule(Mode.ABSENT)
    file.lived("")
    assert "a: 1" in str(file.text)


@pytest.mark.parametrize("path", _FILES)
def test_match_that_comes_later_takes_nothing_of_others(path: str) -> None:
    there, template, match, nothing = _FILES[path]
    file = Life(path, there, FileRule(Mode.MERGE))
    file.lived(template)
    file.rule = FileRule(Mode.MERGE, match=match)
    file.lived(template)
    assert file.lived(nothing) == there


@pytest.mark.parametrize("mode", [Mode.MERGE, Mode.ABSENT])
def test_what_others_wrote_into_a_list_stays_when_its_file_is_read_as_ini(mode: Mode) -> None:
    file = Life("x.toml", '[a]\nl = ["one", "two"]\n', FileRule(Mode.MERGE))
    file.lived('[a]\nl = ["ours"]\n', '>[a]\nl = ["one", "two", "ours", "mine"]\n', '[a]\nl = ["ours", "more"]\n')
    file.rule = FileRule(mode, format=FormatName.INI)
    assert "mine" in str(file.lived(""))


_UNIT = "[Unit]\nA=1\n[Service]\nUser=a\n"


@pytest.mark.parametrize(
    ("path", "there", "template"),
    [
        ("x.service", _UNIT, "[Service]\nGroup=b\n"),
        (".npmrc", "a=1\nb=2\n", "c=3\n"),
        (".coveragerc", "[run]\nbranch = true\n", "[run]\nparallel = true\n"),
    ],
)
@pytest.mark.parametrize("person", ["", "; mine\n"])
def test_absent_without_the_format_takes_back_only_our_lines(path: str, there: str, template: str, person: str) -> None:
    file = Life(path, there, FileRule(Mode.MERGE, format=FormatName.INI))
    file.lived(template)
    assert file.text is not None
    file.text = person + file.text
    file.rule = FileRule(Mode.ABSENT)
    assert file.lived("") == person + there
    assert file.asked == []


def test_absent_takes_back_the_lines_of_several_writes() -> None:
    file = Life("x.service", _UNIT, FileRule(Mode.MERGE, format=FormatName.INI))
    file.lived("[Service]\nGroup=b\n", f">; mine\n{_UNIT}Group=b\n", "[Service]\nGroup=c\nNice=1\n")
    file.rule = FileRule(Mode.ABSENT)
    assert file.lived("") == f"; mine\n{_UNIT}"
    assert file.asked == []


@pytest.mark.parametrize(
    "steps", [["[Service]\nUser=b\n"], ["[Service]\nGroup=b\n", f">{_UNIT}Group=mine\n"]], ids=["replaced", "changed"]
)
@pytest.mark.parametrize("form", [None, FormatName.INI, FormatName.JSON])
def test_absent_takes_back_our_keys_where_the_lines_are_not_clear(steps: list[str], form: FormatName | None) -> None:
    file = Life("x.service", _UNIT, FileRule(Mode.MERGE, format=FormatName.INI))
    file.lived(*steps)
    file.rule = FileRule(Mode.ABSENT, format=form)
    assert file.lived("") == {1: _UNIT, 2: f"{_UNIT}Group=mine\n"}[len(steps)]


@pytest.mark.parametrize("steps", [["a = 2\n"], ["b = 1\n", ">one\na = 1\nb = mine\n"]], ids=["replaced", "changed"])
def test_absent_asks_and_names_the_format_where_our_writes_do_not_tell_it(steps: list[str]) -> None:
    file = Life("x.conf", "one\na = 1\n", FileRule(Mode.MERGE, format=FormatName.INI))
    file.lived(*steps)
    file.rule = FileRule(Mode.ABSENT)
    planned = file.plan("")
    assert planned is not None
    assert not planned.decided
    assert "format:" in planned.cause


@first_rows(7, "file", FILES[1::2], ids=lambda file: file.name)
def test_what_people_wrote_stays_whatever_rules_a_file_gets(file: Path) -> None:
    random_rules.lived(file, 1)


@first_rows(7, "file", FILES[::2], ids=lambda file: file.name)  # the others are for `make test-long`
def test_absent_gives_back_the_file_that_was_there_whatever_match_said(file: Path) -> None:
    random_rules.alone(file, 1)


@pytest.mark.long
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_what_people_wrote_stays_over_many_lives_under_changing_rules(file: Path) -> None:
    for seed in range(1, 31):
        random_rules.lived(file, seed)
        random_rules.alone(file, seed)
