"""The spool: events on disk until the database has them, in the format that log-event.sh writes and reads.

The format and what it guarantees are described in docs/event-spool.md. Delivering twice is harmless, because
the database takes an event id once; so nothing here needs a lock to be right, and the lock only saves work.
"""

from __future__ import annotations

import base64
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias
from uuid import uuid4

from rollout.errors import RolloutError
from rollout.events.queries import query

if TYPE_CHECKING:
    from rollout.events.database import Connection

FORMAT = "rollout-spool/1\n"
# The names give the order: they begin with microseconds since 1970 and sort as text.
KEY_DIGITS = 16
LAST_KEY = int("9" * KEY_DIGITS)
COLUMNS = 8
# One line, complete once it ends; or any number of lines, complete because the file was renamed into place.
ENDINGS = (".event", ".batch")
# A batch is delivered in one transaction: short enough that a cut-off delivery loses little work.
BATCH_LINES = 1000
BATCH_BYTES = 1_000_000
# A line without its end is being written; an hour later its writer is known to be dead.
TORN_AFTER = 3_600_000_000
LOCK_SECONDS = 30.0
ESCAPES = str.maketrans({"\\": r"\\", "\n": r"\n", "\t": r"\t", "\r": r"\r", "\0": r"\\u0000"})


# Stores lines in one transaction, and tells whether the database took them; False is for good.
Copied: TypeAlias = Callable[[Sequence[bytes]], bool]


@dataclass(frozen=True, slots=True)
class SpoolRecord:
    """A waiting event: unchecked texts, which only the database judges. The fields are the columns, in order."""

    event_id: str
    instance_id: str
    event_type: str
    occurred_at: str
    event_data: str = "{}"
    metadata: str = "{}"
    parent_uuid: str = ""
    host: str = ""

    def line(self) -> bytes:
        """Return the line of COPY's text format."""
        return "\t".join(_column(getattr(self, field.name), field.name) for field in fields(self)).encode() + b"\n"


@dataclass(frozen=True, slots=True)
class Delivered:
    """The result of one delivery: events that the database has now, files that it refused for good, events left."""

    delivered: int
    refused: tuple[Path, ...]
    waiting: int


def record(instance: str, event_type: str, data: str = "{}", *, metadata: str = "{}", host: str = "") -> SpoolRecord:
    """Make a record of something that happens now."""
    return SpoolRecord(str(uuid4()), instance, event_type, datetime.now(UTC).isoformat(), data, metadata, "", host)


def spool_folder(environment: Mapping[str, str] = os.environ) -> Path:
    """Return the folder in which events wait: ROLLOUT_SPOOL, or the one under the user's state."""
    if chosen := environment.get("ROLLOUT_SPOOL"):
        return Path(chosen).absolute()
    state = environment.get("XDG_STATE_HOME") or Path(environment.get("HOME") or "~").expanduser() / ".local/state"
    return Path(state) / "rollout/spool"


def append(folder: Path, records: Iterable[SpoolRecord]) -> None:
    """Keep the records on disk, after everything that waits there now; all of a batch appears at once."""
    _make(folder)
    for lines in _batches([record.line() for record in records]):
        place = folder / f"{_next_key(folder):0{KEY_DIGITS}}-{uuid4()}.batch"
        _write_whole(place, lines)


def waiting(folder: Path) -> list[Path]:
    """Return the files that wait, in the order in which they must be delivered."""
    with suppress(FileNotFoundError, NotADirectoryError):
        return [folder / name for name in sorted(filter(_waits, os.listdir(folder)))]
    return []


def count_waiting(folder: Path) -> int:
    """Count the events that wait."""
    return sum(len(_whole_lines(_bytes(path))[0]) for path in waiting(folder))


def deliver(folder: Path, connection: Connection) -> Delivered:
    """Deliver all that waits to the database of this connection."""
    return deliver_by(folder, partial(_copied, connection))


def deliver_by(folder: Path, copied: Copied) -> Delivered:
    """Deliver all that waits, in order, exactly once; put aside what is refused for good."""
    delivered, refused = 0, list[Path]()
    with _courtesy_lock(folder):
        while batches := _readable(folder, _settled(folder)):
            for batch in batches:
                lines = [line for lines in batch.values() for line in lines]
                bad = _send(copied, sorted(lines, key=_instance))
                refused += [_put_aside(folder, line) for line in bad]
                delivered += len(lines) - len(bad)
                for path in batch:
                    path.unlink(missing_ok=True)
                # The database answers, so helpers need not wait before they try again.
                (folder / "away").unlink(missing_ok=True)
    return Delivered(delivered, tuple(refused), count_waiting(folder))


def deliver_directly(records: Iterable[SpoolRecord], connection: Connection) -> list[bytes]:
    """Deliver records that could not be written to disk; return the lines that the database refuses for good."""
    return _send(partial(_copied, connection), sorted((record.line() for record in records), key=_instance))


def _column(text: str, name: str) -> str:
    """Return one column's text; bytes that are not UTF-8 are kept in base64 and hold nothing up."""
    raw = _raw(text)
    try:
        raw.decode()
    except UnicodeDecodeError:
        kept = base64.b64encode(raw).decode()
        text = f'{{"_invalid_utf8":"{kept}"}}' if name in ("event_data", "metadata") else kept
    return text.translate(ESCAPES)


def _raw(text: str) -> bytes:
    """Return the bytes that a text stands for: those the system gave us, or half a surrogate as it is."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")


def _make(folder: Path) -> None:
    try:
        if not (folder / "format").exists():
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            if not any(folder.iterdir()):
                folder.chmod(0o700)
            _write_private(folder / "format", FORMAT.encode())
    except OSError as error:
        raise RolloutError(f"the spool {folder} cannot be written: {error.strerror}") from error


def _batches(lines: Sequence[bytes]) -> Iterator[bytes]:
    batch, size = list[bytes](), 0
    for line in lines:
        if batch and (len(batch) == BATCH_LINES or size + len(line) > BATCH_BYTES):
            yield b"".join(batch)
            batch, size = [], 0
        batch.append(line)
        size += len(line)
    if batch:
        yield b"".join(batch)


def _next_key(folder: Path) -> int:
    """Return a key after everything that waits, even where a clock that was set back would give an earlier one."""
    now, last = time.time_ns() // 1000, waiting(folder)[-1:]
    key = max(now, *(_key(path) + 1 for path in last)) if last else now
    # A clock that is centuries ahead must not give a name that no reader matches.
    return min(key, LAST_KEY)


def _key(path: Path) -> int:
    return int(path.name[:KEY_DIGITS])


def _waits(name: str) -> bool:
    key, dash, _ = name.partition("-")
    return bool(dash) and len(key) == KEY_DIGITS and key.isascii() and key.isdigit() and name.endswith(ENDINGS)


def _write_whole(place: Path, data: bytes) -> None:
    """Write under another name and rename, so that nobody sees half of it."""
    part = place.with_suffix(".part")
    try:
        _write_private(part, data)
        part.rename(place)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise RolloutError(f"the spool {place.parent} cannot be written: {error.strerror}") from error


def _write_private(path: Path, data: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)


def _settled(folder: Path) -> list[Path]:
    """Return what waits, once two looks agree: a file that appears during a look may hide one that came before it."""
    seen = waiting(folder)
    while seen:
        again = waiting(folder)
        if again[: len(seen)] == seen:
            return seen
        seen = again
    return []


def _readable(folder: Path, files: Sequence[Path]) -> Iterator[dict[Path, list[bytes]]] | None:
    """Return the first files as batches for one transaction each; None when nothing among them can be sent."""
    batches = _batches_of_files(folder, files)
    first = next(batches, None)
    return chain((first,), batches) if first else None


def _batches_of_files(folder: Path, files: Sequence[Path]) -> Iterator[dict[Path, list[bytes]]]:
    batch, count, size = dict[Path, list[bytes]](), 0, 0
    for path in files:
        lines = _lines_to_send(folder, path)
        weight = sum(map(len, lines))
        if batch and (count + len(lines) > BATCH_LINES or size + weight > BATCH_BYTES):
            yield batch
            batch, count, size = {}, 0, 0
        if lines:
            batch[path] = lines
            count, size = count + len(lines), size + weight
    if batch:
        yield batch


def _lines_to_send(folder: Path, path: Path) -> list[bytes]:
    """Return the lines of a complete file. A batch was renamed into place, so its end is the end its writer meant."""
    lines, rest = _whole_lines(_bytes(path))
    if rest and path.suffix == ".batch":
        return [*lines, rest + b"\n"]
    if rest and time.time_ns() // 1000 - _key(path) > TORN_AFTER:
        _put_aside(folder, rest, path)
        return []
    return [] if rest else lines


def _whole_lines(data: bytes) -> tuple[list[bytes], bytes]:
    *lines, rest = data.split(b"\n")
    return [line + b"\n" for line in lines if line], rest


def _bytes(path: Path) -> bytes:
    with suppress(FileNotFoundError):
        return path.read_bytes()
    return b""


def _instance(line: bytes) -> bytes:
    """Sort by instance: transactions that visit them in the same order cannot wait for each other."""
    return line.split(b"\t", 2)[1] if line.count(b"\t") > 1 else b""


def _send(copied: Copied, lines: Sequence[bytes]) -> list[bytes]:
    """Send the lines in one transaction; return those that the database refuses for good."""
    if not lines or (all(line.count(b"\t") == COLUMNS - 1 for line in lines) and copied(lines)):
        return []
    if len(lines) == 1:
        return list(lines)
    half = len(lines) // 2
    return _send(copied, lines[:half]) + _send(copied, lines[half:])


def _copied(connection: Connection, lines: Sequence[bytes]) -> bool:
    import psycopg

    try:
        with connection.cursor() as cursor, cursor.copy(query("spool_deliver")) as copy:
            copy.write(b"".join(lines))
    except (psycopg.DataError, psycopg.IntegrityError, psycopg.errors.ProgramLimitExceeded):
        return False
    return True


def _put_aside(folder: Path, line: bytes, torn: Path | None = None) -> Path:
    """Move aside, byte for byte, what the database will never accept."""
    rejects = folder / "rejects"
    rejects.mkdir(mode=0o700, exist_ok=True)
    place = rejects / (torn.name if torn else f"{time.time_ns() // 1000}-{uuid4()}.event")
    if torn:
        torn.rename(place)
    else:
        _write_private(place, line)
    return place


@contextmanager
def _courtesy_lock(folder: Path, patience: float = LOCK_SECONDS) -> Iterator[None]:
    """Let one deliverer work at a time; do not wait for one that was killed or takes too long."""
    lock, limit = folder / "lock", time.monotonic() + patience
    until = time.time_ns() // 1000 + int(patience * 1_000_000)
    while folder.is_dir() and not _take(lock, until) and time.monotonic() < limit and _is_held(lock):
        time.sleep(0.02)
    try:
        yield
    finally:
        if _holder(lock) in (None, os.getpid()):
            lock.unlink(missing_ok=True)


def _take(lock: Path, until: int) -> bool:
    try:
        descriptor = os.open(lock, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError:
        return False
    with os.fdopen(descriptor, "w") as file:
        file.write(f"{os.getpid()} {until}\n")
    return True


def _is_held(lock: Path) -> bool:
    holder = _holder(lock)
    if holder is None:
        return lock.exists() and time.time() - lock.stat().st_mtime < 1
    try:
        os.kill(holder, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return _until(lock) + 1_000_000 > time.time_ns() // 1000


def _holder(lock: Path) -> int | None:
    words = _bytes(lock).split()
    return int(words[0]) if words and words[0].isdigit() else None


def _until(lock: Path) -> int:
    words = _bytes(lock).split()
    return int(words[1]) if len(words) > 1 and words[1].isdigit() else 0
