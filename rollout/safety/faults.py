"""A fault of one file or one target, whatever raised it, in the words of a message: the line, and what is wrong."""

from __future__ import annotations

from rollout.safety.shown import redact


def in_words(error: Exception) -> str:
    """Return a fault in one line: one in the text that was read, or else one of our own, with its place in our code."""
    mark = getattr(error, "problem_mark", None)  # as YAML parsers report it
    if mark is not None:
        return f"line {mark.line + 1}: {getattr(error, 'problem', None) or 'cannot be read'}"
    if isinstance(error, UnicodeDecodeError):
        return f"line {error.object.count(10, 0, error.start) + 1}: is not text in {error.encoding.upper()}"
    if isinstance(error, UnicodeEncodeError):
        return f"holds a character that no file can hold (U+{ord(error.object[error.start]):04X})"
    if isinstance(error, RecursionError):
        return "is nested too deeply"
    if isinstance(error, MemoryError):
        return "takes more memory than there is"
    return own(error)


def own(error: Exception) -> str:
    """Return a fault of our own with where it happened."""
    at = error.__traceback__
    while at is not None and at.tb_next is not None:
        at = at.tb_next
    where = "" if at is None else f" ({at.tb_frame.f_globals.get('__name__', '?')}:{at.tb_lineno})"
    return redact(f"a fault of rollout's own: {type(error).__name__}: {first_line(str(error))}{where}")


def first_line(text: str) -> str:
    return text.strip().split("\n", 1)[0]
