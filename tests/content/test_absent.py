"""Mode `absent` takes out what is ours, and never what others wrote, whichever mode had written the file."""

from __future__ import annotations

import json
from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from rollout.content import blocks
from rollout.content.documents import merge
from rollout.content.documents.ours import past
from rollout.content.markers import Spot
from rollout.model.action import Action
from rollout.model.circumstances import Decisions
from rollout.model.files import File, Managed, Snapshot, Written
from rollout.model.inventory import FileRule, FormatName, Mode
from rollout.model.plan import Change
from rollout.planning.changes import change_for
from tests.content.places import pushed, shared
from tests.first_rows import first_rows
from tests.lives import Life
from tests.world import World

MD, JSON = PurePosixPath("CLAUDE.md"), PurePosixPath("s.json")

BLOCK = "<!-- rollout:begin project -->\nours\n<!-- rollout:end project -->\n"

OTHER = BLOCK.replace("project", "theirs")

MINE = "# mine\n\nimportant text\n"


def planned(path: PurePosixPath, there: str, *writes: tuple[str, str], noted: str | None = None) -> Change | None:
    """Return what `absent` needs where rollout made these writes, and then there is something."""
    pairs = tuple((before.encode(), after.encode()) for before, after in writes)
    last = File(noted.encode() if noted is not None else pairs[-1][1]) if pairs or noted is not None else None
    written = {path: Written(last, ours=pairs, noted=noted is not None)} if last is not None else {}
    item = Managed(path, Mode.ABSENT, b"", False, FileRule(mode=Mode.ABSENT), "", "")
    return change_for(item, Snapshot("", {path: File(there.encode())}, written), Decisions())


def said(change: Change | None) -> str:
    if change is None:
        return "in-sync"
    return f"{change.action} {change.after.content.decode() if change.after else '-'}"


@pytest.mark.parametrize(
    ("there", "writes", "expected"),
    [
        ("whole\n", [("", "whole\n")], "delete -"),
        ("new\n", [("", "whole\n"), ("whole\n", "new\n")], "delete -"),
        ("theirs\n", [("", "whole\n")], "drift -"),
        ("whole\n", [("foreign\n", "whole\n")], "delete -"),
        ("foreign whole\n", [("foreign\n", "foreign whole\n")], "adopt -"),
        (BLOCK, [("", BLOCK)], "delete -"),
        (f"{BLOCK}\n{MINE}", [("", BLOCK)], f"update {MINE.replace('# mine', chr(10) + '# mine', 1)}"),
        (f"{MINE}\n{BLOCK}", [(MINE, f"{MINE}\n{BLOCK}")], f"update {MINE}"),
        (f"{MINE}\n{BLOCK}", [(MINE[:-1], f"{MINE}\n{BLOCK}")], f"update {MINE[:-1]}"),
        (f"{MINE}more\n\n{BLOCK}", [(MINE, f"{MINE}\n{BLOCK}")], f"update {MINE}more\n"),
        (f"{MINE}\n{BLOCK.replace('ours', 'x')}", [(MINE, f"{MINE}\n{BLOCK}")], f"drift {MINE}"),
        (MINE, [(MINE, f"{MINE}\n{BLOCK}")], "in-sync"),
        (MINE, [(MINE, f"{MINE}\n{BLOCK}"), (f"{MINE}\n{BLOCK}", MINE)], "in-sync"),
        ("later\n", [(MINE, f"{MINE}\n{BLOCK}"), (f"{MINE}\n{BLOCK}", MINE)], "in-sync"),
        (f"{OTHER}{BLOCK}", [(OTHER, f"{OTHER}{BLOCK}")], f"update {OTHER}"),
    ],
)
def test_of_a_text_our_block_goes_and_the_rest_stays(there: str, writes: list[tuple[str, str]], expected: str) -> None:
    assert said(planned(MD, there, *writes)) == expected


@pytest.mark.parametrize(
    ("there", "writes", "expected"),
    [
        ('{"ours": 1}\n', [("", '{"ours": 1}\n')], "delete -"),
        ('{"mine": 1, "ours": 2}', [('{"mine": 1}', '{"mine": 1, "ours": 2}')], 'update {"mine": 1}'),
        ('{"ours": 2, "mine": 1}', [("", '{"ours": 2}')], 'update {"mine": 1}'),
        ('{"ours": 3}', [("", '{"ours": 2}')], "drift -"),
        ('{"mine": 1, "ours": 3}', [('{"mine": 1}', '{"mine": 1, "ours": 2}')], "in-sync"),
        ('{"mine": 1}', [('{"mine": 1}', '{"mine": 1, "ours": 2}'), ('{"mine": 1, "ours": 2}', '{"mine": 1}')],
         "in-sync"),
        ('{"a": 1}', [('{"mine": 1}', '{"a": 1}')], "adopt -"),
        ('{"l": [1, 2]}', [('{"l": [1]}', '{"l": [1, 2]}')], 'update {"l": [1]}'),
    ],
)  # fmt: skip
def test_of_a_document_our_keys_go_and_the_rest_stays(there: str, writes: list[tuple[str, str]], expected: str) -> None:
    assert said(planned(JSON, there, *writes)) == expected


def test_a_file_that_others_wrote_just_as_it_should_be_is_ours_but_for_what_is_around_a_block() -> None:
    assert said(planned(MD, "whole\n", noted="whole\n")) == "delete -"
    assert said(planned(MD, f"{MINE}\n{BLOCK}", noted=f"{MINE}\n{BLOCK}")) == f"update {MINE}"


def test_where_what_rollout_wrote_is_not_known_a_person_is_asked() -> None:
    assert said(planned(MD, MINE)) == "adopt -"
    item = Managed(MD, Mode.ABSENT, b"", False, FileRule(mode=Mode.ABSENT, block_id="project"), "", "")
    content = f"{MINE}\n{BLOCK}".encode()
    assert said(change_for(item, Snapshot("", {MD: File(content)}), Decisions())) == f"adopt {MINE}"
    lost = {MD: Written(File(content))}
    unnamed = replace(item, rule=FileRule(mode=Mode.ABSENT))
    assert said(change_for(unnamed, Snapshot("", {MD: File(content)}, lost), Decisions())) == "adopt -"


TEXT = st.lists(st.sampled_from(["a\n", "b c\n", "\n", "# d\n"]), max_size=6).map("".join)


@given(TEXT, TEXT.filter(str.strip), TEXT.filter(str.strip))
def test_a_block_that_comes_and_goes_leaves_every_byte(before: str, one: str, two: str) -> None:
    spot = Spot(MD, "project")
    first = blocks.splice(before.encode(), one.encode(), spot).decode()
    second = blocks.splice(first.encode(), two.encode(), spot).decode()
    found = planned(MD, second, (before, first), (first, second))
    assert found is not None
    assert (found.after.content.decode() if found.after else "") == (before if before.strip() else "")


KEYS = st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 3), min_size=1)


@given(KEYS, KEYS, KEYS)
def test_keys_that_come_and_go_leave_what_others_had(
    before: dict[str, int], one: dict[str, int], two: dict[str, int]
) -> None:
    kind = merge.MergedFile(JSON, FormatName.JSON)
    text = json.dumps(before)
    first = merge.merged(text.encode(), json.dumps(one).encode(), past.Ours(), kind)
    ours = merge.past([(text.encode(), first)], kind)
    second = merge.merged(first, json.dumps(two).encode(), ours, kind)
    writes = [(text, first.decode()), (first.decode(), second.decode())]
    writes = [pair for pair in writes if pair[0] != pair[1]]
    if not writes:
        return
    found = planned(JSON, second.decode(), *writes)
    left = second if found is None else found.after.content if found.after else b""
    assert found is None or found.action.value in {"update", "adopt"}
    if found is None or found.action.value == "update":
        assert json.loads(left).keys() == before.keys()


@pytest.mark.parametrize("kind", ["branch", "folder"])
def test_a_shared_file_that_becomes_absent_keeps_what_others_wrote(world: World, kind: str) -> None:
    merged = '{"mine": 1}\n'
    texts = {"CLAUDE.md": MINE, "s.json": merged}
    if kind == "folder":
        (world.root / "shared").mkdir()
        for name, text in texts.items():
            (world.root / "shared" / name).write_text(text)
        world.tail = head = "folders: {f: {path: shared, templates: [project]}}\n"
    else:
        world.repo("api", texts)
        head = ""
    templates = {"CLAUDE.md": "ours\n", "s.json": '{"ours": 2}\n', "made.md": "all\n"}
    for name, text in templates.items():
        world.template(f"project/{name}", text)
    world.tail = head + "files: {CLAUDE.md: {mode: block}, s.json: {mode: merge}, made.md: {mode: block}}\n"
    assert world.run("apply", "--yes", "--adopt").code == 0
    for name in templates:
        (world.root / "templates/project" / name).unlink()
    world.tail = head + "files: {CLAUDE.md: {mode: absent}, s.json: {mode: absent}, made.md: {mode: absent}}\n"
    assert world.run("apply", "--yes").code == 0

    def there(name: str) -> str | None:
        place = world.root / "shared" / name
        return world.at("api", name) if kind == "branch" else place.read_text() if place.exists() else None

    assert {name: there(name) for name in templates} == {**texts, "made.md": None}
    assert set(world.run("plan", "--json").states().values()) == {"in-sync"}
    assert world.run("verify").code == 0


_THEIRS = {
    "whole": ("f.md", "hi\n", "hi\n", None, "delete", "rollout never wrote it", None),
    "whole, changed": ("f.md", "hi\n", "hi\n", "ho\n", "delete", "others had one here before rollout", None),
    "block": ("f.md", BLOCK + MINE, "ours\n", None, "update", "rollout never wrote it", MINE),
    "block alone": ("f.md", BLOCK, "ours\n", None, "delete", "rollout never wrote it", None),
    "block, changed": ("f.md", BLOCK + MINE, "new\n", None, "update", "others had one here before rollout", MINE),
    "text without markers": ("f.md", "# t\nours\n# u\n", "ours\n", None, "update", "rollout never wrote it",
                             "# t\n# u\n"),
}  # fmt: skip


@first_rows(4, "case", _THEIRS)
def test_what_was_there_before_rollout_is_named_as_others_when_it_goes(world: World, case: str) -> None:
    path, before, first, then, action, said, left = _THEIRS[case]
    world.repo("api", {path: before})
    mode = "whole" if case.startswith("whole") else "block"
    world.tail = f"files: {{{path}: {{mode: {mode}}}}}\n"
    for template in filter(None, (first, then)):
        world.template(f"project/{path}", template)
        assert world.run("apply", "--yes").code == 0
    (world.root / f"templates/project/{path}").unlink()
    world.tail = f"files: {{{path}: {{mode: absent}}}}\n"
    plan = world.run("plan").out
    assert action in plan
    assert f"the inventory wants it absent; {said}" in plan
    assert said in world.run("apply", "--yes").out
    assert world.at("api", path) == left


@first_rows(2, "kind", ["branch", "folder"])
@pytest.mark.parametrize("mode", ["whole", "block"])
def test_what_others_made_of_a_file_of_ours_is_named_so_when_it_goes(world: World, kind: str, mode: str) -> None:
    there, head = shared(world, kind, "x.md", None)
    world.tail = f"{head}files: {{x.md: {{mode: {mode}}}}}\n"
    world.template("project/x.md", "one\n")
    assert world.run("apply", "--yes").code == 0
    pushed(world, kind, there, there.read_text().replace("one", "two"))
    world.template("project/x.md", "two\n")
    assert world.run("apply", "--yes").code == 0
    world.tail = head + "files: {x.md: {mode: absent}}\n"
    said = "the inventory wants it absent; others changed what rollout wrote, to just what the template asked for then"
    assert said in world.run("plan").out


@first_rows(1, "kind", ["branch", "folder"])
@pytest.mark.parametrize(
    ("before", "template", "then", "left"),
    [
        ("a: 1\n", "a: 1\n", None, "a: 1\n"),
        ("a: 1\nb: 2\n", "a: 1\n", None, "a: 1\nb: 2\n"),
        ("a: 1\nb: 2\n", "a: 1\n", "a: 1\nc: 3\n", "a: 1\nb: 2\n"),
        ("a: 1\nb: [x]\n", "b: [x]\n", "b: [x, y]\n", "a: 1\nb: [x]\n"),
    ],
)
def test_keys_that_others_had_stay_when_their_file_becomes_absent(
    world: World, before: str, template: str, then: str | None, left: str, kind: str
) -> None:
    head = ""
    if kind == "folder":
        (world.root / "shared").mkdir()
        (world.root / "shared/s.yaml").write_text(before)
        head = "folders: {f: {path: shared, templates: [project]}}\n"
    else:
        world.repo("api", {"s.yaml": before})
    world.tail = f"{head}files: {{s.yaml: {{mode: merge}}}}\n"
    for text in filter(None, (template, then)):
        world.template("project/s.yaml", text)
        assert world.run("apply", "--yes").code == 0
    (world.root / "templates/project/s.yaml").unlink()
    world.tail = f"{head}files: {{s.yaml: {{mode: absent}}}}\n"
    for _ in range(2):
        assert world.run("apply", "--yes").code == 0
        place = world.root / "shared/s.yaml"
        assert (place.read_text() if kind == "folder" else world.at("api", "s.yaml")) == left


@pytest.mark.parametrize(
    ("path", "text", "edited"),
    [
        ("CODEOWNERS", "*.py @team\n*.js @team\n", "*.py @team\n*.js @web\n"),
        ("Brewfile", 'brew "jq"\ncask "jq"\n', 'brew "jq"\ncask "jq"\nmine\n'),
        ("requirements.txt", "requests 2\nflask 2\n", "requests 2\nflask 3\n"),
        ("R.md", "our first line\nour last line\n", "our first line\nmine\nour last line\n"),
        (".gitignore", "# Python files\n*.pyc\n# Node files\n", "# Python files\n*.pyc\n# Node things\n"),
        ("a.txt", "# project: files\nx\n# of project\n", "# project: files\nx\n# of a project\n"),
    ],
)
@pytest.mark.parametrize("again", [False, True])
def test_a_whole_file_is_no_block_because_its_ends_say_the_same_word(
    path: str, text: str, edited: str, again: bool
) -> None:
    file = Life(path, None, FileRule())
    file.lived(*(["before\n"] if again else []), text, f">{edited}")
    file.rule = FileRule(Mode.ABSENT)
    planned = file.plan("")
    assert planned is not None
    assert (planned.action, planned.decided, planned.cause) == (Action.DRIFT, False, "others changed it")
    assert file.lived("") is None


@pytest.mark.parametrize("end", ["\n", ""])
@pytest.mark.parametrize("path", ["x.yaml", "x.toml", "x.ini"])
def test_what_was_merged_goes_as_before_where_it_was_found_to_be_the_block_since(path: str, end: str) -> None:
    before, ours = {
        "x.yaml": ("p: 1", "a: 1\n"), "x.toml": ("p = 1", "a = 1\n"), "x.ini": ("[p]\nq = 1", "[a]\nb = 1\n")
    }[path]  # fmt: skip
    file = Life(path, before + end, FileRule(Mode.MERGE))
    file.lived(ours)
    file.rule = FileRule(Mode.BLOCK)
    assert file.plan(ours) is None
    file.lived(ours)
    file.rule = FileRule(Mode.ABSENT)
    planned = file.rolled_out("")
    assert planned is not None
    assert planned.cause == "the inventory wants it absent; what others wrote stays"
    assert file.text == before + end


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
@pytest.mark.parametrize("path", ["a.md", "a.yaml"])
@pytest.mark.parametrize(
    ("there", "edited", "left"),
    [
        ("top: 0\none: 1\ntwo: 2\nmine: 3\n", "top: 0\none: 1\ntwo: 22\nmine: 3\n", "top: 0\nmine: 3\n"),
        ("one: 1\ntwo: 2\nmine: 3\n", "two: 2\nmine: 3\n", "mine: 3\n"),
        ("one: 1\ntwo: 2\n", "one: 1\ntwo: 22\n", None),
        (None, "one: 11\ntwo: 2\n", None),
    ],
)
def test_a_text_that_was_taken_over_as_a_block_and_changed_since_is_drift(
    there: str | None, edited: str, left: str | None, path: str, ends: str
) -> None:
    file = Life(path, there and there.replace("\n", ends), FileRule(Mode.WHOLE if there is None else Mode.BLOCK))
    file.lived("one: 1\ntwo: 2\n")
    file.rule = FileRule(Mode.BLOCK)
    file.lived("one: 1\ntwo: 2\n", ">" + edited.replace("\n", ends))
    file.rule = FileRule(Mode.ABSENT)
    assert (file.lived(""), file.asked) == (left and left.replace("\n", ends), ["drift"])
    assert file.plan("") is None


def test_a_text_that_others_took_out_or_left_alone_is_not_asked_about() -> None:
    for edited in ("mine: 3\n", "one: 1\ntwo: 2\nmine: 3\n"):
        file = Life("a.md", "one: 1\ntwo: 2\nmine: 3\n", FileRule(Mode.BLOCK))
        file.lived("one: 1\ntwo: 2\n", f">{edited}")
        file.rule = FileRule(Mode.ABSENT)
        assert (file.lived(""), file.asked) == ("mine: 3\n", [])


def test_lines_of_others_in_a_text_that_was_taken_over_stay_until_markers_say_whose_they_are() -> None:
    file = Life("a.md", "one\ntwo\n", FileRule(Mode.BLOCK))
    file.lived("one\ntwo\n", ">one\nmine\ntwo\n")
    file.rule = FileRule(Mode.ABSENT)
    assert file.lived("") == "one\nmine\ntwo\n"
    planned = file.plan("")
    assert planned is not None
    assert (planned.action, planned.after) == (Action.DRIFT, planned.before)
    assert "put the lines <!-- rollout:begin project --> and <!-- rollout:end project --> around it" in planned.cause
    marks = BLOCK.replace("ours\n", "one\n{}two\n").format("")
    assert file.lived(f">mine\n{marks}", "") == "mine\n"


_RE_WRITTEN = [
    ("a.yml", "b: 1\nz: 1\n", "b: 2\nz: 1\n"),
    ("a.json", '{"b": 1, "z": 1}\n', '{"b": 2, "z": 1}\n'),
    ("a.toml", "b = 1\nz = 1\n", "b = 2\nz = 1\n"),
    ("a.ini", "[a]\nb=1\nz=1\n", "[a]\nb=2\nz=1\n"),
    ("w.sh", "echo 1\n", "echo 2\n"),
    (".gitignore", "*.log\n/x\n", "*.log\n/y\n"),
]


@pytest.mark.parametrize(("path", "before", "then"), _RE_WRITTEN)
@pytest.mark.parametrize("first", ["equal", "other"])
def test_a_whole_file_that_others_had_before_goes_though_some_of_it_says_what_theirs_said(
    path: str, before: str, then: str, first: str
) -> None:
    file = Life(path, before, FileRule())
    file.lived(*([before] if first == "equal" else []), then)
    file.rule = FileRule(Mode.ABSENT)
    planned = file.plan("")
    assert planned is not None
    assert (planned.action, planned.after, planned.decided) == (Action.DELETE, None, True)
    assert "others had one here before rollout first wrote it" in planned.cause


def test_of_a_whole_file_that_others_had_before_what_a_person_added_since_stays() -> None:
    file = Life("a.yml", "b: 1\nz: 1\n", FileRule())
    file.lived("b: 2\nz: 1\n", ">b: 2\nz: 1\nmine: 3\n")
    file.rule = FileRule(Mode.ABSENT)
    assert file.lived("") == "mine: 3\n"


@pytest.mark.parametrize("kind", ["branch", "folder"])
def test_a_whole_file_of_others_that_was_written_over_goes_from_its_place(world: World, kind: str) -> None:
    head, place = "", world.root / "shared/a.yml"
    if kind == "folder":
        place.parent.mkdir()
        place.write_text("b: 1\nz: 1\n")
        head = "folders: {f: {path: shared, templates: [project]}}\n"
    else:
        world.repo("api", {"a.yml": "b: 1\nz: 1\n"})
    world.tail = head
    for text in ("b: 2\nz: 1\n", "b: 3\nz: 1\n"):
        world.template("project/a.yml", text)
        assert world.run("apply", "--yes", "--adopt").code == 0
    (world.root / "templates/project/a.yml").unlink()
    world.tail = f"{head}files: {{a.yml: {{mode: absent}}}}\n"
    planned, applied = world.run("plan"), world.run("apply", "--yes")
    assert (applied.code, "others had one here before rollout first wrote it" in planned.out) == (0, True)
    assert not place.exists() if kind == "folder" else world.at("api", "a.yml") is None


@pytest.mark.parametrize(
    ("path", "before", "template"),
    [
        ("m.yml", "a: 1\nf:\n  t: R\nz: 1\n", "f: false\n"),
        ("m.yml", "a: 1\nf: {t: {u: R}}\nz: 1\n", "f: [x]\n"),
        ("m.yml", "a: 1\nf:\n  t: R\n", "f: null\n"),
        ("m.yml", "a: 1\nf:\n- t: R\n", "f:\n  t: R\n"),
        ("m.json", '{"a": 1, "f": {"t": 1}}', '{"f": false}'),
        ("m.toml", "a = 1\nf = {t = 1}\n", "f = false\n"),
    ],
)
def test_what_took_the_place_of_a_whole_mapping_of_others_gives_it_back(path: str, before: str, template: str) -> None:
    file = Life(path, before, FileRule(Mode.MERGE))
    file.lived(template)
    assert file.text != before
    file.rule = FileRule(Mode.ABSENT)
    planned = file.rolled_out("")
    assert planned is not None
    assert (planned.action, file.text) == (Action.UPDATE, before)


_MADE = {"m.yml": "k: {}\n", "m.toml": "k = {}\n", "m.json": '{{"k": {}}}\n'}


@pytest.mark.parametrize("path", _MADE)
def test_a_file_that_rollout_made_goes_where_nothing_is_left_in_it(path: str) -> None:
    said = _MADE[path].format
    file = Life(path, None, FileRule(Mode.MERGE))
    file.lived(said(1), f">{said(2)}", said(3))
    file.rule = FileRule(Mode.ABSENT)
    planned = file.rolled_out("")
    assert planned is not None
    assert (planned.action, file.text) == (Action.DELETE, None)


def test_what_others_left_empty_of_a_file_that_rollout_made_stays() -> None:
    file = Life("m.json", None, FileRule(Mode.MERGE))
    file.lived('{"k": 1}\n', ">{}\n", '{"k": 2}\n')
    file.rule = FileRule(Mode.ABSENT)
    assert file.lived("") == "{}\n"


_BROKEN = {
    "x.yaml": ("a: 1\n", "l: [1]\n", "a: 1\nl: &x [1]\nm: *x\n", "line 2: l: cannot be changed in place"),
    "y.yaml": ("a: 1\n", "l: 1\n", "a: 1\nl: 1\n---\nb: 1\n", "line 3: a second document begins"),
    "x.json": ('{\n  "a": 1\n}\n', '{"l": 1}', '{\n  "a": 1,\n  l: 1\n}\n', "line 3: a key in quotes is missing"),
    "x.toml": ("a = 1\n", "[l]\nk = 1\n", "a = 1\n\n[l]\nk = 1 oops\n", "line 4: not valid TOML"),
    "x.ini": ("[a]\nb = 1\n", "[a]\nc = 1\n", "[a]\nb = 1\nc = 1\n[a\n", "line 4: "),
}


@pytest.mark.parametrize("path", _BROKEN)
def test_what_others_wrote_stays_where_our_keys_cannot_be_taken_out_of_it(path: str) -> None:
    before, template, there, why = _BROKEN[path]
    file = Life(path, before, FileRule(Mode.MERGE, format=FormatName.INI if path == "x.ini" else None))
    file.lived(template)
    file.text, file.rule = there, FileRule(Mode.ABSENT, format=file.rule.format)
    planned = file.plan("")
    assert planned is not None
    assert (planned.action, planned.decided, planned.after) == (Action.DRIFT, False, planned.before)
    assert why in planned.cause
    file.rolled_out("")
    assert file.text == there


@pytest.mark.parametrize(
    "theirs",
    [
        '{"b": {"x": 1}, "b": {"y": 2}}\n',
        '{"b": 1, "b": {"x": 1}}\n',
        '{"a": {"b": {"x": 1}, "b": {"y": [2]}}}\n',
        '{"b": {"x": 1}, "b": 2}\n',
    ],
)
@pytest.mark.parametrize("name", ["x.json", "settings.jsonc"])
def test_what_others_wrote_stays_also_where_they_have_a_key_twice(name: str, theirs: str) -> None:
    file = Life(name, theirs, FileRule(Mode.MERGE))
    file.lived('{"c": 1}\n')
    file.rule = FileRule(Mode.ABSENT)
    file.rolled_out("")
    assert (file.text, file.asked) == (theirs, [])
