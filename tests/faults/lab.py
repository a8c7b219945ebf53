"""One experiment: a fresh copy of a small world, a run in which something goes wrong, two runs without.

The invariants are those of docs/safety.md: nothing of the person is lost, changed or published, upstream has one
commit of the rollout, nothing is left lying about, and running again does nothing.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

from tests.faults.experiment import Ended, Experiment, Finding
from tests.faults.in_between import expected_trace, left_in_use, reverted
from tests.faults.people import Deed
from tests.faults.picture import Picture
from tests.faults.promises import Check
from tests.faults.promises_of_decisions import DecisionCheck, RevertCheck, TakenCheck
from tests.faults.promises_of_reviews import ReviewCheck
from tests.faults.room import Room
from tests.faults.runs import HUNG
from tests.faults.shim import Book, Call, Fault
from tests.faults.small_world import SmallWorld
from tests.faults.stories import MANAGED, STORIES, Story

_CHECKS: dict[str, type[Check]] = {
    "rollout": Check, "review": ReviewCheck, "decision": DecisionCheck, "taken": TakenCheck, "revert": RevertCheck,
}  # fmt: skip


class Lab(Room):
    """A room where one experiment after the other is made."""

    def __init__(self, place: Path) -> None:
        super().__init__(place)
        self._pictures: dict[str, Picture] = {}

    def fresh(self, story: Story) -> None:
        """Put the story's world in place, as it was first made."""
        base = self.place / f"base-{story.name.replace(' ', '-')}"
        if not base.exists():
            shutil.rmtree(self.live, ignore_errors=True)
            SmallWorld(self, story).make()
            self.live.rename(base)
        shutil.rmtree(self.live, ignore_errors=True)
        subprocess.run(["cp", "-a", str(base), str(self.live)], check=True)

    def picture(self, story: Story) -> Picture:
        if story.name not in self._pictures:
            self.fresh(story)
            self._pictures[story.name] = Picture.of(self, story)
        return self._pictures[story.name]

    def calls(self, story: Story) -> list[Call]:
        """Return every call of a run in which nothing goes wrong, with the programs that are started."""
        self.picture(story)
        self.fresh(story)
        ended, book = self.run(story, Fault(call="execve"))
        assert ended.code == 0, ended.err
        return book.calls()

    def try_out(self, experiment: Experiment) -> Finding:
        """Make one experiment and hold the world against the promises."""
        story = STORIES[experiment.story]
        before = self.picture(story)
        self.fresh(story)
        ended, book = self.run(story, experiment.fault)
        finding = Finding(experiment, book.fired, ended.code)
        if book.fired:
            number = book.fired_at
            finding.call = next((f"{c.name} {c.path}" for c in book.calls() if c.number == number), "")
        if ended.code == HUNG:
            finding.violations.append("the faulted run hung")
        if "Traceback" in ended.err and not expected_trace(ended):
            finding.violations.append(f"traceback: {ended.err[-400:]}")
        finding.violations += left_in_use(self, experiment, ended)
        finding.violations += self._at_once(story, before, ended)
        if experiment.fault.only and book.fired_at == 1:
            finding.violations += self._nothing_happened(before, story)
        self.wait_for_writers()
        if experiment.deed is None or experiment.deed.place in {"signal", "program"}:
            finding.violations += reverted(self, story, before)
        self.server_owner_clears()
        self._lose(experiment)
        if experiment.between is not None:
            finding.fired = finding.fired and (self.live / "did").exists()
        if experiment.second is not None:
            _, again = self.run(story, experiment.second)
            finding.fired = finding.fired and again.fired
            self.server_owner_clears()
        first = self.again(story, experiment)
        if self._moved_away(experiment, first):
            first = self.again(story, experiment)
        settled = Picture.of(self, story)
        second = self.again(story, experiment)
        self.conclude(finding, before, settled, first, second)
        return finding

    def _at_once(self, story: Story, before: Picture, ended: Ended) -> list[str]:
        """Say what is wrong before anybody mends it: a source cut short, a decision told and forgotten."""
        now = Picture.of(self, story)
        cut = [name for name, text in before.sources.items() if len(now.sources.get(name, b"")) < len(text) // 2]
        found = [f"{name} is cut short" for name in cut]
        if story.name != "kept" or ended.code != 0 or set(ended.outcomes()) != set(story.targets):
            return found
        plain = self.again(Story("plain", targets=story.targets))
        kept = set(plain.outcomes().values()) <= {"unchanged"}
        return found if kept else [*found, f"what was told to be kept is asked for again: {plain.reasons()}"]

    def conclude(self, finding: Finding, before: Picture, settled: Picture, first: Ended, second: Ended) -> None:
        """Hold the world against the promises after two runs without a fault."""
        story = STORIES[finding.experiment.story]
        now = Picture.of(self, story)
        check = _CHECKS[story.promise](self, story, finding.experiment, before, settled, now, first, second)
        finding.violations += check.violations()
        finding.followed = bool(settled.head) and settled.head == settled.upstream
        if finding.violations:
            finding.notes = f"first run after: {first.code} {first.reasons()} {first.err[-300:]}"

    def wait_for_writers(self) -> None:
        """Wait for whoever still writes into a file that was open."""
        deadline = time.monotonic() + 6
        while (self.live / "writing").exists() and time.monotonic() < deadline:
            time.sleep(0.005)

    def _lose(self, experiment: Experiment) -> None:
        """Do to the state folder what the experiment says."""
        if experiment.without == "state":
            shutil.rmtree(self.live / "state", ignore_errors=True)
        elif experiment.without == "ledger":
            (self.live / "state/ledger.db").unlink(missing_ok=True)
        if experiment.between is not None:
            command = experiment.between.command(self.live, "api", self.place / "deed.sh")
            subprocess.run(["sh", "-c", command], check=False)

    def _moved_away(self, experiment: Experiment, ended: Ended) -> bool:
        """Move away a folder in the place of a file if the program asks for that, as it removes none; tell whether."""
        between = experiment.between
        if between is None or not between.name.endswith("is a folder") or ended.code == 0:
            return False
        folder = self.live / (self.live / "did").read_text()
        if not folder.is_dir() or str(folder) not in ended.out + ended.err:
            return False
        folder.rename(self.live / "moved-away")
        return True

    def inside(self, experiment: Experiment) -> Finding:
        """Run a person's git command, with a whole rollout at one call of it; the command must not notice."""
        story, deed = STORIES[experiment.story], experiment.deed
        assert deed is not None
        self.picture(story)
        self.fresh(story)
        self.git("api", "reset", "-q")
        book = Book(self.place / "book")
        script = self.place / "rollout.sh"
        settings = " ".join(f"{name}='{value}'" for name, value in self.environment().items())
        script.write_text(f"cd {self.live} && env -i {settings} {sys.executable} -m rollout apply --yes\n")
        fault = replace(experiment.fault, command=f"sh {script} >/dev/null 2>&1 </dev/null")
        done = subprocess.run(
            ["sh", "-c", deed.script], cwd=self.live / "api", capture_output=True, text=True, check=False,
            env=self.environment() | fault.environment(book.file, self.library),
        )  # fmt: skip
        return self.after_command(experiment, book, done.returncode, done.stderr)

    def after_command(self, experiment: Experiment, book: Book, code: int, err: str) -> Finding:
        """Hold the world against the promises after a person's command with a whole rollout at one call of it."""
        story, deed = STORIES[experiment.story], experiment.deed
        assert deed is not None
        finding = Finding(experiment, book.fired, code, followed=True)
        if code:
            finding.violations.append(f"the person's command failed: {err[-300:]}")
        first = self.again(story)
        now = Picture.of(self, story)
        seen = b"".join(content for content, _, _ in now.files.values())
        if b"TOKEN-other" not in seen and "commit" not in deed.name:
            finding.violations.append("the person's edit is not in the work tree")
        if first.code:
            finding.violations.append(f"the next run ended with {first.code}")
        for path in MANAGED:
            old, entry = self.picture(story).index.get(path), now.index.get(path)
            at_head = self.git("api", "rev-parse", "--verify", "-q", f"HEAD:{path}", ok=False).strip()
            if at_head and entry == old and (old is None or old.split(" ")[2] != at_head):
                finding.violations.append(f"staged revert of {path}")
        return finding

    def commands_calls(self, deed: Deed) -> list[Call]:
        """Return the calls that a person's command makes when nobody interferes."""
        story = STORIES["upstream moved"]
        self.picture(story)
        self.fresh(story)
        self.git("api", "reset", "-q")
        book = Book(self.place / "book")
        subprocess.run(["sh", "-c", deed.script], cwd=self.live / "api", check=True, capture_output=True,
                       env=self.environment() | Fault().environment(book.file, self.library))  # fmt: skip
        return book.calls()

    def _nothing_happened(self, before: Picture, story: Story) -> list[str]:
        """Without a place for its records the program has no effect."""
        now = Picture.of(self, story)
        same = (now.remote_refs, now.files, now.shared) == (before.remote_refs, before.files, before.shared)
        return [] if same else ["something was written although nothing could be recorded"]

    def server_owner_clears(self) -> None:
        """A server that died holding its own lock needs its owner; the program only tells."""
        for bare in ("api.git", "web.git"):
            for lock in (self.live / bare).rglob("*.lock"):
                lock.unlink()
