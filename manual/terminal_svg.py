"""Screens of a terminal as one SVG that shows them one after the other; where nothing should move, it shows the last."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from html import escape

from msgspec import Struct

COLUMNS, ROWS = 96, 27
_WIDTH, _HEIGHT, _EDGE, _BAR = 8.4, 18, 16, 34  # of a character, of a line, around them, above them; in pixels
_SGR = re.compile(r"\x1b\[([\d;]*)m")
_COLOURS = {
    "31": "#ff7b72",
    "32": "#7ee787",
    "33": "#f2cc60",
    "34": "#79c0ff",
    "35": "#d2a8ff",
    "36": "#76e3ea",
    "2": "#8b949e",
    "90": "#8b949e",
}


class Screen(Struct, frozen=True):
    """What is on the screen, line by line with its colours, and for how many seconds."""

    lines: tuple[str, ...]
    seconds: float


def plain(line: str) -> str:
    """Return a line without its colours and the blanks at its end."""
    return _SGR.sub("", line).rstrip()


def wrapped(text: str) -> list[str]:
    """Return lines as a terminal breaks them; colours count for nothing, and end where they are ended."""
    return [piece for line in text.splitlines() for piece in _pieces(line)]


def _pieces(line: str) -> Iterator[str]:
    piece, width = "", 0
    for part in re.split(r"(\x1b\[[\d;]*m)", line):
        if part.startswith("\x1b"):
            piece += part
            continue
        while width + len(part) > COLUMNS:
            room = COLUMNS - width
            yield piece + part[:room]
            piece, part, width = "", part[room:], 0
        piece, width = piece + part, width + len(part)
    yield piece


def svg(screens: Sequence[Screen], title: str) -> str:
    """Return the picture."""
    width, height = COLUMNS * _WIDTH + 2 * _EDGE, ROWS * _HEIGHT + _BAR + _EDGE
    whole = sum(screen.seconds for screen in screens)
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height:.0f}" role="img" aria-label="{escape(title)}">',
            f"<title>{escape(title)}</title>",
            "<style>",
            'text { font: 14px ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; fill: #e6edf3; white-space: pre; }',
            *_animations(screens, whole),
            "@media (prefers-reduced-motion: reduce) { .s { animation: none !important; visibility: hidden; } .s:last-of-type { visibility: visible; } }",
            "</style>",
            f'<rect width="{width:.0f}" height="{height:.0f}" rx="8" fill="#0d1117"/>',
            *(
                f'<circle cx="{18 + 18 * number}" cy="17" r="5.5" fill="{fill}"/>'
                for number, fill in enumerate(("#ff5f56", "#ffbd2e", "#27c93f"))
            ),
            *(_screen(number, screen) for number, screen in enumerate(screens)),
            "</svg>\n",
        ]
    )


def _animations(screens: Sequence[Screen], whole: float) -> Iterator[str]:
    begins = 0.0
    for number, screen in enumerate(screens):
        ends = begins + screen.seconds
        first, last = 100 * begins / whole, 100 * ends / whole
        before = "0% { visibility: hidden; } " if number else ""
        after = f"{last:.3f}% {{ visibility: hidden; }} " if number < len(screens) - 1 else ""
        yield f"@keyframes k{number} {{ {before}{first:.3f}% {{ visibility: visible; }} {after}100% {{ visibility: {'visible' if not after else 'hidden'}; }} }}"
        yield f"#s{number} {{ animation: k{number} {whole:g}s step-end infinite; }}"
        begins = ends


def _screen(number: int, screen: Screen) -> str:
    lines = screen.lines[-ROWS:]
    return (
        f'<g class="s" id="s{number}">'
        + "".join(_line(row, line) for row, line in enumerate(lines) if plain(line))
        + "</g>"
    )


def _line(row: int, line: str) -> str:
    y = _BAR + _HEIGHT * row + 14
    spans = "".join(_spans(line.rstrip()))
    return f'<text x="{_EDGE}" y="{y}" textLength="{len(plain(line)) * _WIDTH:.1f}" lengthAdjust="spacingAndGlyphs" xml:space="preserve">{spans}</text>'


def _spans(line: str) -> Iterator[str]:
    style: list[str] = []
    for number, part in enumerate(_SGR.split(line)):
        if number % 2:
            codes = part.split(";") if part else ["0"]
            style = [] if "0" in codes else [*style, *codes]
        elif part:
            yield _span(part, style)


def _span(text: str, style: Sequence[str]) -> str:
    fill = next((_COLOURS[code] for code in reversed(style) if code in _COLOURS), None)
    told = (f' fill="{fill}"' if fill else "") + (' font-weight="bold"' if "1" in style else "")
    shown = escape(text, quote=False)
    return f"<tspan{told}>{shown}</tspan>" if told else shown
