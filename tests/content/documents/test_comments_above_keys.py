"""A comment of ours above a key follows the template; one that a person wrote, changed or moved stays."""

from __future__ import annotations

import itertools

import pytest

from rollout.model.inventory import FileRule, FormatName, Mode
from tests.first_rows import first_rows
from tests.lives import Life

# For each file: what a person has around our lines, our key's line for a value, and how a comment begins.
_FILES = {
    "p.yaml": ("z: 1\n{}", "{}", "r: {}\n", "#"),
    "deep.yaml": ("z: 1\no:\n    y: 2\n{}", "o:\n  {}", "    r: {}\n", "#"),
    "root.toml": ("z = 1\n{}", "{}", "r = {}\n", "#"),
    "t.toml": ("[tool.x]\nz = 1\n{}", "[tool.x]\n{}", "r = {}\n", "#"),
    "table.toml": ("z = 1\n\n{}", "{}", "[tool.x]\nr = {}\n", "#"),
    "p.cfg": ("[a]\nz = 1\n{}", "[a]\n{}", "r = {}\n", ";"),
    "s.cfg": ("[a]\nz = 1\n\n{}", "{}", "[b]\nr = {}\n", "#"),
    ".gitconfig": ("[a]\n\tz = 1\n{}", "[a]\n{}", "\tr = {}\n", "#"),
    "c.jsonc": ('{{\n  "z": 1,\n{}}}\n', "{{\n{}}}\n", '  "r": {},\n', "//"),
    "deep.jsonc": ('{{\n  "o": {{\n    "z": 1,\n{}  }},\n}}\n', '{{\n"o": {{{}}}}}\n', '    "r": {},\n', "//"),
}
_LINES = [(), ("one",), ("one", "two"), ("other",), ("other", "one"), ("two", "one", "three")]


def _rule(path: str) -> FileRule:
    return FileRule(Mode.MERGE, format=FormatName.INI if path == ".gitconfig" else None)


class _Told:
    def __init__(self, path: str, newline: str = "\n") -> None:
        self.path, self.newline = path, newline
        self.around, self.whole, self.line, self.mark = _FILES[path]
        self.empty = "{}" if path.endswith(("jsonc", "yaml")) else ""

    @property
    def before(self) -> str:
        return self._ended(self.around.format("")).removesuffix(self.newline * 2 if "\n\n{}" in self.around else "") + (
            self.newline if "\n\n{}" in self.around else ""
        )

    def life(self) -> Life:
        return Life(self.path, self.before, _rule(self.path))

    def template(self, value: int, *above: str) -> str:
        ours = self.ours(value, *above)
        if self.path == "deep.yaml":
            return "o:\n" + "".join(f"  {line.strip()}\n" for line in ours.splitlines())
        if self.path == "deep.jsonc":
            return self.whole.format("\n" + ours)
        return self.whole.format(ours)

    def ours(self, value: int, *above: str) -> str:
        line = self.line.format(value)
        margin = line[: len(line) - len(line.lstrip())]
        return "".join(f"{margin}{self.mark} {said}\n" for said in above) + line

    def file(self, value: int, *above: str) -> str:
        return self._ended(self.around.format(self.ours(value, *above)))

    def _ended(self, text: str) -> str:
        return text.replace("\n", self.newline)


@pytest.mark.parametrize("distances", [(0, 1), pytest.param((2, 3, 4, 5), marks=pytest.mark.long)], ids=["near", "far"])
@first_rows(1, "newline", ["\n", "\r\n"])
@pytest.mark.parametrize("path", _FILES)
@first_rows(1, "value", [1, 2])
def test_our_comment_follows_the_template(path: str, newline: str, value: int, distances: tuple[int, ...]) -> None:
    told = _Told(path, newline)
    for number, first in enumerate(_LINES):
        begun = told.life()
        assert begun.lived(told.template(1, *first)) == told.file(1, *first)
        for distance in distances:
            file, second = begun.copy(), _LINES[(number + distance) % len(_LINES)]
            assert file.lived(told.template(value, *second)) == told.file(value, *second)
            assert file.plan(told.template(value, *second)) is None
            if distance == distances[1]:
                assert file.lived(told.template(3, "last"), told.template(3)) == told.file(3)
                assert file.lived(told.template(1, *first)) == told.file(1, *first)
            assert file.lived(told.empty) == told.before
            assert not file.asked


@pytest.mark.parametrize("path", _FILES)
@first_rows(1, "value", [1, 2])
def test_one_that_a_person_changed_or_moved_stays(path: str, value: int) -> None:
    nexts: list[tuple[str, ...]] = [(), ("new",), ("ours", "new")]
    changed: list[tuple[str, ...]] = [("mine",), ("ours", "mine"), ("ours", "ours", "mine"), ("ours, and why",), ()]
    for next_one, theirs in itertools.product(nexts, changed):
        _stays(path, value, next_one, theirs)


def _stays(path: str, value: int, next_one: tuple[str, ...], theirs: tuple[str, ...]) -> None:
    told = _Told(path)
    file = told.life()
    file.lived(told.template(1, "ours"))
    file.text = told.file(1, *theirs)
    assert file.lived(told.template(value, *next_one)) == told.file(value, *theirs)
    assert file.plan(told.template(value, *next_one)) is None
    assert file.lived(told.template(5, *next_one)) == told.file(5, *theirs)
    assert file.lived(told.template(5, "last")) == told.file(5, *theirs)


@pytest.mark.parametrize("path", _FILES)
def test_one_of_a_person_above_ours_stays(path: str) -> None:
    told = _Told(path)
    file = told.life()
    file.lived(told.template(1, "ours"))
    file.text = told.file(1, "mine", "ours")
    assert file.lived(told.template(1, "new", "and more")) == told.file(1, "mine", "new", "and more")
    assert file.lived(told.template(2, "new")) == told.file(2, "mine", "new")
    assert file.lived(told.template(2)) == told.file(2, "mine")
    assert file.lived(told.template(2, "again")) == told.file(2, "mine")  # it is not known where ours would stand
    assert "mine" in (file.lived(told.empty) or "")


@pytest.mark.parametrize("path", _FILES)
def test_one_of_a_person_that_says_the_same_stays(path: str) -> None:
    told = _Told(path)
    file = told.life()
    file.lived(told.template(1))
    file.text = told.file(1, "same")
    assert file.lived(told.template(1, "same")) == told.file(1, "same")
    assert file.lived(told.template(1, "new")) == told.file(1, "same")


@pytest.mark.parametrize("path", _FILES)
def test_nothing_comes_above_a_key_of_others(path: str) -> None:
    told = _Told(path)
    file = Life(path, told.file(1), _rule(path))
    assert file.lived(told.template(2), told.template(2, "why")) == told.file(2)
    file = Life(path, told.file(1, "mine"), _rule(path))
    assert file.lived(told.template(2, "mine"), told.template(2, "why")) == told.file(2, "mine")


def test_each_of_two_keys_has_its_own() -> None:
    file = Life("p.yaml", "# head\nz: 1\n", FileRule(Mode.MERGE))
    file.lived("# one\na: 1\n# two\nb: 2\n")
    assert file.lived("# two\na: 1\n# one\nb: 2\n") == "# head\nz: 1\n# two\na: 1\n# one\nb: 2\n"
    assert file.lived("# same\na: 1\n# same\nb: 3\n") == "# head\nz: 1\n# same\na: 1\n# same\nb: 3\n"
    assert file.lived("a: 1\n# same\nb: 3\n") == "# head\nz: 1\na: 1\n# same\nb: 3\n"
    assert file.lived("{}") == "# head\nz: 1\n"


def test_it_follows_when_its_key_was_renamed() -> None:
    file = Life("p.yaml", "z: 1\n", FileRule(Mode.MERGE))
    assert file.lived("# why\na: 1\n", "# why\nb: 1\n") == "z: 1\n# why\nb: 1\n"
    assert file.lived("# new\nb: 1\n") == "z: 1\n# new\nb: 1\n"


def test_a_comment_that_moved_to_another_key_stays_there() -> None:
    file = Life("p.yaml", "z: 1\n", FileRule(Mode.MERGE))
    file.lived("# one\na: 1\nb: 2\n")
    assert file.lived(">z: 1\na: 1\n# one\nb: 2\n", "# new\na: 1\n# b\nb: 2\n") == "z: 1\na: 1\n# one\nb: 2\n"


@pytest.mark.parametrize("path", ["p.yaml", "p.toml", "p.cfg"])
def test_the_head_of_a_file_is_ours_only_where_we_created_it(path: str) -> None:
    one, two = ("{0}\n[a]\nk = 1\n", "{0}\n[a]\nk = 1\n") if path != "p.yaml" else ("{0}\nk: 1\n", "{0}\nk: 1\n")
    ours = Life(path, None, FileRule(Mode.MERGE))
    assert ours.lived(one.format("# a"), two.format("# b\n# c")) == two.format("# b\n# c")
    theirs = Life(path, "# a\n", FileRule(Mode.MERGE))
    start = theirs.lived(one.format("# a"))
    assert start is not None
    assert start.startswith("# a\n")
    assert theirs.lived(two.format("# b")) == "# a".join(start.rsplit("# a", 1)[:1]) + two.format("# b")
    kept = Life(path, two.format("# a"), FileRule(Mode.MERGE))
    assert kept.lived(one.format("# a"), one.format("# b")) == two.format("# a")


def test_above_a_matched_entry_it_follows() -> None:
    rule = FileRule(Mode.MERGE, match=(("l", ("id",)),))
    file = Life("p.yaml", "l:\n- id: x\n", rule)
    file.lived("l:\n# why\n- id: y\n  v: 1\n")
    assert file.lived("l:\n# now\n- id: y\n  # v\n  v: 1\n") == "l:\n- id: x\n# now\n- id: y\n  # v\n  v: 1\n"
    assert file.lived("l:\n- id: y\n  v: 2\n") == "l:\n- id: x\n- id: y\n  v: 2\n"
    assert file.lived("l:\n- {id: x}\n") == "l:\n- id: x\n"


def test_above_an_entry_that_stands_twice_nothing_comes() -> None:
    rule = FileRule(Mode.MERGE, match=(("l", ("id",)),))
    file = Life("p.yaml", "l:\n- id: x\n", rule)
    file.lived("l:\n- id: y\n  v: 1\n")
    file.text = "l:\n- id: x\n- id: y\n  w: 1\n- id: y\n  v: 1\n"
    file.lived("l:\n# why\n- id: y\n  v: 1\n")
    assert "why" not in (file.text or "")


def test_nothing_comes_above_a_table_that_a_person_put_before_ours() -> None:
    file = Life("p.toml", "z = 1\n", FileRule(Mode.MERGE))
    file.lived("# ours\n[tool.x]\nk = 1\n")
    file.text = "z = 1\n\n[tool.a]\nm = 1\n\n# ours\n[tool.x]\nk = 1\n"
    assert file.lived("# new\n[tool.x]\nk = 1\n") == "z = 1\n\n[tool.a]\nm = 1\n\n# new\n[tool.x]\nk = 1\n"
    assert file.lived("") == "z = 1\n\n[tool.a]\nm = 1\n"


def test_a_comment_over_several_lines_follows_too() -> None:
    file = Life("c.jsonc", '{\n  "z": 1\n}\n', FileRule(Mode.MERGE))
    file.lived('{\n  /* one\n     two */\n  "a": 1\n}\n')
    assert file.lived('{\n  /* three\n     four */\n  // five\n  "a": 1\n}\n') == (
        '{\n  "z": 1,\n  /* three\n  four */\n  // five\n  "a": 1\n}\n'
    )
    assert file.lived("{}") == '{\n  "z": 1\n}\n'


def test_a_marker_above_a_key_of_what_was_a_block_is_no_comment_on_it() -> None:
    file = Life("p.yaml", "z: 1\n", FileRule(Mode.BLOCK))
    file.lived("# one\na: 1\n# two\nb: 1\n")
    file.rule = FileRule(Mode.MERGE)
    assert file.plan("# one\na: 1\n# two\nb: 1\n") is None
    assert file.lived("# one\na: 2\n# two\nb: 1\n") == "z: 1\n# one\na: 2\n# two\nb: 1\n"
    assert file.lived("# new\na: 2\nb: 1\n") == "z: 1\n# new\na: 2\nb: 1\n"
    assert file.lived("{}") == "z: 1\n"


@pytest.mark.parametrize(
    ("path", "before", "first", "then", "left"),
    [
        ("c.jsonc", '{\n  "z": 1\n}\n', '{\n  // a\n  "a": 1\n}\n', '{"a": 1}', '{\n  "z": 1,\n  "a": 1\n}\n'),
        ("c.yaml", "z: 1\n", "# a\na: {b: 1}\n", "{a: {b: 1}}\n", "z: 1\na: {b: 1}\n"),
        ("c.toml", "[z]\nx = 1\n", "[z]\n# a\nb = 1\n", "z = {b = 1}\n", "[z]\nx = 1\nb = 1\n"),
    ],
)
def test_a_comment_goes_where_the_template_is_written_on_one_line(
    path: str, before: str, first: str, then: str, left: str
) -> None:
    file = Life(path, before, FileRule(Mode.MERGE))
    assert file.lived(first, then) == left
    assert file.plan(then) is None


@pytest.mark.parametrize("before", ["z: 1\n", None])
@pytest.mark.parametrize("path", ["t.yaml", "t.toml", "t.ini"])
@pytest.mark.parametrize("new", ["# two\na: 1\n", "# two\na: 2\n", "a: 2\n"])
def test_a_comment_above_a_key_of_what_was_a_block_follows_the_template_at_once(
    path: str, before: str | None, new: str
) -> None:
    said = {"t.yaml": ": ", "t.toml": " = ", "t.ini": " = "}[path]
    top = "[s]\n" if path == "t.ini" else ""
    theirs = "" if before is None else top.replace("s", "z") + before.replace(": ", said)
    first, then = (top + text.replace(": ", said) for text in ("# one\na: 1\n", new))
    file = Life(path, theirs or None, FileRule(Mode.BLOCK))
    file.lived(first)
    file.rule = FileRule(Mode.MERGE)
    assert file.lived(then) == theirs + then
    assert file.plan(then) is None


def test_a_comment_above_an_empty_table_comes_with_it_on_a_line_of_dotted_keys() -> None:
    before, template = "b.c = 2\nz = 1\n", "# why a table\n[b]\n\n# why this\n[b.d]\n"
    file = Life("t.toml", before, FileRule(Mode.MERGE))
    assert file.lived(template) == "b.c = 2\n# why this\nb.d = {}\nz = 1\n"
    assert file.plan(template) is None
    assert file.lived("") == before


_BEHIND = ["p.yaml", "deep.yaml", "root.toml", "t.toml", ".gitconfig", "c.jsonc", "deep.jsonc"]


@pytest.mark.parametrize("path", _BEHIND)
def test_one_that_stood_behind_our_value_stays_where_a_person_left_it_when_the_key_comes_back(path: str) -> None:
    told = _Told(path)
    behind, line = f"{told.mark} behind", told.ours(1)
    margin = line[: len(line) - len(line.lstrip())]
    file = told.life()
    file.lived(told.template(1).replace(line.strip(), f"{line.strip()} {behind}"))
    assert f"{line.rstrip()} {behind}\n" in (file.text or "")
    file.text = told.file(1).replace(line, f"{margin}{behind}\n")
    below = told.around.format(f"{line}{margin}{behind}\n")
    assert file.lived(told.template(1)) in {told.file(1, "behind"), below}
    assert file.plan(told.template(1)) is None
    assert behind in str(file.lived(told.template(2)))


def test_one_that_stood_above_our_key_is_ours_again_when_the_key_comes_back() -> None:
    file = Life("p.yaml", "z: 1\n", FileRule(Mode.MERGE))
    file.lived("# why\na: 1\n", ">z: 1\n# why\n")
    assert file.copy().lived("# why\na: 1\n") == "z: 1\n# why\na: 1\n"
    assert file.copy().lived("a: 1\n") == "z: 1\na: 1\n"
    assert file.lived("# new\na: 1\n", "# newer\na: 1\n") == "z: 1\n# newer\na: 1\n"
