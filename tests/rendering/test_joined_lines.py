"""Lines that lose their line end to a tag are told where their writer may not know it."""

from __future__ import annotations

import pytest

from rollout.model.delimiters import Delimiters
from rollout.rendering.joined_lines import joined_lines
from tests.world import World


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("a: {% if x %}1{% endif %}\nb: 2\n", [1]),
        ("a\nx: {% for i in l %}{{ i }} {% endfor %}\r\nb: 2\r\n", [2]),
        ("a: {% if x %}1{% else %}2{% endif %}\nb: {% if x %}1{% endif %}\nc\n", [1, 2]),
        ("a: {% if x %}1{% endif +%}\nb: 2\n", []),
        ("a: {% if x %}1{% endif -%}\nb: 2\n", []),
        ("a: {% if x %}1{% endif %} \nb: 2\n", []),
        ("a: {% if x %}1{% endif %}\n", []),
        ("a: {% if x %}1{% endif %}\n\nb: 2\n", []),
        ("{% if x %}\na: 1\n{% endif %}\nb: 2\n", []),
        ("l: [{% for i in l %}\n{{ i }},{% endfor %}\n]\n", []),
        ("{% set x = 1 %}\nb: 2\n", []),
        ("a: <% if x %>1<% endif %>\nb: 2\n", []),
    ],
)
def test_a_line_that_begins_and_ends_a_block_is_joined_by_the_next(text: str, lines: list[int]) -> None:
    assert list(joined_lines(text, Delimiters.JINJA)) == lines
    angles = text.replace("{%", "<%").replace("%}", "%>")
    assert list(joined_lines(angles, Delimiters.ANGLE)) == (lines or ([1] if text.startswith("a: <%") else []))


def test_validate_warns_of_it_once_and_is_well(world: World) -> None:
    world.template("project/conf.txt.j2", "a: {% if true %}1{% endif %}\nb: 2\n")
    world.template("project/w.yml.j2", "a: <% if true %>1<% endif %>\nb: 2\n")
    world.tail = "files: {w.yml: {delimiters: angle}}\n"
    world.bare_repo("api")
    world.bare_repo("web")
    ran = world.run("validate")
    assert ran.code == 0
    assert ran.err.count("templates/project/conf.txt.j2:1: the next line joins this one") == 1
    assert "unless the tag ends in +%>" in ran.err
    assert "joins" not in world.run("plan").err
