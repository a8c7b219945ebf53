"""How long a resume takes among millions of events: python benchmarks/events_resume.py 1000000 10000000"""

from __future__ import annotations

import random
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rollout.demo.postgres.running import embedded_postgres
from rollout.events.database import connected
from rollout.events.event_types import shipped_types, store_types, stored_names
from rollout.events.migrations import migrate
from rollout.events.resume import resume
from rollout.events.store import read_events, read_session, resume_in_sql

if TYPE_CHECKING:
    from rollout.events.database import Connection


GENERATE = Path(__file__).with_name("events_generate.sql")

EVENTS_PER_SESSION = 1000

ROUNDS = 300

GOAL = "< 10 ms"


def main(sizes: Sequence[int]) -> None:
    print("| events | size | way | median | 95th | goal | 99th |", "|---|---|---|---|---|---|---|", sep="\n")
    for size in sizes:
        # As much memory as a server of this size is usually given; the default of tests is far smaller.
        with (
            embedded_postgres(settings={"shared_buffers": "2GB"}) as server,
            connected(server.create_database("bench")) as connection,
        ):
            fill(connection, size // EVENTS_PER_SESSION)
            measure(connection, size)


def fill(connection: Connection, sessions: int) -> None:
    """Make the rows; the generator decides positions itself, so the append trigger stays out of it."""
    migrate(connection)
    store_types(connection, shipped_types())
    connection.execute("SET session_replication_role = replica")
    for statement in GENERATE.read_bytes().split(b";\n\n"):
        connection.execute(statement, {"sessions": sessions})
    connection.execute("SET session_replication_role = origin")
    connection.execute("VACUUM ANALYZE event_store")
    connection.execute("ANALYZE supervisor_sessions")


def measure(connection: Connection, size: int) -> None:
    names = stored_names(connection)
    chance = random.Random(size)  # the same sessions in every run
    instances = [f"bench-PS-{chance.randint(1, size // EVENTS_PER_SESSION):06x}" for _ in range(ROUNDS)]

    def fold(instance: str) -> object:
        return resume(instance, read_events(connection, instance), read_session(connection, instance), names)

    row = connection.execute("SELECT pg_size_pretty(pg_total_relation_size('event_store'))").fetchone()
    for way, ask in (("SQL", lambda i: resume_in_sql(connection, i)), ("Python", fold)):
        report(f"{size:,}", str(row and row[0]), way, [timed(ask, instance) for instance in instances])


def timed(ask: Callable[[str], object], instance: str) -> float:
    start = time.perf_counter()
    ask(instance)
    return (time.perf_counter() - start) * 1000


def report(size: str, bytes_on_disk: str, way: str, milliseconds: Sequence[float]) -> None:
    cuts = statistics.quantiles(milliseconds, n=100)
    middle, slow, slowest = (f"{value:.1f} ms" for value in (statistics.median(milliseconds), cuts[94], cuts[98]))
    numbers = " | ".join((middle, slow, GOAL if way == "SQL" else "", slowest))
    print(f"| {size} | {bytes_on_disk} | {way} | {numbers} |", flush=True)


if __name__ == "__main__":
    main([int(argument) for argument in sys.argv[1:]] or [1_000_000])
