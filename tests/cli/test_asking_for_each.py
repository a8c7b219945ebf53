"""On a terminal `apply` asks about each file that waits for a decision: what each answer does, and how it ends."""

from __future__ import annotations

import os
import re
import shutil
import signal
from pathlib import Path

import pytest

from rollout.cli.asking import CHOICES, meant
from tests.first_rows import first_rows
from tests.programs import ends
from tests.terminal import Talk
from tests.world import World


def drifted(world: World, *names: str) -> None:
    """Let others change the file in repositories, and the template change elsewhere in it."""
    lines = ["one", "two", "three", "hello {{ who }}"]
    world.template("project/conf.txt.j2", "\n".join(lines) + "\n")
    for name in names:
        world.repo(name)
    world.run("apply", "--yes")
    for name in names:
        world.elsewhere(name, {"conf.txt": "ONE\ntwo\nthree\nhello world\n"})
    world.template("project/conf.txt.j2", "\n".join([*lines[:-1], "good day {{ who }}"]) + "\n")


THEIRS = "ONE\ntwo\nthree\nhello world\n"
OURS = "one\ntwo\nthree\ngood day world\n"
BOTH = "ONE\ntwo\nthree\ngood day world\n"


@first_rows(
    8,
    ("answers", "code", "there"),
    [
        (["overwrite\n", "y\n"], 0, OURS),
        (["o\n", "y\n"], 0, OURS),
        (["m\n", "y\n"], 0, BOTH),
        (["k\n", "y\n"], 0, THEIRS),
        (["sk\n"], 3, THEIRS),
        (["s\n", "?\n", "nonsense\n", "\n", "sh\n", "over\n", "y\n"], 0, OURS),
        (["o\n", "n\n"], 4, THEIRS),
        (["q\n"], 4, THEIRS),
        (["\x04"], 4, THEIRS),
        ([signal.SIGINT], 130, THEIRS),
    ],
)
def test_each_answer_does_what_it_says(
    world: World, answers: list[str | signal.Signals], code: int, there: str
) -> None:
    drifted(world, "api")
    talk = Talk(world, "apply")
    assert (talk.through(answers), world.at("api", "conf.txt")) == (code, there), talk.shown
    assert "conf.txt: changed by" in talk.shown
    if "s\n" in answers:
        assert "'s' may be show or skip" in talk.shown
        assert ("-one" in talk.shown, "please answer with one of: show" in talk.shown) == (True, True)


def test_a_long_difference_is_shown_in_the_pager_and_the_question_stands_again(world: World) -> None:
    lines = [f"line {number}" for number in range(60)]
    world.template("project/conf.txt.j2", "\n".join(lines) + "\n")
    world.repo("api")
    world.run("apply", "--yes")
    world.elsewhere("api", {"conf.txt": "\n".join(line.upper() for line in lines) + "\n"})
    pager = world.root / "pager"
    pager.write_text("#!/bin/sh\necho PAGED\ncat\n")
    pager.chmod(0o755)
    talk = Talk(world, "apply", GIT_PAGER=str(pager))
    assert talk.through(["sh\n", "k\n", "y\n"]) == 0, talk.shown
    assert talk.shown.index("PAGED") < talk.shown.index("api: what others changed") < talk.shown.rindex("explains): ")
    assert ("+LINE 59" in talk.shown, "api: what the template would change" in talk.shown) == (True, True)


def test_a_signal_while_the_pager_shows_a_difference_ends_both(world: World) -> None:
    world.template("project/conf.txt.j2", "".join(f"line {number}\n" for number in range(60)))
    world.repo("api")
    world.run("apply", "--yes")
    world.elsewhere("api", {"conf.txt": "theirs\n"})
    pager = world.root / "pager"
    pager.write_text(f"#!/bin/sh\ncat >/dev/null\necho $$ >{world.root}/number\necho PAGED\nexec sleep 60\n")
    pager.chmod(0o755)
    talk = Talk(world, "apply", GIT_PAGER=str(pager))
    talk.until("explains): ")
    os.write(talk.terminal, b"sh\n")
    talk.until("PAGED")
    talk.running.send_signal(signal.SIGTERM)
    assert talk.through([]) == 143, talk.shown
    with pytest.raises(ProcessLookupError):
        os.kill(int((world.root / "number").read_text()), 0)


def test_each_file_gets_an_answer_of_its_own(world: World) -> None:
    drifted(world, "api", "web", "odd")
    talk = Talk(world, "apply")
    assert talk.through(["o\n", "k\n", "sk\n", "y\n"]) == 3, talk.shown
    assert [world.at(name, "conf.txt") for name in ("api", "web", "odd")] == [OURS, THEIRS, THEIRS]
    states = {one["name"]: one["reason"] for one in world.run("plan", "--json").json["targets"]}
    assert ("kept" in states["web"], "kept" in states["odd"]) == (True, False)


def test_all_asks_once_for_the_rest_of_its_kind(world: World) -> None:
    drifted(world, "api", "web", "odd")
    talk = Talk(world, "apply")
    assert talk.through(["k\n", "a\n", "o\n", "y\n"]) == 0, talk.shown
    assert [world.at(name, "conf.txt") for name in ("api", "web", "odd")] == [THEIRS, OURS, OURS]
    assert "2 files of this kind" in talk.shown


def test_a_text_whose_lines_are_not_clear_can_be_kept_alone(world: World) -> None:
    world.repo("api")
    world.run("apply", "--yes")
    world.elsewhere("api", {"conf.txt": "hello world\nmine\n"})
    world.template("project/conf.txt.j2", "hello {{ who }}\nbye\n")
    world.run("apply", "--yes", "--on-drift", "overwrite")
    world.elsewhere("api", {"conf.txt": "hello world\nmine\nbye\n"})
    world.tail = 'files: {conf.txt: {mode: block, markers: ["# begin ID", "# end ID"]}}\n'
    talk = Talk(world, "apply")
    assert talk.through(["o\n", "m\n", "k\n", "y\n"]) == 0, talk.shown
    assert talk.shown.count("which lines are rollout's is not clear, so nothing can be written") == 2
    assert world.at("api", "conf.txt") == "hello world\nmine\nbye\n"


def test_a_merge_that_meets_is_asked_about_again(world: World) -> None:
    drifted(world, "api")
    world.template("project/conf.txt.j2", "eins\ntwo\nthree\nhello {{ who }}\n")
    talk = Talk(world, "apply")
    assert talk.through(["m\n", "m\n", "k\n", "y\n"]) == 0, talk.shown
    assert (world.at("api", "conf.txt"), "it cannot be merged" in talk.shown) == (THEIRS, True)


def test_take_changes_the_template_and_the_run_goes_on_with_it(world: World) -> None:
    drifted(world, "api", "web")
    talk = Talk(world, "apply")
    assert talk.through(["t\n", "y\n", "m\n", "m\n", "y\n"]) == 0, talk.shown
    assert (world.root / "templates/project/conf.txt.j2").read_text() == "ONE\ntwo\nthree\ngood day {{ who }}\n"
    assert [world.at(name, "conf.txt") for name in ("api", "web")] == [BOTH, BOTH]


@first_rows(2, "then", [["q\n"], ["\x04"], ["m\n", "m\n", "n\n"]])
def test_what_was_taken_stays_where_the_rest_is_cancelled_and_that_is_said(world: World, then: list[str]) -> None:
    drifted(world, "api", "web")
    talk = Talk(world, "apply")
    assert talk.through(["t\n", "y\n", *then]) == 4, talk.shown
    assert "cancelled; no target was changed; what you took stays in the templates and the inventory" in talk.shown
    assert "nothing was changed" not in talk.shown
    assert "ONE" in (world.root / "templates/project/conf.txt.j2").read_text()


def test_edit_opens_the_text_and_keeps_what_is_written(world: World) -> None:
    drifted(world, "api")
    editor = world.root / "editor"
    editor.write_text('#!/bin/sh\necho edited >>"$1"\n')
    editor.chmod(0o755)
    talk = Talk(world, "apply", EDITOR=str(editor))
    assert talk.through(["e\n", "y\n"]) == 0, talk.shown
    assert world.at("api", "conf.txt") == THEIRS + "edited\n"
    target = world.run("plan", "--json").json["targets"][0]
    assert (target["state"], "kept" in target["reason"]) == ("in-sync", True)
    shutil.rmtree(os.environ["ROLLOUT_STATE_DIR"])
    assert world.run("plan", "--json").json["targets"][0]["reason"] == target["reason"]
    world.template("project/conf.txt.j2", "new\n")
    assert world.run("plan", "--json").states() == {"api": "pending"}


def test_an_edit_that_changes_nothing_decides_nothing(world: World) -> None:
    drifted(world, "api")
    talk = Talk(world, "apply", EDITOR="true")
    assert talk.through(["e\n", "o\n", "y\n"]) == 0, talk.shown
    assert ("nothing is decided" in talk.shown, world.at("api", "conf.txt")) == (True, OURS)


@first_rows(
    2,
    ("editor", "said"),
    [
        ("/no/such", "the editor '/no/such' cannot be started (No such file or directory; set VISUAL, EDITOR, or"),
        (
            "no-such $HOME",
            "the editor 'no-such $HOME' cannot be started (set VISUAL, EDITOR, or core.editor of git)",
        ),
        ("false", "the editor 'false' failed (exit 1), so nothing is decided; keep leaves the file as it is"),
        ("sh -c 'rm \"$1\"' -", "it is as it was, so nothing is decided"),
    ],
)
def test_an_editor_that_fails_is_told_and_what_was_decided_before_stays(world: World, editor: str, said: str) -> None:
    drifted(world, "api", "web")
    talk = Talk(world, "apply", size=(24, 300), EDITOR=editor)
    assert talk.through(["o\n", "e\n", "k\n", "y\n"]) == 0, talk.shown
    assert said in talk.shown
    assert [world.at(name, "conf.txt") for name in ("api", "web")] == [OURS, THEIRS]


def test_what_an_editor_wrote_before_it_failed_is_not_taken_and_not_lost(world: World) -> None:
    drifted(world, "api")
    config = Path(os.environ["GIT_CONFIG_GLOBAL"])
    before = config.read_text()
    config.write_text(before + '[core]\n\teditor = "f() { echo edited >>\\"$1\\"; return 3; }; f"\n')
    try:
        talk = Talk(world, "apply", size=(24, 300), EDITOR="true", TMPDIR=str(world.root))
        assert talk.through(["e\n", "o\n", "y\n"]) == 0, talk.shown
    finally:
        config.write_text(before)
    assert world.at("api", "conf.txt") == OURS
    (kept,) = re.findall(r"failed \(exit 3\), so nothing is decided; what it wrote is in (\S+)", talk.shown)
    assert Path(kept).read_text() == THEIRS + "edited\n"
    assert len(list(world.root.glob("rollout-edit-*"))) == 1


@first_rows(
    1,
    ("script", "found"),
    [
        ("exec sleep 60", None),
        ('echo edited >>"$1"\nexec sleep 60', {"conf.txt": THEIRS + "edited\n"}),
        (
            "trap 'echo more >\"$1.save\"; exit 1' TERM\nwhile :; do sleep 60 & wait; done",
            {"conf.txt": THEIRS, "conf.txt.save": "more\n"},
        ),
    ],
    ids=["nothing", "saved", "saved as it ended"],
)
def test_an_end_from_outside_ends_the_editor_and_what_it_wrote_is_not_lost(
    world: World, script: str, found: dict[str, str] | None
) -> None:
    drifted(world, "api")
    editor = world.root / "editor"
    script = script.replace("exec sleep", "echo EDITING\nexec sleep").replace("sleep 60 &", "echo EDITING; sleep 60 &")
    editor.write_text(f"#!/bin/sh\necho $$ >{world.root}/number\n{script}\n")
    editor.chmod(0o755)
    talk = Talk(world, "apply", size=(24, 300), EDITOR=str(editor), TMPDIR=str(world.root))
    talk.until("explains): ")
    os.write(talk.terminal, b"e\n")
    talk.until("EDITING")
    talk.running.send_signal(signal.SIGTERM)
    assert talk.through([]) == 143, talk.shown
    assert ends(int((world.root / "number").read_text()))
    kept = re.findall(r"what the editor wrote is in (\S+)", talk.shown)
    assert list(world.root.glob("rollout-edit-*")) == list(map(Path, kept))
    assert [{file.name: file.read_text() for file in Path(one).iterdir()} for one in kept] == ([found] if found else [])
    assert world.at("api", "conf.txt") == THEIRS


AS_IT_STARTS = """
import os, signal, subprocess, time
start = subprocess.Popen.__init__
def told_to_end(popen, words, *arguments, **options):
    start(popen, words, *arguments, **options)
    if words and words[0].endswith("/editor"):
        while not os.path.exists(f"{os.path.dirname(words[0])}/number"):
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGTERM)
subprocess.Popen.__init__ = told_to_end
"""


def test_an_editor_that_just_starts_when_the_end_comes_is_ended_and_saves(world: World) -> None:
    drifted(world, "api")
    editor = world.root / "editor"
    trap = """trap 'echo more >"$1.save"; exit 1' TERM"""
    editor.write_text(f"#!/bin/sh\n{trap}\necho $$ >{world.root}/number\nwhile :; do sleep 60 & wait; done\n")
    editor.chmod(0o755)
    talk = Talk(world, "apply", first=AS_IT_STARTS, EDITOR=str(editor), TMPDIR=str(world.root), size=(24, 300))
    assert talk.through(["e\n"]) == 143, talk.shown
    assert ends(int((world.root / "number").read_text()))
    (kept,) = re.findall(r"what the editor wrote is in (\S+)", talk.shown)
    assert Path(kept, "conf.txt.save").read_text() == "more\n"


def test_the_plan_says_what_was_decided_and_the_question_what_is_left_out(world: World) -> None:
    drifted(world, "api", "odd", "web")
    talk = Talk(world, "apply", size=(60, 200))
    assert talk.through(["o\n", "sk\n", "k\n", "y\n"]) == 3, talk.shown
    assert "; it is overwritten" in talk.shown
    assert "conf.txt in api\r\n" in re.sub("\x1b\\[[0-9;]*m", "", talk.shown)
    assert "conf.txt in web: stays as it is" in talk.shown
    assert "Apply this to 2 targets, and not to odd? [y/N]: " in talk.shown


def test_on_a_terminal_the_next_command_asks_about_each_file(world: World) -> None:
    drifted(world, "api")
    talk = Talk(world, "plan")
    assert talk.through([]) == 0, talk.shown
    assert "Next: rollout apply\r\n" in talk.shown
    assert "Next: rollout apply --on-drift merge\n" in world.run("plan").out


def test_a_file_of_a_folder_is_edited_and_kept(world: World) -> None:
    world.template("shared/a.txt", "1\n")
    world.tail = "folders:\n  shared: {path: shared, templates: [shared]}\n"
    (world.root / "shared").mkdir()
    world.run("apply", "--yes")
    (world.root / "shared/a.txt").write_text("theirs\n")
    editor = world.root / "editor"
    editor.write_text('#!/bin/sh\necho edited >>"$1"\n')
    editor.chmod(0o755)
    talk = Talk(world, "apply", EDITOR=str(editor))
    assert talk.through(["e\n", "y\n"]) == 0, talk.shown
    assert (world.root / "shared/a.txt").read_text() == "theirs\nedited\n"
    target = world.run("plan", "--json").json["targets"][0]
    assert (target["state"], "kept" in target["reason"]) == ("in-sync", True)


@first_rows(4,
    ("answers", "code", "there"),
    [(["o\n", "y\n"], 0, OURS), (["k\n", "y\n"], 0, THEIRS), (["sk\n"], 3, THEIRS), (["q\n"], 4, THEIRS),
     (["m\n", "t\n", "e\n", "o\n", "y\n"], 0, OURS), (["a\n", "o\n", "y\n"], 0, OURS)],
)  # fmt: skip
def test_a_saved_plan_is_asked_about_file_by_file_and_writes_what_was_reviewed(
    world: World, answers: list[str], code: int, there: str
) -> None:
    drifted(world, "api")
    world.run("plan", "--out", "rollout.plan")
    talk = Talk(world, "apply", "rollout.plan")
    assert (talk.through(answers), world.at("api", "conf.txt")) == (code, there), talk.shown
    assert talk.shown.count("a saved plan writes what was reviewed") == 3 * (len(answers) == 5)


def test_nothing_is_asked_without_a_terminal_or_with_yes(world: World) -> None:
    drifted(world, "api")
    talk = Talk(world, "apply", "--yes")
    assert (talk.through([]), "explains" in talk.shown) == (4, False)
    assert world.run("apply", "--json").code == 4


@pytest.mark.parametrize(
    ("word", "found"),
    [("k", ["keep"]), ("s", ["show", "skip"]), ("skip", ["skip"]), ("x", []), ("quit", ["quit"]), ("", list(CHOICES))],
)
def test_an_answer_is_a_word_or_its_unambiguous_beginning(word: str, found: list[str]) -> None:
    assert meant(word, CHOICES) == found
