"""How many events a second are stored, and how many are lost: python benchmarks/events_append.py [SECONDS]"""

from __future__ import annotations

import sys
import tempfile
import time
from dataclasses import dataclass
from subprocess import run
from uuid import uuid4

import psycopg

from rollout.demo.postgres.running import embedded_postgres
from rollout.demo.postgres.server import Server
from rollout.events.database import connected
from rollout.events.event_types import shipped_types, store_types
from rollout.events.migrations import migrate

CONNECTIONS = (1, 8, 32)

INSTANCES = (1, 32)

SPOOLED = 50_000

PREPARE = "\\set i random(100000, 100000 + {instances} - 1)\n"

# What clients did before: they asked for the highest position, added one, and swallowed the refusals.
OLD_TABLE = """
CREATE TABLE event_store (event_id uuid PRIMARY KEY, instance_id varchar(32) NOT NULL, event_type varchar(64) NOT NULL,
    sequence_num bigint NOT NULL, event_data jsonb NOT NULL, UNIQUE (instance_id, sequence_num))
"""

OLD_CLIENT = """
INSERT INTO event_store
SELECT gen_random_uuid(), 'bench-PS-' || :i, 'spawn', 1 + coalesce(max(sequence_num), 0), '{"a": 1}'
  FROM event_store WHERE instance_id = 'bench-PS-' || :i ON CONFLICT DO NOTHING;
"""


@dataclass(frozen=True)
class Way:
    """One way to write, and what it writes into."""

    name: str
    script: str
    store: str


WAYS = (
    Way("max+1 in the client, refusals swallowed", OLD_CLIENT, "old"),
    Way("`append_event`", "SELECT append_event('bench-PS-' || :i, 'spawn', '{\"a\": 1}');", "new"),
    Way(
        "plain INSERT of an old client",
        "INSERT INTO event_store (event_id, instance_id, event_type, sequence_num, event_data)"
        " VALUES (gen_random_uuid(), 'bench-PS-' || :i, 'spawn', 0, '{\"a\": 1}');",
        "new",
    ),
)


def main(seconds: int) -> None:
    with embedded_postgres() as server:
        make_templates(server)
        header = " | ".join(f"{c} on {i}" for i in INSTANCES for c in CONNECTIONS)
        print(f"| way, connections on instances | {header} |", "|---|" + "---|" * 6, sep="\n")
        for way in WAYS:
            cells = [measure(server, way, c, i, seconds) for i in INSTANCES for c in CONNECTIONS]
            print(f"| {way.name} | {' | '.join(cells)} |", flush=True)
        print(f"\nintake: {deliver(server):,.0f} spooled events a second with one COPY")


def make_templates(server: Server) -> None:
    server.create_database("old")
    server.execute(OLD_TABLE, "old")
    with connected(server.create_database("new")) as connection:
        migrate(connection)
        store_types(connection, shipped_types())


def measure(server: Server, way: Way, connections: int, instances: int, seconds: int) -> str:
    """Run pgbench and return events a second that are stored, and the share that was lost."""
    database = "bench"
    server.drop_database(database)
    server.create_database(database, way.store)
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as script:
        script.write(PREPARE.format(instances=instances) + way.script)
        script.flush()
        options = ("-n", "-M", "prepared", "-c", str(connections), "-j", "2", "-T", str(seconds), "-f", script.name)
        command = (str(server.bin / "pgbench"), *options, server.url_of(database))
        done = run(command, capture_output=True, text=True, check=True)
    attempts = int(next(line for line in done.stdout.splitlines() if "actually processed" in line).split()[-1])
    stored = int(server.execute("SELECT count(*) FROM event_store", database))
    return f"{stored / seconds:,.0f}/s, {100 * (attempts - stored) / attempts:.0f} % lost"


def deliver(server: Server) -> float:
    """Deliver a spool of one instance and return events a second."""
    server.drop_database("bench")
    with psycopg.connect(server.create_database("bench", "new")) as connection, connection.cursor() as cursor:
        start = time.perf_counter()
        with cursor.copy("COPY event_intake FROM STDIN") as copy:
            for number in range(SPOOLED):
                copy.write_row(
                    (
                        str(uuid4()),
                        "bench-PS-100000",
                        "spawn",
                        "2026-02-03T15:20:00Z",
                        f'{{"n": {number}}}',
                        "{}",
                        "",
                        "odin3",
                    )
                )
        connection.commit()
        return SPOOLED / (time.perf_counter() - start)


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else 5)
