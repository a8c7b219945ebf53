"""Where our block stands in a file: between its markers, between earlier ones, without any, or nowhere."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress

from msgspec import Struct

from rollout.content import blocks, earlier_markers, markers, three_way
from rollout.content.blocks import Block
from rollout.content.modes import our_blocks
from rollout.content.modes.mode import Situation
from rollout.model.files import File, Managed


class Sight(Struct, frozen=True):
    """What was found of our block in the file that is there: read once, whatever is asked of it."""

    at: Situation
    spot: markers.Spot  # with the form that its markers have in our last write
    there: Mapping[str, Block]  # the blocks of the file, whosever they are
    earlier: str | None  # the id that our block still has there, if its set or its id was renamed since

    @property
    def body(self) -> bytes:
        return body_of(self.at.item)

    def text(self, file: File) -> bytes | None:
        """Return the text of our block in a file, with markers or without."""
        marked = self.marked(file)
        return marked if marked is not None else self._bare_text(file)

    def unmarked(self, file: File) -> bytes | None:
        """Return the text of our block where it stands without markers."""
        return self._bare_text(file) if self.marked(file) is None else None

    def without_text(self, file: File) -> bytes:
        """Return a file without the text of our block where that stands without markers."""
        return blocks.without_texts(file.content, filter(None, [self.unmarked(file)]), self.spot)

    def marked(self, file: File) -> bytes | None:
        """Return the text of our block between its markers."""
        found = self.block(file)
        return None if found is None else blocks.said(found.inner(file.content))

    def block(self, file: File) -> Block | None:
        """Return our block in a file, under its id, the earlier one, or the one that we noted."""
        found = self._blocks(file)
        named = [found[name] for name in (self.spot.block_id, self.earlier or "") if name in found]
        return next(iter(named or self._remembered(file, found)), None)

    def _remembered(self, file: File, found: Mapping[str, Block]) -> Iterable[Block]:
        """Return our block in what we remember of a file that has it without markers now."""
        written = self.at.written
        if written is None or written.file != file:
            return ()
        if written.noted:
            return found.values() if not self.there and len(found) == 1 else ()
        name = self._marked_then()
        return [found[name]] if name is not None and name not in self.there else []

    def _blocks(self, file: File) -> Mapping[str, Block]:
        return self.there if file is self.at.actual else blocks.find(file.content, self.spot)

    def with_text(self, content: bytes | None, text: bytes) -> bytes:
        """Return a file with another text of our block, where it stands."""
        return blocks.splice(content, text, self.spot, self.earlier, self._stands())

    def _stands(self) -> bytes:
        """Return the text of our block as it stands in the file that is there, if it has no markers there."""
        return (self.unmarked(self.at.actual) if self.at.actual is not None else None) or b""

    def _bare_text(self, file: File) -> bytes | None:
        """Return the text of our block where it has no markers, also as others changed it, if its place is clear."""
        last, body = self._last(), blocks.said(self.body)
        if blocks.without_markers(file.content, last, self.spot):
            return blocks.said(last)
        there = blocks.without_markers(file.content, body, self.spot)
        if there and not _any_line_of(last, file.content[: there[0]] + file.content[there[1] :], body):
            return body
        with suppress(three_way.PartUnclear):
            span = self.place(file)
            return None if span is None else blocks.said(file.content[slice(*span)])
        return None

    def place(self, file: File) -> tuple[int, int] | None:
        """Return the span of our text in a file where others changed it; None if we took none over, or it is gone.

        Raises PartUnclear if a line may be in it that others wrote.
        """
        name = self._marked_then()
        if name is not None:
            return our_blocks.bare(self._written(), name, file.content, self.spot)
        stood = self._stood(file)
        return None if stood is None else our_blocks.moved(stood, file.content, self.spot)

    def _marked_then(self) -> str | None:
        """Return the id of our block in our last write: a person may have taken its two markers out since."""
        written = self.at.written
        return None if written is None or written.noted else our_blocks.last_id(written, self.spot)

    def _written(self) -> bytes:
        written = self.at.written
        return b"" if written is None or written.file is None else written.file.content

    def _stood(self, file: File) -> our_blocks.Stood | None:
        """Return a file as it was before others changed it, and the span of our text in it, which had no markers."""
        written = self.at.written
        if written is None or written.file is None or not written.noted or written.keys_only:
            text = self._last().strip(b"\r\n")
            return (text + b"\n", (0, len(text) + 1)) if text else None
        return None if self._blocks(file) else our_blocks.stood(written.file.content, self.spot)

    def _last(self) -> bytes:
        """Return our text where it has no markers: taken over so, written so in another mode, or robbed of them."""
        written, last, name = self.at.written, self._written(), self._marked_then()
        if name is not None:
            return our_blocks.texts(last, self.spot)[name]
        if written is None or not (written.alone or written.noted) or written.keys_only:
            return b""
        there = blocks.find(last, self.spot)
        if not written.noted:
            return b"" if there else last
        return blocks.text_of(last, self.spot, (self.spot.block_id, *there)) or b""


def _any_line_of(last: bytes, rest: bytes, body: bytes) -> bool:
    """Tell whether a line that we wrote, and that a block does not say, stands in the rest of a file."""
    return any(line.strip() for line in {*last.splitlines()} & {*rest.splitlines()} - {*body.splitlines()})


def seen_in(at: Situation) -> Sight:
    """Look for our block in the file that is there; raise MarkerError if it is not clear which block is ours."""
    spot = earlier_markers.with_earlier(markers.spot_of(at.item), at.written, body_of(at.item))
    there = {} if at.actual is None else blocks.find(at.actual.content, spot)
    return Sight(at, spot, there, _earlier_id(at, spot, there))


def _earlier_id(at: Situation, spot: markers.Spot, there: Mapping[str, Block]) -> str | None:
    if at.actual is None or there.keys() <= {spot.block_id}:
        return None  # no other block is there, so our past need not be read
    last = at.written.file if at.written is not None and at.written.own else None
    ours = our_blocks.ids(at.written, spot) if at.written is not None and at.written.ours else None
    our_blocks.refuse_others(at.actual.content, ours or (), spot)
    return blocks.earlier_id(at.actual.content, last.content if last else None, body_of(at.item), spot, ours)


def body_of(item: Managed) -> bytes:
    """Return the template's text without a byte order mark, which would stand in the middle of the file."""
    return item.body.removeprefix(b"\xef\xbb\xbf")
