"""Find the lines of git's output that say what went wrong."""

from __future__ import annotations

import re
import signal

from rollout.safety.shown import plain, redact

_NOISE = re.compile(
    r"hint:|warning: filtering|To |remote: *$|Please make sure|and the repository exists|Warning: Permanently added"
)
_TELLING = re.compile(r"fatal|error|ERROR|remote|ssh|!|Host key|.*[Pp]ermission denied")
_AFTERWARDS = re.compile(  # what git says when ssh or the server has said why already
    r"fatal: (Could not read from remote repository|[Tt]he remote end hung up)"
)


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
    return redact("; ".join(dict.fromkeys(telling)))[:600]
