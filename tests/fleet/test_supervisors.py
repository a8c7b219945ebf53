"""The project's own inventory, rolled out to the first user's world: what agents read afterwards, and what was kept."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.person import seal
from tests.supervisors import (
    AFTER_EVENTS,
    BEFORE_EVENTS,
    BEFORE_MACHINES,
    CONTINUITY,
    HEARTBEAT,
    INSTRUCTING,
    LIMIT,
    MACHINE_CONFIG,
    META,
    ODIN4,
    OLD_CONFIG,
    REPOSITORIES,
    SUBAGENTS,
    VERIFICATION,
    Supervisors,
    built,
    command,
    subagent,
)
from tests.world import World

pytestmark = pytest.mark.whole

PROJECTS = REPOSITORIES[1:]
BLOCK = re.compile(r"<!-- rollout:begin (\w+) -->\n.*?<!-- rollout:end \1 -->\n?", re.DOTALL)
HEAD = re.compile(r"\A<!-- .* -->\n\n")
ALL_WRITTEN = {"shared": "written"} | dict.fromkeys(REPOSITORIES, "pushed")


@pytest.fixture
def supervisors(tmp_path: Path) -> Supervisors:
    return built(tmp_path / "sv")


@pytest.fixture(scope="module")
def agreed(tmp_path_factory: pytest.TempPathFactory) -> Supervisors:
    """The world after one apply, for all tests that only read it."""
    with pytest.MonkeyPatch.context() as patch:
        place = tmp_path_factory.mktemp("agreed")
        (place / "home").mkdir()
        seal(place / "home", patch)
        made = built(place / "sv")
        done = made.run("apply", "-y", "--adopt", "--json")
        assert (done.code, done.outcomes()) == (0, ALL_WRITTEN), done.err
        assert set(made.run("plan", "--json").states().values()) == {"in-sync"}
    return made


@pytest.fixture
def rolled_out(agreed: Supervisors, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Supervisors]:
    """The same world with the state of its apply, for a test that goes on; it is put down again afterwards."""
    place, kept = agreed.world.root.parent, tmp_path / "kept"
    shutil.copytree(place, kept, symlinks=True)
    seal(place / "home", monkeypatch)
    yield agreed
    shutil.rmtree(place)
    kept.rename(place)


# --- what agents load


def test_what_agents_load_is_what_the_users_own_program_makes_of_the_same_parts(agreed: Supervisors) -> None:
    for name in REPOSITORIES:
        loaded, his = agreed.text(name, "CLAUDE.md"), agreed.assembled(name)
        assert HEAD.sub("", loaded) == re.sub(r"\A(<!--.*?-->\n)+\n", "", his, flags=re.DOTALL), name


def test_a_change_of_any_part_is_in_every_claude_md_after_one_apply(rolled_out: Supervisors) -> None:
    rolled_out.world.elsewhere(META, {".supervisor-core/02-workflow.md": "# Workflow\n\nAnother one.\n"})
    done = rolled_out.run("apply", "-y", "--json")
    assert (done.code, done.outcomes()) == (0, {"shared": "unchanged"} | dict.fromkeys(REPOSITORIES, "pushed"))
    for name in REPOSITORIES:
        assert "\n\nAnother one.\n\n" in rolled_out.text(name, "CLAUDE.md")


def test_ours_is_little_and_replaces_more_than_it_adds(rolled_out: Supervisors, tmp_path: Path) -> None:
    assert len(built(tmp_path / "before").assembled(META)) == 41_075
    planned = {one["name"]: one for one in rolled_out.run("plan", "--json").json["targets"]}
    for name in REPOSITORIES:
        loaded = rolled_out.text(name, "CLAUDE.md")
        head = HEAD.match(loaded)
        ours = sum(len(found[0]) for found in BLOCK.finditer(loaded)) + len(head[0] if head else "")
        assert 500 < ours <= 5_000
        (budget,) = planned[name]["budgets"]
        assert (budget["name"], budget["chars"], budget["max_chars"]) == ("session", len(loaded), LIMIT)
        assert len(loaded) <= LIMIT
        assert len(rolled_out.assembled(name)) <= LIMIT


def test_over_the_limit_nothing_is_written(supervisors: Supervisors) -> None:
    supervisors.world.elsewhere(META, {".supervisor-core/06-terminology.md": "x" * LIMIT})
    done = supervisors.run("apply", "-y", "--adopt", "--json")
    assert (done.code, done.outcomes()) == (3, {"shared": "written"} | dict.fromkeys(REPOSITORIES, "blocked"))
    assert "budget session" in done.reasons()["consilio-s"]


def test_nothing_that_the_user_needs_is_lost(agreed: Supervisors) -> None:
    needed = [
        "🔄 **Session Auto-Registered**",
        "✅ Instance: `",
        "✅ Registered: [id]@[machine]",
        "mcp_meta_register_instance",
        "Instance: {id}@{machine} | Epic: {epic} | Context: {%}% | Active: {hours}h",
        "resume {id}",
        "Every 5 to 10 responses: context percent, epic, time",
        "mcp_meta_emit_event",
        "instance_id, event_type, event_data",
        "mcp_meta_smart_resume_context",
        "file reads, greps, routine checks",
        "docs/guides/session-continuity-guide.md",
        "docs/guides/ps-event-logging-guide.md",
        "HOST_MACHINE",
        "PostgreSQL 5434, MCP server 8081, tunnels, secrets, port allocation",
        "localhost:5434",
        "odin3:5434",
    ]
    for name in (META, "consilio-s", "health-agent-s", "odin-s"):
        loaded = agreed.text(name, "CLAUDE.md")
        assert [words for words in needed if words not in loaded] == [], name
        assert "INSERT INTO command_log" not in loaded


def test_agents_are_asked_for_what_hooks_cannot_see_and_for_nothing_else(agreed: Supervisors) -> None:
    read = [agreed.text(name, "CLAUDE.md") for name in REPOSITORIES]
    read += [agreed.shared(f".claude/commands/subagents/{name}.md") for name in SUBAGENTS]
    asked = {kind for text in read for kind in re.findall(r'log_event "(\w+)"', text)}
    assert asked == {"goal", "decision", "attempt_failed", "blocked", "deploy_failed"}
    for text in read[: len(REPOSITORIES)]:
        assert {"goal", "decision", "attempt_failed", "blocked"} <= {*re.findall(r'log_event "(\w+)"', text)}


# --- what somebody wrote around it


def around(text: str) -> tuple[str, ...]:
    """Return what stands before and after our block, which is there once."""
    (found,) = BLOCK.finditer(text)
    return text[: found.start()], text[found.end() :]


def test_the_rules_for_all_supervisors_are_kept_to_the_byte(agreed: Supervisors) -> None:
    assert around(agreed.text(META, CONTINUITY)) == (BEFORE_EVENTS, "\n" + AFTER_EVENTS)


def test_the_machine_configurations_are_kept_to_the_byte_in_every_form(agreed: Supervisors) -> None:
    after = "\n" + HEARTBEAT + VERIFICATION
    for name in (META, "consilio-s", "odin-s"):
        assert around(agreed.text(name, MACHINE_CONFIG)) == (BEFORE_MACHINES, after), name
    raw = agreed.world.root / "health-agent-s" / MACHINE_CONFIG
    kept = raw.read_bytes().decode()
    assert kept.count("\r\n") == kept.count("\n")
    assert around(kept.replace("\r\n", "\n")) == (BEFORE_MACHINES, after)
    assert around(agreed.text("openhorizon-s", MACHINE_CONFIG)) == ("", "")


def test_what_is_written_around_a_block_later_stays_too(rolled_out: Supervisors) -> None:
    text = rolled_out.text("consilio-s", MACHINE_CONFIG)
    added = f"## Event Logging\n\nmine\n\n{text}\n## Machines\n\nmine, too\n"
    rolled_out.world.elsewhere("consilio-s", {MACHINE_CONFIG: added})
    done = rolled_out.run("apply", "-y", "--json", "--limit", "consilio-s")
    assert (done.code, done.outcomes()) == (0, {"consilio-s": "pushed"})  # CLAUDE.md holds it, too
    assert "shared is on odin4, laptop, too; run there: rollout apply --limit shared" in done.err
    assert rolled_out.text("consilio-s", MACHINE_CONFIG) == added


def test_the_tool_that_hands_out_subagents_reads_them_as_before(agreed: Supervisors) -> None:
    names = ("TASK_DESCRIPTION", "PROJECT_PATH", "CONTEXT", "EPIC_ID", "PLAN_FILE", "VALIDATION_COMMANDS")
    values = {name: f"the {name}" for name in names}
    for name in SUBAGENTS:
        before, after = subagent(name), agreed.shared(f".claude/commands/subagents/{name}.md")
        was, now = command(before, values), command(after, values)
        assert was is not None
        assert now is not None
        assert was[0] == now[0]
        assert around(after) == (
            before.partition("## Event Logging")[0],
            "\n## Result" + before.partition("## Result")[2],
        )
        assert "{{" not in now[1]


# --- what still says the old thing


def test_verify_lists_what_still_instructs_and_no_record(rolled_out: Supervisors) -> None:
    found = rolled_out.run("verify", "--json")
    assert found.code == 2
    told = {one["name"]: one["mismatches"] for one in found.json["targets"]}
    assert {wrong["where"] for wrongs in told.values() for wrong in wrongs} == {"forbidden"}
    assert {name: {wrong["path"] for wrong in wrongs} for name, wrongs in told.items() if wrongs} == {
        name: {*paths} for name, paths in INSTRUCTING.items()
    }
    for name, paths in INSTRUCTING.items():
        if name in REPOSITORIES:
            rolled_out.world.elsewhere(name, dict.fromkeys(paths))
        else:
            for path in paths:
                (rolled_out.world.root / path).unlink()
    assert rolled_out.run("verify").code == 0


# --- order and collisions


def test_hooks_never_arrive_before_their_script(supervisors: Supervisors) -> None:
    refused = supervisors.run("apply", "-y", "--json")
    assert refused.code == 4
    assert supervisors.world.log("consilio-s") == ["first"]
    (supervisors.world.root / ".claude/helpers/event-hook.sh").mkdir(parents=True)
    blocked = supervisors.run("apply", "-y", "--adopt", "--json")
    assert blocked.code == 3
    assert blocked.outcomes() == {"shared": "blocked"} | dict.fromkeys(REPOSITORIES, "not-started")
    assert "needs shared, which is blocked" in blocked.reasons()["odin-s"]
    alone = supervisors.run("apply", "-y", "--adopt", "--json", "--limit", "projects")
    assert (alone.code, alone.outcomes()) == (3, dict.fromkeys(PROJECTS, "not-started"))
    assert [supervisors.world.at(name, ".claude/settings.json") for name in REPOSITORIES] == [None] * 5
    (supervisors.world.root / ".claude/helpers/event-hook.sh").rmdir()
    done = supervisors.run("apply", "-y", "--adopt", "--json")
    assert (done.code, next(iter(done.outcomes()))) == (0, "shared")


def test_commits_of_ones_own_that_meet_the_rollout_are_named_with_their_path(supervisors: Supervisors) -> None:
    """Three of five checkouts had such a commit; the next pull ended in a conflict that nobody had been told of."""
    world = supervisors.world
    made = {
        "openhorizon-s": world.commit("openhorizon-s", {MACHINE_CONFIG: OLD_CONFIG}, "machine config"),
        "odin-s": world.commit("odin-s", {"CLAUDE.md": "# mine\n"}, "regenerate"),
        META: world.commit(META, {CONTINUITY: "# mine\n"}, "slimmer"),
    }
    paths = {"openhorizon-s": MACHINE_CONFIG, "odin-s": "CLAUDE.md", META: CONTINUITY}
    planned = supervisors.run("plan", "--json").json["targets"]
    met = {one["name"]: [(c["path"], c["commit"]) for c in one["collides"]] for one in planned if one["collides"]}
    assert met == {name: [(paths[name], commit)] for name, commit in made.items()}
    done = supervisors.run("apply", "-y", "--adopt")
    status = {one["name"]: one["reason"] for one in supervisors.run("status", "--json").json["targets"]}
    for name, commit in made.items():
        told = f"your own commit {commit[:7]}"
        touched = f"touches {paths[name]}"
        assert re.search(f"{name}[^\n]*{told}[^\n]*{touched}", done.out), done.out
        assert (told in status[name], touched in status[name]) == (True, True)


def test_on_another_machine_the_shared_folder_is_rolled_out_and_a_checkout_that_is_not_there_is_no_error(
    rolled_out: Supervisors, tmp_path: Path
) -> None:
    top = rolled_out.world.root
    there = Supervisors(World(tmp_path / "odin4"))
    there.world.root.mkdir()
    rolled_out.world.git(top, "clone", "-q", str(top / f"{META}.git"), str(there.world.root / META))
    before = there.run("status", "--json", host=ODIN4)
    assert (before.code, before.states()) == (0, {META: "in-sync", "shared": "pending"})
    assert "left out because they are on other machines: consilio-s (odin3), health-agent-s (odin3)" in before.err
    done = there.run("apply", "-y", "--limit", "shared", host=ODIN4)
    assert done.code == 0
    assert "shared is on odin3, laptop, too; run there: rollout apply --limit shared" in done.err
    hook = re.findall(r'\\"(\S+/event-hook\.sh)\\"', (there.world.root / META / ".claude/settings.json").read_text())[0]
    assert (there.world.root / Path(hook).relative_to("/home/samuel/sv")).stat().st_mode & 0o111
