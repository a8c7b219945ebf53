"""Read objects through one running `git cat-file --batch`."""

from __future__ import annotations

import subprocess

from rollout.errors import GitError
from rollout.machine import waiting
from rollout.objects.stored import ObjectKind, Stored


class CatFile:
    """Looks objects up: the id, the type and the bytes of each."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._stdin, self._stdout = process.stdin, process.stdout

    def read(self, name: str) -> Stored | None:
        """Return an object, or None if it is not here."""
        try:
            self._stdin.write(name.encode() + b"\n")
            self._stdin.flush()
            with waiting.waiting():
                header = self._stdout.readline().split()
            if len(header) != 3:
                if header[-1:] == [b"missing"]:
                    return None
                raise GitError(f"cat-file said {b' '.join(header)[:80]!r} of {name}")
            content = self._stdout.read(int(header[2]))
            self._stdout.read(1)
        except (BrokenPipeError, ValueError) as error:
            raise GitError(f"reading objects stopped: {error}") from error
        return Stored(header[0].decode(), ObjectKind(header[1].decode()), content)
