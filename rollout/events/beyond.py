"""Reach the event store through another machine's psql: `events_via: "ssh odin3"`. Data goes by stdin."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from selectors import EVENT_READ, DefaultSelector
from tempfile import TemporaryFile
from typing import Any

from rollout.errors import RolloutError
from rollout.events.event import Event
from rollout.events.queries import query
from rollout.events.readable import parse

MOST = 64 << 20  # bytes that it may print
# Data, integrity and limits: what the database refuses for good.
FOR_GOOD = re.compile(rb"(?:ERROR|FATAL): {1,2}(?:22|23|54|RO)...:")
QUIET_SSH = ("-o", "BatchMode=yes", "-o", "ConnectTimeout=10")


@dataclass(frozen=True, slots=True)
class Beyond:
    """A command that runs another one on another machine, and the connection as seen from there."""

    command: str
    connection: Mapping[str, str]
    seconds: float = 60.0  # that it may take

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
            return _bounded((first, *quiet, *rest, there), given, self.seconds)
        except (OSError, subprocess.TimeoutExpired, _TooMuch) as error:
            raise RolloutError(f"the event store through {self.command}: {error}") from error

    def _check(self, done: subprocess.CompletedProcess[bytes]) -> None:
        if done.returncode:
            said = done.stderr.decode(errors="replace").strip().splitlines() or [f"exit code {done.returncode}"]
            raise RolloutError(f"the event store through {self.command}: {said[0]}")


class _TooMuch(Exception):
    """A command prints more than any answer of the event store is."""


def _bounded(command: Sequence[str], given: bytes, seconds: float) -> subprocess.CompletedProcess[bytes]:
    """Run a command within limits of time and output."""
    pipe = subprocess.PIPE
    with TemporaryFile() as told:
        told.write(given)
        told.seek(0)
        with subprocess.Popen(command, stdin=told, stdout=pipe, stderr=pipe) as running:
            try:
                out, err = _printed(running, seconds)
            except BaseException:
                running.kill()
                raise
    return subprocess.CompletedProcess(command, running.returncode, out, err)


def _printed(running: subprocess.Popen[bytes], seconds: float) -> tuple[bytes, bytes]:
    """Return what a command prints until it ends."""
    until = time.monotonic() + seconds
    assert running.stdout is not None
    assert running.stderr is not None
    received = {stream.fileno(): bytearray() for stream in (running.stdout, running.stderr)}
    with DefaultSelector() as selector:
        for descriptor in received:
            selector.register(descriptor, EVENT_READ)
        while selector.get_map():
            if (left := until - time.monotonic()) <= 0:
                raise subprocess.TimeoutExpired(running.args, seconds)
            for key, _ in selector.select(left):
                received[key.fd] += (piece := os.read(key.fd, 1 << 16))
                if not piece:
                    selector.unregister(key.fd)
                if len(received[key.fd]) > MOST:
                    raise _TooMuch(f"prints more than {MOST >> 20} MiB")
    running.wait(max(0.0, until - time.monotonic()))
    out, err = received.values()
    return bytes(out), bytes(err)


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
