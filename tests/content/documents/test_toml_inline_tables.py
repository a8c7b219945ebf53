"""TOML inline tables: keys come into them, change and go, and lists over several lines in them, too."""

from __future__ import annotations

import pytest

from rollout.model.inventory import FileRule, Mode
from tests.lives import Life

_MERGE = FileRule(Mode.MERGE)
_OF_DOTS = [
    ("a = {b.c = 1}\n", "a.b.d = 2", "a = {b.c = 1, b.d = 2}\n"),
    ("a = {b.c = 1}\n", "[a.b]\nd = 2\ne.f = 3", "a = {b.c = 1, b.d = 2, b.e = { f = 3 }}\n"),
    ("a = {b.c = 1}\n", "a = {b.d = 2, e = 3}", "a = {b.c = 1, b.d = 2, e = 3}\n"),
    ("a = { b.c=1 ,e=2 }\n", "a.b.d = 2", "a = { b.c=1 ,b.d=2,e=2 }\n"),
    ("a = {b.c = 1, e=2, b.f.g = 3}", "a.b = {f.h = 4, d = 2}", "a = {b.c = 1, e=2, b.f.g = 3, b.f.h = 4, b.d = 2}"),
    ("a = {'b' . \"c d\" . e = 1}", "[a.b]\n'c d'.\"f\" = 2", "a = {'b' . \"c d\" . e = 1, 'b'.\"c d\".\"f\" = 2}"),
    ("[t]\r\na = {b.c = 1} # mine\r\n", "t.a.b.d = 2", "[t]\r\na = {b.c = 1, b.d = 2} # mine\r\n"),
    ("[x]\na = [{b.c = 1}, 2]\n", "x.a = [{b.d = 1}]", "[x]\na = [{b.c = 1}, 2, {b.d = 1}]\n"),
    ("a = {b.c = {d.e = 1}, f = 2}\n", "a.b.c.d.g = 3", "a = {b.c = {d.e = 1, d.g = 3}, f = 2}\n"),
]  # fmt: skip


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("value", ['[\n    "derive",\n]', '"""\none\ntwo"""', "'''\none\n\ntwo'''"])
def test_what_stands_over_several_lines_has_the_line_ends_of_the_file(newline: str, value: str) -> None:
    before = 'serde = { version = "1" }\nx = 1\n'.replace("\n", newline)
    file = Life("Cargo.toml", before, _MERGE)
    file.rolled_out(f"[serde]\nfeatures = {value}\n")
    assert file.text == f'serde = {{ version = "1", features = {value} }}\nx = 1\n'.replace("\n", newline)
    file.rolled_out(f"x = {value}\n")
    assert file.text == f'serde = {{ version = "1" }}\nx = {value}\n'.replace("\n", newline)
    assert file.lived("") == before


@pytest.mark.parametrize(("before", "template", "after"), _OF_DOTS)
def test_a_key_comes_behind_those_that_dots_put_into_its_table_and_goes_again(
    before: str, template: str, after: str
) -> None:
    file = Life("pyproject.toml", before, _MERGE)
    file.rolled_out(template)
    assert (file.text, file.asked, file.plan(template)) == (after, [], None)
    gone = file.copy()
    gone.rule = FileRule(Mode.ABSENT)
    assert (file.lived(""), gone.lived("")) == (before, before)


def test_keys_with_dots_that_rollout_wrote_change_and_go() -> None:
    file = Life("pyproject.toml", None, _MERGE)
    said = [
        '{torch.index = "pytorch", torch.marker = "linux"}',
        '{torch.index = "cpu"}',
        '{torch.index.url = "x"}',
        "{}",
    ]
    written = [file.lived(f"[tool.uv]\nsources = {one}\n") for one in said]
    there = [*said[:2], '{torch.index = { url = "x" }}', said[3]]
    assert written == [f"[tool.uv]\nsources = {one}\n" for one in there]
    assert (file.asked, file.lived("")) == ([], "")


def test_keys_with_dots_come_and_go_between_those_of_others() -> None:
    file = Life("x.toml", "a = {b.c = 1, x = 2, y.z = 3}\n", _MERGE)
    assert file.lived("a = {b = {d = 1, e = 2}, x2 = 3, y.w = 4}") == (
        "a = {b.c = 1, b.d = 1, b.e = 2, x = 2, y.z = 3, y.w = 4, x2 = 3}\n"
    )
    assert file.lived("a = {b.e = 5, y.v = 1}") == "a = {b.c = 1, b.e = 5, x = 2, y.z = 3, y.v = 1}\n"
    assert file.lived("a.b.c = 7") == "a = {b.c = 7, x = 2, y.z = 3}\n"
    file.text = "a = {b.c = 7, y.z = 3, b.mine = 1}\n"
    assert file.lived("a.b.d = 1") == "a = {b.c = 1, y.z = 3, b.mine = 1, b.d = 1}\n"
    assert file.lived("") == "a = {b.c = 1, y.z = 3, b.mine = 1}\n"


@pytest.mark.parametrize("name", ["a", "b"])
def test_keys_with_dots_come_into_the_entry_that_is_meant(name: str) -> None:
    """Tables with one path are told apart: in the other entry, dots stand elsewhere."""
    before = '[[t]]\nname = "a"\nx.y.z = 1\n\n[[t]]\nname = "b"\n[t.x]\ny.z = 1\n'
    file = Life("x.toml", before, FileRule(Mode.MERGE, match=(("t", ("name",)),)))
    file.rolled_out(f'[[t]]\nname = "{name}"\nx.y.w = 2\n')
    line = {"a": "x.y.z = 1\n", "b": "]\ny.z = 1\n"}[name]
    assert file.text == before.replace(line, line + line[line.index("y") - 2 :].lstrip("]\n").replace("z = 1", "w = 2"))
    assert file.lived("") == before


def test_keys_with_dots_come_into_the_inline_table_of_an_entry() -> None:
    before = '[[t]]\nname = "a"\nx = {y.z = 1}\n\n[[t]]\nname = "b"\nx = {y.z = 1, y.q = [{ r.s = 1 }]}\n'
    file = Life("x.toml", before, FileRule(Mode.MERGE, match=(("t", ("name",)), ("t[].x.y.q", ("r",)))))
    file.rolled_out('[[t]]\nname = "b"\nx.y = {w = 2, q = [{r.t = 1}]}\n')
    assert file.text == before.replace("s = 1 }]", "s = 1 }, {r.t = 1}], y.w = 2")
    assert file.lived("") == before


_LIST = 'features = [\n    "derive",\n    "rc", # mine\n]'
_GOES = [
    ("[serde]\nfeatures = ['derive']\n", ', features = [\n    "derive",\n    # mine\n]'),
    ("[serde]\nfeatures = ['derive', 'rc', 'x']\n", f", {_LIST}".replace("# mine\n", "# mine\n    'x',\n")),
    ("[serde]\nfeatures = []\n", ", features = [\n    # mine\n]"),
    ("[serde]\nx = 1\nfeatures = ['derive', 'rc']\n", f", {_LIST}, x = 1"),
    ("[serde]\n", None),
    ("[serde]\nx = 1\n", None),
    ("", None),
]  # fmt: skip


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize(("template", "after"), _GOES)
def test_a_comment_of_others_in_a_list_stays_or_is_told(template: str, after: str | None, newline: str) -> None:
    """Where its list goes, no place is left for it: a comment cannot stand between braces."""
    file = Life("Cargo.toml", f'serde = {{ version = "1" }}{newline}', _MERGE)
    file.rolled_out("[serde]\n" + _LIST.replace(" # mine", ""))
    file.text = there = f'serde = {{ version = "1", {_LIST} }}\n'.replace("\n", newline)
    planned = file.rolled_out(template)
    if after is None:
        assert planned is not None
        assert "line 3: a comment of others stands in what would go away" in planned.cause
        assert file.text == there
    else:
        assert file.text == f'serde = {{ version = "1"{after} }}\n'.replace("\n", newline)
        assert (file.asked, file.plan(template)) == ([], None)


def test_a_comment_of_others_stays_in_a_list_of_lists_and_tables() -> None:
    file = Life("x.toml", "a = { l = [\n    1,\n] }\n", _MERGE)
    file.rolled_out("a.l = [[\n  2,\n], {b = [\n  3,\n]}]")
    file.text = (file.text or "").replace("2,", "2, # two").replace("3,", "3, # three")
    left = file.lived("") or ""
    assert [line.strip() for line in left.splitlines()] == ["a = { l = [", "1,", "# two", "# three", "] }"]
