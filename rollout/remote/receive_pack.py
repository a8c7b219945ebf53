"""Push by speaking to `git receive-pack` directly; its rules and hooks apply as they always do.

`git push` would start two more programs, four over ssh, and search our store for what we already know. We speak git's
pack protocol, version 0: gitprotocol-pack(5), gitprotocol-capabilities(5). The receiver compares the branch with the
lease under its own lock.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from rollout.git.process import Ends
from rollout.git.run import Git, Result
from rollout.objects.ids import object_format
from rollout.remote import packet_lines
from rollout.remote.answers import PushAnswer, Pushed, refusal, unreported

if TYPE_CHECKING:
    from rollout.remote.ssh_session import SshSession


_HERE = (
    "report-status",
    "quiet",
    "object-format=",
    "agent=",
)  # capabilities that every version of git receive-pack has

_BANDS = "side-band-64k"


class Update(Struct, frozen=True):
    """One branch, the commit it must be at, and the commit it moves to, with the pack that brings it."""

    ref: str
    old: str
    new: str
    pack: bytes

    def may_begin(self, there: Iterable[str]) -> bool:
        """Tell whether the ref is where it must be, according to the receiver's list of refs."""
        named = [line for line in there if line.endswith(f" {self.ref}")]
        return named == ([] if set(self.old) == {"0"} else [f"{self.old} {self.ref}"])


def push(runner: Git, folder: Path, update: Update, limit: float) -> PushAnswer:
    """Move a branch of a repository on this machine.

    The hooks' output comes on stderr, which the runner bounds, so we do not ask for a side band.

    Raises GitTimeout when that takes longer than `limit` seconds.
    """
    said = runner.as_the_other_side().attempt(
        "receive-pack", str(folder), stdin=_request(update, _HERE) + update.pack, limit=limit
    )
    lines = packet_lines.whole(said.out)
    _section(lines)  # its refs
    return _answer(said, said.err.splitlines(), _section(lines), update.ref)


def push_far(session: SshSession, update: Update) -> PushAnswer | None:
    """Do the same in a session with a remote receiver, once it has listed its refs.

    None if anything about the receiver is not as we expect it: `git push` handles that better. Raises GitTimeout if it
    takes too long.
    """
    lines = packet_lines.Stream(session.hear)
    refs = _section(lines)
    offered = refs[0].partition("\0")[2].split() if refs else []
    form = next((word for word in offered if word.startswith("object-format=")), "object-format=sha1")
    there = {line.partition("\0")[0] for line in refs}
    if not update.may_begin(there) or "report-status" not in offered or form != _form(update.new):
        return None
    known = [word.partition("=")[0] + "=" * ("=" in word) for word in offered]
    session.say(_request(update, known) + update.pack)
    words = Ends()
    if _BANDS in offered:
        bands = _bands(lines, words)
        lines = packet_lines.Stream(lambda: next(bands, b""))
    report = _section(lines)
    ended = session.end()
    words.add(ended.err.encode())
    return _answer(ended, words.text.splitlines(), report, update.ref)


def _bands(lines: packet_lines.Stream, words: Ends) -> Iterator[bytes]:
    """Yield the data of the first side band; the other bands carry messages for people."""
    for packet in lines:
        if packet[:1] == b"\1":
            yield packet[1:]
        else:
            words.add(packet[1:])


def _form(name: str) -> str:
    return f"object-format={object_format(len(name))}"


def _request(update: Update, known: Iterable[str]) -> bytes:
    """Request the update, with the capabilities that the receiver knows."""
    ours = {"object-format=": _form(update.new), "agent=": packet_lines.AGENT}
    wanted = [ours.get(word, word) for word in ("report-status", "quiet", _BANDS, *ours) if word in known]
    return packet_lines.line(f"{update.old} {update.new} {update.ref}\0 {' '.join(wanted)}") + packet_lines.FLUSH


def _section(lines: packet_lines.Stream) -> list[str]:
    """Return the next section, or nothing if something else comes, such as the greeting of a login shell."""
    try:
        return lines.section() or []
    except ValueError:
        return []


def _answer(said: Result, hooks: list[str], report: list[str], ref: str) -> PushAnswer:
    """Read the receiver's report, and what its hooks say."""
    if f"ok {ref}" in report:
        return Pushed()
    verdicts = [line.removeprefix(f"ng {ref} ") for line in report if line.startswith(f"ng {ref} ")]
    if verdicts:
        return refusal(hooks, verdicts)
    unpacked = [line for line in report if line.startswith("unpack ") and line != "unpack ok"]
    words = [*(f"remote: {line}" for line in hooks), *(f"error: {line}" for line in unpacked)]
    return unreported(Result(said.code or 1, b"", "\n".join(words)), hooks)
