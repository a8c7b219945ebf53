"""A name that is not there is answered with the nearest one, and exit code 64."""

from __future__ import annotations

import json
import re

import pytest

from rollout.model.delimiters import Delimiters
from rollout.rendering.jinja import Renderer
from rollout.rendering.template_fault import TemplateFault
from tests.world import World


def test_names_that_are_not_there_are_answered_with_the_nearest(world: World) -> None:
    world.bare_repo("api")
    world.run("apply", "--yes")
    run = re.search(r"\S+", world.last_run())
    assert run is not None
    for words in (["diff", "apj"], ["explain", "apj", "conf.txt"]):
        ran = world.run(*words)
        assert ran.code == 64
        assert "did you mean 'api'?" in ran.out + ran.err
    ran = world.run("history", run[0][:-1] + "x")
    assert ran.code == 64
    assert f"did you mean {run[0]!r}?" in ran.err


def test_no_run_is_suggested_to_give_back(world: World) -> None:
    world.bare_repo("api")
    world.run("apply", "--yes")
    run = world.last_run().split()[0]
    wrong = f"{run[:-1]}x"
    ran = world.run("revert", wrong, "--yes")
    assert (ran.code, run in ran.err) == (64, False)
    assert ran.err.endswith(f"no run with an id that begins with {wrong!r}; `rollout history` lists them\n")


@pytest.mark.parametrize("name", ["%", "_", "20%", "20_", ""])
def test_what_stands_for_any_text_elsewhere_names_no_run_to_give_back(world: World, name: str) -> None:
    world.bare_repo("api")
    world.run("apply", "--yes")
    ran = world.run("revert", name, "--yes")
    assert ran.code == 64
    assert f"no run with an id that begins with {name!r}" in ran.err
    assert world.at("api", "conf.txt") == "hello world\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["plann"], "there is no command 'plann'; did you mean 'plan'?"),
        (["nothing-like-it"], "there is no command 'nothing-like-it'; `rollout --help` lists them"),
        (["plan", "--limt", "x"], "rollout plan: no such option '--limt'; did you mean '--limit'?"),
        (["apply", "--no-diff"], "rollout apply: no such option '--no-diff'"),
        (["status", "--state", "x"], "rollout status: no such option '--state'"),
        (["revert"], "rollout revert: missing argument 'RUN'; `rollout history` lists the runs"),
        (["explain", "api"], "rollout explain: missing argument 'PATH'; type: rollout explain TARGET PATH"),
        (["diff", "api", "conf.tx"], "api: 'conf.tx' is not managed; did you mean 'conf.txt'?"),
        (["diff", "api", "zzz"], "api: 'zzz' is not managed; managed are: conf.txt"),
        (["explain", "api", "conf.tx"], "names conf.tx, so rollout never touches it; did you mean 'conf.txt'?"),
        (["events", "apend"], "there is no command 'apend'; did you mean 'append'?"),
        (["events", "qqq"], "there is no command 'qqq'; `rollout events --help` lists them"),
        (["plan", "apj"], "apj: matches no target and no group; did you mean 'api'?"),
        (["plan", "--limit", "apj"], "apj: matches no target and no group; did you mean 'api'?"),
    ],
)  # fmt: skip
def test_every_name_that_is_not_known_is_answered_in_one_form(world: World, words: list[str], said: str) -> None:
    world.bare_repo("api")
    ran = world.run(*words)
    assert ran.code == 64
    assert f"{said}\n" in ran.err


@pytest.mark.parametrize("value", ["[1", "{a: 1", '"open', "'open"])
def test_a_variable_that_begins_as_yaml_and_is_none_is_refused(world: World, value: str) -> None:
    world.bare_repo("api")
    ran = world.run("plan", "--json", "--var", "ok=1", "--var", f"who={value}")
    assert ran.code == 64
    assert ran.err.startswith("rollout: --var who: ")
    assert json.loads(ran.out)["place"] == "--var who"


@pytest.mark.parametrize("text", ["{% include 'nope.j2' %}", "{% extends 'nope.j2' %}", "{% include ['nope.j2'] %}",
                                  "{% from 'nope.j2' import x %}"])  # fmt: skip
def test_a_template_that_is_not_there_is_told_with_the_line(text: str) -> None:
    with pytest.raises(TemplateFault, match=r"templates/a\.j2:2: includes 'nope\.j2'"):
        Renderer({"a.j2": f"one\n{text}\n"}).uses("a.j2", Delimiters.JINJA)


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("p/part.md", "which is no template; name it 'p/part.md.j2'"),
        ("p/other.md", "which is no template; name the part 'p/other.md.j2'"),
        ("p/prt.md.j2", "which is not under templates/; did you mean 'p/part.md.j2'?"),
        ("nope.j2", "which is not under templates/"),
        ("../../etc/passwd", "which is not under templates/"),
    ],
)
def test_a_part_that_is_not_there_is_told_with_the_name_that_is_meant(asked: str, told: str) -> None:
    with pytest.raises(TemplateFault) as caught:
        Renderer({"x.j2": f"{{% include '{asked}' %}}\n", "p/part.md.j2": ""}).uses("x.j2", Delimiters.JINJA)
    assert str(caught.value) == f"templates/x.j2:1: includes {asked!r}, {told}"
