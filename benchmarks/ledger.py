"""What `status` pays for a long history: python benchmarks/ledger.py [RUNS] [TARGETS]

The yardstick is the same question to a ledger with one run; both are asked in turns.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from pathlib import Path

from rollout.ledger import ledger
from rollout.ledger.ledger import Ledger
from rollout.machine import clock
from rollout.model.action import Action
from rollout.model.outcomes import Outcome, Run, RunCommand, Verdict, WrittenPath

ROUNDS = 9
PATHS = (WrittenPath("AGENTS.md", Action.UPDATE, f"100644:{'a' * 64}", f"100644:{'b' * 64}"),)


def filled(book: Ledger, runs: int, targets: int) -> None:
    """Record runs in which every seventh target changed."""
    for number in range(runs):
        run = Run(
            f"run-{number:05}",
            RunCommand.APPLY,
            clock.now_exact(),
            clock.epoch(),
            "subject",
            f"p{number}",
            f"d{number}",
        )
        book.start(run, "host")
        verdicts = (Verdict.UNCHANGED if (number + one) % 7 else Verdict.PUSHED for one in range(targets))
        book.record_all(run, (Outcome(f"service-{n:05}", v, paths=PATHS) for n, v in enumerate(verdicts)))


def main(runs: int, targets: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        places = {size: Path(name, str(size), "ledger.db") for size in (1, runs)}
        for number, place in places.items():
            with ledger.opened(str(place), place.parent, place.parent / "inventory.yaml", print) as book:
                filled(book, number, targets)
        spent: dict[int, list[float]] = {number: [] for number in places}
        for _ in range(ROUNDS):
            for number, place in places.items():
                before = time.monotonic()
                with ledger.opened(str(place), place.parent, place.parent / "inventory.yaml", print) as book:
                    book.last_outcomes()
                spent[number].append(time.monotonic() - before)
        one, many = (statistics.median(times) for times in spent.values())
        print("| runs | targets | MB | opened and asked | one run | ratio |", "|---|---|---|---|---|---|", sep="\n")
        cells = (f"{runs:,}", f"{targets:,}", f"{places[runs].stat().st_size / 1e6:.0f}")
        times = (f"{many * 1e3:.0f} ms", f"{one * 1e3:.0f} ms", f"{many / one:.1f}")
        print(f"| {' | '.join((*cells, *times))} |")


if __name__ == "__main__":
    given = [int(word) for word in sys.argv[1:]]
    main(*(given or (100, 1000)))
