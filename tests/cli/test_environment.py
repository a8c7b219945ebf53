"""Every option also reads ROLLOUT_<OPTION>, the second name of an option and values with blanks included."""

from __future__ import annotations

import pytest

from tests.world import World

_MESSAGE = "%(trailers:key=Issue,key=Note,separator=%x7C)"


@pytest.fixture
def api(world: World) -> World:
    world.bare_repo("api")
    return world


@pytest.mark.parametrize(("value", "shows"), [("1", False), ("true", False), ("0", True), ("no", True), ("", True)])
def test_the_second_name_of_an_option_has_a_variable_too(
    api: World, monkeypatch: pytest.MonkeyPatch, value: str, shows: bool
) -> None:
    monkeypatch.setenv("ROLLOUT_NO_DIFF", value)
    assert ("+++" in api.run("plan").out) is shows
    assert "+++" in api.run("plan", "--diff").out
    monkeypatch.setenv("ROLLOUT_DIFF", "1")
    assert "+++" in api.run("plan").out


def test_a_wrong_value_of_the_second_name_is_a_usage_error(api: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROLLOUT_NO_DIFF", "perhaps")
    ran = api.run("plan")
    assert ran.code == 64
    assert "'perhaps' is not a valid boolean" in ran.err


def test_the_value_of_a_variable_may_have_blanks(api: World, monkeypatch: pytest.MonkeyPatch) -> None:
    api.template("project/conf.txt.j2", "{{ who }}, {{ team }}\n")
    monkeypatch.setenv("ROLLOUT_VAR", " who=Jane Doe  team=[a, b] ")
    assert "+Jane Doe, ['a', 'b']" in api.run("plan").out


def test_a_trailer_is_a_line(api: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROLLOUT_TRAILER", "Issue: 12\nNote: see also: the other one\n")
    assert api.run("apply", "--yes").code == 0
    said = api.git("api.git", "log", "-1", f"--format={_MESSAGE}", "main")
    assert said == "Issue: 12|Note: see also: the other one"


def test_a_decision_may_name_a_path_with_blanks(api: World, monkeypatch: pytest.MonkeyPatch) -> None:
    api.template("project/my notes.md", "ours\n")
    api.run("apply", "--yes")
    api.elsewhere("api", {"my notes.md": "theirs\n", "conf.txt": "theirs\n"})
    monkeypatch.setenv("ROLLOUT_ON_DRIFT", "my notes.md=keep overwrite")
    assert api.run("apply", "--yes").code == 0
    assert api.at("api", "my notes.md") == "theirs\n"
    assert api.at("api", "conf.txt") != "theirs\n"


@pytest.mark.parametrize(
    ("variable", "value"),
    [("JOBS", "x"), ("TIMEOUT", "soon"), ("COLOR", "red"), ("JSON", "perhaps"), ("NO_DIFF", "perhaps"),
     ("VAR", "who"), ("VAR", "target=x"), ("ON_DRIFT", "what")],
)  # fmt: skip
def test_a_wrong_value_names_the_variable_that_it_came_from(
    api: World, monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(f"ROLLOUT_{variable}", value)
    ran = api.run("plan")
    assert (ran.code, f"ROLLOUT_{variable}" in ran.err, "--" in ran.err) == (64, True, False), ran.err


def test_an_option_that_was_typed_is_named(api: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROLLOUT_JOBS", "3")
    assert "Invalid value for '--jobs'" in api.run("plan", "--jobs", "x").err.replace("invalid", "Invalid")
