"""Plots of the event store, as geometry: bars and lines in the units of their own picture."""

from __future__ import annotations

from collections.abc import Sequence

from rollout.model.event_trends import EventTrends
from rollout.showing.colour import count
from rollout.showing.page.contents import Bar, Events, Plot

_WIDTH, _HEIGHT = 600, 120
_SMALL = (160, 20)
_TYPES = 12  # types with a plot of their own


def events_shown(trends: EventTrends) -> Events:
    """Return the page's content about the event store."""
    if trends.trouble:
        return Events(trouble=trends.trouble)
    per_day, stored = trends.per_day, trends.stored
    totals = sorted(((sum(days), name) for name, days in trends.types.items()), key=lambda item: (-item[0], item[1]))
    return Events(
        figures=(
            ("events stored", f"{trends.rows:,}"),
            ("on disk", bytes_in_words(trends.size)),
            (f"in {len(trends.days)} days", f"{sum(per_day):,}"),
            ("types in use", f"{len(totals):,}"),
        ),
        plots=(
            _bars("Events per day", trends.days, per_day),
            _line("Events stored", trends.days, stored),
        ),
        types=tuple((name, f"{n:,}", _small(name, trends.days, trends.types[name])) for n, name in totals[:_TYPES]),
        days=tuple((day, f"{number:,}") for day, number in zip(trends.days, per_day, strict=True)),
    )


def _bars(title: str, days: Sequence[str], numbers: Sequence[int]) -> Plot:
    most = max(numbers, default=0)
    busiest = days[numbers.index(most)] if most else ""
    says = f"{title}: at most {most:,}, on {busiest}; {sum(numbers):,} in all" if most else f"{title}: none"
    return Plot(
        title=title,
        says=says,
        width=_WIDTH,
        height=_HEIGHT,
        bars=_columns(days, numbers, _WIDTH, _HEIGHT),
        top=f"{most:,}",
        first=days[0] if days else "",
        last=days[-1] if days else "",
    )


def _small(name: str, days: Sequence[str], numbers: Sequence[int]) -> Plot:
    width, height = _SMALL
    says = f"{name}: {count(sum(numbers), 'event')} in {count(len(days), 'day')}"
    return Plot(name, says, width, height, _columns(days, numbers, width, height))


def _columns(days: Sequence[str], numbers: Sequence[int], width: int, height: int) -> tuple[Bar, ...]:
    """Return a bar for each day that has events; the smallest can still be seen."""
    most, each = max(numbers, default=0), width / max(len(numbers), 1)
    gap = min(2.0, each / 4)
    return tuple(
        Bar(
            round(index * each + gap / 2, 1),
            round(height - _tall(number, most, height), 1),
            round(each - gap, 1),
            round(_tall(number, most, height), 1),
            f"{day}: {number:,}",
        )
        for index, (day, number) in enumerate(zip(days, numbers, strict=True))
        if number
    )


def _tall(number: int, most: int, height: int) -> float:
    return max(number / most * height, 1.5)


def _line(title: str, days: Sequence[str], numbers: Sequence[int]) -> Plot:
    most, step = max([*numbers, 1]), _WIDTH / max(len(numbers) - 1, 1)
    points = " ".join(f"{index * step:.1f},{_HEIGHT - n / most * _HEIGHT:.1f}" for index, n in enumerate(numbers))
    grown = f"from {numbers[0]:,} on {days[0]} to {numbers[-1]:,} on {days[-1]}" if numbers else "none"
    return Plot(
        title=title,
        says=f"{title}: {grown}",
        width=_WIDTH,
        height=_HEIGHT,
        line=points,
        area=f"0,{_HEIGHT} {points} {_WIDTH},{_HEIGHT}" if numbers else "",
        top=f"{most:,}",
        first=days[0] if days else "",
        last=days[-1] if days else "",
    )


def bytes_in_words(number: float) -> str:
    for unit in ("bytes", "kB", "MB", "GB"):
        if number < 1024:
            return f"{number:,.0f} {unit}"
        number /= 1024
    return f"{number:,.1f} TB"
