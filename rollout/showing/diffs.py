"""Differences as text."""

from __future__ import annotations

from msgspec import Struct

from rollout.model.action import Action
from rollout.model.files import File
from rollout.model.plan import Change
from rollout.safety.shown import plain
from rollout.showing.colour import Paint

_MAX_DIFF_LINES = 400
_OF_HEAD = {"+": "bold", "-": "bold"}  # the names of the files
_OF_LINE = {"@": "cyan", "+": "green", "-": "red"}


def diff_of(change: Change, before_name: str = "a", after_name: str = "b") -> str:
    """Return the unified diff of a change, with mode changes as git writes them; binary files in one line.

    A change that could not be decided has none: its result is not known.
    """
    if change.action is Action.ERROR:
        return ""
    return file_diff(change.before, change.after, str(change.path), before_name, after_name)


def file_diff(old: File | None, new: File | None, path: str, before_name: str = "a", after_name: str = "b") -> str:
    lines = []
    one, two = (old.content if old else b""), (new.content if new else b"")
    if one == two:
        lines.append(f"diff {before_name}/{path} {after_name}/{path}\n")  # otherwise no line would name the file
    if old is not None and new is not None and old.mode != new.mode:
        lines += [f"old mode {old.mode}\n", f"new mode {new.mode}\n"]
    elif old is None and new is not None:
        lines.append(f"new file mode {new.mode}\n")
    elif old is not None and new is None:
        lines.append(f"deleted file mode {old.mode}\n")
    if one == two:
        return "".join(lines)
    texts = [_text(one), _text(two)]
    if texts[0] is None or texts[1] is None:
        return "".join([*lines, f"Binary files differ: {len(one):,} and {len(two):,} bytes\n"])
    sides = (f"{before_name}/{path}" if old else "/dev/null", f"{after_name}/{path}" if new else "/dev/null")
    import difflib

    for line in difflib.unified_diff(_lines(texts[0]), _lines(texts[1]), *sides):
        lines.append(line if line.endswith("\n") else line + "\n\\ No newline at end of file\n")
    return "".join(lines)


def _text(content: bytes) -> str | None:
    if b"\0" in content[:8000]:
        return None
    try:
        return content.decode()
    except UnicodeDecodeError:
        return None


def _lines(text: str) -> list[str]:
    parts = text.split("\n")
    return [part + "\n" for part in parts[:-1]] + ([parts[-1]] if parts[-1] else [])


class ChangedLines(Struct, frozen=True):
    """What a diff changes, without what stands around it and where: modes and sides, and the lines that go and come."""

    head: tuple[str, ...]
    lines: tuple[str, ...]

    @property
    def number(self) -> int:
        """Return how many lines change: one that is another now goes and comes, and is one."""
        return max(sum(line.startswith(sign) for line in self.lines) for sign in "-+")


def changed(text: str) -> ChangedLines:
    """Return what a diff changes."""
    lines = _lines_of(text)
    start = next((i for i, line in enumerate(lines) if line.startswith("@@")), len(lines))
    return ChangedLines(
        tuple(lines[:start]), tuple(line for line in lines[start:] if line.startswith(("+", "-", "\\")))
    )


def paint_diff(text: str, paint: Paint, indent: str = "    ") -> str:
    """Colour a diff, and remove what would control the terminal."""
    out, in_head = [], True
    for line in _lines_of(text):
        in_head = in_head and not line.startswith("@@")
        style = (_OF_HEAD if in_head else _OF_LINE).get(line[:1])
        out.append(indent + (plain(line) if style is None else paint(plain(line), style)))
    return "\n".join(out)


def _lines_of(diff: str) -> list[str]:
    """Return the lines of a diff: in the text of a file, other characters end lines, too."""
    return [line.removesuffix("\r") for line in diff.removesuffix("\n").split("\n")] if diff else []


def cut(text: str) -> str:
    lines = text.splitlines(keepends=True)
    if len(lines) <= _MAX_DIFF_LINES:
        return text
    return "".join(lines[:_MAX_DIFF_LINES]) + f"... {len(lines) - _MAX_DIFF_LINES:,} more lines (-v shows them)\n"
