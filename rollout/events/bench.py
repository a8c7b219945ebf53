"""A place to try documents out: a store, a home and a copy of the files, all removed afterwards."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

from rollout.errors import RolloutError
from rollout.events.event_types import EventType
from rollout.events.scratch_store import scratch_store, store_itself

if TYPE_CHECKING:
    from rollout.events.database import Connection

SHIM = Path(__file__).with_name("psql-on-the-bench.sh")
WRAPPER = "/usr/share/postgresql-common/pg_wrapper"
KEPT = ("LANG", "LC_ALL", "TZ")
# How long a block may take, and how much of its output is repeated.
SECONDS = 30.0
LONGEST_COMPLAINT = 300
STEP = 0.5


@dataclass(frozen=True, slots=True)
class RolledOut:
    """A file as it will be: its owner, and the folder and the path where people will find it."""

    owner: str
    folder: str
    path: str
    content: bytes
    executable: bool = False

    @property
    def place(self) -> str:
        return os.path.normpath(os.path.join(self.folder, self.path))


@dataclass(frozen=True, slots=True)
class Declared:
    """The names that documents may use: databases as machines see them, their users, folders under other names."""

    places: frozenset[str] = frozenset()  # HOST:PORT
    databases: frozenset[str] = frozenset()
    users: frozenset[str] = frozenset()
    types: tuple[EventType, ...] = ()
    folders: Mapping[str, str] = field(default_factory=dict)  # its name in documents -> the place of its files
    host: str = ""  # the machine that the documents are tried as


@dataclass(frozen=True, slots=True)
class BenchRun:
    """How a program ended and what it said."""

    status: int
    out: str
    err: str

    @property
    def complaint(self) -> str:
        """Say what went wrong in one line: its own words when it has any."""
        lines = [" ".join(line.split()) for line in (self.err or self.out).splitlines() if line.strip()]
        said = "; ".join(lines)[:LONGEST_COMPLAINT]
        return said or f"ended with exit code {self.status}"


@dataclass(frozen=True, slots=True)
class Bench:
    """A scratch store, and a copy of the files below `folder`."""

    folder: Path
    connection: Connection
    environment: Mapping[str, str]
    names: Mapping[str, str]  # a folder's name in documents -> its copy
    stop: Event | None = None  # set when nobody wants the answer any more

    def mapped(self, text: str) -> str:
        """Return the text with every folder name in it replaced by the folder's copy."""
        return _replaced(text, self.names)

    def unmapped(self, text: str) -> str:
        """Return a block's output with the names that its document uses, without secrets."""
        for name, copy in self.names.items():
            text = text.replace(copy, name)
        password = self.environment.get("BENCH_PGPASSWORD")
        text = text.replace(str(self.folder), "")
        return text.replace(password, "***") if password else text

    def spool(self, instance: str) -> Path:
        return self.folder / "home" / instance / ".local/state/rollout/spool"

    def run(
        self, command: Sequence[str], instance: str, folder: str, stdin: str = "", seconds: float = SECONDS
    ) -> BenchRun:
        """Run a program as `instance`, with a home of its own, in the copy of `folder`; end all that it started."""
        home = self.folder / "home" / instance
        home.mkdir(parents=True, exist_ok=True)
        here = Path(self.names.get(folder) or _copy(self.folder, folder))
        here.mkdir(parents=True, exist_ok=True)
        own = {"HOME": str(home), "TMPDIR": str(home), "INSTANCE_ID": instance}
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err, tempfile.TemporaryFile() as given:
            given.write(stdin.encode())
            given.seek(0)
            process = subprocess.Popen(
                command, stdin=given, stdout=out, stderr=err, cwd=here, env={**self.environment, **own},
                start_new_session=True,
            )  # fmt: skip
            status = _ended(process, seconds, self.stop)
            said = [self.unmapped(_text(file)) for file in (out, err)]
        if status is None:
            return BenchRun(124, said[0], f"took more than {seconds:.0f} seconds")
        return BenchRun(status, *said)


@contextmanager
def bench(
    url: str, files: Iterable[RolledOut], declared: Declared, *, scratch: bool = True, stop: Event | None = None
) -> Iterator[Bench]:
    """Set up a bench on the server of `url`; the store behind `url` stays as it is.

    Without `scratch`, the bench uses that store itself.
    """
    with tempfile.TemporaryDirectory(prefix="rollout-proof-", ignore_cleanup_errors=True) as made:
        folder = Path(made).resolve()
        store = scratch_store(url, declared.types) if scratch else store_itself(url)
        with store as (connection, environment):
            names = _copied(folder, files, declared)
            yield Bench(folder, connection, _sealed(folder, environment, declared), names, stop)


# --- the files


def _copied(folder: Path, files: Iterable[RolledOut], declared: Declared) -> dict[str, str]:
    """Write a copy of every file below `folder`, and return where each folder has its copy, longest first."""
    found = tuple(files)
    copies = {file.folder: _copy(folder, file.folder) for file in found}
    copies |= {name: _copy(folder, real) for name, real in declared.folders.items()}
    names = {name: copies[name] for name in sorted(copies, key=len, reverse=True) if len(Path(name).parts) > 1}
    for file in found:
        _write(Path(_copy(folder, file.place)), file, names)
    return names


def _copy(folder: Path, place: str) -> str:
    return str(folder / "files") + os.path.normpath("/" + place.lstrip("/"))


def _write(place: Path, file: RolledOut, names: Mapping[str, str]) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    try:
        content = _replaced(file.content.decode(), names).encode()
    except UnicodeDecodeError:
        content = file.content
    place.write_bytes(content)
    place.chmod(0o755 if file.executable else 0o644)


def _replaced(text: str, names: Mapping[str, str]) -> str:
    if not names:
        return text
    # The longest comes first, and a name within a longer word is another name.
    either = "|".join(re.escape(name) for name in names)
    return re.sub(rf"(?<![\w./-])(?:{either})(?![\w.-])", lambda found: names[found[0]], text)


# --- the program


def _sealed(folder: Path, store: Mapping[str, str], declared: Declared) -> dict[str, str]:
    """Return the environment of a fresh shell, with a psql that reaches only the scratch store.

    It holds nothing of the person's, and no `PG*` variable: a block that connects must say where, or ask the helper.
    """
    shims = folder / "bin"
    shims.mkdir()
    shutil.copyfile(SHIM, shims / "psql")
    (shims / "psql").chmod(0o755)
    path = os.pathsep.join(part for part in os.environ.get("PATH", os.defpath).split(os.pathsep) if os.path.isabs(part))
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    return {
        "LC_ALL": "C.UTF-8",
        **kept,
        "TERM": "dumb",
        "PATH": f"{shims}{os.pathsep}{path}",
        # A busy machine must not look like a database that is down.
        "ROLLOUT_LOG_DEADLINE": "15",
        **({"ROLLOUT_HOSTNAME": declared.host} if declared.host else {}),
        "BENCH_PSQL": _psql(path),
        **{f"BENCH_{name}": value for name, value in store.items()},
        "BENCH_PLACES": " ".join(sorted(declared.places)),
        "BENCH_DATABASES": " ".join(sorted(declared.databases)),
        "BENCH_USERS": " ".join(sorted(declared.users)),
    }


def _psql(path: str) -> str:
    found = shutil.which("psql", path=path)
    if found is None:
        raise RolloutError("psql was not found; the documents cannot be proved without it")
    if os.path.realpath(found) == WRAPPER:  # it starts the same program, three times as slowly
        real = sorted(Path("/usr/lib/postgresql").glob("*/bin/psql"), key=lambda place: float(place.parts[-3]))
        return str(real[-1]) if real else found
    return found


def _ended(process: subprocess.Popen[bytes], seconds: float, stop: Event | None) -> int | None:
    """Wait for the end, and end what is still running; None if the time ran out first, or nobody waits."""
    until = time.monotonic() + seconds
    try:
        while time.monotonic() < until and not (stop and stop.is_set()):
            with suppress(subprocess.TimeoutExpired):
                return process.wait(min(STEP, seconds))
        return None
    finally:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _text(file: object) -> str:
    file.seek(0)  # type: ignore[attr-defined]
    return str(file.read(100_000), "utf-8", "replace")  # type: ignore[attr-defined]
