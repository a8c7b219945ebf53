"""How kinds of INI files differ, each by its own documentation; one that is not known is read as by configparser."""

from __future__ import annotations

import re
from enum import Enum
from pathlib import PurePosixPath

from msgspec import Struct


class GoesOn(Enum):
    """How a value goes on in the next line."""

    NEVER = 0
    INDENTED = 1  # by its indentation
    BACKSLASH = 2  # after a backslash


class Dialect(Struct, frozen=True):
    """One kind of INI file; what is not said is as Python's configparser reads it."""

    comment: str = ""  # a pattern that finds where a comment behind a value begins
    quotes: str = ""  # what begins a comment but not in quotes, which stay open where a value goes on in the next line
    exact: bool = False  # keys keep their case
    delimiters: str = "=:"
    goes_on: GoesOn = GoesOn.INDENTED
    joins: bool = False  # a section that stands again goes on
    last_wins: bool = False  # of a key that stands again only the last one counts
    lists: bool = False  # a key may stand several times, and every line of it counts
    sections_fold: bool = False  # sections ignore case, but for what stands in quotes
    headed: bool = False  # a key may stand behind its section, on the same line

    def length(self, written: str, *, quoted: bool = False) -> tuple[int, bool]:
        """Return how long a line of a value is without its comment, and whether quotes are open at its end."""
        if self.quotes:
            return _quotes(written, self.quotes, quoted)
        found = re.search(self.comment, written) if self.comment else None
        return (found.start("mark") if found else len(written)), False

    @property
    def comments_end(self) -> bool:
        """Tell whether a line that is a comment ends a value that goes on after a backslash."""
        return bool(self.quotes)

    def key(self, written: str) -> str:
        return written if self.exact else written.lower()

    def section(self, written: str) -> str:
        name, quote, rest = written.partition('"')
        return (name.lower() if self.sections_fold else name) + quote + rest

    def is_list(self, key: str) -> bool:
        """Tell whether every line of a key counts; `key[]` is npm's list."""
        return self.lists or (self.last_wins and key.endswith("[]"))

    def hides(self, key: str) -> bool:
        """Tell whether a key that stands again hides the one before it."""
        return self.last_wins and not self.is_list(key)


def _spaced(marks: str) -> str:
    return rf"(?:^|(?<=[ \t]))(?P<mark>[{marks}])"


def _quoted(marks: str) -> str:
    """Comments begin anywhere but in quotes and behind a backslash."""
    text = rf'"(?:[^"\\]|\\.)*"|\\.|\\\Z|[^"\\{marks}]|"(?![^"]*")'
    return rf"\A(?:{text})*(?P<mark>[{marks}])"


def _quotes(written: str, marks: str, quoted: bool) -> tuple[int, bool]:
    """Read a line of a value as git does (`parse_value` of its config.c)."""
    escaped = False
    for at, letter in enumerate(written):
        if escaped or letter == "\\":
            escaped = not escaped
        elif letter == '"':
            quoted = not quoted
        elif letter in marks and not quoted:
            return at, False
    return len(written), quoted


_EDITORCONFIG = Dialect(delimiters="=", goes_on=GoesOn.NEVER, joins=True, last_wins=True)
_GIT = Dialect(
    quotes="#;", delimiters="=", goes_on=GoesOn.BACKSLASH, joins=True, lists=True, sections_fold=True, headed=True
)
_SYSTEMD = Dialect(exact=True, delimiters="=", goes_on=GoesOn.BACKSLASH, joins=True, lists=True)
_NPM = Dialect(_quoted("#;"), exact=True, delimiters="=", goes_on=GoesOn.NEVER, joins=True, last_wins=True)
_PHP = Dialect(_quoted(";"), exact=True, delimiters="=", goes_on=GoesOn.NEVER, joins=True, lists=True)
_DESKTOP = Dialect(exact=True, delimiters="=", goes_on=GoesOn.NEVER)

_NAMES = {
    ".editorconfig": _EDITORCONFIG, ".gitconfig": _GIT, "gitconfig": _GIT, ".gitmodules": _GIT, ".npmrc": _NPM,
    "npmrc": _NPM, "php.ini": _PHP, "php-cli.ini": _PHP, ".user.ini": _PHP, "ansible.cfg": Dialect(_spaced(";")),
    ".ansible.cfg": Dialect(_spaced(";")), "pylintrc": Dialect(_spaced("#;")), ".pylintrc": Dialect(_spaced("#;")),
    "platformio.ini": Dialect(_spaced("#;")), "supervisord.conf": Dialect(_spaced("#;")),
}  # fmt: skip

_UNITS = {
    ".service", ".socket", ".timer", ".target", ".mount", ".automount", ".path", ".slice", ".scope", ".swap", ".device",
    ".network", ".netdev", ".link", ".nspawn", ".container", ".volume", ".pod", ".kube",
}  # fmt: skip


def dialect_of(path: PurePosixPath) -> Dialect:
    """Return how an INI file of a name is read."""
    if path.name.lower() in _NAMES:
        return _NAMES[path.name.lower()]
    in_units = any(PurePosixPath(part).suffix == ".d" for part in path.parts[-2:-1]) or "systemd" in path.parts
    if path.suffix in _UNITS or (path.suffix == ".conf" and in_units):
        return _SYSTEMD
    return _DESKTOP if path.suffix == ".desktop" else Dialect()


def is_known(path: PurePosixPath) -> bool:
    """Tell whether a name is that of an INI file whose reader is known."""
    return dialect_of(path) != Dialect()
