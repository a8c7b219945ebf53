"""What hooks see without an agent's memory: epics, deployments, pull requests, ends that nobody reported."""

from __future__ import annotations

import itertools
import json
import subprocess
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rollout.demo.postgres.server import Server
from tests.events.databases import ask
from tests.events.render import render_project, render_shared
from tests.events.shells import stored
from tests.events.test_helper_promises import wait_until
from tests.events.test_hooks import INSTANCE, Agent, agent, in_flight, task, told
from tests.first_rows import first_rows

__all__ = ["agent"]

OTHER = "11AA22BB-0000"
OTHER_INSTANCE = "consilio-PS-11aa22"


@pytest.fixture
def started(agent: Agent) -> Agent:
    agent.hook("SessionStart", source="startup")
    return agent


def of_kind(url: str, *kinds: str) -> list[tuple[str, dict[str, Any]]]:
    return [(kind, data) for kind, data in told(url, 1) if kind in kinds]


def printed(agent: Agent, command: str, stdout: str = "", event: str = "PostToolUse", **more: object) -> None:
    """Report a command as an agent does, without running it."""
    agent.hook(event, tool_name="Bash", tool_input={"command": command}, tool_response={"stdout": stdout}, **more)


def all_stored(agent: Agent, url: str) -> None:
    """Wait until nothing waits any more; what a busy machine keeps from being stored is stored by the next call."""
    helper, calls = agent.root / ".claude/helpers/log-event.sh", itertools.count(1)

    def stored() -> bool:
        waiting = any(Path(agent.environment["ROLLOUT_SPOOL"]).glob("*.event"))
        if waiting and next(calls) % 100 == 0:
            subprocess.run((str(helper), "--flush"), env=agent.environment, capture_output=True)
        return not waiting

    wait_until(stored)


# --- epics ----------------------------------------------------------------------------------------


def test_an_epic_begins_with_its_branch_and_ends_with_its_merge(started: Agent, event_store: str) -> None:
    started.bash("git checkout -qb feature/epic-003-login")
    started.bash("git commit -q --allow-empty -m x1")
    started.hook("Stop")
    started.bash("git checkout -q main; git merge -q --no-ff -m m feature/epic-003-login")
    all_stored(started, event_store)
    epics = of_kind(event_store, "epic_start", "epic_completed")
    assert [(kind, data["epic_id"], data.get("feature")) for kind, data in epics] == [
        ("epic_start", "epic-003", "login"),
        ("epic_completed", "epic-003", None),
    ]


def test_a_merge_that_only_moves_the_branch_ends_the_epic_too(started: Agent, event_store: str) -> None:
    started.bash("git checkout -qb feature/epic-7; git commit -q --allow-empty -m x1")
    started.bash("git checkout -q main; git merge -q feature/epic-7")
    all_stored(started, event_store)
    assert [kind for kind, _ in of_kind(event_store, "epic_start", "epic_completed")] == [
        "epic_start",
        "epic_completed",
    ]


def test_a_session_that_begins_on_an_epics_branch_works_on_it(agent: Agent, event_store: str) -> None:
    agent.git("checkout", "-qb", "feature/epic-012")
    agent.hook("SessionStart", source="startup")
    all_stored(agent, event_store)
    assert ask(event_store, "SELECT current_epic FROM supervisor_sessions") == [("epic-012",)]


def test_other_branches_are_no_epics_and_the_pattern_is_the_inventorys(agent: Agent, event_store: str) -> None:
    render_shared(agent.root, event_settings={"capture": {"epic_branch": "work/*", "deploy": ["fly launch"]}})
    agent.hook("SessionStart", source="startup")
    agent.bash("git checkout -qb feature/epic-3")
    agent.bash("git checkout -qb work/login")
    printed(agent, "make deploy; cd / && FLY=1 fly launch --now")
    all_stored(agent, event_store)
    shown = of_kind(event_store, "epic_start", "deploy_complete")
    assert [data.get("epic_id") or data["command"] for _, data in shown] == ["login", "fly launch --now"]


# --- deployments ----------------------------------------------------------------------------------

DEPLOYS = {
    "make deploy": ["make deploy"],
    "make deploy ENV=local": ["make deploy ENV=local"],
    "git pull && docker compose up -d --build | tail": ["docker compose up -d --build"],
    "cd ../odin-s && sudo make deploy": ["make deploy"],
    "make deployment; echo make deploy": [],
    "": [],
}


@first_rows(3, "command", DEPLOYS)
def test_a_command_that_deploys_is_a_deployment(started: Agent, event_store: str, command: str) -> None:
    started.repository("odin-s")
    printed(started, command)
    printed(started, command, event="PostToolUseFailure", error='port 5100 is "taken"\n')
    all_stored(started, event_store)
    service = "odin-s" if "odin" in command else "consilio-s"
    shown = [(kind, data["service"], data["command"]) for kind, data in of_kind(event_store, "deploy_complete")]
    failed = [(data["service"], data["message"]) for _, data in of_kind(event_store, "deploy_failed")]
    assert shown == [("deploy_complete", service, said) for said in DEPLOYS[command]]
    assert failed == [(service, 'port 5100 is "taken" ') for _ in DEPLOYS[command]]


# --- pull requests --------------------------------------------------------------------------------

CREATED = {
    "gh": ('gh pr create --title "feat: auth" --body x', "https://github.com/o/r/pull/12\n", "feat: auth"),
    "gitlab": (
        "git push -u origin x",
        "remote: View it:\nremote:   https://gl.example.org/o/r/-/merge_requests/12",
        None,
    ),
    "gitea": (
        "git push",
        "remote: Visit the existing pull request:\nremote:  https://git.example.org/o/r/pulls/12",
        None,
    ),
}


@pytest.mark.parametrize("forge", CREATED)
def test_a_pull_request_is_seen_where_it_is_printed(started: Agent, event_store: str, forge: str) -> None:
    command, said, title = CREATED[forge]
    printed(started, f"git add . && {command}", "x" * 15_000 + "\n" + said)
    printed(started, "git push", said)
    all_stored(started, event_store)
    [(_, data)] = of_kind(event_store, "pr_created")
    assert (data["pr_number"], data["pr_url"], data.get("title")) == (12, said.split()[-1], title)


def test_a_page_to_open_a_request_is_no_request(started: Agent, event_store: str) -> None:
    printed(started, "git push", "remote: https://github.com/o/r/pull/new/feature")
    printed(started, "cat notes", "https://github.com/o/r/pull/12")
    printed(started, "gh pr create", "https://github.com/o/r/pull/13", event="PostToolUseFailure", error="x")
    all_stored(started, event_store)
    assert of_kind(event_store, "pr_created") == []


@pytest.mark.parametrize(
    "command", ["gh pr merge 12 --squash", "gh pr merge --squash", "gh pr merge https://h/o/r/pull/12"]
)
def test_a_merge_names_its_request(started: Agent, event_store: str, command: str) -> None:
    printed(started, "gh pr create", "https://github.com/o/r/pull/12")
    printed(started, command)
    all_stored(started, event_store)
    assert of_kind(event_store, "pr_merged") == [("pr_merged", {"pr_number": 12})]


def test_the_answer_of_a_command_may_be_one_text(started: Agent, event_store: str) -> None:
    started.hook(
        "PostToolUse", tool_name="Bash", tool_input={"command": "gh pr create"}, tool_response="https://h/o/r/pull/3\n"
    )
    all_stored(started, event_store)
    assert [data["pr_number"] for _, data in of_kind(event_store, "pr_created")] == [3]


# --- ends that nobody reported --------------------------------------------------------------------


def left_behind(agent: Agent, url: str) -> None:
    """Let a session begin in a process of its own, which then is gone."""
    other = replace(agent, session=OTHER)
    payload = json.dumps({"session_id": OTHER, "cwd": str(agent.cwd), "source": "startup"})
    hook = agent.root / ".claude/helpers/event-hook.sh"
    subprocess.run(
        ("python3", "-c", "import subprocess, sys; subprocess.run(sys.argv[1:], stdin=sys.stdin)", str(hook),
         "SessionStart", "consilio", "PS"), input=payload.encode(), env=agent.environment, cwd=agent.cwd, check=True,
    )  # fmt: skip
    other.hook("PostToolUse", **task("Implement epic-003"))
    told(url, 2, OTHER_INSTANCE)


def test_a_session_whose_process_is_gone_is_ended_by_the_next_start(agent: Agent, event_store: str) -> None:
    left_behind(agent, event_store)
    heard = ask(event_store, "SELECT last_heartbeat FROM supervisor_sessions WHERE instance_id = %s", OTHER_INSTANCE)
    agent.hook("SessionStart", source="startup")
    ended = told(event_store, 4, OTHER_INSTANCE)[2:]
    assert [(kind, data.get("description")) for kind, data in ended] == [
        ("task_failed", "Implement epic-003"),
        ("session_end", None),
    ]
    assert stored(event_store, "metadata ->> 'ended_by'", OTHER_INSTANCE)[2:] == ["inferred", "inferred"]
    row = ask(
        event_store,
        "SELECT status, closed_at - %s < interval '1 s', last_heartbeat - %s < interval '1 s', "
        "event_resume(instance_id) #>> '{interrupted,0,description}' "
        "FROM supervisor_sessions WHERE instance_id = %s",
        heard[0][0], heard[0][0], OTHER_INSTANCE,
    )  # fmt: skip
    assert row == [("closed", True, True, "Implement epic-003")]
    assert list(Path(agent.environment["ROLLOUT_SPOOL"], "hooks").glob("ended-*")) == []


def test_a_session_that_lives_is_left_alone(agent: Agent, event_store: str) -> None:
    agent.hook("SessionStart", source="startup")
    agent.hook("PostToolUse", **task("Implement epic-003"))
    replace(agent, session=OTHER).hook("SessionStart", source="startup")
    told(event_store, 1, OTHER_INSTANCE)
    time.sleep(0.3)
    assert in_flight(event_store) == ["Implement epic-003"]
    assert "session_end" not in stored(event_store, instance=INSTANCE)


def test_what_another_machine_has_not_been_heard_of_is_ended(agent: Agent, event_store: str) -> None:
    for instance, host, age in (
        ("consilio-PS-000001", "odin4", 3), ("consilio-PS-000002", "odin4", 1), ("odin-PS-000003", "odin4", 3),
    ):  # fmt: skip
        for kind in ("instance_registered", "spawn"):
            ask(
                event_store,
                "SELECT append_event(%s, %s, '{}', %s, occurred_at => now() - %s * interval '1 h')",
                instance, kind, json.dumps({"host": host}), age,
            )  # fmt: skip
    agent.hook("SessionStart", source="startup")
    wait_until(lambda: "session_end" in stored(event_store, instance="consilio-PS-000001"))
    assert stored(event_store, instance="consilio-PS-000001")[2:] == ["task_failed", "session_end"]
    assert ask(event_store, "SELECT instance_id FROM supervisor_sessions WHERE status = 'closed'") == [
        ("consilio-PS-000001",)
    ]


def test_two_that_see_it_end_it_once(event_store: str) -> None:
    ask(event_store, "SELECT append_event('consilio-PS-000001', 'spawn')")
    ended = [ask(event_store, "SELECT event_end_inferred('consilio-PS-000001', 'x')") for _ in range(2)]
    assert ended == [[(2,)], [(0,)]]
    ask(event_store, "SELECT append_event('consilio-PS-000001', 'user_message')")
    assert ask(event_store, "SELECT event_end_inferred('consilio-PS-000001', 'x')") == [(1,)]


# --- another agent --------------------------------------------------------------------------------


def test_codex_calls_the_same_script(agent: Agent, event_store: str, postgres: Server) -> None:
    text = render_project(agent.root, ".codex/hooks.json.j2", set_name="codex")
    codex = replace(agent, settings=json.loads(text)["hooks"])
    common = {"model": "m", "permission_mode": "default", "turn_id": "t1"}
    codex.hook("SessionStart", source="startup", **common)
    codex.hook("UserPromptSubmit", prompt="implement auth", **common)
    codex.bash("git commit -q --allow-empty -m x1")
    codex.hook("SubagentStart", agent_id="a1", agent_type="worker", **common)
    codex.hook("SubagentStop", agent_id="a1", agent_type="worker", **common)
    assert codex.hook("Stop", stop_hook_active=False, **common).stdout == ""
    kinds = [kind for kind, _ in told(event_store, 6)]
    assert kinds == ["instance_registered", "user_message", "commit", "spawn", "task_completed", "checkpoint_created"]
    assert in_flight(event_store) == []


def test_a_commit_that_git_is_too_slow_to_tell_of_is_logged_at_the_end_of_the_turn(
    started: Agent, event_store: str, tmp_path: Path
) -> None:
    slow = tmp_path / "slow"
    slow.mkdir()
    (slow / "git").write_text("#!/bin/sh\nsleep 1\n")
    (slow / "git").chmod(0o755)
    started.git("commit", "-q", "--allow-empty", "-m", "feat: x: y")
    started.environment["PATH"] = f"{slow}:{started.environment['PATH']}"
    started.hook("PostToolUse", tool_name="Bash", tool_input={"command": "true"}, tool_response={"stdout": ""})
    started.hook("Stop")
    all_stored(started, event_store)
    [(_, data)] = of_kind(event_store, "commit")
    assert (data["message"], data["files_changed"], len(data["hash"])) == ("feat: x: y", 0, 40)
