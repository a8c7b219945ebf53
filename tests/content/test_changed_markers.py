"""A block whose `markers:`, id or mode change: the block that is there is moved, never doubled, nested or left over."""

from __future__ import annotations

import itertools
from pathlib import PurePosixPath

import pytest
from msgspec.structs import replace

from rollout.content import earlier_markers
from rollout.content.markers import Spot
from rollout.model.action import Action
from rollout.model.files import File, Written
from rollout.model.inventory import FileRule, FormatName, Mode
from tests.first_rows import first_rows
from tests.lives import Life
from tests.world import World

_OLD = ("<!-- {a:begin ID} -->", "<!-- {a:end ID} -->")
_NEW = ("{/* b:begin ID */}", "{/* b:end ID */}")
_DEFAULT = ("<!-- rollout:begin ID -->", "<!-- rollout:end ID -->")
_INVENTORY = "files:\n  p.svelte: {{mode: block, markers: {}, id: {}}}\n"


def _block(lines: tuple[str, ...], text: str, name: str = "project") -> str:
    begin, end = (line.replace("ID", name) for line in lines)
    return f"{begin}\n{text}{end}\n"


def _rule(lines: tuple[str, ...], name: str | None = None) -> FileRule:
    return FileRule(Mode.BLOCK, markers=lines, block_id=name)


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


@pytest.mark.parametrize("before", [None, "<p>x</p>\n", "<p>x</p>"])
@pytest.mark.parametrize("text", ["fleet\n", "fleet 2\nand two\n"])
@pytest.mark.parametrize("between", [(), ("fleet and\nmore\n", "fleet\n")])
def test_a_block_moves_when_its_markers_and_its_id_change_in_one_step(
    before: str | None, text: str, between: tuple[str, ...]
) -> None:
    file = Life("p.svelte", before, _rule(_OLD, "one"))
    file.lived("fleet\n", *between)
    for lines, name in ((_NEW, "two"), (_DEFAULT, "a.three"), (_OLD, "two"), (_NEW, "project")):
        there, asked, old = file.text, len(file.asked), file.rule
        file.rule = _rule(lines, name)
        assert there is not None
        assert file.lived(text) == there.replace(
            _block(old.markers, "fleet\n", old.block_id or ""), _block(lines, text, name)
        ).replace(_block(old.markers, text, old.block_id or ""), _block(lines, text, name))
        assert file.plan(text) is None
        assert len(file.asked) == asked


def test_it_moves_when_both_change_and_others_have_blocks_in_the_file() -> None:
    theirs = _block(_OLD, "theirs\n", "another") + _block(_DEFAULT, "theirs\n", "more")
    file = Life("p.svelte", theirs, _rule(_OLD, "one"))
    file.lived("fleet\n", "fleet 2\n")
    file.rule = _rule(_NEW, "two")
    assert file.lived("fleet 3\n") == f"{theirs}\n{_block(_NEW, 'fleet 3' + chr(10), 'two')}"
    file.rule = _rule(_DEFAULT, "three")
    assert file.lived("fleet 4\n") == f"{theirs}\n{_block(_DEFAULT, 'fleet 4' + chr(10), 'three')}"


@pytest.mark.parametrize("name", ["project", "two"])
@pytest.mark.parametrize("text", ["## Log\n\nfleet\n", "## Log\n\nfleet 2\n"])
def test_it_moves_and_goes_where_it_took_the_place_of_a_section(name: str, text: str) -> None:
    top, bottom = "# T\n\n", "\n## Rest\n\nx\n"
    file = Life("p.md", f"{top}## Log\n\nold\n{bottom}", replace(_rule(_OLD, "one"), replaces=("## Log",)))
    file.lived("## Log\n\nfleet\n")
    file.rule = _rule(_DEFAULT, name)
    assert file.lived(text) == f"{top}{_block(_DEFAULT, text, name)}{bottom}"
    file.rule = _rule(_NEW, "three")
    assert file.lived(text) == f"{top}{_block(_NEW, text, 'three')}{bottom}"
    file.rule = FileRule(Mode.ABSENT)
    assert file.lived("") == f"{top}{bottom}".replace("\n\n\n", "\n\n")
    assert file.asked == ["adopt"]


@pytest.mark.parametrize("text", ["fleet\n", "fleet 2\n"])
def test_it_moves_and_goes_where_its_markers_are_no_comments(text: str) -> None:
    file = Life("p.foo", "x\n", _rule((">>> ID", "<<< ID"), "one"))
    file.lived("fleet\n")
    file.rule = _rule(("== begin ID", "== end ID"), "two")
    assert file.lived(text) == f"x\n\n{_block(file.rule.markers, text, 'two')}"
    file.rule = FileRule(Mode.ABSENT)
    assert file.lived("") == "x\n"
    assert file.asked == ["adopt"]


@first_rows(6,
    "old",
    [
        ("BEGIN ID", "END ID"), ("begin ID", "end ID"), ("ID begin", "ID end"), ("# ID begin", "# ID end"),
        ("ID {", "} ID"), ("# begin-ID", "# end-ID"), ("# a ID a", "# b ID b"), ("=begin ID", "=end ID"),
        ("<ID>", "</ID>"), (":ID:", ";ID;"), ("## ID", "## ID."), ("<!-- {a:begin ID} -->", "<!-- {a:end ID} -->"),
    ],
)  # fmt: skip
def test_it_moves_and_goes_whatever_words_its_markers_have(old: tuple[str, str]) -> None:
    for name, before in itertools.product(["one", "a.three", "begin", "a"], [None, "x\n", "x", "x\n\n"]):
        _moves_and_goes(old, name, before)


def _moves_and_goes(old: tuple[str, str], name: str, before: str | None) -> None:
    file = Life("p.foo", before, _rule(old, name))
    there = file.lived("fleet\n", "fleet 2\n")
    assert there is not None
    asked, file.rule = len(file.asked), _rule(_NEW, "two")
    assert file.lived("other\n") == there.replace(_block(old, "fleet 2\n", name), _block(_NEW, "other\n", "two"))
    assert file.plan("other\n") is None
    file.rule = FileRule(Mode.ABSENT)
    assert file.lived("") == before
    assert len(file.asked) == asked


@pytest.mark.parametrize(("path", "sign"), [("a.vim", '"'), ("a.bas", "'"), ("a.bat", "rem"), ("a.m4", "dnl")])
def test_it_moves_where_its_markers_are_comments_of_that_file_alone(path: str, sign: str) -> None:
    file = Life(path, "x\n", _rule((f"{sign} begin a: ID", f"{sign} end of a: ID"), "one"))
    file.lived("fleet\n")
    file.rule = FileRule(Mode.BLOCK, block_id="two")
    lines = (f"{sign} rollout:begin ID", f"{sign} rollout:end ID")
    assert file.lived("other\n") == f"x\n\n{_block(lines, 'other' + chr(10), 'two')}"
    assert file.asked == ["adopt"]


@pytest.mark.parametrize("old", [_OLD, ("BEGIN ID", "END ID"), ("# begin-ID", "# end-ID")])
@pytest.mark.parametrize("text", ["fleet\n", "fleet 2\n"])
def test_it_moves_and_goes_where_the_file_was_written_whole_before(text: str, old: tuple[str, str]) -> None:
    file = Life("p.foo", "theirs\n", FileRule(Mode.WHOLE))
    file.lived("fleet\n", ">fleet\nmine\n")
    file.rule = _rule(old, "one")
    assert file.lived("fleet\nand\n") == f"{_block(old, 'fleet' + chr(10) + 'and' + chr(10), 'one')}mine\n"
    asked, file.rule = len(file.asked), _rule(_NEW, "two")
    assert file.lived(text) == f"{_block(_NEW, text, 'two')}mine\n"
    assert len(file.asked) == asked


@pytest.mark.parametrize("old", [_OLD, ("BEGIN ID", "END ID"), ("## ID", "## ID.")])
def test_it_moves_where_it_took_the_place_of_what_was_written_before(old: tuple[str, str]) -> None:
    file = Life("p.foo", None, FileRule(Mode.WHOLE))
    file.lived("fleet\n", ">fleet\nmine\n")
    file.rule = _rule(old, "one")
    assert file.lived("fleet\nand\n") == f"{_block(old, 'fleet' + chr(10) + 'and' + chr(10), 'one')}mine\n"
    file.rule = _rule(_NEW, "two")
    assert file.lived("fleet 2\n") == f"{_block(_NEW, 'fleet 2' + chr(10), 'two')}mine\n"
    assert file.asked == []


@pytest.mark.parametrize("old", [("# b ID", "# e ID"), ("# ID {", "# ID }")])
def test_it_moves_and_goes_where_keys_above_lines_of_others_became_the_block(old: tuple[str, str]) -> None:
    file = Life("p.yaml", "x: 1\n", FileRule(Mode.MERGE))
    file.lived("fleet: 1\n", ">x: 1\nfleet: 1\nmine: 1\n")
    file.rule = _rule(old, "one")
    text = "fleet: 1\nmore: 1\n"
    assert file.lived(text) == f"x: 1\nmine: 1\n\n{_block(old, text, 'one')}"
    file.rule = _rule((), "two")
    lines = ("# rollout:begin ID", "# rollout:end ID")
    assert file.lived("fleet: 2\n") == f"x: 1\nmine: 1\n\n{_block(lines, 'fleet: 2' + chr(10), 'two')}"
    assert file.asked == ["adopt"]


@pytest.mark.parametrize("mode", [Mode.ABSENT, Mode.MERGE])
def test_its_old_markers_go_where_the_document_was_merged_before(mode: Mode) -> None:
    file = Life("p.yaml", "x: 1\n", FileRule(Mode.MERGE))
    file.lived("fleet: 1\n")
    file.rule = _rule(("# begin-ID", "# end-ID"), "one")
    assert file.lived("fleet: 2\n") == f"x: 1\n\n{_block(file.rule.markers, 'fleet: 2' + chr(10), 'one')}"
    file.rule = FileRule(mode)
    assert str(file.lived("fleet: 3\n")).split() == ["x:", "1", *(["fleet:", "3"] if mode is Mode.MERGE else [])]
    assert file.asked == ["adopt"]


def test_it_moves_when_its_text_stays_and_its_markers_were_a_word_and_another_id() -> None:
    file = Life("p.foo", "x\n", _rule(("BEGIN ID", "END ID"), "one"))
    file.lived("fleet\n")
    file.rule = _rule(_DEFAULT, "two")
    assert file.lived("fleet\n") == f"x\n\n{_block(_DEFAULT, 'fleet' + chr(10), 'two')}"
    assert file.asked == ["adopt"]


def test_it_moves_and_a_block_of_others_stays() -> None:
    theirs = _block(_DEFAULT, "theirs\n", "another")
    file = Life("p.foo", theirs, _rule(("BEGIN ID", "END ID"), "one"))
    file.lived("fleet\n")
    file.rule = _rule(_DEFAULT, "two")
    assert file.lived("fleet 2\n") == f"{theirs}\n{_block(_DEFAULT, 'fleet 2' + chr(10), 'two')}"
    assert file.asked == ["adopt"]


def test_what_a_person_wrote_into_it_is_drift_when_all_changes_at_once() -> None:
    file = Life("p.foo", "x\n", _rule(("BEGIN ID", "END ID"), "one"))
    file.lived("fleet\n", ">x\n\nBEGIN one\nfleet\ntheirs\nEND one\n")
    file.rule = _rule(_NEW, "two")
    file.lived("fleet 2\n")
    assert file.asked == ["adopt", "drift"]


@pytest.mark.parametrize("name", ["one", "two"])
@pytest.mark.parametrize("text", ["fleet\n", "fleet 2\n"])
def test_another_id_that_a_person_gave_it_is_asked_about(text: str, name: str) -> None:
    file = Life("p.svelte", "x\n", _rule(_DEFAULT, "one"))
    there = str(file.lived("fleet\n"))
    file.text = there.replace("one", "theirs")
    file.rule = _rule(_DEFAULT, name)
    planned = file.plan(text)
    assert planned is not None
    assert (planned.action, planned.decided) == (Action.DRIFT, False)
    assert file.lived(text) == f"{there.replace('one', 'theirs')}\n{_block(_DEFAULT, text, name)}"


def test_a_block_of_others_is_not_ours_where_the_markers_of_ours_are_not_known() -> None:
    theirs = _block(_DEFAULT, "theirs\n", "another")
    file = Life("p.foo", theirs, _rule(("BEGIN: ID", "END: ID"), "one"))
    there = file.lived("fleet\n")
    file.rule = _rule(_DEFAULT, "two")
    assert file.lived("fleet 2\n") == f"{there}\n{_block(_DEFAULT, 'fleet 2' + chr(10), 'two')}"
    assert file.asked == ["adopt", "adopt"]


def test_lines_of_its_text_that_look_like_markers_go_with_it() -> None:
    file = Life("p.foo", "x\n", _rule(("BEGIN ID", "END ID"), "one"))
    file.lived("fleet\n", "# start of a\nfleet\n# stop of a\n")
    file.rule = FileRule(Mode.ABSENT)
    assert file.lived("") == "x\n"
    assert file.asked == ["adopt"]


@pytest.mark.parametrize(
    ("before", "merged"),
    [
        ("x = 1\n", "a = 1\nm = 2\nb = 1\n"), ("x: 1\n", "a: 1\nm: 2\nb: 1\n"),
        ("l:\n- x\n", "- a 1\n- b 1\n"), ("[s]\nx=1\n", "[a 1]\nk=1\n[b 1]\n"),
    ],
)  # fmt: skip
def test_lines_that_may_be_keys_are_no_markers(before: str, merged: str) -> None:
    last = Written(File((before + merged).encode()), ours=((before.encode(), (before + merged).encode()),))
    spot = Spot(PurePosixPath("p.foo"), "two")
    assert earlier_markers.with_earlier(spot, last, b"fleet\n") == spot


@pytest.mark.parametrize("text", ["one\n", "two\n"])
def test_it_moves_and_goes_where_a_person_had_brought_it_in_a_file_of_another_name(text: str) -> None:
    file = Life("p.svelte", f"x\n\n{_block(_DEFAULT, 'one' + chr(10))}", _rule(_DEFAULT))
    file.lived(text)
    file.rule = _rule(_NEW, "other")
    assert file.lived("three\n") == f"x\n\n{_block(_NEW, 'three' + chr(10), 'other')}"
    file.rule = FileRule(Mode.ABSENT)
    assert file.lived("") == "x\n"
    assert file.asked == []


@first_rows(1, "place", ["repository", "folder"])
@pytest.mark.parametrize("lines", [_DEFAULT, _OLD])
def test_a_block_of_others_is_not_overwritten_when_ours_gets_its_id(
    world: World, lines: tuple[str, ...], place: str
) -> None:
    theirs = _block(lines, "theirs\n", "another")
    folders = "folders: {f: {path: shared, templates: [project]}}\n" if place == "folder" else ""
    shared = world.root / "shared/p.svelte"
    world.write("shared", {"p.svelte": theirs})
    if place == "repository":
        world.repo("api", {"p.svelte": theirs})
    marks = str(list(lines)).replace("'", '"')
    for name, said in (("project", "one\n"), ("project", "two\n"), ("project", "three\n"), ("another", "four\n")):
        world.tail = folders + _INVENTORY.format(marks, name)
        world.template("project/p.svelte.j2", said)
        ran = world.run("apply", "--yes", "--adopt")
    words = "line 1: the block 'another' is not rollout's, whose block here is 'project'; say another id: under 'files'"
    assert (ran.code, words in ran.out) == (3, True), ran.out
    found = world.at("api", "p.svelte") if place == "repository" else shared.read_text()
    assert found == f"{theirs}\n{_block(lines, 'three' + chr(10))}"


@pytest.mark.parametrize("name", [None, "one"])
@pytest.mark.parametrize("lines", [(), _NEW])
@pytest.mark.parametrize("before", [None, "<p>x</p>\n", "<p>x</p>"])
def test_it_goes_when_its_file_becomes_absent_whatever_the_rule_says_then(
    before: str | None, lines: tuple[str, ...], name: str | None
) -> None:
    file = Life("p.svelte", before, _rule(_OLD, name))
    file.lived("fleet\n", "fleet 2\n")
    file.rule = FileRule(Mode.ABSENT, markers=lines)
    asked = len(file.asked)
    assert file.lived("") == before
    assert len(file.asked) == asked
    assert file.plan("") is None


def test_what_others_wrote_around_it_stays_and_what_they_wrote_into_it_is_drift() -> None:
    file = Life("p.svelte", "<p>x</p>\n", _rule(_OLD, "one"))
    file.lived("fleet\n", f">first\n\n{_block(_OLD, 'fleet' + chr(10), 'one')}last\n")
    file.rule = FileRule(Mode.ABSENT)
    assert file.plan("") is not None
    assert file.lived("") == "first\n\nlast\n"
    file = Life("p.svelte", "<p>x</p>\n", _rule(_OLD, "one"))
    file.lived("fleet\n", f"><p>x</p>\n\n{_block(_OLD, 'theirs' + chr(10), 'one')}")
    file.rule = FileRule(Mode.ABSENT)
    file.lived("")
    assert file.asked[-1] == "drift"


def test_its_old_markers_go_when_the_document_is_merged() -> None:
    old = ("# {a:begin ID}", "# {a:end ID}")
    file = Life("p.yaml", "x: 1\n", _rule(old, "one"))
    file.lived("fleet: 1\n")
    file.rule = FileRule(Mode.MERGE)
    assert file.lived("fleet: 2\n") == "x: 1\nfleet: 2\n"


def test_keys_that_name_the_same_word_are_no_markers() -> None:
    file = Life("p.yaml", "x: 1\n", FileRule(Mode.MERGE))
    file.lived("ours: {a: 1}\nmore: {a: 1}\n", ">x: 1\nours: {a: 1}\ntheirs: 2\nmore: {a: 1}\n")
    file.rule = FileRule(Mode.ABSENT)
    assert file.lived("") == "x: 1\ntheirs: 2\n"
    assert file.asked == []


def test_keys_that_name_the_same_word_are_no_markers_where_the_format_is_not_known_any_more() -> None:
    file = Life("p.foo", "x: 1\n", FileRule(Mode.MERGE, format=FormatName.YAML))
    file.lived("ours: {a: 1}\nmore: {a: 1}\n", ">x: 1\nours: {a: 1}\ntheirs: 2\nmore: {b: 1}\n")
    file.rule = FileRule(Mode.ABSENT)
    planned = file.plan("")
    assert planned is not None
    assert (planned.action, planned.decided, planned.cause) == (Action.DRIFT, False, "others changed it")
    assert file.lived("") == "x: 1\ntheirs: 2\nmore: {b: 1}\n"


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


@pytest.mark.parametrize(
    "named", ["the project is this\nmore\nand project it is\n", "begin project\nmore\nend project\n"]
)
def test_lines_that_name_the_block_in_a_file_of_another_mode_are_text(named: str) -> None:
    text = f"# first\n{named}last\n"
    file = Life("p.svelte", "theirs\n", FileRule(Mode.WHOLE))
    file.lived(text)
    file.rule = _rule(_NEW)
    assert file.plan(text) is None
    assert file.lived("another\n") == _block(_NEW, "another\n")


@first_rows(1, "text", ["fleet\n", "fleet 2\n"])
@pytest.mark.parametrize("place", ["repository", "folder"])
@first_rows(1, "name", ["project", "renamed"])
def test_a_block_moves_in_a_repository_and_in_a_folder(world: World, name: str, place: str, text: str) -> None:
    folders = "folders: {f: {path: shared, templates: [project]}}\n" if place == "folder" else ""
    shared = world.root / "shared/p.svelte"
    shared.parent.mkdir()
    shared.write_text("<p>x</p>\n")
    if place == "repository":
        world.repo("api", {"p.svelte": "<p>x</p>\n"})
    for lines, said in ((_OLD, "fleet\n"), (_OLD, "fleet 1\n"), (_OLD, "fleet\n"), (_NEW, text)):
        world.tail = folders + _INVENTORY.format(
            str(list(lines)).replace("'", '"'), name if lines is _NEW else "project"
        )
        world.template("project/p.svelte.j2", said)
        world.run("apply", "--yes", *(["--adopt"] if lines is _OLD else []))
    found = world.at("api", "p.svelte") if place == "repository" else shared.read_text()
    assert found == f"<p>x</p>\n\n{_block(_NEW, text, name)}"
    assert world.run("plan", "--detailed-exitcode").code == 0
    world.tail = folders + "files:\n  p.svelte: {mode: absent}\n"
    assert world.run("apply", "--yes").code == 0
    assert (world.at("api", "p.svelte") if place == "repository" else shared.read_text()) == "<p>x</p>\n"


@pytest.mark.parametrize(
    ("path", "before", "templates"),
    [
        ("s.json", '{\n  "allow": [\n    "git a"\n  ]\n}\n', ['{"allow": ["git b", "git c"]}', '{"allow": ["git b"]}']),
        (".claude/settings.json", '{\n  "permissions": {\n    "allow": [\n      "Bash(npm test)",\n'
         '      "Bash(git status)"\n    ]\n  }\n}\n',
         ['{"permissions": {"allow": ["Bash(git diff:*)"]}}', '{"permissions": {"allow": ["Bash(ls)"]}}']),
        (".claude/settings.json", '{\n  "git": [\n    {"matcher": "Bash", "git": [{"command": "a.sh"}]}\n  ]\n}\n',
         ['{"git": [{"matcher": "Edit", "git": [{"command": "c.sh"}]}]}',
          '{"git": [{"matcher": "Write", "git": [{"command": "d.sh"}]}]}']),
        ("t.toml", 'l = [\n  {git = "a"}\n]\n', ['l = [{git = "b"}]\n', 'l = [{git = "c"}]\n', "k = 1\n"]),
        ("f.yaml", "l: [\n  {git: a}\n  ]\n", ["l: [{git: b}]\n", "l: [{git: c}]\n"]),
        ("j.json", '{"l": [\n{"git": "a"},\n{"git": "c"}\n]}\n', ['{"l": [{"git": "b"}]}', '{"l": [{"git": "d"}]}']),
        ("x.ini", "[a]\nl =\n    git a\n", ["[a]\ngit b = 1\ngit c = 1\n", "[a]\ngit b = 1\n"]),
    ],
)  # fmt: skip
@pytest.mark.parametrize("end", ["merge", "absent", "empty"])
def test_an_entry_that_names_the_set_is_no_marker(path: str, before: str, templates: list[str], end: str) -> None:
    rule = FileRule(Mode.MERGE, block_id="git")
    file, other = (Life(path, before, replace(rule, block_id=name)) for name in ("git", "another"))
    assert file.lived(*templates) == other.lived(*templates)
    assert file.asked == other.asked == []
    if end == "merge":
        return
    if end == "absent":
        file.rule = replace(file.rule, mode=Mode.ABSENT)
    file.rolled_out("{}" if path.endswith("json") else "")
    assert (file.text, file.asked) == (before, [])
