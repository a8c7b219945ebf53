"""Commands that the inventory names, run on one file's text: without a shell, bounded in time and output."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import IO

from msgspec import Struct

from rollout.machine import commands, state_folder
from rollout.machine.commands import Bounds
from rollout.machine.processes import safe_path
from rollout.safety.shown import plain

_ABANDONED = 600.0  # seconds after which a command's folder must belong to a killed run


class NotRun(Exception):
    """A command that did not end by itself; the text says why."""


class Ran(Struct, frozen=True):
    """The result of a command."""

    code: int
    out: bytes
    err: bytes

    def _words(self, folder: str) -> str:
        """Return its error output in one line, without the folder that it ran in."""
        said = (self.err or self.out).decode("utf-8", "replace").replace(f"{folder}/", "")
        return "; ".join(plain(line) for line in said.splitlines() if line.strip())[:300]

    def failed(self, command: str, path: str, folder: str) -> str:
        """Return how it failed: its exit code, the command as it ran, and its error output."""
        words = self._words(folder)
        return f"failed (exit {self.code}): {as_run(command, path)}" + (f": {words}" if words else "")


_BOUNDS = Bounds()


@contextmanager
def room() -> Iterator[str]:
    """Make a folder that nobody else may look into, and remove those that killed runs left."""
    import shutil
    import tempfile

    place = state_folder.state_folder() / "checks"
    place.mkdir(mode=0o700, exist_ok=True)
    for left in place.iterdir():
        with suppress(FileNotFoundError):
            if time.time() - left.stat().st_mtime > _ABANDONED:
                shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(dir=place) as folder:
        yield folder


def as_run(command: str, path: str) -> str:
    """Return a command, with the file in it, as messages show it."""
    return command.replace("{path}", path)


def run(command: str, path: str, folder: str, given: bytes = b"", bounds: Bounds = _BOUNDS) -> Ran:
    """Run a command in a folder with `{path}` in it replaced and `given` on its standard input; raise NotRun."""
    import shlex
    import tempfile

    shown = as_run(command, path.removeprefix(f"{folder}/"))
    try:
        words = [word.replace("{path}", path) for word in shlex.split(command)]
    except ValueError as error:
        raise NotRun(f"cannot be read: {shown}: {error}") from None
    if not words:
        raise NotRun("names no command")
    with tempfile.TemporaryFile(dir=folder) as stdin:
        stdin.write(given)
        stdin.seek(0)
        process = _started(words, folder, stdin)
        try:
            printed = commands.followed(process, bounds)
        except commands.TooSlow:
            raise NotRun(f"took more than {bounds.seconds:.0f} seconds: {shown}") from None
        except commands.CutShort as error:
            raise NotRun(f"{error}: {shown}") from None
        finally:
            commands.end(process)
    return Ran(printed.code, printed.out, printed.err)


def _started(words: list[str], folder: str, stdin: IO[bytes]) -> subprocess.Popen[bytes]:
    environment = {"PATH": safe_path(), "HOME": folder, "LC_ALL": "C.UTF-8"}
    pipe = subprocess.PIPE
    try:
        return subprocess.Popen(
            words, cwd=folder, env=environment, stdin=stdin, stdout=pipe, stderr=pipe, start_new_session=True
        )
    except FileNotFoundError:
        raise NotRun(f"cannot run: {words[0]} is not installed") from None
    except OSError as error:
        raise NotRun(f"cannot run: {error.strerror}") from None
