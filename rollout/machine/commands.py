"""Run a person's command within a limit of time; an interrupt ends it, too."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from rollout.machine import waiting

_POLL = 0.2  # seconds between two checks for an interrupt


class Printed(Struct, frozen=True):
    """How a command ended, and what it printed."""

    code: int
    out: bytes
    err: bytes


class CutShort(Exception):
    """A command was killed with its children; the text says why, as the end of a sentence about it."""


def run(
    command: str, limit: float, folder: Path | None = None, environment: Mapping[str, str] | None = None
) -> Printed:
    """Run a command of the shell and return what it said; raise CutShort where it does not end in time."""
    process = subprocess.Popen(
        ["/bin/sh", "-c", command], cwd=folder, env=environment, start_new_session=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    until = time.monotonic() + limit
    with waiting.waiting():
        while True:
            try:
                out, err = process.communicate(timeout=max(0.0, min(_POLL, until - time.monotonic())))
            except subprocess.TimeoutExpired:
                _end_if_over(process, until, limit)
            else:
                return Printed(process.returncode, out, err)


def _end_if_over(process: subprocess.Popen[bytes], until: float, limit: float) -> None:
    interrupted = waiting.interrupted.is_set()
    if not interrupted and time.monotonic() < until:
        return
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    raise CutShort("was interrupted" if interrupted else f"did not answer within {limit:.0f} s")
