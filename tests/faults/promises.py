"""The promises, held against what an experiment left: nothing of the person is lost, changed or published."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import re
import sqlite3
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.faults.experiment import Ended, Experiment
from tests.faults.in_between import reverted
from tests.faults.people import FORGETS, TOKEN, Deed
from tests.faults.picture import Picture, files
from tests.faults.room import Room
from tests.faults.stories import KEPT, MANAGED, NO_EXCHANGE, PERSONS, REWRITES, TEAM, TOKENS, Story


def blob(text: str) -> str:
    """Return the id that git gives a content."""
    return hashlib.sha1(f"blob {len(text)}\0{text}".encode()).hexdigest()


@dataclass(frozen=True)
class Check:
    """The promises, held against the world after an experiment and two runs without a fault."""

    room: Room
    story: Story
    experiment: Experiment
    before: Picture
    settled: Picture
    now: Picture
    first: Ended
    second: Ended

    @property
    def _top(self) -> str:
        return self.story.top

    @property
    def _deed(self) -> Deed | None:
        return self.experiment.deed

    def _in_checkout(self) -> bool:
        return self._deed is not None and self._deed.place == "checkout"

    def _folder_is_forgotten(self) -> bool:
        """Tell whether the record is gone that names what a killed run left beside shared files."""
        gone = self.experiment.between
        return self.experiment.without == "state" or (gone is not None and gone.name in FORGETS)

    def violations(self) -> list[str]:
        found = [*self._left_over(), *self._tokens(), *self._whole(), *self._fixed_point(), *self._stays()]
        found += [*self._published(), *self._told()]
        if not self._in_checkout() and not self.story.clones:
            found += self._person_untouched()
        if self._nobody():
            found += self._converged()
        found += self._no_staged_revert()
        if self._nobody() and not found:
            found += reverted(self.room, self.story, self.before)
        return found

    def _nobody(self) -> bool:
        """Tell whether no person was at work, so that everything must converge."""
        harmless = {"program", "signal"}
        return self._deed is None or self._deed.place in harmless or self._deed.name == "the ledger is deleted"

    def _stays(self) -> list[str]:
        """What a person made of a file is still so, even if that is no text."""
        deed = self._deed
        if deed is None or not deed.stays or not self._did():
            return []
        done = subprocess.run(["sh", "-c", deed.at(self._top, deed.stays)], cwd=self.room.live, check=False)
        return [] if done.returncode == 0 else [f"no longer so: {deed.stays}"]

    def _told(self) -> list[str]:
        """The ledger and the exit code agree with the world."""
        found = []
        ledger = self.room.live / "state/ledger.db"
        told = self.second.outcomes()
        with (
            contextlib.suppress(sqlite3.Error),
            contextlib.closing(sqlite3.connect(f"file:{ledger}?mode=ro", uri=True)) as db,
        ):
            last = db.execute("SELECT run, exit_code FROM run ORDER BY started_at DESC, rowid DESC LIMIT 1").fetchone()
            if last is not None:
                kept = dict(db.execute("SELECT target, outcome FROM outcome WHERE run = ?", (last[0],)).fetchall())
                if {name: told.get(name) for name in kept} != kept and told:
                    found.append(f"the ledger says {kept}, the run said {told}")
                if told and kept and last[1] != self.second.code:
                    found.append(f"the ledger says exit code {last[1]}, the run ended with {self.second.code}")
        if self.second.code == 0 and self.story.pushes and self._nobody():
            found += [f"exit code 0, and {name} is not as it should be" for name in self._wrong()]
        return found

    def _wrong(self) -> list[str]:
        """Return the targets that are not as they should be once all is done."""
        return [name for name in self.story.targets if name in {"api", "web"} and not self._is_right(name)]

    def _is_right(self, name: str) -> bool:
        wanted = {"conf.txt": f"v2 of {name}\nsecond line\n", "docs/new.txt": "new\nsecond line\n",
                  "run.sh": "#!/bin/sh\necho v2\n"}  # fmt: skip
        return self._there(f"{name}.git", "refs/heads/main") == {path: blob(text) for path, text in wanted.items()}

    def _there(self, where: str, ref: str) -> dict[str, str]:
        """Return the managed files of a commit, by the ids of their content."""
        listed = self.room.git(where, "ls-tree", "-r", ref, "--", *MANAGED).splitlines()
        return {line.split("\t")[1]: line.split("\t")[0].split(" ")[2] for line in listed}

    def _person_untouched(self) -> list[str]:
        now, found = self.settled, []
        found += [f"{name} changed" for name in PERSONS if now.files.get(name) != self.before.files.get(name)]
        colleagues = self._deed is not None and self._deed.name in REWRITES
        ours = MANAGED | TEAM | ({"mine.txt"} if colleagues else set())
        for path in (self.before.index.keys() | now.index.keys()) - ours:
            if self.before.index.get(path) != now.index.get(path):
                found.append(f"index entry of {path} changed")
        moving = {"HEAD", "refs/heads/main", "refs/remotes/origin/main", "refs/remotes/origin/HEAD"}
        for ref in (self.before.refs.keys() | now.refs.keys()) - moving:
            if self.before.refs.get(ref) != now.refs.get(ref):
                found.append(f"{ref} moved")
        if now.stash != self.before.stash or now.head_ref != self.before.head_ref:
            found.append("stash or HEAD changed")
        found += [f"{path} appeared" for path in now.files.keys() - self.before.files.keys() - ours]
        return found

    def _tokens(self) -> list[str]:
        wanted = [] if self.story.clones else list(TOKENS)
        if self._deed is not None and self._did():
            wanted.append(TOKEN)
        seen = b"".join(content for content, _, _ in self.settled.files.values())
        seen += b"".join(self.settled.shared.values()) + b"".join(self.settled.sources.values())
        for kept in (self.room.live / self._top / ".git/rollout/kept").glob("*"):
            seen += kept.read_bytes()
        for file in (self.room.live / "state/contents").glob("*"):
            seen += file.read_bytes() if file.is_file() else b""
        for elsewhere in ("outside", "pusher"):
            for content, _, _ in files(self.room.live / elsewhere).values():
                seen += content
        for beside in ("aside", "mine"):
            with contextlib.suppress(FileNotFoundError):
                seen += (self.room.live / beside).read_bytes()
        missing = [token for token in wanted if token.encode() not in seen]
        if missing:
            objects = self._objects()
            missing = [token for token in missing if token.encode() not in objects]
        return [f"lost: {token}" for token in missing] + self._theirs_gone()

    def _theirs_gone(self) -> list[str]:
        """Every commit that a person made is still on a branch, in the stash, or upstream."""
        found = []
        for where, noted in ((self._top, "theirs"), ("api.git", "theirs-upstream")):
            file = self.room.live / noted
            if not file.exists():
                continue
            have = self.room.git(where, "rev-list", "--all").split()
            found += [f"the person's commit {commit} is on no branch" for commit in file.read_text().split()
                      if commit not in have]  # fmt: skip
        return found

    def _did(self) -> bool:
        """Tell whether the deed left its token at all: its first condition may not have held."""
        return (self.room.live / "did").exists()

    def _objects(self) -> bytes:
        """Return everything that commits, stash, index and upstream hold, and what a colleague could not push."""
        seen = b""
        for where in (self._top, "api.git", "pusher"):
            if not (self.room.live / where).exists():
                continue
            hidden = [name for name in ("MERGE_AUTOSTASH",) if (self.room.live / where / ".git" / name).exists()]
            stashed = self.settled.stash.split() if where == self._top else []  # --all knows the newest one alone
            listed = self.room.git(where, "rev-list", "--objects", "--all", *hidden, *stashed)
            names = [line.split(" ")[0] for line in listed.splitlines()]
            if where == self._top:
                names += [about.split(" ")[2] for about in self.settled.index.values()]
            seen += self._content(where, names)
        return seen

    def _content(self, where: str, listed: list[str]) -> bytes:
        names = dict.fromkeys(line.split(" ")[0] for line in listed)
        return subprocess.run(
            ["git", "cat-file", "--batch"], cwd=self.room.live / where, env=self.room.environment(),
            input="\n".join(names).encode() + b"\n", capture_output=True, check=True,
        ).stdout  # fmt: skip

    def _left_over(self) -> list[str]:
        found = []
        git_dir = self.room.live / self._top / ".git"
        for path in git_dir.rglob("*"):
            inside = path.relative_to(git_dir)
            if inside.parts[0] == "objects":
                continue
            kept = inside.parts[:2] == ("rollout", "kept") or inside == Path("rollout")
            fetched = "remotes" in inside.parts[:3]  # a branch of ours, by the person's own git
            if inside == Path("rollout/unfinished") and (self._deed is not None or self._cannot_exchange()):
                continue  # words only, for the run that can finish once nothing is in the way
            if (
                path.name.endswith(".lock")
                or "index.lock" in path.name
                or ("rollout" in str(inside) and not (kept or fetched))
            ):
                found.append(f"left in the git folder: {inside}")
            if kept and self._deed is None and not self._cannot_exchange():
                found.append(f"kept without an edit: {inside}")
        names = [name for name in os.listdir(self.room.live) if "rollout-clone" in name]
        found += [f"left: {name}" for name in names]
        names = [*self.settled.files, *(f"shared/{name}" for name in self.settled.shared)]
        if self._folder_is_forgotten():
            return found  # the files beside are swept when they have lain still
        # What is kept for a person who acted there is rightly there; that nothing of theirs is lost is looked at apart.
        kept_there = {name for name in self.settled.shared if self._deed and Path(name).name.startswith(KEPT)}
        names = [name for name in names if name.removeprefix("shared/") not in kept_there]
        found += [f"left beside the files: {name}" for name in names if "rollout-" in name]
        shared = self.room.live / "shared"
        wanted = {"a.txt", "sub/b.txt"} | kept_there
        found += [f"left: shared/{n}" for n in self.settled.shared
                  if n not in wanted and not n.startswith(("a.txt/", "sub/b.txt/")) and shared.exists()]  # fmt: skip
        return found

    def _published(self) -> list[str]:
        """Exactly one commit of ours per target upstream, touching the planned paths; nothing of the person."""
        found = self._unasked()
        if self._deed is not None and self._deed.name in REWRITES:
            return found + self._beyond()
        for name in self.story.targets:
            if name not in {"api", "web", "solo"}:
                continue
            where, ref = (f"{name}.git", "refs/heads/main") if name != "solo" else ("solo", "refs/heads/main")
            if not self.story.pushes and name == "api":
                where = "api"
            start = self.before.remote_refs.get(f"{name}.git {ref}") or self.before.refs[ref]
            log = self.room.git(where, "log", "--format=%x01%an%x02%s%x02%(trailers:key=Rollout-Target,valueonly)%x02",
                                "--name-only", f"{start}..{ref}")  # fmt: skip
            ours, planned = 0, self.story.writes if name == "api" else MANAGED
            for record in log.split("\x01")[1:]:
                _, subject, target, names = record.split("\x02")
                if target.strip():
                    ours += 1
                    # whoever commits everything while our files are half in place has a part of them in their commit
                    shared = name == "solo" and self._deed is not None and self._deed.git
                    if not set(names.split()) <= planned or (set(names.split()) != planned and not shared):
                        found.append(f"{name}: the commit touches {sorted(names.split())}")
                elif "persons-own" in subject and name != "solo" and self.story.pushes:
                    found.append(f"{name}: the person's commit {subject!r} was published")
            wanted = 1 if planned else 0
            if self._may_stay_out(name):
                found += [f"{name}: {ours} commits of the rollout"] if ours > 1 else []
            elif ours != wanted:
                found.append(f"{name}: {ours} commits of the rollout")
        found += self._others_kept()
        if not self.story.pushes and self.settled.remote_refs != self.before.remote_refs:
            found.append("something was pushed")
        return found

    def _unasked(self) -> list[str]:
        """Nothing that is a person's alone is upstream: no text, no message."""
        deed = self._deed
        if deed is None or not (deed.git or "git" in deed.script):
            return []  # then the difference of our commit says it
        found = []
        for bare in ("api.git", "web.git"):
            if (self.room.live / bare).exists():
                seen = self._content(bare, self.room.git(bare, "rev-list", "--objects", "--all").splitlines())
                own = [] if deed.place in {"upstream", "review"} else [TOKEN]
                found += [f"published: {token}" for token in (*TOKENS, *own) if token.encode() in seen]
        return found

    def _beyond(self) -> list[str]:
        """Upstream differs from what it was, or from what a colleague made of it, in our paths alone."""
        if self._top == "solo":
            return []
        noted = self.room.live / "theirs-upstream"
        since = self.before.remote_refs["api.git refs/heads/main"]
        if noted.exists():
            since = noted.read_text().split()[-1]
        names = self.room.git("api.git", "diff", "--name-only", since, "refs/heads/main").split()
        return [f"upstream changed beyond our paths: {sorted(names)}"] if not set(names) <= MANAGED else []

    def _others_kept(self) -> list[str]:
        """What somebody else pushed and was told is upstream is upstream."""
        if not (self.room.live / "pusher").exists():
            return []
        pushed = self.room.git("pusher", "rev-parse", "origin/main").strip()
        missing = self.room.git("api.git", "rev-list", "--count", f"refs/heads/main..{pushed}", ok=False).strip()
        return [] if missing == "0" else ["a commit that somebody else pushed is gone"]

    def _may_stay_out(self, name: str) -> bool:
        """Where the branch itself is upstream, a person who is at it keeps the rollout out; a foreign edit does too."""
        deed = self._deed
        if deed is None or name == "web":
            return False
        return (not self.story.pushes and deed.place in {"checkout"}) or (deed.place == "upstream" and deed.blocks)

    def _whole(self) -> list[str]:
        found = []
        for where in (self._top, "api.git", "web.git"):
            if (self.room.live / where).exists():
                done = subprocess.run(
                    ["git", "fsck", "--no-dangling", "--no-progress"], cwd=self.room.live / where,
                    env=self.room.environment(), capture_output=True, text=True, check=False,
                )  # fmt: skip
                if done.returncode:
                    found.append(f"fsck of {where}: {done.stderr[:200]}")
        if self._in_checkout():
            return found
        for name, pattern in self._texts().items():
            if name in self.settled.files and not re.fullmatch(
                pattern, self.settled.files[name][0].decode("utf-8", "replace")
            ):
                found.append(f"half-written: {name}: {self.settled.files[name][0]!r}")
        if self._deed is None or self._deed.place != "folder":
            for name, content in self.settled.shared.items():
                if Path(name).name.startswith(".") and self._folder_is_forgotten():
                    continue
                if not re.fullmatch(self._shared_text, content.decode("utf-8", "replace")):
                    found.append(f"half-written: shared/{name}: {content!r}")
        return found

    _shared_text = r"(v[12] of a|new b)\nsecond line\n"

    def _texts(self) -> dict[str, str]:
        """Return what may stand in the checkout's managed files: the old or the new, whole."""
        return {"conf.txt": rf"v[12] of {self._top}\nsecond line\n", "docs/new.txt": "new\nsecond line\n",
                "run.sh": r"#!/bin/sh\necho v[12]\n"}  # fmt: skip

    def _converged(self) -> list[str]:
        """Nobody was in the way: everything is in sync, and the status is the one from before."""
        found = []
        if self._cannot_exchange():
            return self._refused()
        # Without the state folder, or a part of it, every file in the folder counts as never written by us.
        lost = self.experiment.without == "state" or self.experiment.between is not None
        fine = {0, 3, 4} if self._folder_is_forgotten() else {0, 3}  # 4: all that is left waits for a decision
        if self.experiment.between is not None and not {self.first.code, self.second.code} <= fine:
            found.append(f"the runs after the damage ended with {self.first.code} and {self.second.code}")
        if self.first.code != 0 and not lost:
            found.append(f"the first run after ended with {self.first.code}")
        if self.settled.head != self.settled.upstream:
            found.append("the checkout did not follow")
        ours = MANAGED | TEAM
        lines = [line for line in self.settled.status.splitlines() if line.split(" ")[-1] not in ours]
        was = [line for line in self.before.status.splitlines() if line.split(" ")[-1] not in ours]
        if lines != was or len(lines) != len(self.settled.status.splitlines()):
            found.append(f"status is {self.settled.status!r}")
        found += self._left_out()
        return found if lost else found + self._folder_done()

    def _left_out(self) -> list[str]:
        """What a sparse checkout leaves out is in its index alone."""
        if not self.story.sparse:
            return []
        deep = {path: tag[:1] for path, tag in self.settled.index.items() if "/" in path}
        there = dict.fromkeys(("docs/new.txt", "fresh/deep/new.txt"), "S")
        found = [f"{path} appeared" for path in self.settled.files if "/" in path]
        return found if deep == there else [*found, f"left out is {deep}"]

    def _folder_done(self) -> list[str]:
        """The shared folder has what its templates say."""
        found = []
        if "shared" in self.story.targets and self.settled.shared.keys() != {"a.txt", "sub/b.txt"}:
            found.append(f"the folder has {sorted(self.settled.shared)}")
        if any(not content.startswith((b"v2", b"new")) for content in self.settled.shared.values()):
            found.append("the folder is not up to date")
        return found

    def _cannot_exchange(self) -> bool:
        fault = self.experiment.fault
        return bool(fault.refused) and fault.refused_errno != errno.EXDEV

    def _refused(self) -> list[str]:
        """Where nothing can be exchanged, what would have to be is left as it was, with the reason."""
        reasons = self.second.reasons()
        wanted = {name for name in self.story.targets if name in {"api", "shared"}}
        silent = sorted(name for name in wanted if NO_EXCHANGE not in reasons.get(name, ""))
        return [f"nobody was told why {name} was left" for name in silent]

    def _no_staged_revert(self) -> list[str]:
        """The index must not undo what HEAD has: the person's next commit would publish that."""
        if self._deed is not None and (self._deed.git or "git" in self._deed.script):
            return []
        now = self.now
        if not now.head:
            return []
        found = []
        for path in MANAGED:
            entry = now.index.get(path)
            at_head = self.room.git(self._top, "rev-parse", "--verify", "-q", f"HEAD:{path}", ok=False).strip()
            old = self.before.index.get(path)
            if at_head and entry == old and (old is None or old.split(" ")[2] != at_head):
                found.append(f"staged revert of {path}")
        return found

    def _fixed_point(self) -> list[str]:
        """The second run does nothing."""
        found = []
        now = self.now
        if now != self.settled:
            parts = ("files", "index", "refs", "remote_refs", "shared", "status", "sources", "reviews")
            changed = [name for name in parts if getattr(now, name) != getattr(self.settled, name)]
            found.append(f"the second run changed {', '.join(changed)}")
        done = set(self.second.outcomes().values()) - {"unchanged", "blocked"}
        if done - ({"committed"} if not self.story.pushes else set()):
            found.append(f"the second run: {self.second.outcomes()} {self.second.reasons()}")
        return found
