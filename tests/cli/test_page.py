"""`rollout report --format html`: the fleet as it is, on one page, without asking anybody."""

from __future__ import annotations

import re
import shlex
import shutil

import psycopg
import pytest

from tests.showing.pages_made import Reader
from tests.world import World


@pytest.fixture
def fleet(world: World) -> World:
    """Make a fleet with one target in sync, one that drifted and one that has nothing yet."""
    for name in ("api", "web", "new"):
        world.bare_repo(name)
    world.run("apply", "--yes", "--limit", "api,web", "--message", "First rollout")
    world.elsewhere("web", {"conf.txt": "our own words\n"}, "config: our own")
    world.run("status", "--fetch")
    return world


def html(world: World) -> str:
    ran = world.run("report", "--format", "html")
    assert (ran.code, ran.out[:15]) == (0, "<!doctype html>"), ran.err
    return ran.out


def test_the_page_says_how_the_fleet_is_and_what_to_type(fleet: World) -> None:
    text = Reader(html(fleet)).text
    assert "1 of 3 in sync; 1 needs a decision; 1 to apply" in text
    assert re.findall(r"(Needs you|Waiting|Fine) (\d)", text) == [("Needs you", "1"), ("Waiting", "1"), ("Fine", "1")]
    assert re.search(r"conf\.txt: changed by Pat Person in [0-9a-f]{7} \(2026-02-03T15:20:00Z\)", text)
    assert "-our own words" in text
    assert "+hello world" in text
    assert "First rollout" in text


def test_each_printed_command_works(fleet: World) -> None:
    commands = re.findall(r'<p class="cmd"><code>rollout ([^<]+)</code>', html(fleet))
    assert commands[:6] == [
        "diff --base --limit web",
        "apply --on-drift overwrite --limit web",
        "apply --on-drift merge --limit web",
        "apply --on-drift keep --limit web",
        "take web conf.txt",
        "apply --limit new",
    ]
    for command in commands:
        if command.startswith("take"):
            continue  # it is another way, for what is decided by now
        yes = ["--yes"] if command.startswith("apply") else []
        assert fleet.run(*shlex.split(command), *yes).code == 0, command
    assert "3 of 3 in sync" in Reader(html(fleet)).text


def test_the_page_names_how_a_change_of_others_comes_into_its_template(fleet: World) -> None:
    (command,) = re.findall(r'<p class="cmd"><code>rollout (take [^<]+)</code>', html(fleet))
    ran = fleet.run(*shlex.split(command), "--yes")
    assert ("unexpected" in ran.err, "Traceback" in ran.err, ran.code in {0, 4}) == (False, False, True), ran.err
    assert "conf.txt" in ran.out + ran.err


def test_what_several_people_did_to_one_file_is_one_reason_and_each_is_named(world: World) -> None:
    for name in ("api", "web"):
        world.bare_repo(name)
    world.run("apply", "--yes")
    for name in ("api", "web"):
        world.elsewhere(name, {"conf.txt": f"the words of {name}\n"})
    world.run("status", "--fetch")
    text = Reader(html(world)).text
    assert text.count("conf.txt: others changed it") == 1
    assert "drift 2 targets" in text
    assert len(set(re.findall(r"conf\.txt: by Pat Person in ([0-9a-f]{7})", text))) == 2


@pytest.mark.parametrize("given", [(), ("-i", "inventory.yaml"), ("--var", "who=world")])
def test_what_the_last_run_waited_for_is_told_once(world: World, given: tuple[str, ...]) -> None:
    world.bare_repo("api", {"conf.txt": "theirs\n"})
    assert world.run("apply", "--yes", *given).code == 4
    ran = world.run("report", "--format", "html", *given)
    text = Reader(ran.out).text
    assert ("rollout never wrote it" in text, "last run blocked" in text) == (True, False)


def test_it_asks_no_remote(fleet: World) -> None:
    before = Reader(html(fleet)).text
    for name in ("api", "web", "new"):
        shutil.rmtree(fleet.root / f"{name}.git")
    times = r"\d{4}-\d\d-\d\d \d\d:\d\d UTC"
    assert re.sub(times, "", Reader(html(fleet)).text) == re.sub(times, "", before)


def test_out_writes_a_file_and_the_same_page_is_plain_ascii_on_standard_output(fleet: World) -> None:
    fleet.elsewhere("web", {"conf.txt": "größer 日本\n"})
    fleet.run("status", "--fetch")
    ran = fleet.run("report", "--format", "html", "--out", "fleet.html")
    assert (ran.code, ran.out) == (0, "")
    written = (fleet.root / "fleet.html").read_text()
    printed = html(fleet)
    assert printed.isascii()
    assert "größer 日本" in written
    assert Reader(printed).text.count("größer 日本") == Reader(written).text.count("größer 日本") == 1


def test_the_markdown_report_is_written_to_a_file_too(fleet: World) -> None:
    printed = fleet.run("report").out
    ran = fleet.run("report", "--out", "ROLLOUT.md")
    assert (ran.code, ran.out, (fleet.root / "ROLLOUT.md").read_text()) == (0, "", printed)


def test_a_page_of_one_run_is_refused(fleet: World) -> None:
    ran = fleet.run("report", "2026", "--format", "html")
    assert (ran.code, "leave out the run" in ran.err) == (64, True)


def test_a_secret_of_the_inventory_is_not_on_the_page(fleet: World) -> None:
    fleet.head = "version: 1\nvars: {who: world, deploy_token: 'a<b&c\"d-e'}\n"
    fleet.elsewhere("web", {"conf.txt": 'token a<b&c"d-e\n'})
    fleet.run("status", "--fetch")
    text = html(fleet)
    assert "-token ***" in Reader(text).text
    assert "a<b&c" not in Reader(text).text


def test_a_fleet_that_never_ran_has_its_page(world: World) -> None:
    world.bare_repo("api")
    assert "0 of 1 in sync" in Reader(html(world)).text


def test_with_a_database_events_are_shown(fleet: World, event_store: str) -> None:
    with psycopg.connect(event_store, autocommit=True) as connection:
        connection.execute("SET timezone = 'Pacific/Auckland'")
        for number in range(12):
            kind = "spawn" if number % 3 else "commit"
            connection.execute("SELECT append_event('world-PS-a1b2c3', %s, '{}'::jsonb)", (kind,))
    fleet.tail = f"events: {{database: '{event_store}'}}\n"
    read = Reader(html(fleet))
    labels = [a["aria-label"] or "" for a in read.named("svg") if a.get("aria-label")]
    assert labels[0].startswith("Events per day: at most 12, on 2")
    assert re.fullmatch(r"Events stored: from 0 on \S+ to 12 on \S+", labels[1])
    assert labels[2:] == ["spawn: 8 events in 30 days", "commit: 4 events in 30 days"]


def test_a_database_that_is_down_is_told_on_the_page(fleet: World) -> None:
    fleet.tail = "events: {database: 'postgresql://x:secret@127.0.0.1:1/x'}\n"
    text = html(fleet)
    assert "It could not be asked: cannot connect to the event store at 127.0.0.1:1/x" in Reader(text).text
    assert "secret" not in text


def test_what_is_kept_held_or_an_orphan_is_on_the_page(world: World) -> None:
    for name in ("kept", "held", "orphan", "frozen"):
        world.repo(name)
    world.template("project/old.txt", "old\n")
    world.run("apply", "--yes")
    run = world.last_run()
    world.run("revert", run, "--yes", "--limit", "held")
    world.elsewhere("kept", {"conf.txt": "theirs\n"})
    world.run("apply", "--yes", "--on-drift", "keep", "--limit", "kept")
    (world.root / "templates/project/old.txt").unlink()
    world.entries["frozen"] = "{path: frozen, hold: true}"
    world.run("status", "--fetch")
    page = world.run("report", "--format", "html").out
    assert "conf.txt: kept as others left it, until the template changes" in page
    assert "held since a revert, until the template changes" in page
    assert "held by `hold` in the inventory" in page
    assert "old.txt" in page
    assert "no template names it any more" in page
