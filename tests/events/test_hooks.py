"""The hooks: simulated payloads for every event; commits from git itself; fast, silent, and never in the way."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

import psycopg
import pytest

from rollout.demo.postgres.server import Server
from tests.events.databases import ask
from tests.events.render import render_project, render_shared
from tests.events.shells import base_environment, database_of, silent_server, slack, stored
from tests.events.test_helper_promises import wait_until
from tests.first_rows import first_rows

SESSION = "9C2F41AA-77b1-4d0e-9a53-0d5ef7a0a1b2"

INSTANCE = "consilio-PS-9c2f41"

LIMIT = 0.2


@dataclass(frozen=True, slots=True)
class Agent:
    """An agent in a repository whose settings name the hooks."""

    root: Path
    environment: dict[str, str]
    settings: dict[str, list[dict[str, object]]]
    session: str = SESSION
    cwd: Path = field(default=Path("/"))

    def hook(self, event: str, **payload: object) -> subprocess.CompletedProcess[str]:
        """Call the hook of an event as the agent does: the command of the settings, JSON on standard input."""
        base = {
            "session_id": self.session,
            "transcript_path": "/t.jsonl",
            "cwd": str(self.cwd),
            "hook_event_name": event,
        }
        return self.send(event, json.dumps(base | payload))

    def send(self, event: str, text: str) -> subprocess.CompletedProcess[str]:
        [command] = [
            hook["command"]
            for entry in self.settings[event]
            for hook in entry["hooks"]  # type: ignore[attr-defined]  # JSON
        ]
        return subprocess.run(
            ("/bin/sh", "-c", str(command)),
            input=text,
            capture_output=True,
            text=True,
            env=self.environment,
            cwd=self.cwd,
            timeout=30,
        )

    def bash(self, command: str, event: str = "PostToolUse") -> subprocess.CompletedProcess[str]:
        """Run a command in the repository, as the agent's tool would, then call the hook."""
        done = subprocess.run(
            ("bash", "-c", command), cwd=self.cwd, env=self.environment, capture_output=True, text=True
        )
        answer = {"tool_response": {"stdout": done.stdout}} if event == "PostToolUse" else {"error": "exit 1"}
        return self.hook(event, tool_name="Bash", tool_input={"command": command}, **answer)

    def git(self, *words: str, cwd: Path | None = None) -> str:
        command = ("git", *words)
        return subprocess.run(
            command, cwd=cwd or self.cwd, env=self.environment, check=True, capture_output=True, text=True
        ).stdout.strip()

    def repository(self, name: str) -> Path:
        folder = self.root / name
        folder.mkdir(parents=True)
        self.git("init", "-q", "-b", "main", ".", cwd=folder)
        self.git("commit", "-q", "--allow-empty", "-m", "before the session", cwd=folder)
        return folder


@pytest.fixture
def agent(tmp_path: Path, postgres: Server, event_store: str) -> Agent:
    root = tmp_path / "sv"
    render_shared(root)
    environment = {**base_environment(tmp_path, tmp_path / "spool"), **postgres.environment(database_of(event_store))}
    environment |= {"PATH": f"{postgres.bin}:{environment['PATH']}"}
    environment |= {
        f"GIT_{who}_{what}": "pat@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
    }
    del environment["INSTANCE_ID"]
    settings = json.loads(render_project(root, ".claude/settings.json.j2"))["hooks"]
    made = Agent(root, environment, settings)
    return replace(made, cwd=made.repository("consilio-s"))


def patience() -> float:
    """Return the limit of a hook, longer by as much as others keep the processors busy."""
    return LIMIT * slack()


def told(url: str, count: int, instance: str = INSTANCE) -> list[tuple[str, dict[str, object]]]:
    """Wait until `number` events have been delivered in the background, and return them."""
    wait_until(lambda: len(stored(url, instance=instance)) >= count)
    rows = ask(
        url, "SELECT event_type, event_data FROM event_store WHERE instance_id = %s ORDER BY sequence_num", instance
    )
    return [(str(row[0]), dict(row[1])) for row in rows]


def commits(url: str, count: int, instance: str = INSTANCE) -> list[str]:
    """Wait for this many commits, and a moment more for one too many; return their messages."""
    wait_until(lambda: stored(url, instance=instance).count("commit") >= count)
    time.sleep(0.1)
    return [str(data["message"]) for kind, data in told(url, count, instance) if kind == "commit"]


# --- what each event logs -------------------------------------------------------------------------


def test_a_session_start_registers_the_instance_and_says_its_name(agent: Agent, event_store: str) -> None:
    done = agent.hook("SessionStart", source="startup")
    [(kind, data)] = told(event_store, 1)
    with psycopg.connect(event_store) as connection:
        session = connection.execute("SELECT project, instance_type, status FROM supervisor_sessions").fetchone()
    assert (kind, data["project"], data["instance_type"], data["source"]) == (
        "instance_registered",
        "consilio",
        "PS",
        "startup",
    )
    assert session == ("consilio", "PS", "active")
    assert done.stdout.startswith(f"🔄 **Session Auto-Registered**\n✅ Instance: `{INSTANCE}`\n")
    assert (data["transcript_path"], data["cwd"]) == ("/t.jsonl", str(agent.cwd))
    assert [type(data[name]) for name in ("pid", "pid_start")] == [int, int]


def test_the_lines_that_agents_look_for_are_the_inventorys(agent: Agent) -> None:
    lines = {"session_registered_line": "it's registered", "session_instance_line": "id: INSTANCE_ID"}
    render_shared(agent.root, **lines)
    assert agent.hook("SessionStart", source="startup").stdout.startswith(f"it's registered\nid: {INSTANCE}\n")


def test_later_commands_of_the_agent_are_given_the_instance(agent: Agent, tmp_path: Path) -> None:
    agent.environment["CLAUDE_ENV_FILE"] = str(tmp_path / "env")
    for name in ("PGHOST", "PGPORT", "PGUSER", "PGDATABASE"):
        del agent.environment[name]
    agent.environment["ROLLOUT_HOSTNAME"] = "gcp-odin4-vm"
    agent.hook("SessionStart", source="startup")
    given = subprocess.run(
        ("bash", "-c", f". {tmp_path}/env; env | grep -E '^(PG|INST)' | sort"), env={}, capture_output=True, text=True
    )
    assert given.stdout.split() == [
        f"INSTANCE_ID={INSTANCE}",
        "PGCONNECT_TIMEOUT=10",
        "PGDATABASE=supervisor_service",
        "PGHOST=odin3",
        "PGPORT=5434",
        "PGUSER=supervisor",
    ]


def test_an_unknown_host_gives_commands_the_instance_alone(agent: Agent, tmp_path: Path) -> None:
    agent.environment.update(CLAUDE_ENV_FILE=str(tmp_path / "env"), ROLLOUT_HOSTNAME="build-server-7")
    del agent.environment["PGHOST"]
    agent.hook("SessionStart", source="startup")
    assert (tmp_path / "env").read_text() == f"export INSTANCE_ID='{INSTANCE}'\n"


def test_an_instance_of_ones_own_is_kept(agent: Agent, event_store: str) -> None:
    agent.environment["INSTANCE_ID"] = "consilio-PS-000abc"
    agent.hook("UserPromptSubmit", prompt="hello")
    assert told(event_store, 1, "consilio-PS-000abc") == [("user_message", {"content": "hello"})]


def test_sessions_whose_ids_begin_with_the_time_are_told_apart(agent: Agent) -> None:
    ids = ("0199a1b2-c3d4-7abc-8def-0123456789ab", "0199a1b2-c3d9-7fff-9def-ba9876543210")
    said = [replace(agent, session=one).hook("SessionStart", source="startup").stdout for one in ids]
    assert [text.splitlines()[1] for text in said] == [
        "✅ Instance: `consilio-PS-6789ab`",
        "✅ Instance: `consilio-PS-543210`",
    ]


@pytest.mark.parametrize(
    ("project", "instance"),
    [
        ("My_Project", "my-project-PS-9c2f41"),
        (".dotted.name.", "dotted-name-PS-9c2f41"),
        ("a-name-that-is-much-too-long-for-an-id", "a-name-that-is-much-to-PS-9c2f41"),
    ],
)
def test_a_project_is_written_as_an_instance_id_can_hold_it(
    agent: Agent, event_store: str, project: str, instance: str
) -> None:
    for entry in agent.settings["SessionStart"]:
        for hook in entry["hooks"]:  # type: ignore[attr-defined]  # JSON
            hook["command"] = hook["command"].replace("consilio", project)
    done = agent.hook("SessionStart", source="startup")
    assert (done.stdout.splitlines()[1], done.stderr) == (f"✅ Instance: `{instance}`", "")
    assert told(event_store, 1, instance)[0][0] == "instance_registered"


PROMPTS = [
    "implement auth",
    'it\'s "quoted" \\ $(id) `x`',
    "two\nlines\tand\r\n",
    "é 𝄞 中文",
    '{"a": [1]}',
    "",
    "'; DROP--",
]


@pytest.mark.parametrize("ascii_only", [True, False])
def test_a_message_is_kept_as_it_was(agent: Agent, event_store: str, ascii_only: bool) -> None:
    for prompt in PROMPTS:
        payload = {"session_id": SESSION, "cwd": str(agent.cwd), "prompt": prompt}
        agent.send("UserPromptSubmit", json.dumps(payload, ensure_ascii=ascii_only))
    assert told(event_store, len(PROMPTS)) == [("user_message", {"content": prompt}) for prompt in PROMPTS]


def test_a_long_message_is_kept_in_time(agent: Agent, event_store: str) -> None:
    prompt = 'a "long" \\ line\n' * 20_000
    before = time.monotonic()
    agent.hook("UserPromptSubmit", prompt=prompt)
    assert time.monotonic() - before < slack()
    assert told(event_store, 1) == [("user_message", {"content": prompt})]


def task(description: str, **more: object) -> dict[str, object]:
    return {
        "tool_name": "Task",
        "tool_input": {"description": description, "prompt": "Do it", "subagent_type": "haiku"},
        "tool_response": {},
    } | more


def in_flight(url: str) -> list[str]:
    [(found,)] = ask(url, "SELECT event_resume(%s) -> 'subagents_in_flight'", INSTANCE)
    return [spawn["description"] for spawn in found]


def test_a_subagent_is_in_flight_from_its_spawn_to_its_end(agent: Agent, event_store: str) -> None:
    agent.hook("PostToolUse", **task("Implement epic-003", tool_use_id="toolu_1"))
    [(kind, data)] = told(event_store, 1)
    flying = in_flight(event_store)
    agent.hook("SubagentStop", stop_hook_active=False)
    told(event_store, 2)
    assert (kind, data["description"], data["subagent"]) == ("spawn", "Implement epic-003", "haiku")
    assert (flying, in_flight(event_store)) == (["Implement epic-003"], [])


def test_the_subagent_that_ended_is_the_one_that_was_named(agent: Agent, event_store: str) -> None:
    for name in ("one", "two", "three"):
        response = {"status": "async_launched", "agentId": f"agent-{name}"}
        agent.hook("PostToolUse", **task(name, tool_name="Agent", tool_response=response))
    agent.hook("SubagentStop", agent_id="agent-two", agent_type="haiku")
    told(event_store, 4)
    assert in_flight(event_store) == ["one", "three"]


def test_a_subagent_that_was_waited_for_is_not_in_flight(agent: Agent, event_store: str) -> None:
    agent.hook("SubagentStop", agent_id="agent-one")
    agent.hook("PostToolUse", **task("one", tool_response={"status": "completed", "agentId": "agent-one"}))
    told(event_store, 3)
    assert in_flight(event_store) == []


def test_a_subagent_that_could_not_be_spawned_has_failed(agent: Agent, event_store: str) -> None:
    agent.hook("PostToolUseFailure", **task("one", error="no such agent"))
    assert [kind for kind, _ in told(event_store, 2)] == ["spawn", "task_failed"]
    assert in_flight(event_store) == []


def test_the_end_of_a_turn_is_a_checkpoint(agent: Agent, event_store: str) -> None:
    agent.hook("UserPromptSubmit", prompt="é" * 100 + '"\\\n')
    agent.bash("git checkout -qb feature/epic-003; git commit -q --allow-empty -m mine; touch new")
    agent.hook("Stop", stop_hook_active=False)
    kind, data = told(event_store, 4)[-1]
    assert (kind, data["turn"], data["task"]) == ("checkpoint_created", 1, "é" * 20)
    if "branch" in data:  # git was given its time
        assert (data["branch"], data["head"], data["dirty"]) == (
            "feature/epic-003",
            agent.git("rev-parse", "HEAD"),
            1,
        )
    # What the person commits while the agent waits is the person's.
    agent.git("commit", "-q", "--allow-empty", "-m", "theirs")
    agent.hook("UserPromptSubmit", prompt="go on")
    agent.bash("git commit -q --allow-empty -m 'mine, too'")
    assert commits(event_store, 2) == ["mine", "mine, too"]


def words_until(length: int) -> list[str]:
    """Return messages whose JSON has something that may be cut through near this length."""
    ends = ("\\", "C:\\dir", '"', "\n", "é", "👍", "\\u00e9", "\\\\", "\x01")
    return [
        before * "a" + end + after * "z" for end in ends for before in range(length - 13, length) for after in (0, 9)
    ]


@pytest.mark.parametrize("ascii_only", [True, False])
def test_a_task_is_cut_between_characters(agent: Agent, ascii_only: bool) -> None:
    script = agent.root / ".claude/helpers/event-hook.sh"
    begins = script.read_text().partition("begins() {")[2].partition("\n}\n")[0]
    prompts = words_until(120)
    given = "\n".join(json.dumps(prompt, ensure_ascii=ascii_only)[1:-1] for prompt in prompts)
    told = subprocess.run(
        ("bash", "-c", f'. "$1"; LC_ALL=C; begins() {{ {begins}\n}}\n'
         'while IFS= read -r line; do begins "$line" 120; printf \'"%s"\\n\' "$text"; done', "-",
         str(agent.root / ".claude/helpers/log-event.sh")),
        input=given + "\n", capture_output=True, text=True, check=True, env=agent.environment,
    ).stdout.splitlines()  # fmt: skip
    assert len(told) == len(prompts)
    for prompt, line in zip(prompts, told, strict=True):
        task = json.loads(line)
        assert task.encode()
        assert prompt.startswith(task)
        assert len(task) > 100


@pytest.mark.parametrize("prompt", ["look into C:\\x", "the end is \\", "thanks 👍"])
def test_a_short_message_is_the_task_as_it_stands(agent: Agent, event_store: str, prompt: str) -> None:
    agent.hook("UserPromptSubmit", prompt=prompt)
    agent.hook("Stop", stop_hook_active=False)
    assert told(event_store, 2)[-1][1]["task"] == prompt


def test_the_end_of_a_turn_does_not_hide_what_an_agent_said(agent: Agent, event_store: str) -> None:
    agent.hook("Stop")
    told(event_store, 1)
    with psycopg.connect(event_store) as connection:
        said = '{"next": "the tests"}'
        connection.execute("SELECT append_event(%s, 'checkpoint_created', %s)", (INSTANCE, said))
        connection.commit()
        agent.hook("PreCompact", trigger="auto")
        told(event_store, 3)
        row = connection.execute("SELECT event_resume(%s)", (INSTANCE,)).fetchone()
    assert row is not None
    assert (row[0]["last_checkpoint"]["data"], row[0]["last_turn"]["data"]["turn"]) == ({"next": "the tests"}, 0)


def test_a_session_end_is_logged_and_forgotten(agent: Agent, event_store: str, tmp_path: Path) -> None:
    agent.hook("SessionStart", source="startup")
    agent.hook("SessionEnd", reason="logout")
    assert told(event_store, 2)[-1] == ("session_end", {"reason": "logout"})
    assert list((tmp_path / "spool/hooks").glob("session-*")) == []


NONSENSE = ["", "no json", "[]", '{"prompt": "unfinished', '{"prompt": 12}', "\x00\xff{}", '{"a":' * 999]


@first_rows(
    3, "event", ["SessionStart", "UserPromptSubmit", "PostToolUse", "PostToolUseFailure", "SubagentStop", "SessionEnd"]
)
def test_a_payload_that_is_not_understood_does_no_harm(agent: Agent, event: str) -> None:
    for text in NONSENSE:
        done = agent.send(event, text)
        assert (done.returncode, done.stdout == "" or event == "SessionStart") == (0, True)


# --- the resume context ---------------------------------------------------------------------------


def story(agent: Agent, source: str) -> str:
    """Return what a session start prints, asking again while a busy machine is too late."""
    for _ in range(5):
        page = agent.hook("SessionStart", source=source).stdout
        if "# Resume" in page and "not answered yet" not in page:
            return page
        time.sleep(0.5)
    return page


def test_a_new_session_is_given_the_story_of_the_one_before_it(agent: Agent, event_store: str) -> None:
    agent.hook("SessionStart", source="startup")
    agent.hook("UserPromptSubmit", prompt="implement the login page")
    agent.bash("git commit -q --allow-empty -m 'feat: login form'")
    agent.hook("PostToolUse", **task("Review the form"))
    told(event_store, 4)
    page = story(replace(agent, session="11aa22bb-0000"), "startup")
    for expected in (f"# Resume {INSTANCE}", "implement the login page", "feat: login form", "Review the form"):
        assert expected in page
    assert (len(page) < 2000, "consilio-PS-11aa22" in page) == (True, True)


@pytest.mark.parametrize("source", ["resume", "compact"])
def test_a_session_that_goes_on_is_given_its_own_story(agent: Agent, event_store: str, source: str) -> None:
    agent.hook("UserPromptSubmit", prompt="implement the login page")
    told(event_store, 1)
    with psycopg.connect(event_store) as connection:
        connection.execute("INSERT INTO event_store (instance_id, event_type) VALUES ('consilio-PS-zzzzzz', 'commit')")
    page = story(agent, source)
    assert ("implement the login page" in page, told(event_store, 2)[-1][0]) == (True, "session_start")
    # A fact that there is none of has no line.
    bare = [line for line in page.splitlines() if line.rstrip().endswith(":")]
    assert [line for line in bare if "not answered yet" not in line] == []  # a busy machine may be too late


def test_a_database_that_is_silent_delays_no_session(agent: Agent, event_store: str, tmp_path: Path) -> None:
    agent.hook("UserPromptSubmit", prompt="implement the login page")
    told(event_store, 1)
    story(agent, "resume")
    wait_until(lambda: any((tmp_path / "spool/hooks").glob("resume-consilio")))
    with silent_server() as port:
        agent.environment["PGPORT"] = str(port)
        before = time.monotonic()
        done = agent.hook("SessionStart", source="resume")
        spent = time.monotonic() - before
    assert (
        spent < patience() + 0.3 * slack(),
        "what was known before" in done.stdout,
        "implement the login page" in done.stdout,
    ) == (
        True,
        True,
        True,
    )


# --- commits, from git itself ---------------------------------------------------------------------


@pytest.fixture
def started(agent: Agent, event_store: str) -> Agent:
    """A session that has begun, with another repository beside its own."""
    agent.repository("odin-s")
    agent.repository("elsewhere/deep/library")
    agent.git("clone", "-q", ".", str(agent.root / "elsewhere/ahead"))
    agent.git("commit", "-q", "--allow-empty", "-m", "theirs", cwd=agent.root / "elsewhere/ahead")
    agent.hook("SessionStart", source="startup")
    told(event_store, 1)
    return agent


def test_a_commit_is_logged_with_what_git_knows(started: Agent, event_store: str) -> None:
    started.bash('echo 1 >a; echo 2 >b; git add .; git commit -qm "feat: \\"quoted\\" \\\\ é"')
    data = told(event_store, 2)[-1][1]
    assert data == {
        "message": 'feat: "quoted" \\ é',
        "files_changed": 2,
        "hash": started.git("rev-parse", "HEAD"),
        "branch": "main",
        "repository": "consilio-s",
    }


def test_a_subject_is_never_taken_for_the_numbers_that_git_appends(started: Agent, event_store: str) -> None:
    started.bash('git commit -q --allow-empty -m "say:  2 files changed"')
    data = told(event_store, 2)[-1][1]
    assert (data["message"], data["files_changed"]) == ("say:  2 files changed", 0)


WAYS = {
    "one": ("git commit -q --allow-empty -m x1", ["x1"]),
    "compound": (
        "echo a >a && git add a && git commit -qm x1 && echo b >a && git commit -qam x2; git status",
        ["x1", "x2"],
    ),
    "amend": ("git commit -q --allow-empty -m x1; git commit -q --amend --allow-empty -m x2", ["x1", "x2"]),
    "git -C": ("cd /; git -C {root}/odin-s commit -q --allow-empty -m x1", ["x1"]),
    "cd to another repository": ("cd ../odin-s && git commit -q --allow-empty -m x1", ["x1"]),
    "a repository far away": ("git -C '{root}/elsewhere/deep/library' commit -q --allow-empty -m x1", ["x1"]),
    "an alias": ("git -c alias.ci='commit -q --allow-empty' ci -m x1", ["x1"]),
    "a script beside": ("sh ../release.sh", ["x1"]),
    "a subfolder": ("mkdir -p sub/dir; cd sub/dir; git commit -q --allow-empty -m x1", ["x1"]),
    "a detached head": ("git checkout -q --detach; git commit -q --allow-empty -m x1", ["x1"]),
    "a merge": (
        "git checkout -qb topic; git commit -q --allow-empty -m x1; git checkout -q main;"
        " git commit -q --allow-empty -m x2; git merge -q --no-ff -m x3 topic",
        ["x1", "x2", "x3"],
    ),
    "a cherry-pick": (
        "git checkout -qb topic; echo a >a; git add a; git commit -qm x1; git checkout -q main;"
        " git commit -q --allow-empty -m x2; git cherry-pick topic",
        ["x1", "x2", "x1"],
    ),
    "a rebase": (
        "git checkout -qb topic; echo a >a; git add a; git commit -qm x1; git checkout -q main;"
        " git commit -q --allow-empty -m x2; git checkout -q topic; git rebase -q main",
        ["x1", "x2", "x1"],
    ),
    "a revert": ("echo a >a; git add a; git commit -qm x1; git revert --no-edit HEAD", ["x1", 'Revert "x1"']),
    "a work tree": ("git worktree add -q ../tree; cd ../tree; git commit -q --allow-empty -m x1", ["x1"]),
    "an action of somebody's own": ("GIT_REFLOG_ACTION=robot git commit -q --allow-empty -m x1", ["x1"]),
    "a date of long ago": ("GIT_COMMITTER_DATE=2001-01-01T00:00Z git commit -q --allow-empty -m x1", ["x1"]),
    "a new repository": ("git init -q -b main ../new; cd ../new; git commit -q --allow-empty -m x1", ["x1"]),
    "nothing": ("git log -1; git checkout -qb topic; git reset -q --hard HEAD; git stash", []),
    "a fast-forward": ("git pull -q ../elsewhere/ahead main; git checkout -q main", []),
}


_RARE = ("an action of somebody's own", "a date of long ago", "a new repository", "a revert", "a fast-forward")


@first_rows(8, "way", [pytest.param(way, marks=pytest.mark.long) if way in _RARE else way for way in WAYS])
def test_commits_are_found_however_they_were_made_and_logged_once(started: Agent, event_store: str, way: str) -> None:
    command, expected = WAYS[way]
    (started.root / "release.sh").write_text(
        "git commit -q --allow-empty -m x1; cd ../odin-s; git commit -q --allow-empty -m x2\n"
    )
    done = started.bash(command.format(root=started.root))
    started.bash("true")
    started.hook("SessionEnd", reason="other")
    wait_until(lambda: "session_end" in stored(event_store, instance=INSTANCE))
    assert (commits(event_store, len(expected)), done.stdout, done.returncode) == (expected, "", 0)


@pytest.mark.skipif(not shutil.which("bash3.2"), reason="bash 3.2 is not here")
def test_bash_3_2_finds_a_commit_of_the_sessions_first_second(started: Agent, event_store: str) -> None:
    programs = started.root / "programs"
    programs.mkdir()
    (programs / "bash").symlink_to(shutil.which("bash3.2") or "")
    started.environment["PATH"] = f"{programs}:{started.environment['PATH']}"
    while time.time() % 1 > 0.3:
        time.sleep(0.05)
    started.hook("SessionStart", source="startup")
    started.bash("git init -q -b main ../new; cd ../new; git commit -q --allow-empty -m x1")
    assert commits(event_store, 1) == ["x1"]


def test_a_command_that_commits_and_then_fails_is_seen(started: Agent, event_store: str) -> None:
    started.bash("git commit -q --allow-empty -m x1; false", event="PostToolUseFailure")
    assert commits(event_store, 1) == ["x1"]


def test_what_was_committed_before_the_session_is_not_logged(started: Agent, event_store: str) -> None:
    started.bash("true")
    started.hook("SessionEnd", reason="other")
    wait_until(lambda: "session_end" in stored(event_store, instance=INSTANCE))
    assert "commit" not in stored(event_store, instance=INSTANCE)


def test_a_session_that_began_before_the_hooks_were_there_logs_its_fresh_commits(
    agent: Agent, event_store: str
) -> None:
    agent.bash("git commit -q --allow-empty -m x1; git commit -q --allow-empty -m x2")
    assert commits(event_store, 2)[-2:] == ["x1", "x2"]


def person_commits(agent: Agent, name: str, message: str) -> None:
    agent.git("commit", "-q", "--allow-empty", "-m", message, cwd=agent.root / name)


def test_a_persons_commit_beside_the_session_is_theirs(started: Agent, event_store: str) -> None:
    person_commits(started, "odin-s", "theirs, beside")
    started.bash("true")
    started.hook("UserPromptSubmit", prompt="go on")
    started.bash("git -C ../odin-s log -1; git commit -q --allow-empty -m mine")
    person_commits(started, "odin-s", "theirs, after it was named")
    started.bash("git commit -q --allow-empty -m 'mine, too'")
    assert commits(event_store, 2) == ["mine", "mine, too"]


def test_what_was_committed_between_two_sessions_belongs_to_neither(started: Agent, event_store: str) -> None:
    started.bash("git commit -q --allow-empty -m mine")
    person_commits(started, "consilio-s", "theirs")
    later = replace(started, session="11aa22bb-0000")
    later.hook("SessionStart", source="startup")
    later.bash("git commit -q --allow-empty -m second")
    assert commits(event_store, 1) == ["mine"]
    assert commits(event_store, 1, "consilio-PS-11aa22") == ["second"]


def test_another_session_logs_what_is_committed_at_its_home(started: Agent, event_store: str) -> None:
    other = replace(started, session="ffff0000-1111", cwd=started.root / "odin-s")
    other.hook("SessionStart", source="startup")
    subprocess.run(
        ("git", "commit", "-q", "--allow-empty", "-m", "odin's"), cwd=other.cwd, env=started.environment, check=True
    )
    started.bash("git commit -q --allow-empty -m mine")
    other.bash("true")
    assert commits(event_store, 1) == ["mine"]
    assert commits(event_store, 1, "consilio-PS-ffff00") == ["odin's"]


def test_hooks_at_the_same_moment_log_a_commit_once(started: Agent, event_store: str) -> None:
    started.git("commit", "-q", "--allow-empty", "-m", "x1")
    payload = json.dumps({"session_id": SESSION, "cwd": str(started.cwd), "tool_name": "Bash", "tool_input": {}})
    command = shlex.join((str(started.root / ".claude/helpers/event-hook.sh"), "PostToolUse", "consilio", "PS"))
    at_once = [
        subprocess.Popen(("/bin/sh", "-c", command), stdin=subprocess.PIPE, env=started.environment, text=True)
        for _ in range(6)
    ]
    for process in at_once:
        process.communicate(payload)
    time.sleep(0.3)
    assert commits(event_store, 1) == ["x1"]


# --- time, silence, and the settings --------------------------------------------------------------


def test_no_hook_is_slower_than_its_limit_or_says_anything(started: Agent) -> None:
    for number in range(20):
        started.repository(f"repository-{number}")
    calls: dict[str, dict[str, object]] = {
        "SessionStart": {"source": "startup"},
        "UserPromptSubmit": {"prompt": "x" * 10_000},
        "PostToolUse": {"tool_name": "Bash", "tool_input": {"command": "git -C ../repository-1 commit"}},
        "PostToolUseFailure": {"tool_name": "Bash", "tool_input": {"command": "make test"}, "error": "2"},
        "SubagentStop": {},
        "SessionEnd": {"reason": "other"},
    }
    best = {}
    for event, payload in calls.items():
        times = []
        for _ in range(5):
            before = time.monotonic()
            done = started.hook(event, **payload)
            times.append(time.monotonic() - before)
            assert (done.returncode, done.stderr, done.stdout == "" or event == "SessionStart") == (0, "", True)
        best[event] = min(times)
    assert {event: spent for event, spent in best.items() if spent > patience()} == {}


def test_no_hook_waits_for_the_database(started: Agent) -> None:
    with silent_server() as port:
        started.environment["PGPORT"] = str(port)
        before = time.monotonic()
        for _ in range(3):
            started.hook("UserPromptSubmit", prompt="x")
            started.bash("git commit -q --allow-empty -m x")
        assert time.monotonic() - before < 3 * (patience() + 0.3 * slack())


def test_a_spool_that_cannot_be_written_is_said_and_stops_nobody(agent: Agent, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    agent.environment.update({"ROLLOUT_SPOOL": str(tmp_path / "file"), "PGPORT": "1"})
    done = agent.hook("UserPromptSubmit", prompt="hello")
    assert (done.returncode, done.stdout, "LOST" in done.stderr) == (0, "", True)


def test_the_settings_name_every_event_and_a_script_that_is_there(agent: Agent) -> None:
    commands = [
        shlex.split(str(hook["command"]))
        for entries in agent.settings.values()
        for entry in entries
        for hook in entry["hooks"]  # type: ignore[attr-defined]  # JSON
    ]
    assert sorted(agent.settings) == [
        "PostToolUse",
        "PostToolUseFailure",
        "PreCompact",
        "SessionEnd",
        "SessionStart",
        "Stop",
        "SubagentStop",
        "UserPromptSubmit",
    ]
    assert all(os.access(words[0], os.X_OK) and words[2:] == ["consilio", "PS"] for words in commands)


def test_the_command_line_hands_over_to_the_script(agent: Agent, event_store: str) -> None:
    code = "from rollout.events.cli import events; events(['hook', 'UserPromptSubmit', 'consilio', 'PS'])"
    import sys

    subprocess.run(
        (sys.executable, "-c", code),
        input=json.dumps({"session_id": SESSION, "prompt": "hi"}),
        cwd=agent.cwd,
        env=agent.environment,
        text=True,
        check=True,
    )
    assert told(event_store, 1) == [("user_message", {"content": "hi"})]
