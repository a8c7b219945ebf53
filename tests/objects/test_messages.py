"""The text of a commit: one block of trailers, a date that git accepts, whatever stands below and around it."""

from __future__ import annotations

import subprocess
from pathlib import PurePosixPath

import pytest

from rollout.errors import UsageError
from rollout.model.action import Action
from rollout.model.files import File
from rollout.model.outcomes import Author, Run, RunCommand
from rollout.model.plan import Change
from rollout.objects import messages
from rollout.objects.messages import CommitWords
from tests.world import World

RUN = Run("20260203T152000Z-3f81ad", RunCommand.APPLY, "", 0, "", "plan", "d" * 64)

CHANGE = Change(PurePosixPath("conf.txt"), Action.CREATE, "missing", None, File(b"x\n"))


ENDINGS = (
    "a",
    "a\nb: c",
    "a\n\nbody",
    "a\n\nbody\n\nCo-authored-by: X <x@example.org>",
    "a\n\nCo-authored-by: X <x@example.org>\n",
    "a\n\nbody\n\nReviewed-by: X\n  who goes on here\nTested-by : Y",
    "a\n\nbody\n\nKey: value\nand a line of prose",
    "a\n\nbody\n\nprose\nprose\nSigned-off-by: X <x@example.org>",
    "a\n\nbody\n\nprose\nprose\nprose\nprose\nSigned-off-by: X <x@example.org>",
    "a\n\nbody\n\n(cherry picked from commit 123)",
    "a\n\nbody\n \nKey: value",
    "a\n\nhttps://example.org/x is what it is about",
    "a\n\n  Key: value",
    "a\n\nKey with words: value",
)


def trailers(text: str) -> list[str]:
    """Return the trailers as git sees them."""
    command = ["git", "interpret-trailers", "--parse", "--no-divider"]
    return subprocess.run(command, input=text, capture_output=True, text=True, check=True).stdout.splitlines()


@pytest.mark.parametrize("said", ENDINGS)
def test_a_message_keeps_one_block_of_trailers_as_git_judges_it(said: str) -> None:
    first, _, rest = said.partition("\n")
    theirs = trailers(f"{first}\n\n{rest.strip(chr(10))}\n")
    found = trailers(messages.message(said, RUN, "api", [CHANGE], ["Issue: 7"]))
    ours = [f"Rollout-Run: {RUN.id}", f"Rollout-Plan: {RUN.digest}", "Rollout-Target: api"]
    assert found == [*theirs, "Issue: 7", *ours]
    assert messages.run_and_target(messages.message(said, RUN, "api", [CHANGE])) == (RUN.id, "api")


@pytest.mark.parametrize(
    "text", ["", "no colon", "K:", "Two words: x", "K: a\nRollout-Run: x", "Rollout-Run: x", "K: \x1b"]
)
def test_what_is_no_trailer_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="--trailer"):
        messages.trailer(text)


@pytest.mark.parametrize("line_end", ["\r\n", "\r"])
def test_a_message_has_the_line_ends_of_git_whatever_system_it_comes_from(line_end: str) -> None:
    text = "a\n\nbody\n\nReviewed-by: X <x@example.org>\nKey: value\n"
    assert messages.as_given(text.replace("\n", line_end)) == messages.as_given(text) == text.rstrip("\n")


def test_a_message_of_blanks_says_nothing() -> None:
    assert messages.as_given(" \t\r\n") == messages.as_given("") == ""


@pytest.mark.parametrize("line", ["Rollout-Run: x", "rollout-kept: x", "Rollout-Seal : x"])
def test_a_message_has_no_trailer_that_is_rollouts_own(line: str) -> None:
    with pytest.raises(UsageError, match="rollout's own"):
        messages.as_given(f"a\n\nbody\n{line}\nmore")


def test_a_trailer_is_written_as_git_writes_it() -> None:
    assert messages.trailer("Issue=7") == messages.trailer(" Issue :  7 ") == "Issue: 7"
    committer = Author("Pat", "pat@example.org")
    assert CommitWords(trailers=("Issue: 7",), signoff=True).lines(committer) == (
        "Issue: 7",
        "Signed-off-by: Pat <pat@example.org>",
    )


@pytest.mark.parametrize(
    ("said", "date"),
    [
        (b"50 +0000", 1000),
        (b"2000 +0100", 2001),
        (b"4102444799 +0000", 4102444800),
        (b"4102444800 +0000", 1000),
        (b"9223372036854775807 +0000", 1000),
        (b"9223372036854775808 +0000", 1000),
        (b"9" * 5000 + b" +0000", 1000),
        (b"-5 +0000", 1000),
        (b"soon", 1000),
    ],
)
def test_the_date_is_after_the_parents_where_that_one_can_be_believed(said: bytes, date: int) -> None:
    parent = b"tree 1\nauthor A <a> 1 +0000\ncommitter C <c> " + said + b"\n\ncommitter x> 3000 +0000\n"
    assert messages.dated(1000, parent) == date


@pytest.mark.parametrize("when", ["9223372036854775808 +0000", "18446744073709551614 +0000", "-1 +0000"])
def test_on_an_upstream_with_an_impossible_date_our_commit_is_valid(world: World, when: str) -> None:
    world.bare_repo("api")
    bare = world.root / "api.git"
    tree = world.git(bare, "rev-parse", "main^{tree}")
    who = f"Pat <pat@example.org> {when}"
    text = f"tree {tree}\nauthor {who}\ncommitter {who}\n\nodd\n"
    odd = subprocess.run(
        ["git", "hash-object", "-t", "commit", "-w", "--stdin", "--literally"],
        cwd=bare, input=text, capture_output=True, text=True, check=True,
    ).stdout.strip()  # fmt: skip
    world.git(bare, "update-ref", "refs/heads/main", odd)
    assert world.run(RunCommand.APPLY, "--yes", "--json").outcomes() == {"api": "pushed"}
    tip = world.tip("api")
    checked = world.git(bare, "fsck", "--strict", tip, ok=False)
    assert tip not in checked


def test_signoff_and_trailers_stand_in_the_commit(world: World) -> None:
    world.bare_repo("api")
    ran = world.run(RunCommand.APPLY, "--yes", "--message", "a\n\nbody\n\nCo-authored-by: X <x@example.org>",
                    "--trailer", "Issue: 7", "--signoff", "--json")  # fmt: skip
    assert ran.outcomes() == {"api": "pushed"}
    said = world.git("api.git", "log", "-1", "--format=%(trailers:only,unfold)", "main").splitlines()
    assert said[:3] == ["Co-authored-by: X <x@example.org>", "Issue: 7", "Signed-off-by: Pat Person <pat@example.org>"]
    assert said[3].startswith("Rollout-Run: ")


def test_a_message_from_windows_keeps_its_trailers(world: World) -> None:
    world.bare_repo("api")
    message = "a\r\n\r\nCo-authored-by: X <x@example.org>\r\n"
    assert world.run(RunCommand.APPLY, "--yes", "--message", message, "--signoff").code == 0
    text = world.git("api.git", "log", "-1", "--format=%B", "main")
    signed = "Signed-off-by: Pat Person <pat@example.org>"
    assert text.startswith(f"a\n\nCo-authored-by: X <x@example.org>\n{signed}\nRollout-Run: ")
    assert world.run(RunCommand.APPLY, "--yes", "--message", "a\n\nRollout-Run: b").code == 64


def test_a_commit_that_waits_takes_the_trailers_that_are_asked_for_later(world: World) -> None:
    world.bare_repo("api")
    world.run(RunCommand.APPLY, "--yes", "--no-push")
    assert world.run("push", "--yes", "--trailer", "Issue: 7", "--json").outcomes() == {"api": "pushed"}
    assert world.git("api.git", "log", "-1", "--format=%(trailers:key=Issue,valueonly)", "main") == "7"
    assert world.run("push", "--trailer", "no colon").code == 64
