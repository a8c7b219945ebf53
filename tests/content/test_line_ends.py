"""What is decided about attributes and line ends without git is what git decides."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rollout.content import attributes, line_ends
from rollout.content.line_ends import AutoCrlf, LineEnds
from rollout.content.patterns import matches, matches_exactly
from rollout.model.line_ends import Conversion
from tests.world import World

ATTRIBUTES = [
    "",
    "* text=auto",
    "*.txt text\n*.bin binary",
    "* text=auto eol=crlf\n*.sh eol=lf",
    "* -text\ndocs/** text",
    "[attr]mine text eol=lf\n*.txt mine",
    "*.txt crlf=input\n*.bin -crlf",
    "/a.txt eol=crlf\nsub/*.txt eol=lf\n**/deep/*.txt -text",
    '*.[ts]?t text\n!a.txt text\n"a.txt" -text',
    "*.txt !text eol=crlf",
    "*.txt filter=lfs ident working-tree-encoding=UTF-16",
]

PATHS = ["a.txt", "b.sh", "c.bin", "docs/a.txt", "sub/a.txt", "x/deep/a.txt", "sub/x/a.txt"]


@pytest.mark.parametrize("text", ATTRIBUTES)
def test_attributes_are_looked_up_as_git_does(world: World, text: str) -> None:
    world.write("r", {".gitattributes": text + "\n", "sub/.gitattributes": "b* -text\n"})
    world.git("r", "init", "-q")
    names = ["text", "eol", "crlf", "filter", "ident", "working-tree-encoding"]
    said = world.git("r", "check-attr", *names, "--", *PATHS)
    files = [attributes.parse((text + "\n").encode()), attributes.parse(b"b* -text\n", "sub")]
    for line in said.splitlines():
        path, name, value = line.split(": ")
        assert attributes.lookup(files, path).get(name, "unspecified") == value, (path, name)


CONTENTS = (b"a\nb\n", b"a\r\nb\r\n", b"a\nb\r\n", b"\x00\n", b"a\rb\n", b"x")


@pytest.mark.parametrize("text", ATTRIBUTES[:-1])
@pytest.mark.parametrize("autocrlf", ["false", "true", "input"])
def test_what_is_stored_and_written_out_is_what_git_stores_and_writes(world: World, text: str, autocrlf: str) -> None:
    world.git(world.root, "init", "-q", "r")
    by_git = _ByGit(world.root / "r", text, autocrlf)
    person = LineEnds(AutoCrlf(autocrlf))
    files = [attributes.parse((text + "\n").encode())]
    written = by_git.written()
    for content in CONTENTS:
        stored = by_git.stored(content)
        for path in _NAMES:
            found = attributes.lookup(files, path)
            assert line_ends.to_work_tree(content, found, person) == written[content, path], (content, path)
            how = line_ends.conversion(found)
            if how is not Conversion.BINARY or not line_ends.unspecified(found) or autocrlf == "false":
                assert _id(line_ends.to_repository(content, how)) == stored[path], (content, path)


_NAMES = ("a.txt", "b.sh")
_BEGINS = "-- the next one --"  # git says of a filtered one how long it was before


class _ByGit:
    """What git makes of every content under these attributes."""

    def __init__(self, repository: Path, text: str, autocrlf: str) -> None:
        self._repository, self._attributes = repository, text + "\n"
        self._options = ("-c", f"core.autocrlf={autocrlf}", "-c", "core.safecrlf=false")

    def written(self) -> dict[tuple[bytes, str], bytes]:
        """Return what it writes out, for each content and path."""
        top = self._repository
        (top / ".gitattributes").write_text(self._attributes)
        for number, content in enumerate(CONTENTS):
            (top / str(number)).write_bytes(content)
        names = "".join(f"{number}\n" for number in range(len(CONTENTS))).encode()
        _git(top, "hash-object", "-w", "--no-filters", "--stdin-paths", stdin=names)
        rows = [(content, path) for content in CONTENTS for path in _NAMES]
        asked = "".join(f"{_id(content)} {path}\n" for content, path in rows).encode()
        out = _git(top, *self._options, "cat-file", f"--batch={_BEGINS}", "--filters", stdin=asked)
        parts = out.split(f"{_BEGINS}\n".encode())[1:]
        return {row: part.removesuffix(b"\n") for row, part in zip(rows, parts, strict=True)}

    def stored(self, content: bytes) -> dict[str, str]:
        """Return the ids of what it stores of files with a content."""
        for name in _NAMES:
            (self._repository / name).write_bytes(content)
        names = "".join(f"{name}\n" for name in _NAMES).encode()
        ids = _git(self._repository, *self._options, "hash-object", "--stdin-paths", stdin=names)
        return dict(zip(_NAMES, ids.decode().split(), strict=True))


def _id(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def _git(where: Path, *arguments: str, stdin: bytes = b"") -> bytes:
    return subprocess.run(["git", *arguments], cwd=where, input=stdin, capture_output=True, check=True).stdout


PATTERN = st.text(alphabet="ab*?/[]!.\\", min_size=1, max_size=8).filter(
    lambda p: not p.startswith(("!", "#")) and p.strip("/") and not p.endswith("\\")
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(PATTERN, st.lists(st.text(alphabet="ab.", min_size=1, max_size=3), min_size=1, max_size=3))
def test_patterns_cover_paths_as_gitignore_does(tmp_path: Path, pattern: str, parts: list[str]) -> None:
    if any(part in {".", ".."} for part in parts):
        return
    path = "/".join(parts)
    if not (tmp_path / ".git").exists():
        _git(tmp_path, "init", "-q")
    (tmp_path / ".git/info/exclude").write_text(pattern + "\n")
    done = subprocess.run(
        ["git", "check-ignore", "-q", "--no-index", path], cwd=tmp_path, capture_output=True, check=False
    )
    if done.returncode == 128:
        return
    assert matches(pattern, path) == (done.returncode == 0)


# Where git's reading of a pattern surprises: many stars, stars after a literal beginning, escapes, broken brackets.
ODD_PATTERNS = (
    "/**", "/****", "****", "a**", "a**/b", "**/a", "a/**/b", "a/**", "x.y**/**", "*\\/**", "**/**[[:xdigit:]]",
    "[!a]", "[^b]", "[a", "[a-", "[]a]", "[[:punct:]]", "[[:nosuch:]]", "\\", "/\\", "\\*", "a/", "é", "[--0]",
)  # fmt: skip

ODD_PATHS = ("a", "b", "a/b", "a/b/c", "b/a", "x.y", "a/x.y", "ab", "a*b", "*", "-", "]", "\\", "é", "a/é", "a/.b", "1")


def test_attributes_patterns_name_the_same_paths_as_for_git(tmp_path: Path) -> None:
    _git(tmp_path, "init", "-q")
    lines = [f"{pattern} m{number}\n" for number, pattern in enumerate(ODD_PATTERNS)]
    (tmp_path / ".gitattributes").write_text("".join(lines))
    said = _git(tmp_path, "check-attr", "-a", "-z", "--stdin", stdin="\0".join(ODD_PATHS).encode()).decode().split("\0")
    by_git = {(path, ODD_PATTERNS[int(name[1:])]) for path, name in zip(said[::3], said[1::3], strict=False)}
    ours = {(path, pattern) for path in ODD_PATHS for pattern in ODD_PATTERNS if matches_exactly(pattern, path)}
    assert ours == by_git
