"""log-event.sh: two deliverers that halve, fold and send the same files, one of them stopped at the worst moment."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from rollout.demo.postgres.server import Server
from tests.events.shells import INSTANCE, Shell, database_of, make_shell, shell_programs, slack, stored
from tests.events.test_helper_promises import numbers, wait_until
from tests.first_rows import first_rows, first_values

OTHER = "odin-MS-d4e5f6"


@pytest.fixture(params=first_values(1, shell_programs()))
def shell(request: pytest.FixtureRequest, tmp_path: Path, postgres: Server, event_store: str) -> Shell:
    made = make_shell(str(request.param), tmp_path, postgres, database_of(event_store))
    return made.with_(ROLLOUT_LOG_DEADLINE="60")


def line(number: int, instance: str = INSTANCE) -> str:
    moment = "2026-02-03T15:20:00Z"
    return f"00000000-0000-4000-8000-{number:012}\t{instance}\tn{number}\t{moment}\t{{}}\t{{}}\t\todin3\n"


def put(shell: Shell, name: str, *lines: str) -> Path:
    """Let lines wait under a name of their own."""
    shell.spool.mkdir(exist_ok=True)
    path = shell.spool / f"1600000000{name}"
    path.write_text("".join(lines))
    return path


def with_program(shell: Shell, name: str, text: str) -> Shell:
    """Put a program before the real one, which it knows as $real."""
    folder = shell.root / f"instead-of-{name}"
    folder.mkdir()
    # The folder's own name is cut out of the path, so that the program finds the real one.
    (folder / name).write_text(
        f'#!/bin/sh\nreal=$(PATH=${{PATH#{folder}:}}; command -v {name})\n{text}\nexec "$real" "$@"\n'
    )
    (folder / name).chmod(0o755)
    return shell.with_(PATH=f"{folder}:{shell.environment['PATH']}")


@contextmanager
def stopped_at(
    shell: Shell, program: str, script: str = "_rollout_flush", when: str = "true"
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a script that stops when it starts this program for the first time; end it, at the latest, at the end."""
    mark = shell.root / f"stopped-at-{program}"
    stop = f"{when} && [ ! -e {mark} ] && {{ : >{mark}; kill -STOP 0; }}"
    process = with_program(shell, program, stop).start(script)
    try:
        wait_until(mark.exists, 20 * slack())
        yield process
    finally:
        with_signal(process, signal.SIGKILL)
        process.communicate()


def with_signal(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    if process.poll() is None:
        os.killpg(process.pid, number)


def goes_on(process: subprocess.Popen[bytes], shell: Shell) -> None:
    """Let a stopped process go on to its end."""
    with_signal(process, signal.SIGCONT)
    process.communicate(timeout=60 * slack())


def break_lock(shell: Shell) -> None:
    """Let nobody see who is at work, as when a machine slept and the time of its lock is over."""
    (shell.spool / "lock").unlink(missing_ok=True)


def flush(shell: Shell) -> None:
    break_lock(shell)
    shell.run("_rollout_flush")


def kept_aside(shell: Shell) -> list[str]:
    return sorted(path.read_text() for path in (shell.spool / "rejects").glob("*"))


def test_two_that_halve_one_batch_do_not_send_each_others_half_written_file(shell: Shell, event_store: str) -> None:
    put(shell, "000000-x.batch", *map(line, (1, 2, 3)), "bad\tline\n", *map(line, (4, 5)))
    with stopped_at(shell, "mv") as first:
        break_lock(shell)
        with stopped_at(shell, "head") as second:
            break_lock(shell)
            goes_on(first, shell)
            goes_on(second, shell)
    flush(shell)
    assert (stored(event_store), kept_aside(shell), shell.waiting()) == (numbers(1, 2, 3, 4, 5), ["bad\tline\n"], [])


def test_two_that_fold_one_queue_do_not_write_over_each_others_batch(shell: Shell, event_store: str) -> None:
    away = shell.with_(PGPORT="1")
    for number in range(1, 301):
        put(shell, f"{number:06}-x.event", line(number, (INSTANCE, OTHER)[number % 2]))
    with stopped_at(away, "sort", "log_event n0 '{}'", when="[ -f /proc/self/fd/1 ]") as first:
        for number in range(301, 401):
            put(shell, f"{number:06}-x.event", line(number, (INSTANCE, OTHER)[number % 2]))
        break_lock(shell)
        away.with_(ROLLOUT_SPOOL=str(shell.spool)).run("rm -f $ROLLOUT_SPOOL/away; log_event n0 '{}'")
        goes_on(first, shell)
    flush(shell)
    assert [name for name in stored(event_store) if name != "n0"] == numbers(*range(2, 401, 2))
    assert (stored(event_store, instance=OTHER), shell.waiting()) == (numbers(*range(1, 401, 2)), [])


def test_whoever_is_killed_in_the_middle_of_halving_changes_no_order(shell: Shell, event_store: str) -> None:
    put(shell, "000000-x.batch", *map(line, (1, 2, 3)), "bad\tline\n", *map(line, (4, 5)))
    once = f"[ -e {shell.root}/once ] && kill -9 0; : >{shell.root}/once"
    killed = with_program(shell, "mv", once).start("_rollout_flush")
    killed.communicate()
    flush(shell)
    assert (killed.returncode, stored(event_store), kept_aside(shell)) == (
        -9,
        numbers(1, 2, 3, 4, 5),
        ["bad\tline\n"],
    )


def test_what_was_folded_under_a_deliverers_hands_is_not_overtaken(shell: Shell, event_store: str) -> None:
    """Its list names files that are in a batch by now; what comes after them in the list must wait for the batch."""
    shell.spool.mkdir()
    os.mkfifo(shell.spool / "1600000000000000-x.event")
    files = [put(shell, f"{number:06}-x.event", line(number)) for number in range(1, 6)]
    deliverer = shell.start("_rollout_flush")
    # It opens the first file of its list, and reads the rest when we close that one.
    with (shell.spool / "1600000000000000-x.event").open("wb"):
        folded = "".join(path.read_text() for path in files[:3])
        put(shell, "000001-y.part", folded).rename(shell.spool / "1600000000000001-y.batch")
        for path in [*files[:3], shell.spool / "1600000000000000-x.event"]:
            path.unlink()
    deliverer.communicate(timeout=60 * slack())
    flush(shell)
    assert (stored(event_store), shell.waiting()) == (numbers(1, 2, 3, 4, 5), [])


@first_rows(3, "failing", ["head", "tail", "mv", "wc", "rm"])
def test_a_program_that_fails_while_a_batch_is_halved_costs_no_good_event(
    shell: Shell, event_store: str, failing: str
) -> None:
    put(shell, "000000-x.batch", *map(line, (1, 2, 3)), "bad\tline\n", *map(line, (4, 5)))
    broken = with_program(shell, failing, f"[ -e {shell.root}/once ] || {{ : >{shell.root}/once; exit 1; }}")
    broken.run("ROLLOUT_LOG_DEADLINE=5 _rollout_flush")
    flush(shell)
    assert (stored(event_store), kept_aside(shell), shell.waiting()) == (numbers(1, 2, 3, 4, 5), ["bad\tline\n"], [])


@pytest.mark.parametrize("how", ["exit 1", "kill -9 $$", "head -n 1; exit 1", "head -n 1; kill -9 $$"])
def test_a_program_before_psql_in_a_pipe_that_fails_costs_no_event(shell: Shell, event_store: str, how: str) -> None:
    for number in range(1, 5):
        put(shell, f"{number:06}-x.event", line(number, (INSTANCE, OTHER)[number % 2]))
    with_program(shell, "sort", how).run("ROLLOUT_LOG_DEADLINE=5 _rollout_flush")
    flush(shell)
    assert (stored(event_store), stored(event_store, instance=OTHER)) == (numbers(2, 4), numbers(1, 3))


@pytest.mark.parametrize("failing", ["sed", "tr"])
def test_a_program_that_fails_while_a_long_event_is_written_costs_nothing_of_it(
    shell: Shell, event_store: str, failing: str
) -> None:
    broken = with_program(
        shell, failing, f"[ -e {shell.root}/once ] || {{ : >{shell.root}/once; head -c 100; exit 1; }}"
    )
    done = broken.with_(P="line\n" * 2000).run('log_event n1 "$P"')
    whole = stored(event_store, "length(event_data ->> '_invalid_json')")
    assert (done.status, stored(event_store), whole) == (0, ["n1"], ["10000"])


def test_a_call_whose_time_is_over_after_its_first_batch_leaves_the_rest_to_the_background(
    shell: Shell, event_store: str
) -> None:
    if shell.program == "bash3.2":
        pytest.skip("it waits for the end of psql, so it cannot know that the batch is stored")
    put(shell, "000001-x.batch", line(1))
    put(shell, "000002-x.batch", line(2))
    slow = with_program(
        shell,
        "psql",
        f'[ -e {shell.root}/once ] || {{ : >{shell.root}/once; "$real" "$@"; exec sleep {5 * slack():.0f}; }}',
    )
    done = slow.with_(ROLLOUT_LOG_DEADLINE=f"{3 * slack():.0f}").run("log_event n3 '{}'")
    wait_until(lambda: stored(event_store) == numbers(1, 2, 3), 20 * slack())
    assert done.err == ""


READY = "_rollout_own_shell; _rollout_settings; _rollout_machine_here; _rollout_can_send; _rollout_is_away"


def test_what_was_not_heard_in_no_time_at_all_was_not_said(shell: Shell) -> None:
    """bash's `read -t 0` says 0 when something could be read; that is no answer."""
    script = (
        f"{READY}; exec 9< <(echo ERROR); sleep 0.3; rl_seconds=0.00 rl_end=$rl_start; _rollout_hear; echo $rl_status"
    )
    assert shell.run(script).out != "0\n"


def test_nothing_is_sent_when_the_time_is_over(shell: Shell, event_store: str) -> None:
    put(shell, "000001-x.event", line(1))
    script = f"{READY}; rl_cap=9 rl_most=9; _rollout_list; _rollout_take; rl_end=$((rl_now + 5000)); _rollout_send ''"
    done = shell.run(f"{script}; echo $rl_verdict")
    assert (done.out, stored(event_store)) == ("late\n", [])


def test_a_file_of_somebody_else_in_the_spool_keeps_nobody_busy(shell: Shell, event_store: str) -> None:
    for name in ("000001-x.event~", "000002-x.bak", "000003-x.batches"):
        put(shell, name, "not ours")
    (shell.spool / "1600000000000004-x.batch").mkdir()
    (shell.spool / "1600000000000005-x.event").symlink_to("nowhere")
    put(shell, "000006-x.event", line(6))
    done = shell.run("_rollout_flush; echo $?")
    assert (done.out, done.seconds < 10 * slack(), stored(event_store)) == ("0\n", True, ["n6"])


def test_many_batches_are_counted_without_a_program_for_each(shell: Shell) -> None:
    for number in range(300):
        put(shell, f"{number:06}-x.batch", line(number), line(number))
    counting = with_program(shell, "wc", f"echo once >>{shell.root}/counted")
    done = counting.with_(PGPORT="1").run("log_event n1 '{}'")
    assert ("601 events wait" in done.err, (shell.root / "counted").read_text()) == (True, "once\n")


@first_rows(2, "program", ["mv", "rm", "sort", "printf", "cat"])
def test_an_alias_of_the_caller_is_not_the_program_that_is_meant(shell: Shell, event_store: str, program: str) -> None:
    known = "shopt -s expand_aliases 2>/dev/null || :"
    script = (
        f"{known}\nalias {program}=true\n. '{shell.helper}'\nlog_event n1 \"$P\"\nalias {program}\nlog_event n2 '{{}}'"
    )
    done = shell.with_(P="line\n" * 2000, ROLLOUT_LOG_DEADLINE="5").run(script)
    assert (stored(event_store), shell.waiting(), "true" in done.out) == (numbers(1, 2), [], True)


def test_sourcing_leaves_the_callers_options_and_variables_as_they_were(shell: Shell) -> None:
    show = "set -o; shopt 2>/dev/null; setopt 2>/dev/null; set | grep '^_rollout[a-z_]*='"
    for aliases in (
        "shopt -s expand_aliases 2>/dev/null || setopt aliases",
        "shopt -u expand_aliases 2>/dev/null || unsetopt aliases",
    ):
        done = shell.run(f'{aliases}; before=$({show}); . \'{shell.helper}\'; [ "$before" = "$({show})" ] && echo same')
        assert done.out == "same\n"


@pytest.mark.parametrize("size", [10, 20_000])
def test_two_that_log_one_event_at_one_moment_do_not_write_over_each_others_file(
    shell: Shell, event_store: str, size: int
) -> None:
    own = "01234567-89ab-8def-8123-456789abcdef"
    same = shell.with_(ROLLOUT_LOG_EVENT_ID=own, ROLLOUT_LOG_SPOOL_ONLY="1", P="x" * size)
    frozen = "_rollout_now() { rl_now=1700000000000000; }\n"
    same.run(frozen + 'log_event n1 "$P"')
    [first] = shell.waiting()
    before = first.read_bytes()
    # As if it were delivered at this moment: the second writer looks, sees nothing, and writes.
    hidden = shell.root / "hidden"
    first.rename(hidden)
    same.run(
        frozen
        + "_rollout_waiting() { rl_files=(); mv '"
        + f"{hidden}' '{first}' 2>/dev/null; }}\n"
        + 'log_event n2 "$P"'
    )
    assert (first.read_bytes() == before, len(shell.waiting())) == (True, 2)


# --- one that writes while another delivers -------------------------------------------------------


def test_a_line_that_is_finished_while_a_deliverer_looks_for_more_is_delivered(shell: Shell, event_store: str) -> None:
    """Its writer saw the lock and left it to the deliverer, which had seen an empty file."""
    put(shell, "000001-a.event", line(1))
    late = shell.spool / f"{time.time_ns() // 1000:016}-b.event"
    late.touch()
    writer = with_program(shell, "sleep", f"[ -s '{late}' ] || printf '%s' '{line(2)}' >'{late}'")
    writer.with_(ROLLOUT_LOG_ASYNC="1").run("log_event n3")
    wait_until(lambda: not shell.waiting())
    assert stored(event_store) == numbers(1, 3, 2)
