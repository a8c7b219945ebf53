"""A managed block inside somebody else's file: find it, replace it, leave the rest to the byte."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from msgspec import Struct

_HTML = {".md", ".markdown", ".mdx", ".html", ".htm", ".xml", ".svg", ".vue", ".rst", ""}
_SLASHES = {
    ".c", ".cc", ".cpp", ".cs", ".dart", ".go", ".h", ".hpp", ".java", ".js", ".json5", ".jsonc", ".jsx", ".kt",
    ".mjs", ".cjs", ".php", ".proto", ".rs", ".scala", ".scss", ".swift", ".ts", ".tsx", ".zig",
}  # fmt: skip
_HASH_NAMES = {
    "makefile", "dockerfile", "containerfile", "gemfile", "rakefile", "vagrantfile", "justfile", "codeowners",
    "procfile", ".gitignore", ".gitattributes", ".dockerignore", ".editorconfig", ".env", ".envrc", ".bashrc",
    ".profile", ".zshrc", ".gitconfig",
}  # fmt: skip
_ANY = re.compile(rb"rollout:(begin|end)[ \t]+(\S+?)[ \t]*(?:-->)?[ \t]*\r?\Z")
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*\Z")


class MarkerError(ValueError):
    """The markers of a block are missing one half, doubled or nested: a person has to mend the file."""


class Block(Struct, frozen=True):
    """Where a block stands: `start` and `end` of what is between the markers, in bytes."""

    start: int
    end: int
    inner: bytes


def valid_id(block_id: str) -> bool:
    return _ID.match(block_id) is not None


def markers(path: PurePosixPath, block_id: str) -> tuple[bytes, bytes]:
    """Return the two marker lines, without line end, in the comment form of the file's type."""
    name, suffix = path.name.lower(), path.suffix.lower()
    if name in _HASH_NAMES or name.startswith((".env", "dockerfile.")):
        form = "# {}"
    elif suffix in _SLASHES:
        form = "// {}"
    elif suffix in _HTML:
        form = "<!-- {} -->"
    else:
        form = "# {}"
    return form.format(f"rollout:begin {block_id}").encode(), form.format(f"rollout:end {block_id}").encode()


def find(content: bytes, block_id: str, path: PurePosixPath) -> Block | None:
    """Return the block of that id, or None where neither marker stands.

    Raises MarkerError for half, doubled, nested or crossed markers, of this block or around it.
    """
    opened: tuple[bytes, int] | None = None
    found: dict[bytes, Block] = {}
    at = 0
    wanted = block_id.encode()
    for line in _lines(content):
        mark = _marker(line)
        if mark is not None:
            kind, name = mark
            number = content.count(b"\n", 0, at) + 1
            if kind == b"begin":
                if opened is not None:
                    raise MarkerError(f"line {number}: block {_show(name)} begins inside block {_show(opened[0])}")
                if name in found:
                    raise MarkerError(f"line {number}: block {_show(name)} begins a second time")
                opened = (name, at + len(line))
            else:
                if opened is None or opened[0] != name:
                    raise MarkerError(f"line {number}: block {_show(name)} ends but did not begin")
                found[name] = Block(opened[1], at, content[opened[1] : at])
                opened = None
        at += len(line)
    if opened is not None:
        raise MarkerError(f"block {_show(opened[0])} begins but does not end")
    return found.get(wanted)


def _lines(content: bytes) -> list[bytes]:
    return re.findall(rb"[^\n]*\n|[^\n]+\Z", content)


def _marker(line: bytes) -> tuple[bytes, bytes] | None:
    text = line.strip()
    if not text.startswith((b"<!--", b"#", b"//")) or b"rollout:" not in text:
        return None
    stripped = text.removeprefix(b"<!--").removeprefix(b"//").lstrip(b"#").strip()
    match = _ANY.match(stripped)
    return (match[1], match[2]) if match else None


def _show(name: bytes) -> str:
    return repr(name.decode("utf-8", "replace"))


def splice(content: bytes | None, body: bytes, block_id: str, path: PurePosixPath) -> bytes:
    """Return the file with `body` as the block; a file without one gets it appended."""
    begin, end = markers(path, block_id)
    block = find(content, block_id, path) if content else None
    newline = _newline(content or b"", block)
    inner = body.replace(b"\r\n", b"\n").replace(b"\n", newline)
    if inner and not inner.endswith(newline):
        inner += newline
    whole = begin + newline + inner + end + newline
    if not content:
        return whole
    if block is not None:
        return content[: block.start] + inner + content[block.end :]
    gap = b"" if content.endswith(b"\n") else newline
    return content + gap + newline + whole


def _newline(content: bytes, block: Block | None) -> bytes:
    """Return the line end in use: that of the block's own marker, else that of the file."""
    if block is not None:
        return b"\r\n" if content[: block.start].endswith(b"\r\n") else b"\n"
    return b"\r\n" if b"\r\n" in content else b"\n"


def inner(content: bytes, block_id: str, path: PurePosixPath) -> bytes | None:
    """Return what stands between the markers, line ends as LF, or None where there is no block."""
    block = find(content, block_id, path)
    return None if block is None else block.inner.replace(b"\r\n", b"\n")
