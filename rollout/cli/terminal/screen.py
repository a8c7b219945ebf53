"""The terminal: data on stdout, progress and warnings on stderr, and a live line where the terminal can show one."""

from __future__ import annotations

import json
import select
import sys
from collections.abc import Iterable
from typing import Any

from rollout.cli.common_options import Options
from rollout.cli.terminal import streams
from rollout.cli.terminal.interrupt import Interrupt
from rollout.cli.terminal.live_line import LiveLine
from rollout.safety import secrets
from rollout.safety.shown import harmless, json_text, redact
from rollout.showing import colour
from rollout.showing.display import Display
from rollout.showing.wrapping import height

_LISTEN = 0.1  # seconds between two checks for an answer


class Screen:
    """Show things to the person, on the right stream and with the right colours."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self.paint = colour.painter(options.colour_on(sys.stdout))
        self._paint_err = colour.painter(options.colour_on(sys.stderr))
        self._live_line = LiveLine(streams.repaints(sys.stderr) and not options.quiet and not options.json)
        self._hidden: list[str] = []

    @property
    def display(self) -> Display:
        """Return how data is shown now: the terminal may have another width than a moment ago."""
        return Display(self.paint, streams.width(sys.stdout), self._options.verbose > 0)

    def hide(self, values: Iterable[str]) -> None:
        """From now on show *** in place of these values."""
        self._hidden = sorted({text for value in values for text in secrets.spellings(value)}, key=len, reverse=True)

    def masked(self, text: str) -> str:
        """Return a text with its secrets hidden."""
        for value in self._hidden:
            text = text.replace(value, "***")
        return text

    def fit(self, text: str) -> str:
        """Return a text that is safe to show: without secrets and control sequences."""
        return harmless(redact(self.masked(text)))

    def data(self, text: str) -> None:
        """Print data on stdout; the work goes on if the reader stops reading."""
        self.clear()
        streams.write(sys.stdout, self.fit(text))

    def long(self, text: str, interrupt: Interrupt) -> None:
        """Print data that a person reads at length: in their pager, where it is higher than the terminal."""
        shown = self.fit(text)
        if self._options.no_pager or self._options.json or not _is_long(shown):
            self.data(text)
            return

        from rollout.cli.terminal import pager
        from rollout.git import person

        self.clear()
        command = pager.chosen(person.environment(), person.settings())
        if not command:
            self.data(text)
        elif not pager.page(command, shown, interrupt):
            self.warn(f"the pager {command!r} could not be started; --no-pager does without")
            self.data(text)

    def page(self, html: str) -> None:
        """Print a page that is safe already; it stays whole in any encoding of the stream."""
        self.clear()
        streams.write(sys.stdout, html.encode("ascii", "xmlcharrefreplace").decode())

    def document(self, document: dict[str, Any]) -> None:
        self.data(json_text(json.dumps(document, indent=2, ensure_ascii=False)) + "\n")

    def event(self, **fields: Any) -> None:
        """Print one JSON object on a line of its own."""
        self.data(json_text(json.dumps(fields, ensure_ascii=False)) + "\n")

    def warn(self, text: str) -> None:
        """Say what a person should know, with --quiet, too: that spares them progress and nothing else."""
        self.say(f"{self._paint_err('warning:', 'yellow')} {text}")

    def say(self, text: str) -> None:
        self.clear()
        streams.write(sys.stderr, self.fit(text) + "\n")

    def agreed(self, question: str) -> bool:
        """Ask a question on the terminal; only yes means yes, and signals still work."""
        while True:
            answer = self.line(f"{question} [y/N]: ")
            if answer.strip().lower() in {"y", "yes"}:
                return True
            if answer.strip().lower() in {"", "n", "no"}:
                sys.stderr.write("" if answer else "\n")
                return False
            self.say("please answer y or n")

    def line(self, prompt: str) -> str:
        """Return what the person types after a prompt; "" at the end of input, or if it is not shown. Signals work."""
        self.clear()
        streams.write(sys.stderr, self.fit(prompt))
        if streams.lost(sys.stdout) or streams.lost(sys.stderr):
            return ""  # who has not seen what is asked cannot agree
        # A signal just before a read would have to wait for the read; with select it does not.
        while not select.select([sys.stdin], [], [], _LISTEN)[0]:
            continue
        return streams.line(sys.stdin)

    def note(self, text: str) -> None:
        """Print one line of progress, unless a live line shows it or progress is off."""
        if not self._options.quiet and not self.live and not self._options.json:
            self.say(text)

    @property
    def live(self) -> bool:
        """Tell whether there is a live line."""
        return self._live_line.shown

    def progress(self, done: int, total: int, text: str) -> None:
        """Repaint the live line: how many are done, and what came last."""
        self._live_line.repaint(done, total, text)

    def clear(self) -> None:
        self._live_line.clear()


def _is_long(text: str) -> bool:
    """Tell whether a text has more lines than the terminal; never if there is no terminal."""
    if not (sys.stdin.isatty() and streams.repaints(sys.stdout)):
        return False
    return height(text.splitlines(), streams.width(sys.stdout)) >= streams.height(sys.stdout)
