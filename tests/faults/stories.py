"""The situations in which the program is run, and the names of what they are made of."""

from __future__ import annotations

from dataclasses import dataclass

from tests.faults import people

MANAGED = {"conf.txt", "docs/new.txt", "run.sh"}

ODD_NAMES = ("aux.c", "name.", "con.txt")

TEAM = {"team.txt", "gone/old.txt", "fresh/deep/new.txt", *ODD_NAMES}

PERSONS = ("staged.txt", "other.txt", "untracked.txt", "ignored.log")

REWRITES = {deed.name for deed in (*people.OWN, *people.OWN_UPSTREAM)}

KEPT = ".rollout-kept-"

NO_EXCHANGE = "cannot exchange two files in one step"

RUN = "the last run"  # stands for its id in a command

TOPIC = "team"  # of our reviews: they are on the branch rollout/team

THEIRS = "TOKEN-of-a-colleague"  # what makes drift

TOKENS = ("TOKEN-staged", "TOKEN-other", "TOKEN-untracked", "TOKEN-ignored", "TOKEN-stash", "TOKEN-branch")


@dataclass(frozen=True)
class Story:
    """A situation in which the program is run: the world's peculiarity, and the command."""

    name: str
    command: tuple[str, ...] = ("apply", "--yes", "--json")
    upstream_moved: bool = False
    targets: tuple[str, ...] = ("api", "web", "shared")
    pushes: bool = True
    first_contact: bool = False  # the state folder is not there yet
    clones: bool = False  # the checkout is not there yet
    unpushed: bool = False  # our commit is in the checkout and not upstream
    sparse: bool = False  # the checkout leaves out all folders
    odd_names: bool = False  # with files whose names our rules refuse
    promise: str = "rollout"  # which promises it is held against: rollout, review, decision, taken or revert
    forge: str = ""  # changes are proposed: by an interface, "api", or by a push, "agit"
    proposed: bool = False  # a review is open already, and the templates have changed since
    overtaken: bool = False  # upstream has got the content of our commit another way
    drift: tuple[str, ...] = ()  # what a colleague changed since, upstream or in the folder
    as_before: bool = False  # the templates say what they said
    variable: bool = False  # a template says a value that the inventory sets
    held: bool = False  # the checkout is on hold
    reverts: bool = False  # the command takes back the last run
    writes: frozenset[str] = frozenset(MANAGED)  # what our commit in api changes

    @property
    def top(self) -> str:
        return "solo" if "solo" in self.targets else "api"


_PLAIN = (
    Story("push"),
    Story("upstream moved", upstream_moved=True, targets=("api", "shared")),
    Story("no push", ("apply", "--yes", "--json", "--no-push"), targets=("api",), pushes=False),
    Story("no remote", targets=("solo",), pushes=False),
    Story("first fetch", targets=("api", "web"), first_contact=True),
    Story("clone", targets=("api", "web"), clones=True),
    Story("ready to push", targets=("api", "web"), unpushed=True),
    Story("ours overtaken", ("push", "--yes", "--json"), targets=("api",), unpushed=True, overtaken=True,
          writes=frozenset()),
    Story("sparse", upstream_moved=True, targets=("api",), sparse=True),
    Story("odd names", upstream_moved=True, targets=("api",), odd_names=True),
)  # fmt: skip

_API = ("api",)
_REVIEWS = (
    Story("review", targets=_API, promise="review", forge="api"),
    Story("review again", targets=_API, promise="review", forge="api", proposed=True),
    Story("review overtaken", targets=_API, promise="review", forge="api", overtaken=True),
    Story("review closed", ("review", "close", "--yes", "--json"), targets=_API, promise="review", forge="api",
          proposed=True),
    Story("review by push", targets=_API, promise="review", forge="agit"),
    Story("review by push again", targets=_API, promise="review", forge="agit", proposed=True),
)  # fmt: skip

_DRIFTED = ("api/conf.txt", "api/run.sh", "shared/a.txt")
_DECIDED = ("apply", "--yes", "--json", "--on-drift", "conf.txt=keep", "--on-drift", "run.sh=overwrite",
            "--on-drift", "a.txt=keep")  # fmt: skip
_DECISIONS = (
    Story("decided", _DECIDED, targets=("api", "shared"), promise="decision", drift=_DRIFTED,
          writes=frozenset({"run.sh", "docs/new.txt"})),
    Story("kept", ("apply", "--yes", "--json", "--on-drift", "keep"), targets=("api", "shared"), promise="decision",
          drift=("api/conf.txt", "shared/a.txt"), as_before=True, writes=frozenset()),
    Story("on hold", targets=("api", "web"), promise="decision", held=True, writes=frozenset()),
)  # fmt: skip

_TAKEN = (
    Story("taken", ("take", "api", "conf.txt", "--yes"), targets=_API, promise="taken", drift=("api/conf.txt",),
          as_before=True, writes=frozenset()),
    Story("taken with a variable", ("take", "api", "conf.txt", "--yes", "--set"), targets=_API, promise="taken",
          drift=("api/conf.txt",), as_before=True, variable=True, writes=frozenset()),
)  # fmt: skip

_REVERTS = (
    Story("revert", ("revert", RUN, "--yes", "--json"), targets=("api", "shared"), promise="revert", reverts=True),
)

PLAIN, REVIEWS, DECISIONS, TAKEN, REVERTS = (
    tuple(story.name for story in stories) for stories in (_PLAIN, _REVIEWS, _DECISIONS, _TAKEN, _REVERTS)
)
STORIES = {story.name: story for story in (*_PLAIN, *_REVIEWS, *_DECISIONS, *_TAKEN, *_REVERTS)}
