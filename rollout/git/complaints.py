"""Find the lines of git's output that say what went wrong."""

from __future__ import annotations

import re
import signal

from rollout.errors import Mistake, Place
from rollout.safety.shown import plain, redact

_NOISE = re.compile(
    r"hint:|warning: filtering|To |remote: *$|Please make sure|and the repository exists|Warning: Permanently added"
)
_CORRECT = "correct it or take it out"
_UNREADABLE = "git cannot read this line of its configuration"
_TELLING = re.compile(r"fatal|error|ERROR|remote|ssh|!|Host key|.*[Pp]ermission denied")
_AFTERWARDS = re.compile(  # what git says when ssh or the server has said why already
    r"fatal: (Could not read from remote repository|[Tt]he remote end hung up)"
)
_BAD_LINE = re.compile(r"(?:fatal|error): bad config line (\d+) in (?:file )?(\S.*)")
_BAD_SETTING = re.compile(r"(?:fatal|error): bad config variable '(.*)' in file '(.*)' at line (\d+)")


def ending(code: int) -> str:
    if code >= 0:
        return f"git exited with {code}"
    memory = " (out of memory?)" if -code == signal.SIGKILL else ""
    return f"git was killed by signal {-code}{memory}"


def complaint(err: str) -> str:
    """Return the lines of git's stderr that matter, as one line of plain text."""
    if re.search(r"could not read (Username|Password) for", err):
        return "the server wants a user name and password, and git has none for it; set up a credential helper"
    lines = [plain(line.strip()) for line in err.splitlines()]
    kept = [line for line in lines if line and not _NOISE.match(line)]
    telling = [line for line in kept if _TELLING.match(line)]
    if all(map(_AFTERWARDS.match, telling)):
        telling = kept[-3:]
    return redact("; ".join(dict.fromkeys(map(_in_our_words, telling))))[:600]


def wrong_setting(line: str) -> Mistake | None:
    """Return the mistake in a file of git's configuration that a line of git's stderr names."""
    if found := _BAD_LINE.fullmatch(line):
        return Mistake(_UNREADABLE, Place(found[2], int(found[1])), _CORRECT)
    if found := _BAD_SETTING.fullmatch(line):
        return Mistake(f"git takes no such value for {found[1]}", Place(found[2], int(found[3])), _CORRECT)
    return None


def _in_our_words(line: str) -> str:
    mistake = wrong_setting(line)
    return line if mistake is None else str(mistake)
