"""Render in a process that can be stopped, and that waits for the next templates when these are done."""

from __future__ import annotations

import atexit
import json
import os
import selectors
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from threading import Lock
from typing import Any

from rollout.content import spelled
from rollout.errors import Place
from rollout.machine import pipes
from rollout.rendering.child_request import ChildRequest
from rollout.rendering.template_fault import TemplateFault, TemplateLimit

SECONDS = 10.0  # wall clock for one template; a person's template takes a millisecond
_MOST = 2  # may wait, for `take` compares two sets: a start costs a hundred times what a template does

_idle: list[subprocess.Popen[bytes]] = []
_idle_lock = Lock()


class Child:
    """One render process for one set of templates, taken when first asked and replaced when it had to be stopped."""

    def __init__(self, templates: Mapping[str, str], seconds: float = SECONDS) -> None:
        self._templates = templates
        self._seconds = seconds
        self._process: subprocess.Popen[bytes] | None = None
        self._begun: subprocess.Popen[bytes] | None = None  # it does not have the templates yet

    def begin(self) -> None:
        """Start the process before it is asked: until it is ready the caller can do something else."""
        if self._process is None and self._begun is None and not waiting():
            with suppress(OSError):  # told where it is asked
                self._begun = _new()

    def ask(self, request: ChildRequest) -> dict[str, Any]:
        try:
            process = self._started()
            _tell(process, request.message)
            line = self._line(process)
        except (BrokenPipeError, EOFError):
            self.close()
            raise TemplateLimit.of(request.name, "template limit: rendering it ended the renderer") from None
        except TimeoutError:
            self.close()
            what = f"template limit: takes more than {self._seconds:.0f} seconds"
            raise TemplateLimit.of(request.name, what) from None
        reply: dict[str, Any] = json.loads(line)
        if reply.get("spent"):
            self.close()
        if "fault" in reply:
            what, place, missing = reply["fault"]
            kind = TemplateLimit if reply.get("spent") else TemplateFault
            raise kind(what, None if place is None else Place(*place), missing)
        return reply

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            begun, self._begun = self._begun, None
            self._process = self._told(begun) if begun else self._waiting() or self._told(_new())
        return self._process

    def _waiting(self) -> subprocess.Popen[bytes] | None:
        """Take the waiting process, unless somebody ended it meanwhile."""
        process = _take()
        try:
            return self._told(process) if process else None
        except (BrokenPipeError, EOFError):
            return None

    def _told(self, process: subprocess.Popen[bytes]) -> subprocess.Popen[bytes]:
        """Give a process the templates and wait until it has them."""
        try:
            _tell(process, {"templates": dict(self._templates)})
            self._line(process)
        except BaseException:
            _end(process)
            raise
        return process

    def _line(self, process: subprocess.Popen[bytes]) -> bytes:
        """Read one line within the time limit; the pipe is unbuffered, so that the selector sees every byte."""
        assert process.stdout is not None
        descriptor = process.stdout.fileno()
        received = bytearray()
        with selectors.DefaultSelector() as selector:
            selector.register(descriptor, selectors.EVENT_READ)
            while not received.endswith(b"\n"):
                if not selector.select(self._seconds):
                    raise TimeoutError
                piece = os.read(descriptor, 1 << 16)
                if not piece:
                    raise EOFError
                received += piece
        return bytes(received)

    def release(self) -> None:
        """Let the process wait for the next set of templates; every request has had its answer."""
        process = self._given_up()
        if process is None:
            return
        with _idle_lock:
            if len(_idle) < _MOST:
                _idle.append(process)
                return
        _end(process)

    def _given_up(self) -> subprocess.Popen[bytes] | None:
        process, self._process, self._begun = self._process or self._begun, None, None
        return process

    def close(self) -> None:
        process = self._given_up()
        if process is not None:
            _end(process)


def _tell(process: subprocess.Popen[bytes], message: Mapping[str, Any]) -> None:
    assert process.stdin is not None
    process.stdin.write(spelled.dumps(message).encode() + b"\n")
    process.stdin.flush()


def _take() -> subprocess.Popen[bytes] | None:
    with _idle_lock:
        return _idle.pop() if _idle else None


def _new() -> subprocess.Popen[bytes]:
    environment = {"PATH": os.defpath, "PYTHONHASHSEED": "0", "LC_ALL": "C.UTF-8"}
    if "PYTHONPATH" in os.environ:
        environment["PYTHONPATH"] = os.environ["PYTHONPATH"]
    return subprocess.Popen(
        # -P: no module is imported from the folder it runs in. Its error output could contain a variable's value.
        [sys.executable, "-P", "-m", "rollout.rendering.child_main"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd="/",
        env=environment,
        start_new_session=True,
    )


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    pipes.close(process)
    process.wait()


def waiting() -> list[int]:
    """Return the ids of the processes that wait."""
    with _idle_lock:
        return [process.pid for process in _idle]


@atexit.register
def end_waiting() -> None:
    while process := _take():
        _end(process)
