"""The words after a command: names of targets count as --limit does, in every command that looks at several."""

from __future__ import annotations

import pytest

from tests.world import World


@pytest.fixture
def three(world: World) -> World:
    for name in ("api", "web", "cli"):
        world.repo(name, extra=", groups: [all]")
    return world


def looked_at(world: World, *words: str) -> set[str]:
    return set(world.run(*words, "--json").states())


@pytest.mark.parametrize("command", ["plan", "status"])
def test_words_choose_targets_as_limit_does(three: World, command: str) -> None:
    assert looked_at(three, command, "api", "web") == {"api", "web"}
    assert looked_at(three, command, "all", "!cli") == {"api", "web"}
    assert looked_at(three, command, "c*", "--limit", "web") == {"cli", "web"}
    assert looked_at(three, "--limit", "web", command, "api") == {"api", "web"}


def test_apply_push_verify_and_validate_take_words_too(three: World) -> None:
    assert three.run("apply", "api", "web", "--yes", "--no-push", "--json").outcomes() == {
        "api": "committed",
        "web": "committed",
    }
    assert three.run("push", "web", "--yes", "--json").outcomes() == {"web": "pushed"}
    assert {one["name"] for one in three.run("verify", "web", "--json").json["targets"]} == {"web"}
    assert three.run("validate", "web", "--json").json["targets"] == 1
    assert three.at("cli", "conf.txt") is None


@pytest.mark.parametrize("command", ["plan", "apply", "status", "diff", "verify", "validate", "push"])
@pytest.mark.parametrize(("word", "told"), [("wbe", "wbe: matches no target and no group; did you mean 'web'?"),
                                            ("", "is empty")])  # fmt: skip
def test_a_word_that_names_nothing_changes_nothing(three: World, command: str, word: str, told: str) -> None:
    ran = three.run(command, word, *(["--yes"] if command in {"apply", "push"} else []))
    assert ran.code == 64
    assert told in ran.err
    assert three.at("web", "conf.txt") is None


def test_words_beat_the_environment(three: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROLLOUT_LIMIT", "cli")
    assert looked_at(three, "plan") == {"cli"}
    assert looked_at(three, "plan", "api") == {"api"}


def test_a_saved_plan_is_applied_to_the_targets_that_are_named(three: World) -> None:
    assert three.run("plan", "--out", "three.plan").code == 0
    assert three.run("apply", "three.plan", "web", "--yes", "--json").outcomes() == {"web": "pushed"}
    assert three.run("apply", "./three.plan", "./other.plan", "--yes").code == 64
    assert three.at("api", "conf.txt") is None


def test_the_last_word_of_diff_is_a_path_unless_it_names_a_target(three: World) -> None:
    def shown(*words: str) -> set[tuple[str, str]]:
        return {(one["target"], one["path"]) for one in three.run("diff", *words, "--json").json["changes"]}

    assert shown("api", "web") == {("api", "conf.txt"), ("web", "conf.txt")}
    assert shown("api", "conf.txt") == shown("api", "./conf.txt") == {("api", "conf.txt")}
    assert shown("all", "conf.txt") == shown("conf.txt") == {(name, "conf.txt") for name in ("api", "web", "cli")}
    for word, meant in (("conf.tx", "conf.txt"), ("wbe", "web")):
        ran = three.run("diff", "api", word)
        assert ran.code == 64
        assert f"{word!r} is not managed; did you mean {meant!r}?" in ran.err
