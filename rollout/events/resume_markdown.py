"""The answer of a resume as a short page, which an agent reads first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from rollout.events.bundle import Answer, Line, Moment, Section, Worth, sections

LIMIT = 2000
# A page that is too long first loses what is over, then the ends of long texts, then the ends of long lists.
TEXTS = (200, 140, 100, 70, 50, 40)
TIGHT = 50
SHORTEST_PART = 8


@dataclass(frozen=True, slots=True)
class Measure:
    """How long a text may be, and how many lines a list that may be cut may have; None is no limit."""

    text: int | None = None
    items: Mapping[str, int] = field(default_factory=dict)

    @property
    def gap(self) -> str:
        return "\n" if self.text is not None and self.text <= TIGHT else "\n\n"

    def of(self, section: Section) -> int | None:
        return None if section.worth is Worth.MUST else self.items.get(section.title)


def markdown(answer: Answer, at: Moment | None = None, limit: int | None = LIMIT) -> str:
    """Return the page; with a limit it has fewer characters, unless what must be told alone has more."""
    told = tuple(sections(answer, at or Moment(datetime.now(UTC))))
    instance = answer["instance_id"]
    whole = _page(instance, told, Measure())
    if limit is None or (len(whole) < limit and whole == _page(instance, told, Measure(TEXTS[0]))):
        return whole
    wanted = [section for section in told if section.worth is not Worth.OVER]
    for text in TEXTS:
        if len(_shortened(instance, told, wanted, Measure(text))) < limit:
            return _filled(instance, told, Measure(text), limit)
    return _cut(instance, told, limit)


def _filled(instance: str, told: Sequence[Section], measure: Measure, limit: int) -> str:
    """Return the page with as many finished things as there is room for."""
    kept = [section for section in told if section.worth is not Worth.OVER]
    for section in told:
        if section.worth is Worth.OVER and len(_shortened(instance, told, [*kept, section], measure)) < limit:
            kept.append(section)
    return _shortened(instance, told, kept, measure)


def _cut(instance: str, told: Sequence[Section], limit: int) -> str:
    """Begin with what must be told, then give the lists one more line each, in turns, while there is room."""
    kept = [section for section in told if section.worth is Worth.MUST]
    measure = Measure(TEXTS[-1])
    page = _shortened(instance, told, kept, measure)
    for number in range(1, max((len(section.lines) for section in told), default=0) + 1):
        for section in told:
            if section.worth is not Worth.OPEN or len(section.lines) < number:
                continue
            more = replace(measure, items={**measure.items, section.title: number})
            parts = [known for known in told if known in kept or known is section]
            if len(longer := _shortened(instance, told, parts, more)) < limit:
                page, kept, measure = longer, parts, more
    return page


def _shortened(instance: str, told: Sequence[Section], kept: Sequence[Section], measure: Measure) -> str:
    names = ", ".join(section.title for section in told if section not in kept)
    what = f"left out: {names}" if names else "shortened"
    ending = f"({what}; all of it: rollout events resume {instance} --full)\n"
    return _page(instance, kept, measure) + measure.gap[1:] + ending


def _page(instance: str, told: Sequence[Section], measure: Measure) -> str:
    shown = ["\n".join(_section(section, measure)) for section in told]
    return measure.gap.join((f"# Resume {instance}", *shown)) + "\n"


def _section(section: Section, measure: Measure) -> Iterator[str]:
    lines = section.lines[: measure.of(section)]
    shown = [f"{_fitted(line, measure.text)} {line.source}".rstrip() for line in lines]
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


def _fitted(line: Line, length: int | None) -> str:
    """Return the parts of a line; if they are too long together, each keeps its beginning."""
    parts = [" ".join(part.split()) for part in line.parts]
    if length is None or line.whole or len(line.joint.join(parts)) <= length:
        return line.joint.join(parts)
    fair = max(SHORTEST_PART, length // len(parts))
    spare = max(0, length - sum(min(len(part), fair) for part in parts))
    return line.joint.join(_clip(part, fair + spare) for part in parts)


def _clip(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"
