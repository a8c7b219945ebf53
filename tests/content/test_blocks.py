"""Managed blocks by values: how they are marked, found, moved and put in place of a section."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollout.content import blocks, comments, markdown, markers
from rollout.content.markers import MarkerError, Spot
from rollout.model.action import Action
from rollout.model.circumstances import Decisions
from rollout.model.files import File, Managed, Snapshot, Written
from rollout.model.inventory import FileRule, Mode
from rollout.planning.changes import change_for
from tests.lives import Life

MD = PurePosixPath("CLAUDE.md")

OURS = Spot(MD, "new")

ONE = "<!-- rollout:begin new -->\none\n<!-- rollout:end new -->\n"

OTHER = ONE.replace("new", "other")


def marked(body: str, name: str = "new") -> str:
    return f"<!-- rollout:begin {name} -->\n{body}<!-- rollout:end {name} -->\n"


def spliced(content: str, body: str = "one\n", spot: Spot = OURS, earlier: str | None = None) -> str:
    return blocks.splice(content.encode(), body.encode(), spot, earlier).decode()


@pytest.mark.parametrize(
    ("names", "form"),
    [
        ("a.md a.html a.xml a.svg a.vue A.MD", "<!-- {} -->"),
        ("a.sh a.yml a.toml a.cfg a.py a.rb Dockerfile Dockerfile.dev Makefile .gitignore a.ps1 CODEOWNERS", "# {}"),
        ("pylintrc .pypirc npmrc gitconfig .screenrc .gdbinit CITATION.cff", "# {}"),
        ("a.js a.ts a.c a.go a.rs a.java a.kt a.swift Jenkinsfile a.groovy a.jsonc a.proto a.scss a.adoc", "// {}"),
        ("a.css a.s a.S", "/* {} */"),
        ("a.sql a.lua a.hs", "-- {}"),
        ("a.lisp a.ini a.asm", "; {}"),
        ("a.tex a.erl", "% {}"),
        ("a.vim .vimrc", '" {}'),
        ("a.mdx", "{{/* {} */}}"),
        ("a.bat", "rem {}"),
        ("a.rst", ".. {}"),
    ],
)  # fmt: skip
def test_markers_are_a_comment_in_the_language_of_the_file(names: str, form: str) -> None:
    expected = (form.format("rollout:begin x"), form.format("rollout:end x"))
    assert {name: markers.written(Spot(PurePosixPath(name), "x")) for name in names.split()} == dict.fromkeys(
        names.split(), expected
    )


@pytest.mark.parametrize("name", ["a.json", "a.txt", "LICENSE", "a.unheard", "service", "a.m", "a.v", "a.cl", "a.cls"])
def test_where_no_comment_is_known_the_way_out_is_named(name: str) -> None:
    with pytest.raises(MarkerError, match=r"markers: \["):
        blocks.splice(b"x\n", b"y\n", Spot(PurePosixPath(name), "x"))


def test_a_block_of_assembler_is_assembled(tmp_path: Path) -> None:
    if not shutil.which("as"):
        pytest.skip("there is no assembler here")
    source = tmp_path / "a.s"
    source.write_text(spliced("\t.text\n", "\tnop\n", Spot(PurePosixPath("a.s"), "new")))
    subprocess.run(["as", "-o", os.devnull, source], check=True)


_FIRST = [
    ("run.py", "#!/usr/bin/env python3\nprint(1)\n"),
    ("a.xml", "<?xml version='1.0'?>\n<a/>\n"),
    ("a.php", "<?php\necho 1;\n"),
    ("a.md", "---\nname: x\n---\n# X\n"),
    ("a.html", "---\n# y\nlayout: x\n---\n<p>\n"),
    ("a.md", '+++\n# of Hugo\n\ntitle = "x"\n+++\n# X\n'),
    ("b.md", "+++\n[menu.main]\nname = 'x'\n+++\n"),
    ("c.md", '{\n  "title": "x"\n}\n\n# X\n'),
    ("Dockerfile", "# syntax=docker/dockerfile:1\nFROM x\n"),
    ("user-data.yml", "#cloud-config\na: 1\n"),
    ("a.css", '@charset "utf-8";\na {}\n'),
]


@pytest.mark.parametrize(("name", "text"), _FIRST)
def test_no_marker_stands_above_what_must_be_the_first_line_of_a_file(name: str, text: str) -> None:
    path, rule = PurePosixPath(name), FileRule(mode=Mode.BLOCK)
    item = Managed(path, Mode.BLOCK, text.encode(), True, rule, "new", "")

    def found(there: str | None, written: str | None = None) -> str:
        files = {path: None if there is None else File(there.encode(), True)}
        last = {} if written is None else {path: Written(File(written.encode(), True), alone=True)}
        needed = change_for(item, Snapshot("", files, last), Decisions())
        return "" if needed is None else f"{needed.action}: {needed.cause}"

    told = f"error: the marker of its block would stand above {text.partition(chr(10))[0]!r}, which must be the first"
    assert found(None).startswith(told)
    assert found("").startswith(told)
    assert found(spliced("", text, Spot(path, "new"))).startswith(told)
    assert found(f"{text}old\n", f"{text}old\n").startswith(told)
    others = "<?php mine\n" if name.endswith(".php") else "mine\n"
    assert found(others) == "adopt: the file has no block 'new' yet"
    assert found(text, text) == ""


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.md", "---\n\nA line, and: text.\n\n---\n"),
        ("a.md", "---\nname: x\n"),
        ("a.md", "+++\nadded\n+++\n"),
        ("a.md", '+++\ntitle = "x"\n'),
        ("a.md", '{\n  "title": "x"\n'),
        ("a.md", "{x}\n"),
        ("a.toml", '+++\ntitle = "x"\n+++\n'),
        ("a.yml", "---\nname: x\n---\n"),
        ("a.py", "# syntax=x\n"),
        ("a.md", "# !\n"),
    ],
)
def test_what_only_looks_like_a_first_line_may_stand_below_a_marker(name: str, text: str) -> None:
    item = Managed(PurePosixPath(name), Mode.BLOCK, text.encode(), False, FileRule(mode=Mode.BLOCK), "new", "")
    needed = change_for(item, Snapshot("", {item.path: None}, {}), Decisions())
    assert needed is not None
    assert needed.action is Action.CREATE, needed.cause


@pytest.mark.parametrize(
    ("first", "opening"),
    [("#!/bin/sh", "#"), ("#!/usr/bin/env python3.11", "#"), ("#!/usr/bin/env -S node --no-warnings", "//"),
     ("#! /usr/bin/perl -w", "#"), ("#!/usr/bin/env A=1 ruby", "#"), ("#!/usr/bin/lua5.4", "--")],
)  # fmt: skip
def test_where_the_name_says_nothing_the_first_line_of_a_script_does(first: str, opening: str) -> None:
    there = spliced(f"{first}\nx\n", "one\n", Spot(PurePosixPath("bin/run"), "new"))
    assert there == f"{first}\nx\n\n{opening} rollout:begin new\none\n{opening} rollout:end new\n"
    with pytest.raises(MarkerError):
        spliced("#!/opt/unheard\n", "one\n", Spot(PurePosixPath("bin/run"), "new"))


def test_a_marker_of_restructured_text_does_not_run_into_a_paragraph() -> None:
    spot = Spot(PurePosixPath("a.rst"), "new")
    there = spliced("text\n", "one\n", spot)
    assert there == "text\n\n.. rollout:begin new\n\none\n\n.. rollout:end new\n"
    close = ".. rollout:begin new\nold\n.. rollout:end new\n"
    assert spliced(close, "one\n", spot) == there.removeprefix("text\n\n")
    assert spliced(there, "one\n", spot) == there


@pytest.mark.parametrize("form", comments.KNOWN)
def test_a_block_in_any_known_form_is_found_and_moved_to_the_right_one(form: comments.Comment) -> None:
    old = f"top\n{form.around('rollout:begin new')}\nold\n{form.around('rollout:end new')}\nend"
    assert spliced(old) == f"top\n{ONE}end"


@pytest.mark.parametrize("line", ["##  rollout:begin x", "# rollout:begin  x ", "\t# rollout:begin x\r"])
def test_a_marker_that_only_has_other_blanks_stays_as_it_is(line: str) -> None:
    content = f"{line}\nold\n# rollout:end x\n"
    assert spliced(content, "new\n", Spot(PurePosixPath("a.sh"), "x")).startswith(line)


def test_own_markers_are_used_and_found_again() -> None:
    spot = Spot(PurePosixPath("a.unheard"), "x", ("[[start ID]]", "[[stop ID]]"))
    there = spliced("a\n", "one\n", spot)
    assert there == "a\n\n[[start x]]\none\n[[stop x]]\n"
    assert spliced(there + "b\n", "two\n", spot) == "a\n\n[[start x]]\ntwo\n[[stop x]]\nb\n"


@pytest.mark.parametrize(
    "given",
    [("a ID",), ("a ID", "a ID"), ("a", "b ID"), ("ID", "b ID"), ("a\nID", "b ID"), ("ID ID", "b ID"), ("a ID",) * 3],
)
def test_own_markers_that_would_not_do_are_refused(given: tuple[str, ...]) -> None:
    assert markers.fault_of(given) is not None
    assert markers.fault_of(("{/* begin ID */}", "{/* end ID */}")) is None


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ("x\n<!-- rollout:begin new -->\n", 2),
        ("x\n\n<!-- rollout:end new -->\n", 3),
        (marked("") + marked(""), 3),
        ("<!-- rollout:begin a -->\n" + marked("") + "<!-- rollout:end a -->\n", 2),
        ("<!-- rollout:begin a -->\n<!-- rollout:end b -->\n", 2),
        ("\0", 1),
    ],
)
def test_what_leaves_no_place_for_a_block_is_told_with_its_line(content: str, line: int) -> None:
    with pytest.raises(MarkerError, match=f"^line {line}: "):
        spliced(content)


@pytest.mark.parametrize(
    "content", ["\ufeffa\n".encode("utf-16-le"), "\ufeffa\n".encode("utf-16-be"), "a\n".encode("utf-16-le")]
)
def test_utf_16_is_refused(content: bytes) -> None:
    with pytest.raises(MarkerError, match="UTF-8"):
        blocks.splice(content, b"one\n", OURS)


def test_bytes_that_are_no_text_stay_unless_they_would_be_mixed_with_utf_8() -> None:
    assert blocks.splice(b"\xe9\n", b"one\n", OURS).startswith(b"\xe9\n\n<!--")
    with pytest.raises(MarkerError, match="line 2: is not UTF-8, and the block's text is; save it as UTF-8"):
        blocks.splice(b"a\n\xe9\n", "é\n".encode(), OURS)


@pytest.mark.parametrize(
    "fence",
    [
        "```\n{}```\n",
        "~~~~ md\n```\n{}~~~~\n",
        "- item\n\n  ```\n{}  ```\n",
        "   ```\n{}   ````\n",
        "> ```\n\n```\n{}```\n",
    ],
)
def test_markers_in_a_fence_of_markdown_are_text(fence: str) -> None:
    inside = marked("x\n").replace("<", "  <").replace("x", "  x") if "item" in fence else marked("x\n")
    content = fence.format(inside)
    assert spliced(content) == content + "\n" + marked("one\n")
    assert "new" in blocks.find(content.encode(), Spot(PurePosixPath("a.sh"), "new"))


def _with_indent(indent: str) -> str:
    return "".join(f"{indent}{line}" for line in marked("x\n").splitlines(keepends=True))


@pytest.mark.parametrize("indent", ["    ", "\t", "  \t"])
@pytest.mark.parametrize("above", ["", "text\n\n", "# heading\n", "- item\n\ntext\n\n"])
def test_markers_in_an_indented_code_block_of_markdown_are_text(indent: str, above: str) -> None:
    content = f"{above}{_with_indent(indent)}"
    assert spliced(content) == content + "\n" + marked("one\n")
    assert "new" in blocks.find(content.encode(), Spot(PurePosixPath("a.mdx"), "new"))


@pytest.mark.parametrize("above", ["- item\n\n", "1. item\n\n", "text\n", "- item\n  - inner\n\n"])
def test_markers_that_only_stand_further_in_are_no_code(above: str) -> None:
    assert "new" in blocks.find(f"{above}{_with_indent('    ')}".encode(), Spot(PurePosixPath("a.md"), "new"))


@pytest.mark.parametrize(
    ("content", "body"),
    [("```\nopen\n", "one\n"), ("a\n", "```\nopen\n"), (marked("x\n"), "~~~\n"), ("", "```\n")],
)
def test_a_block_that_would_not_be_found_again_is_refused(content: str, body: str) -> None:
    with pytest.raises(MarkerError, match="fence"):
        spliced(content, body)


@pytest.mark.parametrize("fence", ["```", "~~~", "````md"])
def test_a_block_that_a_person_put_into_a_fence_is_gone_from_the_file(fence: str) -> None:
    file = Life("R.md", "# R\n", FileRule(Mode.BLOCK))
    file.lived("rule 1\n")
    first, then = marked("rule 1\n", "project"), marked("rule 2\n", "project")
    shown = f"# R\n\n{fence}\n{first}{fence.removesuffix('md')}\n\nbelow\n"
    file.text = shown
    for template in ("rule 1\n", "rule 2\n"):
        planned = file.plan(template)
        assert planned is not None
        assert planned.action is Action.DRIFT
    assert file.lived("rule 2\n") == f"{shown}\n{then}"
    assert file.plan("rule 2\n") is None


def test_a_text_in_a_fence_is_no_block_that_others_wrote() -> None:
    file = Life("R.md", "# R\n\n```\nrule 1\n```\n", FileRule(Mode.BLOCK))
    planned = file.plan("rule 1\n")
    assert planned is not None
    assert planned.action is Action.ADOPT
    whole = "```\nrule 1\n```\n"
    assert file.plan(whole) is None


def test_a_template_must_not_hold_markers_itself_but_may_show_them_in_a_fence() -> None:
    with pytest.raises(MarkerError, match="must not hold markers"):
        spliced("a\n", marked("x\n", "other"))
    assert OTHER in spliced("a\n", f"```\n{OTHER}```\n")


def test_line_ends_and_the_byte_order_mark_stay() -> None:
    there = "\ufeff" + marked("old\n").replace("\n", "\r\n") + "mine\n"
    assert spliced(there) == "\ufeff" + marked("one\n").replace("\n", "\r\n") + "mine\n"
    assert spliced("a\r\nb\r\nc\n") == "a\r\nb\r\nc\n\r\n" + marked("one\n").replace("\n", "\r\n")
    assert spliced("\ufeff") == "\ufeff" + marked("one\n")
    assert spliced("\ufeff" + marked("one\n", "old"), earlier="old") == "\ufeff" + marked("one\n")


def test_blank_lines_inside_the_markers_are_no_change_and_stay_with_the_next_one() -> None:
    padded = marked("\none\n  \n\n")
    assert spliced(padded) == padded
    assert spliced(padded, "\n\none") == padded
    assert spliced(padded, "two\n") == marked("\ntwo\n  \n\n")
    assert spliced(marked(""), "") == marked("")


OWN_MARKERS, OTHER_MARKERS = (text.replace("one\n", "").splitlines(keepends=True) for text in (ONE, OTHER))

ODD_PIECES = "\n|  \n|b\r\n|- c\n|    |> |\ufeff|é| <!--\n|-->\n|\r"

MORE_PIECES = f"a\n|```\n|~~~\n|# rollout:begin new\n|# rollout:end new\n|{ODD_PIECES}"

PIECES = st.sampled_from([*OWN_MARKERS, *OTHER_MARKERS, *MORE_PIECES.split("|")])


@given(st.lists(PIECES, max_size=9), st.lists(PIECES, max_size=3))
def test_whatever_stands_in_a_file_all_but_the_block_stays_to_the_byte(pieces: list[str], lines: list[str]) -> None:
    content, body = "".join(pieces).encode(), "".join(lines).encode()
    try:
        result = blocks.splice(content, body, OURS)
    except MarkerError:
        return
    before, after = blocks.find(content, OURS).get("new"), blocks.find(result, OURS)["new"]
    assert blocks.said(after.inner(result)) == blocks.said(body)
    assert blocks.splice(result, body, OURS) == result
    if before is None:
        assert result.startswith(content)
    else:
        assert result[: after.begin.start] == content[: before.begin.start]
        assert result[after.end.end :] == content[before.end.end :]


# --- renamed blocks


@pytest.mark.parametrize(
    ("there", "last", "found"),
    [
        (marked("one\n", "old"), None, "old"),  # nothing is remembered, but it says the very same
        (marked("else\n", "old"), None, None),
        (marked("else\n", "old"), marked("else\n", "old"), "old"),
        (marked("theirs\n", "other") + marked("else\n", "old"), marked("else\n", "old"), "old"),
        (marked("one\n", "a") + marked("else\n", "b"), marked("one\n", "a") + marked("else\n", "b"), "a"),
        (marked("one\n", "old") + marked("two\n"), marked("one\n", "old"), None),  # it is there already
        (marked("one\n", "theirs"), marked("one\n"), None),  # others gave it that id
        (marked("one\n", "theirs"), marked("one\n", "old"), None),
    ],
)
def test_the_earlier_id_of_our_block_is_known(there: str, last: str | None, found: str | None) -> None:
    before = None if last is None else last.encode()
    assert blocks.earlier_id(there.encode(), before, b"one\n", OURS) == found


def test_which_of_two_blocks_was_ours_is_not_guessed() -> None:
    two = (marked("x\n", "a") + marked("y\n", "b")).encode()
    with pytest.raises(MarkerError, match="'a', 'b'"):
        blocks.earlier_id(two, two, b"one\n", OURS)


# --- sections


SECTION = "## Event logging"

REPLACING = Spot(MD, "new", (), (SECTION,))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (f"# T\n\n{SECTION}\nold\n### deeper\nold\n\n## next\nb\n", f"# T\n\n{ONE}\n## next\nb\n"),
        (f"a\n\n{SECTION} ##\nold", f"a\n\n{ONE}"),
        ("a\n\nEvent  logging\n---\nold\n\nNext\n===\n", f"a\n\n{ONE}\nNext\n===\n"),
        (f"{SECTION}\n```\n# no heading\n```\nx\n# T\n", f"{ONE}# T\n"),
        (f"```\n{SECTION}\n```\n{SECTION}\n\n\n", f"```\n{SECTION}\n```\n{ONE}\n\n"),
        (f"a\r\n{SECTION}\r\nold\r\n\r\n# T\r\n", f"a\n{ONE}\n# T\n".replace("\n", "\r\n")),
        ("# Event logging\n", f"# Event logging\n\n{ONE}"),
        (f"> {SECTION}\n- {SECTION}\n", f"> {SECTION}\n- {SECTION}\n\n{ONE}"),
        (marked("old\n") + SECTION, marked("one\n") + SECTION),
    ],
)  # fmt: skip
def test_a_block_takes_the_place_of_its_section(before: str, after: str) -> None:
    assert spliced(before, "one\n", REPLACING) == after


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (f"{SECTION}\na\n{SECTION}\n", "lines 1 and 3"),
        (f"{SECTION}\n{OTHER}", "line 2: a block 'other'"),
        (marked(f"{SECTION}\nx\n", "other"), "a block 'other'"),
    ],
)
def test_which_section_is_replaced_is_never_guessed(content: str, words: str) -> None:
    with pytest.raises(MarkerError, match=words):
        spliced(content, "one\n", REPLACING)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("# T\n\n## B\nold\n\n## A\nold\n\n## Z\nz\n", f"# T\n\n{ONE}\n## Z\nz\n"),
        ("## A\nold\n\n---\n\n## Z\nz\n\n## B\nold\n\n\n## Y\n", f"{ONE}\n## Z\nz\n\n## Y\n"),
        ("## A\nold\n### C\nin it\n\n## Z\nz\n\n\n## B\nold\n\n", f"{ONE}\n## Z\nz\n"),
        ("## A\r\nold\r\n\r\n## Z\r\n\r\n## B\r\nold", f"{ONE}\n## Z\n".replace("\n", "\r\n")),
        ("```\n## A\n```\n## B\n", f"```\n## A\n```\n{ONE}"),
    ],
)  # fmt: skip
def test_a_block_takes_the_place_of_all_sections_that_are_named(before: str, after: str) -> None:
    assert spliced(before, "one\n", Spot(MD, "new", (), ("## A", "## B", "### C"))) == after


def test_headings_are_read_as_commonmark_reads_them() -> None:
    text = "# a #\n\n    # code\n\nb\nc\n---\n> # q\n\n<!--\n# x\n-->\n- # i\n\n##\n#no\n\\# no\n<div>\n# y\n\n### z\n"
    assert [(one.level, one.text) for one in markdown.outline(text).headings] == [
        (1, "a"),
        (2, "b c"),
        (2, ""),
        (3, "z"),
    ]


# --- what is planned


def change(
    content: str, written: str | None, body: str = "one\n", *, replaces: str | None = None, own: bool = True
) -> str:
    rule = FileRule(mode=Mode.BLOCK, replaces=(replaces,) if replaces else ())
    item = Managed(MD, Mode.BLOCK, body.encode(), False, rule, "new", "")
    last = {MD: Written(File(written.encode()), own=own)} if written is not None else {}
    found = change_for(item, Snapshot("", {MD: File(content.encode())}, last), Decisions())
    return "in-sync" if found is None else f"{found.action}: {found.cause}"


@pytest.mark.parametrize(
    ("there", "written", "expected"),
    [
        (marked("\none\n\n"), None, "in-sync"),
        (marked("\none\n\n"), marked("one\n"), "in-sync"),
        (marked("\nold\n\n"), marked("old\n"), "update: the template changed"),
        (marked("theirs\n"), marked("old\n"), "drift: others changed it"),
        (marked("one\n", "old"), marked("one\n", "old"), "update: the block 'old' is 'new' now"),
        (marked("other\n", "old"), marked("other\n", "old"), "update: the block 'old' is 'new' now"),
        (marked("theirs\n", "old"), marked("other\n", "old"), "drift: others changed it"),
        ("# rollout:begin new\none\n# rollout:end new\n", None, "update: its markers have another form now"),
        ("mine\n", None, "adopt: the file has no block 'new' yet"),
        ("mine\n", marked("one\n"), "drift: others changed it"),
    ],
)
def test_what_a_block_needs(there: str, written: str | None, expected: str) -> None:
    assert change(there, written) == expected


def test_the_byte_order_mark_of_a_template_stays_out_of_the_block() -> None:
    marked_body = "\ufeffone\n"
    assert change(ONE, ONE, marked_body) == "in-sync"
    assert change(marked(marked_body), marked(marked_body), marked_body) == "update: the template changed"


def test_a_block_that_another_target_wrote_is_not_taken_for_ours() -> None:
    assert (
        change(marked("x\n", "theirs"), marked("x\n", "theirs"), own=False) == "adopt: the file has no block 'new' yet"
    )


def test_replacing_a_section_is_an_adoption() -> None:
    expected = f"adopt: the file has no block 'new' yet; it takes the place of the section {SECTION!r}"
    assert change(f"{SECTION}\nold\n", None, replaces=SECTION) == expected
