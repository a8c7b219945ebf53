"""What every chapter of the demo uses: run a command, show it, check the result."""

from __future__ import annotations

import shlex
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from rollout.demo import first_user
from rollout.demo.sandbox import Sandbox
from rollout.errors import RolloutError

_LAST = 2  # lines at the end of what is shortened: a summary, the next command
_NOTHING: Mapping[str, str] = MappingProxyType({})


def prepared(folder: Path) -> Sandbox:
    """Return a sandbox in a folder that is new or empty; raise RolloutError rather than touch what is there."""
    place = folder.absolute()
    first_user.check_place(place)
    if place.exists() and not place.is_dir():
        raise RolloutError.at(place, "is not a folder", "name another one")
    if place.exists() and any(place.iterdir()):
        raise RolloutError.at(place, "is not empty", "name a folder that is empty or does not exist yet")
    place.mkdir(parents=True, exist_ok=True)
    return Sandbox(place.resolve())


@dataclass(slots=True)
class Stage:
    """Tells, runs and checks; `say` prints, `paint` colours, `width` is the terminal's."""

    sandbox: Sandbox
    say: Callable[[str], None]
    paint: Callable[[str, str], str]
    width: int | None = None
    failures: list[str] = field(default_factory=list)
    said: str = ""  # by the program that ran last
    times: list[tuple[str, float]] = field(default_factory=list)  # when each chapter began

    def rollout(self, *arguments: str, most: int | None = None, environment: Mapping[str, str] = _NOTHING) -> int:
        """Run the program as a person would, on the sandbox's own inventory and templates; keep what it said."""
        self.command("rollout " + shlex.join(arguments))
        color = "always" if self.paint("x", "bold") != "x" else "never"
        done = self._run("--color", color, *arguments, environment=environment)
        self.show(done.stdout, most)
        return done.returncode

    def ask(self, *arguments: str) -> str:
        """Run the program for the story's own sake, and return what it said."""
        return self._run(*arguments, environment={}).stdout

    def _run(self, *arguments: str, environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-P", "-X", "utf8", "-m", "rollout", *arguments],
            env={**self.sandbox.environment(), "ROLLOUT_QUIET": "1", **environment},
            cwd=self.sandbox.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )

    def show(self, text: str, most: int | None = None) -> None:
        """Print what a program said, its first `most` lines or all, and keep it as the last thing that was said."""
        self.said = text
        self.quote(text.splitlines(), most)

    def quote(self, lines: Sequence[str], most: int | None = None) -> None:
        """Print lines of a file or a program, set off from the story; of many the first and the last two."""
        cut = most is not None and len(lines) > most
        for line in lines[: most - _LAST] if cut and most is not None else lines:
            self._quoted(line)
        if cut and most is not None:
            self.line(self.paint(f"  ... {len(lines) - most} more lines ...", "dim"))
            for line in lines[-_LAST:]:
                self._quoted(line)

    def _quoted(self, line: str) -> None:
        self.line("  " + line, under=len(line) - len(line.lstrip()) + 4)

    def chapter(self, title: str, about: str) -> None:
        """Begin a chapter."""
        self.times.append((title, time.monotonic()))
        self.say("")
        self.say(self.paint(f"== {title}", "cyan"))
        if about:
            self.line(about)

    def line(self, text: str, under: int = 0) -> None:
        """Print one line, folded where the terminal is narrower."""
        if self.width is None or len(text) <= self.width:
            self.say(text)
            return
        for piece in textwrap.wrap(
            text, self.width, subsequent_indent=" " * under, drop_whitespace=True, break_on_hyphens=False
        ):
            self.say(piece)

    def command(self, text: str) -> None:
        """Print a command line that is run."""
        self.line(self.paint(f"$ {text}", "bold"))

    def check(self, promise: str, held: bool) -> None:
        """Print whether a promise held, and remember one that did not."""
        self.line((self.paint("✓", "green") if held else self.paint("✗", "red")) + f" {promise}", under=2)
        if not held:
            self.failures.append(promise)

    def seconds(self) -> int:
        """Return how long the story has taken."""
        return round(time.monotonic() - self.times[0][1]) if self.times else 0
