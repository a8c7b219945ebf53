"""log-event.sh: what its caller may count on, in every shell there is here."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest

from rollout.demo.postgres.server import Server
from tests.events.render import render_shared
from tests.events.shells import INSTANCE, Shell, database_of, make_shell, shell_programs, silent_server, slack, stored

PROGRAMS = shell_programs()

SHELLCHECK = Path(sys.executable).parent / "shellcheck"


@pytest.fixture(params=PROGRAMS)
def shell(request: pytest.FixtureRequest, tmp_path: Path, postgres: Server, event_store: str) -> Shell:
    """Every shell in turn, with a database, and time enough for it on a busy machine."""
    made = make_shell(str(request.param), tmp_path, postgres, database_of(event_store))
    return made.with_(ROLLOUT_LOG_DEADLINE="30")


@pytest.fixture(params=PROGRAMS)
def alone(request: pytest.FixtureRequest, tmp_path: Path, postgres: Server) -> Shell:
    """Every shell in turn, and nobody listens where the database should be."""
    return make_shell(str(request.param), tmp_path, postgres, "none").with_(PGPORT="1")


@pytest.fixture
def bash(tmp_path: Path, postgres: Server, event_store: str) -> Shell:
    """Bash alone, for what does not depend on the shell."""
    return make_shell("bash", tmp_path, postgres, database_of(event_store)).with_(ROLLOUT_LOG_DEADLINE="30")


def numbers(*wanted: int) -> list[str]:
    return [f"n{number}" for number in wanted]


# --- 1: the caller is left alone ------------------------------------------------------------------


def test_an_event_is_stored_at_once_and_nothing_is_printed(shell: Shell, event_store: str) -> None:
    done = shell.run("""log_event commit '{"hash":"a1b2c3d"}' '{"tags":["x"]}'; echo "status $?" """)
    with psycopg.connect(event_store) as connection:
        row = connection.execute(
            "SELECT event_type, event_data, metadata -> 'tags', sequence_num,"
            " abs(extract(epoch FROM now() - timestamp)) < 60 FROM event_store"
        ).fetchone()
    assert (done.out, done.err, row, shell.waiting()) == (
        "status 0\n",
        "",
        ("commit", {"hash": "a1b2c3d"}, ["x"], 1, True),
        [],
    )


def test_it_returns_0_whatever_is_wrong(alone: Shell) -> None:
    broken = alone.with_(ROLLOUT_SPOOL="/dev/null/x", INSTANCE_ID="", PATH="/nowhere:/bin:/usr/bin", PGHOST="")
    done = broken.run("log_event; echo $?; log_event x y z w v; echo $?")
    assert done.out == "0\n0\n"


def test_a_caller_under_errexit_nounset_and_pipefail_goes_on(alone: Shell) -> None:
    done = alone.run("set -euo pipefail\nlog_event error '{}'\nlog_event error | cat\necho alive")
    assert (done.status, done.out) == (0, "alive\n")


def test_no_trap_of_the_caller_fires(alone: Shell) -> None:
    trap = "TRAPZERR() { echo fired; }" if "zsh" in alone.program else "set -E; trap 'echo fired' ERR"
    done = alone.run(f"{trap}\ntrap 'echo at exit' EXIT\nlog_event error '{{}}'\necho end")
    assert done.out == "end\nat exit\n"


def test_variables_options_umask_directory_and_streams_are_left_as_they_were(alone: Shell) -> None:
    show = "(set +x; set; umask; pwd; trap; alias; set -o; shopt 2>/dev/null; setopt 2>/dev/null; ls /proc/self/fd)"
    volatile = (
        r"^(_|RANDOM|SECONDS|EPOCH[A-Z]*|SRANDOM|LINENO|BASH_[A-Z]*|PIPESTATUS|BASHPID|PPID|TTYIDLE|pipestatus|status"
        r"|epochtime|errnos|COLUMNS|LINES|BASH_LINENO|ZSH_SUBSHELL|argv|\?|!|'[?!*#@]'|before|after|FUNCNAME|funcstack|'[*]')="
    )
    script = f"""
umask 027; cd /; IFS=:; a='x y'; export LC_ALL=C
before=$({show} | grep -Ev "{volatile}")
log_event error '{{"a":1}}'
after=$({show} | grep -Ev "{volatile}")
[ "$before" = "$after" ] && echo same || {{ printf '%s\\n' "$before" >"$HOME/before"
    printf '%s\\n' "$after" | diff "$HOME/before" -; }}
"""
    assert alone.run(script).out == "same\n"


def test_odd_options_of_the_caller_do_no_harm(shell: Shell, event_store: str) -> None:
    odd = (
        "setopt noclobber noglob nounset nomatch ksh_arrays forcefloat 2>/dev/null; IFS=0-9"
        if "zsh" in shell.program
        else "set -aCfu -o posix; shopt -s nullglob failglob nocasematch dotglob 2>/dev/null; IFS=0-9; GLOBIGNORE='*'"
    )
    done = shell.run(f"{odd}\nlog_event n1 '{{}}'\nlog_event n2 '{{}}'")
    assert (done.err, stored(event_store)) == ("", numbers(1, 2))


@pytest.mark.parametrize(
    "kept",
    [
        "readonly PGHOST PGPORT PGUSER PGDATABASE PGPASSWORD; readonly PGCONNECT_TIMEOUT=3",
        "readonly PGAPPNAME=mine",
        "printf() { echo no; }; rm() { echo no; }; mv() { :; }; cat() { :; }; sleep() { :; }",
    ],
)
def test_what_the_caller_keeps_for_itself_costs_no_event(shell: Shell, event_store: str, kept: str) -> None:
    done = shell.run(f"{kept}\nlog_event n1 '{{}}'\nlog_event n2 '{{}}'")
    assert (done.err, stored(event_store), [*shell.spool.glob("*-*")]) == ("", numbers(1, 2), [])


@pytest.mark.parametrize("closed", ["2>&-", ">&- 2>&- <&-"])
@pytest.mark.parametrize("strict", ["", "case ${ZSH_VERSION-} in '') set -o posix ;; *) emulate sh ;; esac", "set -eu"])
def test_a_caller_without_streams_loses_no_event(shell: Shell, event_store: str, strict: str, closed: str) -> None:
    shell.run(f"{strict}\nlog_event n1 '{{}}' {closed}\nlog_event n2 '{{}}' {closed}")
    assert stored(event_store) == numbers(1, 2)


def test_stdin_is_not_read_and_stdout_not_written(shell: Shell) -> None:
    assert shell.run("log_event n1 '{}'; cat", stdin="the caller's own\n").out == "the caller's own\n"


def test_tracing_of_the_caller_shows_the_payload_in_the_call_and_nowhere_else(bash: Shell) -> None:
    traced = bash.with_(PAYLOAD="secret").run('set -x; log_event n1 "$PAYLOAD"; set +x').err
    assert (traced.count("secret"), len(traced.splitlines()) < 8) == (2, True)


def test_sourcing_twice_and_under_strict_options_is_silent(shell: Shell) -> None:
    done = shell.run(f'set -eu\n. "{shell.helper}"\n. "{shell.helper}"\ntype log_event >/dev/null && echo there')
    assert (done.status, done.out, done.err) == (0, "there\n", "")


def test_a_strict_shell_can_source_it_too(shell: Shell, event_store: str) -> None:
    mode = ("--emulate", "sh") if "zsh" in shell.program else ("--posix",)
    script = f". '{shell.helper}' && log_event n1 '{{}}'"
    done = subprocess.run(
        (shutil.which(shell.program) or "", *mode, "-c", script), env=dict(shell.environment), capture_output=True
    )
    assert (done.returncode, done.stderr, stored(event_store)) == (0, b"", ["n1"])


def test_it_can_be_run_without_being_sourced(bash: Shell, event_store: str) -> None:
    for words in (("n1", "{}"), ("--flush",)):
        subprocess.run((str(bash.helper), *words), env=dict(bash.environment), check=True)
    assert stored(event_store) == ["n1"]


def test_something_to_attend_to_is_one_line(alone: Shell) -> None:
    done = alone.with_(INSTANCE_ID="").run("log_event error '{}'")
    assert (
        done.err.count("\n"),
        done.err.startswith("log-event: INSTANCE_ID is not set"),
        "not reached" in done.err,
    ) == (
        1,
        True,
        True,
    )


# --- 2: on disk first, delivered once and in order ------------------------------------------------


def test_what_waits_is_private_and_is_delivered_by_the_next_call_in_order(shell: Shell, event_store: str) -> None:
    away = shell.with_(PGPORT="1").run("umask 000; for n in 1 2 3; do log_event n$n '{}'; done")
    modes = {stat.S_IMODE(path.stat().st_mode) for path in shell.spool.iterdir()}
    kept = (len(shell.waiting()), modes, stat.S_IMODE(shell.spool.stat().st_mode))
    back = shell.run("log_event n4 '{}'")
    # Said once: the calls that follow remember it, and only write to disk.
    assert (away.err.count("\n"), "1 event waits" in away.err) == (1, True)
    assert (kept, back.err, stored(event_store), shell.waiting()) == ((3, {0o600}, 0o700), "", numbers(1, 2, 3, 4), [])


def test_the_event_keeps_its_own_time_and_id(shell: Shell, event_store: str) -> None:
    shell.with_(PGPORT="1").run("log_event n1 '{}'")
    [path] = shell.waiting()
    event_id, _, _, moment, *_ = path.read_text().split("\t")
    time.sleep(0.05)
    shell.run("log_event n2 '{}'")
    with psycopg.connect(event_store) as connection:
        found = connection.execute(
            "SELECT timestamp = %s AND created_at > timestamp FROM event_store WHERE event_id = %s", (moment, event_id)
        ).fetchone()
    assert found == (True,)


def test_the_spool_only_mode_delivers_nothing(shell: Shell, event_store: str) -> None:
    done = shell.with_(ROLLOUT_LOG_SPOOL_ONLY="1").run("log_event n1 '{}'")
    assert (done.err, stored(event_store), len(shell.waiting())) == ("", [], 1)


def test_the_asynchronous_mode_does_not_wait(shell: Shell, event_store: str) -> None:
    with silent_server() as port:
        done = shell.with_(ROLLOUT_LOG_ASYNC="1", PGPORT=str(port), ROLLOUT_SPOOL=f"{shell.root}/other").run(
            "log_event n0 '{}'"
        )
    shell.with_(ROLLOUT_LOG_ASYNC="1").run("log_event n1 '{}'; log_event n2 '{}'")
    wait_until(lambda: stored(event_store) == numbers(1, 2))
    assert (done.err, done.seconds < 1.5 * slack()) == ("", True)


def test_flush_delivers_what_waits(shell: Shell, event_store: str) -> None:
    shell.with_(ROLLOUT_LOG_SPOOL_ONLY="1").run("log_event n1 '{}'; log_event n2 '{}'")
    done = subprocess.run((str(shell.helper), "--flush"), env=dict(shell.environment), capture_output=True)
    assert (done.returncode, done.stderr, stored(event_store)) == (0, b"", numbers(1, 2))


def test_an_event_id_of_ones_own_is_one_event_however_often_it_is_logged(shell: Shell, event_store: str) -> None:
    own = "01234567-89ab-8def-8123-456789abcdef"
    shell.with_(ROLLOUT_LOG_EVENT_ID=own).run("log_event n1 '{}'; log_event n1 '{}'")
    assert stored(event_store, "event_id") == [own]


def test_a_torn_line_is_no_event_and_holds_nobody_up(shell: Shell, event_store: str) -> None:
    shell.with_(PGPORT="1").run("log_event n1 '{}'")
    [path] = shell.waiting()
    young = shell.spool / path.name.replace("-", "-0", 1)
    young.write_bytes(path.read_bytes()[:20])
    old = shell.spool / "1600000000000000-0.event"
    old.write_bytes(b"torn")
    (shell.spool / "1600000000000001-0.event").write_bytes(b"")
    done = shell.run("log_event n2 '{}'")
    assert "it was not written to its end" in done.err
    assert (stored(event_store), (shell.spool / "rejects" / old.name).read_bytes(), shell.waiting()) == (
        numbers(1, 2),
        b"torn",
        [young],
    )


def test_a_row_that_is_refused_for_good_is_put_aside_byte_for_byte(shell: Shell, event_store: str) -> None:
    shell.with_(PGPORT="1").run("for n in 1 2 3 4 5; do log_event n$n '{}'; done")
    bad = shell.waiting()[2]
    text = bad.read_bytes().replace(b"n3", b"\xff\xfe")
    bad.write_bytes(text)
    done = shell.run("log_event n6 '{}'")
    assert "refused for good" in done.err
    assert (stored(event_store), (shell.spool / "rejects" / bad.name).read_bytes(), shell.waiting()) == (
        numbers(1, 2, 4, 5, 6),
        text,
        [],
    )


def test_a_bad_line_in_a_batch_is_found_and_the_rest_goes_on(shell: Shell, event_store: str) -> None:
    shell.with_(PGPORT="1").run("for n in 1 2 3 4 5; do log_event n$n '{}'; done")
    first, *rest = files = shell.waiting()
    lines = [path.read_bytes() for path in files]
    first.with_suffix(".batch").write_bytes(b"".join([*lines[:3], b"bad\tline\n", *lines[3:]]))
    for path in (first, *rest):
        path.unlink()
    shell.run("log_event n6 '{}'")
    [reject] = (shell.spool / "rejects").iterdir()
    assert (stored(event_store), reject.read_bytes(), shell.waiting()) == (
        numbers(1, 2, 3, 4, 5, 6),
        b"bad\tline\n",
        [],
    )


def test_a_clock_that_was_set_back_does_not_change_the_order(shell: Shell, event_store: str) -> None:
    shell.with_(PGPORT="1").run("log_event n1 '{}'")
    [path] = shell.waiting()
    path.rename(path.with_name("9" + path.name[1:]))
    shell.run("log_event n2 '{}'")
    assert stored(event_store) == numbers(1, 2)


def test_a_clock_that_is_centuries_ahead_strands_nothing(shell: Shell, event_store: str) -> None:
    shell.with_(PGPORT="1").run("log_event n1 '{}'")
    [path] = shell.waiting()
    path.rename(path.with_name("9" * 16 + path.name[16:]))
    shell.with_(PGPORT="1").run("log_event n2 '{}'")
    shell.run("log_event n3 '{}'")
    assert (sorted(stored(event_store)), shell.waiting()) == (numbers(1, 2, 3), [])


def test_a_clock_that_was_never_set_strands_nothing(shell: Shell, event_store: str) -> None:
    if shell.program == "zsh":
        pytest.skip("zsh has a clock of its own that nobody can set")
    (shell.root / "date").write_text("#!/bin/sh\necho 89.123456000\n")
    (shell.root / "date").chmod(0o755)
    away = shell.with_(PGPORT="1", PATH=f"{shell.root}:{shell.environment['PATH']}")
    for number in (1, 2):
        away.run(f"unset EPOCHREALTIME; log_event n{number} '{{}}'")
    shell.run("log_event n3 '{}'")
    assert (stored(event_store), stored(event_store, "extract(year FROM timestamp)")[0]) == (numbers(1, 2, 3), "1970")


def test_a_full_disk_is_bridged_by_the_database(shell: Shell, event_store: str) -> None:
    done = shell.with_(ROLLOUT_SPOOL="/proc/nowhere").run("""log_event n1 '{"a":"b\\\\nc"}'""")
    assert ("cannot be written" in done.err, "LOST" in done.err, stored(event_store)) == (True, False, ["n1"])


def test_an_event_is_lost_only_without_disk_and_database_and_then_it_is_said(alone: Shell) -> None:
    (alone.root / "file").write_text("")
    done = alone.with_(ROLLOUT_SPOOL=f"{alone.root}/file").run("""log_event n1 '{"only":"copy"}'""")
    assert (done.status, done.err.count("\n"), "LOST" in done.err, '{"only":"copy"}' in done.err) == (0, 1, True, True)


def test_a_disk_that_fills_up_loses_nothing(bash: Shell, event_store: str) -> None:
    if os.geteuid() != 0:
        pytest.skip("needs a file system of its own")
    disk = bash.root / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ("mount", "-t", "tmpfs", "-o", "size=64k,mode=700", "none", str(disk)), capture_output=True
    )
    if mounted.returncode:
        pytest.skip("no file system can be mounted here")
    try:
        full = bash.with_(ROLLOUT_SPOOL=str(disk / "spool"), PGPORT="1", ROLLOUT_LOG_SPOOL_ONLY="1")
        # 4 KiB a file: some fit; the rest finds no disk and no database, and says so.
        done = full.run("for n in $(seq 1 30); do log_event n$n '{}'; done")
        lost = done.err.count("LOST")
        bash.with_(ROLLOUT_SPOOL=str(disk / "spool")).run("log_event last '{}'")
    finally:
        subprocess.run(("umount", str(disk)), check=True)
    kept = stored(event_store)
    assert (kept[-1], len(kept) - 1 + lost, 0 < lost < 30) == ("last", 30, True)


def test_many_waiting_events_are_folded_and_delivered_in_order(bash: Shell, event_store: str) -> None:
    bash.with_(PGPORT="1", ROLLOUT_LOG_SPOOL_ONLY="1").run("for n in $(seq 1 400); do log_event n$n '{}'; done")
    bash.with_(PGPORT="1").run("log_event n401 '{}'")
    folded = len(bash.waiting())
    done = bash.with_(ROLLOUT_LOG_DEADLINE="30").run("log_event n402 '{}'")
    assert (folded < 256, done.err, stored(event_store)) == (True, "", numbers(*range(1, 403)))


def fill(shell: Shell, events: int) -> None:
    """Let this many events wait, in batches as an absence of the database leaves them."""
    line = "{0}\t" + INSTANCE + "\tn\t2026-02-03T15:20:00Z\t{{}}\t{{}}\t\todin3\n"
    shell.run('mkdir -p "$ROLLOUT_SPOOL"')
    for start in range(0, events, 512):
        numbers = range(start, min(start + 512, events))
        rows = (line.format(f"00000000-0000-4000-8000-{number:012}") for number in numbers)
        (shell.spool / f"1600000000{start:06}-x.batch").write_text("".join(rows))


def test_a_long_queue_goes_on_behind_the_call_that_had_no_time_for_all_of_it(shell: Shell, event_store: str) -> None:
    fill(shell, 10_000)
    # Time for a part of it, on a busy machine, too.
    done = shell.with_(ROLLOUT_LOG_DEADLINE=f"{0.7 * slack():.1f}").run("log_event n '{}'")
    assert (done.status, done.seconds < 1 + slack()) == (0, True)
    assert done.err == "" or "did not answer in time" in done.err  # not even the first batch, where others are at work
    at_its_end, end = len(stored(event_store)), time.monotonic() + 30 * slack()
    while shell.waiting() and len(stored(event_store)) <= at_its_end and time.monotonic() < end:
        time.sleep(0.1)
    assert not shell.waiting() or len(stored(event_store)) > at_its_end, "nobody goes on behind the call"
    _deliver_all(shell)  # where others are at work, what goes on has no time for all of it either
    assert (len(stored(event_store)), list(shell.spool.glob("away"))) == (10_001, [])


def test_a_batch_that_is_not_answered_in_time_is_not_taken_for_the_one_before_it(
    shell: Shell, event_store: str
) -> None:
    """zsh's `read` leaves the last answer in its variable when none comes in time."""
    other = "consilio-PS-0a1b2c"
    fill(shell, 4)
    held_up = "00000000-0000-4000-8000-00000000000f\t" + other + "\tn\t2026-02-03T15:20:00Z\t{}\t{}\t\todin3\n"
    (shell.spool / "1600000000999999-x.batch").write_text(held_up)
    with psycopg.connect(event_store) as busy:
        busy.execute("SELECT pg_advisory_xact_lock(instance_lock(%s))", (other,))
        shell.with_(ROLLOUT_LOG_DEADLINE="1.5").run("log_event n '{}'")
        kept = shell.waiting()
    _deliver_all(shell)
    assert (bool(kept), stored(event_store, instance=other), len(stored(event_store))) == (True, ["n"], 5)


def _deliver_all(shell: Shell) -> None:
    """Deliver until nothing waits: the call's own time may be short, and somebody may be at work in the background."""
    end = time.monotonic() + 60 * slack()
    while shell.waiting() and time.monotonic() < end:
        subprocess.run((str(shell.helper), "--flush"), env=dict(shell.environment), capture_output=True)


@pytest.mark.long
def test_a_hundred_thousand_waiting_events_end_some_day(bash: Shell, event_store: str) -> None:
    fill(bash, 100_000)
    calls = 0
    while bash.waiting() and calls < 600:
        done = bash.with_(ROLLOUT_LOG_DEADLINE="").run("log_event n '{}'")
        assert (done.err, done.seconds < 2.5 * slack()) == ("", True)
        calls += 1
        time.sleep(0.5)
    assert (len(stored(event_store)), calls < 600) == (100_000 + calls, True)


# --- 3: the deadline ------------------------------------------------------------------------------


def test_a_database_that_refuses_costs_little(alone: Shell) -> None:
    done = alone.run("log_event n1 '{}'")
    assert ("Connection refused" in done.err, done.seconds < slack(), len(alone.waiting())) == (True, True, 1)


def test_a_silent_database_costs_no_more_than_two_seconds(shell: Shell, event_store: str) -> None:
    with silent_server() as port:
        done = shell.with_(PGPORT=str(port), ROLLOUT_LOG_DEADLINE="").run("log_event n1 '{}'")
    assert ("did not answer in time" in done.err, 1 < done.seconds < 2 + 0.2 * slack(), stored(event_store)) == (
        True,
        True,
        [],
    )


def test_a_psql_that_warns_and_then_says_no_more_costs_no_more_than_the_deadline(shell: Shell, tmp_path: Path) -> None:
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "psql").write_text("#!/bin/sh\necho 'WARNING:  a warning' >&2\nexec sleep 20\n")
    (programs / "psql").chmod(0o755)
    slow = shell.with_(ROLLOUT_LOG_DEADLINE="0.6", PATH=f"{programs}:{shell.environment['PATH']}")
    done = slow.run("log_event n1 '{}'")
    assert (done.seconds < 10, len(shell.waiting()), "did not answer in time" in done.err) == (True, 1, True)


def test_a_database_that_does_not_answer_costs_once(shell: Shell, event_store: str) -> None:
    with silent_server() as port:
        silent = shell.with_(PGPORT=str(port), ROLLOUT_LOG_DEADLINE="0.6")
        first, second = silent.run("log_event n1 '{}'"), silent.run("log_event n2 '{}'; log_event n3 '{}'")
        _, wait, place = (shell.spool / "away").read_text().split()
        # Whoever asks when the time has come, and in vain, waits twice as long; a minute at most.
        (shell.spool / "away").write_text(f"1 {wait} {place}\n")
        silent.run("log_event n4 '{}'")
        longer = (shell.spool / "away").read_text().split()[1]
        (shell.spool / "away").write_text(f"1 50 {place}\n")
        silent.run("log_event n5 '{}'")
        longest = (shell.spool / "away").read_text().split()[1]
    assert ("did not answer in time" in first.err, second.err, second.seconds < 0.5 * slack()) == (True, "", True)
    assert (wait, longer, longest, len(shell.waiting())) == ("1", "2", "60", 5)
    # Another database is another matter, and what answers is forgotten about.
    shell.run("log_event n6 '{}'")
    assert (stored(event_store), (shell.spool / "away").exists()) == (numbers(1, 2, 3, 4, 5, 6), False)


@pytest.mark.parametrize("text", ["", "x", "9999999999999999 1 {place}", "1 {place}", "99 x {place}"])
def test_a_memory_that_makes_no_sense_keeps_nobody_from_the_database(bash: Shell, event_store: str, text: str) -> None:
    bash.run("log_event n1 '{}'")
    place = f"{bash.environment['PGHOST']}:{bash.environment['PGPORT']}/{bash.environment['PGDATABASE']}"
    (bash.spool / "away").write_text(text.format(place=place))
    bash.run("log_event n2 '{}'")
    assert stored(event_store) == numbers(1, 2)


@pytest.fixture(params=PROGRAMS)
def beyond(request: pytest.FixtureRequest, tmp_path: Path, postgres: Server, event_store: str) -> Shell:
    """Every shell on a machine from which only another machine's psql reaches the database."""
    server = postgres.environment(database_of(event_store))
    there = {"pg_host": server["PGHOST"], "pg_port": server["PGPORT"]}
    machines = {
        "odin3": {"hostnames": ["*odin3*"], "vars": there},
        "odin4": {"hostnames": ["*odin4*"], "vars": {"pg_host": "odin3", "pg_port": 5434, "events_via": "ssh odin3"}},
    }
    made = make_shell(str(request.param), tmp_path)
    render_shared(tmp_path, machines=machines, pg_user=server["PGUSER"], pg_database=server["PGDATABASE"])
    programs = only_tools(tmp_path / "bin", without=["psql"])
    (programs / "ssh").write_text(
        f'#!/bin/sh\nprintf "%s\\n" "$*" >>{tmp_path}/calls\nfor command; do :; done\n'
        f'exec env -i PATH="{postgres.bin}:/bin" PGPASSWORD="{server.get("PGPASSWORD", "")}" sh -c "$command"\n'
    )
    (programs / "ssh").chmod(0o755)
    return made.with_(PATH=str(programs), ROLLOUT_HOSTNAME="gcp-odin4-vm", ROLLOUT_LOG_DEADLINE="30")


def test_another_machines_psql_delivers_the_spool(beyond: Shell, event_store: str) -> None:
    payload = '{"text":"it\'s $(id) \\\\ \\"x\\""}'
    done = beyond.with_(P=payload).run("""log_event n1 "$P"; event_psql -Atc "SELECT 'it''s', count(*)
        FROM event_store" """)
    beyond.with_(ROLLOUT_LOG_SPOOL_ONLY="1").run("log_event n2 '{}'; log_event n3 '{}'")
    flushed = beyond.run("_rollout_flush")
    assert (done.err, done.out, flushed.err) == ("", "it's|1\n", "")
    assert (stored(event_store), beyond.waiting()) == (numbers(1, 2, 3), [])
    assert stored(event_store, "event_data ->> 'text'")[0] == 'it\'s $(id) \\ "x"'
    assert stored(event_store, "metadata ->> 'host'")[0] == "odin4"
    calls = (beyond.root / "calls").read_text()
    assert ("-o BatchMode=yes" in calls, "$(id)" in calls) == (True, False)


def test_a_machine_in_between_that_does_not_answer_is_said_once(beyond: Shell) -> None:
    (beyond.root / "bin/ssh").write_text("#!/bin/sh\necho ssh: connect to host odin3: No route to host >&2; exit 255\n")
    done = beyond.run("log_event n1 '{}'; log_event n2 '{}'")
    assert (done.err.count("\n"), "ssh odin3" in done.err, "No route" in done.err, len(beyond.waiting())) == (
        1,
        True,
        True,
        2,
    )


def test_a_deadline_of_ones_own_is_kept(bash: Shell) -> None:
    with silent_server() as port:
        done = bash.with_(PGPORT=str(port), ROLLOUT_LOG_DEADLINE="0.5").run("log_event n1 '{}'")
    assert (0.3 < done.seconds < 0.5 + 0.3 * slack(), len(bash.waiting())) == (True, 1)


@pytest.mark.parametrize("missing", ["timeout", "timeout gtimeout perl"])
def test_without_timeout_and_without_perl_the_deadline_is_kept(bash: Shell, missing: str) -> None:
    tools = only_tools(bash.root / "bin", without=missing.split())
    (tools / "psql").symlink_to(bash.environment["PATH"].split(":")[0] + "/psql")
    poor = bash.with_(PATH=str(tools))
    # Two that wait go through a pipe, which is where the outer limit is a program.
    poor.with_(ROLLOUT_LOG_SPOOL_ONLY="1").run("log_event n0 '{}'; log_event n0 '{}'")
    with silent_server() as port:
        late = poor.with_(PGPORT=str(port), ROLLOUT_LOG_DEADLINE="1").run("log_event n1 '{}'")
    soon = poor.run("log_event n2 '{}'")
    assert (0.6 < late.seconds < 1 + 0.4 * slack(), "not answer in time" in late.err or "not reached" in late.err) == (
        True,
        True,
    )
    assert (soon.err, soon.seconds < 0.8 * slack(), bash.waiting()) == ("", True, [])


def test_a_locked_table_is_not_waited_for_and_the_event_is_stored_once(shell: Shell, event_store: str) -> None:
    with psycopg.connect(event_store) as connection:
        connection.execute("LOCK TABLE event_store IN ACCESS EXCLUSIVE MODE")
        done = shell.with_(ROLLOUT_LOG_DEADLINE="0.6").run("log_event n1 '{}'")
        connection.rollback()
    shell.run("log_event n2 '{}'; _rollout_flush")
    assert (done.seconds < 0.6 + 0.5 * slack(), stored(event_store)) == (True, numbers(1, 2))
    assert "did not answer in time" in done.err or "locked" in done.err


def test_a_name_service_that_never_answers_is_not_waited_for(bash: Shell) -> None:
    # A program that never comes back stands for a resolver that never answers: both are in psql's own time.
    slow = only_tools(bash.root / "bin", without=["psql"])
    (slow / "psql").write_text("#!/bin/sh\nexec sleep 30\n")
    (slow / "psql").chmod(0o755)
    done = bash.with_(PATH=str(slow), ROLLOUT_LOG_DEADLINE="").run("log_event n1 '{}'")
    assert (done.seconds < 2 + 0.2 * slack(), "did not answer in time" in done.err) == (True, True)


def test_a_password_is_never_asked_for(shell: Shell) -> None:
    done = shell.with_(PGPASSWORD="").run("log_event n1 '{}'")
    assert (done.seconds < 1.5 * slack(), "password" in done.err, len(shell.waiting())) == (True, True, 1)


def test_a_wrong_password_is_said_and_not_shown(shell: Shell) -> None:
    done = shell.with_(PGPASSWORD="s3cret").run("log_event n1 '{}'")
    assert ("password authentication failed" in done.err, "s3cret" in done.err) == (True, False)


def test_a_warning_of_psql_does_not_stand_for_the_reason(shell: Shell) -> None:
    (shell.root / "passwords").write_text("*:*:*:*:s3cret\n")
    (shell.root / "passwords").chmod(0o644)
    done = shell.with_(PGPASSWORD="", PGPASSFILE=str(shell.root / "passwords"), PGPORT="1").run("log_event n1 '{}'")
    assert ("WARNING" in done.err, "onnection refused" in done.err, done.err.count("\n")) == (False, True, 1)


# --- 4: the payload is data -----------------------------------------------------------------------

PAYLOADS = {
    "quotes": 'it\'s "quoted" and `ticked`',
    "line ends": "a\nb\r\nc\n",
    "tabs and backslashes": "\t\\ \\n \\\\ \\t \\",
    "substitutions": "$(touch /tmp/never) ${HOME} `id` $((1+1)) !! \\! :'var' :\"x\" %s %n",
    "COPY's own words": "\\.\n\\N\n\\.\n",
    "commands of psql": "\\! touch /tmp/never\n\\q\n; DROP TABLE event_store;",
    "unicode": "é€𝄞 \u202e ünïcödé 中文",
    "control bytes": "".join(chr(number) for number in range(1, 32)) + "\x7f",
    "no JSON": "{not json",
    "a glob": "* ? [a-z] ~ {a,b}",
    "a dash": "-n -e --",
    "blanks": "  two  ",
}


@pytest.mark.parametrize("locale", ["C.UTF-8", "POSIX"])
def test_every_payload_arrives_byte_for_byte(shell: Shell, event_store: str, locale: str) -> None:
    script = "".join(f'log_event n{place} "$P{place}"\n' for place in range(len(PAYLOADS)))
    variables = {f"P{place}": payload for place, payload in enumerate(PAYLOADS.values())}
    done = shell.with_(LC_ALL=locale, LANG=locale, **variables).run(script)
    with psycopg.connect(event_store) as connection:
        rows = connection.execute("SELECT event_data ->> '_invalid_json' FROM event_store ORDER BY sequence_num")
        assert (done.err, dict(zip(PAYLOADS, (row[0] for row in rows), strict=True))) == ("", PAYLOADS)


OBJECTS: list[tuple[str, object]] = [
    ('{"a": {"b": [1, null]}}', {"a": {"b": [1, None]}}),
    ("", {}),
    ("[1,2]", {"_value": [1, 2]}),
    ('"text"', {"_value": "text"}),
    ("42", {"_value": 42}),
    ("null", {"_value": None}),
    ('{"nul":"a\\u0000b"}', {"nul": "a\\u0000b"}),
    ('{"pair":"\\ud834\\udd1e"}', {"pair": "𝄞"}),
]


def test_json_is_kept_as_an_object(bash: Shell, event_store: str) -> None:
    for payload, _ in OBJECTS:
        bash.with_(P=payload).run('log_event n1 "${P-}"')
    with psycopg.connect(event_store) as connection:
        rows = connection.execute("SELECT event_data FROM event_store ORDER BY sequence_num").fetchall()
    assert [row[0] for row in rows] == [kept for _, kept in OBJECTS]


def test_bytes_that_are_no_utf8_are_kept_in_base64(shell: Shell, event_store: str) -> None:
    script = r"""
for bytes in '\303' '\303\050' '\355\240\200' '\340\200\200' '\364\220\200\200' '\200'; do
    log_event n "$(printf 'a%b' "$(printf %s "$bytes" | sed 's/\\/\\0/g')")"
done
log_event "$(printf 'type\377')" '{}'
"""
    done = shell.run(script)
    kept = stored(event_store, "event_data ->> '_invalid_utf8'")
    assert kept == ["YcM=", "YcMo", "Ye2ggA==", "YeCAgA==", "YfSQgIA=", "YYA=", "None"]
    assert done.err.count("not UTF-8") == 7


def test_a_megabyte_arrives(shell: Shell, event_store: str) -> None:
    text = "é line\t'\"\\\n" * 90_000
    (shell.root / "text").write_text(text)
    wide = shell.with_(ROLLOUT_LOG_DEADLINE="30", F=str(shell.root / "text"))
    done = wide.run('log_event big "$(cat "$F")."; log_event n2 "{}"')
    assert done.err == ""
    assert stored(event_store, "length(event_data ->> '_invalid_json')") == [str(len(text)), "None"]
    assert stored(event_store, "md5(event_data ->> '_invalid_json')")[0] == md5(text[:-1] + ".")


def test_nothing_of_the_payload_is_in_the_process_list(bash: Shell) -> None:
    with silent_server() as port:
        process = bash.with_(PGPORT=str(port), PGPASSWORD="pass-in-env").start(
            'read -r secret < <(printf "hid%sden" -); log_event n1 "{\\"a\\":\\"$secret\\"}"'
        )
        seen: dict[Path, bytes] = {}
        end = time.monotonic() + 20
        while not any(shown.split(b"\0")[0].endswith(b"/psql") for shown in seen.values()):
            assert time.monotonic() < end, "psql was not started"
            seen |= _shown_of(process.pid)
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
    assert (len(seen) > 4, any(b"hid-den" in shown for shown in seen.values())) == (True, False)


def _shown_of(session: int) -> dict[Path, bytes]:
    """Return what everybody can read about the processes of a session."""
    found: dict[Path, bytes] = {}
    for entry in Path("/proc").glob("[0-9]*"):
        if in_session(entry, session):
            with suppress(OSError):
                found |= {path: path.read_bytes() for path in (entry / "cmdline", entry / "environ")}
    return found


# --- 5: the connection ----------------------------------------------------------------------------

HOSTS = {
    "gcp-odin3-vm": "localhost:5434",
    "odin3": "localhost:5434",
    "ODIN3.example.org": "localhost:5434",
    "gcp-odin4-vm": "odin3:5434",
    "odin4": "odin3:5434",
    "samuels-laptop": "odin3:5434",
    "laptop": "odin3:5434",
}

SHOW_PLACE = (
    "_rollout_own_shell; _rollout_settings; _rollout_machine_here; "
    'echo "${rl_unknown:-$PGHOST:$PGPORT $PGUSER $PGDATABASE $rl_host}"'
)


def test_the_host_name_decides_where_the_database_is(alone: Shell) -> None:
    nowhere = alone.with_(PGHOST="", PGPORT="", PGUSER="", PGDATABASE="")
    script = "".join(f"(HOSTNAME={host} HOST={host}; {SHOW_PLACE})\n" for host in HOSTS)
    machines = [next(name for name in ("odin3", "odin4", "laptop") if name in host.lower()) for host in HOSTS]
    assert nowhere.run(script).out.splitlines() == [
        f"{place} supervisor supervisor_service {machine}"
        for place, machine in zip(HOSTS.values(), machines, strict=True)
    ]


def test_variables_win_over_the_table(alone: Shell) -> None:
    script = f"HOSTNAME=odin4 HOST=odin4; {SHOW_PLACE}"
    chosen = alone.with_(PGHOST="elsewhere", PGPORT="", PGUSER="me", PGDATABASE="")
    assert chosen.run(script).out == "elsewhere:5434 me supervisor_service odin4\n"


def test_an_unknown_host_is_said_and_never_taken_for_another(alone: Shell) -> None:
    script = "HOSTNAME=build-server-7 HOST=build-server-7 ROLLOUT_HOSTNAME=build-server-7; log_event n1 '{}'"
    done = alone.with_(PGHOST="", PGPORT="").run(script)
    assert (done.err.count("\n"), "unknown host 'build-server-7'" in done.err, len(alone.waiting())) == (1, True, 1)


def test_a_host_that_two_machines_claim_is_said(alone: Shell) -> None:
    done = alone.with_(PGHOST="", PGPORT="", ROLLOUT_HOSTNAME="odin3-odin4").run("log_event n1 '{}'")
    assert ("several machines" in done.err, len(alone.waiting())) == (True, 1)


def test_the_machine_is_stored_with_the_event(bash: Shell, event_store: str) -> None:
    bash.with_(ROLLOUT_HOSTNAME="gcp-odin4-vm").run("log_event n1 '{}'")
    assert stored(event_store, "metadata ->> 'host'") == ["odin4"]


def test_psql_is_given_the_machines_database_and_everything_else_is_the_callers(shell: Shell) -> None:
    done = shell.run("echo 'SELECT :a;' | event_psql -Atq -v a=7; event_psql -Atqc 'SELECT no'; echo $? $PWD", "")
    assert (done.out.splitlines()[0], done.out.splitlines()[1].split()[0]) == ("7", "1")
    place = shell.with_(PGHOST="", PGPORT="", PGUSER="", PGDATABASE="", ROLLOUT_HOSTNAME="gcp-odin3-vm")
    assert "port 5434" in place.run("event_psql -c 'SELECT 1'").err


def test_psql_on_an_unknown_host_is_refused_in_one_line(alone: Shell) -> None:
    done = alone.with_(PGHOST="", ROLLOUT_HOSTNAME="build-server-7").run("event_psql -c 'SELECT 1' || echo $?")
    assert (done.out, done.err.count("\n"), "unknown host 'build-server-7'" in done.err) == ("2\n", 1, True)


def test_psqlrc_is_not_read(bash: Shell, event_store: str) -> None:
    (Path(bash.environment["HOME"]) / ".psqlrc").write_text("\\! touch never\n\\q\n")
    bash.run("log_event n1 '{}'")
    assert (stored(event_store), (bash.root / "never").exists()) == (["n1"], False)


def test_debians_wrapper_is_passed_by(bash: Shell) -> None:
    if not Path("/usr/share/postgresql-common/pg_wrapper").exists():
        pytest.skip("not Debian's psql")
    found = bash.with_(PATH="/usr/bin:/bin").run("_rollout_own_shell; _rollout_find_psql; echo $rl_psql").out
    assert (found.startswith("/usr/lib/postgresql/"), found.endswith("/bin/psql\n")) == (True, True)


def test_without_psql_the_event_is_kept_and_it_is_said(bash: Shell) -> None:
    done = bash.with_(PATH=str(only_tools(bash.root / "bin", without=["psql"]))).run(
        "_rollout_find_psql() { return 1; }; log_event n1 '{}'"
    )
    assert ("psql was not found" in done.err, len(bash.waiting())) == (True, 1)


def test_a_database_without_the_store_is_said_in_one_line(shell: Shell, empty_database: str) -> None:
    done = shell.with_(PGDATABASE=database_of(empty_database)).run("log_event n1 '{}'")
    assert (done.err.count("\n"), "run: rollout events migrate" in done.err, len(shell.waiting())) == (1, True, 1)


def test_psql_and_coreutils_are_enough(shell: Shell, event_store: str) -> None:
    tools = only_tools(shell.root / "bin", without=["perl", "sed", "awk", "grep", "find", "iconv", "hostname"])
    (tools / "psql").symlink_to(shell.environment["PATH"].split(":")[0] + "/psql")
    poor = shell.with_(PATH=str(tools), ROLLOUT_LOG_DEADLINE="30")
    done = poor.run('log_event n1 \'{"é":"ü"}\'; x=$(head -c 9000 /dev/zero | tr "\\0" "\\n"); log_event n2 "$x."')
    assert (done.err, stored(event_store)) == ("", numbers(1, 2))


# --- 6: the instance ------------------------------------------------------------------------------


def test_an_event_without_an_instance_is_kept_as_unassigned(shell: Shell, event_store: str) -> None:
    done = shell.with_(INSTANCE_ID="").run("log_event n1 '{}'")
    assert ("kept as unassigned" in done.err, stored(event_store, instance="unassigned-PS-000000")) == (True, ["n1"])


UNFIT = ["x", "Consilio-PS-3f81ad", "a-PS-123", "-" * 40 + "-PS-3f81ad", "a b-PS-3f81ad"]


def test_an_instance_that_does_not_fit_is_said_and_the_event_is_kept(bash: Shell, event_store: str) -> None:
    for instance in UNFIT:
        assert "does not fit" in bash.with_(INSTANCE_ID=instance).run("log_event n1 '{}'").err
    with psycopg.connect(event_store) as connection:
        rows = connection.execute("SELECT instance_id FROM event_rejects ORDER BY reject_id").fetchall()
    assert [row[0] for row in rows] == UNFIT


def test_a_type_of_ten_kilobytes_is_kept(bash: Shell, event_store: str) -> None:
    bash.run('log_event "$(head -c 10240 /dev/zero | tr "\\0" t)" "{}"')
    assert stored(event_store, "length(event_type)") == ["64"]


def test_a_parent_is_kept(bash: Shell, event_store: str) -> None:
    own = "01234567-89ab-8def-8123-456789abcdef"
    bash.run(f"ROLLOUT_LOG_EVENT_ID={own} log_event n1 '{{}}'; log_event n2 '{{}}' '{{}}' {own}")
    assert stored(event_store, "parent_uuid") == ["None", own]


# --- the file itself ------------------------------------------------------------------------------


def test_shellcheck_finds_nothing(tmp_path: Path) -> None:
    scripts = sorted(str(path) for path in render_shared(tmp_path).rglob("*.sh"))
    done = subprocess.run((str(SHELLCHECK), *scripts), capture_output=True, text=True)
    assert (len(scripts), done.stdout) == (4, "")


def wait_until(holds: object, seconds: float = 10) -> None:
    """Wait until a condition holds, longer where others keep the processors busy, and fail when it does not."""
    assert callable(holds)
    end = time.monotonic() + seconds * slack()
    while not holds():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


def only_tools(folder: Path, without: list[str]) -> Path:
    """Make a folder with the usual tools except some, to stand alone on the path."""
    folder.mkdir()
    wanted = (
        "basename cat chmod cp cut date dirname env head hostname id ls mkdir mktemp mv od rm sleep sort tail "
        "timeout tr uname wc base64 bash sed awk grep find iconv perl sh cksum true"
    )
    for tool in wanted.split():
        found = next((Path(p) / tool for p in ("/usr/bin", "/bin") if (Path(p) / tool).exists()), None)
        if found and tool not in without:
            (folder / tool).symlink_to(found)
    return folder


def in_session(entry: Path, session: int) -> bool:
    """Say whether a process belongs to a session; it may end while we ask."""
    try:
        return os.getsid(int(entry.name)) == session
    except (ProcessLookupError, PermissionError):
        return False


def md5(text: str) -> str:
    import hashlib

    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
