"""`.rollout.yaml`: what a target says for itself, as far as the inventory lets it."""

import pytest

from tests.delivery.asking import applied
from tests.world import World


@pytest.fixture
def heard(world: World) -> World:
    world.bare_repo("api")
    world.head = "version: 1\nvars: {who: world}\ntarget_may: [enabled, ignore, vars]\n"
    world.template("project/more.txt", "more\n")
    return world


def says(world: World, text: str) -> None:
    world.elsewhere("api", {".rollout.yaml": text})


def test_a_target_may_say_no(heard: World) -> None:
    says(heard, "enabled: false\n")
    target = heard.run("plan", "--json").json["targets"][0]
    assert (target["state"], target["reason"], target["changes"]) == ("in-sync", ".rollout.yaml", [])
    assert applied(heard) == (0, "unchanged", ".rollout.yaml")
    assert heard.at("api", "conf.txt") is None


def test_a_target_may_leave_files_out_and_set_variables(heard: World) -> None:
    says(heard, "ignore: ['more.*']\nvars: {who: api}\n")
    assert applied(heard)[:2] == (0, "pushed")
    assert (heard.at("api", "conf.txt"), heard.at("api", "more.txt")) == ("hello api\n", None)
    assert heard.run("status", "--json", "--fetch").json["targets"][0]["state"] == "in-sync"
    assert applied(heard)[:2] == (0, "unchanged")
    variables = heard.run("explain", "api", "conf.txt", "--json").json["variables"]
    assert variables == [{"name": "who", "value": "api", "source": ".rollout.yaml"}]


def test_the_command_line_beats_what_a_target_says(heard: World) -> None:
    says(heard, "vars: {who: api}\n")
    applied(heard, "--var", "who=me")
    assert heard.at("api", "conf.txt") == "hello me\n"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("ignore: [conf.txt]\n", ".rollout.yaml:1: ignore: the inventory allows enabled here (target_may)"),
        ("enabled: perhaps\n", ".rollout.yaml:1: enabled: takes true or false"),
        ("enabled: [\n", ".rollout.yaml:"),
        ("{{ x }}: 1\n", ".rollout.yaml:"),
    ],
)
def test_a_target_that_asks_for_more_than_it_may_is_blocked(heard: World, text: str, sentence: str) -> None:
    heard.head = "version: 1\nvars: {who: world}\ntarget_may: [enabled]\n"
    says(heard, text)
    code, outcome, reason = applied(heard)
    assert (code, outcome, reason.startswith(sentence)) == (3, "blocked", True), reason
    assert heard.run("plan").code == 1
