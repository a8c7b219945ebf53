"""The spool: events on disk until the database has them, in the format that log-event.sh writes and reads.

The format and what it guarantees are described in docs/event-spool.md.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

from rollout.errors import RolloutError
from rollout.events.spool_record import SpoolRecord

FORMAT = "rollout-spool/1\n"
# The names give the order: they begin with microseconds since 1970 and sort as text.
KEY_DIGITS = 16
LAST_KEY = int("9" * KEY_DIGITS)
# One line, complete once it ends; or any number of lines, complete because the file was renamed into place.
ENDINGS = (".event", ".batch")
# A batch is delivered in one transaction: short enough that a cut-off delivery loses little work.
BATCH_LINES = 1000
BATCH_BYTES = 1_000_000


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
    return sum(len(whole_lines(bytes_of(path))[0]) for path in waiting(folder))


def _make(folder: Path) -> None:
    try:
        if not (folder / "format").exists():
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            if not any(folder.iterdir()):
                folder.chmod(0o700)
            write_private(folder / "format", FORMAT.encode())
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
    key = max(now, *(key_of(path) + 1 for path in last)) if last else now
    # A clock that is centuries ahead must not give a name that no reader matches.
    return min(key, LAST_KEY)


def key_of(path: Path) -> int:
    return int(path.name[:KEY_DIGITS])


def _waits(name: str) -> bool:
    key, dash, _ = name.partition("-")
    return bool(dash) and len(key) == KEY_DIGITS and key.isascii() and key.isdigit() and name.endswith(ENDINGS)


def _write_whole(place: Path, data: bytes) -> None:
    """Write under another name and rename, so that nobody sees half of it."""
    part = place.with_suffix(".part")
    try:
        write_private(part, data)
        part.rename(place)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise RolloutError(f"the spool {place.parent} cannot be written: {error.strerror}") from error


def write_private(path: Path, data: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)


def whole_lines(data: bytes) -> tuple[list[bytes], bytes]:
    *lines, rest = data.split(b"\n")
    return [line + b"\n" for line in lines if line], rest


def bytes_of(path: Path) -> bytes:
    """Return a file's bytes; none of what is gone, is no file, or belongs to somebody who does not let us read it."""
    with suppress(FileNotFoundError, IsADirectoryError, PermissionError):
        return path.read_bytes()
    return b""
