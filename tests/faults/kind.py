"""A kind of experiments: what goes wrong, in which situations, and which of all possible experiments are made."""

from __future__ import annotations

import fnmatch
import random
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import chain, zip_longest

from tests.faults import points
from tests.faults.experiment import Experiment
from tests.faults.people import Deed
from tests.faults.points import Point
from tests.faults.shim import Call, Fault, Mode
from tests.faults.stories import STORIES

Calls = Mapping[str, list[tuple[Call, Point]]]
CHECKOUT = ("push", "upstream moved", "no push", "no remote", "ours overtaken", "sparse")

_PROGRAMS = ("update-ref", "update-index", "unpack-objects", "receive-pack", "fetch", "ls-remote", "cat-file",
             "index-pack", "render_child")  # fmt: skip


REQUESTS = ("GET", "POST", "PUT", "PATCH", "DELETE", "answer")  # of a forge


def anywhere() -> str | None:
    return None


@dataclass(frozen=True)
class Kind:
    """One kind of fault: what happens, in which situations, and how the experiment is made."""

    name: str
    fault: Fault
    stories: tuple[str, ...] = CHECKOUT
    deeds: tuple[Deed, ...] = ()
    between: tuple[Deed, ...] = ()  # done to the state folder when the faulted run has ended
    gaps: tuple[int, ...] = ()
    second: Mode | None = None
    without: str = ""
    renamed: bool = False
    way: str = "run"  # or command, mount, ext4, xfs
    where: str = "*"  # only at calls on paths like this
    only: str = ""  # only at calls of such names
    children: bool = False  # only at calls of the programs that ours starts
    starts: bool = False  # when a program is started
    refusal: Callable[[], str | None] = anywhere  # why it cannot be tried here

    def experiments(self, calls: Calls, deeds: str, where: str, chance: random.Random) -> Iterator[Experiment]:
        """Yield experiments without end being far: first of every situation and deed one, then another of each."""
        groups: list[Iterator[Experiment]] = []
        points_of: dict[tuple[str, str], list[Point]] = {}  # which calls concern a deed depends on its place alone
        for story in self.stories:
            for deed in self.deeds or self.between or (None,):
                if story not in calls or (deed is not None and not fnmatch.fnmatch(deed.name, deeds)):
                    continue
                which = (story, deed.place if deed is not None else "")
                if which not in points_of:
                    points_of[which] = self._points(calls[story], deed, where)
                found = points_of[which].copy()
                chance.shuffle(found)
                groups.append(self._each_at(story, deed, found[:400], chance))
        chance.shuffle(groups)
        yield from (one for one in chain.from_iterable(zip_longest(*groups)) if one is not None)

    def _each_at(
        self, story: str, deed: Deed | None, found: Iterable[Point], chance: random.Random
    ) -> Iterator[Experiment]:
        for number, point in enumerate(found):
            yield self._at(story, deed, point, number, chance)

    def _points(self, calls: list[tuple[Call, Point]], deed: Deed | None, where: str) -> list[Point]:
        if self.starts:
            return _starts(call for call, _ in calls)
        found = [point for call, point in calls if self._may_be_at(call, deed, calls[0][0], where)]
        if self.fault.mode in {Mode.RUN, Mode.STOP_ONE}:
            found += [replace(point, after=True) for point in found]
        return found

    def _may_be_at(self, call: Call, deed: Deed | None, first: Call, where: str) -> bool:
        if call.name == "execve" or not fnmatch.fnmatch(call.path, self.where) or not fnmatch.fnmatch(call.path, where):
            return False
        if self.only and call.name not in self.only.split():
            return False
        if self.children and call.pid == first.pid:
            return False
        if self.fault.only and "/state/" not in call.path:
            return False
        return deed is None or call is first or _concerns(call, deed)

    def _at(self, story: str, deed: Deed | None, point: Point, number: int, chance: random.Random) -> Experiment:
        fault = replace(point, after=point.after or self.fault.after).put_in(self.fault)
        if self.gaps:
            fault = replace(fault, then=self.gaps[number % len(self.gaps)])
        second = Fault(self.second, chance.randint(1, 150)) if self.second is not None else None
        between = deed if self.between else None
        return Experiment(self.name, story, fault, None if self.between else deed, second, self.without, between,
                          self.renamed)  # fmt: skip

    def parsed(self, words: list[str]) -> Experiment:
        """Return the experiment of this kind that a name's other words tell."""
        story, deed_name, point, *more = words
        deed = next((deed for deed in (*self.deeds, *self.between) if deed.name == deed_name), None)
        if story not in STORIES or (deed is None) != (deed_name == "-"):
            raise ValueError(f"no such story or deed: {story!r}, {deed_name!r}")
        number = point.removeprefix("call ")
        fault = replace(self.fault, at=int(number)) if number != point else points.parsed(point).put_in(self.fault)
        second = None
        for word in more:
            if word.startswith("killed "):
                fault = replace(fault, then=int(word.split()[1]))
            else:
                assert self.second is not None
                second = Fault(self.second, int(word.split()[-1]))
        between = deed if self.between else None
        return Experiment(self.name, story, fault, None if self.between else deed, second, self.without, between,
                          self.renamed)  # fmt: skip


def _starts(calls: Iterable[Call]) -> list[Point]:
    """Return the points at which programs are started: what is started is named by all its words."""
    lines = [call.path for call in calls if call.name == "execve"]
    globs = [f"*{program}*" for program in _PROGRAMS]
    return [Point("execve", glob, number) for glob in globs
            for number in range(1, 1 + len(fnmatch.filter(lines, glob)))]  # fmt: skip


def _concerns(call: Call, deed: Deed) -> bool:
    """Tell whether it matters that a deed happens just at a call."""
    match deed.place:
        case "checkout":
            return "/api/" in call.path or "/solo/" in call.path
        case "folder":
            return "/shared/" in call.path or "/folders/" in call.path
        case "upstream":
            return "/workshops/" in call.path or "api.git" in call.path
        case "review":
            return "/workshops/" in call.path or "api.git" in call.path or call.name in REQUESTS
        case "source":
            return any(part in call.path for part in ("/live/templates", "/live/.", "/state/sources", "inventory.yaml"))
        case _:
            return True
