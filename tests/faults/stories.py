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
    odd_names: bool = False  # with files whose names our rules refuse

    @property
    def top(self) -> str:
        return "solo" if "solo" in self.targets else "api"


STORIES = {
    story.name: story
    for story in (
        Story("push"),
        Story("upstream moved", upstream_moved=True, targets=("api", "shared")),
        Story("no push", ("apply", "--yes", "--json", "--no-push"), targets=("api",), pushes=False),
        Story("no remote", targets=("solo",), pushes=False),
        Story("first fetch", targets=("api", "web"), first_contact=True),
        Story("clone", targets=("api", "web"), clones=True),
        Story("ready to push", targets=("api", "web"), unpushed=True),
        Story("odd names", upstream_moved=True, targets=("api",), odd_names=True),
    )
}
