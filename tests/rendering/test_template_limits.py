"""A template that runs out of memory or time, whatever its variables are, is not tried for every target."""

from __future__ import annotations

import os
import time

import pytest

from rollout.model.delimiters import Delimiters
from rollout.rendering.requests import Requests
from rollout.rendering.template_fault import TemplateFault, TemplateLimit
from tests.first_rows import first_rows
from tests.world import World

NAME = "base/a.j2", Delimiters.JINJA
MANY = "{{ 'x' * (n * 10 ** 9) }}"
ENDLESS = "{% macro m(n) %}{{ m(n) }}{% endmacro %}{{ m(n) }}"

LONG = "{{ n }}{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"


def _a_second() -> float:
    """Return the limit: a start of Python has to be within it, too, which takes longer on a busy machine."""
    return max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))


@first_rows(1, "text", [MANY, ENDLESS, pytest.param(LONG, marks=pytest.mark.long)])
def test_it_is_tried_twice_and_then_told_at_once(text: str) -> None:
    seconds, begun = _a_second(), time.monotonic()
    requests = Requests({NAME[0]: text, "base/b.j2": "well"}, seconds=seconds)
    said = []
    for number in range(10, 20):
        with pytest.raises(TemplateLimit) as limit:
            requests.made(NAME, {"n": number})
        said.append(str(limit.value))
    assert time.monotonic() - begun < 6 * seconds, "each of two tries starts within the limit, and ends within it"
    assert all("(2 times; it is not tried again)" in text for text in said[2:])
    assert not any("tried again" in text for text in said[:2])
    assert requests.made(("base/b.j2", Delimiters.JINJA), {}).body == b"well"
    requests.ended(well=True)


def test_what_one_target_asks_too_much_of_is_rendered_for_the_others() -> None:
    requests = Requests({NAME[0]: MANY})
    with pytest.raises(TemplateLimit):
        requests.made(NAME, {"n": 10})
    assert requests.made(NAME, {"n": 0}).body == b""
    with pytest.raises(TemplateFault, match="'n' is undefined"):
        requests.made(NAME, {})
    requests.ended(well=True)


CONSTANTS = ["{{ 'x' * 10 ** 9 }}", "{{ 10 ** (10 ** 10) }}", "{{ 'x'|center(10 ** 10) }}",
             "{% set a = 'x' * 10 ** 10 %}"]  # fmt: skip


@pytest.mark.parametrize("text", [CONSTANTS[0], *(pytest.param(one, marks=pytest.mark.long) for one in CONSTANTS[1:])])
def test_a_constant_that_is_too_large_is_computed_for_no_other_target(text: str) -> None:
    """Which variables a template reads is asked for all targets, and must not run it."""
    requests = Requests({NAME[0]: text + "{{ n }}"}, seconds=_a_second())
    assert requests.uses(NAME) == ["n"]
    with pytest.raises(TemplateLimit):
        requests.made(NAME, {"n": 1})
    requests.ended(well=True)


def test_a_limit_concerns_its_target_and_the_others_go_on(world: World) -> None:
    world.bare_repo("api")
    world.bare_repo("web")
    world.entries["web"] = world.entries["web"].replace("}", ", templates: [other]}")
    world.template("other/a.txt.j2", CONSTANTS[2])
    ran = world.run("plan", "--json")
    assert (ran.code, ran.states()) == (1, {"api": "pending", "web": "blocked"})
    assert "template limit: " in ran.json["targets"][1]["reason"]
    assert world.run("validate").code == 1
