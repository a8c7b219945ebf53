"""The spool, delivered by Python and by the shell helper at once: each event exactly once, in its writer's order."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from rollout.demo.postgres.server import Server
from rollout.events.database import connected
from rollout.events.delivery import deliver, deliver_by
from rollout.events.spool import append
from rollout.events.spool_record import record
from tests.events.shells import INSTANCE, Shell, database_of, make_shell, shell_programs, slack, stored
from tests.events.test_helper_promises import numbers
from tests.events.test_helper_two_deliverers import OTHER, kept_aside, line, put, stopped_at
from tests.first_rows import first_values

FLUSH = (
    "import sys; from pathlib import Path; from rollout.events import delivery; "
    "from rollout.events.database import connected\n"
    "with connected(sys.argv[2]) as c: delivery.deliver(Path(sys.argv[1]), c)"
)


@pytest.fixture(params=first_values(1, shell_programs()))
def shell(request: pytest.FixtureRequest, tmp_path: Path, postgres: Server, event_store: str) -> Shell:
    made = make_shell(str(request.param), tmp_path, postgres, database_of(event_store))
    return made.with_(ROLLOUT_LOG_DEADLINE="60")


def test_what_is_folded_between_two_batches_is_not_overtaken(tmp_path: Path) -> None:
    """The list was made before; the files in its middle are in a batch now, and that one is not in the list."""
    names = [f"16000000000000{number:02}-x" for number in range(6)]
    for number, name in enumerate(names):
        (tmp_path / f"{name}.event").write_text(line(number))
    (tmp_path / f"{names[0]}.event").write_text(line(0) * 1000)
    sent: list[bytes] = []

    def copied(lines: Sequence[bytes]) -> bool:
        sent.extend(lines)
        if not (tmp_path / f"{names[1]}-y.batch").exists() and len(sent) == 1000:
            folded = b"".join((tmp_path / f"{name}.event").read_bytes() for name in names[1:4])
            (tmp_path / f"{names[1]}-y.batch").write_bytes(folded)
            for name in names[1:4]:
                (tmp_path / f"{name}.event").unlink()
        return True

    deliver_by(tmp_path, copied)
    # The database takes an event once, so only its first coming counts.
    assert list(dict.fromkeys(sent)) == [line(number).encode() for number in range(6)]


def test_a_file_that_cannot_be_read_holds_nobody_up(tmp_path: Path, event_store: str) -> None:
    append(tmp_path, [record(INSTANCE, "n1")])
    (tmp_path / "1600000000000000-x.batch").mkdir()
    (tmp_path / "1600000000000001-x.event").symlink_to(tmp_path / "nowhere")
    with connected(event_store) as connection:
        deliver(tmp_path, connection)
    assert stored(event_store) == ["n1"]


def test_python_takes_nothing_of_a_batch_that_a_helper_halves(shell: Shell, event_store: str) -> None:
    put(shell, "000000-x.batch", *map(line, (1, 2, 3)), "bad\tline\n", *map(line, (4, 5)))
    with stopped_at(shell, "tail") as helper, connected(event_store) as connection:
        (shell.spool / "lock").unlink()
        deliver(shell.spool, connection)
        os.killpg(helper.pid, signal.SIGCONT)
        helper.communicate(timeout=60 * slack())
        deliver(shell.spool, connection)
    assert (stored(event_store), kept_aside(shell), shell.waiting()) == (numbers(1, 2, 3, 4, 5), ["bad\tline\n"], [])


def deliver_and_kill(shell: Shell, url: str, seed: int) -> None:
    """Let helpers and Python deliver, halve and fold one spool at once, without a lock, and kill half of them."""
    chance = random.Random(seed)
    in_order = range(1, 901)
    rows = [line(number, (INSTANCE, OTHER)[number % 2]) for number in in_order]
    for number in range(1, 601):
        put(shell, f"{number:06}-x.event", rows[number - 1])
    for start in (600, 700, 800):
        put(
            shell,
            f"{start + 1:06}-x.batch",
            *rows[start : start + 50],
            f"bad\t{start}\n",
            *rows[start + 50 : start + 100],
        )
    away = shell.with_(PGPORT="1", ROLLOUT_LOG_SPOOL_ONLY="")
    folds = "rm -f $ROLLOUT_SPOOL/away; _rollout_flush"
    kinds: list[Callable[[], subprocess.Popen[bytes]]] = [
        lambda: shell.start("_rollout_flush"),
        lambda: away.start(folds),
        lambda: subprocess.Popen((sys.executable, "-c", FLUSH, str(shell.spool), url), start_new_session=True),
    ]
    for _ in range(3):
        at_work = [kind() for kind in kinds]
        end = time.monotonic() + chance.random() * slack()
        while time.monotonic() < end:
            (shell.spool / "lock").unlink(missing_ok=True)
            time.sleep(0.005)
        for one in at_work:
            if one.poll() is None:
                os.killpg(one.pid, signal.SIGKILL)
            one.communicate()
    (shell.spool / "lock").unlink(missing_ok=True)
    with connected(url) as connection:
        deliver(shell.spool, connection)
    assert stored(url) == numbers(*[number for number in in_order if number % 2 == 0])
    assert stored(url, instance=OTHER) == numbers(*[number for number in in_order if number % 2])
    assert (set(kept_aside(shell)), shell.waiting()) == ({f"bad\t{start}\n" for start in (600, 700, 800)}, [])


def test_helpers_and_python_at_once_and_killed_store_each_event_once(shell: Shell, event_store: str) -> None:
    deliver_and_kill(shell, event_store, seed=1)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(2, 42))
def test_forty_rounds_of_helpers_and_python_store_each_event_once(shell: Shell, event_store: str, seed: int) -> None:
    deliver_and_kill(shell, event_store, seed)
