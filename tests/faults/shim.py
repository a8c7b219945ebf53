"""Builds the shim and tells it what is to go wrong, and reads afterwards which calls there were."""

from __future__ import annotations

import atexit
import contextlib
import hashlib
import mmap
import os
import shutil
import signal
import struct
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import IntEnum
from functools import cache
from pathlib import Path

import pytest

_SOURCE = Path(__file__).with_name("shim.c")
_PIDS, _CALLS, _CALL = 1024, 4096, struct.Struct("<i12sq232s")
_HEAD = struct.Struct("<4I")
_SIZE = _HEAD.size + 4 * _PIDS + _CALL.size * _CALLS + 8 * _PIDS


class Mode(IntEnum):
    """What happens at the chosen call."""

    COUNT = 0
    KILL_TREE = 1
    KILL_GROUP = 2
    KILL_ONE = 3
    FAIL = 4
    FULL = 5
    RUN = 6
    SHORT = 7
    ALL_SHORT = 8  # and at every later one
    STOP = 9  # every process of the run; whoever watches it acts, and lets it go on
    WATCH = 10  # RUN, at every call from the chosen one on
    STOP_ONE = 11  # the one process that makes the call; whoever waits for it waits


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong: at which call, and what."""

    mode: Mode = Mode.COUNT
    at: int = 0
    errno: int = 0
    command: str = ""
    then: int = 0  # kill everything so many calls later
    only: str = ""  # count only calls on paths that begin so
    ends: str = ""  # and that end so
    call: str = ""  # AT counts calls of this name alone, and on paths like this alone
    path: str = ""
    after: bool = False  # it goes wrong when the call is done; a call that fails so has done its work
    refused: str = ""  # calls of this name fail always, as on a file system that does not know them
    refused_errno: int = 0

    def environment(self, file: Path, library: Path) -> dict[str, str]:
        made = {
            "LD_PRELOAD": str(library),
            "FAULT_FILE": str(file),
            "FAULT_MODE": str(int(self.mode)),
            "FAULT_AT": str(self.at),
            "FAULT_ERRNO": str(self.errno),
            "FAULT_THEN": str(self.then),
        }
        made |= {"FAULT_ONLY": self.only} if self.only else {}
        made |= {"FAULT_ENDS": self.ends} if self.ends else {}
        named = {"FAULT_CALL": self.call, "FAULT_PATH": self.path, "FAULT_REFUSED": self.refused}
        made |= {name: text for name, text in named.items() if text}
        made |= {"FAULT_AFTER": "1"} if self.after else {}
        made |= {"FAULT_REFUSED_ERRNO": str(self.refused_errno)} if self.refused else {}
        return made | {"FAULT_COMMAND": self.command}


@dataclass(frozen=True)
class Call:
    """One counted call."""

    number: int
    pid: int
    name: str
    path: str
    seconds: float


@cache
def built() -> Path:
    """Return the shim that all tests of this process use."""
    folder = tempfile.mkdtemp(prefix="rollout-shim-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return library(Path(folder))


@cache
def library(folder: Path) -> Path:
    """Put the shim into a folder; raise FileNotFoundError if there is no compiler."""
    compiler = shutil.which("cc")
    if compiler is None:
        raise FileNotFoundError("no C compiler")
    made, scratch = folder / "shim.so", folder / f"shim-{os.getpid()}.so"
    command = [compiler, "-O1", "-fPIC", "-shared", "-Wall", "-Wextra", "-Werror"]
    kept = _kept(command)
    try:
        shutil.copyfile(kept, scratch)
    except OSError:
        subprocess.run([*command, "-o", str(scratch), str(_SOURCE), "-ldl"], check=True)
        with contextlib.suppress(OSError):  # where nothing may be written, the next one compiles, too
            kept.parent.mkdir(exist_ok=True)
            shutil.copyfile(scratch, beside := kept.with_suffix(f".{os.getpid()}"))
            beside.replace(kept)
    scratch.replace(made)
    return made


def _kept(command: list[str]) -> Path:
    """Return where what is compiled of this source, in this way, is kept for whoever needs it later."""
    what = hashlib.sha256(repr((command, os.uname().machine)).encode() + _SOURCE.read_bytes()).hexdigest()[:16]
    return _SOURCE.parent / "__pycache__" / f"shim-{what}.so"


def needs_shim() -> pytest.MarkDecorator:
    """Skip a test where processes cannot be faulted: it takes Linux and a C compiler."""
    missing = os.uname().sysname != "Linux" or shutil.which("cc") is None
    return pytest.mark.skipif(missing, reason="needs Linux, LD_PRELOAD and a C compiler (cc)")


def _state(pid: int) -> str:
    """Return in one letter what a process does; nothing for one that is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return ""


class Book:
    """The shared file in which all processes of one run count."""

    def __init__(self, file: Path) -> None:
        self.file = file
        with open(file, "wb") as made:
            made.truncate(_SIZE)

    @property
    def _bytes(self) -> bytes:
        with open(self.file, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as view:
            return bytes(view)

    def _head(self) -> tuple[int, int, int]:
        with open(self.file, "rb") as file:
            count, fired, pids, _ = _HEAD.unpack(file.read(_HEAD.size))
        return count, fired, pids

    @property
    def count(self) -> int:
        return self._head()[0]

    @property
    def fired(self) -> bool:
        return bool(self._head()[1])

    @property
    def fired_at(self) -> int:
        """Return the number of the call at which it went wrong, 0 for none."""
        return self._head()[1]

    def calls(self) -> list[Call]:
        data = self._bytes
        start = _HEAD.size + 4 * _PIDS
        found = []
        for number in range(min(self.count, _CALLS)):
            pid, name, when, path = _CALL.unpack_from(data, start + number * _CALL.size)
            words = [text.rstrip(b"\0").decode("utf-8", "replace") for text in (name, path)]
            found.append(Call(number + 1, pid, words[0], words[1], when / 1e9))
        return found

    def _pids(self) -> Iterator[int]:
        known = min(self._head()[2], _PIDS)
        with open(self.file, "rb") as file:
            pids = file.read(_HEAD.size + 4 * known)[_HEAD.size :]
        yield from (pid for (pid,) in struct.iter_unpack("<i", pids) if pid > 1)

    def _alive(self) -> Iterator[int]:
        yield from (pid for pid in self._pids() if self._ours(pid))

    def while_stopped(self, main: int, act: Callable[[], object], patience: float = 20.0) -> None:
        """Wait until the run stands still, act, and let it go on; return when it ended without standing still."""
        deadline = time.monotonic() + patience
        while not (self.fired and all(_state(pid) in "TZ" for pid in self._pids())):
            if _state(main) in "Z" or time.monotonic() > deadline:
                break
            time.sleep(0.005)
        else:
            act()
        for pid in self._pids():
            if _state(pid) == "T":
                os.kill(pid, signal.SIGCONT)

    def while_one_is_stopped(self, main: int, act: str, patience: float = 8.0) -> None:
        """Wait until one process of the run stands still, act, and let it go on when the run itself has ended."""
        deadline = time.monotonic() + patience
        while not (self.fired and (stopped := [pid for pid in self._pids() if _state(pid) == "T"])):
            if _state(main) in "Z" or time.monotonic() > deadline:
                break
            time.sleep(0.005)
        else:
            subprocess.run(["sh", "-c", act], check=False,
                           env=os.environ | {"FAULT_MAIN": str(main), "FAULT_STOPPED": str(stopped[0])})  # fmt: skip
        while _state(main) not in "Z" and time.monotonic() < deadline:
            time.sleep(0.005)
        for pid in self._pids():
            if _state(pid) == "T":
                os.kill(pid, signal.SIGCONT)

    def _ours(self, pid: int) -> bool:
        try:
            with open(f"/proc/{pid}/environ", "rb") as file:
                return f"FAULT_FILE={self.file}\0".encode() in file.read()
        except OSError:
            return False

    def settle(self, patience: float = 20.0, *, kill: bool) -> bool:
        """Wait until every process of the run is gone, ending them if told to; tell whether they are."""
        deadline = time.monotonic() + patience
        while alive := list(self._alive()):
            if kill:
                for pid in alive:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)
            if time.monotonic() > deadline:
                return False
            time.sleep(0.01)
        return True
