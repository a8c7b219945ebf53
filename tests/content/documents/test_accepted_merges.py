"""Drift that is merged with the template: what comes of it says what both say, and stays accepted."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollout.model.action import Action, OnDrift
from rollout.model.circumstances import Decisions
from rollout.model.inventory import FileRule, Mode
from rollout.model.plan import Change
from tests import decisions
from tests.first_rows import first_rows
from tests.lives import Life
from tests.searches import at_most
from tests.world import World

_LINES = "1\n2\n3\n4\n5\n6\n"
_KEYS = "a: 1\nb: 2\nc: 3\nd: 4\n"


def _merged(file: Life, template: str) -> Change:
    item = decisions.managed(file.path, template, file.rule)
    made = decisions.step(item, decisions.file(file.text), file.last, Decisions(on_drift=OnDrift.MERGE))
    change = decisions.only_change(made)
    if change.decided:
        assert change.after is not None
        file.last, file.text = decisions.written(change, file.last), change.after.content.decode()
    return change


@pytest.mark.parametrize(
    ("path", "mode", "before", "first", "person", "second"),
    [
        ("x.md", Mode.BLOCK, "mine\n", _LINES, ("2", "two"), _LINES.replace("5", "five")),
        ("x.yaml", Mode.MERGE, "mine: 0\n", _KEYS, ("a: 1", "a: 5"), _KEYS.replace("4", "7")),
        ("x.yaml", Mode.MERGE, "mine: 0\n", "l:\n- 1\n- 2\nb: 1\n", ("- 1\n", ""), "l:\n- 1\n- 2\n- 3\nb: 1\n"),
    ],
)
def test_a_merge_stays_accepted_while_others_change_the_rest_of_the_file(
    path: str, mode: Mode, before: str, first: str, person: tuple[str, str], second: str
) -> None:
    file = Life(path, before, FileRule(mode))
    file.lived(first)
    file.text = (file.text or "").replace(*person, 1)
    assert _merged(file, second).decided
    assert file.plan(second) is None
    file.text = f"# more\n{file.text}".replace("mine", "others")
    assert file.plan(second) is None
    changed = file.plan(first)
    assert changed is not None
    assert changed.cause == "it holds an accepted merge, and the template changed since"


_OVERWRITTEN = {
    "x.yaml": ("k: 0\n{}", "{}: {}\n"),
    "x.toml": ("k = 0\n{}", "{} = {}\n"),
    "x.ini": ("[s]\nk = 0\n{}", "{} = {}\n"),
    "x.json": ('{{\n  "k": 0{}\n}}\n', ',\n  "{}": {}'),
}


@pytest.mark.parametrize("had", [None, "8"])
@pytest.mark.parametrize("path", _OVERWRITTEN)
def test_what_a_person_set_and_that_was_accepted_and_overwritten_later_does_not_come_back(
    path: str, had: str | None
) -> None:
    around, line = _OVERWRITTEN[path]

    def text(b: str | None, w: str | None) -> str:
        said = (("b", b), ("w", w))
        return around.format("".join(line.format(key, value) for key, value in said if value is not None))

    before = text(had, None)
    file = Life(path, before, FileRule(Mode.MERGE))
    assert file.lived(text("1", "1")) == text("1", "1")
    file.text = text("5", "1")
    assert _merged(file, text("1", "2")).decided
    assert file.text == text("5", "2")
    assert file.lived(text("3", "2"), text("4", "2")) == text("4", "2")
    assert file.lived(around.format("")) == before


def test_what_a_person_set_and_that_was_accepted_stays_when_the_template_drops_it() -> None:
    file = Life("x.yaml", "k: 0\n", FileRule(Mode.MERGE))
    file.lived("b: 1\nw: 1\n")
    file.text = "k: 0\nb: 5\nw: 1\n"
    assert _merged(file, "b: 1\nw: 2\n").decided
    assert file.lived("k: 0\n") == "k: 0\nb: 5\n"


def test_what_others_change_in_an_accepted_merge_is_told_as_that() -> None:
    file = Life("x.yaml", "mine: 0\n", FileRule(Mode.MERGE))
    file.lived(_KEYS)
    file.text = (file.text or "").replace("a: 1", "a: 5")
    template = _KEYS.replace("4", "7")
    _merged(file, template)
    file.text = (file.text or "").replace("d: 7", "d: 8")
    planned = file.plan(template)
    assert planned is not None
    assert (planned.action, planned.cause) == (Action.DRIFT, "others changed it")


@pytest.mark.parametrize(
    ("path", "first", "person", "second", "line"),
    [
        ("x.yaml", "a: 1\nb: 2\n", lambda text: "z: 1\n" + text.replace("a: 1", "a: 5"), "a: 1\nb: 2\nz: 9\n", 1),
        ("x.json", '{\n  "a": 1,\n  "b": {\n    "c": 1\n  },\n  "d": 1\n}\n',
         lambda text: text.replace('"a": 1,', '"a": 5,\n  "e": 1,'),
         '{\n  "a": 1,\n  "b": {\n    "c": 1\n  },\n  "d": 1,\n  "e": 2\n}\n', 3),
        ("x.toml", "a = 1\n\n[b]\nc = 1\n", lambda text: "z = 1\n" + text.replace("a = 1", "a = 5"),
         "a = 1\n\n[b]\nc = 1\n\n[z]\nw = 1\n", 1),
        ("x.ini", "[a]\nb=1\n\n[c]\nd=1\n", lambda text: "[z]\nq=1\n" + text.replace("b=1", "b=2"),
         "[a]\nb=1\n\n[c]\nd=1\n\n[z]\nw=1\n", 1),
    ],
)  # fmt: skip
def test_a_key_that_both_sides_added_is_a_conflict_and_never_stands_twice(
    path: str, first: str, person: Callable[[str], str], second: str, line: int
) -> None:
    file = Life(path, None, FileRule(Mode.MERGE))
    file.lived(first)
    file.text = person(file.text or "")
    found = _merged(file, second)
    assert (found.action, found.decided) == (Action.CONFLICT, False), found.after
    assert f"both sides changed line {line};" in found.cause


def _said(lines: dict[int, str]) -> str:
    return "".join(f"k{number}: {word}\n" for number, word in sorted(lines.items()))


_WORDS = st.dictionaries(st.sampled_from([7, 9, 11]), st.sampled_from("xyz"), min_size=1)


@first_rows(1, "taken_over", [False, True])
@pytest.mark.parametrize(
    ("path", "mode", "around"),
    [
        ("x.txt", Mode.WHOLE, "{}"),
        ("x.md", Mode.BLOCK, "# mine\n<!-- rollout:begin project -->\n{}<!-- rollout:end project -->\n"),
        ("x.yaml", Mode.MERGE, "mine: 0\n{}"),
    ],
)
@at_most(400)
@given(person=st.dictionaries(st.sampled_from([1, 3]), st.sampled_from("pq"), min_size=1), steps=st.lists(_WORDS))
def test_a_merge_is_followed_by_others_wherever_the_template_changes_what_only_it_wrote(
    path: str, mode: Mode, around: str, taken_over: bool, person: dict[int, str], steps: list[dict[int, str]]
) -> None:
    lines = dict.fromkeys(range(1, 13), "a")
    file = Life(path, around.format(_said(lines)) if taken_over else around.format("") or None, FileRule(mode))
    file.rolled_out(_said(lines))
    file.text = around.format(_said(lines | person))
    for step in steps:
        before, lines = lines, lines | step
        if before != lines:
            assert _merged(file, _said(lines)).decided
            assert file.text == around.format(_said(lines | person))


@first_rows(1, "kind", ["branch", "folder"])
@pytest.mark.parametrize("second", [("4\n", "t4\n"), ("t8\n", "u8\n")])
def test_a_file_that_was_taken_over_is_merged_again_and_again(world: World, kind: str, second: tuple[str, str]) -> None:
    text, head = "1\n2\n3\n4\n5\n6\n7\n8\n", ""
    (world.root / "templates/project/conf.txt.j2").unlink()
    if kind == "folder":
        (world.root / "shared").mkdir()
        (world.root / "shared/f.txt").write_text(text)
        head = "folders: {api: {path: shared, templates: [project]}}\n"
    else:
        world.repo("api", {"f.txt": text})
    world.tail = head
    world.template("project/f.txt", text)
    assert world.run("apply", "--yes").code == 0
    if kind == "folder":
        (world.root / "shared/f.txt").write_text(text.replace("1", "p1"))
    else:
        world.elsewhere("api", {"f.txt": text.replace("1", "p1")})
    text = text.replace("8", "t8")
    for change in (second, ("2\n", "t2\n")):
        world.template("project/f.txt", text)
        last = world.run("apply", "--yes", "--on-drift", "merge")
        assert last.code == 0, last.out
        text = text.replace(*change)
    world.template("project/f.txt", text.replace("t2\n", "2\n").replace("6\n", "t6\n"))
    assert world.run("apply", "--yes", "--on-drift", "merge").code == 0
    there = world.at("api", "f.txt") if kind == "branch" else (world.root / "shared/f.txt").read_text()
    assert there == text.replace("1\n", "p1\n").replace("t2\n", "2\n").replace("6\n", "t6\n")


@pytest.mark.parametrize("where", ["branch", "folder"])
def test_take_and_explain_say_that_a_file_holds_an_accepted_merge(world: World, where: str) -> None:
    (world.root / "templates/project/conf.txt.j2").unlink()
    world.template("project/f.txt", "1\n2\n3\n4\n5\n6\n")
    if where == "folder":
        (world.root / "shared").mkdir()
        world.tail = "folders: {api: {path: shared, templates: [project]}}\n"
    else:
        world.repo("api")
    assert world.run("apply", "--yes").code == 0
    if where == "folder":
        (world.root / "shared/f.txt").write_text("one\n2\n3\n4\n5\n6\n")
    else:
        world.elsewhere("api", {"f.txt": "one\n2\n3\n4\n5\n6\n"})
    world.template("project/f.txt", "1\n2\n3\n4\n5\nsix\n")
    assert world.run("apply", "--yes", "--on-drift", "merge").code == 0
    for _ in range(2):
        assert world.run("status", "--fetch", "--json").states() == {"api": "in-sync"}
        assert "decided      it holds an accepted merge" in world.run("explain", "api", "f.txt").out
        nothing = "api: f.txt: there is nothing to take: it holds an accepted merge, until the template changes.\n"
        assert (world.run("take", "api", "f.txt").code, world.run("take", "api", "f.txt").out) == (0, nothing)
    said = world.run("take", "api", "f.txt", "--json").json
    assert (said["reason"], said["in_sync"]) == ("it holds an accepted merge, until the template changes", False)
    world.template("project/f.txt", "one\n2\n3\n4\n5\nsix\n")
    assert "accepted merge" not in world.run("explain", "api", "f.txt").out
    assert "it is as its template says" in world.run("take", "api", "f.txt").out
