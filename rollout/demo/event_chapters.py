"""The demo's last chapters: the event store proved, a session that is killed, and what its successor is told."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass

from rollout.demo.postgres.installation import embedded_installation
from rollout.demo.postgres.running import embedded_postgres
from rollout.demo.postgres.server import Server
from rollout.demo.sandbox import UNPUSHED
from rollout.demo.stage import Stage

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


def tell(stage: Stage) -> int:
    """Roll out, and tell the chapters on a PostgreSQL of the demo's own; return 0 when everything held."""
    embedded_installation()
    with embedded_postgres() as server:
        chapters = _Chapters(stage, server)
        chapters.roll_out()
        chapters.prove()
        chapters.break_off()
        chapters.resume()
    for failure in stage.failures:
        stage.line(stage.paint(f"✗ {failure}", "red"))
    stage.line("")
    stage.line(f"The demo took {stage.seconds()} seconds. Its folder is {stage.sandbox.folder}; remove it with:")
    stage.say(f"  rm -rf {shlex.quote(str(stage.sandbox.folder))}")
    return 1 if stage.failures else 0


@dataclass(frozen=True, slots=True)
class _Chapters:
    stage: Stage
    server: Server

    def roll_out(self) -> None:
        """Bring the demo's repositories to where the story leaves them: rolled out."""
        self.stage.chapter("Roll out", "The demo's own repositories, in " + str(self.stage.sandbox.folder))
        self.stage.sandbox.build()
        code = self.stage.rollout("apply", "--adopt", "--yes", "--message", "Event store migration")
        self.stage.check("the repositories and the shared folder are rolled out", code == 0)
        self.stage.command(f"git -C {UNPUSHED} pull --rebase")
        self.stage.sandbox.git(self.stage.sandbox.root / UNPUSHED, "pull", "-q", "--rebase")

    def prove(self) -> None:
        """Let the rolled-out script make its ten checks, and verify try every command of the documents."""
        self.stage.chapter(
            "The event store", "A PostgreSQL of the demo's own is started, and the rolled-out script tests it."
        )
        self.stage.rollout("events", "migrate", environment=self._environment())
        script = self.stage.sandbox.root / "docs/testing/event-store-test.sh"
        self.stage.line(self.stage.paint(f"$ {script}", "bold"))
        done = subprocess.run(
            [str(script)],
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        self.stage.show(done.stdout + done.stderr)
        passed = done.returncode == 0 and "Test 10:" in done.stdout and "All Tests Passed!" in done.stdout
        self.stage.check("all ten checks of the event store pass", passed)
        proved = self.stage.rollout("verify", environment=self._environment()) == 0
        self.stage.check("verify: every command and query of the documents works on this database", proved)

    def break_off(self) -> None:
        """Run an agent's shell and kill it in the middle of a deployment."""
        self.stage.chapter("A session breaks off", f"An agent in {_REPOSITORY} is killed while it deploys.")
        for line in _SESSION.splitlines():
            self.stage.line("  " + line)
        helper = self.stage.sandbox.root / ".claude/helpers/log-event.sh"
        commit = self.stage.sandbox.git(self.stage.sandbox.root / _REPOSITORY, "rev-parse", "--short", "HEAD")
        agent = subprocess.Popen(
            ["bash", "-c", _SESSION],
            env=self._environment() | {"HELPER": str(helper), "HASH": commit, "INSTANCE_ID": _INSTANCE},
            cwd=self.stage.sandbox.root / _REPOSITORY,
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
        self.stage.line(f"  {said}")
        self.stage.line(self.stage.paint(f"$ kill -9 {agent.pid}", "bold"))
        self.stage.check("the session is gone without a word of farewell", agent.returncode == -signal.SIGKILL)

    def resume(self) -> None:
        """Ask what was going on, as whoever takes over does."""
        self.stage.chapter("Another one takes over", "It is told what was going on, from the events alone.")
        code = self.stage.rollout("events", "resume", _INSTANCE, environment=self._environment())
        said = self.stage.said
        self.stage.check("the open epic is named", code == 0 and _EPIC in said)
        self.stage.check("the subagent in flight is named", _TASK in said)
        self.stage.check("the last commit is named", _COMMIT in said)
        self.stage.check("the deployment without an end is named", "api" in said)

    def _environment(self) -> dict[str, str]:
        """Return the sandbox's environment with the way to this server, and its psql."""
        sealed: Mapping[str, str] = self.stage.sandbox.environment()
        return {
            **sealed,
            **self.server.environment(),
            "PATH": f"{self.server.bin}:{sealed['PATH']}",
            "ROLLOUT_DATABASE_URL": self.server.tcp_url_of("postgres"),
            "ROLLOUT_SPOOL": str(self.stage.sandbox.folder / "spool"),
            # A busy machine is no broken database.
            "ROLLOUT_LOG_DEADLINE": "10",
        }
