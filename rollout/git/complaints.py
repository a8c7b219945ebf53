"""Find the lines of git's output that say what went wrong."""

from __future__ import annotations

import re
import signal

from rollout.safety.shown import plain, redact


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
    noise = re.compile(r"^(hint:|warning: filtering|To |remote: *$|Please make sure|and the repository exists)")
    kept = [line for line in lines if line and not noise.match(line)]
    telling = [line for line in kept if re.match(r"(fatal|error|remote|ssh|!|Host key|.*[Pp]ermission denied)", line)]
    return redact("; ".join(dict.fromkeys(telling or kept[-3:])))[:600]
