"""A block whose `markers:` change: the block that is there is moved, never doubled or nested."""

from __future__ import annotations

import pytest

from rollout.model.inventory import FileRule, Mode
from tests.lives import Life
from tests.world import World

_OLD = ("<!-- {a:begin ID} -->", "<!-- {a:end ID} -->")
_NEW = ("{/* b:begin ID */}", "{/* b:end ID */}")
_DEFAULT = ("<!-- rollout:begin ID -->", "<!-- rollout:end ID -->")
_INVENTORY = "files:\n  p.svelte: {{mode: block, markers: {}}}\n"


def _block(lines: tuple[str, ...], text: str, name: str = "project") -> str:
    begin, end = (line.replace("ID", name) for line in lines)
    return f"{begin}\n{text}{end}\n"


def _rule(lines: tuple[str, ...]) -> FileRule:
    return FileRule(Mode.BLOCK, markers=lines)


@pytest.mark.parametrize("before", [None, "<p>x</p>\n", "<p>x</p>", "<p>x</p>\n\n"])
@pytest.mark.parametrize("text", ["fleet\n", "fleet 2\nand project\n"])
@pytest.mark.parametrize(
    ("old", "new"), [(_OLD, _NEW), (_NEW, _OLD), (_DEFAULT, _NEW), (_OLD, _DEFAULT), (_OLD, (_OLD[0], _NEW[1]))]
)
def test_a_block_moves_into_its_new_markers(
    before: str | None, text: str, old: tuple[str, ...], new: tuple[str, ...]
) -> None:
    file = Life("p.svelte", before, _rule(old))
    there = file.lived("fleet\n")
    assert there is not None
    asked = len(file.asked)
    file.rule = _rule(new)
    assert file.lived(text) == there.replace(_block(old, "fleet\n"), _block(new, text))
    assert file.plan(text) is None
    assert len(file.asked) == asked


def test_it_moves_where_a_person_wrote_around_it_and_it_had_changed_before() -> None:
    file = Life("p.svelte", "<p>x</p>\n", _rule(_OLD))
    file.lived("one\n", "two\n", f">new\n{_block(_OLD, 'two' + chr(10))}last\n", "three\n")
    file.rule = _rule(_NEW)
    assert file.lived("four\n") == f"new\n{_block(_NEW, 'four' + chr(10))}last\n"
    file.rule = _rule(_OLD)
    assert file.lived("five\n") == f"new\n{_block(_OLD, 'five' + chr(10))}last\n"


def test_what_a_person_wrote_into_it_is_drift_as_before() -> None:
    file = Life("p.svelte", "<p>x</p>\n", _rule(_OLD))
    file.lived("one\n", f"><p>x</p>\n\n{_block(_OLD, 'theirs' + chr(10))}")
    file.rule = _rule(_NEW)
    planned = file.rolled_out("two\n")
    assert planned is not None
    assert not planned.decided
    assert file.asked[-1] == "drift"
    assert file.text == f"<p>x</p>\n\n{_block(_NEW, 'two' + chr(10))}"


def test_a_block_of_others_in_the_same_file_keeps_its_markers() -> None:
    theirs = _block(_OLD, "theirs\n", "another")
    file = Life("p.svelte", theirs, _rule(_OLD))
    file.lived("one\n")
    file.rule = _rule(_NEW)
    assert file.lived("two\n") == f"{theirs}\n{_block(_NEW, 'two' + chr(10))}"


def test_lines_that_name_the_block_in_a_file_of_another_mode_are_text() -> None:
    text = "# first\nthe project is this\nmore\nand project it is\nlast\n"
    file = Life("p.svelte", "theirs\n", FileRule(Mode.WHOLE))
    file.lived(text)
    file.rule = _rule(_NEW)
    assert file.plan(text) is None
    assert file.lived("another\n") == f"{text}\n{_block(_NEW, 'another' + chr(10))}"


@pytest.mark.parametrize("text", ["fleet\n", "fleet 2\n"])
@pytest.mark.parametrize("place", ["repository", "folder"])
def test_a_block_moves_in_a_repository_and_in_a_folder(world: World, place: str, text: str) -> None:
    folders = "folders: {f: {path: shared, templates: [project]}}\n" if place == "folder" else ""
    shared = world.root / "shared/p.svelte"
    shared.parent.mkdir()
    shared.write_text("<p>x</p>\n")
    if place == "repository":
        world.repo("api", {"p.svelte": "<p>x</p>\n"})
    for lines, said in ((_OLD, "fleet\n"), (_OLD, "fleet 1\n"), (_OLD, "fleet\n"), (_NEW, text)):
        world.tail = folders + _INVENTORY.format(str(list(lines)).replace("'", '"'))
        world.template("project/p.svelte.j2", said)
        world.run("apply", "--yes", *(["--adopt"] if lines is _OLD else []))
    found = world.at("api", "p.svelte") if place == "repository" else shared.read_text()
    assert found == f"<p>x</p>\n\n{_block(_NEW, text)}"
