"""After `rollout take` the target is in sync, and only those line ends of a template changed that a person changed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from rollout.content import kept_ends
from rollout.planning import taking
from tests.world import World

BOM = b"\xef\xbb\xbf"

# template, what the person makes of the file, and the template afterwards; None where it is refused
CASES: dict[str, tuple[bytes, bytes, bytes | None]] = {
    "crlf.ini": (b"[a]\r\nx=1\r\ny=2\r\n", b"[a]\r\nx=9\r\ny=2\r\n", b"[a]\r\nx=9\r\ny=2\r\n"),
    "mixed.ini": (b"[a]\r\nx=1\ny=2\r\n", b"[a]\r\nx=1\ny=3\r\n", b"[a]\r\nx=1\ny=3\r\n"),
    "lone.txt": (b"one\rtwo\nthree\r\n", b"one\rzwei\nthree\r\n", b"one\rzwei\nthree\r\n"),
    "bom.txt": (BOM + b"one\r\ntwo\r\n", BOM + b"one\r\nzwei\r\n", BOM + b"one\r\nzwei\r\n"),
    "to-crlf.txt": (b"one\ntwo\n", b"one\r\ntwo\r\n", b"one\r\ntwo\r\n"),
    "to-lf.txt": (b"one\r\ntwo\r\n", b"one\ntwo\n", b"one\ntwo\n"),
    "one-line.txt": (b"one\ntwo\n", b"one\r\ntwo\n", b"one\r\ntwo\n"),
    "no-end.txt": (b"one\r\ntwo", b"one\r\ntwo\r\n", b"one\r\ntwo\r\n"),
    "crlf.j2.j2": (b"[{{ who }}]\r\nx=1\r\n", b"[world]\r\nx=9\r\nz=1\r\n", b"[{{ who }}]\r\nx=9\r\nz=1\r\n"),
    "mixed.j2.j2": (b"[{{ who }}]\r\nx=1\ny=2\r\n", b"[world]\r\nx=1\r\ny=3\r\n", b"[{{ who }}]\r\nx=1\ny=3\r\n"),
    "to-crlf.j2.j2": (b"[{{ who }}]\nx=1\n", b"[world]\r\nx=2\r\n", b"[{{ who }}]\r\nx=2\r\n"),
    "to-lf.j2.j2": (b"[{{ who }}]\r\nx=1\r\n", b"[world]\nx=1\n", b"[{{ who }}]\nx=1\n"),
    "one-line.j2.j2": (b"[{{ who }}]\nx=1\n", b"[world]\r\nx=1\n", None),
    "lone.j2.j2": (b"[{{ who }}]\nx=1\n", b"[world]\nx=1\ry\n", None),
    "bom.j2.j2": (BOM + b"{{ who }}\nx\n", b"world\nx\n", b"{{ who }}\nx\n"),
    "no-end.j2.j2": (b"[{{ who }}]\r\nx=1", b"[world]\r\nx=1\r\ny", b"[{{ who }}]\r\nx=1\r\ny"),
    "text.crlf": (b"one\r\ntwo\r\nthree\r\n", b"one\nzwei\nthree\nfour\n", b"one\r\nzwei\r\nthree\r\nfour\r\n"),
    "text.block.md": (b"one\r\ntwo\r\n", b"T\r\n\r\nM1\r\none\r\nzwei\r\nM2\r\n", b"one\r\nzwei\r\n"),
}


def test_a_taken_file_is_in_sync_and_other_lines_of_its_template_end_as_they_did(world: World) -> None:
    """One repository with every kind of line end; what cannot be said is refused, and its template stays."""
    world.tail = "files:\n  '*.block.md': {mode: block}\n"
    world.repo("api", {".gitattributes": "*.crlf text\n"})
    for name, (before, _, _) in CASES.items():
        world.template(f"project/{name}", before)
    assert world.run("apply", "--yes").code == 0
    marks = [f"<!-- rollout:{end} project -->".encode() for end in ("begin", "end")]
    theirs = {name.removesuffix(".j2"): text for name, (_, text, _) in CASES.items()}
    theirs["text.block.md"] = theirs["text.block.md"].replace(b"M1", marks[0]).replace(b"M2", marks[1])
    world.elsewhere("api", theirs)
    ran = {name: world.run("take", "api", name.removesuffix(".j2"), "--yes") for name in CASES}
    refused = {name for name, (_, _, after) in CASES.items() if after is None}
    assert {name for name, one in ran.items() if one.code} == refused, [one.err for one in ran.values()]
    after = {name: (world.root / "templates/project" / name).read_bytes() for name in CASES}
    assert after == {name: before if wanted is None else wanted for name, (before, _, wanted) in CASES.items()}
    (target,) = world.run("plan", "--json").json["targets"]
    assert {change["path"] for change in target["changes"]} == {name.removesuffix(".j2") for name in refused}
    assert "line 1 ends in CRLF and others in LF" in ran["one-line.j2.j2"].err


def test_line_ends_that_the_attributes_do_not_let_through_are_refused(world: World) -> None:
    """Somebody stored CRLF in spite of the attributes: what rollout writes there always has LF."""
    world.repo("api", {".gitattributes": "*.txt text\n"})
    world.template("project/a.txt", "one\ntwo\n")
    assert world.run("apply", "--yes").code == 0
    there = world.clone("api", "api.bob")
    world.write(".", {"stored": "one\r\ntwo\r\n"})
    blob = world.git(there, "hash-object", "-w", "--no-filters", str(world.root / "stored"))
    world.git(there, "update-index", "--cacheinfo", f"100644,{blob},a.txt")
    world.git(there, "commit", "-q", "-m", "mine")
    world.git(there, "push", "-q", "origin", "HEAD")
    ran = world.run("take", "api", "a.txt", "--yes")
    assert (ran.code, "end its lines otherwise" in ran.err) == (4, True), ran.err
    assert (world.root / "templates/project/a.txt").read_bytes() == b"one\ntwo\n"


line = some.tuples(some.sampled_from(["", "a", "b{", "cc"]), some.sampled_from(["\n", "\r\n"]))
texts = some.lists(line, max_size=6).map(lambda lines: "".join(word + end for word, end in lines))


@given(texts, texts)
def test_edits_leave_the_ends_of_other_lines(text: str, wanted: str) -> None:
    """The edited template says what is wanted, and as long a tail and head as both share keep their bytes."""
    plain, aim = text.replace("\r\n", "\n"), wanted.replace("\r\n", "\n")
    edited = taking.edited(text, taking.differences(plain, aim))
    assert edited.replace("\r\n", "\n") == aim
    assert edited == text or plain != aim


@given(texts, texts)
def test_a_text_keeps_its_own_line_ends_where_the_wanted_one_says_the_same(text: str, wanted: str) -> None:
    """`told` is the text as the repository has it; what a person changes there says exactly what they wrote."""
    own, told = text.encode(), text.replace("\r\n", "\n").encode()
    aim = wanted.replace("\r\n", "\n").encode()
    made = kept_ends.like(own, told, aim)
    assert made.replace(b"\r\n", b"\n") == aim
    assert made == own or told != aim
    assert kept_ends.like(own, own, wanted.encode()) == wanted.encode()


@pytest.mark.parametrize(("text", "line"), [(b"a\nb\n", None), (b"a\nb\r\nc", 2), (b"a", None), (b"a\r\n", 1)])
def test_the_first_line_that_ends_otherwise(text: bytes, line: int | None) -> None:
    assert kept_ends.other_end(text, b"\n") == line
