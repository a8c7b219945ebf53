"""Waves with a gate, and how many reviews may be opened."""

import os
import shutil
from pathlib import Path

import pytest

from tests.first_rows import first_rows
from tests.forges.servers import as_forge
from tests.world import Ran, World

NAMES = ("api", "web", "ops")


@pytest.fixture
def fleet(world: World) -> World:
    """Return three repositories: api goes first."""
    for name in NAMES:
        world.bare_repo(name)
    return world


def waves(world: World, gate: str = "", deliver: str = "push", more: str = "") -> None:
    said = f", gate: '{gate}', within: 5s" if gate else ""
    world.head = f"version: 1\nvars: {{who: world}}\nwaves: [{{limit: api{said}}}, {{limit: '*'}}]\n{more}"
    world.defaults = f"defaults: {{templates: [project], deliver: {deliver}}}\nreview: {{branch: team}}\n"


def applied(world: World, *more: str) -> Ran:
    return world.run("apply", "--yes", "--json", *more)


def test_the_next_wave_begins_when_the_first_is_upstream(fleet: World) -> None:
    waves(fleet, deliver="review")
    assert fleet.run("plan", "--json").states() == {"api": "pending", "web": "waiting", "ops": "waiting"}
    ran = applied(fleet)
    assert (ran.code, ran.outcomes()) == (0, {"api": "proposed", "web": "not-started", "ops": "not-started"})
    assert ran.reasons()["web"] == "wave 1 (api) is not finished: api"
    assert applied(fleet).outcomes() == {"api": "unchanged", "web": "not-started", "ops": "not-started"}
    assert fleet.run("status", "--json").states()["web"] == "waiting"
    fleet.git("api.git", "update-ref", "refs/heads/main", fleet.tip("api", "rollout/team"))
    ran = applied(fleet)
    assert (ran.code, ran.outcomes()) == (0, {"api": "unchanged", "web": "proposed", "ops": "proposed"})


def test_a_wave_in_review_says_what_is_to_be_done_and_what_is_not_known(fleet: World) -> None:
    waves(fleet, deliver="review, forge: {kind: gitea, api: 'http://127.0.0.1:9'}")
    as_forge(fleet, "api", "gitea")
    unknown = "whether it is open, approved and green is not known without a token (GITEA_TOKEN)"
    why = f"wave 1 (api) is not finished: api; {unknown}: merge what is in review by hand, or close it"
    for _ in range(2):
        ran = applied(fleet)
        assert (ran.code, ran.outcomes()["web"], ran.reasons()["web"]) == (0, "not-started", why)
    told = {target["name"]: target["reason"] for target in fleet.run("status", "--json").json["targets"]}
    assert told["web"] == why


def test_the_report_and_the_page_show_later_waves_as_waiting_too(fleet: World) -> None:
    waves(fleet)
    assert applied(fleet, "--limit", "api").code == 0
    fleet.head += "forbid: [{text: hello, block: true, targets: [api]}]\n"
    fleet.template("project/conf.txt", "hello again\n")
    (fleet.root / "templates/project/conf.txt.j2").unlink()
    assert applied(fleet).code == 3
    assert fleet.run("status", "--json").states() == {"api": "blocked", "web": "waiting", "ops": "waiting"}
    report = fleet.run("report").out
    assert "web - waiting: wave 1 (api) is not finished: api" in report
    assert "pending" not in report.partition("## Status Now")[2]
    page = fleet.run("report", "--format", "html").out
    assert "0 of 3 in sync; 1 blocked; 2 waiting" in page


def test_apply_shows_later_waves_as_waiting_as_plan_does(fleet: World) -> None:
    waves(fleet, deliver="review")
    (told,) = (line for line in fleet.run("plan").out.splitlines() if line.startswith("Plan for"))
    shown = fleet.run("apply", "--yes").out.splitlines()
    assert ("2 waiting" in told, told in shown) == (True, True), shown


def test_what_is_pushed_at_once_goes_on_in_the_same_run(fleet: World) -> None:
    waves(fleet)
    ran = applied(fleet)
    assert (ran.code, ran.outcomes()) == (0, dict.fromkeys(NAMES, "pushed"))


def test_the_gate_has_to_say_yes(fleet: World) -> None:
    waves(fleet, gate="echo canary is ill; test -e ok")
    ran = applied(fleet)
    assert (ran.code, ran.outcomes()["web"]) == (0, "not-started")
    assert ran.reasons()["web"] == "the gate of wave 1 (api) says no (exit 1: canary is ill)"
    (fleet.root / "ok").touch()
    ran = applied(fleet)
    assert (ran.code, ran.outcomes()) == (0, {"api": "unchanged", "web": "pushed", "ops": "pushed"})


def test_plan_and_status_say_that_a_gate_is_not_asked_yet_and_ask_it_not(fleet: World, tmp_path: Path) -> None:
    waves(fleet, gate=f"echo asked >> {tmp_path}/asked")
    applied(fleet, "--wave", "1")
    for command in (("plan", "--json"), ("status", "--json", "--fetch")):
        targets = {one["name"]: one for one in fleet.run(*command).json["targets"]}
        assert (targets["api"]["state"], targets["web"]["state"]) == ("in-sync", "waiting")
        assert targets["web"]["reason"] == "the gate of wave 1 (api) has not said yes to this; apply asks it"
    assert not (tmp_path / "asked").exists()
    applied(fleet, "--limit", "web")
    assert fleet.run("plan", "--json").states() == {"api": "in-sync", "web": "in-sync", "ops": "pending"}


def test_a_yes_is_remembered_for_the_same_change_and_no_other(fleet: World, tmp_path: Path) -> None:
    waves(fleet, gate=f'echo {{run}} >> {tmp_path}/asked; test -z "$GH_TOKEN"', deliver="push")
    applied(fleet, "--wave", "1")
    applied(fleet, "--limit", "web")
    applied(fleet, "--limit", "ops")
    assert len((tmp_path / "asked").read_text().split()) == 1
    fleet.template("project/conf.txt.j2", "bye {{ who }}\n")
    applied(fleet)
    assert len((tmp_path / "asked").read_text().split()) == 2


def test_a_gate_sees_no_token_and_has_an_end(fleet: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GH_TOKEN", "secret")
    waves(fleet, gate='test -z "$GH_TOKEN" || exit 9; sleep 60')
    ran = applied(fleet)
    assert ran.reasons()["web"] == "the gate of wave 1 (api) did not answer within 5 s"


def test_a_wave_that_fails_keeps_the_later_ones_waiting(fleet: World) -> None:
    waves(fleet)
    hook = fleet.root / "api.git" / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    ran = applied(fleet)
    assert (ran.code, ran.outcomes()) == (3, {"api": "rejected", "web": "not-started", "ops": "not-started"})
    assert applied(fleet, "--limit", "web").outcomes() == {"web": "not-started"}


@first_rows(2, "kind", ["drift", "conflict", "folder"])
def test_a_wave_is_finished_where_all_that_was_open_is_kept(fleet: World, kind: str) -> None:
    waves(fleet)
    if kind == "folder":
        fleet.head = fleet.head.replace("limit: api", "limit: [api, f]")
        fleet.tail = "folders: {f: {path: shared, templates: [project]}}\n"
    assert applied(fleet).code == 0
    if kind == "folder":
        (fleet.root / "shared/conf.txt").write_text("theirs\n")
    else:
        fleet.elsewhere("api", {"conf.txt": "theirs\n"})
    if kind == "conflict":
        fleet.template("project/conf.txt.j2", "ours\n")
    else:
        fleet.entries["ops"] = fleet.entries["ops"].replace("}", ", templates: [project, other]}")
        fleet.template("other/more.txt", "more\n")
    ran = applied(fleet, "--on-drift", "keep")
    written = "pushed" if kind == "conflict" else "unchanged"
    assert (ran.code, ran.outcomes()["web"], ran.outcomes()["ops"]) == (0, written, "pushed")
    assert fleet.run("verify").code == 0


def test_a_wave_is_not_finished_where_another_file_waits_for_its_decision(fleet: World) -> None:
    waves(fleet)
    fleet.template("project/more.txt", "more\n")
    assert applied(fleet).code == 0
    fleet.elsewhere("api", {"conf.txt": "theirs\n", "more.txt": "theirs\n"})
    fleet.template("project/more.txt", "much more\n")
    ran = applied(fleet, "--on-drift", "conf.txt=keep")
    assert (ran.code, ran.outcomes()["web"]) == (4, "not-started")


def test_a_hold_and_drift_show_though_an_earlier_wave_is_not_through(fleet: World) -> None:
    waves(fleet)
    fleet.entries["ops"] = fleet.entries["ops"].replace("}", ", hold: true}")
    assert fleet.run("apply", "--yes", "--limit", "api,web").code == 0
    fleet.elsewhere("web", {"conf.txt": "theirs\n"})
    fleet.template("project/more.txt", "more\n")
    for command in (("plan",), ("status", "--fetch")):
        told = {one["name"]: one for one in fleet.run(*command, "--json").json["targets"]}
        states = {name: one["state"] for name, one in told.items()}
        assert states == {"api": "pending", "web": "drift", "ops": "pending"}
        assert "held" in told["ops"]["reason"]


def test_only_so_many_reviews_are_open_and_updates_are_never_kept_back(fleet: World) -> None:
    fleet.head += "max_open: 2\n"
    fleet.defaults = "defaults: {templates: [project], deliver: review}\nreview: {branch: team}\n"
    ran = applied(fleet)
    assert (ran.code, ran.outcomes()) == (0, {"api": "proposed", "web": "proposed", "ops": "not-started"})
    assert "max_open: 2" in ran.reasons()["ops"]
    fleet.template("project/conf.txt.j2", "bye {{ who }}\n")
    assert applied(fleet).outcomes() == {"api": "proposed", "web": "proposed", "ops": "not-started"}
    fleet.git("api.git", "update-ref", "refs/heads/main", fleet.tip("api", "rollout/team"))
    assert applied(fleet).outcomes() == {"api": "unchanged", "web": "unchanged", "ops": "proposed"}


def test_the_open_reviews_of_targets_that_were_not_chosen_count(fleet: World) -> None:
    fleet.head += "max_open: 2\n"
    fleet.defaults = "defaults: {templates: [project], deliver: review}\nreview: {branch: team}\n"
    assert applied(fleet, "--limit", "api,web").code == 0
    ran = applied(fleet, "--limit", "ops")
    assert (ran.code, ran.outcomes()) == (0, {"ops": "not-started"})
    assert ran.reasons()["ops"] == "max_open: 2, and 2 reviews are open or about to be"
    for command in (("plan", "--json", "--limit", "ops"), ("status", "--json", "--limit", "ops")):
        (target,) = fleet.run(*command).json["targets"]
        assert (target["state"], target["reason"]) == ("waiting", ran.reasons()["ops"])
    assert applied(fleet, "--limit", "api").outcomes() == {"api": "unchanged"}


def test_what_was_merged_meanwhile_makes_room_for_those_chosen(fleet: World) -> None:
    fleet.head += "max_open: 2\n"
    fleet.defaults = "defaults: {templates: [project], deliver: review}\nreview: {branch: team}\n"
    applied(fleet, "--limit", "api,web")
    fleet.git("api.git", "update-ref", "refs/heads/main", fleet.tip("api", "rollout/team"))
    assert fleet.run("status", "--json", "--limit", "ops").states() == {"ops": "waiting"}
    assert applied(fleet, "--limit", "ops").outcomes() == {"ops": "proposed"}


def test_a_target_that_was_never_looked_at_here_is_looked_at_before_there_is_room(fleet: World) -> None:
    fleet.head += "max_open: 2\n"
    fleet.defaults = "defaults: {templates: [project], deliver: review}\nreview: {branch: team}\n"
    applied(fleet, "--limit", "api,web")
    shutil.rmtree(os.environ["ROLLOUT_STATE_DIR"])
    assert applied(fleet, "--limit", "ops").outcomes() == {"ops": "not-started"}


def test_for_the_room_there_is_nobody_is_asked_about_what_is_remembered(fleet: World) -> None:
    fleet.head += "max_open: 2\n"
    fleet.defaults = "defaults: {templates: [project], deliver: review}\nreview: {branch: team}\n"
    applied(fleet, "--limit", "api")
    fleet.run("status", "--fetch", "--limit", "web")
    for name in ("api", "web"):
        (fleet.root / f"{name}.git").rename(fleet.root / f"{name}.away")
    assert applied(fleet, "--limit", "ops").outcomes() == {"ops": "proposed"}


def test_what_waits_for_a_decision_takes_no_room(fleet: World) -> None:
    fleet.head += "max_open: 1\n"
    fleet.defaults = "defaults: {templates: [project], deliver: review}\nreview: {branch: team}\n"
    fleet.elsewhere("api", {"conf.txt": "theirs\n"})
    assert applied(fleet).outcomes() == {"api": "blocked", "web": "proposed", "ops": "not-started"}


def test_the_first_wave_has_the_room_whatever_the_inventorys_order(fleet: World) -> None:
    waves(fleet, deliver="review", more="max_open: 1\n")
    fleet.head = fleet.head.replace("limit: api", "limit: ops")
    assert applied(fleet).outcomes() == {"api": "not-started", "web": "not-started", "ops": "proposed"}


def test_only_what_is_opened_counts_within_the_hour(fleet: World) -> None:
    fleet.head += "per_hour: 2\n"
    fleet.defaults = "defaults: {templates: [project], deliver: review}\nreview: {branch: team}\n"
    assert applied(fleet, "--limit", "api").outcomes() == {"api": "proposed"}
    fleet.template("project/conf.txt.j2", "bye {{ who }}\n")
    assert applied(fleet, "--limit", "api").outcomes() == {"api": "proposed"}
    assert fleet.run("plan", "--json").states() == {"api": "in-review", "web": "pending", "ops": "waiting"}
    assert applied(fleet).outcomes() == {"api": "unchanged", "web": "proposed", "ops": "not-started"}
    assert fleet.run("status", "--json").states()["ops"] == "waiting"


def test_only_so_many_reviews_are_opened_in_an_hour(fleet: World) -> None:
    fleet.head += "per_hour: 1\n"
    fleet.defaults = "defaults: {templates: [project], deliver: review}\nreview: {branch: team}\n"
    ran = applied(fleet)
    assert (ran.code, ran.outcomes()) == (0, {"api": "proposed", "web": "not-started", "ops": "not-started"})
    assert ran.reasons()["web"] == "per_hour: 1, and 1 review was opened in the last hour or about to be"
    assert applied(fleet).outcomes()["web"] == "not-started"


def test_a_wave_that_is_written_wrongly_is_told_with_its_line(fleet: World) -> None:
    fleet.head += "waves: [{limit: api, within: soon}]\n"
    ran = fleet.run("validate")
    assert (ran.code, "inventory.yaml:3: waves[0].within: 'soon' is not a time" in ran.err) == (64, True)


def test_a_wave_that_no_target_is_in_is_told_with_its_line(fleet: World) -> None:
    fleet.head += "waves: [{limit: [api, canray]}, {limit: 'w*'}, {limit: '*'}]\n"
    fleet.entries["ops"] = fleet.entries["ops"].replace("}", ", groups: [canary]}")
    ran = fleet.run("apply", "--yes")
    told = "inventory.yaml:3: waves[0].limit: 'canray' matches no target and no group; did you mean 'canary'?"
    assert (ran.code, told in ran.err, ran.err.count("waves")) == (64, True, 1)
    fleet.head = fleet.head.replace("canray", "canary")
    assert fleet.run("validate").code == 0
