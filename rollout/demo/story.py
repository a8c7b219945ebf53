"""The demo: the first user's rollout, told as it happens in a sandbox."""

from __future__ import annotations

import shlex
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field

from rollout.demo import event_chapters, first_user
from rollout.demo.sandbox import DIRTY, MOVED, REPOSITORIES, UNPUSHED, Sandbox

_SUBJECT = "Event store migration"


@dataclass(slots=True)
class Story:
    """Tells, runs and checks; `say` prints, `paint` colours."""

    sandbox: Sandbox
    say: Callable[[str], None]
    paint: Callable[[str, str], str]
    failures: list[str] = field(default_factory=list)
    said: str = ""  # by the program that ran last
    _before: dict[str, str] = field(default_factory=dict)

    def tell(self) -> int:
        """Run the whole story; return 0 when everything that it promises held."""
        self._build()
        self._look()
        self._wait_and_be_overtaken()
        self._roll_out()
        self._prove()
        event_chapters.tell(self)
        self._end()
        return 1 if self.failures else 0

    # --- the chapters

    def _build(self) -> None:
        self.chapter("Five live repositories", "in " + str(self.sandbox.folder))
        self.sandbox.build()
        self.line(f"{DIRTY} has staged, edited and untracked work of a person in it.")
        self.line(f"{UNPUSHED} has a commit that its person has not pushed and does not want published.")
        self.line(f"{' and '.join(MOVED)} will be pushed to by colleagues in the middle of the rollout.")
        self._before = {name: self.sandbox.persons_work(name) for name in (DIRTY, UNPUSHED)}

    def _look(self) -> None:
        self.chapter("What would change?", "plan fetches, renders and compares, and writes nothing")
        self.rollout("validate")
        self.rollout("plan", "--no-diff")

    def _wait_and_be_overtaken(self) -> None:
        self.chapter("Ready to push, and overtaken", "two commits wait while colleagues push")
        self.rollout("apply", "--yes", "--quiet", "--no-push", "--limit", ",".join(MOVED), "--message", _SUBJECT)
        self.sandbox.move_remotes_on()
        top = self.sandbox.root / MOVED[0]
        self.line(self.paint(f"$ git -C {MOVED[0]} push", "bold"))
        refused = self.sandbox.git(top, "push", ok=False)
        self.line(next((line.strip() for line in refused.splitlines() if "rejected" in line), refused))
        self.check("a plain git push is rejected, as it was when this was done by hand", "rejected" in refused)
        self.rollout("status", "--fetch")

    def _roll_out(self) -> None:
        self.chapter("Roll out", "commits are built on what upstream is now; nobody's checkout is an input")
        self.rollout("apply", "--yes", "--quiet", "--message", _SUBJECT)
        for name in REPOSITORIES:
            subjects = self.sandbox.published(name)
            self.check(f"{name}: its remote has the rollout, once", subjects.count(_SUBJECT) == 1)
        for name in MOVED:
            self.check(
                f"{name}: the colleague's commit is there too", "a colleague's feature" in self.sandbox.published(name)
            )
        for name, before in self._before.items():
            self.check(f"{name}: the person's work is as it was", self.sandbox.persons_work(name) == before)
        self.check(
            f"{UNPUSHED}: what was not to be published is not",
            not any("not ready" in subject for subject in self.sandbox.published(UNPUSHED)),
        )

    def _prove(self) -> None:
        self.chapter("Where does it stand?", "status tells the truth of git and the disk")
        self.rollout("status", "--fetch")
        self.line(f"{UNPUSHED} is right upstream; its checkout gets it when its person pulls:")
        self.line(self.paint(f"$ git -C {UNPUSHED} pull --rebase", "bold"))
        self.sandbox.git(self.sandbox.root / UNPUSHED, "pull", "-q", "--rebase")
        self.check("verify: every managed file is as it should be", self.rollout("verify") == 0)
        self.check("a second apply has nothing to do", self.rollout("apply", "--quiet") == 0)

    def _end(self) -> None:
        self.chapter("The rollout status table", "")
        self.rollout("status", "--format", "markdown")
        folder = self.sandbox.folder
        self.line("Look at:")
        self.line(f"  git -C {self.sandbox.root}/odin-s log --oneline --graph --all")
        self.line(f"  {self.sandbox.root}/.claude/helpers/log-event.sh")
        self.line(f"  {self.sandbox.root}/docs/guides/ps-event-logging-guide.md")
        self.line("Go on by yourself:")
        self.line(f"  export ROLLOUT_STATE_DIR={folder}/state ROLLOUT_INVENTORY={first_user.inventory()}")
        self.line(f"  export ROLLOUT_ROOT={self.sandbox.root} ROLLOUT_VAR=shared_root={self.sandbox.root}")
        self.line("  rollout report; rollout explain consilio-s .supervisor-specific/03-machine-config.md")
        for failure in self.failures:
            self.line(self.paint(f"✗ {failure}", "red"))

    # --- the means

    def rollout(self, *arguments: str, **environment: str) -> int:
        """Run the program as a person would, on the first user's own inventory and templates; keep what it said."""
        self.line(self.paint("$ rollout " + shlex.join(arguments), "bold"))
        color = "always" if self.paint("x", "bold") != "x" else "never"
        done = subprocess.run(
            [sys.executable, "-m", "rollout", "--inventory", str(first_user.inventory()),
             "--root", str(self.sandbox.root), "--var", f"shared_root={self.sandbox.root}",
             "--color", color, "--hostname", "odin3", *arguments],
            env=self.sandbox.environment() | environment,
            cwd=self.sandbox.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )  # fmt: skip
        self.show(done.stdout)
        return done.returncode

    def show(self, text: str) -> None:
        """Print what a program said, and keep it as the last thing that was said."""
        self.said = text
        for line in text.splitlines():
            self.line("  " + line)

    def chapter(self, title: str, about: str) -> None:
        """Begin a chapter."""
        self.say("")
        self.say(self.paint(f"== {title}", "cyan") + (f": {about}" if about else ""))

    def line(self, text: str) -> None:
        """Print one line."""
        self.say(text)

    def check(self, promise: str, held: bool) -> None:
        """Print whether a promise held, and remember one that did not."""
        self.say((self.paint("✓", "green") if held else self.paint("✗", "red")) + f" {promise}")
        if not held:
            self.failures.append(promise)
