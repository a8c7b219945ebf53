"""The promises about reviews: one at most, of our one commit, and what a person does to it stands."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tests.faults.promises import Check, blob
from tests.faults.stories import MANAGED, TOPIC

_OLD = {"conf.txt": "v1 of api\nsecond line\n", "run.sh": "#!/bin/sh\necho v1\n"}
_NEW = {"conf.txt": "v2 of api\nsecond line\n", "docs/new.txt": "new\nsecond line\n", "run.sh": "#!/bin/sh\necho v2\n"}
_OURS = "%x01%H%x02%(trailers:key=Rollout-Target,valueonly)%x02"


@dataclass(frozen=True)
class ReviewCheck(Check):
    """The promises where changes are proposed."""

    def _wrong(self) -> list[str]:
        return []  # upstream has what people merged

    def _published(self) -> list[str]:
        return [*self._unasked(), *self._on_main(), *self._on_branches(), *self._on_the_forge()]

    def _on_main(self) -> Iterator[str]:
        """Only a person's merge moves upstream's branch."""
        since = self.before.remote_refs["api.git refs/heads/main"]
        for commit, ours, _ in self._log(f"{since}..refs/heads/main", "--first-parent"):
            if ours:
                yield f"our commit {commit} was pushed to main"
        if self._nobody() and self.settled.remote_refs["api.git refs/heads/main"] != since:
            yield "main moved"

    def _log(self, which: str, *how: str) -> Iterator[tuple[str, bool, set[str]]]:
        """Yield commits: whether each is ours, and what it changes."""
        log = self.room.git("api.git", "log", f"--format={_OURS}", "--name-only", *how, which)
        for record in log.split("\x01")[1:]:
            commit, target, names = record.split("\x02")
            yield commit, bool(target.strip()), set(names.split())

    def _carrying(self) -> list[str]:
        """Return the refs that carry a proposal."""
        named = [name.partition(" ")[2] for name in self.settled.remote_refs if name.startswith("api.git ")]
        return [ref for ref in named if ref.startswith((f"refs/heads/rollout/{TOPIC}", "refs/pull/"))]

    def _on_branches(self) -> Iterator[str]:
        """A proposal is one commit of ours, with all that was planned and nothing else."""
        for ref in self._carrying():
            ours = [names for _, ours, names in self._log(f"refs/heads/main..{ref}") if ours]
            if len(ours) > 1:
                yield f"{len(ours)} commits of the rollout on {ref}"
            if self._deed is None and any(names != MANAGED for names in ours):
                yield f"{ref} touches {ours}"

    def _on_the_forge(self) -> Iterator[str]:
        """There is never a second review, and never one that a person has declined."""
        opened = [number for number, one in self.settled.reviews.items() if one["state"] == "open"]
        if len(opened) > 1:
            yield f"{len(opened)} reviews are open"
        most = 2 if self._ended_another() else 1
        if len(self.settled.reviews) > most:
            yield f"{len(self.settled.reviews)} reviews were opened"
        if self._declined() and len(self.settled.reviews) == 1 and opened:
            yield "the review that a person closed is open"

    def _declined(self) -> bool:
        names = ("the review is closed", "the branch is deleted")
        return self._deed is not None and self._deed.name in names and self._did()

    def _ended_another(self) -> bool:
        """Tell whether a person ended the review of another content than the one that is proposed now."""
        ends = self._deed is not None and self._deed.place == "review" and self._did()
        return ends and self.story.proposed

    def _theirs_gone(self) -> list[str]:
        return super()._theirs_gone() + list(self._taken_over_and_closed())

    def _taken_over_and_closed(self) -> Iterator[str]:
        """A review with a person's commit on it is theirs to close, as far as the forge had told of that commit."""
        noted = self.room.live / "theirs-upstream"
        theirs = noted.read_text().split() if noted.exists() else []
        for number, one in self.settled.reviews.items():
            if one["state"] == "closed" and one.get("known") in theirs:
                yield f"review {number}, which a person took over, was closed"

    def _converged(self) -> list[str]:
        found = super()._converged()
        states = [str(one["state"]) for one in self.settled.reviews.values()]
        closes = self.story.overtaken or self.story.command[0] == "review"
        wanted = ["closed"] if closes else ["open"]
        if states != wanted:
            found.append(f"the reviews are {states} and should be {wanted}")
        carrying = self._carrying()
        if self.story.command[0] == "review":
            return found
        if len(carrying) != (0 if closes else 1):
            found.append(f"proposals are on {carrying}")
        text = _OLD if self.story.reverts else _NEW
        wanted_there = {path: blob(said) for path, said in text.items()}
        main = self.settled.remote_refs["api.git refs/heads/main"]
        for ref in carrying:
            if self._there("api.git", ref) != wanted_there:
                found.append(f"{ref} is not as it should be")
            if self.room.git("api.git", "rev-parse", f"{ref}~1").strip() != main:
                found.append(f"{ref} is not on main")
        return found
