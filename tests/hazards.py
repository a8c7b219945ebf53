"""The page docs/hazards.md, made from hazards.toml: `python -m tests.hazards` writes it."""

from __future__ import annotations

import tomllib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
DOCUMENT = HERE.parent / "docs" / "hazards.md"
HEAD = """# Hazards

What can go wrong, and the test that fails if it does. `python -m tests.hazards` writes this page from
`tests/hazards.toml`.
[safety.md](safety.md) says what is promised and why the promises hold."""
GROUPS = {
    "A": "The work tree of a person", "B": "The state of a repository", "C": "The remote", "D": "Crashes",
    "E": "At the same time", "F": "The disk", "G": "Shared files", "H": "Remote machines", "I": "Hostile input",
    "J": "Secrets", "K": "The ledger", "L": "Reviews", "M": "What people decide",
}  # fmt: skip
STATES = {"held": "held", "later": "not done yet", "open": "open"}


@dataclass(frozen=True)
class Hazard:
    id: str
    hazard: str
    state: str
    tests: tuple[str, ...]


def hazards() -> list[Hazard]:
    found = tomllib.loads((HERE / "hazards.toml").read_text())
    return [Hazard(name, row["hazard"], row["state"], tuple(row.get("tests", ()))) for name, row in found.items()]


def page() -> str:
    """Return the page: counts, then one table per group."""
    rows = hazards()
    counts = Counter(row.state for row in rows)
    left = f", {counts['open']} open (the design may answer them, but no test holds it)" if counts["open"] else ""
    later = f"{counts['later']} about what rollout does not do yet, as other machines"
    told = f"{counts['held']} held by a test, {later}{left}"
    return (
        "\n\n".join([HEAD, f"{len(rows)} hazards: {told}.", *(_group(*group, rows) for group in GROUPS.items())]) + "\n"
    )


def _group(letter: str, title: str, rows: list[Hazard]) -> str:
    lines = [f"## {letter}. {title}", "", "| | hazard | state | held by |", "| --- | --- | --- | --- |"]
    for row in rows:
        if row.id.rstrip("0123456789") == letter:
            tests = "<br>".join(f"`{test}`" for test in row.tests)
            lines.append(f"| {row.id} | {row.hazard} | {STATES[row.state]} | {tests} |")
    return "\n".join(lines)


if __name__ == "__main__":
    DOCUMENT.write_text(page())
