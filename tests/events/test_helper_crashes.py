"""log-event.sh: what is acknowledged is stored, in order and once, whatever is killed."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from rollout.demo.postgres.running import embedded_postgres
from rollout.demo.postgres.server import Server
from rollout.events.database import connected
from rollout.events.delivery import deliver
from rollout.events.migrations import migrate
from tests.events.shells import INSTANCE, Shell, database_of, make_shell, shell_programs, slack, stored
from tests.events.test_helper_promises import wait_until
from tests.first_rows import first_values
from tests.memory import memory

PROGRAMS = first_values(1, shell_programs())
# Logs w1 to wN and says after each call that it has come back.
WRITER = (
    'n=1; while [ $n -le {count} ]; do log_event w "{{\\"writer\\":\\"{name}\\",\\"n\\":$n}}"; '
    "echo $n; n=$((n + 1)); done"
)


@pytest.fixture(params=PROGRAMS)
def shell(request: pytest.FixtureRequest, tmp_path: Path, postgres: Server, event_store: str) -> Shell:
    made = make_shell(str(request.param), tmp_path, postgres, database_of(event_store))
    return made.with_(ROLLOUT_LOG_DEADLINE="30")


@pytest.fixture
def bash(tmp_path: Path, postgres: Server, event_store: str) -> Shell:
    return make_shell("bash", tmp_path, postgres, database_of(event_store)).with_(ROLLOUT_LOG_DEADLINE="30")


def by_writer(url: str) -> dict[str, list[int]]:
    """Return the numbers that each writer's events carry, in the order of their positions."""
    with psycopg.connect(url) as connection:
        rows = connection.execute(
            "SELECT event_data ->> 'writer', (event_data ->> 'n')::int FROM event_store"
            " WHERE event_type = 'w' ORDER BY instance_id, sequence_num"
        ).fetchall()
    found: dict[str, list[int]] = {}
    for writer, number in rows:
        found.setdefault(str(writer), []).append(int(str(number)))
    return found


def drain(shell: Shell) -> None:
    """Deliver what is left, as a timer would."""
    done = subprocess.run((str(shell.helper), "--flush"), env=dict(shell.environment), capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.server
def test_a_server_that_stops_and_starts_again_has_everything_in_order(tmp_path: Path) -> None:
    with embedded_postgres(memory()) as server:
        url = server.create_database("events")
        with connected(url) as connection:
            migrate(connection)
        shell = make_shell("bash", tmp_path, server, "events").with_(ROLLOUT_LOG_DEADLINE="10")
        shell.run("log_event n1 '{}'")
        server.stop()
        down = shell.run("log_event n2 '{}'")
        server.start()
        shell.run("log_event n3 '{}'")
        server.kill()
        shell.run("log_event n4 '{}'")
        server.start()
        shell.run("log_event n5 '{}'")
        drain(shell)  # which does not wait until the database is asked again
        assert ("not reached" in down.err, stored(url)) == (True, ["n1", "n2", "n3", "n4", "n5"])


def _lines(writer: subprocess.Popen[bytes], most: int) -> list[bytes]:
    """Read what a writer acknowledges next; fewer where it ends."""
    assert writer.stdout is not None
    return [line for _ in range(most) if (line := writer.stdout.readline())]


@pytest.mark.server
def test_a_server_killed_under_load_loses_nothing_that_was_acknowledged(tmp_path: Path) -> None:
    with embedded_postgres(memory()) as server:
        url = server.create_database("events")
        with connected(url) as connection:
            migrate(connection)
        shell = make_shell("bash", tmp_path, server, "events").with_(ROLLOUT_LOG_DEADLINE="10")
        writers = [shell.start(WRITER.format(count=12, name=name)) for name in "abc"]
        heard = [_lines(writer, 3) for writer in writers]
        server.kill()
        heard = [before + _lines(writer, 3) for before, writer in zip(heard, writers, strict=True)]
        server.start()
        heard = [before + _lines(writer, 12) for before, writer in zip(heard, writers, strict=True)]
        drain(shell)
        assert [len(lines) for lines in heard] == [12, 12, 12]
        assert by_writer(url) == {name: list(range(1, 13)) for name in "abc"}


def test_thirty_two_processes_at_once_lose_nothing(shell: Shell, event_store: str) -> None:
    writers = [shell.start(WRITER.format(count=4, name=f"w{number}")) for number in range(32)]
    ended = [writer.communicate() for writer in writers]
    assert [(out.split(), err) for out, err in ended] == [([b"1", b"2", b"3", b"4"], b"")] * 32
    # Nobody calls again, and yet nothing is left: whoever delivers looks for what was left to him.
    wait_until(lambda: not shell.waiting(), 10 * slack())
    assert by_writer(event_store) == {f"w{number}": [1, 2, 3, 4] for number in range(32)}
    assert (stored(event_store, "sequence_num"), shell.waiting()) == ([str(n) for n in range(1, 129)], [])


def test_whoever_finds_a_deliverer_at_work_leaves_its_event_to_him(shell: Shell, event_store: str) -> None:
    shell.run("log_event n1 '{}'")
    (shell.spool / "lock").write_text(f"{os.getpid()} 9999999999999999\n")
    done = shell.run("log_event n2 '{}'")
    assert (done.err, done.seconds < 0.5 * slack(), len(shell.waiting())) == ("", True, 1)
    (shell.spool / "lock").unlink()
    shell.run("log_event n3 '{}'")
    assert stored(event_store) == ["n1", "n2", "n3"]


def test_a_caller_delivers_no_further_than_its_own_event(bash: Shell, event_store: str) -> None:
    """What comes while it delivers is left to a process in the background, and the caller goes on."""
    psql = bash.root / "psql"
    real = bash.environment["PATH"].split(":")[0] + "/psql"
    bash.run("log_event n1 '{}'")
    late = f"{bash.spool}/9000000000000000-late.event"
    psql.write_text(
        f'#!/bin/sh\n[ -e {bash.root}/once ] || cp {bash.root}/late {late}\n: >{bash.root}/once\nexec {real} "$@"\n'
    )
    psql.chmod(0o755)
    (bash.root / "late").write_text(f"{uuid4()}\t{INSTANCE}\tn3\t2026-02-03T15:20:00Z\t{{}}\t{{}}\t\t\n")
    done = bash.with_(PATH=f"{bash.root}:{bash.environment['PATH']}").run("log_event n2 '{}'")
    wait_until(lambda: stored(event_store) == ["n1", "n2", "n3"], 10 * slack())
    assert (done.err, done.status) == ("", 0)


def test_subshells_of_one_shell_are_writers_of_their_own(shell: Shell, event_store: str) -> None:
    inner = "for n in 1 2 3; do log_event w '{\"writer\":\"s'$w'\",\"n\":'$n'}'; done"
    shell.run(f"for w in 1 2 3 4 5 6; do ({inner}) & done; wait")
    drain(shell)
    assert by_writer(event_store) == {f"s{number}": [1, 2, 3] for number in range(1, 7)}


def test_two_deliverers_at_once_store_everything_once(shell: Shell, event_store: str) -> None:
    shell.with_(ROLLOUT_LOG_SPOOL_ONLY="1").run(WRITER.format(count=200, name="a"))
    flush = (str(shell.helper), "--flush")
    both = [subprocess.Popen(flush, env=dict(shell.environment)) for _ in range(3)]
    # And one that breaks every lock it finds.
    while any(one.poll() is None for one in both):
        (shell.spool / "lock").unlink(missing_ok=True)
        time.sleep(0.002)
    assert by_writer(event_store) == {"a": list(range(1, 201))}


def test_python_and_the_shell_deliver_from_one_spool(shell: Shell, event_store: str) -> None:
    shell.with_(ROLLOUT_LOG_SPOOL_ONLY="1").run(WRITER.format(count=100, name="a"))
    with subprocess.Popen((str(shell.helper), "--flush"), env=dict(shell.environment)), connected(event_store) as one:
        deliver(shell.spool, one)
    drain(shell)
    assert by_writer(event_store) == {"a": list(range(1, 101))}


def killed_at_random(shell: Shell, url: str, rounds: int, seed: int) -> tuple[int, int]:
    """Kill writers with everything they started; return how many events were acknowledged and are stored."""
    chance = random.Random(seed)
    acknowledged: dict[str, int] = {}
    for number in range(rounds):
        name = f"k{number}"
        payload = "x" * chance.choice((10, 10, 20_000))
        process = shell.with_(PAYLOAD=payload).start(
            WRITER.format(count=120, name=name).replace(',\\"n\\"', ',\\"x\\":\\"$PAYLOAD\\",\\"n\\"')
        )
        begun, events = time.monotonic(), chance.randint(0, 15)
        heard = _lines(process, events)
        # And somewhere in the next one, by what one took.
        time.sleep(chance.random() * (time.monotonic() - begun) / max(1, events))
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        acknowledged[name] = len(heard + _lines(process, 120))
        process.communicate()
    drain(shell)
    kept = by_writer(url)
    for name, count in acknowledged.items():
        numbers = kept.get(name, [])
        # All that was acknowledged, and at most the one more that was being written; in order, without doubles.
        assert numbers == list(range(1, len(numbers) + 1)), f"{name}: {Counter(numbers)}"
        assert len(numbers) - count in (0, 1), f"{name}: acknowledged {count}, stored {len(numbers)}"
    return sum(acknowledged.values()), sum(map(len, kept.values()))


def test_a_helper_killed_at_any_instant_loses_nothing_that_was_acknowledged(shell: Shell, event_store: str) -> None:
    acknowledged, kept = killed_at_random(shell, event_store, rounds=2, seed=1)
    assert 0 < acknowledged <= kept <= acknowledged + 2


def test_a_writer_killed_without_a_database_loses_nothing_either(shell: Shell, event_store: str) -> None:
    killed_at_random(shell.with_(ROLLOUT_LOG_SPOOL_ONLY="1"), event_store, rounds=2, seed=2)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(4))
def test_hundreds_of_kills_lose_nothing(shell: Shell, event_store: str, seed: int) -> None:
    killed_at_random(shell, event_store, rounds=100, seed=seed)


def test_the_lock_of_a_killed_deliverer_holds_nobody_up(shell: Shell, event_store: str) -> None:
    shell.run("log_event n1 '{}'")
    dead = subprocess.Popen(("true",))
    dead.wait()
    for left in (f"{dead.pid} 9999999999999999\n", f"{os.getpid()} 1600000000000000\n", ""):
        (shell.spool / "lock").write_text(left)
        done = shell.run("log_event n2 '{}'")
        assert (done.seconds < 1.9 * slack(), shell.waiting()) == (True, [])
    assert len(stored(event_store)) == 4


def test_instances_are_visited_in_one_order_so_that_deliverers_cannot_block_each_other(
    shell: Shell, event_store: str
) -> None:
    here, there = f"INSTANCE_ID={INSTANCE} log_event a '{{}}'", "INSTANCE_ID=odin-MS-d4e5f6 log_event b '{}'"
    loop = "for n in 1 2 3 4 5 6; do {}; {}; done"
    shell.with_(ROLLOUT_LOG_SPOOL_ONLY="1").run(loop.format(here, there))
    # A second spool in the opposite order, delivered at the same moment.
    other = shell.with_(ROLLOUT_SPOOL=f"{shell.root}/other")
    other.with_(ROLLOUT_LOG_SPOOL_ONLY="1").run(loop.format(there, here))
    both = [subprocess.Popen((str(one.helper), "--flush"), env=dict(one.environment)) for one in (shell, other)]
    assert [one.wait() for one in both] == [0, 0]
    with psycopg.connect(event_store) as connection:
        assert connection.execute("SELECT count(*) FROM event_store").fetchone() == (24,)
