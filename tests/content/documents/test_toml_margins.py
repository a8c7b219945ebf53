"""A new TOML table is indented as the tables beside it."""

from __future__ import annotations

import pytest

from rollout.model.inventory import FileRule, FormatName, Mode
from tests.lives import Life

_INDENTED = '[[r]]\n  from = "/"\n  to = "/x"\n\n[p]\n  a = 1\n\n  [p.q]\n    b = 1\n'
_ENTRIES = '[t.tc]\npackage = "x"\n\n    [[t.tc.type]]\n    name = "F"\n\n[t.g.docs.d]\nsphinx = "*"\n'
_KEYS = '[build]\n  publish = "dist"\n'


@pytest.mark.parametrize(
    ("before", "template", "added"),
    [
        (_KEYS, '[[r]]\n# why\nfrom = "/"\n', '\n[[r]]\n  # why\n  from = "/"\n'),
        (_KEYS, "[build.env]\nNODE = '20'\n", "\n[build.env]\n  NODE = '20'\n"),
        (_KEYS, "[a]\nb = 1\n[a.c]\nd = 1\n", "\n[a]\n  b = 1\n\n[a.c]\n  d = 1\n"),
        (_KEYS, "[a]\nl = [\n  1,\n]\n", "\n[a]\n  l = [\n    1,\n  ]\n"),
        (_KEYS, '[a]\nl = """\nx\n"""\n', '\n[a]\n  l = """\nx\n"""\n'),
        (_INDENTED, "# of ours\n[p.z]\nc = 1\n", "\n  # of ours\n  [p.z]\n    c = 1\n"),
        (_INDENTED, "[p.q.s]\nc = 1\n", "\n    [p.q.s]\n      c = 1\n"),
        (_INDENTED, "[n]\na = 1\n[n.m]\nb = 1\n", "\n[n]\n  a = 1\n\n  [n.m]\n    b = 1\n"),
        ("  [p.q]\n  a = 1\n", "[p.z]\na = 1\n", "\n  [p.z]\n  a = 1\n"),
        ("[p.q]\na = 1\n", "  [p.z]\n    a = 1\n", "\n[p.z]\na = 1\n"),
        ("z = 1\n", "[p]\na = 1\n", "\n[p]\na = 1\n"),
        (_ENTRIES, '[t.g.corp.d]\nz = "*"\n', '\n[t.g.corp.d]\nz = "*"\n'),
        (_ENTRIES, '[[t.uv.index]]\nz = "*"\n', '\n[[t.uv.index]]\nz = "*"\n'),
        (_ENTRIES, "[t.coverage.run]\nz = 1\n", "\n[t.coverage.run]\nz = 1\n"),
        (_ENTRIES, "[t.g.docs.d.more]\nz = 1\n", "\n[t.g.docs.d.more]\nz = 1\n"),
    ],
)
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_a_new_table_stands_as_those_beside_it(before: str, template: str, added: str, newline: str) -> None:
    before = before.replace("\n", newline)
    file = Life("netlify.toml", before, FileRule(Mode.MERGE))
    assert file.lived(template) == before + added.replace("\n", newline)
    assert file.plan(template) is None
    assert file.lived("") == before


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("[o]\n# of o\n# too\n", "[o]\nk = 1\n# of o\n# too\n\n[o.s]\nz = 1\n"),
        ("[o]\na = 1\n# of o\n\n[n]\n", "[o]\na = 1\nk = 1\n# of o\n\n[o.s]\nz = 1\n\n[n]\n"),
        ("[o]\na = 1\n# of n\n[n]\n", "[o]\na = 1\nk = 1\n[o.s]\nz = 1\n# of n\n[n]\n"),
        ("[o]\na = 1\n\n# of n\n[n]\n", "[o]\na = 1\nk = 1\n\n[o.s]\nz = 1\n\n# of n\n[n]\n"),
        ("[o]\n# of o", "[o]\nk = 1\n# of o\n\n[o.s]\nz = 1"),
    ],
)
def test_a_comment_stays_in_its_table_where_a_new_one_comes_behind(before: str, after: str) -> None:
    file = Life("netlify.toml", before, FileRule(Mode.MERGE))
    assert file.lived("[o]\nk = 1\n[o.s]\nz = 1\n") == after
    assert file.lived("") == before


def test_a_new_entry_stands_as_the_others() -> None:
    before = '[[r]]\n  from = "/"\n\n[p]\n  a = 1\n'
    file = Life("netlify.toml", before, FileRule(Mode.MERGE))
    assert file.lived('[[r]]\nfrom = "/y"\n') == '[[r]]\n  from = "/"\n\n[[r]]\n  from = "/y"\n\n[p]\n  a = 1\n'
    assert file.lived("") == before


def test_a_text_of_several_lines_is_added_beside_indented_keys() -> None:
    file = Life("netlify.toml", _KEYS, FileRule(Mode.MERGE))
    assert file.lived('[build]\nl = """\nx\n"""\n') == _KEYS + '  l = """\nx\n"""\n'


@pytest.mark.parametrize(
    ("theirs", "template", "written"),
    [
        ('a = [{n = "K"}]\n', 'a = [{n = "J"}]\n', 'a = [{n = "K"}, {n = "J"}]\n'),
        ('a = [\n    {n="K"},\n]\n', "a = [{n='J',m=1}]\n", "a = [\n    {n=\"K\"},\n    {n='J',m=1},\n]\n"),
        ("a = []\n", 'a = [{n = "J"}]\n', 'a = [{n = "J"}]\n'),
        ("y = {b = 1}\n", "y = {c = {d = 1}}\n", "y = {b = 1, c = {d = 1}}\n"),
        ("y = {b=1}\n", "y = {c = 2}\n", "y = {b=1, c=2}\n"),
        ("y = {b = 1}\n", "y = {c=2}\n", "y = {b = 1, c = 2}\n"),
        ("y = {}\n", "y = {c=2}\n", "y = {c=2}\n"),
        ("y = 1\n", "y = {c=2}\n", "y = {c=2}\n"),
        ("y = {b = 1}\n", "[y.c]\nd=1\n", "y = {b = 1, c = { d = 1 }}\n"),
    ],
)
def test_what_stands_in_braces_is_spelled_as_in_the_template_and_beside_it(
    theirs: str, template: str, written: str
) -> None:
    file = Life("x.toml", theirs, FileRule(Mode.MERGE))
    assert file.lived(template) == written
    assert file.lived("") == theirs


@pytest.mark.parametrize(
    ("path", "theirs", "template", "written"),
    [
        ("d.toml", 'i = [\n  # x\n]\na = [\n  "A",\n]\n', 'i = ["R", "S"]\n',
         'i = [\n  # x\n  "R",\n  "S",\n]\na = [\n  "A",\n]\n'),
        ("d.toml", 'i = [\n  # x\n]\na = [\n  "A"\n]\n', 'i = ["R"]\n', 'i = [\n  # x\n  "R"\n]\na = [\n  "A"\n]\n'),
        ("d.toml", "i = [ # x\n]\n", 'i = ["R"]\n', 'i = [ # x\n    "R"\n]\n'),
        ("d.jsonc", '{\n\t"i": [\n\t\t// x\n\t],\n\t"b": [\n\t\t1,\n\t],\n}\n', '{"i": [2]}',
         '{\n\t"i": [\n\t\t// x\n\t\t2,\n\t],\n\t"b": [\n\t\t1,\n\t],\n}\n'),
    ],
)  # fmt: skip
def test_the_first_entry_below_comments_stands_as_they_do_and_as_other_lists_end(
    path: str, theirs: str, template: str, written: str
) -> None:
    file = Life(path, theirs, FileRule(Mode.MERGE))
    assert file.lived(template) == written
    assert file.lived("{}" if path.endswith("jsonc") else "") == theirs


@pytest.mark.parametrize(
    ("path", "theirs", "added"),
    [
        (".gitmodules", '[submodule "a"]\n\tpath = a\n[submodule "b"]\n\tpath = b\n', '[submodule "c"]\n\tpath = c\n'),
        ("t.toml", "[a]\nx=1\n[b]\nx=1\n# on c\n[c]\nx=1\n", "[d]\ny=1\n"),
        ("t.toml", "k=1\n[a]\nx=1\n", "# on d\n[d]\ny=1\n"),
        ("t.toml", "[[a]]\nx=1\n[[a]]\nx=2\n", "[[d]]\ny=1\n[[d]]\ny=2\n"),
        ("t.ini", "[a]\nx=1\n[b]\nx=1\n", "[d]\ny=1\n[e]\ny=1\n"),
        ("t.toml", "[a]\nx=1\n", "\n[d]\ny=1\n"),
        ("t.toml", "[a]\nx=1\n[b]\nx=1\n\n[c]\nx=1\n", "\n[d]\ny=1\n"),
        ("t.ini", "[a]\nx=1\n[b]\nx=1\n\n[c]\nx=1\n", "\n[d]\ny=1\n"),
    ],
)
def test_a_new_section_is_glued_where_all_sections_are(path: str, theirs: str, added: str) -> None:
    form = FormatName.INI if path == ".gitmodules" else None
    file = Life(path, theirs, FileRule(Mode.MERGE, format=form))
    assert file.lived(added) == theirs + added
    assert file.plan(added) is None
    assert file.lived("") == theirs


@pytest.mark.parametrize(
    ("theirs", "template", "added"),
    [
        ("[[a]]\nx=1\n\n[[a]]\nx=2\n", "[[a]]\nx = 9\n", "\n[[a]]\nx=9\n"),
        ("[a]\nx=1\ny=2\n\n[b]\nx=1\n", "[c]\nx = 1\n", "\n[c]\nx=1\n"),
        ("[a]\nx = 1\n", "[c]\nx=1\nd.e=1\n", "\n[c]\nx = 1\nd.e = 1\n"),
        ("[a]\nlong = 1\nx    = 1\n", "[c]\nx=1\n", "\n[c]\nx=1\n"),
        ("", "[c]\nx=1\n", "[c]\nx=1\n"),
    ],
)
def test_a_new_table_has_the_equals_sign_of_the_others(theirs: str, template: str, added: str) -> None:
    file = Life("x.toml", theirs, FileRule(Mode.MERGE))
    assert file.lived(template) == theirs + added
    assert file.lived("") == theirs
