"""The kinds of experiments: what goes wrong, in which situations, and which of all possible experiments are made."""

from __future__ import annotations

import errno
import fnmatch
import os
import random
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import chain, zip_longest

from tests.faults import disks, people, points
from tests.faults.experiment import Experiment
from tests.faults.people import Deed
from tests.faults.points import Point
from tests.faults.shim import Call, Fault, Mode
from tests.faults.stories import STORIES

Calls = Mapping[str, list[tuple[Call, Point]]]
_ALL = tuple(STORIES)
_WITH_REMOTE = ("push", "upstream moved")
_CHECKOUT = ("push", "upstream moved", "no push", "no remote")
_KILLED = "a first fetch is killed"


def anywhere() -> str | None:
    return None


@dataclass(frozen=True)
class Kind:
    """One kind of fault: what happens, in which situations, and how the experiment is made."""

    name: str
    fault: Fault
    stories: tuple[str, ...] = _CHECKOUT
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
        groups = []
        for story in self.stories:
            for deed in self.deeds or self.between or (None,):
                if story not in calls or (deed is not None and not fnmatch.fnmatch(deed.name, deeds)):
                    continue
                found = self._points(calls[story], deed, where)
                if self.fault.mode in {Mode.RUN, Mode.STOP_ONE} and not self.starts:
                    found += [replace(point, after=True) for point in found]
                chance.shuffle(found)
                groups.append(
                    [self._at(story, deed, point, number, chance) for number, point in enumerate(found[:400])]
                )
        chance.shuffle(groups)
        yield from (one for one in chain.from_iterable(zip_longest(*groups)) if one is not None)

    def _points(self, calls: list[tuple[Call, Point]], deed: Deed | None, where: str) -> list[Point]:
        if self.starts:
            return _starts(call for call, _ in calls)
        return [point for call, point in calls if self._may_be_at(call, deed, calls[0][0], where)]

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
        case _:
            return True


def _root() -> str | None:
    return None if os.geteuid() == 0 else "only root may"


_STORE = "state/workshops/*-api-git-*"
# Every file of the state folder, by pattern, and how many there are of it.
_STATE = (
    ("state/ledger.db", 1), ("state/*.json", 1), ("state/locks/*.lock", 1), ("state/contents/*", 3),
    ("state/folders/*.json", 1), ("state/folders/*.lock", 1), ("state/workshops/*.lock", 2), (f"{_STORE}/HEAD", 1),
    (f"{_STORE}/asked-*", 1), (f"{_STORE}/config", 1), (f"{_STORE}/rollout.json", 1),
    (f"{_STORE}/objects/pack/*.idx", 3), (f"{_STORE}/objects/pack/*.pack", 3), (f"{_STORE}/objects/pack/*.promisor", 2),
    (f"{_STORE}/refs/rollout/upstream/*", 1), (f"{_STORE}/refs/rollout/pending/*", 1),
)  # fmt: skip
_FOLDERS = ("state", "state/workshops", _STORE, f"{_STORE}/objects", f"{_STORE}/objects/pack", f"{_STORE}/refs",
            "state/locks", "state/folders", "state/contents")  # fmt: skip
DAMAGES = (
    *(deed for glob, most in _STATE for number in range(1, most + 1) for deed in people.damage(glob, number)),
    *map(people.folder_gone, _FOLDERS),
)


def _refusing(name: str, number: int) -> Fault:
    return Fault(Mode.RUN, refused=name, refused_errno=number)


def _no_exchange(number: int) -> tuple[Kind, ...]:
    word, refused = errno.errorcode[number], _refusing("exchange", number)
    return (
        Kind(f"no exchange ({word}), killed", replace(refused, mode=Mode.KILL_TREE), ("push", "upstream moved")),
        Kind(f"no exchange ({word}), a person acts", refused, ("push", "upstream moved"),
             (*people.CHECKOUT, *people.FOLDER, *people.ODD)),
    )  # fmt: skip


_PROGRAMS = ("update-ref", "update-index", "unpack-objects", "receive-pack", "fetch", "ls-remote", "cat-file",
             "index-pack", "render_child")  # fmt: skip
_ERRORS = (errno.ENOSPC, errno.EIO, errno.EACCES)
_CHANGES = "rename exchange link open create unlink mkdir"
KINDS = (
    Kind("kill everything", Fault(Mode.KILL_TREE), _ALL),
    Kind("kill everything when a call is done", Fault(Mode.KILL_TREE, after=True), _ALL),
    Kind(_KILLED, Fault(Mode.KILL_TREE), ("first fetch", "clone"), where="*/live/[as][tp]*"),
    Kind("kill the process group", Fault(Mode.KILL_GROUP), _ALL),
    Kind("kill one process", Fault(Mode.KILL_ONE), _ALL),
    *(Kind(f"one call fails: {errno.errorcode[number]}", Fault(Mode.FAIL, errno=number), _ALL) for number in _ERRORS),
    Kind("a call is done and says EIO", Fault(Mode.FAIL, errno=errno.EIO, after=True), _ALL),
    Kind("kill as a program starts", Fault(Mode.KILL_TREE), _ALL, starts=True),
    Kind("a program cannot be started: ENOMEM", Fault(Mode.FAIL, errno=errno.ENOMEM), _ALL, starts=True),
    Kind("a person acts as a program starts", Fault(Mode.RUN), deeds=people.CHECKOUT, starts=True),
    Kind("disk full from a call on", Fault(Mode.FULL), _ALL),
    Kind("the state folder's disk is full from a call on", Fault(Mode.FULL, only="state"), _CHECKOUT),
    Kind("a write is cut short", Fault(Mode.SHORT), only="write"),
    Kind("kill, and kill again in recovery", Fault(Mode.KILL_TREE), _ALL, second=Mode.KILL_TREE),
    Kind("kill, then the ledger is lost", Fault(Mode.KILL_TREE), without="ledger"),
    Kind("kill, then the state folder is lost", Fault(Mode.KILL_TREE), ("push", "upstream moved", "no remote"),
         without="state"),
    Kind("kill, then the state folder is damaged", Fault(Mode.KILL_TREE), ("push", "first fetch", "no push"),
         between=DAMAGES),
    Kind("the state folder is damaged between runs", Fault(Mode.COUNT), ("push", "upstream moved"), between=DAMAGES),
    Kind("kill, then the machine has another name", Fault(Mode.KILL_TREE), _CHECKOUT, renamed=True, refusal=_root),
    Kind("a person acts in the checkout", Fault(Mode.RUN), deeds=people.CHECKOUT),
    Kind("a person acts, then kill", Fault(Mode.RUN), deeds=people.CHECKOUT, gaps=(1, 2, 3, 5, 8)),
    Kind("stopped, a person acts, continued", Fault(Mode.STOP), deeds=people.CHECKOUT),
    Kind("a person puts odd things in the checkout", Fault(Mode.RUN), deeds=people.ODD, only=_CHANGES),
    Kind("a person puts odd things in the checkout, then kill", Fault(Mode.RUN), deeds=people.ODD, gaps=(1, 2, 3, 5),
         only=_CHANGES),
    Kind("a person acts on names that our rules refuse", Fault(Mode.RUN), ("odd names",), people.REFUSED),
    Kind("a person acts on names that our rules refuse, then kill", Fault(Mode.RUN), ("odd names",), people.REFUSED,
         gaps=(1, 2, 3, 5, 8)),
    Kind("a person rewrites our commits", Fault(Mode.RUN), (*_CHECKOUT, "ready to push"), people.OWN),
    Kind("a person rewrites our commits, then kill", Fault(Mode.RUN), (*_CHECKOUT, "ready to push"), people.OWN,
         gaps=(1, 3, 8)),
    Kind("a colleague rewrites our commits", Fault(Mode.RUN), (*_WITH_REMOTE, "ready to push"), people.OWN_UPSTREAM),
    Kind("a person acts in the folder", Fault(Mode.RUN), _WITH_REMOTE, people.FOLDER),
    Kind("a person acts in the folder, then kill", Fault(Mode.RUN), _WITH_REMOTE, people.FOLDER, gaps=(1, 2, 3, 5)),
    Kind("a person puts odd things in the folder", Fault(Mode.RUN), _WITH_REMOTE, people.ODD_FOLDER),
    Kind("a person puts odd things in the folder, then kill", Fault(Mode.RUN), _WITH_REMOTE, people.ODD_FOLDER,
         gaps=(1, 2, 3, 5)),
    *_no_exchange(errno.EINVAL),
    *_no_exchange(errno.ENOSYS),
    *_no_exchange(errno.EXDEV),
    Kind("a git of ours stands still", Fault(Mode.STOP_ONE), (*_CHECKOUT, "ready to push"), people.SIGNALS,
         children=True),
    Kind("a rollout inside a person's command", Fault(Mode.RUN), ("upstream moved",), people.COMMANDS, way="command"),
    Kind("a rollout beside a person's command in another mount", Fault(Mode.STOP), ("upstream moved",), people.COMMANDS,
         way="mount", refusal=disks.no_mounts),
    Kind("somebody else pushes", Fault(Mode.RUN), _WITH_REMOTE, people.UPSTREAM),
    Kind("the power goes (ext4)", Fault(Mode.STOP), ("first fetch", "push", "upstream moved", "clone"), way="ext4",
         refusal=lambda: disks.refusal("ext4")),
    Kind("the power goes (xfs)", Fault(Mode.STOP), ("first fetch", "push", "upstream moved", "clone"), way="xfs",
         refusal=lambda: disks.refusal("xfs")),
)  # fmt: skip
BY_NAME = {kind.name: kind for kind in KINDS}


def parsed(name: str) -> Experiment:
    """Return the experiment of a name that a sweep printed."""
    kind, *words = [word.strip() for word in name.split(" | ")]
    if kind not in BY_NAME or len(words) < 3:
        raise ValueError(f"not the name of an experiment: {name!r}")
    return BY_NAME[kind].parsed(words)


def chosen(kinds: tuple[Kind, ...], named: str) -> tuple[Kind, ...]:
    """Return the kinds that a list of names or patterns, parted by commas, tells."""
    found: list[Kind] = []
    parts = named.split(",")
    while parts:
        # Some names have commas in them: what is longest is meant.
        for end in range(len(parts), 0, -1):
            glob = ",".join(parts[:end]).strip()
            if matching := [kind for kind in kinds if kind.name == glob or fnmatch.fnmatch(kind.name, glob)]:
                found += matching
                parts = parts[end:]
                break
        else:
            raise ValueError(f"no kind is called {parts[0].strip()!r}; --list tells their names")
    return tuple(dict.fromkeys(found))
