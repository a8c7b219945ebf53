"""A process that has loaded the program and waits to be it: each start is a fork, and no module is loaded again.

What is started is a process of its own, with its own session, streams, folder and environment, and ends as Python ends.
It is handed over to whoever asked (`tests/program.py`), who is its parent from then on. A shell asks by a small program
of the same name (`tests/on_path.py`), which ends as what it started.
"""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import fcntl
import gc
import importlib
import inspect
import io
import json
import marshal
import os
import pkgutil
import signal
import socket
import subprocess
import sys
import tempfile
import termios
import threading
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import rollout
from rollout.cli.main import main
from rollout.rendering import child_main, child_process

_PARENT_DIES = 1  # PR_SET_PDEATHSIG
_RENDER_NOTHING = {"events", "history", "completion", "help", "--help", "--version"}  # first words of a command line


def serve(asked: socket.socket) -> list[str] | None:
    """Start what is asked for until nobody asks; in what is started, return its arguments."""
    while True:
        words, streams, _, _ = socket.recv_fds(asked, 1 << 20, 3)
        if not words:
            return None
        if (arguments := _started(asked, json.loads(words), streams)) is not None:
            return arguments


def serve_all(door: socket.socket) -> list[str] | None:
    """Start what is asked for by whoever comes to a door, and tell them how it ended; in what is started, return."""
    ctypes.CDLL(None).prctl(_PARENT_DIES, signal.SIGKILL, 0, 0, 0)
    while True:
        asked, _ = door.accept()
        words, streams, _, _ = socket.recv_fds(asked, 1 << 20, 3)
        if not words:
            return None
        if os.fork() == 0:
            door.close()
            return _until_it_ends(asked, marshal.loads(words), streams)
        for end in (asked.detach(), *streams):
            os.close(end)
        _reap()


def _reap() -> None:
    """Take note of those that have ended."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _until_it_ends(asked: socket.socket, request: dict[str, object], streams: list[int]) -> list[str]:
    if child_id := os.fork():
        for stream in streams:
            os.close(stream)
        _, status = os.waitpid(child_id, 0)
        code = os.waitstatus_to_exitcode(status)
        asked.send(str(code if code >= 0 else 128 - code).encode())
        os._exit(0)
    return _become(asked, request, streams)


def _started(asked: socket.socket, request: dict[str, object], streams: list[int]) -> list[str] | None:
    """Fork twice: whoever's parent has ended is handed over to the one who asked."""
    heard, told = os.pipe()
    if between := os.fork():
        for end in (*streams, told):
            os.close(end)
        with open(heard) as pipe:
            child = pipe.read()
        os.waitpid(between, 0)
        asked.send(child.encode())
        return None
    if child_id := os.fork():
        os.write(told, str(child_id).encode())
        os._exit(0)
    os.close(heard)
    os.close(told)
    return _become(asked, request, streams)


def _become(asked: socket.socket, request: dict[str, object], streams: list[int]) -> list[str]:
    asked.close()
    os.setsid()
    for place, stream in enumerate(streams):
        os.dup2(stream, place)
        os.close(stream)
    if request["terminal"]:
        take_terminal()
    os.chdir(str(request["folder"]))
    environment = request["environment"]
    assert isinstance(environment, dict)
    os.environ.clear()
    os.environ.update(environment)
    tempfile.tempdir = None  # it may have a TMPDIR of its own
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if "FAULT_FILE" in os.environ:  # what goes wrong, of tests/faults/shim.c
        ctypes.CDLL(None).fault_attach()
    sys.stdin, sys.stdout, sys.stderr = (
        _opened(number, stream) for number, stream in enumerate((sys.stdin, sys.stdout, sys.stderr))
    )
    exec(str(request.get("first", "")), {})
    arguments = request["arguments"]
    assert isinstance(arguments, list)
    return [str(word) for word in arguments]


class _Renderer(subprocess.Popen[bytes]):
    """The process that renders, which waits for its first templates: forked, too."""

    def _execute_child(self, *given: Any, **named: Any) -> None:
        told = told_of(self, given, named)
        self.pid = os.fork()
        if self.pid == 0:
            with contextlib.suppress(BaseException):
                self._be(told)
            os._exit(0)
        self._child_created = True
        close_ends(self, told)

    def _be(self, told: Mapping[str, Any]) -> None:
        os.setsid()
        for place, end in enumerate((told["p2cread"], told["c2pwrite"], told["errwrite"])):
            os.dup2(end, place)
        os.closerange(3, 1 << 10)
        os.chdir(told["cwd"])
        os.environ.clear()
        os.environ.update(told["env"])
        sys.stdin, sys.stdout, sys.stderr = (
            _opened(number, stream) for number, stream in enumerate((sys.stdin, sys.stdout, sys.stderr))
        )
        child_main.main()


def told_of(popen: subprocess.Popen[Any], given: tuple[Any, ...], named: Mapping[str, Any]) -> dict[str, Any]:
    """Return what Python tells about a process that it wants to be started."""
    execute = inspect.signature(getattr(subprocess.Popen, "_execute_child"))  # noqa: B009  # not in the stubs
    return dict(execute.bind(popen, *given, **named).arguments)


def close_ends(popen: subprocess.Popen[Any], told: Mapping[str, Any]) -> None:
    pipes = ("p2cread", "p2cwrite", "c2pread", "c2pwrite", "errread", "errwrite")
    getattr(popen, "_close_pipe_fds")(*(told[name] for name in pipes))  # noqa: B009


def have_renderer() -> None:
    """Have a renderer wait, as after the first templates: where no calls are counted, nobody sees how it came."""
    if "FAULT_FILE" not in os.environ:
        child_process._idle.append(
            _Renderer(
                [], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd="/",
                env={"PATH": os.defpath, "LC_ALL": "C.UTF-8"},
            )
        )  # fmt: skip


def take_terminal() -> None:
    """Make the terminal that is read from the one of this session."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def _opened(number: int, as_before: object) -> io.TextIOWrapper:
    """Open a standard stream as Python does, for what it is connected to now."""
    assert isinstance(as_before, io.TextIOWrapper)
    raw = open(number, "wb" if number else "rb", closefd=False)  # noqa: SIM115  # open until the process ends
    lines = number == 2 or os.isatty(number)
    return io.TextIOWrapper(raw, as_before.encoding, as_before.errors, line_buffering=lines)


@cache
def load() -> None:
    """Load all that a command may load; git is looked at then, and is the same for whoever is forked."""
    gc.disable()  # what is loaded stays
    ours = [module.name for module in pkgutil.walk_packages(rollout.__path__, "rollout.")]
    for name in (*ours, "ruamel.yaml", "git"):
        if not name.endswith(".__main__"):
            importlib.import_module(name)
    gc.collect()
    gc.freeze()  # what is shared by all stays shared
    gc.enable()


def _end(code: object) -> None:
    """End as Python does, but for taking all objects apart: that copies all memory that is shared."""
    if not isinstance(code, int | None):
        return
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    with contextlib.suppress(OSError, ValueError):
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        os._exit(code or 0)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    load()
    served = socket.socket(fileno=int(sys.argv[1]))
    given = (serve_all if served.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN) else serve)(served)
    if given is not None:
        sys.argv = [str(Path(rollout.__file__).with_name("__main__.py")), *given]
        if not _RENDER_NOTHING & {*given[:1]}:
            have_renderer()
        try:
            main()
        except SystemExit as ending:
            _end(ending.code)
            raise
