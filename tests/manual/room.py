"""A room in which a page is tried: a folder, a home, and a shell that stays where it went."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests import on_path

_RUN = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{6}")
_CHANGES = (
    (_RUN, "20260203T152000Z-abc123"),
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"), "2026-02-03T15:20:00Z"),
    (re.compile(r"\b\d+ (?:s|min|h|d) ago\b|\bjust now\b"), "just now"),
    (re.compile(r"\b(?=[0-9a-f]*\d)[0-9a-f]{7,12}\b|\b[a-f]{7,10}\b"), "0123456789"),
)


@dataclass
class Room:
    """Where the commands of a page run, one after the other, as in one terminal."""

    root: Path
    here: Path = field(init=False)
    status: int = 0
    runs: dict[str, str] = field(default_factory=dict)  # by the id that the page shows

    def __post_init__(self) -> None:
        self.here = self.root

    def run(self, script: str) -> subprocess.CompletedProcess[str]:
        """Run a script where the last one ended, and note where it ends; what goes to stderr is shown, too."""
        script = _RUN.sub(lambda found: self.runs.get(found[0], found[0]), script)
        place = self.root / ".where"
        text = f"trap 'pwd > {place}' EXIT\n(exit {self.status})\n{script}"
        path = f"{on_path.folder()}:{Path(sys.executable).parent}:{os.environ['PATH']}"
        done = subprocess.run(
            ["bash", "-c", text], cwd=self.here, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=False,
            stderr=subprocess.STDOUT, text=True, env={**os.environ, "PATH": path},
        )  # fmt: skip
        self.here, self.status = Path(place.read_text().strip()), done.returncode
        return done

    def meet(self, shown: str, said: str) -> None:
        """Learn which run a page means by the ids that it shows."""
        self.runs |= dict(zip(_RUN.findall(shown), _RUN.findall(said), strict=False))

    def put(self, path: str, text: str) -> None:
        file = self.here / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)


def commands(text: str) -> Iterator[tuple[str, str]]:
    """Yield each command of a console block with the output that is shown."""
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command, _, output = part.partition("\n")
        while command.endswith("\\"):
            more, _, output = output.partition("\n")
            command += "\n" + more
        yield command, output


def alike(output: str) -> str:
    """Return an output with what differs each time written alike: ids, commits, times."""
    for pattern, instead in _CHANGES:
        output = pattern.sub(instead, output)
    return "".join(line.rstrip() + "\n" for line in output.splitlines())


def as_pattern(shown: str) -> str:
    """Return what an output has to match; dots stand for lines, or the end of one, that are left out."""
    return "".join(map(_line_pattern, alike(shown).splitlines()))


def _line_pattern(line: str) -> str:
    if line.strip() == "...":
        return r"(?:.*\n)*?"
    if line.endswith(" ..."):
        return re.escape(line.removesuffix("...")) + ".*\n"
    return re.escape(line + "\n")
