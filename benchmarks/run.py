"""Rollout beside a raw git loop, beside bare pushes and beside its peers, on fleets of the same repositories.

    make bench SIZES="5 100 1000" ROUNDS=3
    make bench SIZES="100 1000" BENCH="--against ../before/.venv/bin/rollout"    another version in the same rounds

A round is the same for everybody: somebody else pushes to every remote, the templates change, and every repository is
to get the change. Whoever takes part has remotes of its own with the same content, and works with eight at a time.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import shutil
import socket
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import peers
from fleet import Fleet, in_parallel, make, untouched

HERE = Path(__file__).parent
RESULTS = HERE / "RESULTS.md"
HEADING = "## Fleets"
ROLLOUT = HERE.parent / ".venv" / "bin" / "rollout"
JOBS = 8
_TRACED = 20  # repositories in the fleet on which processes are counted
_LIMIT = 3600

# What a person writes who has no tool: a clone of each, and one line of shell.
FETCH_AND_EDIT = (
    'cd "$CLONES/$1" && git fetch --quiet origin main && git merge --quiet --ff-only origin/main'
    ' && mkdir -p tools && cp "$FILES/.editorconfig" . && cp -p "$FILES/tools/check.sh" tools/'
    ' && sed "s/{{ target.name }}/$1/; s/{{ owner }}/platform/; s/{{ number }}/0/" "$FILES/AGENTS.md.j2" >AGENTS.md'
)
COMMIT_AND_PUSH = 'cd "$CLONES/$1" && git add -A && git commit --quiet -m "Roll out" && git push --quiet origin main'
PUSH = 'git -C "$CLONES/$1" push --quiet "$SERVED$BARE/$1.git" main'
ASK = 'git ls-remote --quiet "$SERVED$REMOTES/$1.git" refs/heads/main >/dev/null'

# What rollout does in a round, whether with checkouts; what has no name is not measured.
WORK = (
    ("plan", ("plan", "--no-diff"), False),
    ("apply", ("apply", "-y", "-q"), False),
    ("plan, with checkouts", ("plan", "--no-diff"), True),
    ("apply, with checkouts", ("apply", "-y", "-q"), True),
    ("", ("plan", "--no-diff"), True),
    ("apply, nothing to do", ("apply", "-y", "-q"), False),
    ("status, offline", ("status",), False),
    ("status, offline, checkouts", ("status",), True),
)


@dataclass(frozen=True)
class Cost:
    """What one command took: seconds on the clock, seconds of processor, and the largest process in MiB."""

    wall: float
    cpu: float
    peak: float


@dataclass
class Measured:
    """All costs of one kind of work, a list for each name, in the order of the rounds."""

    costs: dict[str, list[Cost]] = field(default_factory=dict)

    def add(self, name: str, cost: Cost) -> None:
        self.costs.setdefault(name, []).append(cost)
        print(f"    {name:44} {cost.wall:8.2f} s   {cost.cpu:8.2f} s CPU   {cost.peak:5.0f} MiB", flush=True)

    def wall(self, name: str) -> float:
        return statistics.median(cost.wall for cost in self.costs[name])

    def cpu(self, name: str) -> float:
        return statistics.median(cost.cpu for cost in self.costs[name])

    def ratio(self, one: str, other: str) -> tuple[float, float]:
        """Return the medians of the rounds' ratios: on the clock, and in processor time."""
        pairs = list(zip(self.costs[one], self.costs[other], strict=True))
        wall = statistics.median(a.wall / max(b.wall, 0.001) for a, b in pairs)
        return wall, statistics.median(a.cpu / max(b.cpu, 0.001) for a, b in pairs)


def timed(command: list[str], environment: dict[str, str], codes: Iterable[int] = (0,)) -> Cost:
    """Run one command to its end and return what it cost, with all its children."""
    started = time.monotonic()
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=said, stderr=said)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode not in codes:
            said.seek(0)
            words = said.read().decode("utf-8", "replace")[-2000:]
            raise SystemExit(f"{' '.join(command)[:200]} ended with {process.returncode}:\n{words}")
    return Cost(time.monotonic() - started, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def loop(names: Path, script: str) -> list[str]:
    return ["sh", "-c", f"xargs -P{JOBS} -I@ sh -c '{script}' sh @ <{names}"]


@dataclass(frozen=True)
class Field:
    """Fleets of one size: rollout's by address alone, rollout's with checkouts, the loop's, and that of bare pushes.

    Another version of rollout has two of its own, where one takes part.
    """

    root: Path
    size: int
    mine: Fleet
    checkouts: Fleet
    loops: Fleet
    bare: Fleet
    others: Fleet | None = None
    others_checkouts: Fleet | None = None

    @property
    def names(self) -> Path:
        return self.root / "names"

    def environment(self) -> dict[str, str]:
        files = self.loops.root / "templates" / "project"
        places = {
            "CLONES": self.loops.root / "checkouts",
            "REMOTES": self.loops.root / "remotes",
            "BARE": self.bare.root / "remotes",
            "FILES": files,
        }
        return {
            **self.loops.environment,
            **{k: str(v) for k, v in places.items()},
            "BARE": str(self.bare.root / "remotes"),
        }

    def advance(self, number: int) -> None:
        for fleet in (self.mine, self.checkouts, self.loops, self.others, self.others_checkouts):
            if fleet is not None:
                fleet.advance(number)
        # The loop's remotes and those of the bare pushes stay the same to the byte.
        in_parallel(lambda name: self._same(name), self.bare.names)

    def _same(self, name: str) -> None:
        self.bare.git(f"--git-dir={self.bare.remote(name)}", "fetch", "--quiet", self.loops.url(name), "+main:main")


def field_of(root: Path, size: int, served: str, *, other: bool = False) -> Field:
    kinds = {"mine": 0, "checkouts": size, "loops": size, "bare": 0}
    if other:
        kinds |= {"other": 0, "other-checkouts": size}
    fleets = [make(root / kind, size, checkouts, served) for kind, checkouts in kinds.items()]
    made = Field(root, size, *fleets)
    made.names.write_text("".join(f"{name}\n" for name in made.loops.names))
    return made


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """Serve the fleets below a folder as a server elsewhere would, and yield how their addresses begin."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = ["git", "daemon", "--export-all", "--enable=receive-pack", "--listen=127.0.0.1", f"--port={port}"]
    daemon = subprocess.Popen([*command, "--max-connections=64", str(folder)], stderr=subprocess.DEVNULL)
    try:
        time.sleep(1.0)
        yield f"git://127.0.0.1:{port}"
    finally:
        daemon.terminate()
        daemon.wait()


def rollout(*arguments: str, program: Path = ROLLOUT) -> list[str]:
    return [str(program), *arguments, "--jobs", str(JOBS)]


@dataclass(frozen=True)
class Version:
    """A program named rollout that takes part, with what its lines are called and the environments of its fleets."""

    program: Path
    called: str
    mine: dict[str, str]
    checkouts: dict[str, str]

    def run(self, *arguments: str) -> list[str]:
        return rollout(*arguments, program=self.program)


OTHER = "the other version"


def versions(ground: Field, against: Path | None) -> list[Version]:
    found = [Version(ROLLOUT, "rollout", ground.mine.environment, ground.checkouts.environment)]
    if against is not None and ground.others is not None and ground.others_checkouts is not None:
        found.append(Version(against, OTHER, ground.others.environment, ground.others_checkouts.environment))
    return found


def compare(ground: Field, rounds: int, measured: Measured, against: Path | None = None) -> None:
    """Measure every way, one after the other, in every round; of two versions each goes first in every other round."""
    programs = versions(ground, against)
    for one in programs:
        measured.add(f"{one.called}: first plan, nothing there", timed(one.run("plan", "--no-diff"), one.mine))
        timed(one.run("apply", "-y", "-q"), one.mine)
        timed(one.run("apply", "-y", "-q"), one.checkouts)
    for number in range(2, 2 + rounds):
        ground.advance(number)
        print(f"  round {number - 1}", flush=True)
        measured.add("loop: fetch and edit", timed(loop(ground.names, FETCH_AND_EDIT), ground.environment()))
        measured.add("loop: commit and push", timed(loop(ground.names, COMMIT_AND_PUSH), ground.environment()))
        measured.add("bare pushes of the same commits", timed(loop(ground.names, PUSH), ground.environment()))
        measured.add("bare ls-remote", timed(loop(ground.names, ASK), ground.environment()))
        programs.reverse()
        for name, arguments, with_checkouts in WORK:
            for one in programs:
                cost = timed(one.run(*arguments), one.checkouts if with_checkouts else one.mine)
                if name:
                    measured.add(f"{one.called}: {name}", cost)


def large(root: Path, size: int, rounds: int, measured: Measured, served: str) -> None:
    """Measure what is measured on a fleet that is too large for pushes: plan, status, and nothing to do."""
    fleet = make(root, size, 0, served, in_sync=True)
    names = root / "names"
    names.write_text("".join(f"{name}\n" for name in fleet.names))
    asking = {**fleet.environment, "REMOTES": str(root / "remotes"), "SERVED": served}
    measured.add("rollout: first plan, all in sync", timed(rollout("plan", "--no-diff"), fleet.environment))
    for number in range(1, 1 + rounds):
        print(f"  round {number}", flush=True)
        measured.add("bare ls-remote", timed(loop(names, ASK), asking))
        measured.add("rollout: apply, nothing to do", timed(rollout("apply", "-y", "-q"), fleet.environment))
        measured.add("rollout: status, offline", timed(rollout("status"), fleet.environment))
    fleet.write_templates(2)
    measured.add("rollout: plan, every repository changes", timed(rollout("plan", "--no-diff"), fleet.environment))


FLAT = ("rollout: apply, nothing to do", "rollout: status, offline", "rollout: plan, every repository changes")


def flatness(measured: dict[int, Measured]) -> list[str]:
    """Return what one repository more costs between each two sizes, and how far these costs lie apart."""
    sizes = sorted(measured)
    steps = list(pairwise(sizes))
    head = " | ".join(f"{one:,} to {other:,}" for one, other in steps)
    lines = [f"| milliseconds for one repository more: clock (processor) | {head} | dearest / cheapest |"]
    lines.append("|---|" + "---|" * (len(steps) + 1))
    for name in (*FLAT, "bare ls-remote"):
        if not all(name in found.costs for found in measured.values()):
            continue
        wall = [(measured[b].wall(name) - measured[a].wall(name)) / (b - a) * 1e3 for a, b in steps]
        cpu = [(measured[b].cpu(name) - measured[a].cpu(name)) / (b - a) * 1e3 for a, b in steps]
        cells = " | ".join(f"{one:.2f} ({other:.2f})" for one, other in zip(wall, cpu, strict=True))
        lines.append(f"| {name} | {cells} | {max(wall) / min(wall):.2f} ({max(cpu) / min(cpu):.2f}) |")
    return lines


def flat_report(folder: Path, sizes: list[int], rounds: int) -> str:
    """Measure fleets that are all in sync, by address alone, and say how the cost grows with the fleet."""
    measured: dict[int, Measured] = {}
    for size in sizes:
        print(f"{size:,} repositories, all in sync", flush=True)
        measured[size] = Measured()
        large(folder / "large", size, rounds, measured[size], "file://")
        shutil.rmtree(folder / "large")
    return "\n\n".join(
        [
            f"Measured on {machine()}; {JOBS} at a time, median of {rounds} rounds, repositories by address that are "
            "all in sync.",
            "\n".join(table(measured, {})),
            "\n".join(flatness(measured)),
            f"Largest process of rollout: {peaks(measured)}.",
        ]
    )


# --- processes


def processes(command: list[str], environment: dict[str, str]) -> tuple[int, int] | None:
    """Return how many programs of git, and how many in all, a command started; None where strace is missing."""
    strace = shutil.which("strace")
    if strace is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        trace = [strace, "-ff", "-qq", "-e", "trace=execve", "-e", "signal=none", "-o", f"{folder}/trace", *command]
        subprocess.run(
            trace, env=environment, stdin=subprocess.DEVNULL, capture_output=True, timeout=_LIMIT, check=False
        )
        text = "".join(file.read_text(errors="replace") for file in Path(folder).iterdir())
    started = re.findall(r'^execve\("([^"]+)".* = 0$', text, re.MULTILINE)
    return sum(Path(program).name.startswith("git") for program in started), len(started)


def counted(root: Path, served: str) -> dict[str, tuple[float, float] | None]:
    """Return for each piece of work how many git programs, and programs in all, it starts for one repository."""
    ground = field_of(root, _TRACED, served)
    mine, checkouts, loops = ground.mine.environment, ground.checkouts.environment, ground.environment()
    for environment in (mine, checkouts):
        timed(rollout("apply", "-y", "-q"), environment)
    ground.advance(2)
    work: list[tuple[str, list[str], dict[str, str]]] = [
        ("loop: fetch and edit", loop(ground.names, FETCH_AND_EDIT), loops),
        ("rollout: plan", rollout("plan", "--no-diff"), mine),
        ("loop: commit and push", loop(ground.names, COMMIT_AND_PUSH), loops),
        ("bare pushes of the same commits", loop(ground.names, PUSH), loops),
        ("rollout: apply", rollout("apply", "-y", "-q"), mine),
        ("rollout: plan, with checkouts", rollout("plan", "--no-diff"), checkouts),
        ("rollout: apply, with checkouts", rollout("apply", "-y", "-q"), checkouts),
        ("bare ls-remote", loop(ground.names, ASK), loops),
        ("rollout: apply, nothing to do", rollout("apply", "-y", "-q"), mine),
        ("rollout: status, offline, checkouts", rollout("status"), checkouts),
    ]
    found: dict[str, tuple[float, float] | None] = {}
    for name, command, environment in work:
        numbers = processes(command, environment)
        found[name] = None if numbers is None else (numbers[0] / _TRACED, numbers[1] / _TRACED)
    return found


# --- the report


def goals(measured: dict[int, Measured], counts: dict[str, tuple[float, float] | None]) -> list[str]:
    lines = ["| fleet | measure | ratio on the clock | ratio of processor time | goal |", "|---|---|---|---|---|"]
    pairs = (
        ("plan, fetch included / loop's fetch and edit", "rollout: plan", "loop: fetch and edit", "< 1"),
        ("plan and apply / the whole loop", "", "", ""),
        ("apply / bare pushes", "rollout: apply", "bare pushes of the same commits", "<= 1.2"),
        (
            "apply with checkouts / the loop's commit and push",
            "rollout: apply, with checkouts",
            "loop: commit and push",
            "",
        ),
        ("nothing to do / bare ls-remote", "rollout: apply, nothing to do", "bare ls-remote", "<= 1.1"),
    )
    for size, found in measured.items():
        for words, one, other, goal in pairs:
            if one in found.costs and other in found.costs:
                wall, cpu = found.ratio(one, other)
                lines.append(f"| {size:,} | {words} | {wall:.2f} | {cpu:.2f} | {goal} |")
    return lines


def beside(measured: dict[int, Measured]) -> list[str]:
    """Return how this version's costs relate to those of the other one, in the same rounds."""
    lines = ["| fleet | work | this version / the other: clock | processor time |", "|---|---|---|---|"]
    for size, found in measured.items():
        for name, *_ in WORK:
            if f"{OTHER}: {name}" in found.costs:
                wall, cpu = found.ratio(f"rollout: {name}", f"{OTHER}: {name}")
                lines.append(f"| {size:,} | {name} | {wall:.2f} | {cpu:.2f} |")
    return lines


def table(measured: dict[int, Measured], counts: dict[str, tuple[float, float] | None]) -> list[str]:
    sizes = list(measured)
    names = list(dict.fromkeys(name for found in measured.values() for name in found.costs))
    head = " | ".join(f"{size:,}" for size in sizes)
    lines = [f"| milliseconds a repository: clock (processor) | {head} | git programs a repository (all) |"]
    lines.append("|---|" + "---|" * (len(sizes) + 1))
    for name in names:
        cells = []
        for size in sizes:
            found = measured[size]
            there = name in found.costs
            cells.append(f"{found.wall(name) / size * 1e3:.2f} ({found.cpu(name) / size * 1e3:.2f})" if there else "")
        count = counts.get(name)
        cells.append(f"{count[0]:.1f} ({count[1]:.1f})" if count else "")
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return lines


def peaks(measured: dict[int, Measured]) -> str:
    found = {
        size: max(
            (cost.peak for name, costs in m.costs.items() if name.startswith("rollout") for cost in costs), default=0
        )
        for size, m in measured.items()
    }
    return "; ".join(f"{size:,} repositories: {peak:.0f} MiB" for size, peak in found.items())


def help_ratio() -> float:
    """Return how much longer `rollout --help` takes than to import click."""
    python = str(ROLLOUT.with_name("python"))
    pairs = []
    for _ in range(15):
        shown = timed([str(ROLLOUT), "--help"], untouched())
        pairs.append(shown.wall / timed([python, "-c", "import click"], untouched()).wall)
    return statistics.median(pairs)


def machine() -> str:
    git = subprocess.run(["git", "--version"], capture_output=True, text=True, check=True).stdout.split()[-1]
    model = (
        re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text()) if Path("/proc/cpuinfo").exists() else None
    )
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return (
        f"{platform.system()} {platform.release()}, {cores} cores ({model[1] if model else platform.machine()}), "
        f"git {git}, Python {platform.python_version()}; {time.strftime('%Y-%m-%d')}"
    )


def write_results(text: str, heading: str = HEADING) -> None:
    """Put a section in its place; what other benchmarks wrote stays."""
    before = RESULTS.read_text() if RESULTS.exists() else "# Results\n"
    others = re.sub(rf"^{heading}\n.*?(?=^## |\Z)", "", before, flags=re.MULTILINE | re.DOTALL).rstrip("\n")
    RESULTS.write_text(f"{others}\n\n{heading}\n\n{text.strip()}\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sizes", nargs="*", type=int, default=[5, 100, 1000])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--folder", type=Path, default=None, help="where the fleets are made (default: a temporary one)"
    )
    parser.add_argument("--peers", type=int, default=100, help="the largest fleet on which peers are measured; 0: none")
    parser.add_argument("--daemon", type=int, nargs="*", default=[], help="sizes to measure again behind a git daemon")
    parser.add_argument("--flat", type=int, nargs="*", default=[], help="sizes between which costs are compared alone")
    parser.add_argument("--no-write", action="store_true", help=f"print, and leave {RESULTS.name} alone")
    parser.add_argument("--against", type=Path, metavar="ROLLOUT", help="another version, measured in the same rounds")
    given = parser.parse_args()
    texts = []
    if given.against is not None:
        write = print if given.no_write else lambda text: write_results(text, "## Beside an earlier version")
        write(against_report(given.sizes, given.rounds, given.against.absolute(), given.folder))
        return
    with tempfile.TemporaryDirectory(prefix="rollout-bench-", dir=given.folder) as name:
        folder = Path(name)
        if given.flat:
            text = flat_report(folder, given.flat, given.rounds)
            print(text)
            if not given.no_write:
                write_results(text, "## Flat")
            return
        texts.append(report(folder, given.sizes, given.rounds, given.peers, "file://"))
        if given.daemon:
            with serving(folder) as served:
                texts.append(report(folder, given.daemon, given.rounds, 0, served))
    text = "\n\n".join(texts)
    print(text)
    if not given.no_write:
        write_results(text)


def against_report(sizes: list[int], rounds: int, against: Path, where: Path | None) -> str:
    """Measure this version and another one in the same rounds, and say how they relate."""
    measured: dict[int, Measured] = {}
    for size in sizes:
        print(f"{size:,} repositories", flush=True)
        measured[size] = Measured()
        with tempfile.TemporaryDirectory(prefix="rollout-bench-", dir=where) as name:
            ground = field_of(Path(name), size, "file://", other=True)
            compare(ground, rounds, measured[size], against)
    words = f"Measured on {machine()}; {JOBS} at a time, median of the ratios of {rounds} rounds, remotes by `file://`."
    return "\n\n".join([words, "\n".join(beside(measured)), "\n".join(table(measured, {}))])


def report(folder: Path, sizes: list[int], rounds: int, most: int, served: str) -> str:
    measured: dict[int, Measured] = {}
    others: dict[int, list[str]] = {}
    for size in sizes:
        print(f"{size:,} repositories", flush=True)
        measured[size] = Measured()
        if size > 1000:
            large(folder / "large", size, rounds, measured[size], served)
            shutil.rmtree(folder / "large")
            continue
        ground = field_of(folder / str(size), size, served)
        compare(ground, rounds, measured[size])
        if size <= most:
            others[size] = peers.measured(ground.loops, folder / "peers", measured[size].wall("rollout: apply"), timed)
        shutil.rmtree(folder / str(size))
    counts = counted(folder / "counted", served)
    parts = [
        f"Measured on {machine()}; {JOBS} at a time, median of {rounds} rounds, remotes by `{served.partition(':')[0]}://`.",
        "The rounds take all ways in turn, so that what else the machine does falls on all of them alike; processor "
        "time is the steadier number.",
        "\n".join(goals(measured, counts)),
        "\n".join(table(measured, counts)),
        f"Largest process of rollout: {peaks(measured)}.",
        f"`rollout --help` takes {help_ratio():.2f} times as long as `python -c 'import click'` (goal: <= 1.5).",
        *("\n".join(lines) for lines in others.values()),
    ]
    return "\n\n".join(parts)


if __name__ == "__main__":
    main()
