"""What is shown reaches any stream: one that cannot say all characters, one that nobody reads, none at all."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import PurePosixPath

import pytest

from rollout.content.modes import whole
from rollout.model import circumstances
from rollout.model.action import Action
from rollout.model.plan import Change
from rollout.planning import steps
from rollout.planning.changes import change_for
from rollout.safety import faults
from tests.world import World

ODD = "é 🙂"


def shell(world: World, command: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    own = {"ROLLOUT": f"{sys.executable} -m rollout", **environment}
    return subprocess.run(
        ["bash", "-c", command], cwd=world.root, env=os.environ | own, capture_output=True, check=False, timeout=120
    )


def test_what_a_stream_cannot_say_is_escaped_and_json_stays_json(world: World) -> None:
    world.template(f"project/{ODD}.txt.j2", f"{ODD} {{{{ who }}}}\n")
    world.bare_repo("api")
    world.inventory()
    for encoding in ("ascii", "latin-1"):
        done = shell(world, "$ROLLOUT plan", PYTHONIOENCODING=encoding)
        assert (done.returncode, done.stderr.decode("ascii").count("Traceback")) == (0, 0)
        assert "\\ud83d\\ude42.txt" in done.stdout.decode(encoding)
    changes = json.loads(shell(world, "$ROLLOUT plan --json", PYTHONIOENCODING="ascii").stdout)["targets"][0]["changes"]
    assert f"{ODD}.txt" in [change["path"] for change in changes]
    faulty = shell(world, f"$ROLLOUT plan --limit '{ODD}'", PYTHONIOENCODING="ascii")
    assert (faulty.returncode, b"Traceback" in faulty.stderr) == (64, False)


@pytest.mark.parametrize("command", ["$ROLLOUT plan | head -0", "$ROLLOUT plan >&-", "$ROLLOUT plan --frob 2>&-; true"])
def test_a_stream_that_is_closed_ends_quietly(world: World, command: str) -> None:
    world.bare_repo("api")
    world.inventory()
    done = shell(world, f"set -o pipefail; {command}")
    assert (done.returncode, b"Error" in done.stderr) == (0, False)


def test_a_run_goes_on_when_nobody_reads_what_it_tells(world: World) -> None:
    world.bare_repo("api")
    world.inventory()
    shell(world, "$ROLLOUT apply --yes 2>&1 | true")
    assert world.at("api", "conf.txt") == "hello world\n"


def test_what_keeps_a_target_from_being_looked_at_blocks_it_without_a_traceback(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise KeyError("odd")

    world.bare_repo("api")
    with monkeypatch.context() as patched:
        patched.setattr(steps, "findings", broken)
        ran = world.run("plan", "--json")
    assert (ran.states(), "Traceback" in ran.err) == ({"api": "blocked"}, False)
    assert "KeyError: 'odd' (tests.cli.test_streams:" in ran.json["targets"][0]["reason"]


def raised(function: object) -> Exception:
    assert callable(function)
    with pytest.raises(Exception) as found:
        function()
    return found.value


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (raised(lambda: b"a\n\xff".decode()), "line 2: is not text in UTF-8"),
        (raised(lambda: "\udcff".encode()), "holds a character that no file can hold (U+DCFF)"),
        (RecursionError("maximum"), "is nested too deeply"),
        (KeyError("odd"), "a fault of rollout's own: KeyError: 'odd'"),
    ],
)
def test_a_fault_of_a_file_is_said_with_its_line(error: Exception, expected: str) -> None:
    assert faults.in_words(error) == expected


def test_a_file_that_cannot_be_decided_is_an_error_of_that_file(monkeypatch: pytest.MonkeyPatch) -> None:
    from rollout.model.files import File, Managed, Snapshot
    from rollout.model.inventory import FileRule, Mode

    path = PurePosixPath("c.yaml")
    monkeypatch.setattr(whole, "wanted", lambda _: b"\xff".decode())
    item = Managed(path, Mode.WHOLE, b"", False, FileRule(), "s", "")
    there = File(b"x")
    found = change_for(item, Snapshot("", {path: there}), circumstances.Decisions())
    assert found == Change(path, Action.ERROR, "line 1: is not text in UTF-8", there, None, decided=False)
