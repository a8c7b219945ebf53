"""Run a person's command within limits of time and output; an interrupt ends it, too."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from rollout.machine import pipes, waiting

_POLL = 0.2  # seconds between two checks for an interrupt


class Printed(Struct, frozen=True):
    """How a command ended, and what it printed."""

    code: int
    out: bytes
    err: bytes


class CutShort(Exception):
    """A command was killed with its children; the text says why, as the end of a sentence about it."""


class TooSlow(CutShort):
    """It did not end in time."""


class Bounds(Struct, frozen=True):
    """How long a command may take, and how much it may print: more is nothing that anybody means."""

    seconds: float = 30.0
    bytes: int = 64 << 20


def run(
    command: str, limit: float, folder: Path | None = None, environment: Mapping[str, str] | None = None
) -> Printed:
    """Run a command of the shell and return what it said; raise CutShort where it breaks its bounds."""
    process = subprocess.Popen(
        ["/bin/sh", "-c", command], cwd=folder, env=environment, start_new_session=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    return followed(process, Bounds(limit))


def followed(process: subprocess.Popen[bytes], bounds: Bounds) -> Printed:
    """Read what a process prints until it ends; where that breaks its bounds, end its group and raise CutShort."""
    until = time.monotonic() + bounds.seconds
    try:
        with waiting.waiting():
            printed = _printed(process, bounds, until)
            while process.poll() is None:
                _check(bounds, until)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(_POLL)
        return Printed(process.returncode, *printed)
    except BaseException:
        end(process)
        raise
    finally:
        pipes.close(process)


def _printed(process: subprocess.Popen[bytes], bounds: Bounds, until: float) -> tuple[bytes, bytes]:
    assert process.stdout is not None
    assert process.stderr is not None
    out, err = process.stdout.fileno(), process.stderr.fileno()
    received = {out: bytearray(), err: bytearray()}
    with selectors.DefaultSelector() as selector:
        for descriptor in received:
            selector.register(descriptor, selectors.EVENT_READ)
        while selector.get_map():
            _check(bounds, until)
            for key, _ in selector.select(max(0.0, min(_POLL, until - time.monotonic()))):
                piece = os.read(key.fd, 1 << 16)
                received[key.fd] += piece
                if not piece:
                    selector.unregister(key.fd)
                if len(received[key.fd]) > bounds.bytes:
                    raise CutShort(f"prints more than {bounds.bytes >> 20} MiB")
    return bytes(received[out]), bytes(received[err])


def _check(bounds: Bounds, until: float) -> None:
    if waiting.interrupted.is_set():
        raise CutShort("was interrupted")
    if time.monotonic() >= until:
        raise TooSlow(f"did not answer within {bounds.seconds:.0f} s")


def end(process: subprocess.Popen[bytes]) -> None:
    """End a command and everything that it started."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
