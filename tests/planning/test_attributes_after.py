"""A target that writes its own .gitattributes: they hold for all that the same commit has."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from rollout.content.attributes import in_force
from rollout.content.line_ends import conversion
from rollout.model.action import Action
from rollout.model.circumstances import Circumstances, Decisions
from rollout.model.files import Desired, File, Snapshot, Written
from rollout.model.inventory import Folder, Target
from rollout.model.plan import State, Step
from rollout.planning import steps
from tests import decisions
from tests.world import World

CRLF = "@echo off\r\necho 1\r\n"
LF = CRLF.replace("\r\n", "\n")
ASKS = "*.bat text eol=crlf\n"


def planned(templates: Mapping[str, str], there: Mapping[str, str], ours: Mapping[str, str] | None = None) -> Step:
    """Return what a branch needs where some files are there, of which we wrote some."""
    files = {PurePosixPath(path): decisions.file(there.get(path)) for path in templates}
    written = {PurePosixPath(path): Written(File(text.encode()), "c0") for path, text in (ours or {}).items()}
    found = {
        str(PurePosixPath(path).parent).removeprefix("."): text.encode()
        for path, text in there.items()
        if path.endswith(".gitattributes")
    }
    desired = Desired(tuple(decisions.managed(path, text) for path, text in templates.items()))
    target = Target("api", Folder(Path("/x")), ("project",), (), {})
    ends = {path: conversion(states) for path, states in in_force(found, files).items()}
    snapshot = Snapshot("", files, written, ends, attribute_files=found)
    return steps.step_for(target, desired, snapshot, Decisions(), Circumstances(""))


def after(step: Step) -> dict[str, str | None]:
    return {str(one.path): None if one.after is None else one.after.content.decode() for one in step.changes}


def test_new_attributes_hold_for_what_is_written_beside_them() -> None:
    assert after(planned({".gitattributes": ASKS, "w.bat": CRLF}, {}))["w.bat"] == LF
    assert after(planned({"sub/.gitattributes": ASKS, "sub/w.bat": CRLF, "w.bat": CRLF}, {})) == {
        "sub/.gitattributes": ASKS,
        "sub/w.bat": LF,
        "w.bat": CRLF,
    }


def test_attributes_that_come_later_change_what_was_written_before() -> None:
    was = {"w.bat": CRLF}
    step = planned({".gitattributes": ASKS, "w.bat": CRLF}, was, was)
    assert after(step) == {".gitattributes": ASKS, "w.bat": LF}
    assert {one.action for one in step.changes} == {Action.CREATE, Action.UPDATE}


def test_attributes_that_go_change_it_back() -> None:
    was = {".gitattributes": ASKS, "w.bat": LF}
    assert after(planned({".gitattributes": "# none\n", "w.bat": CRLF}, was, was))["w.bat"] == CRLF


def test_attributes_that_are_as_they_should_be_change_nothing() -> None:
    was = {".gitattributes": ASKS, "w.bat": LF}
    assert planned({".gitattributes": ASKS, "w.bat": CRLF}, was, was).state is State.IN_SYNC


def test_attributes_that_wait_for_a_decision_do_not_hold_yet() -> None:
    theirs = {".gitattributes": "*.bat -text\n"}
    assert after(planned({".gitattributes": ASKS, "w.bat": CRLF}, theirs))["w.bat"] == CRLF


def test_in_a_shared_folder_attributes_are_a_file_like_any_other(world: World) -> None:
    world.template("shared/.gitattributes", ASKS)
    world.template("shared/w.bat", CRLF)
    world.tail = "folders:\n  shared: {path: all, templates: [shared]}\n"
    assert world.run("apply", "--yes", "--json").outcomes() == {"shared": "written"}
    assert (world.root / "all/w.bat").read_bytes() == CRLF.encode()
    assert world.run("verify").code == 0


def test_a_filter_that_the_target_gives_its_own_file_blocks_it_before_anything_is_written() -> None:
    step = planned({".gitattributes": "*.bin filter=lfs -text\n", "a.bin": "x\n"}, {})
    assert step.state is State.BLOCKED
    assert "a.bin: is under the attribute filter=lfs there" in step.reason
    assert "take it out of .gitattributes, or the file out of the templates" in step.reason


def test_a_run_that_brings_attributes_leaves_clones_clean_and_is_verified(world: World) -> None:
    world.template("project/.gitattributes", ASKS)
    world.template("project/w.bat", CRLF)
    top = world.repo("api")
    assert world.run("apply", "--yes", "--json").outcomes() == {"api": "pushed"}
    assert world.at("api", "w.bat") == LF
    assert world.git(world.clone("api", "fresh"), "status", "--porcelain") == ""
    assert (world.git(top, "status", "--porcelain"), (top / "w.bat").read_bytes()) == ("", CRLF.encode())
    assert world.run("verify").code == 0
    assert world.run("plan", "--json").states() == {"api": "in-sync"}
