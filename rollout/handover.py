"""A push to a repository on this machine, said to git's receiving end itself: its rules and hooks hold, as ever.

`git push` would start two more programs and look through our store for what we know already. What is said is git's pack
protocol, version 0: gitprotocol-pack(5), gitprotocol-capabilities(5). The receiver compares the branch with the lease
under its own lock.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from rollout import __version__
from rollout.git import Git, Result

_FLUSH = b"0000"


def push(runner: Git, folder: Path, ref: str, old: str, new: str, pack: bytes, limit: float) -> Result:
    """Move a branch from one commit to another with what a pack brings; the answer is in the words of `git push`.

    The hooks' words come on stderr, of which the runner keeps a bounded part: no band beside the report is asked for.

    Raises GitTimeout when that takes longer than `limit` seconds.
    """
    said = runner.as_the_other_side().attempt(
        "receive-pack", str(folder), stdin=_request(ref, old, new) + pack, limit=limit
    )
    return _answer(said, ref, new)


def _request(ref: str, old: str, new: str) -> bytes:
    form = "sha1" if len(new) == 40 else "sha256"
    capabilities = f"report-status quiet object-format={form} agent=rollout/{__version__}"
    line = f"{old} {new} {ref}\0 {capabilities}".encode()
    return b"%04x" % (len(line) + 4) + line + _FLUSH


def _answer(said: Result, ref: str, new: str) -> Result:
    """Read the receiver's report, which comes after the list of its refs; what its hooks say comes on stderr."""
    words = [f"remote: {line}" for line in said.err.splitlines()]
    lines = list(_lines(said.out))
    report = (
        [line.decode("utf-8", "replace").rstrip("\n") for line in lines[lines.index(b"") + 1 :]] if b"" in lines else []
    )
    if f"ok {ref}" in report:
        return Result(0, b"", "\n".join(words), said.seconds)
    words += [f"error: {line}" for line in report if line.startswith("unpack ") and line != "unpack ok"]
    refused = [line.removeprefix(f"ng {ref} ") for line in report if line.startswith(f"ng {ref} ")]
    words += [f"!\t{new}:{ref}\t[remote rejected] ({reason})" for reason in refused]
    return Result(said.code or 1, b"", "\n".join(words), said.seconds)


def _lines(stream: bytes) -> Iterator[bytes]:
    """Yield the packet lines of a stream, an empty one for a flush, as far as they are whole."""
    at = 0
    while at + 4 <= len(stream):
        try:
            length = int(stream[at : at + 4], 16)
        except ValueError:
            return
        if 0 < length <= 4 or at + length > len(stream):
            return
        yield stream[at + 4 : at + length]
        at += length or 4
