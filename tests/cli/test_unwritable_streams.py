"""A standard stream that is closed, full or gone: the work is done, one sentence says it, and the code is known."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from itertools import combinations

import pytest

from tests.cli.test_terminal_closed import pushing
from tests.events.databases import ask
from tests.first_rows import first_rows
from tests.program import started
from tests.terminal import Talk
from tests.world import World

_KNOWN = {0, 1, 2, 3, 4, 5, 64}
_NAMES = ("stdin", "stdout", "stderr")
_SOME = ((0,), (1,), (2,), (0, 1, 2))
_PAIRS = (pytest.param(pair, marks=pytest.mark.long) for pair in combinations(range(3), 2))
_DEAF = "import signal\nsignal.signal(signal.SIGHUP, signal.SIG_IGN)\n"  # as under nohup
_LOST = "rollout: standard output: No space left on device; not all that was to be told is there\n"
_COMMANDS = (
    "init other --json", "discover --forge command:true", "validate", "plan", "plan --no-diff", "plan --json",
    "apply", "apply --yes", "apply --json --yes", "push --yes", "status", "status --json", "status --watch", "diff",
    "diff --json", "diff --tool", "history", "history --json", "review", "take api conf.txt", "revert nothing",
    "explain api conf.txt", "verify", "verify --json", "validate --json", "report", "report --format html",
    "demo --frob", "events", "events tail nobody", "events growth --json", "help", "help plan", "completion bash",
    "--version", "--help", "nonsense",
)  # fmt: skip


def closed(*numbers: int) -> str:
    """Return the Python that makes the program one that was started with closed streams."""
    return "import os, sys\n" + "".join(f"os.close({number}); sys.{_NAMES[number]} = None\n" for number in numbers)


def full(number: int) -> str:
    return f"import os\nos.dup2(os.open('/dev/full', os.O_WRONLY), {number})\n"


def ran(world: World, command: str, first: str = "") -> subprocess.CompletedProcess[str]:
    world.inventory()
    running = started(tuple(command.split()), world.root, os.environ, first=first)
    out, err = running.communicate(timeout=120)
    return subprocess.CompletedProcess(command, running.returncode, out, err)


@first_rows(2, "commands", [_COMMANDS[first::4] for first in range(4)], ids=["one", "two", "three", "four"])
def test_a_command_ends_in_order_whatever_its_streams_are(world: World, commands: tuple[str, ...]) -> None:
    world.repo("api")
    os.mkdir(world.root / "other")
    world.run("apply", "--yes")
    usual = {command: world.run(*command.split()) for command in commands}
    for number, command in enumerate(commands):
        one = ran(world, command, full(2) if number % 2 else closed(0, 1, 2))
        assert (one.returncode, one.stderr) == (usual[command].code, ""), command
    done = {command: ran(world, command, closed(0) + full(1)) for command in commands}
    assert {command: (one.returncode, one.stderr.count(_LOST)) for command, one in done.items()} == {
        command: (1, 1) if one.out and one.code < 5 else (one.code, bool(one.out)) for command, one in usual.items()
    }
    assert {code for one in done.values() if (code := one.returncode) not in _KNOWN} == set()
    for command, one in done.items():
        assert ("Traceback" in one.stderr, "Exception ignored" in one.stderr) == (False, False), command


@first_rows(2, "numbers", [*_SOME, *_PAIRS])
def test_a_file_of_the_program_never_becomes_its_closed_stream(world: World, numbers: tuple[int, ...]) -> None:
    world.repo("api")
    assert ran(world, "plan --out a.plan", closed(*numbers)).returncode == 0
    assert json.loads((world.root / "a.plan").read_bytes())["format"] == "rollout-plan/1"
    assert ran(world, "apply --yes a.plan", closed(*numbers)).returncode == 0
    assert (world.at("api", "conf.txt"), world.git("api", "status", "--porcelain")) == ("hello world\n", "")
    assert [run["exit_code"] for run in world.run("history", "--json").json["runs"]] == [0]


def test_what_it_starts_has_all_streams() -> None:
    look = "for n in 0 1 2; do test -e /proc/$$/fd/$n || exit 9; done"
    script = f"""
import subprocess
from rollout.cli.terminal import streams
streams.prepare()
subprocess.run({look!r}, shell=True, check=True)"""
    done = subprocess.run(["bash", "-c", 'exec "$0" -c "$1" <&- >&- 2>&-', sys.executable, script], check=False)
    assert done.returncode == 0


def test_a_run_whose_output_cannot_be_written_goes_on_and_is_recorded(world: World) -> None:
    world.bare_repo("api")
    world.bare_repo("web")
    done = ran(world, "apply --yes --json", full(1))
    assert (done.returncode, done.stderr.endswith(_LOST)) == (1, True)
    assert [world.at(name, "conf.txt") for name in ("api", "web")] == ["hello world\n"] * 2
    (run,) = world.run("history", "--json").json["runs"]
    assert (run["exit_code"], [one["outcome"] for one in run["outcomes"]]) == (0, ["pushed"] * 2)


def test_a_purge_whose_output_cannot_be_written_purges_all(world: World, event_store: str) -> None:
    for name in ("odin-PS-aaaaaa", "odin-PS-bbbbbb"):
        ask(event_store, "SELECT append_event(%s, 'spawn', '{}', '{}', NULL, NULL, now() - interval '40 days')", name)
    done = ran(world, f"events purge --older-than 30d --database {event_store}", full(1))
    assert (done.returncode, done.stderr.endswith(_LOST)) == (1, True)
    assert ask(event_store, "SELECT count(*) FROM event_store") == [(0,)]


def test_a_reader_that_is_slow_gets_all_from_a_stream_that_does_not_wait(world: World) -> None:
    world.template("project/conf.txt.j2", "".join(f"line {number}\n" for number in range(30_000)))
    world.bare_repo("api")
    done = ran(world, "plan --json", "import os\nos.set_blocking(1, False)\n")
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["format"] == "rollout-plan/1"


@pytest.mark.parametrize(("number", "code"), [(1, 1), (2, 4)])
def test_who_has_not_seen_what_is_asked_agrees_to_nothing(world: World, number: int, code: int) -> None:
    world.repo("api")
    tip = world.tip("api")
    talk = Talk(world, "apply", first=full(number))
    os.write(talk.terminal, b"y\n")
    assert (talk.through([]), world.tip("api")) == (code, tip), talk.shown
    assert ("cancelled; nothing was changed" in talk.shown) == (number == 1)


def test_who_stops_reading_the_plan_is_asked_all_the_same(world: World) -> None:
    world.repo("api")
    unread = "import os\nours, theirs = os.pipe()\nos.dup2(theirs, 1)\nos.close(ours)\nos.close(theirs)\n"
    assert Talk(world, "apply", first=unread).through(["y\n"]) == 0
    assert world.at("api", "conf.txt") == "hello world\n"


def test_a_run_goes_on_when_its_terminal_goes_away_and_no_signal_says_so(world: World) -> None:
    talk = pushing(world, "api", _DEAF)
    os.close(talk.terminal)
    assert talk.running.wait(60) == 1
    assert [world.at(name, "conf.txt") for name in ("api", "web")] == ["hello world\n"] * 2
    (run,) = world.run("history", "--json").json["runs"]
    assert (run["exit_code"], [one["outcome"] for one in run["outcomes"]]) == (0, ["pushed"] * 2)


@pytest.mark.parametrize("command", ["apply", "status --watch", "take api conf.txt", "push"])
@first_rows(1, "hears", [True, False])
def test_a_terminal_that_goes_away_at_a_question_ends_it(world: World, command: str, hears: bool) -> None:
    world.repo("api")
    if command == "push":
        world.run("apply", "--yes", "--no-push")
    if command.startswith("take"):
        world.run("apply", "--yes")
        world.elsewhere("api", {"conf.txt": "hi world\n"})
    talk = Talk(world, *command.split(), first="" if hears else _DEAF)
    talk.until("Ctrl-C or q ends." if "watch" in command else "[y/N]: ")
    os.close(talk.terminal)
    try:
        code = talk.running.wait(20)
    finally:
        talk.running.send_signal(signal.SIGKILL)
    assert code == (128 + signal.SIGHUP if hears else 1 if "watch" in command else 4)
