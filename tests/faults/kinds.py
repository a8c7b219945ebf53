"""The kinds of experiments there are."""

from __future__ import annotations

import errno
import fnmatch
import os
from dataclasses import replace

from tests.faults import disks, people, people_in_reviews
from tests.faults.experiment import Experiment
from tests.faults.kind import CHECKOUT as _CHECKOUT
from tests.faults.kind import REQUESTS, Kind
from tests.faults.shim import Fault, Mode
from tests.faults.stories import DECISIONS, REVERTS, REVIEWS, STORIES, TAKEN
from tests.faults.stories import PLAIN as _ALL

_WITH_REMOTE = ("push", "upstream moved")
_KILLED = "a first fetch is killed"


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


_ERRORS = (errno.ENOSPC, errno.EIO, errno.EACCES)
_CHANGES = "rename exchange link open create unlink mkdir"
PLAIN = (
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
    Kind("a person changes what a sparse checkout leaves out", Fault(Mode.RUN), ("sparse",), people.SPARSE),
    Kind("a person changes what a sparse checkout leaves out, then kill", Fault(Mode.RUN), ("sparse",), people.SPARSE,
         gaps=(1, 2, 3, 5, 8)),
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
_API = tuple(name for name in REVIEWS if STORIES[name].forge == "api")
_PROPOSED = ("review again", "review overtaken", "review closed")
_AT_THE_FORGE = " ".join(REQUESTS)


def _whatever(of: str, stories: tuple[str, ...]) -> tuple[Kind, ...]:
    """Return what may go wrong in any story."""
    return (
        Kind(f"{of}: kill everything", Fault(Mode.KILL_TREE), stories),
        Kind(f"{of}: kill everything when a call is done", Fault(Mode.KILL_TREE, after=True), stories),
        Kind(f"{of}: kill one process", Fault(Mode.KILL_ONE), stories),
        Kind(f"{of}: one call fails: ENOSPC", Fault(Mode.FAIL, errno=errno.ENOSPC), stories),
        Kind(f"{of}: a call is done and says EIO", Fault(Mode.FAIL, errno=errno.EIO, after=True), stories),
        Kind(f"{of}: disk full from a call on", Fault(Mode.FULL), stories),
    )


_OF_REVIEWS = (
    *_whatever("a review", REVIEWS),
    Kind("a review: killed as the forge is asked", Fault(Mode.KILL_TREE), _API, only=_AT_THE_FORGE),
    Kind("a review: the forge's answer is lost", Fault(Mode.FAIL, errno=errno.ECONNRESET, after=True), _API,
         only=_AT_THE_FORGE),
    Kind("a review: the forge cannot be asked", Fault(Mode.FAIL, errno=errno.ECONNREFUSED), _API, only=_AT_THE_FORGE),
    Kind("a review: killed, then the state folder is lost", Fault(Mode.KILL_TREE), _API, without="state"),
    Kind("a review: a person acts on it", Fault(Mode.RUN), _PROPOSED, people_in_reviews.REVIEW),
    Kind("a review: a person acts on it as the forge is asked", Fault(Mode.RUN), ("review", *_PROPOSED),
         people_in_reviews.REVIEW, only=_AT_THE_FORGE),
    Kind("a review: a person acts on it, then kill", Fault(Mode.RUN), ("review", *_PROPOSED), people_in_reviews.REVIEW,
         gaps=(1, 2, 3, 5, 8)),
    Kind("a review: a person acts in the checkout", Fault(Mode.RUN), ("review", "review overtaken"), people.CHECKOUT),
)  # fmt: skip
_OF_DECISIONS = (
    *_whatever("a decision", DECISIONS),
    Kind("a decision: the state folder's disk is full from a call on", Fault(Mode.FULL, only="state"), DECISIONS[:2]),
    Kind("a decision: kill, then the state folder is damaged", Fault(Mode.KILL_TREE), DECISIONS[:2], between=DAMAGES),
    Kind("a decision: a person acts in the checkout", Fault(Mode.RUN), DECISIONS, people.CHECKOUT),
    Kind("a decision: a person acts in the checkout, then kill", Fault(Mode.RUN), DECISIONS, people.CHECKOUT,
         gaps=(1, 3, 8)),
    Kind("a decision: a person acts in the folder", Fault(Mode.RUN), DECISIONS[:2], people.FOLDER),
    Kind("a decision: somebody else pushes", Fault(Mode.RUN), DECISIONS[:2], people.UPSTREAM),
)  # fmt: skip
_OF_SOURCES = (
    *_whatever("a change taken", TAKEN),
    Kind("a change taken: a person edits the same", Fault(Mode.RUN), TAKEN, people_in_reviews.SOURCES),
    Kind("a change taken: a person edits the same, then kill", Fault(Mode.RUN), TAKEN, people_in_reviews.SOURCES,
         gaps=(1, 2, 3, 5)),
)  # fmt: skip
_OF_REVERTS = (
    *_whatever("a revert", REVERTS),
    Kind("a revert: a person acts in the checkout", Fault(Mode.RUN), REVERTS,
         tuple(deed for deed in people.CHECKOUT if "ledger" not in deed.script)),  # it tells of the run to revert
    Kind("a revert: a person acts in the folder", Fault(Mode.RUN), REVERTS, people.FOLDER),
)  # fmt: skip
KINDS = (*PLAIN, *_OF_REVIEWS, *_OF_DECISIONS, *_OF_SOURCES, *_OF_REVERTS)
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
