"""The promises about what a person decided: it stands, and what they took back stands in the templates."""

from __future__ import annotations

from dataclasses import dataclass

from tests.faults.people import TOKEN
from tests.faults.promises import Check, blob
from tests.faults.stories import THEIRS, Story

_OLD = {"conf.txt": "v1 of api\nsecond line\n", "run.sh": "#!/bin/sh\necho v1\n"}
_CONF, _INVENTORY = "templates/project/conf.txt.j2", "inventory.yaml"


@dataclass(frozen=True)
class _Decided(Check):
    def violations(self) -> list[str]:
        found = super().violations()
        lost = self.experiment.without == "state" or self.experiment.between is not None
        return found if not self._nobody() or lost else found + self._plain()

    def _plain(self) -> list[str]:
        """After all that, an apply without decisions has nothing to do and waits for none."""
        ended = self.room.again(Story("plain", targets=self.story.targets))
        outcomes = ended.outcomes()
        if ended.code == 0 and set(outcomes.values()) <= {"unchanged"}:
            return []
        return [f"a plain apply ended with {ended.code}: {outcomes} {ended.reasons()}"]


@dataclass(frozen=True)
class DecisionCheck(_Decided):
    """The promises where files are kept or targets on hold."""

    _shared_text = rf"(v[12] of a|new b)\nsecond line( {THEIRS})?\n"

    def _texts(self) -> dict[str, str]:
        conf = rf"v[12] of api\nsecond line( {THEIRS})?\n({TOKEN}\n)?"
        return {**super()._texts(), "conf.txt": conf, "run.sh": rf"#!/bin/sh\necho v[12]\n({THEIRS}\n)?"}

    def _wrong(self) -> list[str]:
        wanted = {} if self.story.held else {"conf.txt": blob(f"v1 of api\nsecond line {THEIRS}\n")}
        if "run.sh" in self.story.writes:
            wanted |= {"run.sh": blob("#!/bin/sh\necho v2\n"), "docs/new.txt": blob("new\nsecond line\n")}
        elif not self.story.held:
            wanted |= {"run.sh": blob(_OLD["run.sh"])}
        else:
            wanted = {path: blob(text) for path, text in _OLD.items()}
        others = [name for name in self.story.targets if name == "web" and not self._is_right(name)]
        return others + ([] if self._there("api.git", "refs/heads/main") == wanted else ["api"])

    def _published(self) -> list[str]:
        return super()._published() + self._kept()

    def _kept(self) -> list[str]:
        """What was decided to be kept is there, whatever went wrong."""
        if self.story.held:
            same = (
                self.settled.remote_refs["api.git refs/heads/main"]
                == self.before.remote_refs["api.git refs/heads/main"]
            )
            return [] if same or self._deed is not None else ["a target on hold was written"]
        found = []
        if THEIRS not in self.room.git("api.git", "show", "refs/heads/main:conf.txt"):
            found.append("conf.txt, which was kept, is overwritten")
        if (self._deed is None or self._deed.place != "folder") and THEIRS.encode() not in self.settled.shared["a.txt"]:
            found.append("shared/a.txt, which was kept, is overwritten")
        return found

    def _folder_done(self) -> list[str]:
        return []  # what was kept there is looked at apart


@dataclass(frozen=True)
class TakenCheck(_Decided):
    """The promises where a person's change is taken into its template."""

    def _texts(self) -> dict[str, str]:
        return {**super()._texts(), "conf.txt": rf"({THEIRS} )?v1 of api\nsecond line( {THEIRS})?\n"}

    def _wrong(self) -> list[str]:
        return []

    def _published(self) -> list[str]:
        moved = self.settled.remote_refs != self.before.remote_refs
        return [*self._unasked(), *(["something was pushed"] if moved and self._nobody() else [])]

    def _converged(self) -> list[str]:
        found = [f"the first run after ended with {self.first.code}"] if self.first.code else []
        if self.settled.sources.keys() != self.before.sources.keys():
            found.append(f"left: {sorted(self.settled.sources.keys() ^ self.before.sources.keys())}")
        changed = {name for name, text in self.settled.sources.items() if text != self.before.sources.get(name)}
        wanted = _INVENTORY if self.story.variable else _CONF
        if changed != {wanted}:
            found.append(f"what changed is {sorted(changed)}")
        elif THEIRS.encode() not in self.settled.sources[wanted]:
            found.append("the change was not taken")
        if b"vars:  # of all" not in self.settled.sources[_INVENTORY] and self.story.variable:
            found.append("a comment in the inventory is gone")
        return found


@dataclass(frozen=True)
class RevertCheck(_Decided):
    """The promises where a run is taken back."""

    def _wrong(self) -> list[str]:
        wanted = {path: blob(text) for path, text in _OLD.items()}
        return [] if self._there("api.git", "refs/heads/main") == wanted else ["api"]

    def _folder_done(self) -> list[str]:
        back = self.settled.shared == {"a.txt": b"v1 of a\nsecond line\n"}
        return [] if back else [f"the folder has {dict(self.settled.shared)}"]
