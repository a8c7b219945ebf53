"""`.rollout.yaml`: what a target says for itself, as far as the inventory lets it."""

import pytest

from rollout.inventory.wish import BadWish, wish
from tests.forges.asking import applied
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


def test_a_target_that_says_no_is_told_so_everywhere(heard: World) -> None:
    applied(heard)
    says(heard, "enabled: false\n")
    assert "api (main): in-sync (.rollout.yaml)" in heard.run("plan").out
    shown = heard.run("status").out
    assert ".rollout.yaml" in shown
    assert ("not upstream any more" in shown, "was not asked" in shown) == (False, False), shown
    assert "api: left alone (.rollout.yaml)" in heard.run("verify").out


def test_a_file_that_a_target_leaves_out_is_no_orphan(heard: World) -> None:
    applied(heard)
    says(heard, "ignore: ['more.*']\n")
    shown = heard.run("plan").out
    assert ("leaves out more.*" in shown, "orphan" in shown) == (True, False), shown
    assert heard.run("status", "--json").json["targets"][0]["orphans"] == []


def test_a_target_may_leave_files_out_and_set_variables(heard: World) -> None:
    says(heard, "ignore: ['more.*']\nvars: {who: api}\n")
    assert applied(heard)[:2] == (0, "pushed")
    assert (heard.at("api", "conf.txt"), heard.at("api", "more.txt")) == ("hello api\n", None)
    assert heard.run("status", "--json", "--fetch").json["targets"][0]["state"] == "in-sync"
    assert applied(heard)[:2] == (0, "unchanged")
    variables = heard.run("explain", "api", "conf.txt", "--json").json["variables"]
    assert variables == [{"name": "who", "value": "api", "source": ".rollout.yaml"}]


def test_plan_and_explain_show_what_a_target_says(heard: World) -> None:
    says(heard, "ignore: ['more.*']\nvars: {who: api}\n")
    assert "api (main): pending (.rollout.yaml leaves out more.* and sets who)" in heard.run("plan").out
    ran = heard.run("explain", "api", "more.txt")
    assert (ran.code, "api: .rollout.yaml in its branch leaves more.txt out" in ran.err) == (64, True)
    says(heard, "enabled: false\n")
    assert "left alone   .rollout.yaml" in heard.run("explain", "api", "conf.txt").out


@pytest.mark.parametrize("head", ["", "target_may: []\n"], ids=["unsaid", "none"])
@pytest.mark.parametrize("text", ["enabled: false\n", "ignore: [conf.txt]\n", "vars: {who: api}\n"])
def test_by_default_a_target_may_ask_for_nothing(heard: World, head: str, text: str) -> None:
    heard.head = f"version: 1\nvars: {{who: world}}\n{head}"
    says(heard, text)
    key = text.partition(":")[0]
    wanted = f".rollout.yaml:1: {key}: the inventory allows nothing here (target_may)"
    assert applied(heard) == (3, "blocked", wanted)
    target = heard.run("plan", "--json").json["targets"][0]
    assert (target["state"], target["reason"], heard.at("api", "conf.txt")) == ("blocked", wanted, None)
    assert heard.run("status", "--json").json["targets"][0]["state"] == "blocked"


def test_a_file_that_asks_for_nothing_is_no_matter(heard: World) -> None:
    heard.head = "version: 1\nvars: {who: world}\n"
    says(heard, "# nothing yet\n")
    assert applied(heard)[:2] == (0, "pushed")
    says(heard, "enabled: false\n")
    assert applied(heard)[:2] == (3, "blocked")


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


def test_a_file_that_is_not_utf_8_is_told_at_its_line() -> None:
    with pytest.raises(BadWish, match=r"\.rollout\.yaml:2: is not UTF-8 \(byte 10\); save it as UTF-8"):
        wish(b"enabled: \n\xff", ())
