"""Deliver what waits in the spool: in order, exactly once, and what is refused for good put aside.

Delivering twice is harmless, because the database takes an event id once; so nothing here needs a lock to be right, and
the lock only saves work.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias
from uuid import uuid4

from rollout.events.queries import query
from rollout.events.spool import (
    BATCH_BYTES,
    BATCH_LINES,
    bytes_of,
    count_waiting,
    key_of,
    waiting,
    whole_lines,
    write_private,
)
from rollout.events.spool_lock import courtesy_lock
from rollout.events.spool_record import COLUMNS, SpoolRecord

if TYPE_CHECKING:
    from rollout.events.database import Connection

# A line without its end is being written; an hour later its writer is known to be dead.
TORN_AFTER = 3_600_000_000

# Stores lines in one transaction, and tells whether the database took them; False is for good.
Copied: TypeAlias = Callable[[Sequence[bytes]], bool]


@dataclass(frozen=True, slots=True)
class Delivered:
    """The result of one delivery: events that the database has now, files that it refused for good, events left."""

    delivered: int
    refused: tuple[Path, ...]
    waiting: int


def deliver(folder: Path, connection: Connection) -> Delivered:
    """Deliver all that waits to the database of this connection."""
    return deliver_by(folder, partial(_copied, connection))


def deliver_by(folder: Path, copied: Copied) -> Delivered:
    """Deliver all that waits, in order, exactly once; put aside what is refused for good."""
    delivered, refused = 0, list[Path]()
    with courtesy_lock(folder):
        while batches := _readable(folder):
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


def _all_waiting(folder: Path) -> list[Path]:
    """Return what waits, once two looks agree: a file that appears during a look may hide one that came before it."""
    seen = waiting(folder)
    while seen:
        again = waiting(folder)
        if again[: len(seen)] == seen:
            return seen
        seen = again
    return []


def _readable(folder: Path) -> Iterator[dict[Path, list[bytes]]] | None:
    """Return what waits as batches for one transaction each; None when nothing of it can be sent."""
    while files := _all_waiting(folder):
        batches = _batches_of_files(folder, files)
        if first := next(batches, None):
            return chain((first,), batches)
        if all(map(os.path.lexists, files)):
            break
    return None


def _batches_of_files(folder: Path, files: Sequence[Path]) -> Iterator[dict[Path, list[bytes]]]:
    """Return the files as batches, up to the first that is gone.

    Somebody has delivered it, or has made it part of a batch that our list does not name; what comes after it must not
    overtake it.
    """
    batch, count, size = dict[Path, list[bytes]](), 0, 0
    for path in files:
        lines = _lines_to_send(folder, path)
        if not lines and not os.path.lexists(path):
            break
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
    lines, rest = whole_lines(bytes_of(path))
    if rest and path.suffix == ".batch":
        return [*lines, rest + b"\n"]
    if rest and time.time_ns() // 1000 - key_of(path) > TORN_AFTER:
        _put_aside(folder, rest, path)
        return []
    return [] if rest else lines


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
        with suppress(FileNotFoundError):  # somebody else has put it aside
            torn.rename(place)
    else:
        write_private(place, line)
    return place
