"""Makes many experiments on all cores and prints what they found, by kind of fault.

python -m tests.faults.sweep                  the long form: thousands of experiments
python -m tests.faults.sweep --most 100       a sample of that many, spread evenly
python -m tests.faults.sweep --kind "kill*"   some kinds alone
python -m tests.faults.sweep --only 117 --kind "kill everything"   one experiment again
"""

from __future__ import annotations

import argparse
import errno
import fnmatch
import json
import multiprocessing
import os
import random
import shutil
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TextIO

from tests.faults import people, shim
from tests.faults.lab import STORIES, Experiment, Finding, Room
from tests.faults.people import Deed
from tests.faults.shim import Call, Fault, Mode

_ERRORS = (errno.ENOSPC, errno.EIO, errno.EACCES)


@dataclass(frozen=True)
class Kind:
    """One kind of fault: at every how-manieth call of a run it is tried, in which situations."""

    name: str
    fault: Fault
    every: int
    stories: tuple[str, ...] = tuple(STORIES)
    deeds: tuple[Deed, ...] = ()
    gaps: tuple[int, ...] = ()
    second: Mode | None = None
    without: str = ""

    def experiments(self, story: str, calls: list[Call], start: int) -> Iterator[Experiment]:
        if self.deeds:
            yield from self._deeds(story, calls, start)
            return
        if self.fault.only:
            numbers = list(range(1, 1 + sum("/state/" in call.path for call in calls)))
        else:
            numbers = [call.number for call in calls][start % self.every :]
        for at in numbers[:: self.every]:
            second = Fault(self.second, 1 + (at * 7) % (len(calls) // 2)) if self.second is not None else None
            yield Experiment(self.name, story, replace(self.fault, at=at), None, second, self.without)

    def _deeds(self, story: str, calls: list[Call], start: int) -> Iterator[Experiment]:
        for number, deed in enumerate(self.deeds):
            where = [call.number for call in calls if _concerns(call, deed)]
            for index in range((start + number) % self.every, len(where), self.every):
                gap = self.gaps[index // self.every % len(self.gaps)] if self.gaps else 0
                fault = replace(self.fault, at=where[index], then=where[index] + gap if gap else 0)
                yield Experiment(self.name, story, fault, deed)


def _concerns(call: Call, deed: Deed) -> bool:
    """Tell whether it matters that a deed happens just before a call."""
    match deed.place:
        case "checkout":
            return "/api/" in call.path or "/solo/" in call.path
        case "folder":
            return "/shared/" in call.path or "/folders/" in call.path
        case "upstream":
            return "/workshops/" in call.path or "api.git" in call.path
        case _:
            return True


_WITH_REMOTE = ("push", "upstream moved")
KINDS = (
    Kind("kill everything", Fault(Mode.KILL_TREE), 2),
    Kind("kill the process group", Fault(Mode.KILL_GROUP), 4),
    Kind("kill one process", Fault(Mode.KILL_ONE), 3),
    *(Kind(f"one call fails: {errno.errorcode[number]}", Fault(Mode.FAIL, errno=number), 5) for number in _ERRORS),
    Kind("disk full from a call on", Fault(Mode.FULL), 5),
    Kind("the state folder's disk is full from a call on", Fault(Mode.FULL, only="state"), 5),
    Kind("a write is cut short", Fault(Mode.SHORT), 9),
    Kind("kill, and kill again in recovery", Fault(Mode.KILL_TREE), 11, second=Mode.KILL_TREE),
    Kind("kill, then the ledger is lost", Fault(Mode.KILL_TREE), 13, without="ledger"),
    Kind("kill, then the state folder is lost", Fault(Mode.KILL_TREE), 13, ("push", "upstream moved", "no remote"),
         without="state"),
    Kind("a person acts in the checkout", Fault(Mode.RUN), 7, deeds=people.CHECKOUT),
    Kind("a person acts, then kill", Fault(Mode.RUN), 13, deeds=people.CHECKOUT, gaps=(1, 2, 3, 5, 8)),
    Kind("stopped, a person acts, continued", Fault(Mode.STOP), 11, deeds=people.CHECKOUT),
    Kind("a person acts in the folder", Fault(Mode.RUN), 3, _WITH_REMOTE, people.FOLDER),
    Kind("a person acts in the folder, then kill", Fault(Mode.RUN), 4, _WITH_REMOTE, people.FOLDER, (1, 2, 3, 5)),
    Kind("a rollout inside a person's command", Fault(Mode.RUN), 3, ("upstream moved",), people.COMMANDS),
    Kind("somebody else pushes", Fault(Mode.RUN), 9, _WITH_REMOTE, people.UPSTREAM),
)  # fmt: skip


def plan(
    room: Room, kinds: Iterable[Kind], stories: Iterable[str], most: int | None, seed: int, where: str = "*"
) -> list[Experiment]:
    """Choose the experiments at calls on the paths `where`; `most` of them, spread evenly over kinds and calls."""
    made = {name: room.calls(STORIES[name]) for name in stories}
    calls = {name: [call for call in found if fnmatch.fnmatch(call.path, where)] for name, found in made.items()}
    by_kind = []
    for kind in kinds:
        if kind.deeds and kind.deeds[0] in people.COMMANDS:
            by_kind.append(list(_inside(room, kind, seed)))
            random.Random(seed).shuffle(by_kind[-1])
            continue
        mine = [e for name in kind.stories if name in calls for e in kind.experiments(name, calls[name], seed)]
        random.Random(f"{seed} {kind.name}").shuffle(mine)
        by_kind.append(mine)
    if most is not None:
        share = max(1, most // max(1, len(by_kind)))
        by_kind = [mine[:share] for mine in by_kind]
    chosen = [experiment for mine in by_kind for experiment in mine]
    random.Random(seed).shuffle(chosen)
    return chosen


def _inside(room: Room, kind: Kind, start: int) -> Iterator[Experiment]:
    for deed in kind.deeds:
        for at in range(1 + start % kind.every, room.commands_calls(deed) + 1, kind.every):
            yield Experiment(kind.name, kind.stories[0], replace(kind.fault, at=at), deed)


def _work(place: Path, todo: multiprocessing.Queue[Experiment | None], done: multiprocessing.Queue[Finding]) -> None:
    room = Room(place)
    while (experiment := todo.get()) is not None:
        try:
            inside = experiment.deed in people.COMMANDS
            finding = room.inside(experiment) if inside else room.try_out(_bound(experiment, room))
        except Exception:  # a harness that trips must not look like a harness that is content
            finding = Finding(experiment, violations=[f"the harness failed: {traceback.format_exc()[-900:]}"])
        done.put(finding)


def _bound(experiment: Experiment, room: Room) -> Experiment:
    """Fill in the command line of a deed, which speaks of the room's own paths."""
    if experiment.fault.only:
        return replace(experiment, fault=replace(experiment.fault, only=str(room.live / experiment.fault.only)))
    if experiment.deed is None:
        return experiment
    top = "solo" if "solo" in STORIES[experiment.story].targets else "api"
    command = experiment.deed.command(room.live, top, room.place / "deed.sh")
    return replace(experiment, fault=replace(experiment.fault, command=command))


@dataclass
class Tally:
    """What was found, by kind."""

    made: Counter[str] = field(default_factory=Counter)
    fired: Counter[str] = field(default_factory=Counter)
    followed: Counter[str] = field(default_factory=Counter)
    codes: dict[str, Counter[int]] = field(default_factory=dict)
    violations: list[Finding] = field(default_factory=list)

    def add(self, finding: Finding) -> None:
        kind = finding.experiment.kind
        self.made[kind] += 1
        self.fired[kind] += finding.fired
        self.followed[kind] += finding.followed
        self.codes.setdefault(kind, Counter())[finding.code] += 1
        if finding.violations:
            self.violations.append(finding)

    def table(self) -> str:
        lines = ["| fault | experiments | it happened | checkout followed in the end | exit codes | violations |",
                 "| --- | --- | --- | --- | --- | --- |"]  # fmt: skip
        bad = Counter(finding.experiment.kind for finding in self.violations)
        for kind in self.made:
            codes = ", ".join(f"{code}: {times}" for code, times in self.codes[kind].most_common(6))
            lines.append(
                f"| {kind} | {self.made[kind]} | {self.fired[kind]} | {self.followed[kind]} | {codes} | {bad[kind]} |"
            )
        total = f"| all | {self.made.total()} | {self.fired.total()} | {self.followed.total()} | | {bad.total()} |"
        return "\n".join([*lines, total])

    def as_json(self) -> str:
        return json.dumps(
            {
                "experiments": self.made.total(),
                "kinds": {kind: [self.made[kind], self.fired[kind], self.followed[kind]] for kind in self.made},
                "codes": {kind: dict(found) for kind, found in self.codes.items()},
                "violations": [described(finding) for finding in self.violations],
            }
        )


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
) -> Tally:
    """Make the experiments, `jobs` at a time, for at most so many seconds.

    With `forks` the program runs in forks of a process that has it loaded; with `first` a violation ends it.
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
            if tell is not None and tally.made.total() % 100 == 0:
                print(f"{tally.made.total()} of {len(experiments)} experiments", file=tell, flush=True)
    finally:
        for _ in workers:
            todo.put(None)
        for worker in workers:
            worker.join(30)


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
    parser.add_argument("--most", type=int, metavar="N")
    parser.add_argument("--seconds", type=float, default=2400)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 2)
    parser.add_argument("--kind", default="*")
    parser.add_argument("--story", default="*")
    parser.add_argument("--deed", default="*")
    parser.add_argument("--where", default="*", metavar="GLOB", help="only at calls on paths like this")
    parser.add_argument("--only", type=int, metavar="CALL")
    parser.add_argument("--every", type=int, metavar="N", help="try every Nth call instead of each kind's own measure")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", action="store_true", help="end at the first violation")
    parser.add_argument("--exec", action="store_true", help="start the program anew each time; slower")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--calls", action="store_true", help="print the calls of a run and end")
    given = parser.parse_args()
    place = rooms()
    try:
        stories = [name for name in STORIES if fnmatch.fnmatch(name, given.story)]
        kinds = [_narrowed(kind, given) for kind in KINDS if fnmatch.fnmatch(kind.name, given.kind)]
        room = Room(place / "room0")
        if given.calls:
            for call in room.calls(STORIES[stories[0]]):
                print(call.number, call.pid, call.name, call.path)
            return 0
        experiments = plan(room, kinds, stories, given.most, given.seed, given.where)
        if given.only is not None:
            experiments = [e for e in experiments if e.fault.at == given.only]
        started = time.monotonic()
        tally = run(experiments, place, given.jobs, given.seconds, forks=not given.exec, first=given.first)
        if given.json:
            print(tally.as_json())
        else:
            print(tally.table())
            print(f"{tally.made.total()} experiments in {time.monotonic() - started:.0f} seconds, "
                  f"{len(tally.violations)} with violations")  # fmt: skip
        return 1 if tally.violations else 0
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _narrowed(kind: Kind, given: argparse.Namespace) -> Kind:
    deeds = tuple(deed for deed in kind.deeds if fnmatch.fnmatch(deed.name, given.deed))
    return replace(kind, deeds=deeds or kind.deeds, every=1 if given.only is not None else given.every or kind.every)


if __name__ == "__main__":
    sys.exit(main())
