"""The program as a process of its own: started as a person does, or forked from one that has loaded it already."""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.fork_server import close_ends, take_terminal, told_of

_BEFORE_PYTHON = ("PYTHON", "LD_", "LC_", "LANG", "TZ", "MALLOC_")  # what decides how an interpreter starts
_THEN = "\nimport sys\nfrom rollout.cli.main import main\nmain(sys.argv[1:])\n"
_SUBREAPER = 36  # PR_SET_CHILD_SUBREAPER: who is given the children of those that have ended
_ROOT = str(Path(__file__).parents[1])


def started(
    arguments: tuple[str, ...],
    folder: Path,
    environment: Mapping[str, str],
    terminal: int | None = None,
    first: str = "",
) -> subprocess.Popen[str]:
    """Start the program with a session of its own, with pipes or on a terminal; it runs some Python first."""
    kind = _Forked if _as_here(environment) else subprocess.Popen
    script = first if kind is _Forked else first + _THEN
    return kind(
        [sys.executable, *(("-c", script) if first else ("-m", "rollout")), *arguments],
        cwd=folder,
        env=dict(environment),
        stdin=subprocess.DEVNULL if terminal is None else terminal,
        stdout=subprocess.PIPE if terminal is None else terminal,
        stderr=subprocess.PIPE if terminal is None else terminal,
        text=True,
        start_new_session=True,
        preexec_fn=None if terminal is None else take_terminal,
    )


def _as_here(environment: Mapping[str, str]) -> bool:
    """Tell whether a Python with this environment starts as this one did, or as this one with the shim would."""
    there = _starts(environment)
    if there.get("LD_PRELOAD", "").endswith("/shim.so"):
        del there["LD_PRELOAD"]  # it is attached in the fork
    return sys.platform == "linux" and there == _starts(os.environ) and _same_git(environment) and _umask() == _UMASK


def _same_git(environment: Mapping[str, str]) -> bool:
    """Tell whether git is found where it was found here: the one that waits has looked at it already."""
    paths = {environment.get("PATH"), os.environ["PATH"]}
    return len({shutil.which("git", path=path) for path in paths}) == 1


def _starts(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if name.startswith(_BEFORE_PYTHON)}


class _Forked(subprocess.Popen[str]):
    """A program that is forked from the one that waits instead of being loaded."""

    def _execute_child(self, *given: Any, **named: Any) -> None:
        told = told_of(self, given, named)
        ends = (told["p2cread"], told["c2pwrite"], told["errwrite"])
        request = {
            "first": told["args"][2] if told["args"][1] == "-c" else "",
            "arguments": told["args"][3:],
            "folder": str(told["cwd"]),
            "environment": told["env"],
            "terminal": told["preexec_fn"] is not None,
        }
        self.pid = _server(told["env"].get("LD_PRELOAD", "")).start(request, ends)
        self._child_created = True
        close_ends(self, told)


class _Server:
    """The one that waits; it ends when nobody can ask it any more."""

    def __init__(self, preloaded: str) -> None:
        environment = os.environ | ({"LD_PRELOAD": preloaded} if preloaded else {})
        self._asking, asked = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with asked:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.fork_server", str(asked.fileno())],
                cwd=_ROOT,
                env=environment,
                pass_fds=[asked.fileno()],
            )

    def start(self, request: Mapping[str, object], ends: tuple[int, ...]) -> int:
        _adopt(True)
        try:
            socket.send_fds(self._asking, [json.dumps(request).encode()], list(ends))
            pid = int(self._asking.recv(64))
            os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)  # fails unless it is our child
        finally:
            _adopt(False)
        return pid


_servers: dict[str, _Server] = {}


def _server(preloaded: str) -> _Server:
    if preloaded not in _servers:
        _servers[preloaded] = _Server(preloaded)
    return _servers[preloaded]


def _umask() -> int:
    mask = os.umask(0o22)
    os.umask(mask)
    return mask


_UMASK = _umask()  # the program reads it where it is loaded


def _adopt(yes: bool) -> None:
    ctypes.CDLL(None).prctl(_SUBREAPER, int(yes), 0, 0, 0)
