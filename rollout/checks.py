"""Run the checks that `files` names on rendered files: an argument list, never a shell, bounded in time."""

from __future__ import annotations

import hashlib
import subprocess
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock

from msgspec import Struct, field

from rollout import places
from rollout.git import safe_path
from rollout.model import Desired, Managed, Mode, Problem
from rollout.plaintext import plain

_SECONDS = 30.0
_ABANDONED = 600.0  # seconds after which what a check was given is a killed run's


class Checks(Struct):
    """Remembers what was checked, so that one content is checked once."""

    _known: dict[tuple[str, str, str], str | None] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def over(self, desired: Desired) -> Desired:
        """Return the desired state with the files that their checks refuse as problems."""
        refused = tuple(self._refusals(desired.managed))
        return Desired(desired.managed, desired.problems + refused) if refused else desired

    def _refusals(self, managed: Iterable[Managed]) -> Iterable[Problem]:
        for item in managed:
            if item.rule.check is not None and item.mode is not Mode.ABSENT:
                fault = self._fault(item, item.rule.check)
                if fault:
                    yield Problem(item.path, fault)

    def _fault(self, item: Managed, command: str) -> str | None:
        key = (command, item.path.name, hashlib.sha256(item.body).hexdigest())
        with self._lock:
            if key not in self._known:
                self._known[key] = _refusal(command, item)
            return self._known[key]


@contextmanager
def _folder() -> Iterator[str]:
    """Give a folder that nobody else may look into, and take away those that killed runs left."""
    import shutil
    import tempfile

    place = places.state_folder() / "checks"
    place.mkdir(mode=0o700, exist_ok=True)
    for left in place.iterdir():
        with suppress(FileNotFoundError):
            if time.time() - left.stat().st_mtime > _ABANDONED:
                shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(dir=place) as folder:
        yield folder


def _refusal(command: str, item: Managed) -> str | None:
    import shlex

    with _folder() as folder:
        file = Path(folder) / item.path.name
        file.write_bytes(item.body)
        file.chmod(0o700 if item.executable else 0o600)
        try:
            words = [word.replace("{path}", str(file)) for word in shlex.split(command)]
        except ValueError as error:
            return f"{item.path}: its check cannot be read: {command}: {error}"
        environment = {"PATH": safe_path(), "HOME": folder, "LC_ALL": "C.UTF-8"}
        try:
            done = subprocess.run(
                words,
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_SECONDS,
                start_new_session=True,
                check=False,
            )
        except FileNotFoundError:
            return f"{item.path}: its check cannot run: {words[0]} is not installed"
        except subprocess.TimeoutExpired:
            return f"{item.path}: its check took more than {_SECONDS:.0f} seconds: {command}"
        except OSError as error:
            return f"{item.path}: its check cannot run: {error.strerror}"
    if done.returncode == 0:
        return None
    said = (done.stderr or done.stdout).decode("utf-8", "replace").replace(f"{folder}/", "")
    words_said = "; ".join(plain(line) for line in said.splitlines() if line.strip())[:300]
    return f"{item.path}: its check refuses it: {command}: {words_said or f'exit code {done.returncode}'}"
