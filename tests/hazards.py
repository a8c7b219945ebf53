"""The table of hazards in docs/safety.md, made from hazards.toml: `python -m tests.hazards` writes it."""

from __future__ import annotations

import tomllib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
DOCUMENT = HERE.parent / "docs" / "safety.md"
BEGIN, END = "<!-- hazards: begin -->", "<!-- hazards: end -->"
GROUPS = {
    "A": "The work tree of a person", "B": "The state of a repository", "C": "The remote", "D": "Crashes",
    "E": "At the same time", "F": "The disk", "G": "Shared files", "H": "Remote machines", "I": "Hostile input",
    "J": "Secrets", "K": "The ledger",
}  # fmt: skip
STATES = {"held": "held", "later": "no such command yet", "open": "open"}


@dataclass(frozen=True)
class Hazard:
    id: str
    hazard: str
    state: str
    tests: tuple[str, ...]


def hazards() -> list[Hazard]:
    found = tomllib.loads((HERE / "hazards.toml").read_text())
    return [Hazard(name, row["hazard"], row["state"], tuple(row.get("tests", ()))) for name, row in found.items()]


def table() -> str:
    """Return the section's text: counts, then one table per group."""
    rows = hazards()
    counts = Counter(row.state for row in rows)
    left = f", {counts['open']} open (the design may answer them, but no test holds it)" if counts["open"] else ""
    parts = [
        f"{len(rows)} hazards: {counts['held']} held by a test, {counts['later']} about commands that do not exist "
        f"yet{left}."
    ]
    for letter, title in GROUPS.items():
        lines = [f"### {letter}. {title}", "", "| | hazard | state | held by |", "| --- | --- | --- | --- |"]
        for row in rows:
            if row.id.rstrip("0123456789") == letter:
                tests = "<br>".join(f"`{test}`" for test in row.tests)
                lines.append(f"| {row.id} | {row.hazard} | {STATES[row.state]} | {tests} |")
        parts.append("\n".join(lines))
    return "\n\n".join(parts)


def written(text: str) -> str:
    """Return the document with the table as it should be."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{table()}\n\n{END}{after}"


if __name__ == "__main__":
    DOCUMENT.write_text(written(DOCUMENT.read_text()))
