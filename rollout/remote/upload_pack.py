"""Speak to `git upload-pack` in a session: ask where a branch is, as `git ls-remote` does, and fetch.

The protocol is gitprotocol-v2(5), or gitprotocol-pack(5) with a server that does not know it or is not told that we do.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

from msgspec import Struct

from rollout.objects.ids import ID
from rollout.remote import packet_lines

if TYPE_CHECKING:
    from rollout.remote.ssh_session import SshSession


ENVIRONMENT = {"GIT_PROTOCOL": "version=2"}


_KNOWN = ("no-progress", "thin-pack", "ofs-delta")
_ABOUT = {"agent", "object-format"}
_BANDS = "side-band-64k"
_BY_NAME = "allow-reachable-sha1-in-want"
_MOST = 1 << 20  # bytes of a pack; git makes more of a larger one

_PACK, _FAULT = 1, 3  # the first byte of a packet of the pack's section


class Wants(Struct, frozen=True):
    """What to request: objects, and everything they refer to that is not here."""

    objects: tuple[str, ...]
    here: tuple[str, ...] = ()
    shallow: tuple[str, ...] = ()  # the commits that are here without their parents
    alone: bool = False  # whether commits come without their parents


class Sent(Struct, frozen=True):
    """A pack, whose deltas may need objects that are here already, and the commits that came without their parents."""

    pack: bytes
    shallow: tuple[str, ...] = ()


class Sender:
    """A git program at the other end; an answer that we do not expect is None, and the caller runs git instead.

    Every method that waits raises GitTimeout when the deadline passes.
    """

    def __init__(self, session: SshSession) -> None:
        self.session = session
        self._lines = packet_lines.Stream(session.hear)
        self._offers = self._section() or []

    def tip(self, ref: str) -> str | None:
        """Return the commit that a branch is at; None if there is no such branch."""
        return self.tips([ref]).get(ref)

    def tips(self, refs: Collection[str]) -> dict[str, str]:
        """Return the commits that branches are at, of those that there are."""
        listed: list[str] | None = self._offers
        if self._speaks_2:
            self.session.say(self._command("ls-refs", [f"ref-prefix {ref}" for ref in refs]))
            listed = self._section()
        told = (line.partition("\0")[0].partition(" ") for line in listed or ())
        return {name: commit for commit, _, name in told if name in refs and ID.match(commit)}

    def sent(self, wanted: Wants) -> Sent | None:
        """Return the wanted objects, without the contents of files unless they are named or everything is sent."""
        asked = self._request_2(wanted) if self._speaks_2 else self._request_0(wanted)
        if asked is None:
            return None
        self.session.say(asked)
        try:
            told = wanted.alone or (self._speaks_2 and wanted.shallow)
            shallow = self._shallow(wanted.objects if wanted.alone else ()) if told else ()
            pack = None if shallow is None else self._pack(wanted.here)
        except ValueError:
            return None
        return None if pack is None or shallow is None else Sent(pack, shallow)

    def _request_2(self, wanted: Wants) -> bytes | None:
        offered = next((line[6:].split() for line in self._offers if line.startswith("fetch=")), None)
        if offered is None or not _knows(offered, wanted):
            return None
        limits, haves = _limits(wanted, offered), [f"have {name}" for name in wanted.here]
        return self._command("fetch", [*_KNOWN, *(f"want {name}" for name in wanted.objects), *limits, *haves, "done"])

    def _request_0(self, wanted: Wants) -> bytes | None:
        listed, _, offers = (self._offers or [""])[0].partition("\0")
        offered = offers.split()
        if _BY_NAME not in offered:
            offered = [word for word in offered if word != "filter"]  # what is left out now could not be fetched later
        there = {line.partition(" ")[0] for line in (listed, *self._offers[1:])}
        unnamed = not there.issuperset(wanted.objects) and _BY_NAME not in offered
        if unnamed or "shallow" in there or _BANDS not in offered or not _knows(offered, wanted):
            return None
        about = [w for w in (*_KNOWN, _BANDS, "filter") if w in offered] + _about(offered)
        first, *others = (f"want {name}" for name in wanted.objects)
        wants = [f"{first} {' '.join(about)}", *others, *_limits(wanted, offered)]
        haves = [f"have {name}" for name in wanted.here]
        return _lines(wants) + packet_lines.FLUSH + _lines([*haves, "done"])

    def _shallow(self, may_be: tuple[str, ...]) -> tuple[str, ...] | None:
        """Return which commits come without their parents; None where others should, or the server says more."""
        found: set[str] = set()
        lines = iter(self._lines)
        if self._speaks_2 and next(lines, b"") != b"shallow-info\n":
            return None
        for line in lines:
            word, _, name = line.decode().strip().partition(" ")
            if not line:
                return tuple(found)
            if word != "shallow" or name not in may_be:
                break
            found.add(name)
        return None

    def _pack(self, here: tuple[str, ...]) -> bytes | None:
        """Return the pack that comes next; None if something else does, or if it is one for git."""
        before = [b"packfile\n"] if self._speaks_2 else [b"NAK\n", *(f"ACK {name}\n".encode() for name in here)]
        found = bytearray()
        lines = iter(self._lines)
        if next(lines, b"") not in before:
            return None
        for packet in lines:
            if not packet:
                return bytes(found)
            if packet[0] == _FAULT or len(found) > _MOST:
                return None
            if packet[0] == _PACK:
                found += packet[1:]
        return None

    def end(self) -> None:
        """End the conversation, so that the program ends."""
        if self._offers:
            self.session.say(packet_lines.FLUSH)
        self.session.end()

    @property
    def _speaks_2(self) -> bool:
        return self._offers[:1] == ["version 2"]

    def _command(self, name: str, words: Iterable[str]) -> bytes:
        said = _lines([f"command={name}", *_about(self._offers)])
        return said + packet_lines.DELIMITER + _lines(words) + packet_lines.FLUSH

    def _section(self) -> list[str] | None:
        try:
            return self._lines.section()
        except ValueError:
            return None  # the greeting of a login shell, perhaps


def _about(offered: Iterable[str]) -> list[str]:
    """Return the arguments about us and the repository, for a server that accepts them."""
    ours = {"agent": packet_lines.AGENT}
    return [ours.get(name, word) for word in offered for name in [word.partition("=")[0]] if name in _ABOUT]


def _knows(offered: Iterable[str], wanted: Wants) -> bool:
    return "shallow" in offered or not (wanted.shallow or wanted.alone)


def _limits(wanted: Wants, offered: Iterable[str]) -> list[str]:
    """Return the arguments for what need not be sent."""
    shallow = [f"shallow {name}" for name in wanted.shallow]
    return [*shallow, *["deepen 1"] * wanted.alone, *["filter blob:none"] * ("filter" in offered)]


def _lines(words: Iterable[str]) -> bytes:
    return b"".join(packet_lines.line(f"{word}\n") for word in words)
