"""A push that is said to git's receiving end itself: its rules and hooks hold, as ever.

`git push` would start two more programs, and four where ssh is between, and look through our store for what we know
already. What is said is git's pack protocol, version 0: gitprotocol-pack(5), gitprotocol-capabilities(5). The receiver
compares the branch with the lease under its own lock.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from rollout.git.process import Ends
from rollout.git.run import Git, Result
from rollout.objects.ids import object_format
from rollout.remote import packet_lines

if TYPE_CHECKING:
    from rollout.remote.ssh_session import Session


_HERE = ("report-status", "quiet", "object-format=", "agent=")  # what git's receiving end knows at any age

_BANDS = "side-band-64k"


def push(runner: Git, folder: Path, ref: str, old: str, new: str, pack: bytes, limit: float) -> Result:
    """Move a branch from one commit to another with what a pack brings; the answer is in the words of `git push`.

    The hooks' words come on stderr, of which the runner keeps a bounded part: no band beside the report is asked for.

    Raises GitTimeout when that takes longer than `limit` seconds.
    """
    said = runner.as_the_other_side().attempt(
        "receive-pack", str(folder), stdin=_request(ref, old, new, _HERE) + pack, limit=limit
    )
    lines = packet_lines.whole(said.out)
    _section(lines)  # its refs
    return _answer(said, said.err, _section(lines), ref, new)


def push_far(session: Session, ref: str, old: str, new: str, pack: bytes) -> Result | None:
    """Do the same in a session with a receiver far away, once it has told where its branches are.

    None where `git push` had better do it, for the receiver tells of something that is not as it is here.

    Raises GitTimeout when that takes too long.
    """
    lines = packet_lines.Stream(session.hear)
    refs = _section(lines)
    offered = refs[0].partition("\0")[2].split() if refs else []
    form = next((word for word in offered if word.startswith("object-format=")), "object-format=sha1")
    there = {line.partition("\0")[0] for line in refs}
    if f"{old} {ref}" not in there or "report-status" not in offered or form != _form(new):
        return None
    session.say(_request(ref, old, new, [word.partition("=")[0] + "=" * ("=" in word) for word in offered]) + pack)
    words = Ends()
    if _BANDS in offered:
        bands = _bands(lines, words)
        lines = packet_lines.Stream(lambda: next(bands, b""))
    report = _section(lines)
    ended = session.end()
    words.add(ended.err.encode())
    return _answer(ended, words.text, report, ref, new)


def _bands(lines: packet_lines.Stream, words: Ends) -> Iterator[bytes]:
    """Yield what comes on the first of the bands that lie side by side; what is on the others is for people."""
    for packet in lines:
        if packet[:1] == b"\1":
            yield packet[1:]
        else:
            words.add(packet[1:])


def _form(name: str) -> str:
    return f"object-format={object_format(len(name))}"


def _request(ref: str, old: str, new: str, known: Iterable[str]) -> bytes:
    """Ask for the move in words that the receiver knows."""
    ours = {"object-format=": _form(new), "agent=": packet_lines.AGENT}
    wanted = [ours.get(word, word) for word in ("report-status", "quiet", _BANDS, *ours) if word in known]
    return packet_lines.line(f"{old} {new} {ref}\0 {' '.join(wanted)}") + packet_lines.FLUSH


def _section(lines: packet_lines.Stream) -> list[str]:
    """Return the next section, or nothing where that is not what comes: a greeting of somebody's shell, perhaps."""
    try:
        return lines.section() or []
    except ValueError:
        return []


def _answer(said: Result, err: str, report: list[str], ref: str, new: str) -> Result:
    """Say in the words of `git push` what the receiver reports, and what its hooks say."""
    words = [f"remote: {line}" for line in err.splitlines()]
    if f"ok {ref}" in report:
        return Result(0, b"", "\n".join(words), said.seconds)
    words += [f"error: {line}" for line in report if line.startswith("unpack ") and line != "unpack ok"]
    refused = [line.removeprefix(f"ng {ref} ") for line in report if line.startswith(f"ng {ref} ")]
    words += [f"!\t{new}:{ref}\t[remote rejected] ({reason})" for reason in refused]
    return Result(said.code or 1, b"", "\n".join(words), said.seconds)
