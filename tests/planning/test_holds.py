"""What was reverted stays so until its template changes or somebody releases it."""

from __future__ import annotations

import os
import re
import shutil

import pytest

from tests.world import Ran, World


def state(ran: Ran) -> tuple[str, str]:
    target = ran.json["targets"][0]
    return target["state"], target["reason"]


HELD = (
    "conf.txt: held since a revert, until the template changes; rollout apply --release writes what the template says"
)


def reverted(world: World, *arguments: str) -> Ran:
    world.template("project/more.txt", "1\n")
    world.repo("api")
    world.run("apply", "--yes")
    world.template("project/conf.txt.j2", "bad {{ who }}\n")
    world.run("apply", "--yes")
    run = world.last_run()
    ran = world.run("revert", run, "--yes", *arguments)
    assert ran.code == 0, ran.err
    return ran


def test_a_revert_lasts_until_the_template_changes(world: World) -> None:
    ran = reverted(world)
    assert ran.out.splitlines()[-1] == (
        "On hold until their templates change: api; rollout apply --release writes what they say."
    )
    assert (world.at("api", "conf.txt"), state(world.run("plan", "--json"))) == ("hello world\n", ("in-sync", HELD))
    assert world.run("plan", "--json").json["targets"][0]["held"] is True
    assert world.run("status", "--json").json["targets"][0]["held"] is True
    applied = world.run("apply", "--yes", "--json")
    assert (applied.code, applied.outcomes(), applied.reasons()) == (0, {"api": "unchanged"}, {"api": HELD})
    assert world.run("verify").code == 2
    world.template("project/more.txt", "2\n")
    assert state(world.run("plan", "--json")) == ("pending", HELD)
    assert world.run("apply", "--yes", "--json").outcomes() == {"api": "pushed"}
    assert (world.at("api", "conf.txt"), world.at("api", "more.txt")) == ("hello world\n", "2\n")
    world.template("project/conf.txt.j2", "better {{ who }}\n")
    assert world.run("apply", "--yes", "--json").outcomes() == {"api": "pushed"}
    assert (world.at("api", "conf.txt"), state(world.run("plan", "--json"))) == ("better world\n", ("in-sync", ""))


def test_a_hold_is_known_without_the_state_folder_and_is_released(world: World) -> None:
    reverted(world)
    shutil.rmtree(os.environ["ROLLOUT_STATE_DIR"])
    assert state(world.run("plan", "--json")) == ("in-sync", HELD)
    assert world.run("apply", "--yes", "--json", "--release", "--limit", "api").outcomes() == {"api": "pushed"}
    assert (world.at("api", "conf.txt"), state(world.run("plan", "--json"))) == ("bad world\n", ("in-sync", ""))


def test_a_text_that_was_taken_back_stays_on_hold_where_the_template_said_between_what_is_there(world: World) -> None:
    reverted(world)
    world.template("project/conf.txt.j2", "hello {{ who }}\n")
    assert world.run("apply", "--yes", "--json").outcomes() == {"api": "unchanged"}
    world.template("project/conf.txt.j2", "bad {{ who }}\n")
    assert (world.at("api", "conf.txt"), state(world.run("plan", "--json"))) == ("hello world\n", ("in-sync", HELD))


def test_a_release_that_waits_to_be_pushed_is_no_hold_any_more(world: World) -> None:
    reverted(world)
    assert world.run("apply", "--yes", "--json", "--release", "--no-push").outcomes() == {"api": "committed"}
    for _ in range(2):
        assert state(world.run("status", "--json")) == ("ready-to-push", "rollout's commit is not upstream yet")
    ran = world.run("push", "--yes")
    assert (ran.code, "hold" in (ran.out + ran.err).lower()) == (0, False), ran.out
    assert (world.at("api", "conf.txt"), state(world.run("plan", "--json"))) == ("bad world\n", ("in-sync", ""))


def test_what_is_on_hold_is_not_told_as_what_changed_since_a_commit_waits(world: World) -> None:
    reverted(world)
    world.template("project/more.txt", "2\n")
    assert world.run("apply", "--yes", "--json", "--no-push").outcomes() == {"api": "committed"}
    world.elsewhere("api", {"more.txt": "theirs\n"})
    ran = world.run("push", "--yes", "--json")
    assert ran.outcomes() == {"api": "stale"}
    reason = ran.reasons()["api"]
    assert reason.startswith("more.txt: changed ")
    assert " since the commit that waits was made; " in reason
    assert "held" not in reason


def test_a_revert_that_waits_to_be_pushed_is_pushed_and_holds(world: World) -> None:
    reverted(world, "--no-push")
    assert world.run("status", "--fetch", "--json").states() == {"api": "ready-to-push"}
    assert world.run("push", "--yes", "--json").outcomes() == {"api": "pushed"}
    assert (world.at("api", "conf.txt"), state(world.run("plan", "--json"))) == ("hello world\n", ("in-sync", HELD))


def reverted_in_a_folder(world: World, first: str = "1\n", second: str = "2\n") -> None:
    """Write a file of a shared folder twice, and take the second back."""
    world.template("shared/conf.txt", first)
    world.tail = "folders:\n  shared: {path: shared, templates: [shared]}\n"
    (world.root / "shared").mkdir()
    world.run("apply", "--yes")
    world.template("shared/conf.txt", second)
    world.run("apply", "--yes")
    assert world.run("revert", world.last_run(), "--yes").code == 0


def test_a_folder_holds_too(world: World) -> None:
    reverted_in_a_folder(world)
    assert state(world.run("plan", "--json")) == ("in-sync", HELD)
    assert world.run("apply", "--yes", "--json").outcomes() == {"shared": "unchanged"}
    assert (world.root / "shared/conf.txt").read_text() == "1\n"
    assert world.run("apply", "--yes", "--json", "--release").outcomes() == {"shared": "written"}
    assert state(world.run("plan", "--json")) == ("in-sync", "")


FROZEN = "held by `hold` in the inventory"


@pytest.mark.parametrize(
    ("hold", "said"),
    [
        ("true", FROZEN),
        ("{until: 2999-03-01}", f"{FROZEN} until 2999-03-01"),
        ("false", None),
        ("{until: 2001-03-01}", None),
    ],
)
def test_a_target_that_the_inventory_holds_is_left_alone(world: World, hold: str, said: str | None) -> None:
    world.repo("api", extra=f", hold: {hold}")
    ran = world.run("plan", "--json")
    assert state(ran) == ("pending", said or "")
    assert ran.json["targets"][0]["held"] is (said is not None)
    applied = world.run("apply", "--yes", "--json")
    assert (applied.code, applied.outcomes()) == (0, {"api": "unchanged" if said else "pushed"})
    assert (world.at("api", "conf.txt") is None) is (said is not None)


def test_what_others_changed_in_a_held_target_asks_for_no_decision(world: World) -> None:
    world.repo("api")
    world.repo("web")
    world.run("apply", "--yes")
    run = world.last_run()
    world.elsewhere("api", {"conf.txt": "theirs\n"})
    world.entries["api"] = "{path: api, hold: true}"
    world.entries["web"] = "{path: web, needs: [api], vars: {who: web}}"
    assert world.run("plan", "--json").states() == {"api": "pending", "web": "waiting"}
    assert world.run("apply", "--yes", "--json", "--on-drift", "overwrite").outcomes()["api"] == "unchanged"
    world.entries["web"] = "{path: web}"
    assert world.run("revert", run, "--yes", "--json", "--limit", "api").outcomes() == {"api": "blocked"}
    assert world.at("api", "conf.txt") == "theirs\n"


def test_a_hold_that_is_no_day_is_a_mistake(world: World) -> None:
    world.repo("api", extra=", hold: {until: soon}")
    ran = world.run("plan")
    assert (ran.code, "hold.until" in ran.err) == (64, True), ran.err


def test_a_revert_that_was_stopped_after_its_push_moves_the_checkout_when_it_is_run_again(world: World) -> None:
    reverted(world)
    run = next(one["run"] for one in world.run("history", "--json").json["runs"] if one["command"] == "apply")
    assert world.git("api", "log", "-1", "--format=%s").startswith("Revert")
    world.git("api", "reset", "-q", "--hard", "HEAD~1")
    again = world.run("revert", run, "--yes", "--json")
    assert (again.code, again.outcomes()) == (0, {"api": "unchanged"})
    assert (world.root / "api/conf.txt").read_text() == "hello world\n"
    assert world.git("api", "rev-parse", "HEAD") == world.tip("api")
    assert world.run("revert", run, "--yes", "--json").reasons() == {"api": "it is as before the run already"}


def test_a_hold_of_the_inventory_stops_a_revert(world: World) -> None:
    world.repo("api")
    world.repo("web")
    world.run("apply", "--yes")
    run = world.last_run()
    world.entries["api"] = "{path: api, hold: true}"
    ran = world.run("revert", run, "--yes", "--json")
    assert (ran.code, ran.outcomes()) == (0, {"api": "unchanged", "web": "pushed"})
    assert "held by `hold` in the inventory" in ran.reasons()["api"]
    assert (world.at("api", "conf.txt"), world.at("web", "conf.txt")) == ("hello world\n", None)


def test_what_others_change_on_hold_is_shown_with_its_decision(world: World) -> None:
    reverted(world)
    world.elsewhere("api", {"conf.txt": "theirs\n"})
    changed = f"changed by Pat Person in {world.tip('api')[:7]}"
    why = (
        f"conf.txt: held since a revert, until the template changes; conf.txt: {changed}; "
        "see: rollout diff api conf.txt --base; then rollout apply --release --on-drift overwrite|merge|keep, "
        "or: rollout take api conf.txt"
    )
    for words in (("plan",), ("status", "--fetch")):
        assert undated(*state(world.run(*words, "--json"))) == ("behind", f"not updated yet; {why}")
    assert [one["who"] for one in world.run("status", "--json").json["targets"][0]["changed_by"]] == ["Pat Person"]
    assert world.run("diff", "api", "--base").out.splitlines()[-2:] == ["-hello world", "+theirs"]
    assert f"conf.txt: held since a revert, until the template changes; {changed}" in world.run("verify").out
    applied = world.run("apply", "--yes", "--json")
    assert undated(*applied.reasons().values()) == (f"{why}; checkout updated",)
    assert undated(*state(world.run("plan", "--json"))) == ("in-sync", why)
    assert world.at("api", "conf.txt") == "theirs\n"
    ran = world.run("apply", "--yes", "--json", "--release", "--on-drift", "overwrite")
    assert (ran.outcomes(), world.at("api", "conf.txt")) == ({"api": "pushed"}, "bad world\n")


def test_what_others_change_on_hold_in_a_folder_is_shown_too(world: World) -> None:
    reverted_in_a_folder(world)
    world.write("shared", {"conf.txt": "theirs\n"})
    found, why = state(world.run("plan", "--json"))
    assert (found, why.split("; ")[1]) == ("in-sync", "conf.txt: changed on the disk (just now)")
    assert "rollout apply --release --on-drift overwrite|merge|keep" in why
    assert world.run("diff", "shared", "--base").out.splitlines()[-2:] == ["-1", "+theirs"]
    kept = world.run("apply", "--yes", "--json", "--release", "--on-drift", "keep").outcomes()
    assert (kept, (world.root / "shared/conf.txt").read_text()) == ({"shared": "unchanged"}, "theirs\n")


@pytest.mark.parametrize("kind", ["branch", "folder"])
def test_the_decision_about_a_file_that_is_released_releases_it_again(world: World, kind: str) -> None:
    reverted(world) if kind == "branch" else reverted_in_a_folder(world)
    if kind == "branch":
        world.elsewhere("api", {"conf.txt": "theirs\n"})
    else:
        world.write("shared", {"conf.txt": "theirs\n"})
    (why,) = world.run("apply", "--yes", "--json", "--release").reasons().values()
    assert "then rollout apply --release --on-drift overwrite|merge|keep" in why
    done = world.run("apply", "--yes", "--json", "--release", "--on-drift", "overwrite").outcomes()
    assert set(done.values()) == {"pushed" if kind == "branch" else "written"}


def test_the_next_command_releases_what_would_merge(world: World) -> None:
    reverted_in_a_folder(world, "1\n2\n3\n4\n5\n", "1\n2\n3\n4\nfive\n")
    world.write("shared", {"conf.txt": "one\n2\n3\n4\n5\n"})
    ran = world.run("apply", "--yes", "--release")
    assert (ran.code, ran.out.splitlines()[-1]) == (4, "Next: rollout apply --release --on-drift merge")
    assert world.run("apply", "--yes", "--release", "--on-drift", "merge").code == 0
    assert (world.root / "shared/conf.txt").read_text() == "one\n2\n3\n4\nfive\n"


def undated(*words: str) -> tuple[str, ...]:
    return tuple(re.sub(r" \(\d+ d ago\)", "", one) for one in words)


def test_what_others_put_in_the_place_of_a_file_that_a_revert_took_away_is_shown(world: World) -> None:
    world.repo("api")
    world.run("apply", "--yes")
    world.run("revert", world.last_run(), "--yes")
    assert state(world.run("plan", "--json"))[1] == HELD
    world.elsewhere("api", {"conf.txt": "theirs\n"})
    found, why = state(world.run("plan", "--json"))
    assert (found, "last changed by Pat Person in" in why, "rollout apply --release --adopt takes it over" in why) == (
        "behind", True, True,
    ), why  # fmt: skip
    assert world.run("apply", "--yes", "--json", "--release", "--adopt").outcomes() == {"api": "pushed"}
    assert world.at("api", "conf.txt") == "hello world\n"
