"""The jobs of docs/ci.md do what the page says, against real repositories."""

import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.manual.recipes import Machine, scripts
from tests.world import World

REST = ("CI_API_V4_URL", "GITLAB_TOKEN", "CI_PROJECT_ID", "CI_MERGE_REQUEST_IID", "CI_SERVER_HOST")


@pytest.fixture
def reviewed(world: World) -> World:
    """Return the checkout of an inventory whose one target is proposed a change."""
    world.defaults = "defaults: {templates: [project], deliver: review}\nreview: {branch: team}\n"
    world.bare_repo("api")
    return world


@pytest.fixture
def github(reviewed: World) -> Machine:
    known = {
        "secrets.ROLLOUT_TOKEN": "a-token-of-the-app", "github.token": "the-job's-own", "github.event.number": "7",
        "github.event.pull_request.number": "7", "github.workspace": str(reviewed.root),
    }  # fmt: skip
    return Machine(reviewed, known)


@pytest.fixture
def noted() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """Give where GitLab's interface is, and what it is asked."""
    asked: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers["Content-Length"]))
            asked.append({"path": self.path, "token": self.headers["PRIVATE-TOKEN"], **json.loads(content)})
            self.send_response(201)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/api/v4", asked
        server.shutdown()


@pytest.fixture
def gitlab(reviewed: World, noted: tuple[str, list[dict[str, Any]]]) -> Machine:
    values = (noted[0], "glpat-a-group's-own", "5", "9", "gitlab.example")
    state = {"ROLLOUT_STATE_DIR": str(reviewed.root / ".state")}
    return Machine(reviewed, dict(zip(REST, values, strict=True)) | state)


def another_machine(world: World) -> None:
    """Forget what the last job left on its machine."""
    shutil.rmtree(world.root / ".state", ignore_errors=True)


def merged(world: World) -> None:
    """Merge what is proposed as a person does it."""
    world.git("api.git", "update-ref", "refs/heads/main", "refs/heads/rollout/team")


def test_github_comments_the_plan_on_a_pull_request(reviewed: World, github: Machine) -> None:
    assert [one.code for one in github.github("plan")] == [0, 0, 0]
    assert github.notes == [
        "pipx install git-rollout",
        "gh auth setup-git",
        "gh pr comment 7 --edit-last --create-if-none --body-file comment.md",
    ]
    comment = (reviewed.root / "comment.md").read_text()
    assert comment.startswith("What this changes, once it is merged:\n```\n")
    assert "api" in comment
    assert "conf.txt" in comment
    assert comment.endswith("```\n")
    assert reviewed.git("api.git", "branch", "--list", "rollout/*") == ""


def test_github_comments_what_is_blocked_too(reviewed: World, github: Machine) -> None:
    reviewed.entries["gone"] = f"{{url: {reviewed.root}/gone.git}}"
    assert [one.code for one in github.github("plan")] == [0, 0, 0]
    assert "gone" in (reviewed.root / "comment.md").read_text()


def test_a_comment_is_no_longer_than_github_takes(reviewed: World, github: Machine) -> None:
    for number in range(700):
        reviewed.template(f"project/{'long-name-' * 10}{number}", "x\n")
    github.github("plan")
    assert (reviewed.root / "plan.txt").stat().st_size > 65536 > (reviewed.root / "comment.md").stat().st_size


def test_github_applies_what_is_merged_and_does_it_once(reviewed: World, github: Machine) -> None:
    for _ in range(2):
        assert [one.code for one in github.github("apply")] == [0, 0, 0]
        another_machine(reviewed)
    said = reviewed.git("api.git", "log", "--format=%an <%ae>", "main..rollout/team")
    assert said == "rollout <rollout@users.noreply.github.com>"
    assert reviewed.at("api", "conf.txt", "rollout/team") == "hello world\n"


def test_github_finds_drift_and_hands_it_on(reviewed: World, github: Machine) -> None:
    assert drift(github) == (2, 1)  # what waits in a review is a mismatch until it is merged
    github.github("apply")
    merged(reviewed)
    another_machine(reviewed)
    assert drift(github) == (0, 0)
    reviewed.elsewhere("api", {"conf.txt": "theirs\n"})
    another_machine(reviewed)
    assert drift(github) == (2, 1)


def drift(machine: Machine) -> tuple[int, int]:
    """Look for drift; return how the job ended, and how many results it hands on."""
    ended = machine.github("drift")
    document = json.loads((machine.world.root / "rollout.sarif").read_text())
    return ended[-1].code, len(document["runs"][0]["results"])


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_gitlab_comments_the_plan_on_a_merge_request(
    reviewed: World, gitlab: Machine, noted: tuple[str, list[dict[str, Any]]]
) -> None:
    ended = gitlab.gitlab("plan")
    assert [one.code for one in ended] == [0, 0], ended
    (note,) = noted[1]
    assert (note["path"], note["token"]) == ("/api/v4/projects/5/merge_requests/9/notes", "glpat-a-group's-own")
    plan = (reviewed.root / "plan.txt").read_text()
    assert note["body"] == f"What this changes, once it is merged:\n```\n{plan}\n```"
    assert "conf.txt" in plan
    assert gitlab.notes == ["pip install git-rollout"]
    assert not any("glpat" in one.said for one in ended)


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_gitlab_comments_what_is_blocked_and_fails(
    reviewed: World, gitlab: Machine, noted: tuple[str, list[dict[str, Any]]]
) -> None:
    reviewed.entries["gone"] = f"{{url: {reviewed.root}/gone.git}}"
    assert [one.code for one in gitlab.gitlab("plan")] == [1, 0]
    assert "gone" in noted[1][0]["body"]


def test_gitlab_applies_with_the_groups_token_and_finds_drift(reviewed: World, gitlab: Machine) -> None:
    assert [one.code for one in gitlab.gitlab("apply")] == [0]
    assert reviewed.git("api.git", "log", "--format=%an <%ae>", "main..rollout/team") == (
        "rollout <rollout@noreply.gitlab.example>"
    )
    filled = subprocess.run(
        ["git", "credential", "fill"], input="protocol=https\nhost=gitlab.example\n\n", text=True, capture_output=True,
        env={**dict(gitlab.known), "PATH": "/usr/bin:/bin", "HOME": str(Path.home())}, check=True,
    ).stdout  # fmt: skip
    assert "username=oauth2\npassword=glpat-a-group's-own\n" in filled
    merged(reviewed)
    assert [one.code for one in gitlab.gitlab("drift")] == [0]
    reviewed.elsewhere("api", {"conf.txt": "theirs\n"})
    assert [one.code for one in gitlab.gitlab("drift")] == [2]
    assert 'failures="1"' in (reviewed.root / "rollout.xml").read_text()


@pytest.mark.parametrize("script", scripts())
def test_shellcheck_has_nothing_against_a_step(script: str) -> None:
    program = Path(sys.executable).with_name("shellcheck")
    done = subprocess.run(
        [program, "--shell=bash", "--severity=warning", "-"], input=script, text=True, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stdout
