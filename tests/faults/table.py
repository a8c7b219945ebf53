"""What a sweep found, as a table: for the terminal, and between two marks in docs/experiments.md.

python -m tests.faults.table RESULT ...    write the table of sweeps that were made with --result RESULT
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import msgspec
from msgspec import Struct, structs

_DOCUMENT = Path(__file__).parents[2] / "docs/experiments.md"
_BEGIN, _END = "<!-- experiments: begin -->\n", "<!-- experiments: end -->\n"
_HEAD = ["| fault | experiments | it happened | checkout followed in the end | violations |",
         "| --- | --- | --- | --- | --- |"]  # fmt: skip


class Row(Struct, frozen=True):
    """The experiments of one kind."""

    kind: str
    made: int
    fired: int
    followed: int
    violations: int
    seconds: float
    codes: dict[str, int]


class Result(Struct, frozen=True):
    """A whole sweep."""

    day: str
    cores: int
    jobs: int
    seconds: float
    rows: list[Row]
    skipped: dict[str, str]
    violations: list[str]

    @property
    def made(self) -> int:
        return sum(row.made for row in self.rows)


def united(results: list[Result]) -> Result:
    """Return several sweeps as one."""
    rows: dict[str, Row] = {}
    for row in (row for result in results for row in result.rows):
        rows[row.kind] = _sum(rows[row.kind], row) if row.kind in rows else row
    skipped = {kind: why for result in results for kind, why in result.skipped.items() if kind not in rows}
    told = [violation for result in results for violation in result.violations]
    seconds = sum(result.seconds for result in results)
    return structs.replace(results[-1], seconds=seconds, rows=list(rows.values()), skipped=skipped, violations=told)


def _sum(one: Row, other: Row) -> Row:
    codes = {code: one.codes.get(code, 0) + other.codes.get(code, 0) for code in {**one.codes, **other.codes}}
    return Row(one.kind, one.made + other.made, one.fired + other.fired, one.followed + other.followed,
               one.violations + other.violations, one.seconds + other.seconds, codes)  # fmt: skip


def as_json(result: Result) -> str:
    return msgspec.json.encode(result).decode()


def text(result: Result) -> str:
    """Return the table with what it takes to read it."""
    bad = len(result.violations)
    pace = result.made / max(result.seconds, 0.01)
    said = (
        f"{result.made} experiments in {result.seconds:.0f} seconds ({pace:.1f} a second, {result.jobs} at a time on "
        f"{result.cores} cores, {result.day}), {bad} with violations"
    )
    return "\n".join([*_table(result), "", said])


def _table(result: Result) -> list[str]:
    lines = [_line(row.kind, row.made, row.fired, row.followed, row.violations) for row in result.rows]
    lines += [f"| {kind} | skipped: {why} | | | |" for kind, why in result.skipped.items()]
    sums = [sum(getattr(row, name) for row in result.rows) for name in ("made", "fired", "followed", "violations")]
    return [*_HEAD, *lines, _line("all", *sums)]


def _line(*cells: object) -> str:
    return f"| {' | '.join(map(str, cells))} |"


def put(document: str, result: Result) -> str:
    """Return the document with the result's table between the marks."""
    before, begin, rest = document.partition(_BEGIN)
    _, end, after = rest.partition(_END)
    if not begin or not end:
        raise ValueError(f"{_DOCUMENT.name} has no place for the table: write {_BEGIN.strip()} and {_END.strip()}")
    git = subprocess.run(["git", "version"], capture_output=True, text=True, check=True).stdout.split()[2]
    said = (
        f"`make faults` on {result.day}, {result.jobs} at a time on {result.cores} cores: {result.made:,} "
        f"experiments in {result.seconds / 60:.0f} minutes,\n{len(result.violations)} with a violation (git {git}, "
        f"{os.uname().sysname}, files in memory but for the kinds that need a disk)."
    )
    return f"{before}{begin}\n{said}\n\n" + "\n".join(_table(result)) + f"\n\n{end}{after}"


def main() -> int:
    if len(sys.argv) < 2:
        print(__doc__, file=sys.stderr)
        return 64
    results = [msgspec.json.decode(Path(name).read_bytes(), type=Result) for name in sys.argv[1:]]
    _DOCUMENT.write_text(put(_DOCUMENT.read_text(), united(results)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
