"""The small world of an experiment: remotes, checkouts, a shared folder, and a person at work."""

from __future__ import annotations

import json
import os
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from tests.faults import forge
from tests.faults.room import Room
from tests.faults.stories import ODD_NAMES, THEIRS, TOPIC, Story
from tests.person import GITCONFIG


@dataclass
class SmallWorld:
    """Makes a story's world by plain git, and rolls out once so that there is something to update."""

    room: Room
    story: Story
    _proposes: bool = False

    def write(self, path: str, text: str) -> Path:
        file = self.room.live / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return file

    def make(self) -> None:
        live = self.room.live
        live.mkdir()
        small = "[core]\n\ttrustctime = false\n\tcheckStat = minimal\n[gc]\n\tautoDetach = false\n"
        self.write("home/.gitconfig", GITCONFIG + small)
        self._templates("v1", new=False)
        for name in self.story.targets:
            if name in {"api", "web"}:
                self._remote(name)
        if "solo" in self.story.targets:
            self._solo()
        else:
            self.room.git(".", "clone", "-q", "--template=", "api.git", "api")
            self.room.git("api", "remote", "set-url", "origin", self._origin())
            self.room.git(".", "clone", "-q", "--template=", "api.git", "pusher")
        self._inventory()
        self._apply()
        if self.story.upstream_moved:
            self._others_push()
        if self.story.drift:
            self._others_change()
        if self.story.sparse:
            self.room.git("api", "sparse-checkout", "set", "--cone")
        if not self.story.clones:
            self._person(self.story.top)
        if self.story.reverts:
            self._then("v2")
            self._note_the_run()
        if self.story.forge:
            self._reviewed()
        if not self.story.as_before:
            self._templates("v2", new=True)
        if self.story.held:
            self._inventory(", hold: true")
        if self.story.unpushed:
            command = ("apply", "--yes", "--json", "--no-push")
            kept = self.room.again(Story("kept", command, targets=self.story.targets))
            assert kept.code == 0, kept.err
            if self.story.overtaken:
                self._others_push("conf.txt", "docs/new.txt", "run.sh")
        if self.story.first_contact:
            shutil.rmtree(live / "state")
        if self.story.clones:
            shutil.rmtree(live / "api")

    def _apply(self, *more: str) -> None:
        done = self.room.again(Story("made", ("apply", "--yes", "--json", *more), targets=self.story.targets))
        assert done.code == 0, done.err + done.out

    def _then(self, version: str) -> None:
        """Roll out another version."""
        self._templates(version, new=True)
        self._apply()

    def _note_the_run(self) -> None:
        done = self.room.again(Story("history", ("history", "--json")))
        self.write("run", json.loads(done.out)["runs"][0]["run"])

    def _origin(self) -> str:
        """Return the address of upstream as the checkout has it: a forge knows its project by the whole of it."""
        return f"{self.room.live}/api.git" if self.story.forge else "../api.git"

    def _reviewed(self) -> None:
        """From now on changes are proposed; one may have been, and overtaken."""
        if self.story.forge == "agit":
            for name, value in forge.as_agit(self.room.live / "api.git").items():
                self.room.git("api.git", "config", name, value)
        self._proposes = True
        self._inventory()
        if self.story.proposed:
            self._then("v0")
        if self.story.overtaken:
            self._then("v2")
            self.room.git("pusher", "pull", "-q")
            self.room.git("pusher", "fetch", "-q", "origin", f"refs/heads/rollout/{TOPIC}")
            self.room.git("pusher", "checkout", "-q", "FETCH_HEAD", "--", ".")
            self.room.git("pusher", "commit", "-q", "-m", "by hand")
            self.room.git("pusher", "push", "-q")

    def _others_change(self) -> None:
        """A colleague changes managed files: drift."""
        self.room.git("pusher", "pull", "-q")
        for path in self.story.drift:
            where, _, name = path.partition("/")
            file = self.room.live / ("pusher" if where == "api" else where) / name
            text = file.read_text()
            old, new = ("v1", f"{THEIRS} v1") if self.story.variable else ("second line", f"second line {THEIRS}")
            file.write_text(text.replace(old, new) if old in text else f"{text}{THEIRS}\n")
        self.room.git("pusher", "commit", "-q", "-a", "-m", "theirs")
        self.room.git("pusher", "push", "-q")

    def _templates(self, version: str, *, new: bool) -> None:
        first = "{{ first }}" if self.story.variable else version
        self.write("templates/project/conf.txt.j2", f"{first} of {{{{ target.name }}}}\nsecond line\n")
        self.write("templates/project/run.sh", f"#!/bin/sh\necho {version}\n").chmod(0o755)
        self.write("templates/shared/a.txt", f"{version} of a\nsecond line\n")
        if new:
            self.write("templates/project/docs/new.txt", "new\nsecond line\n")
            self.write("templates/shared/sub/b.txt", "new b\nsecond line\n")

    def _inventory(self, more: str = "") -> None:
        there = f", url: {self.room.live}/api.git" if self.story.clones else more
        entries = {"api": f"{{path: api{there}}}", "web": f"{{url: {self.room.live}/web.git}}", "solo": "{path: solo}"}
        repos = "".join(f"  {name}: {entries[name]}\n" for name in self.story.targets if name in entries)
        folders = "folders:\n  shared: {path: shared, templates: [shared]}\n" if "shared" in self.story.targets else ""
        sets, head = "templates: [project]", "version: 1\n"
        if self._proposes:
            api = f"api: '{self.room.forge.api}'" if self.story.forge == "api" else ""
            kind = "{kind: github, " + api + "}" if api else "gitea"
            sets, head = f"{sets}, deliver: review, forge: {kind}", f"{head}review: {{branch: {TOPIC}}}\n"
        head += "vars:  # of all\n  first: v1\n" if self.story.variable else ""
        self.write("inventory.yaml", f"{head}defaults: {{{sets}}}\nrepos:\n{repos}{folders}")

    def _remote(self, name: str) -> None:
        self.room.git(".", "init", "-q", "--bare", "--template=", f"{name}.git")
        self.room.git(".", "clone", "-q", "--template=", f"{name}.git", "first")
        self._first_files("first")
        self.room.git("first", "add", "-A")
        self.room.git("first", "commit", "-q", "-m", "first")
        self.room.git("first", "push", "-q", "origin", "HEAD")
        shutil.rmtree(self.room.live / "first")

    def _first_files(self, top: str) -> None:
        for name in ("staged.txt", "other.txt", "team.txt", "gone/old.txt"):
            self.write(f"{top}/{name}", "AAAAA-other\n" if name == "other.txt" else f"{name} as committed\n")
        for name in ODD_NAMES if self.story.odd_names else ():
            self.write(f"{top}/{name}", f"{name} as committed\n")
        self.write(f"{top}/.gitignore", "*.log\n")

    def _solo(self) -> None:
        self.room.git(".", "init", "-q", "--template=", "solo")
        self._first_files("solo")
        self.room.git("solo", "add", "-A")
        self.room.git("solo", "commit", "-q", "-m", "first")

    def _others_push(self, *ours: str) -> None:
        """A colleague changes what is not ours, and brings the files that our commit in the checkout writes."""
        self.room.git("pusher", "pull", "-q")
        if ours:
            self.room.git("pusher", "fetch", "-q", "../api", "main")
            self.room.git("pusher", "checkout", "-q", "FETCH_HEAD", "--", *ours)
        self.room.git("pusher", "rm", "-q", "gone/old.txt")
        self.write("pusher/team.txt", "changed by the team\n")
        self.write("pusher/fresh/deep/new.txt", "new from the team\n")
        for name in ODD_NAMES if self.story.odd_names else ():
            self.write(f"pusher/{name}", f"{name} changed by the team\n")
        self.room.git("pusher", "add", "-A")
        self.room.git("pusher", "commit", "-q", "-m", "team")
        self.room.git("pusher", "push", "-q")

    def _person(self, top: str) -> None:
        """Leave a person's work of every kind: stashed, on another branch, staged, dirty, untracked, ignored."""
        self.write(f"{top}/other.txt", "TOKEN-stash\n")
        self.room.git(top, "stash", "-q")
        self.room.git(top, "switch", "-q", "-c", "side")
        self.write(f"{top}/side.txt", "TOKEN-branch\n")
        self.room.git(top, "add", "side.txt")
        self.room.git(top, "commit", "-q", "-m", "persons-own side")
        self.room.git(top, "switch", "-q", "main")
        self.write(f"{top}/untracked.txt", "TOKEN-untracked\n")
        self.write(f"{top}/ignored.log", "TOKEN-ignored\n")
        self.write(f"{top}/staged.txt", "TOKEN-staged\n")
        self.room.git(top, "add", "staged.txt")
        # Same size, same time as the index: git must look inside to see the edit, and so must whoever copies its index.
        other = self.write(f"{top}/other.txt", "TOKEN-other\n")
        when = time.time_ns() // 10**9 * 10**9 - 10**10
        first = other.read_text()
        other.write_text("AAAAA-other\n")
        os.utime(other, ns=(when, when))
        self.room.git(top, "update-index", "--refresh", ok=False)
        other.write_text(first)
        os.utime(other, ns=(when, when))
        os.utime(self.room.live / top / ".git/index", ns=(when, when))
