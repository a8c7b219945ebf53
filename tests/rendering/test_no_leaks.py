"""What one target is told and holds never reaches another, in whatever order they come."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from rollout.model.circumstances import Decisions
from rollout.model.files import Desired, File, Snapshot, TemplateFile
from rollout.model.inventory import Branch, FilePattern, FileSettings, InInventory, Mode, Target, Variable
from rollout.model.plan import Change
from rollout.planning.changes import changes_needed
from rollout.rendering.desired import Rendering

TEMPLATES = {
    "s/whole.txt.j2": "{% set n = namespace(v=[]) %}{% for x in xs %}{% set n.v = n.v + [x] %}{% endfor %}{{ n.v }}\n"
    "{{ a if a is defined else '-' }} {{ d|default({}) }} {{ target.name }}\n",
    "s/CLAUDE.md.j2": "{{ a if a is defined else '-' }}\n",
    "s/s.json.j2": '{"xs": {{ xs|tojson }}, "d": {{ d|default({})|tojson }}}\n',
}

PATTERNS = (FilePattern("CLAUDE.md", FileSettings(Mode.BLOCK)), FilePattern("s.json", FileSettings(Mode.MERGE)))

VARS = st.fixed_dictionaries(
    {"xs": st.lists(st.integers(0, 5), max_size=3)},
    optional={"a": st.sampled_from(["one", "two"]), "d": st.dictionaries(st.sampled_from("kl"), st.integers(0, 3))},
)


def target(name: str, values: dict[str, Any]) -> Target:
    variables = {key: Variable(value, InInventory()) for key, value in values.items()}
    return Target(name, Branch(f"{name}.git", "origin", "main", None), ("s",), (), variables)


def snapshot(name: str) -> Snapshot:
    files = {"CLAUDE.md": f"# of {name}\n", "s.json": f'{{"{name}": 1}}\n'}
    found = {PurePosixPath(path): File(text.encode()) for path, text in files.items()}
    return Snapshot("", {**found, PurePosixPath("whole.txt"): None})


def asked(targets: list[Target]) -> dict[str, tuple[Desired, tuple[Change, ...]]]:
    templates = {name: TemplateFile(name, text.encode(), False) for name, text in TEMPLATES.items()}
    with Rendering(templates, PATTERNS, {}, None) as rendering:
        desired = {one.name: rendering.desired(one) for one in targets}
    return {
        name: (wanted, changes_needed(wanted, snapshot(name), Decisions(adopt=True)).changes)
        for name, wanted in desired.items()
    }


@settings(max_examples=6, deadline=None)
@given(VARS, VARS)
def test_values_blocks_and_keys_of_one_target_never_reach_another(one: dict[str, Any], two: dict[str, Any]) -> None:
    first, second = target("one", one), target("two", two)
    alone = {**asked([first]), **asked([second])}
    assert asked([first, second]) == alone
    assert asked([second, first]) == alone
    for name, (_, changes) in alone.items():
        other = {"one": "two", "two": "one"}[name]
        shared = [change.after.content for change in changes if change.after and change.path.name != "whole.txt"]
        assert not any(f"# of {other}".encode() in text or f'"{other}"'.encode() in text for text in shared)
