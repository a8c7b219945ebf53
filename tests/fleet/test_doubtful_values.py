"""A variable that says no with a word that YAML takes for a text is told where a template tests it."""

from __future__ import annotations

import pytest

from tests.world import World

_TRUE = "any text is true for `if`"


@pytest.mark.parametrize(
    "test", ["{% if debug %}on{% endif %}", "{{ 'on' if debug else 'off' }}", "{% if x or debug%}"]
)
@pytest.mark.parametrize("word", ["no", "off", "No", '"no"'])
def test_a_text_that_says_no_is_told_where_it_is_tested(world: World, test: str, word: str) -> None:
    world.bare_repo("api", {"README.md": "x\n"})
    world.head = f"version: 1\nvars: {{who: w, x: true, debug: {word}}}\n"
    end = "{% endif %}" if test.endswith("debug%}") else ""
    world.template("project/d.txt.j2", f"one\n{test}{end}\n")
    ran = world.run("validate")
    said = word.strip('"')
    told = f"templates/project/d.txt.j2:2: debug is the text {said!r}, and {_TRUE}; write debug: false (api)"
    assert (ran.code, told in ran.err) == (0, True), ran.err


@pytest.mark.parametrize("test", ["{{ debug }}", "{% if debug == 'no' %}{% endif %}", "{% if debug|bool %}{% endif %}"])
def test_what_is_not_tested_for_its_truth_is_not_told(world: World, test: str) -> None:
    world.bare_repo("api", {"README.md": "x\n"})
    world.head = "version: 1\nvars: {who: w, debug: no}\n"
    world.template("project/d.txt.j2", f"one\n{test}\n")
    assert _TRUE not in world.run("validate").err


@pytest.mark.parametrize("value", ["false", "yes", "nothing", "0"])
def test_other_values_are_not_told(world: World, value: str) -> None:
    world.bare_repo("api", {"README.md": "x\n"})
    world.head = f"version: 1\nvars: {{who: w, debug: {value}}}\n"
    world.template("project/d.txt.j2", "one\n{% if debug %}x{% endif %}\n")
    assert _TRUE not in world.run("validate").err


@pytest.mark.parametrize("command", [("plan",), ("apply", "--yes")])
@pytest.mark.parametrize(("word", "meant"), [("no", "false"), ("Off", "false"), ('"none"', "null")])
def test_an_option_that_says_no_with_a_text_is_told(
    world: World, command: tuple[str, ...], word: str, meant: str
) -> None:
    world.bare_repo("api", {"README.md": "x\n"})
    world.head = "version: 1\nvars: {who: w, debug: true, other: no}\n"
    world.template("project/d.txt.j2", "one\n{% if debug %}on{% endif %}{% if other %}{% endif %}\n")
    ran = world.run(*command, "--var", f"debug={word}")
    said = word.strip('"')
    told = f"templates/project/d.txt.j2:2: debug is the text {said!r}, and {_TRUE}; give --var debug={meant} (api)"
    assert (ran.code, ran.err.count(told), "other is" in ran.err) == (0, 1, False), ran.err


@pytest.mark.parametrize("given", ["debug=false", "other=no", "debug=yes"])
def test_an_option_that_says_what_it_means_is_not_told(world: World, given: str) -> None:
    world.bare_repo("api", {"README.md": "x\n"})
    world.head = "version: 1\nvars: {who: w, debug: no, other: x}\n"
    world.template("project/d.txt.j2", "one\n{% if debug %}{{ other }}{% endif %}\n")
    assert _TRUE not in world.run("plan", "--var", given).err
