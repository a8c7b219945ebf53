"""Variables and templates: numbers stay as they were written, and what is misspelt is told with what was meant."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import pytest

from rollout.content import spelled
from rollout.content.yaml import nodes as yaml_nodes
from rollout.content.yaml import parse as yaml_parse
from rollout.errors import UsageError
from rollout.inventory import remembered
from rollout.inventory.choose import select
from rollout.inventory.read import parse
from rollout.inventory.variables import typed as read_as
from rollout.model.delimiters import Delimiters
from rollout.model.given_names import FUNCTIONS_OF_JINJA, OF_ROLLOUT
from rollout.model.inventory import YamlValue
from rollout.rendering.jinja import Renderer
from rollout.rendering.template_fault import TemplateFault
from rollout.safety import secrets
from tests.world import World

NUMBERS = ("3.10", "0644", "1_000", "0x1F", "1e3", "0o17", "+1", ".5", "1.", "-0", "1_0.50", "0b11")


def value(text: str) -> Any:
    node, faults = yaml_parse.parse(f"a: {text}\n")
    assert node is not None
    assert faults == []
    return yaml_nodes.written(node)["a"]


def rendered(template: str, **variables: YamlValue) -> str:
    renderer = Renderer({"s/a.j2": template})
    renderer.uses("s/a.j2", Delimiters.JINJA)
    return renderer.render("s/a.j2", Delimiters.JINJA, variables).decode()


def fault(template: str, **others: str) -> str:
    renderer = Renderer({"s/a.j2": template, **{f"s/{name}.j2": text for name, text in others.items()}})
    try:
        renderer.uses("s/a.j2", Delimiters.JINJA)
        renderer.render("s/a.j2", Delimiters.JINJA, {"d": {"items": [1]}, "s": "text"})
    except TemplateFault as told:
        return str(told)
    return ""


def _is_json(text: str) -> bool:
    try:
        return isinstance(json.loads(text), int | float)
    except ValueError:
        return False


@pytest.mark.parametrize("text", NUMBERS)
def test_a_number_is_printed_as_it_was_written_and_counts_as_a_number(text: str) -> None:
    number = value(text)
    plain = number.plain()
    assert (
        rendered("{{ n }} {{ n ~ '' }} {{ l }} {{ l|join }}", n=number, l=[number]) == f"{text} {text} [{text}] {text}"
    )
    assert rendered("{{ n + 1 }} {{ n == p }} {{ n > p - 1 }} {{ n is number }}", n=number, p=plain) == (
        f"{plain + 1} True True True"
    )
    assert rendered("{{ n|tojson }}", n=number) == (text if _is_json(text) else json.dumps(plain))


@pytest.mark.parametrize("text", NUMBERS)
def test_how_a_number_was_written_outlives_every_way_it_goes(text: str, tmp_path: Path) -> None:
    number = value(text)
    assert str(spelled.loads(spelled.dumps({"a": [number]}))["a"][0]) == text
    assert str(pickle.loads(pickle.dumps(number))) == text
    assert spelled.dumps(number) != spelled.dumps(number.plain())
    (tmp_path / "state").mkdir()
    long = f"a: {text}\n# {'x' * 20_000}\n"
    for _ in range(2):
        memory = remembered.Parsed(tmp_path / "inventory.yaml", tmp_path / "state")
        node, faults = memory.document(long)
        memory.keep()
        assert node is not None
        assert (str(yaml_nodes.written(node)["a"]), faults) == (text, [])
        assert type(yaml_nodes.plain(node)["a"]) in {int, float}


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("false", False), ("True", True), ("3", 3), ("'3.10'", "3.10"), ('"a"', "a"), ("null", None), ("~", None),
        ("[a, 1]", ["a", 1]), ("{a: {b: c}}", {"a": {"b": "c"}}), ("yes", "yes"), ("1:30", "1:30"), ("", ""),
        ("#fff", "#fff"), ("a #b", "a #b"), ("3 # b", "3 # b"), ("a: b", "a: b"), ("- a", "- a"), ("&a", "&a"),
        ("*", "*"), ("git@host:x.git", "git@host:x.git"), ("{{ x }}", "{{ x }}"), (" 3", " 3"), ("@", "@"),
        ("'a' b", "'a' b"), ("2026-01-01", "2026-01-01"), ("%d", "%d"), ("a\n", "a\n"), ("!x", "!x"),
    ],
)  # fmt: skip
def test_the_value_of_an_option_is_read_as_the_inventory_reads_it(text: str, meant: object) -> None:
    assert (read_as(text), type(read_as(text))) == (meant, type(meant))


@pytest.mark.parametrize("text", NUMBERS)
def test_a_number_of_an_option_is_printed_as_it_was_typed(text: str) -> None:
    assert (str(read_as(text)), read_as(text)) == (text, value(text))


def test_variables_reach_the_files_as_they_were_written_in_a_whole_run(world: World) -> None:
    world.head = "version: 1\nvars: {py: 3.10, mode: 0644, n: 1_000, debug: true}\n"
    world.template("project/conf.txt.j2", "{{ py }} {{ mode }} {{ n }} {% if debug %}on{% else %}off{% endif %}\n")
    world.template("project/v.json.j2", "{{ {'v': [py], 'mode': mode, 'n': n, 's': '3.10'} | tojson }}")
    world.bare_repo("api")
    assert world.run("apply", "--yes").code == 0
    assert world.at("api", "v.json") == '{"v": [3.10], "mode": 644, "n": 1000, "s": "3.10"}'
    assert world.at("api", "conf.txt") == "3.10 0644 1_000 on"
    world.head = world.head.replace("3.10", "3.1")
    assert world.run("apply", "--yes", "--var", "debug=false", "--var", "n=1.20").code == 0
    assert world.at("api", "conf.txt") == "3.1 0644 1.20 off"
    ran = world.run("plan", "--var", "debg=false")
    assert "--var debg: no template reads 'debg'; did you mean 'debug'?" in ran.err


def test_a_secret_that_is_a_number_is_a_secret() -> None:
    assert list(secrets.named({"password": value("0123456789")})) == [("password", "0123456789")]


def test_a_misspelt_limit_is_answered_with_the_name_that_is_near() -> None:
    text = "version: 1\nrepos: {api: {path: api, templates: [s], groups: [supervisors]}}\n"
    targets = parse(text, Path("/w/inventory.yaml"), shown="inventory.yaml", sets={"s"}).targets
    with pytest.raises(UsageError, match=r"supervisor: matches no target and no group; did you mean 'supervisors'\?"):
        select(targets, ["supervisor"])
    with pytest.raises(UsageError, match=r"apii: .* did you mean 'api'\?"):
        select(targets, ["!apii"])


@pytest.mark.parametrize(
    ("template", "told"),
    [
        ("\n{{ owner|to_yaml }}", "templates/s/a.j2:2: no filter is named 'to_yaml'"),
        ("{% filter nosuch %}x{% endfilter %}", "templates/s/a.j2:1: no filter is named 'nosuch'"),
        ("{% if false %}{{ 1|b64encode }}{% endif %}", "templates/s/a.j2:1: no filter is named 'b64encode'"),
        ("{% if x is nosuch %}{% endif %}", "templates/s/a.j2:1: no test is named 'nosuch'"),
        ("{{ [1]|select('nosuch')|list }}", "templates/s/a.j2:1: no test is named 'nosuch'"),
        ("{{ [1]|map('nosuch')|list }}", "templates/s/a.j2:1: no filter is named 'nosuch'"),
        ("\n{{ lookup('x') }}", "templates/s/a.j2:2: no function is named 'lookup'"),
        ("{% include 's/b.j2' %}", "templates/s/b.j2:2: no filter is named 'nosuch'"),
        ("{% include 's/c.j2' %}", "templates/s/c.j2:1: no function is named 'lookup'"),
    ],
)
def test_what_is_no_filter_test_or_function_is_named_with_its_line(template: str, told: str) -> None:
    assert fault(template, b="\n{{ 1|nosuch }}", c="{{ lookup() }}") == told


@pytest.mark.parametrize(
    "template",
    [
        "{% macro m(a) %}{{ a }}{{ caller() }}{% endmacro %}{% call m(1) %}x{% endcall %}",
        "{% for x in [[1]] recursive %}{{ loop(x) if x is iterable else x }}{% endfor %}",
        "{% from 's/m.j2' import f as g %}{{ g() }}{% import 's/m.j2' as m %}{{ m.f() }}{{ range(3)|list }}",
        "{% macro f() %}x{% endmacro %}{% include 's/i.j2' %}",
        "{% set n = namespace(items=1) %}{{ n.items }}{{ d['items'] }}{% for k, v in d.items() %}{{ k }}{% endfor %}",
        "{{ s.upper() }}{{ d.get('x', 1) }}{{ s.replace('t', 'd') }}",
    ],
)
def test_what_is_defined_in_a_template_can_be_called(template: str) -> None:
    renderer = Renderer({"s/a.j2": template, "s/m.j2": "{% macro f() %}m{% endmacro %}", "s/i.j2": "{{ f() }}"})
    renderer.uses("s/a.j2", Delimiters.JINJA)
    renderer.render("s/a.j2", Delimiters.JINJA, {"d": {"items": [1]}, "s": "text"})


@pytest.mark.parametrize(
    ("template", "way_out"),
    [
        ("ref: ${{ github.ref }}", "delimiters: angle"),
        ("x: {{ .Values.x }}", "delimiters: angle"),
        ('{{- include "chart.name" . }}', "delimiters: angle"),
        ("{{ range .items }}", "delimiters: angle"),
        ("if: ${{ always() }}", "delimiters: angle"),
        ("x: ${{ toJSON(s) | nosuch }}", "delimiters: angle"),
        ("{{ $.x }}", "delimiters: angle"),
        ("{{- $x := 1 }}", "delimiters: angle"),
        ('{{ printf "%s" .x }}', "delimiters: angle"),
        ("{{ index .x 0 }}", "delimiters: angle"),
        ("{{ if and (eq .x 1) $y }}", "delimiters: angle"),
        ("{{ nosuch `x` }}", "delimiters: angle"),
        ("{{#each x}}", "delimiters: angle"),
        ("{{~#if x}}", "delimiters: angle"),
        ("{{/if}}", "delimiters: angle"),
        ("{{> part}}", "delimiters: angle"),
        ("{{^x}}", "delimiters: angle"),
        ("{{@index}}", "delimiters: angle"),
        ("{{{ nosuch }}}", "delimiters: angle"),
        ("echo ${#array[@]}", "delimiters: shell"),
        ("#!/bin/sh\necho '{#'", "delimiters: shell"),
    ],
)
def test_marks_that_are_the_files_own_are_told_with_the_way_out(template: str, way_out: str) -> None:
    assert way_out in fault(template)


@pytest.mark.parametrize(
    "template",
    [
        "{{ nosuch }}", "{{ nosuch() }}", "{{ not '' and nosuch }}", "{{ nosuch.x }} costs $5", "{{ {'a': nosuch}.a }}",
        "{{{'a': nosuch()}}}", "{{ s | replace('.x', '$y') | nosuch }}", "{{ 'see .x' if nosuch }}",
        "{{ s -}}\n .x {{ nosuch",
        "{{ d['$x .y'] + nosuch }}", "{{ not 1 or nosuch }}", "{{ 1 if nosuch else 2 }}",
    ],
)  # fmt: skip
def test_a_fault_of_a_template_with_no_marks_of_others_says_nothing_of_delimiters(template: str) -> None:
    assert fault(template)
    assert "delimiters" not in fault(template)


@pytest.mark.parametrize(
    "template",
    ["{{ d.items }}", "{% for x in d.items %}{% endfor %}", "{% if d.items %}{% endif %}", "{{ d.items|length }}"],
)
def test_a_method_of_a_mapping_is_told_from_its_entry_of_that_name(template: str) -> None:
    assert fault(template) == (
        "templates/s/a.j2:1: 'items' is a method of the mapping; its entry of that name is ['items'], as in d['items']"
    )


def test_a_key_that_is_not_there_is_told_with_the_nearest_one() -> None:
    assert fault("{{ d.item }}") == "templates/s/a.j2:1: no key is named 'item'; did you mean 'items'?"
    assert fault("{{ d['zzz'] }}") == "templates/s/a.j2:1: no key is named 'zzz'"
    assert fault("{{ d.zzz | default('x') }}") == ""


def test_a_method_of_text_is_no_value_either() -> None:
    assert fault("{{ s.title }}") == "templates/s/a.j2:1: 'title' is a method of the value; call it as in x.title()"


@pytest.mark.parametrize("name", ["{{ owner }}.md.j2", "a/{{ x }}/b", "<< owner >>.md", "{% if x %}a{% endif %}"])
def test_marks_in_the_name_of_a_template_are_refused_with_the_reason(world: World, name: str) -> None:
    world.template(f"project/{name}", "x\n")
    world.bare_repo("api")
    ran = world.run("validate")
    assert ran.code == 64
    assert f"templates/project/{name}: the name of a template is not rendered" in ran.err


@pytest.mark.parametrize("name", ["namespace", "range", "dict", "cycler", "joiner"])
def test_a_variable_comes_before_a_function_of_jinja_of_that_name(world: World, name: str) -> None:
    world.repo("api")
    world.head = f"version: 1\nvars: {{{name}: prod}}\n"
    world.template("project/conf.txt.j2", f"it is {{{{ {name} }}}}\n")
    assert "+it is prod" in world.run("plan").out
    told = world.run("explain", "api", "conf.txt", "--json").json["variables"]
    assert {one["name"]: one["value"] for one in told}[name] == "prod"


def test_explain_shows_numbers_as_they_were_written(world: World) -> None:
    world.repo("api")
    world.head = "version: 1\nvars: {py: 3.10, md: 0755, list: [0644, 1_000, {a: .5}], text: '3.10'}\n"
    world.template("project/conf.txt.j2", "{{ py }} {{ md }} {{ list }} {{ text }}\n")
    told = world.run("explain", "api", "conf.txt").out
    for shown in ("py = 3.10 ", "md = 0755 ", 'list = [0644, 1_000, {"a": .5}] ', 'text = "3.10" '):
        assert f"variable     {shown} (from" in told


def test_functions_of_jinja_work_where_no_variable_has_their_name() -> None:
    assert (
        rendered("{{ range(2) | list }} {{ dict(a=1) }}{% set n = namespace(x=1) %} {{ n.x }}") == "[0, 1] {'a': 1} 1"
    )


@pytest.mark.parametrize(
    ("template", "told"),
    [
        ("{{ [s] | map('upper') }}", "put | list or | join(', ') behind it"),
        ("{{ [s] | select }}", "put | list or | join(', ') behind it"),
        ("{{ d | items }}", "put | list or | join(', ') behind it"),
        ("{{ range }}", "call it, as in name()"),
        ("{{ read }}", "call it, as in name()"),
        ("{% macro m() %}{% endmacro %}{{ m }}", "call it, as in name()"),
        ("{{ [[s] | map('upper')] }}", "which is another one each time"),
        ("{{ 'x' ~ ([s] | map('upper')) }}", "which is another one each time"),
    ],
)
def test_what_is_no_value_is_not_printed(template: str, told: str) -> None:
    assert told in fault(template)


def test_an_address_that_is_text_of_the_template_is_text() -> None:
    text = "prints <function f at 0x7f2a5c6b>"
    assert rendered(text) == text
    assert rendered("{{ s }}", s=text) == text


def test_every_name_that_templates_get_anyway_is_known() -> None:
    functions = Renderer({}).environment(Delimiters.JINJA).globals
    assert set(functions) <= OF_ROLLOUT | FUNCTIONS_OF_JINJA


def test_a_variable_that_is_called_in_place_of_a_function_is_named(world: World) -> None:
    world.head = "version: 1\nvars: {range: 5}\n"
    world.bare_repo("api")
    world.template("project/conf.txt.j2", "{% for n in range(3) %}{{ n }}{% endfor %}\n")
    told = world.run("plan", "--json").json["targets"][0]["reason"]
    said = "'range' is a variable here, and no function; give the variable another name"
    assert told == f"templates/project/conf.txt.j2:1: {said}"


@pytest.mark.parametrize(("name", "owner"), [("read", "rollout"), ("files", "rollout"), ("self", "Jinja"),
                                             ("loop", "Jinja"), ("none", "Jinja")])  # fmt: skip
def test_a_variable_with_such_a_name_is_refused_where_it_is_set(world: World, name: str, owner: str) -> None:
    told = f"the name belongs to {owner}; choose another"
    world.repo("api")
    ran = world.run("validate", "--var", f"{name}=x")
    assert (ran.code, f"--var {name}: {told}" in ran.err) == (64, True), ran.err
    world.entries["api"] = world.entries["api"].replace("}", f", vars: {{{name}: x}}}}")
    ran = world.run("validate")
    assert (ran.code, f"inventory.yaml:5: repos.api.{name}: {told}" in ran.err) == (64, True), ran.err
