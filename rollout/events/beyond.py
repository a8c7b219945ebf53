"""Reach the event store through another machine's psql: `events_via: "ssh odin3"`. Data goes by stdin."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rollout.errors import RolloutError
from rollout.events.event import Event
from rollout.events.queries import query
from rollout.events.readable import parse

SECONDS = 60
# Data, integrity and limits: what the database refuses for good.
FOR_GOOD = re.compile(rb"(?:ERROR|FATAL): {1,2}(?:22|23|54|RO)...:")
QUIET_SSH = ("-o", "BatchMode=yes", "-o", "ConnectTimeout=10")


@dataclass(frozen=True, slots=True)
class Beyond:
    """A command that runs another one on another machine, and the connection as seen from there."""

    command: str
    connection: Mapping[str, str]

    def resume(self, instance: str) -> dict[str, object]:
        answer = parse(self._asked("beyond_resume", instance=instance))
        assert isinstance(answer, dict), "the function returns an object"
        return answer

    def newest(self, instance: str, count: int) -> tuple[Event, ...]:
        return self._events(instance, after=0, count=count)

    def after(self, instance: str, position: int) -> tuple[Event, ...]:
        return self._events(instance, after=position, count=100_000)

    def sessions(self, project: str) -> list[list[object]]:
        return self._rows("beyond_sessions", project=project)

    def copy(self, lines: Sequence[bytes]) -> bool:
        """Store the lines in one transaction; False when the database refuses one of them for good."""
        done = self._run(("-c", query("spool_deliver").decode().strip().rstrip(";")), b"".join(lines))
        if done.returncode and FOR_GOOD.search(done.stderr):
            return False
        self._check(done)
        return True

    def _events(self, instance: str, after: int, count: int) -> tuple[Event, ...]:
        rows = self._rows("beyond_events", instance=instance, after=str(after), count=str(count))
        return tuple(Event(*row) for row in rows)

    def _rows(self, name: str, **variables: str) -> list[list[Any]]:
        # Only a line end ends a line: texts hold what Python takes for one, too.
        rows = (parse(line) for line in self._asked(name, **variables).split("\n") if line)
        return [row for row in rows if isinstance(row, list)]

    def _asked(self, name: str, **variables: str) -> str:
        words = [word for key, value in variables.items() for word in ("-v", f"{key}={value}")]
        done = self._run(words, query(name))
        self._check(done)
        return done.stdout.decode()

    def _run(self, words: Sequence[str], given: bytes) -> subprocess.CompletedProcess[bytes]:
        psql = ("psql", "-XAtqw", "-v", "ON_ERROR_STOP=1", "-v", "VERBOSITY=verbose", *words)
        there = shlex.join(("env", *(f"{name}={value}" for name, value in self.connection.items()), *psql))
        first, *rest = shlex.split(self.command)
        quiet = QUIET_SSH if first.rpartition("/")[2] == "ssh" else ()
        try:
            return subprocess.run((first, *quiet, *rest, there), input=given, capture_output=True, timeout=SECONDS)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise RolloutError(f"the event store through {self.command}: {error}") from error

    def _check(self, done: subprocess.CompletedProcess[bytes]) -> None:
        if done.returncode:
            said = done.stderr.decode(errors="replace").strip().splitlines() or [f"exit code {done.returncode}"]
            raise RolloutError(f"the event store through {self.command}: {said[0]}")


def beyond(command: str, place: Mapping[str, object], url: Mapping[str, str]) -> Beyond:
    """Return the way through another machine: `place` is its row, `url` the address in the inventory."""
    wanted = {
        "PGHOST": place.get("pg_host") or url.get("host"),
        "PGPORT": place.get("pg_port") or url.get("port"),
        "PGUSER": url.get("user"),
        "PGDATABASE": url.get("dbname"),
    }
    fixed = {"PGCONNECT_TIMEOUT": "10", "PGCLIENTENCODING": "UTF8", "PGAPPNAME": "rollout"}
    return Beyond(command, fixed | {name: str(value) for name, value in wanted.items() if value})
