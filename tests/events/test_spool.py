"""The spool: on disk first, in order, each event exactly once, whoever delivers and whoever is killed."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from rollout.demo.postgres.server import Server
from rollout.errors import RolloutError
from rollout.events import spool
from rollout.events.cli import events
from rollout.events.database import connected
from rollout.events.delivery import deliver
from rollout.events.spool import append, count_waiting, spool_folder, waiting
from rollout.events.spool_record import SpoolRecord, record

ONE = "consilio-PS-a1b2c3"

TWO = "odin-MS-d4e5f6"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "state" / "spool"


def stored(url: str, instance: str = ONE) -> list[str]:
    with psycopg.connect(url) as connection:
        rows = connection.execute(
            "SELECT event_data ->> 'n' FROM event_store WHERE instance_id = %s ORDER BY sequence_num", (instance,)
        )
        return [str(row[0]) for row in rows]


def numbered(*numbers: int, instance: str = ONE) -> list[SpoolRecord]:
    return [record(instance, "error", f'{{"n":{number}}}') for number in numbers]


def test_events_are_kept_privately_and_delivered_in_order(folder: Path, event_store: str) -> None:
    append(folder, numbered(1, 2))
    append(folder, numbered(3))
    modes = [stat.S_IMODE(path.stat().st_mode) for path in (folder, *folder.iterdir())]
    with connected(event_store) as connection:
        done = deliver(folder, connection)
    assert (modes, done.delivered, done.waiting, stored(event_store)) == (
        [0o700, 0o600, 0o600, 0o600],
        3,
        0,
        ["1", "2", "3"],
    )


def test_delivering_the_same_twice_stores_it_once(folder: Path, event_store: str) -> None:
    events_of_one = numbered(1, 2)
    append(folder, events_of_one)
    append(folder, events_of_one)
    with connected(event_store) as connection:
        deliver(folder, connection)
    assert stored(event_store) == ["1", "2"]


@given(st.text(), st.text(), st.binary(max_size=40))
def test_any_text_is_one_line_of_eight_columns(data: str, kind: str, raw: bytes) -> None:
    bytes_in_text = raw.decode("utf-8", "surrogateescape")
    line = SpoolRecord("id", ONE, kind, "", data, bytes_in_text).line()
    assert (line.count(b"\n"), line.count(b"\t"), line.decode()[-1]) == (1, 7, "\n")


def test_every_payload_arrives_as_it_was(folder: Path, event_store: str) -> None:
    payloads = ['it\'s\t$(x) \\ "q"\nb', "\\N", "\\.", "[1]", '{"a":"\x01"}', '{"n":"\\u0000"}', "", "\udcff"]
    append(folder, [record(ONE, "error", payload) for payload in payloads])
    with connected(event_store) as connection:
        deliver(folder, connection)
        rows = connection.execute("SELECT event_data FROM event_store ORDER BY sequence_num").fetchall()
    assert [row[0] for row in rows] == [
        {"_invalid_json": payloads[0]},
        {"_invalid_json": "\\N"},
        {"_invalid_json": "\\."},
        {"_value": [1]},
        {"_invalid_json": '{"a":"\x01"}'},
        {"n": "\\u0000"},
        {},
        {"_invalid_utf8": "/w=="},
    ]


def test_a_torn_line_is_left_to_its_writer_and_holds_nobody_up(folder: Path, event_store: str) -> None:
    append(folder, numbered(1))
    torn = folder / f"{time.time_ns() // 1000}-x.event"
    torn.write_bytes(b"half a li")
    append(folder, numbered(2))
    with connected(event_store) as connection:
        done = deliver(folder, connection)
    assert (stored(event_store), done.waiting, torn.exists()) == (["1", "2"], 0, True)


def test_an_old_torn_line_is_put_aside_byte_for_byte(folder: Path, event_store: str) -> None:
    append(folder, numbered(1))
    torn = folder / "1600000000000000-x.event"
    torn.write_bytes(b"half a li")
    with connected(event_store) as connection:
        deliver(folder, connection)
    assert (folder / "rejects" / torn.name).read_bytes() == b"half a li"


def test_a_line_that_no_database_takes_is_put_aside_and_the_rest_is_stored(folder: Path, event_store: str) -> None:
    append(folder, numbered(*range(10)))
    [batch] = waiting(folder)
    lines = batch.read_bytes().splitlines(keepends=True)
    bad = [b"too\tfew\n", b"\xff\t" + lines[0].split(b"\t", 1)[1]]
    batch.write_bytes(b"".join([*lines[:4], bad[0], *lines[4:8], bad[1], *lines[8:]]))
    with connected(event_store) as connection:
        done = deliver(folder, connection)
    assert (sorted(path.read_bytes() for path in done.refused), stored(event_store)) == (
        sorted(bad),
        [str(number) for number in range(10)],
    )


def test_an_event_follows_what_waits_even_when_the_clock_was_ahead(folder: Path) -> None:
    append(folder, numbered(1))
    [path] = waiting(folder)
    path.rename(folder / f"9{path.name[1:]}")
    append(folder, numbered(2))
    assert [b'"n":1' in path.read_bytes() for path in waiting(folder)] == [True, False]


def test_a_clock_that_is_centuries_ahead_strands_nothing(folder: Path) -> None:
    append(folder, numbered(1))
    [path] = waiting(folder)
    path.rename(folder / f"{'9' * 16}{path.name[16:]}")
    append(folder, numbered(2))
    assert count_waiting(folder) == 2


def test_two_deliverers_at_once_store_everything_once(folder: Path, event_store: str) -> None:
    for number in range(60):
        append(folder, numbered(number))
    code = (
        "import sys; from pathlib import Path; from rollout.events import delivery; "
        "from rollout.events.database import connected\n"
        "with connected(sys.argv[2]) as c: delivery.deliver(Path(sys.argv[1]), c)"
    )
    both = [subprocess.Popen((sys.executable, "-c", code, str(folder), event_store)) for _ in range(2)]
    assert [one.wait() for one in both] == [0, 0]
    assert (stored(event_store), count_waiting(folder)) == ([str(number) for number in range(60)], 0)


def test_the_lock_of_the_dead_is_not_waited_for(folder: Path, event_store: str) -> None:
    append(folder, numbered(1))
    dead = subprocess.Popen(("true",))
    dead.wait()
    (folder / "lock").write_text(f"{dead.pid} {time.time_ns()}\n")
    before = time.monotonic()
    with connected(event_store) as connection:
        deliver(folder, connection)
    assert time.monotonic() - before < 5
    assert stored(event_store) == ["1"]


def test_a_database_that_fails_in_between_leaves_the_rest_on_disk(folder: Path, event_store: str) -> None:
    append(folder, numbered(1, 2))
    with connected(event_store) as connection:
        connection.execute("ALTER VIEW event_intake RENAME TO gone")
        with pytest.raises(psycopg.errors.UndefinedTable):
            deliver(folder, connection)
        connection.execute("ALTER VIEW gone RENAME TO event_intake")
        left = count_waiting(folder)
        deliver(folder, connection)
    assert (left, stored(event_store)) == (2, ["1", "2"])


def test_many_events_are_written_and_delivered_in_several_batches(folder: Path, event_store: str) -> None:
    append(folder, numbered(*range(2500)))
    files = len(waiting(folder))
    with connected(event_store) as connection:
        done = deliver(folder, connection)
    assert (files, done.delivered, len(stored(event_store))) == (3, 2500, 2500)


def test_a_folder_that_is_a_file_is_said(tmp_path: Path) -> None:
    (tmp_path / "spool").write_text("")
    with pytest.raises(RolloutError, match="cannot be written"):
        append(tmp_path / "spool", numbered(1))


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"ROLLOUT_SPOOL": "/a/b", "HOME": "/h"}, "/a/b"),
        ({"XDG_STATE_HOME": "/x", "HOME": "/h"}, "/x/rollout/spool"),
        ({"HOME": "/h"}, "/h/.local/state/rollout/spool"),
    ],
)
def test_the_spool_is_where_the_environment_says(environment: dict[str, str], expected: str) -> None:
    assert spool_folder(environment) == Path(expected)


def test_flush_delivers_and_says_how_many(folder: Path, event_store: str) -> None:
    append(folder, numbered(1, 2))
    arguments = ["flush", "--spool", str(folder), "--database", event_store]
    first, second = (CliRunner().invoke(events, arguments) for _ in range(2))
    assert (first.output, second.output) == ("delivered 2 events\n", f"nothing waits in {folder}\n")


def test_flush_names_what_was_refused_and_ends_with_3(folder: Path, event_store: str) -> None:
    append(folder, numbered(1))
    (folder / "1600000000000000-x.batch").write_bytes(b"nonsense\n")
    done = CliRunner().invoke(events, ["flush", "--spool", str(folder), "--database", event_store])
    assert (done.exit_code, "refused for good" in done.output, stored(event_store)) == (3, True, ["1"])


def test_flush_without_a_database_keeps_the_events(folder: Path, postgres: Server) -> None:
    append(folder, numbered(1))
    url = f"postgresql://nobody@127.0.0.1:1/nowhere?host={folder}"
    done = CliRunner().invoke(events, ["flush", "--spool", str(folder), "--database", url])
    assert isinstance(done.exception, RolloutError)
    assert count_waiting(folder) == 1


def test_hook_without_the_rolled_out_script_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(events, ["hook", "SessionStart"])
    assert "roll out the shared folder" in str(done.exception)


def test_two_instances_are_delivered_without_waiting_for_each_other(folder: Path, event_store: str) -> None:
    for number in range(20):
        append(folder, numbered(number, instance=(ONE, TWO)[number % 2]))
    with connected(event_store) as connection:
        deliver(folder, connection)
    assert (len(stored(event_store, ONE)), len(stored(event_store, TWO))) == (10, 10)


def test_a_spool_that_is_not_there_is_empty(tmp_path: Path) -> None:
    assert (waiting(tmp_path / "none"), os.listdir(tmp_path)) == ([], [])
    assert spool.FORMAT == "rollout-spool/1\n"
