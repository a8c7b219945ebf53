"""A path that gets another mode: what we wrote in the old one is known in the new one."""

from __future__ import annotations

from pathlib import Path

import pytest

from rollout.model.action import Action
from rollout.model.inventory import FileRule, Mode
from tests import random_modes
from tests.content.places import pushed, shared
from tests.first_rows import first_rows
from tests.lives import Life
from tests.world import World

_DOCUMENTS = {
    "v.yml": ("t: 1\n", "a: 1\n", "a: 1\nb: 2\n", "{}\n"),
    "v.toml": ("t = 1\n", "[a]\nb = 1\n", "[a]\nb = 1\nc = 2\n", ""),
    "v.ini": ("[t]\nx=1\n", "[a]\nb=1\n", "[a]\nb=1\nc=2\n", ""),
}


@pytest.mark.parametrize("end", ["\n", ""])
@pytest.mark.parametrize("path", _DOCUMENTS)
def test_a_block_that_is_merged_from_now_on_loses_both_its_markers_with_the_first_change(path: str, end: str) -> None:
    before, first, then, nothing = _DOCUMENTS[path]
    before = before.removesuffix("\n") + end
    file = Life(path, before, FileRule(Mode.BLOCK))
    block = file.lived(first)
    file.rule = FileRule(Mode.MERGE)
    assert file.plan(first) is None
    merged = Life(path, before, FileRule(Mode.MERGE))
    assert "rollout:" not in str(file.lived(then))
    assert file.lived(nothing) == before
    file.rule = FileRule(Mode.BLOCK)
    assert file.lived(first) == block
    assert merged.lived(first, nothing) == before


_MARKED = "# rollout:begin project\na: 2\n# rollout:end project\n"


@pytest.mark.parametrize("between", [["a: 1\n"], []])
@pytest.mark.parametrize("mode", [Mode.WHOLE, Mode.MERGE, Mode.ONCE])
def test_a_file_that_rollout_wrote_is_its_block_in_that_mode(mode: Mode, between: list[str]) -> None:
    file = Life("x.yaml", None, FileRule(mode))
    file.lived("a: 1\n")
    file.rule = FileRule(Mode.BLOCK)
    assert file.lived(*between) == "a: 1\n"
    assert file.lived("a: 2\n") == _MARKED
    assert file.asked == []


def test_what_others_wrote_around_it_stays_around_the_block() -> None:
    file = Life("x.yaml", None, FileRule(Mode.WHOLE))
    file.lived("a: 1\n", ">b: 1\na: 1\nc: 1\n")
    file.rule = FileRule(Mode.BLOCK)
    assert file.lived("a: 2\n") == f"b: 1\n{_MARKED}c: 1\n"


def test_keys_that_were_merged_are_the_block_when_they_are_its_text() -> None:
    file = Life("x.yaml", "b: 1\n", FileRule(Mode.MERGE))
    file.lived("a: 1\n")
    file.rule = FileRule(Mode.BLOCK)
    assert file.lived("a: 1\n", "a: 2\n") == f"b: 1\n{_MARKED}"
    assert file.asked == []


@pytest.mark.parametrize("between", [[], ["first"]])
@pytest.mark.parametrize("path", _DOCUMENTS)
def test_keys_that_were_merged_go_when_a_block_says_other_ones(path: str, between: list[str]) -> None:
    before, first, then, nothing = _DOCUMENTS[path]
    file = Life(path, before, FileRule(Mode.MERGE))
    file.lived(then, *(first for _ in between))
    file.rule = FileRule(Mode.BLOCK)
    text = then.replace("1", "5")
    planned = file.rolled_out(text)
    assert planned is not None
    assert planned.cause == "the file has no block 'project' yet; the keys that rollout merged into it go"
    assert file.text == Life(path, before, FileRule(Mode.BLOCK)).lived(text)
    file.rule = FileRule(Mode.MERGE)
    assert file.lived(first, nothing) == before


@pytest.mark.parametrize("says", ["first", "last"])
@pytest.mark.parametrize("path", _DOCUMENTS)
def test_keys_that_were_merged_go_also_when_a_block_says_what_stands_there(path: str, says: str) -> None:
    before, first, then, nothing = _DOCUMENTS[path]
    other = {"v.yml": "o: 1\n", "v.toml": "[o]\nb = 1\n", "v.ini": "[o]\nb=1\n"}[path]
    file = Life(path, before, FileRule(Mode.MERGE))
    file.lived(first + other)
    file.rule = FileRule(Mode.BLOCK)
    text = first if says == "first" else other
    planned = file.rolled_out(text)
    assert planned is not None
    assert planned.cause == "the file has no block 'project' yet; the keys that rollout merged into it go"
    assert file.text == Life(path, before, FileRule(Mode.BLOCK)).lived(text)
    assert file.plan(text) is None
    file.rule = FileRule(Mode.MERGE)
    assert file.lived(then, nothing) == before


def test_a_text_of_others_becomes_the_block_in_its_place_when_keys_that_were_merged_go() -> None:
    file = Life("x.yaml", "a: 2\nb: 1\n", FileRule(Mode.MERGE))
    assert file.lived("c: 1\n") == "a: 2\nb: 1\nc: 1\n"
    file.rule = FileRule(Mode.BLOCK)
    assert file.lived("a: 2\n") == f"{_MARKED}b: 1\n"


_SAID_AGAIN = {
    "v.yml": ("b: 3\nq: 2\n", "c: 1\nb: 1\n", "b: 1\nq: 2\nc: 1\n", "{}\n"),
    "n.yml": ("b:\n  q: 2\n", "b:\n  c: 1\n", "b:\n  q: 2\n  c: 1\n", "{}\n"),
    "v.toml": ("b = 3\nq = 2\n", "c = 1\nb = 1\n", "b = 1\nq = 2\nc = 1\n", ""),
    "n.toml": ("[b]\nq = 2\n", "[b]\nc = 1\n", "[b]\nq = 2\nc = 1\n", ""),
    "setup.cfg": ("[b]\nq=2\n\n[z]\nk=1\n", "[b]\nc=1\n", "[b]\nq=2\nc=1\n\n[z]\nk=1\n", ""),
}


@pytest.mark.parametrize("path", _SAID_AGAIN)
def test_a_block_that_says_a_key_again_is_merged_like_any_other(path: str) -> None:
    before, template, after, nothing = _SAID_AGAIN[path]
    file = Life(path, before, FileRule(Mode.BLOCK))
    block = file.lived(template)
    file.rule = FileRule(Mode.MERGE)
    asked = ["adopt", "adopt"] if "b = 3" in before or "b: 3" in before else ["adopt"]
    assert file.lived(template) == after
    assert file.asked == asked
    gone, again = file.copy(), file.copy()
    assert file.lived(nothing) == before
    gone.rule = FileRule(Mode.ABSENT)
    assert gone.lived(nothing) == before
    again.rule = FileRule(Mode.BLOCK)
    assert again.lived(template) == block


def test_a_block_that_says_a_key_again_and_that_others_changed_stays() -> None:
    file = Life("x.yaml", "b: 3\n", FileRule(Mode.BLOCK))
    text = str(file.lived("b: 1\n")).replace("b: 1", "b: 1\nmine: 1")
    file.lived(f">{text}")
    file.rule = FileRule(Mode.MERGE)
    for template in ("b: 1\n", "c: 1\n", "{}\n"):
        assert "mine: 1" in str(file.copy().lived(template))


def test_keys_that_others_changed_since_stay_when_a_block_comes() -> None:
    file = Life("x.yaml", "b: 1\n", FileRule(Mode.MERGE))
    file.lived("a: 1\nd: 1\n", ">b: 1\na: 2\nd: 1\n")
    file.rule = FileRule(Mode.BLOCK)
    assert file.lived("c: 1\n") == f"b: 1\na: 2\n\n{_MARKED.replace('a: 2', 'c: 1')}"
    assert file.asked == ["adopt"]


@first_rows(1, "kind", ["branch", "folder"])
@pytest.mark.parametrize("between", [True, False])
def test_a_whole_file_becomes_a_block_in_place(world: World, kind: str, between: bool) -> None:
    (world.root / "templates/project/conf.txt.j2").unlink()
    head = "folders: {api: {path: shared, templates: [project]}}\n" if kind == "folder" else ""
    (world.root / "shared").mkdir()
    if kind == "branch":
        world.repo("api", {"README": "x\n"})
    world.tail = head
    for text in ("a: 0\n", "a: 1\n"):
        world.template("project/x.yaml", text)
        assert world.run("apply", "--yes").code == 0
    world.tail = f"{head}files: {{x.yaml: {{mode: block}}}}\n"
    if between:
        assert world.run("apply", "--yes", "--json").outcomes() == {"api": "unchanged"}
    world.template("project/x.yaml", "a: 2\n")
    assert world.run("apply", "--yes").code == 0
    there = world.at("api", "x.yaml") if kind == "branch" else (world.root / "shared/x.yaml").read_text()
    assert there == _MARKED


def test_a_block_of_others_stays_marked_when_a_document_is_merged() -> None:
    theirs = "t: 1\n# rollout:begin theirs\nx: 1\n# rollout:end theirs\n"
    file = Life("v.yml", theirs, FileRule(Mode.MERGE))
    assert theirs in str(file.lived("a: 1\n"))
    assert file.lived("{}\n") == theirs


@first_rows(1, "kind", ["branch", "folder"])
@pytest.mark.parametrize(("named", "mode"), [("R.md", "block"), ("r.yaml", "block"), ("r.yaml", "merge")])
def test_what_others_wrote_around_our_part_is_asked_for_before_the_file_is_written_whole(
    world: World, kind: str, named: str, mode: str
) -> None:
    there, head = shared(world, kind, named, "theirs: 1\n")
    world.tail = f"{head}files: {{{named}: {{mode: {mode}{_ID[mode]}}}}}\n"
    for text in ("fleet: 1\n", "fleet: 2\n"):
        world.template(f"project/{named}", text)
        assert world.run("apply", "--yes", "--adopt").code == 0
    _asked_for(world, there, head)


@first_rows(1, "kind", ["branch", "folder"])
@pytest.mark.parametrize("mode", ["block", "merge"])
def test_what_others_wrote_is_asked_for_after_our_part_was_taken_out(world: World, kind: str, mode: str) -> None:
    there, head = shared(world, kind, "r.yaml", "theirs: 1\n")
    world.template("project/r.yaml", "fleet: 2\n")
    for rule in (f"mode: {mode}", "mode: absent"):
        world.tail = f"{head}files: {{r.yaml: {{{rule}}}}}\n"
        assert world.run("apply", "--yes", "--adopt").code == 0
    _asked_for(world, there, head)


@pytest.mark.parametrize("kind", ["branch", "folder"])
@pytest.mark.parametrize("mode", ["whole", "absent"])
def test_a_file_that_once_left_to_others_is_asked_for_whatever_else_a_run_wrote(
    world: World, kind: str, mode: str
) -> None:
    there, head = shared(world, kind, "r.yaml", "theirs: 1\n")
    for named in ("r.yaml", "other.yaml"):
        world.template(f"project/{named}", "fleet: 1\n")
    world.tail = f"{head}files: {{r.yaml: {{mode: once}}}}\n"
    assert world.run("apply", "--yes").code == 0
    world.tail = f"{head}files: {{r.yaml: {{mode: {mode}}}}}\n"
    assert world.run("apply", "--yes").code == 4
    assert there.read_text() == "theirs: 1\n"
    assert "rollout never wrote it" in world.run("plan").out


@pytest.mark.parametrize("kind", ["branch", "folder"])
@pytest.mark.parametrize("end", ["\n", ""])
def test_what_was_found_to_be_a_blocks_text_is_no_drift_when_the_file_is_written_whole(
    world: World, kind: str, end: str
) -> None:
    there, head = shared(world, kind, "R.md", f"theirs: 1\nfleet: 1{end}")
    world.template("project/R.md", "fleet: 1\n")
    world.tail = f"{head}files: {{R.md: {{mode: block, id: r}}}}\n"
    assert world.run("apply", "--yes").code == 0
    world.tail = head
    planned = world.run("plan").out
    assert "R.md  only a part of the file is rollout's, and others wrote the rest" in planned
    assert "! drift" not in planned
    assert world.run("apply", "--yes").code == 4
    assert there.read_text() == f"theirs: 1\nfleet: 1{end}"
    pushed(world, kind, there, "theirs: 1\nfleet: 1, says Bo\n")
    assert "! drift" in world.run("plan").out
    assert "rollout:begin" not in world.run("diff", "--base").out


@pytest.mark.parametrize("mode", [Mode.WHOLE, Mode.MERGE, Mode.ONCE])
def test_a_file_of_ours_that_was_found_to_be_the_block_is_written_whole_without_a_question(mode: Mode) -> None:
    file = Life("x.yaml", None, FileRule(mode))
    file.lived("a: 1\n")
    file.rule = FileRule(Mode.BLOCK)
    file.lived("a: 1\n")
    file.rule = FileRule(Mode.WHOLE)
    assert (file.lived("a: 2\n"), file.asked) == ("a: 2\n", [])


@pytest.mark.parametrize(("first", "then"), [
    (Mode.WHOLE, Mode.BLOCK), (Mode.ONCE, Mode.BLOCK), (Mode.BLOCK, Mode.BLOCK),
    (Mode.WHOLE, Mode.MERGE), (Mode.MERGE, Mode.MERGE),
])  # fmt: skip
def test_a_file_is_all_ours_again_once_drift_was_overwritten(first: Mode, then: Mode) -> None:
    file = Life("x.yaml", None, FileRule(first))
    block = file.lived("a: 3\n")
    file.rule = FileRule(then)
    file.lived(">" + str(block).replace("3", "4"), "a: 3\n")
    assert file.asked == ["drift"]
    file.rule = FileRule(Mode.WHOLE)
    assert (file.lived("a: 5\n"), file.asked) == ("a: 5\n", ["drift"])


@pytest.mark.parametrize("between", [[], ["a: 4\n"]])
@pytest.mark.parametrize("mode", [Mode.BLOCK, Mode.MERGE])
def test_a_file_is_not_all_ours_where_others_wrote_beside_what_was_overwritten(mode: Mode, between: list[str]) -> None:
    file = Life("x.yaml", None, FileRule(mode))
    text = str(file.lived("a: 3\n"))
    file.lived(">mine: 1\n" + text.replace("3", "4"), "a: 3\n")
    file.rule = FileRule(Mode.MERGE)
    file.lived(*between)
    file.rule = FileRule(Mode.WHOLE)
    assert (file.lived("a: 5\n"), file.asked) == ("a: 5\n", ["drift", "adopt"])


@pytest.mark.parametrize("kind", ["branch", "folder"])
def test_a_file_on_disk_and_upstream_is_all_ours_again_once_drift_was_overwritten(world: World, kind: str) -> None:
    there, head = shared(world, kind, "a.md", None)
    world.template("project/a.md", "a 3\n")
    world.tail = head
    assert world.run("apply", "--yes").code == 0
    pushed(world, kind, there, "a 4\n")
    world.tail = f"{head}files: {{a.md: {{mode: block, id: r}}}}\n"
    assert world.run("apply", "--yes", "--on-drift", "overwrite").code == 0
    world.tail = head
    assert "~ update   a.md" in world.run("plan").out
    assert world.run("apply", "--yes").code == 0


def test_markers_that_a_template_holds_itself_are_drift_where_others_took_them_out() -> None:
    file = Life("x.yaml", _MARKED, FileRule(Mode.WHOLE))
    file.lived(_MARKED, ">a: 2\n")
    assert (file.lived(_MARKED), file.asked) == (_MARKED, ["drift"])


@pytest.mark.parametrize("mode", ["block", "merge"])
def test_a_saved_plan_says_what_is_only_a_part(world: World, mode: str) -> None:
    there, _ = shared(world, "branch", "r.yaml", "theirs: 1\n")
    world.template("project/r.yaml", "fleet: 2\n")
    world.tail = f"files: {{r.yaml: {{mode: {mode}}}}}\n"
    assert world.run("plan", "--adopt", "--out", str(world.root / "p.json")).code == 0
    assert world.run("apply", str(world.root / "p.json"), "--yes").code == 0
    _asked_for(world, there, "")


@first_rows(1, "kind", ["branch", "folder"])
@pytest.mark.parametrize("mode", ["block", "merge"])
def test_a_file_that_is_all_ours_is_written_whole_without_a_question(world: World, kind: str, mode: str) -> None:
    _, head = shared(world, kind, "r.yaml", None)
    world.tail = f"{head}files: {{r.yaml: {{mode: {mode}}}}}\n"
    for text in ("fleet: 1\n", "fleet: 2\n"):
        world.template("project/r.yaml", text)
        assert world.run("apply", "--yes").code == 0
    world.tail = head
    world.template("project/r.yaml", "fleet: 3\n")
    assert world.run("apply", "--yes").code == 0


_ID = {"block": ", id: ours", "merge": ""}


def _asked_for(world: World, there: Path, head: str, why: str = "others wrote the rest") -> None:
    world.tail = head
    before = there.read_text()
    assert world.run("apply", "--yes").code == 4
    assert why in world.run("plan").out
    assert there.read_text() == before
    assert world.run("apply", "--yes", "--adopt").code == 0
    assert there.read_text() == "fleet: 2\n"


@first_rows(1, "kind", ["branch", "folder"])
@pytest.mark.parametrize("mode", ["block", "merge"])
def test_what_a_revert_gave_back_to_others_is_asked_for_before_the_file_is_written_whole(
    world: World, kind: str, mode: str
) -> None:
    there, head = shared(world, kind, "r.yaml", "theirs: 1\n")
    world.template("project/r.yaml", "fleet: 1\n")
    world.tail = f"{head}files: {{r.yaml: {{mode: {mode}}}}}\n"
    assert world.run("apply", "--yes", "--adopt").code == 0
    run = world.last_run()
    assert world.run("revert", run, "--yes").code == 0
    assert there.read_text() == "theirs: 1\n"
    world.template("project/r.yaml", "fleet: 2\n")
    _asked_for(world, there, head, "rollout never wrote it")


@first_rows(1, "seed", range(0, 200, 100))
def test_what_people_wrote_stays_whatever_modes_a_file_gets(seed: int) -> None:
    for number in range(seed, seed + 100):
        random_modes.lived(number)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(1_000, 17_000, 2_000))
def test_what_people_wrote_stays_over_many_lives_in_changing_modes(seed: int) -> None:
    for number in range(seed, seed + 2_000):
        random_modes.lived(number)


def test_lines_that_absent_left_to_others_are_never_deleted_later() -> None:
    file = Life("x.ini", None, FileRule(Mode.BLOCK))
    theirs = str(file.lived("[s]\nour = 3\n")) + "mine = 1\n"
    file.text = theirs
    file.rule = FileRule(Mode.ABSENT)
    assert file.lived("", "") == "mine = 1\n"
    file.rule = FileRule(Mode.MERGE)
    assert "mine = 1\n" in str(file.lived("[s]\nour = 4\n"))
    assert file.asked == []


@pytest.mark.parametrize(
    ("before", "whole", "after"),
    [
        ("list:\n  - x\n", "list: [y]\n", "list: []\n"),
        ("list: [x]\n", "list: [y]\n", "list: []\n"),
        ("m:\n  x: 1\n", "m: {y: 1}\n", "m: {}\n"),
        ("k: 1\nm:\n  x: 1\n", "k: 1\nm: {y: 1}\n", "k: 1\nm: {}\n"),
    ],
)
def test_a_key_that_was_written_whole_may_leave_whatever_style_others_had(before: str, whole: str, after: str) -> None:
    file = Life("x.yaml", before, FileRule(Mode.WHOLE))
    file.rolled_out(whole)
    file.rule = FileRule(Mode.MERGE)
    file.rolled_out("{}\n")
    assert file.text == after
    assert file.plan("{}\n") is None


@pytest.mark.parametrize("path", ["v.yml", "v.toml", "v.ini"])
def test_a_block_that_others_changed_is_read_with_the_rest_when_the_file_is_merged(path: str) -> None:
    before, first = _DOCUMENTS[path][1], _DOCUMENTS[path][1].replace("1", "3")
    file = Life(path, before, FileRule(Mode.BLOCK))
    file.text = str(file.lived(first)).replace("3", "4")
    file.rule = FileRule(Mode.MERGE)
    planned = file.plan(first)
    assert planned is not None
    assert (planned.action, str(planned.cause).startswith("line ")) == (Action.ERROR, True)
    file.text = file.text.replace(before, "", 1)
    file.rolled_out(first)
    assert file.plan(first) is None
