"""What a successor can answer from a resume alone: python benchmarks/events_handoff.py [SESSIONS]"""

from __future__ import annotations

import statistics
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # the sessions live beside the tests that use them, too

from rollout.events.resume_markdown import LIMIT
from tests.events.handoff import Marks, measured

FORGETTING = (0.0, 0.05)
HEADS = (
    "given", "facts recovered", "ruled-out approaches carried over", "superseded facts told as current",
    '"unknown" where nothing is known', "all 12 answers right", "characters, median and largest",
)  # fmt: skip
# The page is bounded, and what does not fit is there on demand.
GOALS = ("goal", "100 % of all of it", "100 %", "0 %", "100 %", "", f"the page < {LIMIT:,}")


def main(sessions: int) -> None:
    for rate in FORGETTING:
        print(f"\n{sessions} sessions, {100 * rate:.0f} % of what agents log themselves forgotten\n")
        print(_row(HEADS), _row(["---"] * len(HEADS)), sep="\n")
        for name, marks in measured(sessions, rate).items():
            print(_row((name, *_shares(marks))))
        print(_row(GOALS))


def _shares(marks: Marks) -> list[str]:
    counted = (marks.facts, marks.ruled_out, marks.superseded, marks.unknown, marks.whole)
    sizes = f"{statistics.median(marks.sizes):,.0f}, {max(marks.sizes):,}"
    return [*(f"{100 * right / of:.1f} %" for right, of in counted), sizes]


def _row(cells: object) -> str:
    assert isinstance(cells, (tuple, list))
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else 200)
