"""Which paths may be managed: nothing that leaves its target or that some file system reads as `.git`."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from pathlib import PurePosixPath

_MAX_PATH = 4096
_MAX_NAME = 255
# Code points that HFS+ ignores when it compares names, so a `.git` with one inside is `.git` there (utf8.c).
_IGNORED_BY_HFS = re.compile("[\u200c-\u200f\u202a-\u202e\u2060-\u2064\u206a-\u206f\ufeff]")
_DEVICES = re.compile(r"(?i)^(con|prn|aux|nul|com[0-9]|lpt[0-9]|conin\$|conout\$)(\..*)?$")
_GIT_SHORT = re.compile(r"(?i)^git~[0-9]+$")


def fold(name: str) -> str:
    """Return the form in which names collide on file systems that ignore case or normalise Unicode."""
    if name.isascii():
        return name.lower()
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def refusal(path: str) -> str | None:
    """Say why `path` must not be managed, or None if it may."""
    if not path or len(path.encode("utf-8", "surrogateescape")) > _MAX_PATH:
        return "is empty or too long"
    if any(0xDC80 <= ord(c) <= 0xDCFF for c in path):
        return "is not UTF-8"
    if any(unicodedata.category(c) == "Cc" for c in path):
        return "has a control character"
    if path.startswith("/"):
        return "is absolute"
    if "\\" in path:
        return "has a backslash, which Windows reads as a separator"
    for name in path.split("/"):
        why = _name_refusal(name)
        if why:
            return why
    return None


def astray(path: str) -> str | None:
    """Say how a path in a tree leads out of its work tree or into `.git`, or None: any other path may be somebody's."""
    if "\0" in path:
        return "has a NUL character"
    return next((why for name in path.split("/") if (why := _leads_astray(name))), None)


def _leads_astray(name: str) -> str | None:
    if name == "":
        return "has an empty component; a single '/' stands between names, and none at the end"
    if name in {".", ".."}:
        return f"leaves its target through {name!r}" if name == ".." else "has a '.' component"
    plain = _plain(name)
    return "goes into .git" if plain == ".git" or _GIT_SHORT.match(plain) else None


def _plain(name: str) -> str:
    """Return how file systems may read a name that ignore case, invisible characters and some endings."""
    return fold(_IGNORED_BY_HFS.sub("", name)).split(":")[0].rstrip(". ")


def _name_refusal(name: str) -> str | None:
    why = _leads_astray(name)
    if why:
        return why
    if len(name.encode()) > _MAX_NAME:
        return "has a component of more than 255 bytes"
    plain = _plain(name)
    if plain in {".gitmodules"} and name != ".gitmodules":
        return "is a disguised .gitmodules"
    if _IGNORED_BY_HFS.search(name):
        return "has invisible characters"
    if name[-1] in ". ":
        return "has a component that ends in a dot or a space"
    if _DEVICES.match(name):
        return "is a device name on Windows"
    return None


def collisions(paths: Iterable[PurePosixPath]) -> list[tuple[PurePosixPath, PurePosixPath, str]]:
    """Find pairs that cannot stand side by side: twins by case or Unicode form, or a file below a file."""
    seen: dict[str, PurePosixPath] = {}
    found = []
    ordered = sorted(set(paths))
    for path in ordered:
        twin = seen.setdefault(fold(str(path)), path)
        if twin != path:
            found.append((twin, path, "they differ only in case or Unicode form"))
    for path in ordered:
        for parent in path.parents:
            above = seen.get(fold(str(parent)))
            if above is not None and above != path:
                found.append((above, path, "one is a folder of the other"))
    return found
