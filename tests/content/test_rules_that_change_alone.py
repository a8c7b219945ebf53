"""Where only the rule of a file changes, nobody else changed the file, and nothing says that somebody did."""

from __future__ import annotations

from itertools import permutations, product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollout.model.action import Action
from rollout.model.inventory import FileRule, FormatName, Mode
from tests.content.places import pushed, shared
from tests.first_rows import first_rows
from tests.lives import Life
from tests.world import World

_HASH = ("# begin ID", "# end ID")
_SLASHES = ("// begin ID", "// end ID")
_KINDS = [FileRule(Mode.WHOLE), FileRule(Mode.ONCE)]
_BLOCKS = [FileRule(Mode.BLOCK), FileRule(Mode.BLOCK, block_id="r"), FileRule(Mode.BLOCK, markers=_HASH)]
_MERGED = [FileRule(Mode.MERGE)]
_RULES = {
    "x.md": [*_KINDS, *_BLOCKS],
    "x.yaml": [*_KINDS, *_BLOCKS, *_MERGED],
    "x.toml": [*_KINDS, *_BLOCKS, *_MERGED],
    "x.conf": [*_KINDS, *_BLOCKS, *(FileRule(Mode.MERGE, format=one) for one in (FormatName.INI, FormatName.TOML))],
    "x.json": [
        *_KINDS,
        FileRule(Mode.BLOCK, markers=_SLASHES),
        FileRule(Mode.BLOCK, block_id="r", markers=("// rollout:begin ID", "// rollout:end ID")),
        *(FileRule(Mode.MERGE, format=one) for one in (FormatName.JSON, FormatName.JSONC)),
    ],
}
_TEXTS = {  # a template, a later one, and what others had there before
    "x.md": ("one\n", "two\n", "theirs\n"),
    "x.yaml": ("a: 1\n", "a: 2\n", "o: 1\n"),
    "x.toml": ("[a]\nb = 1\n", "[a]\nb = 2\n", "o = 1\n"),
    "x.conf": ("[a]\nb = 1\n", "[a]\nb = 2\n", "[o]\nb = 1\n"),
    "x.json": ('{"a": 1}\n', '{"a": 2}\n', '{"o": 1}\n'),
}
_BEFORE = "others had one here before rollout first wrote it"


def _lived(path: str, before: str | None, rules: list[FileRule], templates: list[str]) -> Life | None:
    """Return a file after a run with each rule, the last of which took it away; None where one is refused."""
    file = Life(path, before, rules[0])
    for number, (rule, template) in enumerate(zip(rules, templates, strict=True)):
        file.rule = rule
        planned = file.rolled_out(template)
        if planned is None:
            continue
        if planned.action is Action.ERROR:
            return None
        _says_of_nobody(planned.cause, before if number else None, (path, before, rules, templates))
    file.rule = FileRule(Mode.ABSENT, format=rules[-1].format)
    planned = file.plan("")
    if planned is not None:
        _says_of_nobody(planned.cause, before, (path, before, rules, templates))
    return file


def _says_of_nobody(cause: str, before: str | None, what: object) -> None:
    assert "others changed" not in cause, what
    assert "others deleted" not in cause, what
    assert "others put" not in cause, what
    assert before is not None or "others" not in cause, what


@pytest.mark.parametrize("path", _RULES)
@pytest.mark.parametrize("theirs", [False, True])
def test_no_change_of_a_rule_is_told_as_one_of_others(path: str, theirs: bool) -> None:
    first, then, others = _TEXTS[path]
    for rules, second in product(permutations(_RULES[path], 2), (first, then)):
        _lived(path, others if theirs else None, [*rules], [first, second])


@given(data=st.data())
@pytest.mark.parametrize("path", _RULES)
def test_no_changes_of_rules_one_after_the_other_are_told_as_those_of_others(path: str, data: st.DataObject) -> None:
    first, then, others = _TEXTS[path]
    rules = data.draw(st.lists(st.sampled_from(_RULES[path]), min_size=3, max_size=5))
    templates = [first, *(data.draw(st.sampled_from((first, then))) for _ in rules[1:])]
    _lived(path, data.draw(st.sampled_from((None, others))), rules, templates)


@pytest.mark.parametrize("path", _RULES)
def test_a_whole_file_that_others_had_before_is_named_so_whatever_block_it_was_since(path: str) -> None:
    template, _, others = _TEXTS[path]
    for block in [None, *(one for one in _RULES[path] if one.mode is Mode.BLOCK)]:
        file = Life(path, others, FileRule())
        file.lived(template)
        file.rule = block or file.rule
        file.rolled_out(template)
        file.rule = FileRule(Mode.ABSENT)
        planned = file.plan("")
        assert planned is not None
        assert (planned.action, planned.after) == (Action.DELETE, None)
        assert planned.cause == f"the inventory wants it absent; {_BEFORE}"


@pytest.mark.parametrize("path", [path for path in _RULES if path != "x.json"])
@pytest.mark.parametrize("theirs", [False, True])
def test_a_line_that_a_person_puts_above_the_block_stays_and_is_no_change_of_ours(path: str, theirs: bool) -> None:
    template, _, others = _TEXTS[path]
    line = "# mine\n"
    for block in (one for one in _RULES[path] if one.mode is Mode.BLOCK):
        file = Life(path, others if theirs else None, FileRule())
        file.lived(template)
        file.rule = block
        file.lived(template, f">{line}{template}")
        assert file.plan(template) is None
        file.rule = FileRule(Mode.ABSENT, block_id=block.block_id, markers=block.markers)
        planned = file.rolled_out("")
        assert planned is not None
        before = f"; {_BEFORE}" if theirs else ""
        assert planned.cause == f"the inventory wants it absent{before}; what others wrote stays"
        assert file.text == line


@first_rows(1, "mode", ["whole", "once"])
def test_what_others_changed_before_the_rule_did_is_still_told_as_theirs(mode: str) -> None:
    file = Life("x.md", None, FileRule(Mode(mode)))
    file.lived("one\n", ">two\n")
    file.rule = FileRule(Mode.BLOCK)
    assert file.plan("two\n") is None
    file.lived("two\n")
    file.rule = FileRule(Mode.ABSENT)
    planned = file.plan("")
    assert planned is not None
    assert "others" in planned.cause


_SAID = {
    "whole": "{mode: whole}", "once": "{mode: once}", "block": "{mode: block}", "id": "{mode: block, id: r}",
    "markers": '{mode: block, markers: ["# begin ID", "# end ID"]}', "merge": "{mode: merge, format: yaml}",
}  # fmt: skip


@pytest.mark.parametrize("kind", ["branch", "folder"])
def test_explain_and_plan_name_nobody_after_a_change_of_the_rule_alone(world: World, kind: str) -> None:
    (world.root / "templates/project/conf.txt.j2").unlink()
    _, head = shared(world, kind, "none", None)
    target, pairs = "api" if kind == "branch" else "f", [*permutations(_SAID, 2)]
    paths = {f"{first}-{second}.yaml": (first, second) for first, second in pairs}
    for path in paths:
        world.template(f"project/{path}", "a: 1\n")
    for step in (0, 1):
        world.tail = f"{head}files:\n" + "".join(f"  {path}: {_SAID[pair[step]]}\n" for path, pair in paths.items())
        assert world.run("apply", "--yes").code == 0
        assert world.run("apply", "--yes").code == 0
    for path in paths:
        assert world.run("explain", target, path, "--json").json["changed_since"] == [], path
    world.tail = f"{head}files:\n" + "".join(f"  {path}: {{mode: absent}}\n" for path in paths)
    planned = world.run("plan")
    assert "delete" in planned.out
    assert "others" not in planned.out


@pytest.mark.parametrize("kind", ["branch", "folder"])
@pytest.mark.parametrize("before", [None, "one\n", "theirs\none\n"])
def test_explain_names_who_changed_a_block_without_markers_since(world: World, kind: str, before: str | None) -> None:
    there, head = shared(world, kind, "x.md", before)
    target, changed = ("api", "elsewhere") if kind == "branch" else ("f", "somebody, on disk")
    world.template("project/x.md", "one\n")
    for mode in ["whole", "block"] if before is None else ["block"]:
        world.tail = f"{head}files: {{x.md: {{mode: {mode}}}}}\n"
        assert world.run("apply", "--yes").code == 0
    assert "nobody changed it" in world.run("explain", target, "x.md").out
    pushed(world, kind, there, f"{before or 'one'}\nmore\n")
    assert changed in world.run("explain", target, "x.md").out
