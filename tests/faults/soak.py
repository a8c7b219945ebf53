"""People and machines at work at once, for a while: who was told "done" must find their work again at the end.

Each person has a clone and edits, stages, commits, pulls, pushes, stashes, switches branches and collects garbage in
it. Each machine runs `rollout apply` on the clones of its people, with a state folder of its own, and is killed at
random. Every acknowledged action leaves a token; a checker looks for all of them when the dust has settled.

    python -m tests.faults.soak --seconds 60
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults.sweep import rooms
from tests.person import GITCONFIG

_MACHINES = ("m1", "m2")
_REPOS = ("api", "web")


@dataclass
class Scene:
    """The place where all of it happens."""

    root: Path
    seed: int
    stop: threading.Event = field(default_factory=threading.Event)
    runs: Counter[int] = field(default_factory=Counter)
    done: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    releases: int = 0

    def environment(self, machine: str = "m1") -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "TMPDIR") if name in os.environ}
        return kept | {
            "HOME": str(self.root / "home"),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": str(self.root / "home/.gitconfig"),
            "ROLLOUT_STATE_DIR": str(self.root / f"state-{machine}"),
            "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
            "PYTHONDONTWRITEBYTECODE": "1",
            "LC_ALL": "C.UTF-8",
        }

    def git(self, where: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["git", *arguments], cwd=where, env=self.environment(), capture_output=True, text=True, check=False,
            errors="replace", timeout=120,
        )  # fmt: skip

    def make(self) -> None:
        (self.root / "home").mkdir(parents=True)
        (self.root / "home/.gitconfig").write_text(GITCONFIG)
        (self.root / "templates/project/docs").mkdir(parents=True)
        (self.root / "templates/project/docs/guide.md").write_text("a guide\n")
        self.release()
        for repo in _REPOS:
            self.git(self.root, "init", "-q", "--bare", f"{repo}.git")
            first = self.root / "first"
            self.git(self.root, "clone", "-q", f"{repo}.git", "first")
            for machine in _MACHINES:
                (first / f"{machine}.txt").write_text("start\n")
            self.git(first, "add", "-A")
            self.git(first, "commit", "-q", "-m", "start")
            self.git(first, "push", "-q", "origin", "HEAD")
            shutil.rmtree(first)
        for machine in _MACHINES:
            (self.root / machine).mkdir()
            for repo in _REPOS:
                self.git(self.root / machine, "clone", "-q", str(self.root / f"{repo}.git"))
                # What is stashed and what was committed since both add lines to one file: a person keeps both.
                (self.root / machine / repo / ".git/info/attributes").write_text(f"{machine}.txt merge=union\n")
            entries = "".join(f"  {repo}: {{path: {machine}/{repo}}}\n" for repo in _REPOS)
            text = f"version: 1\ndefaults: {{templates: [project]}}\nrepos:\n{entries}"
            (self.root / f"{machine}.yaml").write_text(text)

    def release(self) -> None:
        """Change what the templates say, for all machines at once."""
        self.releases += 1
        new = self.root / "templates/project/.new"
        new.write_text(f"release {self.releases}\n")
        new.replace(self.root / "templates/project/conf.txt")

    # --- a machine

    def machine(self, name: str) -> None:
        chance = random.Random(f"{self.seed} {name}")
        while not self.stop.is_set():
            if name == _MACHINES[0] and chance.random() < 0.5:
                self.release()
            kill = chance.random() < 0.6
            self.runs[self.apply(name, chance.uniform(0.1, 2.0) if kill else None)] += 1

    def apply(self, machine: str, kill_after: float | None = None) -> int:
        command = [sys.executable, "-m", "rollout", "-i", f"{machine}.yaml", "apply", "--yes"]
        with open(self.root / f"{machine}.log", "a") as log:
            process = subprocess.Popen(
                command, cwd=self.root, env=self.environment(machine), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip
        try:
            return process.wait(kill_after if kill_after is not None else 120)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            return process.wait()


@dataclass
class Person:
    """Somebody with a clone; `mine` is the file only they write, `tokens` what they were told is safe."""

    scene: Scene
    top: Path
    number: int = 0
    tokens: list[str] = field(default_factory=list)

    @property
    def mine(self) -> Path:
        return self.top / f"{self.top.parent.name}.txt"

    def work(self) -> None:
        chance = random.Random(f"{self.scene.seed} {self.top}")
        deeds: list[Callable[[], bool]] = [
            self.edit, self.edit, self.commit, self.commit, self.pull, self.push, self.stash, self.switch,
            self.collect, self.touch_ours,
        ]  # fmt: skip
        while not self.scene.stop.is_set():
            deed = chance.choice(deeds)
            (self.scene.done if deed() else self.scene.refused)[deed.__name__] += 1
            time.sleep(chance.uniform(0, 0.05))

    def git(self, *arguments: str) -> bool:
        return self.scene.git(self.top, *arguments).returncode == 0

    def edit(self) -> bool:
        self.number += 1
        token = f"{self.top.parent.name}-{self.top.name}-{self.number}"
        with open(self.mine, "a") as file:
            file.write(token + "\n")
        self.tokens.append(token)
        return True

    def commit(self) -> bool:
        self.edit()
        return self.git("add", self.mine.name) and self.git(
            "commit", "-q", "-m", f"{self.top.parent.name} {self.number}"
        )

    def pull(self) -> bool:
        done = self.git("pull", "-q", "--rebase", "--autostash")
        return done or not self.git("rebase", "--abort")

    def push(self) -> bool:
        return self.git("push", "-q", "origin", "main")

    def stash(self) -> bool:
        self.edit()
        return self.git("stash", "-q") and self.git("stash", "pop", "-q")

    def switch(self) -> bool:
        return self.git("switch", "-q", "-C", "side") and self.git("switch", "-q", "main")

    def collect(self) -> bool:
        return self.git("gc", "-q", "--prune=now")

    def touch_ours(self) -> bool:
        """Edit a managed file, look whether the edit stays, and take it back."""
        ours = self.top / "conf.txt"
        if not ours.exists():
            return False
        with open(ours, "a") as file:
            file.write("mine\n")
        time.sleep(0.2)
        kept = [f.read_text() for f in (self.top / ".git/rollout/kept").glob("*conf.txt")]
        if not any("mine\n" in text for text in (ours.read_text(), *kept)):
            self.scene.wrong.append(f"{self.top}: an edit of conf.txt was overwritten")
        return self.git("checkout", "-q", "--", "conf.txt")

    # --- at the end

    def finish(self) -> None:
        """Bring everything home, as a person does when the others have gone."""
        self.git("rebase", "--abort")
        for lock in self.top.glob(".git/**/*.lock"):
            self.scene.wrong.append(f"{lock} was left")
        self.git("switch", "-q", "main")
        for hidden in ("MERGE_AUTOSTASH",):
            if (self.top / ".git" / hidden).exists():
                self.git("stash", "store", (self.top / ".git" / hidden).read_text().strip())
        self.git("checkout", "-q", "HEAD", "--", "conf.txt")
        self.git("add", self.mine.name)
        self.git("commit", "-q", "-m", "last")
        while self.git("rev-parse", "-q", "--verify", "refs/stash") and self._unstash():
            self.git("commit", "-q", "-am", "from the stash")
        for _ in range(10):
            if self.git("pull", "-q", "--rebase") and self.push():
                return
        self.scene.wrong.append(f"{self.top}: cannot be pushed: {self.scene.git(self.top, 'status').stdout[:500]}")

    def _unstash(self) -> bool:
        """Pop a stash; where it clashes in the file that is ours, upstream's is the right one."""
        if self.git("stash", "pop", "-q"):
            return True
        unmerged = self.scene.git(self.top, "ls-files", "-u").stdout
        return (
            "conf.txt" in unmerged
            and self.git("checkout", "-q", "HEAD", "--", "conf.txt")
            and self.git("stash", "drop", "-q")
        )

    def missing(self) -> list[str]:
        """Return the tokens that are neither upstream nor anywhere in the clone."""
        there = self.scene.git(self.top, "show", f"origin/main:{self.mine.name}").stdout.splitlines()
        lost = set(self.tokens) - set(there)
        if lost:
            # A stash is a merge, of which git shows no difference unasked.
            everywhere = self.scene.git(self.top, "log", "--all", "--reflog", "-p", "-m").stdout
            lost = {token for token in lost if f"+{token}\n" not in everywhere}
        return sorted(lost)


def _settled(scene: Scene) -> list[str]:
    """Run every machine in peace until nothing changes any more; return what is not as it should be."""
    found = []
    for _ in range(3):
        for machine in _MACHINES:
            code = scene.apply(machine)
            if code:
                found = [
                    f"{machine}: the last runs end with {code}: {(scene.root / f'{machine}.log').read_text()[-900:]}"
                ]
            else:
                found = []
    for repo in _REPOS:
        bare = scene.root / f"{repo}.git"
        if scene.git(bare, "fsck", "--no-dangling").returncode:
            found.append(f"{repo}.git is damaged")
        if scene.git(bare, "show", "main:conf.txt").stdout != f"release {scene.releases}\n":
            found.append(f"{repo}: upstream is not at release {scene.releases}")
        log = scene.git(bare, "log", "--format=%x01%(trailers:key=Rollout-Run,valueonly)%x02", "--name-only", "main")
        for record in log.stdout.split("\x01")[1:]:
            run, names = record.split("\x02")
            if run.strip() and not set(names.split()) <= {"conf.txt", "docs/guide.md"}:
                found.append(f"{repo}: a commit of ours touches {names.split()}")
            if run.strip() and not names.strip():
                found.append(f"{repo}: a commit of ours changes nothing")
    for machine in _MACHINES:
        for repo in _REPOS:
            top = scene.root / machine / repo
            if scene.git(top, "fsck", "--no-dangling").returncode:
                found.append(f"{machine}/{repo} is damaged")
            status = scene.git(top, "status", "--porcelain").stdout
            behind = scene.git(top, "rev-list", "--count", "HEAD..origin/main").stdout.strip()
            if status or behind != "0":
                found.append(f"{machine}/{repo}: {behind} behind, status {status!r}")
    return found


def soak(seconds: float, seed: int, place: Path) -> tuple[str, list[str]]:
    """Let them work for `seconds`; return what happened in words, and what went wrong."""
    scene = Scene(place, seed)
    scene.make()
    people = [Person(scene, place / machine / repo) for machine in _MACHINES for repo in _REPOS]
    threads = [threading.Thread(target=person.work) for person in people]
    threads += [threading.Thread(target=scene.machine, args=(name,)) for name in _MACHINES]
    for thread in threads:
        thread.start()
    time.sleep(seconds)
    scene.stop.set()
    for thread in threads:
        thread.join()
    for machine in _MACHINES:  # the run that clears what the last kill left
        scene.apply(machine)
    for person in people:
        person.finish()
    for person in people:
        person.pull()
    wrong = _settled(scene)
    for person in people:
        person.scene.git(person.top, "fetch", "-q")
        wrong += [f"{person.top}: lost {token}" for token in person.missing()]
    wrong += scene.wrong
    told = sum(len(person.tokens) for person in people)
    runs = ", ".join(f"exit {code}: {times}" for code, times in sorted(scene.runs.items()))
    said = (
        f"{seconds:.0f} seconds, seed {seed}: {len(people)} people did {scene.done.total()} things "
        f"({scene.refused.total()} refused by git), {told} edits acknowledged; {scene.runs.total()} runs of "
        f"{len(_MACHINES)} machines ({runs}), {scene.releases} releases; {len(wrong)} things wrong"
    )
    return said, wrong


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    given = parser.parse_args()
    place = rooms()
    try:
        said, wrong = soak(given.seconds, given.seed, place / "scene")
    finally:
        with contextlib.suppress(OSError):
            shutil.rmtree(place)
    print(said)
    for line in wrong:
        print(f"WRONG {line}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
