"""The render process waits for the next set of templates, and carries nothing over from one set to the next."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

from rollout.model.delimiters import Delimiters
from rollout.rendering import child_process
from rollout.rendering.child_process import Child
from rollout.rendering.child_request import Ask, ChildRequest
from rollout.rendering.requests import Requests
from rollout.rendering.template_fault import TemplateFault, TemplateLimit
from tests.first_rows import first_rows
from tests.world import World

NAME = "base/a.txt.j2"


@pytest.fixture(autouse=True)
def nobody_waits() -> Iterator[None]:
    child_process.end_waiting()
    yield
    child_process.end_waiting()


def ask(child: Child, name: str = NAME) -> str:
    answer = child.ask(ChildRequest(Ask.RENDER, name, Delimiters.JINJA))
    assert isinstance(answer["body"], str)
    return answer["body"]


def render(text: str, seconds: float = 10.0) -> str:
    child = Child({NAME: text}, seconds)
    try:
        return ask(child)
    finally:
        child.release()


def test_the_next_set_of_templates_is_rendered_by_the_process_that_waits() -> None:
    assert render("one") == "one"
    waiting = child_process.waiting()
    assert render("two") == "two"
    assert child_process.waiting() == waiting != []


def test_a_process_that_was_begun_early_renders_or_waits() -> None:
    asked, idle = Child({NAME: "one"}), Child({NAME: "two"})
    asked.begin()
    idle.begin()
    assert ask(asked) == "one"
    idle.release()
    begun = child_process.waiting()
    asked.close()
    assert render("three") == "three"
    assert child_process.waiting() == begun
    assert begun


def test_a_process_that_was_begun_early_and_never_asked_ends_with_its_set() -> None:
    child = Child({NAME: "one"})
    child.begin()
    process = child._begun
    assert process is not None
    child.close()
    assert process.returncode is not None


def test_what_a_set_defined_is_unknown_to_the_next() -> None:
    child = Child({NAME: "one", "base/b.j2": "{% macro m() %}kept{% endmacro %}{{ m() }}"})
    assert ask(child, "base/b.j2") == "kept"
    child.release()
    with pytest.raises(TemplateFault, match="'m' is undefined"):
        render("{{ m() }}")
    with pytest.raises(TemplateFault, match="base"):
        render("{% include 'base/b.j2' %}")


def test_sets_at_once_have_a_process_each_and_two_wait() -> None:
    children = [Child({NAME: text}) for text in ("one", "two", "three")]
    assert [ask(child) for child in children] == ["one", "two", "three"]
    for child in children[:2]:
        child.release()
    kept = child_process.waiting()
    children[2].release()
    assert child_process.waiting() == kept
    assert len(set(kept)) == 2


@pytest.mark.parametrize("text", ["{{ 'x' * 10 ** 10 }}", "{% macro m(n) %}{{ m(n) }}{% endmacro %}{{ m(1) }}"])
def test_a_process_that_ran_out_of_memory_or_stack_renders_nothing_else(text: str) -> None:
    with pytest.raises(TemplateFault):
        render(text)
    assert child_process.waiting() == []
    assert render("well") == "well"


def test_a_process_that_was_ended_while_it_waited_is_replaced() -> None:
    render("one")
    (waiting,) = child_process.waiting()
    os.kill(waiting, signal.SIGKILL)
    assert render("two") == "two"
    assert child_process.waiting() not in ([], [waiting])


@first_rows(
    1,
    "text",
    [
        "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}",
        "{% set n = 9 ** 9 %}{{ 9 ** n }}",
    ],
    ids=["loops", "power"],
)
def test_a_template_that_does_not_end_is_ended_and_its_process_does_not_wait(text: str) -> None:
    with pytest.raises(TemplateLimit, match="template limit: takes more than"):
        render(text, 0.5)
    assert child_process.waiting() == []


def test_a_run_that_is_refused_leaves_its_process_to_the_next(world: World) -> None:
    world.bare_repo("api")
    assert world.run("plan").code == 0
    waiting = child_process.waiting()
    assert world.run("apply").code == 4
    assert child_process.waiting() == waiting != []


def test_a_process_of_which_somebody_waits_for_an_answer_does_not_wait() -> None:
    requests = Requests({NAME: "one"})
    assert requests.made((NAME, Delimiters.JINJA), {}).body == b"one"
    with requests._lock:  # as while a request is under way
        requests.ended(well=True)
    assert child_process.waiting() == []
