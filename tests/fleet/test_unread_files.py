"""What `files` says and nothing reads gets a warning with its line, and changes no exit code."""

from __future__ import annotations

import pytest

from tests.first_rows import first_rows
from tests.world import World

NO = "no template has this path"


@first_rows(
    6,
    ("key", "rule", "said"),
    [
        ("AGENT.md", "{mode: block}", f"files.AGENT.md: {NO}; did you mean 'AGENTS.md'?"),
        ("dir/", "{mode: absent}", f"files.dir/: {NO}"),
        ("'*.nope'", "{mode: absent}", f"files.*.nope: {NO}"),
        ("AGENTS.md", "{mode: block, match: {a: b}}", "files.AGENTS.md.match: mode block does not use it"),
        ("m.yaml", "{mode: merge, replaces: '## A'}", "files.m.yaml.replaces: mode merge does not use it"),
        ("m.yaml", "{mode: merge, id: x}", "files.m.yaml.id: mode merge does not use it"),
        ("AGENTS.md", "{format: yaml}", "files.AGENTS.md.format: mode whole does not use it"),
        ("AGENTS.md", "{formatter: 'tee x; true'}", "files.AGENTS.md.formatter: 'x;' is for a shell"),
        ("AGENTS.md", "{formatter: 'tee 2>&1'}", "files.AGENTS.md.formatter: '2>&1' is for a shell"),
        ("AGENTS.md", "{check: 'echo {path} && true'}", "files.AGENTS.md.check: '&&' is for a shell"),
        ("gone.txt", "{mode: absent, max_chars: 3}", "files.gone.txt.max_chars: mode absent does not use it"),
    ],
)
def test_what_nothing_reads_gets_a_warning(world: World, key: str, rule: str, said: str) -> None:
    world.bare_repo("api")
    world.template("project/AGENTS.md", "one\n")
    world.template("project/m.yaml", "a: 1\n")
    world.tail = f"files:\n  {key}: {rule}\n"
    lines = {name: world.run(name) for name in ("validate", "plan")}
    assert {ran.code for ran in lines.values()} == {0}
    assert all(f"inventory.yaml:7: {said}" in ran.err for ran in lines.values()), [ran.err for ran in lines.values()]


@pytest.mark.parametrize(
    ("key", "rule"),
    [
        ("AGENTS.md", "{mode: block, replaces: '## A', max_chars: 9}"),
        ("'*.md'", "{mode: block}"),
        ("AGENTS.md", "{formatter: \"sh -c 'cat; true'\"}"),
        ("gone.txt", "{mode: absent}"),  # it needs no template
        ("b.txt", "{max_lines: 3}"),  # of a set that no target has yet
        ("m.yaml", "{mode: merge, format: yaml, match: {'a.*[].b': [c]}}"),
        ("AGENTS.md", "{mode: absent, id: old}"),  # what is taken out was a block once
    ],
)
def test_what_is_read_gets_none(world: World, key: str, rule: str) -> None:
    world.bare_repo("api")
    world.template("project/AGENTS.md", "one\n")
    world.template("project/m.yaml", "a: {x: [{b: [1]}]}\n")
    world.template("later/b.txt.j2", "b\n")
    world.tail = f"files:\n  {key}: {rule}\n"
    assert world.run("validate").err == ""


def test_a_path_in_match_without_a_list_in_the_template_gets_a_warning(world: World) -> None:
    world.bare_repo("api")
    world.template("project/m.yaml", "hooks: [{name: a}]\nsteps: 1\n")
    world.tail = "files:\n  m.yaml: {mode: merge, match: {nosuch: name, hooks: name}}\n"
    ran = world.run("validate")
    assert (ran.code, "files.m.yaml.match: the template has no list at 'nosuch'" in ran.err) == (0, True), ran.err
    assert "'hooks'" not in ran.err
