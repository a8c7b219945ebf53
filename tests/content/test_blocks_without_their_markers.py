"""A block whose two marker lines a person took out: its text is still ours where it stands, and never written twice."""

from __future__ import annotations

import re

import pytest
from msgspec.structs import replace

from rollout.model.action import Action, OnDrift
from rollout.model.circumstances import Decisions
from rollout.model.inventory import FileRule, Mode
from tests import decisions
from tests.first_rows import first_rows
from tests.lives import Life
from tests.world import World

_BLOCK = FileRule(Mode.BLOCK)
_OTHERS = "# T\n\n<!-- rollout:begin other -->\nq\n<!-- rollout:end other -->\n"


def _bare(text: str | None) -> str:
    return re.sub(r"(?m)^.*rollout:(begin|end) project.*\n", "", text or "")


def _marked(text: str, name: str = "project") -> str:
    return f"<!-- rollout:begin {name} -->\n{text}<!-- rollout:end {name} -->\n"


def _robbed(before: str | None, *, applied_since: bool = False, path: str = "a.md", text: str = "one\nq\n") -> Life:
    """Return a file with a block of ours that has lost its markers."""
    file = Life(path, before, _BLOCK)
    file.text = _bare(file.lived(text))
    if applied_since:
        assert file.rolled_out(text) is None
    file.asked.clear()
    return file


@pytest.mark.parametrize("before", [None, "# T\n", "# T", "# T\n\n", "# T\r\n\r\nx\r\n", _OTHERS])
@first_rows(1, "applied_since", [False, True])
@first_rows(3, "template", ["one\nq\n", "two\nq\n", "two\n", "one\nq\nand more\n", "x\none\nq\n"])
def test_its_text_is_in_sync_and_gets_its_markers_with_the_first_change(
    before: str | None, template: str, *, applied_since: bool
) -> None:
    file = _robbed(before, applied_since=applied_since)
    there, ends = file.text or "", "\r\n" if "\r" in (before or "") else "\n"
    assert file.plan("one\nq\n") is None
    file.rolled_out(template)
    told = there if template == "one\nq\n" else _marked(template).replace("\n", ends)
    assert file.text == there.replace(f"one{ends}q{ends}", told) or file.text == there
    assert (file.text == there) == (template == "one\nq\n")
    assert (file.asked, file.plan(template)) == ([], None)


@pytest.mark.parametrize("before", [None, "# T\n", "# T", "# T\n\n", _OTHERS])
@pytest.mark.parametrize("applied_since", [False, True])
def test_it_goes_where_nothing_of_ours_should_be(before: str | None, *, applied_since: bool) -> None:
    file = _robbed(before, applied_since=applied_since)
    file.rule = FileRule(Mode.ABSENT)
    assert (file.lived(""), file.asked) == (before, [])


def test_what_others_wrote_around_it_stays() -> None:
    file = _robbed("# T\n")
    file.text, file.rule = f"head\n{file.text}tail\n", FileRule(Mode.ABSENT)
    assert (file.lived(""), file.asked) == ("head\n# T\n\ntail\n", [])


@pytest.mark.parametrize("before", [None, "# T\n", "# T\r\n\r\nx\r\n", _OTHERS])
@pytest.mark.parametrize("template", ["one\nq\n", "two\nq\n"])
@first_rows(1, "name", ["project", "new"])
def test_what_a_person_changed_in_it_is_drift_and_overwritten_where_it_stands(
    before: str | None, template: str, name: str
) -> None:
    file = _robbed(before)
    there, ends = file.text or "", "\r\n" if "\r" in (before or "") else "\n"
    file.text, file.rule = there.replace("one", "one, says Bo"), replace(_BLOCK, block_id=name)
    file.rolled_out(template)
    marked = _marked(template, name).replace("\n", ends)
    assert (file.asked, file.text) == (["drift"], there.replace(f"one{ends}q{ends}", marked))
    file = _robbed(before)
    file.text, file.rule = there.replace("one", "one, says Bo"), FileRule(Mode.ABSENT)
    file.rolled_out("")
    assert (file.asked, file.text) == (["drift"], before)


def test_it_follows_the_template_where_its_markers_stand_apart_from_the_text() -> None:
    file = _robbed("T\n=\n", path="a.rst")
    file.text = (file.text or "").replace("one", "one, says Bo")
    assert file.lived("two\nq\n") == (
        "T\n=\n\n\n.. rollout:begin project\n\ntwo\nq\n\n.. rollout:end project\n\n"
    )  # fmt: skip


def _decided(file: Life, template: str, on_drift: OnDrift) -> tuple[Action, str | None]:
    item = decisions.managed(file.path, template, file.rule)
    made = decisions.step(item, decisions.file(file.text), file.last, Decisions(on_drift=on_drift))
    change = decisions.only_change(made)
    return change.action, change.after.content.decode() if change.after else None


def test_what_a_person_and_the_template_changed_in_it_comes_together() -> None:
    file = _robbed("# T\n", text="one\ntwo\nthree\nfour\n")
    file.text = (file.text or "").replace("one", "one, says Bo")
    merged = "# T\n\n" + _marked("one, says Bo\ntwo\nthree\n4\n")
    assert _decided(file, "one\ntwo\nthree\n4\n", OnDrift.MERGE) == (Action.DRIFT, merged)


@pytest.mark.parametrize("edited", ["one!\nmine\nq\n", "mine\nq\n", "one\nmine\nq\n"])
def test_where_it_is_not_clear_which_lines_are_ours_nothing_is_written(edited: str) -> None:
    file = _robbed("# T\n")
    file.text = (file.text or "").replace("one\nq\n", edited)
    assert _decided(file, "two\nq\n", OnDrift.OVERWRITE) == (Action.ERROR, None)
    file.rule = FileRule(Mode.ABSENT)
    assert _decided(file, "", OnDrift.OVERWRITE) == (Action.ERROR, None)


@pytest.mark.parametrize("there", ["# T\n", "# T\n\nmine\n", "another\nfile\n", "# T\n\n```\none\nq\n```\n"])
def test_a_block_that_went_with_its_markers_is_appended_if_that_is_wanted(there: str) -> None:
    file = _robbed("# T\n")
    file.text = there
    assert _decided(file, "two\nq\n", OnDrift.OVERWRITE) == (Action.DRIFT, there + "\n" + _marked("two\nq\n"))
    file.rule = FileRule(Mode.ABSENT)
    assert file.plan("") is None


@pytest.mark.parametrize("place", ["repository", "folder"])
@first_rows(1, "before", ["# T\n", None])
def test_a_repository_and_a_folder_know_it_again(world: World, place: str, before: str | None) -> None:
    shared = world.root / "shared/a.md"
    shared.parent.mkdir()
    folders = ""
    if place == "folder":
        folders = "folders: {f: {path: shared, templates: [project]}}\n"
        if before is not None:
            shared.write_text(before)
    else:
        world.repo("api", {"README": "x\n"} if before is None else {"a.md": before})
    world.tail = folders + "files: {a.md: {mode: block}}\n"
    (world.root / "templates/project/conf.txt.j2").unlink()
    world.template("project/a.md", "one\nq\n")
    assert world.run("apply", "--yes", "--adopt").code == 0
    if place == "folder":
        shared.write_text(_bare(shared.read_text()))
    else:
        world.elsewhere("api", {"a.md": _bare(world.at("api", "a.md"))})
    assert world.run("plan", "--detailed-exitcode").code == 0
    world.template("project/a.md", "two\nq\n")
    assert world.run("apply", "--yes").code == 0
    above = "" if before is None else f"{before}\n"
    assert (world.at("api", "a.md") if place == "repository" else shared.read_text()) == above + _marked("two\nq\n")
