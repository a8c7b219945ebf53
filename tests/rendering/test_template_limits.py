"""A template that runs out of memory or time, whatever its variables are, is not tried for every target."""

from __future__ import annotations

import pytest

from rollout.model.delimiters import Delimiters
from rollout.rendering.requests import Requests
from rollout.rendering.template_fault import TemplateFault, TemplateLimit

NAME = "base/a.j2", Delimiters.JINJA
MANY = "{{ 'x' * (n * 10 ** 9) }}"
ENDLESS = "{% macro m(n) %}{{ m(n) }}{% endmacro %}{{ m(n) }}"

LONG = "{{ n }}{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"


@pytest.mark.parametrize("text", [MANY, ENDLESS, LONG])
def test_it_is_tried_twice_and_then_told_at_once(text: str) -> None:
    requests = Requests({NAME[0]: text, "base/b.j2": "well"}, seconds=1.0)
    said = []
    for number in range(10, 20):
        with pytest.raises(TemplateLimit) as limit:
            requests.made(NAME, {"n": number})
        said.append(str(limit.value))
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
