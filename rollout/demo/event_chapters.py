"""The demo's last chapters: the event store proved, a session that is killed, and what its successor is told."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rollout.demo.postgres.installation import embedded_installation
from rollout.demo.postgres.running import embedded_postgres
from rollout.demo.postgres.server import Server
from rollout.errors import RolloutError

if TYPE_CHECKING:
    from rollout.demo.story import Story


_REPOSITORY, _INSTANCE = "consilio-s", "consilio-PS-3f81ad"

_EPIC, _TASK, _COMMIT = "epic-003", "write the tests of logout", "feat: login"
# What an agent's shell does until it is killed; the last line is never reached.
_SESSION = f"""\
source "$HELPER"
log_event user_message '{{"content":"implement auth"}}'
log_event epic_start '{{"epic_id":"{_EPIC}","feature":"auth"}}'
log_event spawn '{{"description":"{_TASK}","subagent":"haiku","task_id":"task-7"}}'
log_event commit '{{"message":"{_COMMIT}","hash":"'"$HASH"'","branch":"main"}}'
log_event deploy_start '{{"service":"api","port":5100}}'
echo "deploying ..." && sleep 60
log_event deploy_complete '{{"service":"api"}}'
"""


def tell(story: Story) -> None:
    """Tell the chapters on a PostgreSQL of the demo's own; without one, say so and leave it at that."""
    try:
        embedded_installation()
    except RolloutError as error:
        story.line("")
        story.line(f"The chapters about the event store are left out: {error}")
        return
    with embedded_postgres() as server:
        chapters = _Chapters(story, server)
        chapters.prove()
        chapters.break_off()
        chapters.resume()


@dataclass(frozen=True, slots=True)
class _Chapters:
    story: Story
    server: Server

    def prove(self) -> None:
        """Let the rolled-out script make its ten checks, and verify try every command of the documents."""
        self.story.chapter("The event store", "a PostgreSQL of the demo's own, and the rolled-out test of it")
        self.story.rollout("events", "migrate", **self._environment())
        script = self.story.sandbox.root / "docs/testing/event-store-test.sh"
        self.story.line(self.story.paint(f"$ {script}", "bold"))
        done = subprocess.run(
            [str(script)],
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        self.story.show(done.stdout + done.stderr)
        passed = done.returncode == 0 and "Test 10:" in done.stdout and "All Tests Passed!" in done.stdout
        self.story.check("all ten checks of the event store pass", passed)
        proved = self.story.rollout("verify", "--quiet", **self._environment()) == 0
        self.story.check("verify: every command and query of the documents works on this database", proved)

    def break_off(self) -> None:
        """Run an agent's shell and kill it in the middle of a deployment."""
        self.story.chapter("A session breaks off", f"an agent in {_REPOSITORY} is killed while it deploys")
        for line in _SESSION.splitlines():
            self.story.line("  " + line)
        helper = self.story.sandbox.root / ".claude/helpers/log-event.sh"
        commit = self.story.sandbox.git(self.story.sandbox.root / _REPOSITORY, "rev-parse", "--short", "HEAD")
        agent = subprocess.Popen(
            ["bash", "-c", _SESSION],
            env=self._environment() | {"HELPER": str(helper), "HASH": commit, "INSTANCE_ID": _INSTANCE},
            cwd=self.story.sandbox.root / _REPOSITORY,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        with agent:
            assert agent.stdout is not None, "it was asked for"
            said = agent.stdout.readline().strip()
            os.killpg(agent.pid, signal.SIGKILL)
        self.story.line(f"  {said}")
        self.story.line(self.story.paint(f"$ kill -9 {agent.pid}", "bold"))
        self.story.check("the session is gone without a word of farewell", agent.returncode == -signal.SIGKILL)

    def resume(self) -> None:
        """Ask what was going on, as whoever takes over does."""
        self.story.chapter("Another one takes over", "and is told what was going on, from the events alone")
        code = self.story.rollout("events", "resume", _INSTANCE, **self._environment())
        said = self.story.said
        self.story.check("the open epic is named", code == 0 and _EPIC in said)
        self.story.check("the subagent in flight is named", _TASK in said)
        self.story.check("the last commit is named", _COMMIT in said)
        self.story.check("the deployment without an end is named", "api" in said)

    def _environment(self) -> dict[str, str]:
        """Return the sandbox's environment with the way to this server, and its psql."""
        sealed: Mapping[str, str] = self.story.sandbox.environment()
        return {
            **sealed,
            **self.server.environment(),
            "PATH": f"{self.server.bin}:{sealed['PATH']}",
            "ROLLOUT_DATABASE_URL": self.server.tcp_url_of("postgres"),
            "ROLLOUT_SPOOL": str(self.story.sandbox.folder / "spool"),
            # A busy machine is no broken database.
            "ROLLOUT_LOG_DEADLINE": "10",
        }
