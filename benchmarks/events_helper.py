"""What logging an event costs beside one bare INSERT by psql in the same run: python benchmarks/events_helper.py"""

from __future__ import annotations

import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rollout.demo.postgres.running import embedded_postgres
from rollout.demo.postgres.server import Server
from rollout.events.database import connected
from rollout.events.migrations import migrate
from tests.events.shells import SHELLS, Shell, make_shell

ROUNDS = 80

BACKLOG = 20_000
# The ways take turns, so that whatever else the machine does falls on all of them alike.
SCRIPT = """
now() {{ date +%s%N; }}
timed() {{ way=$1; shift; from=$(now); "$@" >/dev/null 2>&1; echo "$way $(( $(now) - from ))"; }}
nothing() {{ :; }}
bare="INSERT INTO event_store (instance_id, event_type, event_data) VALUES ('$INSERTS', 'commit', '{{}}')"
insert() {{ psql -Xq -c "$bare"; }}
true_program() {{ /bin/true; }}
delivered() {{ log_event commit '{{"hash":"a1b2c3d"}}'; }}
spooled() {{ ROLLOUT_LOG_SPOOL_ONLY=1 ROLLOUT_SPOOL=$ROLLOUT_SPOOL-only log_event commit '{{"hash":"a1b2c3d"}}'; }}
refused() {{ PGPORT=1 ROLLOUT_SPOOL=$ROLLOUT_SPOOL-refused-$n log_event commit '{{"hash":"a1b2c3d"}}'; }}
n=0
while [ $n -lt {rounds} ]; do
    for way in nothing true_program insert delivered spooled; do timed $way $way; done
    [ $((n % 10)) -ne 0 ] || timed refused refused
    n=$((n + 1))
done
"""


# Processes on one spool, and the milliseconds within which 95 of 100 calls are to come back.
GOALS = {1: 20, 4: 40, 8: 60, 32: 250}
CALLS = 240
WRITER = """
n=0
while [ $n -lt {calls} ]; do
    before=${{EPOCHREALTIME/[.,]/}}
    {call}
    echo $((${{EPOCHREALTIME/[.,]/}} - before))
    n=$((n + 1))
done
"""


LOG = """log_event commit '{"hash":"a1b2c3d"}'"""
BARE = """psql -Xqc "INSERT INTO event_store (instance_id, event_type) VALUES ('bench-PS-000003', 'commit')\""""


def main() -> None:
    print(
        "| shell | fork and exec | bare psql INSERT | delivered | spool only | database refuses "
        "| (delivered - spool) / INSERT | backlog, events a second |",
        "|---|---|---|---|---|---|---|---|",
        sep="\n",
    )
    with embedded_postgres() as server, connected(server.create_database("bench")) as connection:
        migrate(connection)
        for name, program in SHELLS.items():
            if shutil.which(program):
                with tempfile.TemporaryDirectory() as folder:
                    shell = make_shell(program, Path(folder), server, "bench").with_(INSERTS="bench-PS-000001")
                    report(name, measure(shell), drain(shell))
        at_once(server)


def at_once(server: Server) -> None:
    """Report what a call costs when several processes log into one spool, beside the goals and a bare psql."""
    heads = "| writers | median | p95 | goal | lines on stderr | bare psql INSERT at that moment, median and p95 |"
    print("", heads, "|---|---|---|---|---|---|", sep="\n")
    for writers, goal in GOALS.items():
        with tempfile.TemporaryDirectory() as folder:
            shell = make_shell("bash", Path(folder), server, "bench")
            middle, slow, said = called(shell, LOG, writers)
            shell.run("_rollout_flush")
            bare, bare_slow, _ = called(shell, BARE, writers)
        shown = f"{middle:.1f} ms | {slow:.1f} ms | {goal} ms | {said} | {bare:.1f} ms, {bare_slow:.1f} ms"
        print(f"| {writers} | {shown} |", flush=True)


def called(shell: Shell, call: str, writers: int) -> tuple[float, float, int]:
    """Let so many processes make a call again and again; return its median, its p95, and the lines on stderr."""
    running = [shell.start(WRITER.format(calls=CALLS // writers + 5, call=call)) for _ in range(writers)]
    ended = [process.communicate() for process in running]
    times = sorted(int(line) / 1000 for out, _ in ended for line in out.split())
    said = sum(err.count(b"\n") for _, err in ended)
    return statistics.median(times), times[int(len(times) * 0.95)], said


def measure(shell: Shell) -> dict[str, float]:
    """Return the median milliseconds of every way, without what taking the time costs."""
    done = shell.run(SCRIPT.format(rounds=ROUNDS), timeout=600)
    times: dict[str, list[int]] = {}
    for line in done.out.splitlines():
        way, spent = line.split()
        times.setdefault(way, []).append(int(spent))
    clock = statistics.median(times["nothing"])
    return {way: (statistics.median(spent) - clock) / 1e6 for way, spent in times.items()}


def drain(shell: Shell) -> float:
    """Return how many waiting events a second the helper delivers."""
    spool = Path(shell.environment["ROLLOUT_SPOOL"])
    line = "{:08x}-0000-4000-8000-{:012x}\tbench-PS-000002\tcommit\t2026-02-03T15:20:00Z\t{{}}\t{{}}\t\todin3\n"
    for start in range(0, BACKLOG, 500):
        rows = (line.format(hash(shell.program) % 2**32, number) for number in range(start, start + 500))
        (spool / f"16000000{start:08}-x.batch").write_text("".join(rows))
    command = (sys.executable, "-c", "import sys, subprocess; subprocess.run(sys.argv[1:], check=True)")
    before = time.perf_counter()
    subprocess.run((*command, str(shell.helper), "--flush"), env=dict(shell.environment), check=True)
    return BACKLOG / (time.perf_counter() - before)


def report(name: str, ways: dict[str, float], backlog: float) -> None:
    ratio = (ways["delivered"] - ways["spooled"]) / ways["insert"]
    shown = ("true_program", "insert", "delivered", "spooled", "refused")
    numbers = " | ".join(f"{ways[way]:.1f} ms" for way in shown)
    print(f"| {name} | {numbers} | {ratio:.2f} | {backlog:,.0f} |", flush=True)


if __name__ == "__main__":
    main()
