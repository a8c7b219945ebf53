"""INI files of different programs: each is read and changed by the rules of its own program."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path, PurePosixPath

import pytest

from rollout.content.documents.document import Unmergeable
from rollout.content.documents.formats import format_of
from rollout.content.documents.match import Match
from rollout.content.documents.merge import MergedFile
from rollout.model.inventory import FormatName
from tests.corpus import merged

SPACED = ["ansible.cfg", "pylintrc", "platformio.ini", "supervisord.conf"]
COMMENTS = [*SPACED, ".gitconfig", ".npmrc", "php.ini"]
VALUES = ["setup.cfg", "tox.ini", "x.ini", ".editorconfig", "a.service", "x.desktop", "a.service.d/x.conf"]


def _listed() -> dict[str, bool]:
    """Return the names that the reference lists with how they are read, and whether it says to tell their format."""
    page = (Path(__file__).parents[3] / "docs/reference/modes.md").read_text()
    table = page.partition("INI files are read as")[2].split("\n\n")[1]
    cells = [row.split("|")[1] for row in table.splitlines()[2:]]
    return {name: "format: ini" in cell for cell in cells for name in re.findall(r"`([^` ]+)`", cell)}


def test_the_reference_says_of_which_names_the_format_has_to_be_told() -> None:
    known = {name: format_of(PurePosixPath(name.replace("*", "x")), None) is None for name in _listed()}
    assert {"pylintrc", "supervisord.conf", ".npmrc", "*.desktop"} <= set(known)
    assert known == _listed()


def _kind(name: str) -> MergedFile:
    return MergedFile(PurePosixPath(name), FormatName.INI, Match())


def _told(name: str, before: str, *templates: str) -> str:
    current, writes = before.encode(), list[tuple[bytes, bytes]]()
    for template in templates:
        after = merged(current, template.encode(), _kind(name), *writes)
        writes.append((current, after))
        current = after
    return current.decode()


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("name", COMMENTS)
def test_a_comment_behind_a_value_is_none_of_it_where_the_program_says_so(name: str, newline: str) -> None:
    before = "[s]\nport = 80 ; why\nx =  ; empty\nz = 1\n".replace("\n", newline)
    assert _told(name, before, "[s]\nport = 80\n") == before
    changed = before.replace("80", "81")
    assert _told(name, before, "[s]\nport = 81\n") == changed
    assert _told(name, before, "[s]\nport = 81\n", "") == before
    assert _told(name, before, "[s]\nx = 1\n") == before.replace("x =  ;", "x = 1  ;")
    added = _told(name, before, "[s]\nnew = 1 ; ours\n")
    assert added == before + f"new = 1 ; ours{newline}"
    assert _told(name, before, "[s]\nnew = 1 ; ours\n", "") == before


@pytest.mark.parametrize("name", VALUES)
def test_it_is_the_value_where_the_program_takes_it_for_that(name: str) -> None:
    before = "[s]\nport = 80 ; why # so\nz = 1\n"
    assert _told(name, before, "[s]\nport = 80 ; why # so\n") == before
    assert _told(name, before, "[s]\nport = 80\n") == "[s]\nport = 80\nz = 1\n"
    assert _told(name, before, "[s]\nport = 80\n", "") == before


@pytest.mark.parametrize(
    ("name", "line"),
    [
        (".gitconfig", 'v = "a ; b" # c'), (".gitconfig", "v = a#c"), (".npmrc", "v = a\\;b ; c"),
        ("php.ini", 'v = "a;b" ; c'), ("ansible.cfg", "v = a;b ; c"), ("pylintrc", "v = a#b # c"),
    ],
)  # fmt: skip
def test_a_mark_in_quotes_or_behind_a_backslash_begins_no_comment(name: str, line: str) -> None:
    before = f"[s]\n{line}\n"
    value = line.removeprefix("v = ").removesuffix("c").removesuffix("# ").removesuffix("; ").removesuffix("#").strip()
    assert _told(name, before, f"[s]\nv = {value}\n") == before
    assert _told(name, before, "[s]\nv = other\n", "") == before


@pytest.mark.parametrize(
    ("name", "exact"),
    [
        ("a.service", True), ("x.desktop", True), (".npmrc", True), ("php.ini", True), ("setup.cfg", False),
        (".editorconfig", False), (".gitconfig", False),
    ],
)  # fmt: skip
def test_the_case_of_keys_counts_where_the_program_tells_them_apart(name: str, *, exact: bool) -> None:
    before = "[Service]\nExecStart = 1\n"
    after = "[Service]\nExecStart = 1\nexecstart = 2\n" if exact else "[Service]\nExecStart = 2\n"
    assert _told(name, before, "[Service]\nexecstart = 2\n") == after


def test_a_message_names_a_key_as_the_program_spells_it() -> None:
    before = "[Service]\nExecStart=/a\nExecStart=/b\n"
    with pytest.raises(Unmergeable, match=r"line 3: the key \[Service\]\.ExecStart stands twice") as refused:
        _told("a.service", before, "[Service]\nExecStart=/c\n")
    assert "change it by hand" in str(refused.value)
    assert _told("a.service", before, "[Service]\nUser=x\n") == before + "User=x\n"
    with pytest.raises(Unmergeable, match=r"the key \[Service\]\.ExecStart stands twice"):
        _told("a.service", "[Service]\n", before)


TWICE = "[*]\nsize = 2\na = 1\n\n[*.md]\nx = 1\n\n[*]\n# here\nsize = 3\nb = 1\n\n[z]\nq = 1\n"


def test_a_section_that_stands_again_goes_on_and_the_key_that_counts_is_changed() -> None:
    name = ".editorconfig"
    assert _told(name, TWICE, "[*]\nsize = 3\na = 1\nb = 1\n") == TWICE
    assert _told(name, TWICE, "[*]\nsize = 4\n") == TWICE.replace("size = 3", "size = 4")
    assert _told(name, TWICE, "[*]\na = 4\n") == TWICE.replace("a = 1", "a = 4")
    assert _told(name, TWICE, "[*]\nc = 4\n") == TWICE.replace("b = 1\n", "b = 1\nc = 4\n")
    assert _told(name, TWICE, "root = true\n") == "root = true\n\n" + TWICE
    for template in (
        "[*]\nsize = 4\n",
        "[*]\na = 4\n",
        "[*]\nc = 4\n",
        "[*]\nsize = 2\nb = 2\n",
        "root = true\n[y]\nt = 1\n",
    ):
        assert _told(name, TWICE, template, "") == TWICE
    assert _told(".gitconfig", "[Alias]\na = 1\n[x]\n[alias]\nb = 1\n", "[alias]\na = 2\nc = 3\n") == (
        "[Alias]\na = 2\n[x]\n[alias]\nb = 1\nc = 3\n"
    )
    with pytest.raises(Unmergeable, match=r"line 3: the key \[a\] stands twice"):
        _told("setup.cfg", "[a]\nx = 1\n[a]\ny = 1\n", "[a]\nx = 2\n")


def test_a_key_that_stands_again_counts_where_it_stands_last() -> None:
    before = "[*]\nsize = 2\nsize = 3\n"
    assert _told(".editorconfig", before, "[*]\nsize = 4\n") == "[*]\nsize = 2\nsize = 4\n"
    assert _told(".editorconfig", before, "[*]\nsize = 3\n") == before
    assert _told(".npmrc", "a=1\na=2\nl[]=1\nl[]=2\n", "a=3\n") == "a=1\na=3\nl[]=1\nl[]=2\n"
    with pytest.raises(
        Unmergeable, match=r"the key l\[\] stands twice, and every line of it counts; change it by hand"
    ):
        _told(".npmrc", "l[]=1\nl[]=2\n", "l[]=3\n")


@pytest.mark.parametrize(
    ("name", "before", "template", "after"),
    [
        (".editorconfig", "[*]\na = 1\n  b = 2\n", "[*]\na = 3\n", "[*]\na = 3\n  b = 2\n"),
        (".gitconfig", "[core]\na = 1\n\tb = 2\n", "[core]\na = 3\n", "[core]\na = 3\n\tb = 2\n"),
        (".gitconfig", "[alias]\n\tl = log \\\n\t--oneline\n\tx = 1\n", "[alias]\nl = log\n",
         "[alias]\n\tl = log\n\tx = 1\n"),
        ("a.service", "[Service]\nExecStart=/a \\\n[b]\nUser=x\n", "[Service]\nExecStart=/c\n",
         "[Service]\nExecStart=/c\nUser=x\n"),
        (".npmrc", "@me:registry=https://a\n//a/:_authToken=${T}\n//a/:email=x\n", "@me:registry=https://b\n",
         "@me:registry=https://b\n//a/:_authToken=${T}\n//a/:email=x\n"),
        ("setup.cfg", "[a]\nb =\n  1\nc: 2\n", "[a]\nb = 2\n", "[a]\nb = 2\nc: 2\n"),
        ("ansible.cfg", "[a]\nb = 1 ; x\n", "[a]\nb = 1\nc = 2\n", "[a]\nb = 1 ; x\nc = 2\n"),
    ],
)  # fmt: skip
def test_a_value_goes_on_as_its_program_says(name: str, before: str, template: str, after: str) -> None:
    assert _told(name, before, template) == after
    assert _told(name, before, template, "") == before


def test_what_only_rollout_wrote_in_a_section_that_others_began_again_goes_away() -> None:
    made = _told(".editorconfig", "", "[*]\nsize = 4\n")
    again = made + "\n[*]\nmine = 1\n"
    after = merged(again.encode(), b"root = true\n", _kind(".editorconfig"), (b"", made.encode())).decode()
    assert after == "root = true\n\n[*]\n\n[*]\nmine = 1\n"


@pytest.mark.parametrize(
    ("before", "template", "after"),
    [
        ("[a]\n\tb = 1\n", "[c]\nd = 2\n", "[a]\n\tb = 1\n\n[c]\n\td = 2\n"),
        ("[a]\nb = 1\n", "[c]\n\td = 2\n", "[a]\nb = 1\n\n[c]\nd = 2\n"),
        ("# mine\n", "[c]\n\td = 2\n", "# mine\n\n[c]\n\td = 2\n"),
        ("[a]\n\tb = 1\n[c]\n", "[c]\nd = 2\n", "[a]\n\tb = 1\n[c]\n\td = 2\n"),
        ("[a]\n\tb = 1\n", "[a]\nc = 2;two\nd = 3  # three\n", "[a]\n\tb = 1\n\tc = 2;two\n\td = 3  # three\n"),
    ],
)
def test_what_is_new_is_indented_as_its_neighbours_and_keeps_its_comments_place(
    before: str, template: str, after: str
) -> None:
    assert _told(".gitconfig", before, template) == after
    assert _told(".gitconfig", before, template, "") == before


_CLEANUP = """[alias]
    cleanup = "!f() { \\
        git branch --merged | grep -v 'main; x' # all; \\
    # b = 1 \\
[c] \\
    }; f"  # behind
    b = 2 \\
    ; ends it \\
    d = 3
[user]
    name = Bo
"""


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_quotes_of_git_stay_open_where_a_value_goes_on(newline: str, tmp_path: Path) -> None:
    before = _CLEANUP.replace("\n", newline)
    said = _git_says(before, tmp_path)
    assert said.keys() == {"alias.cleanup", "alias.b", "alias.d", "user.name"}
    for key, value in said.items():
        section, name = key.split(".")
        after = _told(".gitconfig", before, f"[{section}]\n{name} = new\n")
        assert _git_says(after, tmp_path) == {**said, key: "new"}, value
        assert _told(".gitconfig", before, f"[{section}]\n{name} = new\n", "") == before
    new = _told(".gitconfig", before, "[alias]\nnew = !x\n[color]\nui = auto\n")
    assert _git_says(new, tmp_path) == {**said, "alias.new": "!x", "color.ui": "auto"}
    copied = _told(".gitconfig", "[user]\n\tname = Bo\n[alias]\n\t\tx = 1\n".replace("\n", newline), _CLEANUP)
    assert _git_says(copied, tmp_path) == {**said, "alias.x": "1"}


@pytest.mark.parametrize(
    ("before", "template", "after"),
    [
        ("[core] bare = true # b\n\tx = 1\n", "[core]\nbare = false\n", "[core] bare = false # b\n\tx = 1\n"),
        ("[core] bare\n[a]\n\tx = 1\n", "[core]\ny = 1\n[a]\nx = 2\n", "[core] bare\n\ty = 1\n[a]\n\tx = 2\n"),
        ("[core] bare\n", "[core]\n\ty = 1\n[a]\n\tx = 2\n", "[core] bare\n\ty = 1\n\n[a]\n\tx = 2\n"),
        ('[a "x]y"] b = [c]\n', '[a "x]y"]\nb = d\n', '[a "x]y"] b = d\n'),
        ("[core] ; see [x]\n\ta = 1\n", "[core]\na = 2\n", "[core] ; see [x]\n\ta = 2\n"),
    ],
)
def test_a_key_of_git_may_stand_behind_its_section(before: str, template: str, after: str) -> None:
    assert _told(".gitconfig", before, template) == after
    assert _told(".gitconfig", before, template, "") == before


def _git_says(text: str, folder: Path) -> dict[str, str]:
    file = folder / "config"
    file.write_bytes(text.encode())
    command = ["git", "config", "-z", "-f", str(file), "--list"]
    said = subprocess.run(command, capture_output=True, check=True).stdout.decode()
    return {key: value for key, _, value in (one.partition("\n") for one in said.split("\0")[:-1])}
