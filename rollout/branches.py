"""Where a branch is, asked of git's sending end itself in a session with a host: what `git ls-remote` would say.

The protocol is gitprotocol-v2(5), of which one command is used; a server that does not know it lists all it has,
which is an answer, too.
"""

from __future__ import annotations

from rollout import __version__, pktline
from rollout.git import ID
from rollout.mux import Session

ENVIRONMENT = {"GIT_PROTOCOL": "version=2"}


def tip(session: Session, ref: str) -> str | None:
    """Return the commit that a branch is at; None where there is none, or where git had better ask.

    Raises GitTimeout when that takes too long.
    """
    lines = pktline.Stream(session.hear)
    try:
        listed = lines.section()
        if listed is not None and listed[:1] == ["version 2"]:
            session.say(_question(ref, [line for line in listed if line.startswith("object-format=")]))
            listed = lines.section()
    except ValueError:
        return None  # a greeting of somebody's shell, perhaps
    if listed is None:
        return None
    session.say(pktline.FLUSH)
    session.end()
    for line in listed:
        commit, _, name = line.partition("\0")[0].partition(" ")
        if name == ref and ID.match(commit):
            return commit
    return None


def _question(ref: str, formats: list[str]) -> bytes:
    about = [f"agent=rollout/{__version__}", *formats]
    return b"".join(
        [
            pktline.line("command=ls-refs\n"),
            *map(pktline.line, about),
            pktline.DELIMITER,
            pktline.line(f"ref-prefix {ref}\n"),
            pktline.FLUSH,
        ]
    )
