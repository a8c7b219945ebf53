"""How many sessions resume right when agents forget to log: python benchmarks/events_simulation.py [SESSIONS]"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # the simulation lives beside the tests that use it, too

from rollout.events.event_types import canonical_names, shipped_types
from rollout.events.resume import resume
from tests.events.simulation import remembered, share, simulate, wrong_fields

FORGETTING = (0.0, 0.01, 0.02, 0.05)


def main(sessions: int) -> None:
    print(
        "| forgotten | agents log everything by hand | hooks log messages, subagents and commits |",
        "|---|---|---|",
        sep="\n",
    )
    for rate in FORGETTING:
        by_hand, hooked = (share(outcomes(sessions, rate, hooks=hooks)) for hooks in (False, True))
        print(f"| {100 * rate:.0f} % | {by_hand} | {hooked} |", flush=True)


def outcomes(sessions: int, rate: float, *, hooks: bool) -> Iterator[list[str]]:
    names = canonical_names(shipped_types())
    for seed in range(sessions):
        agent = simulate(seed)
        yield wrong_fields(agent.truth, resume("simulated", remembered(agent, rate, hooks=hooks), None, names))


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else 5000)
