"""How much of what happens the hooks store: python benchmarks/events_capture.py [TURNS]

Three sessions at once in one shared root, each in a repository of its own, call the rolled-out hooks as an agent does;
their transcripts and git's own record are what `rollout events health` compares the store with.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # the templates are rendered as the tests render them

from rollout.demo.postgres.running import embedded_postgres
from rollout.demo.postgres.server import Server
from rollout.events.database import connected
from rollout.events.event_types import shipped_types, store_types
from rollout.events.health import KINDS, MIN_RATE, Capture, Health, health
from rollout.events.migrations import migrate
from tests.events.render import render_shared
from tests.events.shells import base_environment

SESSIONS = 3


@dataclass
class Session:
    """An agent at work in a repository of its own; what it does goes into its transcript, as an agent's does."""

    root: Path
    environment: dict[str, str]
    number: int
    chance: random.Random
    lines: list[str] = field(default_factory=list)

    @property
    def instance(self) -> str:
        return f"bench-PS-{self.number:06x}"

    @property
    def folder(self) -> Path:
        return self.root / f"repository-{self.number}"

    @property
    def transcript(self) -> Path:
        return self.root / f"{self.number}.jsonl"

    def work(self, turns: int) -> None:
        self.folder.mkdir()
        # Each repository's commits are its own: equal ones of one second would be one commit, and one event.
        self.run(f"git init -q -b main . && git commit -q --allow-empty -m 'first of {self.number}'")
        time.sleep(1.1)  # git notes whole seconds, and what was before the session is not its own
        self.hook("SessionStart", source="startup")
        for turn in range(turns):
            said = f'do {turn}: "it\'s" \\ é\n'
            self.hook("UserPromptSubmit", prompt=said)
            self.tell("user", said)
            for _ in range(self.chance.randint(1, 3)):
                self.chance.choice((self.commit, self.commit, self.spawn, self.deploy, self.request))(turn)
            self.hook("Stop")
        self.transcript.write_text("\n".join(self.lines) + "\n")

    def hook(self, event: str, **payload: object) -> None:
        base = {"session_id": self.instance, "transcript_path": str(self.transcript), "cwd": str(self.folder)}
        command = (str(self.root / ".claude/helpers/event-hook.sh"), event, "bench", "PS")
        given = json.dumps(base | {"hook_event_name": event} | payload).encode()
        environment = self.environment | {"INSTANCE_ID": self.instance}
        subprocess.run(command, input=given, env=environment, cwd=self.folder, check=True, stdout=subprocess.DEVNULL)

    def run(self, command: str) -> None:
        subprocess.run(("bash", "-c", command), env=self.environment, cwd=self.folder, check=True)

    def tell(self, kind: str, content: object) -> None:
        entry = {"type": kind, "timestamp": datetime.now(UTC).isoformat(), "message": {"content": content}}
        self.lines.append(json.dumps(entry))

    def called(self, command: str, stdout: str = "") -> None:
        own = f"t{len(self.lines)}"
        self.tell("assistant", [{"type": "tool_use", "id": own, "name": "Bash", "input": {"command": command}}])
        self.tell("user", [{"type": "tool_result", "tool_use_id": own, "content": stdout}])
        self.hook(
            "PostToolUse", tool_name="Bash", tool_input={"command": command}, tool_response={"stdout": stdout}
        )  # fmt: skip

    def commit(self, turn: int) -> None:
        self.run(f"git commit -q --allow-empty -m 'step {turn}'")
        self.called("git commit")

    def spawn(self, turn: int) -> None:
        own = f"t{len(self.lines)}"
        self.tell("assistant", [{"type": "tool_use", "id": own, "name": "Task", "input": {}}])
        given = {"description": f"step {turn}", "subagent_type": "haiku"}
        self.hook("PostToolUse", tool_name="Task", tool_use_id=own, tool_input=given, tool_response={})

    def deploy(self, turn: int) -> None:
        self.called(f"cd . && N={turn} make deploy")

    def request(self, turn: int) -> None:
        self.called("gh pr create --fill", f"https://git.example.org/o/r/pull/{turn}\n")


def main(turns: int) -> None:
    with tempfile.TemporaryDirectory() as folder, embedded_postgres() as server:
        report(compared(Path(folder), server, turns))


def compared(folder: Path, server: Server, turns: int) -> list[Health]:
    """Let the sessions work at once, deliver what waits, and compare."""
    with connected(server.create_database("bench")) as connection:
        migrate(connection)
        store_types(connection, shipped_types())
        root = render_shared(folder / "sv")
        environment = {**base_environment(folder, folder / "spool"), **server.environment("bench")}
        environment["PATH"] = f"{server.bin}:{os.environ['PATH']}"
        environment |= {f"GIT_{who}_{what}": "p@x" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
        sessions = [Session(root, environment, number, random.Random(number)) for number in range(SESSIONS)]
        with ThreadPoolExecutor(SESSIONS) as pool:
            list(pool.map(lambda session: session.work(turns), sessions))
        subprocess.run((str(root / ".claude/helpers/log-event.sh"), "--flush"), env=environment, check=True)
        later = datetime.now(UTC) + timedelta(minutes=1)
        return [health(connection, session.instance, Capture(), later) for session in sessions]


def report(found: list[Health]) -> None:
    print("| type | happened | stored | rate | goal |", "|---|---|---|---|---|", sep="\n")
    for kind in KINDS:
        rates = [rate for one in found for rate in one.rates if rate.kind == kind]
        happened = sum(rate.happened for rate in rates)
        if happened:
            stored = happened - sum(len(rate.missing) for rate in rates)
            print(f"| {kind} | {happened} | {stored} | {stored / happened:.1%} | >= {MIN_RATE:.0%} |")


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else 20)
