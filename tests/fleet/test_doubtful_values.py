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


_VALUES = "on: true, nil: ~, list: [a, true], deep: {off: false, text: t}, n: 3.10, debug: x"


@pytest.mark.parametrize(
    ("path", "rule", "printed", "way", "what"),
    [
        ("d.json", "", "{{ on }}", "{{ on | tojson }}", "on prints as True"),
        ("d.json", "", "{{-nil-}}", "{{ nil | tojson }}", "nil prints as None"),
        ("d.yaml", "", "a: {{ list }}", "{{ list | tojson }}", "list prints as ['a', True]"),
        ("d.yaml", "", "a: {{ deep.off }}", "{{ deep.off | tojson }}", "deep.off prints as False"),
        ("d.yml", "delimiters: angle", "a: << on >> {{ nil }}", "<< on | tojson >>", "on prints as True"),
    ],
)
def test_a_value_that_python_spells_in_its_own_way_is_told_where_it_is_printed(
    world: World, path: str, rule: str, printed: str, way: str, what: str
) -> None:
    world.bare_repo("api")
    world.head = f"version: 1\nvars: {{who: w, {_VALUES}}}\n"
    world.tail = f"files: {{{path}: {{{rule}}}}}\n" if rule else ""
    world.template(f"project/{path}.j2", f"{{}}\n{printed}\n" if path == "d.json" else f"one: 1\n{printed}\n")
    told = f"templates/project/{path}.j2:2: {what}, as Python spells it; write {way} (api)"
    ran = world.run("validate")
    assert ran.err.count("as Python spells it") == 1, ran.err
    assert told in ran.err


@pytest.mark.parametrize(
    ("path", "printed"),
    [
        ("d.py", "X = {{ on }}"),
        ("d.txt", "{{ on | tojson }} {{ on|lower }} {{ n }} {{ debug }} {{ deep.text }} {{ deep.nothing | default }}"),
        ("d.txt", "{% if on %}{{ who }}{% endif %}"),
    ],
)
def test_a_value_that_is_spelt_as_it_should_be_is_not_told(world: World, path: str, printed: str) -> None:
    world.bare_repo("api")
    world.head = f"version: 1\nvars: {{who: w, {_VALUES}}}\n"
    world.template(f"project/{path}.j2", f"{printed}\n")
    assert "Python" not in world.run("validate").err


def test_an_option_that_python_spells_in_its_own_way_is_told(world: World) -> None:
    world.bare_repo("api")
    world.template("project/d.txt.j2", "{{ who }} {{ on }}\n")
    world.head = "version: 1\nvars: {who: w, on: 1}\n"
    assert "on prints as True" in world.run("plan", "--var", "on=true").err
