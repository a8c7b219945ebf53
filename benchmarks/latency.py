"""Rollout on remotes that are far away: a fleet behind a real sshd, each connection to which takes 50 ms longer.

    PYTHONPATH=. python benchmarks/latency.py [SIZE] [--rounds N] [--delay SECONDS] [--against ROLLOUT]

The yardstick is one bare `git push` of the same kind of commit over the same way, times the repositories, divided by
the jobs: what a fleet would take if pushing were all there is to do and cost no processor. Beside it stands what eight
bare pushes at a time take in the same round on the same machine.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from fleet import Fleet, make
from run import JOBS, loop, machine, rollout, timed, write_results

from tests.remote.proxy import proxy
from tests.remote.servers import sshd

HEADING = "## Far away"
SAMPLES = 15
PUSH = 'git -C "$CLONES/$1" push --quiet "$SERVED$CLONES/../remotes/$1.git" main'
SETTINGS = "MaxStartups 100\nLogLevel QUIET\n"


@dataclass(frozen=True)
class Round:
    """What one round took, in seconds."""

    push: float  # one bare push, alone
    pushes: float  # one for each repository, JOBS at a time
    apply: float  # rollout: look, fetch, commit, push, look again
    unchanged: float  # rollout: look again
    others: float = 0  # another version's apply, where one takes part


@contextmanager
def far_away(folder: Path, delay: float) -> Iterator[tuple[str, str]]:
    """Serve this machine's folders by ssh with slow connections; yield how addresses begin, and the ssh command."""
    with sshd(folder / "sshd", SETTINGS) as server, proxy(server.port) as between:
        between.connecting = delay
        server.knows(between.port)
        yield server.url.replace(str(server.port), str(between.port)), server.command(between.port)


@dataclass(frozen=True)
class Other:
    """Another version of rollout, and the fleet it works on."""

    program: Path
    fleet: Fleet
    environment: dict[str, str]

    def apply(self) -> float:
        return timed(rollout("apply", "-y", "-q", program=self.program), self.environment).wall


@dataclass(frozen=True)
class Ground:
    """The fleets of a run, and the environments in which they are worked on."""

    mine: Fleet
    far: dict[str, str]
    theirs: Fleet
    environment: dict[str, str]
    other: Other | None = None


def one_round(number: int, ground: Ground) -> Round:
    mine, theirs, environment, far, other = ground.mine, ground.theirs, ground.environment, ground.far, ground.other
    for fleet in (mine, theirs, *([other.fleet] if other else ())):
        fleet.advance(number)
    names = mine.root / "names"
    names.write_text("".join(f"{name}\n" for name in theirs.names))
    prepare = (
        'cd "$CLONES/$1" && git fetch --quiet "$CLONES/../remotes/$1.git" main && git reset --quiet --hard FETCH_HEAD'
        f' && echo {number} >version && git add version && git commit --quiet -m "Roll out"'
    )
    timed(loop(names, prepare), environment)
    single = []
    for name in theirs.names[:SAMPLES]:
        single.append(timed(["sh", "-c", PUSH, "sh", name], environment).wall)
    pushes = timed(loop(names, PUSH), environment).wall * len(theirs.names) / (len(theirs.names) - SAMPLES)
    before = other.apply() if other and number % 2 else 0  # each of two goes first in every other round
    applied = timed(rollout("apply", "-y", "-q"), far).wall
    after = other.apply() if other and not number % 2 else 0
    found = Round(
        statistics.median(single), pushes, applied, timed(rollout("apply", "-y", "-q"), far).wall, before + after
    )
    print(found, flush=True)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("size", nargs="?", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--delay", type=float, default=0.05)
    parser.add_argument("--no-write", action="store_true")
    parser.add_argument("--against", type=Path, metavar="ROLLOUT", help="another version, measured in the same rounds")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="rollout-far-") as name, far_away(Path(name), given.delay) as (served, ssh):
        mine = make(Path(name, "mine"), given.size, served=served)
        theirs = make(Path(name, "theirs"), given.size, given.size, "file://")
        far = {**mine.environment, "GIT_SSH_COMMAND": ssh}
        environment = {
            **theirs.environment,
            "GIT_SSH_COMMAND": ssh,
            "CLONES": str(theirs.root / "checkouts"),
            "SERVED": served,
        }
        other = None
        if given.against:
            fleet = make(Path(name, "other"), given.size, served=served)
            other = Other(given.against.absolute(), fleet, {**fleet.environment, "GIT_SSH_COMMAND": ssh})
            other.apply()
        timed(rollout("apply", "-y", "-q"), far)
        ground = Ground(mine, far, theirs, environment, other)
        rounds = [one_round(2 + number, ground) for number in range(given.rounds)]
    text = report(rounds, given.size, given.delay)
    print(text)
    if not given.no_write:
        write_results(text, HEADING)


def report(rounds: list[Round], size: int, delay: float) -> str:
    ideal = [one.push * size / JOBS for one in rounds]

    def ratio(values: list[float], to: list[float]) -> str:
        return f"{statistics.median(a / b for a, b in zip(values, to, strict=True)):.2f}"

    applies, pushes = [one.apply for one in rounds], [one.pushes for one in rounds]
    rows = [
        ("rollout: apply / N pushes divided by the jobs", ratio(applies, ideal), "<= 1.2"),
        ("rollout: apply / N bare pushes, as many at a time", ratio(applies, pushes), ""),
        ("N bare pushes, as many at a time / N pushes divided by the jobs", ratio(pushes, ideal), ""),
        ("rollout: apply, nothing to do / N pushes divided by the jobs",
         ratio([one.unchanged for one in rounds], ideal), ""),
    ]  # fmt: skip
    if all(one.others for one in rounds):
        rows.append(("rollout: apply / the other version's", ratio(applies, [one.others for one in rounds]), ""))
    push, apply = statistics.median(one.push for one in rounds), statistics.median(applies)
    lines = [
        f"`make far`, measured on {machine()}: {size} repositories behind one sshd on loopback, each connection "
        f"{delay * 1000:.0f} ms longer, {JOBS} at a time, median of {len(rounds)} rounds. One bare push takes "
        f"{push * 1000:.0f} ms, rollout's apply {apply:.1f} s.",
        "",
        "| measure | ratio | goal |",
        "|---|---|---|",
        *(f"| {words} | {found} | {goal} |" for words, found, goal in rows),
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    started = time.monotonic()
    main()
    print(f"{time.monotonic() - started:.0f} s in all")
