"""The inventory: every fault at once with its line, one description for validation and schema, machines, limits."""

from __future__ import annotations

import datetime
import json
import pickle
import re
from pathlib import Path, PurePosixPath

import pytest
from ruamel.yaml import YAML

from rollout.content.yaml import nodes as yaml_nodes
from rollout.content.yaml import parse as yaml_parse
from rollout.errors import UsageError
from rollout.git.person import Person
from rollout.inventory.check import InventoryError
from rollout.inventory.choose import select
from rollout.inventory.description import inventory_schema
from rollout.inventory.machines import machine_for
from rollout.inventory.read import Overrides, parse
from rollout.inventory.rules import rule_for
from rollout.model.circumstances import Decisions
from rollout.model.delimiters import Delimiters
from rollout.model.files import Desired, File
from rollout.model.inventory import Branch, FilePattern, FileSettings, Inventory, Mode, Target
from rollout.model.outcomes import Outcome, Run, RunCommand, Verdict
from rollout.model.plan import State, Step
from rollout.model.reasons import NONE
from rollout.targets.destination import Look
from rollout.targets.job import Job, Settings

PROJECT = Path(__file__).resolve().parent.parent.parent


def read(text: str, **overrides: str) -> Inventory:
    return parse(
        text,
        Path("/work/inventory.yaml"),
        shown="inventory.yaml",
        sets={"project", "shared"},
        overrides=Overrides(variables=overrides),
    )


def faults(text: str) -> list[str]:
    with pytest.raises(InventoryError) as caught:
        read(text)
    return str(caught.value).splitlines()


def test_every_fault_is_reported_at_once_with_its_line() -> None:
    found = faults(
        """\
version: 2
frob: 1
root: [1]
defaults: {templates: [project]}
repos:
  a: {path: a, templates: [nope], branch: "-x"}
  a: {path: b}
  c: {url: "ext::sh -c x"}
  d: {path: a}
  dd: {path: ./a}
folders:
  f: {path: a, templates: [shared]}
files:
  ../x: {mode: absent}
  y: {mode: zz}
"""
    )
    places = [line.split(": ", 1)[0] for line in found]
    assert places == [f"inventory.yaml:{n}" for n in (1, 2, 3, 6, 6, 7, 8, 10, 12, 14, 15)]
    words = (
        "version", "unknown key 'frob'", "root", "branch", "no template set", "duplicate key 'a'",
        "transport helper", "same place as d", "same place as dd", "'..'", "one of whole, block",
    )  # fmt: skip
    assert all(any(word in line for line in found) for word in words), found


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ("files: {f: {markers: [null, null]}}", ("markers[0]: takes text", "markers[1]: takes text")),
        ("files: {f: {markers: ['', '']}}", ("markers[0]: takes text", "markers[1]: takes text")),
        ("files: {f: {markers: [1, '# ID']}}", ("markers[0]: takes text (put it in quotes)",)),
        ("files: {f: {markers: ['# ID', '# ID']}}", ("markers: the two lines must differ",)),
        ("files: {f: {replaces: ['', '## A']}}", ("replaces[0]: takes text",)),
        ("files: {f: {replaces: A}}", ("replaces: 'A' must be a heading",)),
        ("files: {f: {check: ''}}", ("check: takes text",)),
        ("files: {f: {id: ''}}", ("id: takes text",)),
        ("waves: [{}]", ("waves[0]: 'limit' is missing",)),
        ("waves: [{limit: ''}]", ("waves[0].limit: takes text",)),
        ("waves: [{limit: null}]", ("waves[0].limit: takes text",)),
        ("waves: [{limit: ','}]", ("waves[0].limit: takes names, groups or globs",)),
    ],
)
def test_a_value_that_is_none_is_told_once(more: str, told: tuple[str, ...]) -> None:
    told = tuple(f"inventory.yaml:3: {one}" for one in told)
    found = faults(f"version: 1\nrepos: {{a: {{path: a, templates: [project]}}}}\n{more}\n")
    assert [line.replace("files.f.", "")[: len(one)] for one, line in zip(told, found, strict=True)] == list(told)


@pytest.mark.parametrize(
    "more",
    [
        "waves: [{limit: !a}]",
        "waves: [{limit: !a b}]",
        "waves: [{limit: !a, gate: x}]",
        "files: {f: {mode: !a block}}",
        "files: {f: {mode: !a {b: c}}}",
        "files: {f: {max_chars: .inf}}",
        "defaults: {branch: {{ x }}}",
        'max_open: "1\\0"',
    ],
)
def test_what_yaml_does_not_take_is_told_once(more: str) -> None:
    (found,) = faults(f"version: 1\nrepos: {{a: {{path: a, templates: [project]}}}}\n{more}\n")
    assert re.match(r"inventory.yaml:3: (the tag '!a'|a key must be text|infinite|has a NUL)", found)


@pytest.mark.parametrize(
    ("entries", "line", "meant"),
    [
        ("  b:{path: b}", 4, "b: {path"),
        ("  b:\n    path:b", 5, "path: b"),
        ("  b: {path:b}", 4, "path: b"),
        ("  b: {url:https://example.org/b.git}", 4, "url: https://example.org/b.git"),
        ("vars:{a: b}", 4, "vars: {a"),
        ("files: {a: mode:once}", 4, "mode: once"),
    ],
)
def test_a_blank_that_is_missing_behind_a_colon_is_told_once(entries: str, line: int, meant: str) -> None:
    (found,) = faults(f"version: 1\nrepos:\n  a: {{path: a, templates: [project]}}\n{entries}\n")
    assert found.startswith(f"inventory.yaml:{line}: ")
    assert found.endswith(f"has no blank behind the colon; write '{meant}'")


def test_of_an_entry_that_is_no_mapping_it_is_told_only_that() -> None:
    assert len(faults("version: 1\nrepos: {a: [x], b: 5, c: true}\n")) == 3
    assert len(faults("version: 1\nrepos: {a: }\n")) == 2, "what it lacks"


def test_what_is_wrong_on_other_lines_and_beside_a_key_twice_is_told_with_it() -> None:
    found = faults("version: 1\nrepos: {a: {path: a, templates: [project]}, a: 1, b: {x: 1}}\nfiles: !x y\nfrob: 1\n")
    assert [line.split(": ")[0][-1] for line in found] == ["2", "2", "2", "2", "3", "4"], found


def test_a_misspelt_key_is_answered_with_the_right_one() -> None:
    (line,) = faults("version: 1\nrepos:\n  a: {path: a, template: [project]}\ndefaults: {templates: [project]}\n")
    assert line == "inventory.yaml:3: repos.a.template: unknown key 'template'; did you mean 'templates'?"


@pytest.mark.parametrize(
    "text",
    ["", "# nothing\n", "version: 1\n", "- a\n", "a: [\n", "a: &a [*a]\n", "\x00", "version: 1\n---\nversion: 1\n"],
)
def test_what_is_no_inventory_is_said_in_one_clear_message(text: str) -> None:
    assert all(line.startswith("inventory.yaml:") for line in faults(text))


def test_aliases_that_explode_and_depth_without_end_are_refused() -> None:
    bomb = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"{chr(98 + n)}: &{chr(98 + n)} [{','.join(['*' + chr(97 + n)] * 9)}]\n" for n in range(9)
    )
    assert any(
        "aliases" in line
        for line in faults("version: 1\nvars:\n" + "".join("  " + x + "\n" for x in bomb.splitlines()))
    )
    assert any(
        "nested" in line or "YAML" in line
        for line in faults("version: 1\nvars: {a: " + "[" * 3000 + "]" * 3000 + "}\n")
    )


@pytest.mark.parametrize(
    "text",
    [
        "a: &a {x: 1, y: [1, 2.5, 'z', null, ~, true, 0x1F, 1_000, !!str 5, ! 6]}\nb: *a\nc: {<<: *a, x: 2}\n",
        "d: {<<: [{p: 1}, {p: 2, q: 3}], r: 4}\n'<<': [not, merged]\n",
        "a: &k key\n*k : value\n&n 5: m\nb: *n\n",
        "- - - a\n    - b\n- >-\n  folded\n  text\n- |\n  literal\n- ? q\n  : r\n",
        "a:\nb: ''\nc: []\nd: {}\ne: 1.5e3\nf: -7\ng: 2026-01-01\n",
        "text",
        "",
    ],
)
def test_yaml_is_read_as_the_library_reads_it(text: str) -> None:
    def in_words(value: object) -> object:
        match value:
            case dict():
                return {str(key): in_words(item) for key, item in value.items()}
            case list():
                return [in_words(item) for item in value]
            case datetime.date():
                return value.isoformat()
        return value

    node, found = yaml_parse.parse(text)
    assert found == []
    assert (None if node is None else yaml_nodes.plain(node)) == in_words(YAML(typ="safe").load(text))


def test_a_fault_in_yaml_is_told_where_it_is() -> None:
    def told(text: str) -> list[tuple[int, str]]:
        return [(fault.line, fault.message) for fault in yaml_parse.parse(text)[1]]

    assert told("a: 1\n---\nb: 2\n") == [(2, "not valid YAML: a second document begins")]
    assert told("a: 1\nb: *x\n") == [
        (2, "not valid YAML: there is no anchor 'x' before this alias; if it is text, put it in quotes")
    ]
    assert told("a: &x 1\nb: &x 2\n") == [(2, "not valid YAML: the anchor 'x' is there already")]
    assert told("a: &x\n  b: [*x]\n") == [(2, "an alias that contains itself")]
    assert told("a: 1\n? [k]\n: v\nb: {<<: 3}\n") == [(2, "a key must be text"), (4, "'<<' takes a mapping")]
    assert told("a: 1\nb:\na: 2\n") == [(3, "duplicate key 'a' (first on line 1)")]
    assert told("a: " + "[" * 59 + "]" * 59) == []
    assert told("\na: " + "[" * 60 + "]" * 60) == [(2, "nested too deeply")]


def test_variables_override_in_their_order() -> None:
    inventory = read(
        "version: 1\nvars: {a: 1, b: 1, c: 1, d: 1}\ngroups: {g: {vars: {b: 2, c: 2, d: 2}}}\n"
        "defaults: {templates: [project]}\nrepos: {x: {path: x, groups: [g], vars: {c: 3, d: 3}}}\n",
        d="4",
    )
    variables = inventory.targets[0].variables
    assert {name: (v.value, str(v.source)) for name, v in variables.items()} == {
        "a": (1, "vars"), "b": (2, "groups.g"), "c": (3, "repos.x"), "d": (4, "--var"),
    }  # fmt: skip


def test_paths_start_at_the_root_and_repositories_come_before_folders() -> None:
    inventory = read(
        "version: 1\nroot: /srv\nfolders: {f: {path: ., templates: [shared]}}\n"
        "repos: {x: {path: x, templates: [project], branch: trunk, remote: up, checkout: leave}}\n"
    )
    assert [target.name for target in inventory.targets] == ["x", "f"]
    assert inventory.targets[0].location == Branch(None, "up", "trunk", Path("/srv/x"), follow=False)


MACHINES = (
    "version: 1\ndefaults: {templates: [project]}\nrepos: {x: {path: x}}\nmachines:\n"
    '  odin3: {hostnames: ["*odin3*"]}\n  odin4: {hostnames: ["*odin4*"]}\n'
)


@pytest.mark.parametrize(
    ("host", "machine"),
    [("gcp-odin3-vm", "odin3"), ("odin3", "odin3"), ("GCP-ODIN4-VM", "odin4"), ("odin4", "odin4"), ("mars", None)],
)
def test_machines_are_found_by_exact_names_before_globs_and_never_guessed(host: str, machine: str | None) -> None:
    found, warning = machine_for(read(MACHINES).machines, host, "inventory.yaml")
    assert (found.name if found else None, warning) == (machine, None)


def test_a_default_machine_is_used_with_a_warning_and_two_claims_are_an_error() -> None:
    machines = read(MACHINES + "  laptop: {default: true, hostnames: [air]}\n").machines
    found, warning = machine_for(machines, "mars", "inventory.yaml")
    assert found is not None
    assert found.name == "laptop"
    assert "mars" in str(warning)
    with pytest.raises(InventoryError, match=r"inventory.yaml:6: machines.odin4: this host, 'odin3-odin4'"):
        machine_for(machines, "odin3-odin4", "inventory.yaml")


def test_patterns_settle_key_by_key_with_exact_paths_last() -> None:
    patterns = (
        FilePattern("a/x.sh", FileSettings(mode=Mode.ONCE)),
        FilePattern("*.sh", FileSettings(delimiters=Delimiters.SHELL, mode=Mode.WHOLE)),
        FilePattern("a/", FileSettings(delimiters=Delimiters.ANGLE)),
    )
    rule = rule_for(patterns, "a/x.sh")
    assert (rule.mode, rule.delimiters) == (Mode.ONCE, Delimiters.ANGLE)
    assert rule_for(patterns, "b/y.sh").delimiters is Delimiters.SHELL


def test_a_match_names_lists_by_paths_and_the_keys_of_their_entries() -> None:
    head = "version: 1\nrepos: {a: {path: a, templates: [project]}}\n"
    text = head + "files: {x.json: {mode: merge, format: json, match: {a: id, 'b.*[].c': [k, l]}}}\n"
    rule = rule_for(read(text).patterns, "x.json")
    assert (rule.format, rule.match) == ("json", (("a", ("id",)), ("b.*[].c", ("k", "l"))))
    with pytest.raises(InventoryError, match=r"files.x.match: 'a..b' is not a path; write keys with dots"):
        read(head + "files: {x: {mode: merge, match: {a..b: id}}}\n")


def test_limits_name_targets_groups_globs_and_exceptions() -> None:
    targets = read(
        "version: 1\ndefaults: {templates: [project]}\n"
        "repos: {a-1: {path: a, groups: [g]}, a-2: {path: b}, b: {path: c, groups: [g]}}\n"
    ).targets

    def chosen(*limits: str) -> list[str]:
        return [target.name for target in select(targets, limits)]

    assert chosen() == ["a-1", "a-2", "b"]
    assert chosen("a-*") == ["a-1", "a-2"]
    assert chosen("g") == ["a-1", "b"]
    assert chosen("!b") == ["a-1", "a-2"]
    assert chosen("g,!b", "a-2") == ["a-1", "a-2"]
    for nothing in ("zzz", "!zzz", "b,!g", "", ","):
        with pytest.raises(UsageError):
            chosen(nothing)


def test_the_published_schema_is_the_one_that_validates() -> None:
    assert json.loads((PROJECT / "inventory.schema.json").read_text()) == inventory_schema()


def test_what_crosses_to_a_worker_can_be_pickled() -> None:
    location = Branch("https://example.org/x.git", "origin", "main", Path("/x"))
    target = Target("x", location, ("project",), (), {})
    settings = Settings(Path("/state"), Person(None))
    step = Step("x", location, State.PENDING, NONE, None, managed={PurePosixPath("a"): "-"})
    run = Run("r", RunCommand.APPLY, "2026-02-03T15:20:00Z", 1, "s")
    outcome = Outcome("x", Verdict.PUSHED)
    for value in (
        Look(target, Desired(()), settings, Decisions()),
        Job(step, run, settings),
        outcome,
        File(b"x", True),
    ):
        assert pickle.loads(pickle.dumps(value)) == value
