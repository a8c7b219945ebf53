"""Makes many experiments on all cores and prints what they found, by kind of fault.

python -m tests.faults.sweep                          the long form: thousands of experiments
python -m tests.faults.sweep --most 100               a sample of that many, spread evenly over the kinds
python -m tests.faults.sweep --kinds "kill*,the power goes*"   some kinds alone
python -m tests.faults.sweep --repeat "kill everything | push | - | before rename */live/api/.git/index #1"
"""

from __future__ import annotations

import argparse
import fnmatch
import multiprocessing
import os
import random
import re
import shutil
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import TextIO
from urllib.parse import urlsplit

from tests.faults import disks, forge, kinds, points, shim, table
from tests.faults.experiment import Experiment, Finding
from tests.faults.kind import Calls, Kind
from tests.faults.kinds import BY_NAME, KINDS
from tests.faults.lab import Lab
from tests.faults.runs import preloaded
from tests.faults.stories import STORIES


def plan(room: Lab, wanted: Iterable[Kind], given: Choice) -> list[Experiment]:
    """Choose the experiments; `most` of them, spread evenly over kinds, situations, deeds and calls."""
    able = [kind for kind in wanted if kind.refusal() is None]
    stories = {name for kind in able if kind.way not in _COMMANDS for name in kind.stories}
    stories = {name for name in stories if any(fnmatch.fnmatch(name, glob) for glob in given.story.split(","))}
    calls = {name: list(points.of(room.calls(STORIES[name]))) for name in sorted(stories)}
    waiting = {kind.name: _experiments(room, kind, calls, given) for kind in able}
    by_kind: dict[str, dict[str, Experiment]] = {name: {} for name in waiting}
    left = given.most if given.most is not None else _ENOUGH
    while left > 0 and waiting:
        share = max(1, left // len(waiting))
        for name, more in list(waiting.items())[:left]:
            found = list(islice((one for one in more if str(one) not in by_kind[name]), share))
            by_kind[name] |= {str(one): one for one in found}
            if len(found) < share:
                del waiting[name]
        left = (given.most if given.most is not None else _ENOUGH) - sum(map(len, by_kind.values()))
    found = [experiment for mine in by_kind.values() for experiment in mine.values()]
    random.Random(given.seed).shuffle(found)
    return found


_COMMANDS = {"command", "mount"}
_ENOUGH = 6400


@dataclass(frozen=True)
class Choice:
    """Which of all experiments are made."""

    most: int | None = None
    seed: int = 1
    story: str = "*"
    deed: str = "*"
    where: str = "*"


def _experiments(room: Lab, kind: Kind, calls: Calls, given: Choice) -> Iterator[Experiment]:
    chance = random.Random(f"{given.seed} {kind.name}")
    if kind.way not in _COMMANDS:
        return kind.experiments(calls, given.deed, given.where, chance)
    made: list[list[Experiment]] = []
    for deed in kind.deeds:
        if fnmatch.fnmatch(deed.name, given.deed):
            found = {kind.stories[0]: list(points.of(room.commands_calls(deed)))}
            made.append(list(replace(kind, deeds=(deed,)).experiments(found, "*", given.where, chance)))
    mixed = [one for mine in made for one in mine]
    chance.shuffle(mixed)
    return iter(mixed)


def _work(place: Path, todo: multiprocessing.Queue[Experiment | None], done: multiprocessing.Queue[Finding]) -> None:
    disks.private_mounts()
    room = Lab(place)
    while (experiment := todo.get()) is not None:
        done.put(made(room, experiment))


def made(room: Lab, experiment: Experiment) -> Finding:
    """Make one experiment."""
    started = time.monotonic()
    try:
        match BY_NAME[experiment.kind].way:
            case "command":
                finding = room.inside(experiment)
            case "mount":
                finding = disks.beside(room, experiment)
            case "ext4" | "xfs" as system:
                finding = disks.cut(room, experiment, system)
            case _:
                finding = room.try_out(_bound(experiment, room))
    except Exception:  # a harness that trips must not look like a harness that is content
        finding = Finding(experiment, violations=[f"the harness failed: {traceback.format_exc()[-900:]}"])
    finding.seconds = time.monotonic() - started
    return finding


def _bound(experiment: Experiment, room: Lab) -> Experiment:
    """Fill in the command line of a deed, which speaks of the room's own paths."""
    if experiment.fault.only:
        return replace(experiment, fault=replace(experiment.fault, only=str(room.live / experiment.fault.only)))
    if experiment.deed is None:
        return experiment
    deed = experiment.deed
    if "FORGE " in deed.script:
        port = urlsplit(room.forge.api).port
        script = re.sub(r"FORGE (\w+)", lambda found: forge.person_does(port or 0, found[1]), deed.script)
        deed = replace(deed, script=script)
    command = deed.command(room.live, STORIES[experiment.story].top, room.place / "deed.sh")
    return replace(experiment, fault=replace(experiment.fault, command=command))


@dataclass
class Tally:
    """What was found, by kind."""

    made: Counter[str] = field(default_factory=Counter)
    fired: Counter[str] = field(default_factory=Counter)
    followed: Counter[str] = field(default_factory=Counter)
    seconds: Counter[str] = field(default_factory=Counter)
    codes: dict[str, Counter[int]] = field(default_factory=dict)
    violations: list[Finding] = field(default_factory=list)
    skipped: dict[str, str] = field(default_factory=dict)

    def add(self, finding: Finding) -> None:
        kind = finding.experiment.kind
        self.made[kind] += 1
        self.fired[kind] += finding.fired
        self.followed[kind] += finding.followed
        self.seconds[kind] += round(finding.seconds * 1000)
        self.codes.setdefault(kind, Counter())[finding.code] += 1
        if finding.violations:
            self.violations.append(finding)

    def degenerate(self) -> str | None:
        """Say why the sweep proves nothing: most checkouts must have followed, and most faults have happened."""
        if self.followed.total() * 2 < self.made.total():
            return f"only {self.followed.total()} of {self.made.total()} checkouts followed in the end"
        if self.fired.total() * 10 < self.made.total() * 8:
            return f"only {self.fired.total()} of {self.made.total()} faults happened"
        return None

    def result(self, seconds: float, jobs: int) -> table.Result:
        bad = Counter(finding.experiment.kind for finding in self.violations)
        rows = [
            table.Row(kind, self.made[kind], self.fired[kind], self.followed[kind], bad[kind],
                      self.seconds[kind] / 1000, {str(code): times for code, times in self.codes[kind].items()})
            for kind in (kind.name for kind in KINDS) if kind in self.made
        ]  # fmt: skip
        told = [described(finding) for finding in self.violations]
        return table.Result(time.strftime("%Y-%m-%d", time.gmtime()), os.cpu_count() or 1, jobs, seconds, rows,
                            self.skipped, told)  # fmt: skip


def described(finding: Finding) -> str:
    return (
        f"{finding.experiment} [{finding.call}] exit {finding.code}: {'; '.join(finding.violations)} ({finding.notes})"
    )


def run(
    experiments: list[Experiment],
    place: Path,
    jobs: int,
    seconds: float,
    tell: TextIO | None = sys.stderr,
    *,
    forks: bool = False,
    first: bool = False,
    keep: Callable[[Tally], object] = bool,
) -> Tally:
    """Make the experiments, `jobs` at a time, for a limited time.

    With `forks` the program runs in forks of a process that has it loaded; with `first` a violation ends it. What has
    been found so far is given to `keep` now and then.
    """
    context = multiprocessing.get_context("spawn")
    todo: multiprocessing.Queue[Experiment | None] = context.Queue()
    done: multiprocessing.Queue[Finding] = context.Queue()
    workers = [
        context.Process(target=_work, args=(place / f"room{number}", todo, done), daemon=True) for number in range(jobs)
    ]
    with _preload(place) if forks else nullcontext():
        for worker in workers:
            worker.start()
    tally, deadline = Tally(), time.monotonic() + seconds
    waiting, under_way = iter(experiments), 0
    try:
        while True:
            while under_way < 2 * jobs and time.monotonic() < deadline and (one := next(waiting, None)) is not None:
                todo.put(one)
                under_way += 1
            if under_way == 0 or (first and tally.violations):
                return tally
            finding = done.get(timeout=300)
            under_way -= 1
            tally.add(finding)
            if tell is not None and finding.violations:
                print(f"VIOLATION {described(finding)}", file=tell, flush=True)
            if tally.made.total() % 25 == 0:
                keep(tally)
            if tell is not None and tally.made.total() % 100 == 0:
                print(f"{tally.made.total()} of {len(experiments)} experiments", file=tell, flush=True)
    finally:
        for _ in workers:
            todo.put(None)
        for worker in workers:
            worker.join(30)


def run_here(room: Lab, experiments: Iterable[Experiment], seconds: float) -> Tally:
    """Make the experiments in this process, which was started with the shim, and in a room that has their worlds."""
    disks.private_mounts()
    tally, deadline = Tally(), time.monotonic() + seconds
    for experiment in experiments:
        if time.monotonic() > deadline:
            break
        tally.add(made(room, experiment))
    return tally


@contextmanager
def _preload(place: Path) -> Iterator[None]:
    """Have processes that are started in the block loaded with the shim, which does nothing until it is told to."""
    os.environ["LD_PRELOAD"] = str(shim.library(place))
    try:
        yield
    finally:
        del os.environ["LD_PRELOAD"]


def rooms() -> Path:
    """Make a folder for the rooms where files are quick: in memory, if there is such a place and it is large enough."""
    memory = Path("/dev/shm")
    roomy = os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > 1 << 30
    return Path(tempfile.mkdtemp(prefix="rollout-faults-", dir=memory if roomy else None))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--most", type=int, metavar="N", help=f"how many experiments; {_ENOUGH} unless told")
    parser.add_argument("--seconds", type=float, default=3600, metavar="N", help="begin none after so many seconds")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 2)
    parser.add_argument("--kinds", "--kind", default="*", metavar="NAME,...", help="names or patterns of kinds")
    parser.add_argument("--story", default="*", metavar="NAME,...")
    parser.add_argument("--deed", default="*")
    parser.add_argument("--where", default="*", metavar="GLOB", help="only at calls on paths like this")
    parser.add_argument("--repeat", metavar="NAME", help="make one experiment again, by its name")
    parser.add_argument("--times", type=int, default=1, metavar="N", help="with --repeat: so many times")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", action="store_true", help="end at the first violation")
    parser.add_argument("--exec", action="store_true", help="start the program anew each time; slower")
    parser.add_argument("--json", action="store_true", help="print the result as JSON instead of the table")
    parser.add_argument("--result", type=Path, metavar="FILE", help="keep the result for python -m tests.faults.table")
    parser.add_argument("--calls", action="store_true", help="print the named calls of a run of --story and end")
    parser.add_argument("--list", action="store_true", help="print the kinds and end")
    given = parser.parse_args()
    if given.list:
        for kind in KINDS:
            print(f"{kind.name}{f' (skipped here: {why})' if (why := kind.refusal()) else ''}")
        return 0
    place = rooms()
    try:
        room = Lab(place / "room0")
        if given.calls:
            story = next(name for name in STORIES if fnmatch.fnmatch(name, given.story))
            for call, point in points.of(room.calls(STORIES[story])):
                print(f"{call.pid} {point}")
            return 0
        wanted = kinds.chosen(KINDS, given.kinds)
        if given.repeat:
            experiments = [kinds.parsed(given.repeat)] * given.times
        else:
            experiments = plan(room, wanted, Choice(given.most, given.seed, given.story, given.deed, given.where))
        started = time.monotonic()
        skipped = {kind.name: why for kind in wanted if not given.repeat and (why := kind.refusal())}

        def keep(tally: Tally) -> table.Result:
            tally.skipped = skipped
            found = tally.result(time.monotonic() - started, given.jobs)
            if given.result:
                given.result.write_text(table.as_json(found))
            return found

        if given.jobs == 1 and preloaded():
            tally = run_here(room, experiments, given.seconds)
        else:
            forks = not given.exec
            tally = run(experiments, place, given.jobs, given.seconds, forks=forks, first=given.first, keep=keep)
        result = keep(tally)
        print(table.as_json(result) if given.json else table.text(result))
        whole = not given.repeat and given.kinds == "*" and given.most != 0 and not given.first
        if whole and (why := tally.degenerate()):
            print(f"this sweep proves nothing: {why}", file=sys.stderr)
            return 2
        return 1 if tally.violations else 0
    finally:
        shutil.rmtree(place, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
