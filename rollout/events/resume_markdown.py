"""What an agent reads first: the answer of a resume as a short page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from rollout.events.bundle import Answer, Moment, Section, sections

LIMIT = 2000
# From generous to tight: how long one text may be, and how many lines one list may have.
MEASURES = ((200, 5), (140, 4), (100, 3), (70, 2), (50, 1))


def markdown(answer: Answer, at: Moment | None = None, limit: int | None = LIMIT) -> str:
    """Return the page; with a limit it has fewer characters, unless what must be told alone has more."""
    told = tuple(sections(answer, at or Moment(datetime.now(UTC))))
    instance = answer["instance_id"]
    if limit is None:
        return _page(instance, told, None, None)
    for text, items in MEASURES:
        page = _page(instance, told, text, items)
        if page != _page(instance, told, None, None):
            page += _ending(instance, ())
        if len(page) < limit:
            return page
    return _cut(instance, told, limit)


def _cut(instance: str, told: Sequence[Section], limit: int) -> str:
    """Leave out what is told last, until it fits or only what must be told is left."""
    text, items = MEASURES[-1]
    kept = list(told)
    left_out: list[str] = []
    while len(page := _page(instance, kept, text, items) + _ending(instance, left_out)) >= limit:
        last = next((section for section in reversed(kept) if not section.must), None)
        if last is None:
            break
        kept.remove(last)
        left_out.insert(0, last.title)
    return page


def _ending(instance: str, left_out: Sequence[str]) -> str:
    what = f"left out: {', '.join(left_out)}" if left_out else "shortened"
    return f"\n({what}; all of it: rollout events resume {instance} --full)\n"


def _page(instance: str, told: Sequence[Section], text: int | None, items: int | None) -> str:
    lines = [f"# Resume {instance}"]
    for section in told:
        lines += ["", *_section(section, text, None if section.must else items)]
    return "\n".join(lines) + "\n"


def _section(section: Section, text: int | None, items: int | None) -> Iterator[str]:
    shown = [f"{_clip(said, text)} {source}".rstrip() for said, source in section.lines[:items]]
    more = len(section.lines) - len(shown)
    if not section.title:
        yield from shown
    elif len(section.lines) == 1:
        yield f"**{section.title}**: {shown[0]}"
    else:
        yield f"**{section.title}**"
        yield from (f"- {line}" for line in shown)
        if more:
            yield f"- and {more} more"


def _clip(text: str, length: int | None) -> str:
    line = " ".join(text.split())
    return line if length is None or len(line) <= length else line[: length - 1] + "…"
