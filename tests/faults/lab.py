"""One experiment: a fresh copy of a small world, a run in which something goes wrong, two runs without, a look at all.

The invariants are those of docs/safety.md: nothing of the person is lost, changed or published, upstream has one
commit of the rollout, nothing is left lying about, and running again does nothing.
"""

from __future__ import annotations

import ctypes
import json
import os
import re
import shutil
import signal
import stat
import subprocess
import sys
import time
import traceback
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.conftest import GITCONFIG
from tests.faults import shim
from tests.faults.people import TOKEN, Deed
from tests.faults.shim import Book, Call, Fault, Mode

MANAGED = {"conf.txt", "docs/new.txt", "run.sh"}
TEAM = {"team.txt", "gone/old.txt", "fresh/deep/new.txt"}
_PERSONS = ("staged.txt", "other.txt", "untracked.txt", "ignored.log")
_TOKENS = ("TOKEN-staged", "TOKEN-other", "TOKEN-untracked", "TOKEN-ignored", "TOKEN-stash", "TOKEN-branch")


@dataclass(frozen=True)
class Story:
    """A situation in which the program is run: the world's peculiarity, and the command."""

    name: str
    command: tuple[str, ...] = ("apply", "--yes", "--json")
    upstream_moved: bool = False
    targets: tuple[str, ...] = ("api", "web", "shared")
    pushes: bool = True


STORIES = {
    story.name: story
    for story in (
        Story("push"),
        Story("upstream moved", upstream_moved=True, targets=("api", "shared")),
        Story("no push", ("apply", "--yes", "--json", "--no-push"), targets=("api",), pushes=False),
        Story("no remote", targets=("solo",), pushes=False),
    )
}


@dataclass(frozen=True)
class Ended:
    """How a run of the program ended."""

    code: int
    out: str
    err: str

    def outcomes(self) -> dict[str, str]:
        lines = [json.loads(line) for line in self.out.splitlines() if line.startswith("{")]
        return {line["target"]: line["outcome"] for line in lines if line["type"] == "target_done"}

    def reasons(self) -> dict[str, str]:
        lines = [json.loads(line) for line in self.out.splitlines() if line.startswith("{")]
        return {line["target"]: line["reason"] for line in lines if line["type"] == "target_done"}


_HUNG = -99


def _preloaded() -> bool:
    """Tell whether this process was started with the shim, so that its forks can be faulted."""
    return "shim.so" in os.environ.get("LD_PRELOAD", "")


def _waited(pid: int, limit: float) -> int:
    """Return how a process ended; one that does not is ended, and said to hang."""
    deadline = time.monotonic() + limit
    while True:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() > deadline:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            return _HUNG
        time.sleep(0.005)


@dataclass(frozen=True)
class Experiment:
    kind: str
    story: str
    fault: Fault
    deed: Deed | None = None
    second: Fault | None = None  # goes wrong in the first run after
    without: str = ""  # what else is gone after the fault: the ledger or the whole state

    def __str__(self) -> str:
        deed = f" {self.deed.name!r}" if self.deed else ""
        number = f" errno {self.fault.errno}" if self.fault.errno else ""
        again = f", then {self.second.mode.name} at {self.second.at}" if self.second else ""
        then = f", killed at {self.fault.then}" if self.fault.then else ""
        return f"{self.kind}{deed} in {self.story!r} at call {self.fault.at}{number}{then}{again}{self.without}"


@dataclass
class Finding:
    """What an experiment showed."""

    experiment: Experiment
    fired: bool = True
    code: int = 0
    followed: bool = False
    call: str = ""
    violations: list[str] = field(default_factory=list)
    notes: str = ""


class Room:
    """A place at a fixed path where one experiment after the other is made."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.live = place / "live"
        place.mkdir(parents=True, exist_ok=True)
        self.library = shim.library(place)
        self._pictures: dict[str, Picture] = {}

    # --- the world

    def environment(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR") if name in os.environ}
        return kept | {
            "HOME": str(self.live / "home"),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": str(self.live / "home/.gitconfig"),
            "ROLLOUT_STATE_DIR": str(self.live / "state"),
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
            "LC_ALL": "C.UTF-8",
            "TZ": "UTC",
        }

    def git(self, where: str, *arguments: str, ok: bool = True) -> str:
        done = subprocess.run(
            ["git", *arguments], cwd=self.live / where, env=self.environment() | {"GIT_OPTIONAL_LOCKS": "0"},
            capture_output=True, text=True, check=False, errors="surrogateescape",
        )  # fmt: skip
        assert not ok or done.returncode == 0, f"git {' '.join(arguments)}: {done.stderr}"
        return done.stdout

    def fresh(self, story: Story) -> None:
        """Put the story's world in place, as it was first made."""
        base = self.place / f"base-{story.name.replace(' ', '-')}"
        if not base.exists():
            shutil.rmtree(self.live, ignore_errors=True)
            _World(self, story).make()
            self.live.rename(base)
        shutil.rmtree(self.live, ignore_errors=True)
        subprocess.run(["cp", "-a", str(base), str(self.live)], check=True)

    def picture(self, story: Story) -> Picture:
        if story.name not in self._pictures:
            self.fresh(story)
            self._pictures[story.name] = Picture.of(self, story)
        return self._pictures[story.name]

    # --- running

    def run(self, story: Story, fault: Fault, limit: float = 60.0) -> tuple[Ended, Book]:
        """Run the program with the fault, as a process of its own in a session of its own."""
        book = Book(self.place / "book")
        faulted = fault.environment(book.file, self.library)
        pid = self._fork(story, faulted) if _preloaded() else self._spawn(story, faulted)
        if fault.mode is Mode.STOP:
            act = ["sh", "-c", fault.command]
            book.while_stopped(pid, lambda: subprocess.run(act, check=False, env=os.environ | {"FAULT_MAIN": str(pid)}))
        code = _waited(pid, limit)
        book.settle(kill=fault.mode is Mode.KILL_TREE or bool(fault.then) or code == _HUNG)
        return self._ended(code), book

    def _spawn(self, story: Story, faulted: dict[str, str]) -> int:
        with open(self.place / "out", "w") as out, open(self.place / "err", "w") as err:
            process = subprocess.Popen(
                [sys.executable, "-m", "rollout", *story.command],
                cwd=self.live,
                env=self.environment() | faulted,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                start_new_session=True,
            )
        process.returncode = 0  # waited for by its number
        return process.pid

    def _fork(self, story: Story, more: dict[str, str]) -> int:
        """Run it in a fork of this process: the same program, without loading it again."""
        from rollout.cli import apply as _loaded  # noqa: F401
        from rollout.cli.main import _ended

        child = os.fork()
        if child:
            return child
        code = 70
        try:
            os.setsid()
            os.chdir(self.live)
            os.environ.clear()
            os.environ.update(self.environment() | more)
            for number, name in ((0, os.devnull), (1, self.place / "out"), (2, self.place / "err")):
                flags = os.O_RDONLY if number == 0 else os.O_WRONLY | os.O_CREAT | os.O_TRUNC
                os.dup2(os.open(name, flags, 0o600), number)
            sys.stdin, sys.stdout, sys.stderr = os.fdopen(0), os.fdopen(1, "w"), os.fdopen(2, "w")
            if more:
                ctypes.CDLL(None).fault_attach()
            code = _ended(list(story.command))
            sys.stdout.flush()
            sys.stderr.flush()
        except BaseException:
            traceback.print_exc()
            sys.stderr.flush()
        finally:
            os._exit(code)

    def _ended(self, code: int) -> Ended:
        return Ended(code, (self.place / "out").read_text(), (self.place / "err").read_text())

    def again(self, story: Story) -> Ended:
        """Run it without a fault."""
        return self._ended(_waited(self._fork(story, {}), 120.0))

    def calls(self, story: Story) -> list[Call]:
        """Return every call of a run in which nothing goes wrong."""
        self.picture(story)
        self.fresh(story)
        ended, book = self.run(story, Fault())
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
            number = experiment.fault.at
            finding.call = next((f"{c.name} {c.path}" for c in book.calls() if c.number == number), "")
        if ended.code == _HUNG:
            finding.violations.append("the faulted run hung")
        if "Traceback" in ended.err and not _expected_trace(ended):
            finding.violations.append(f"traceback: {ended.err[-400:]}")
        finding.violations += _left_in_use(self, experiment, ended)
        if experiment.fault.only and experiment.fault.at == 1:
            finding.violations += self._nothing_happened(before, story)
        self._server_owner_clears()
        if experiment.without == "state":
            shutil.rmtree(self.live / "state")
        elif experiment.without == "ledger":
            (self.live / "state/ledger.db").unlink(missing_ok=True)
        if experiment.second is not None:
            _, again = self.run(story, experiment.second)
            finding.fired = finding.fired and again.fired
            self._server_owner_clears()
        first = self.again(story)
        settled = Picture.of(self, story)
        second = self.again(story)
        finding.violations += Check(self, story, experiment, before, settled, first, second).violations()
        finding.followed = settled.head == settled.upstream
        if finding.violations:
            finding.notes = f"first run after: {first.code} {first.reasons()} {first.err[-300:]}"
        return finding

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
        fault = Fault(experiment.fault.mode, experiment.fault.at, command=f"sh {script} >/dev/null 2>&1 </dev/null")
        done = subprocess.run(
            ["sh", "-c", deed.script], cwd=self.live / "api", capture_output=True, text=True, check=False,
            env=self.environment() | fault.environment(book.file, self.library),
        )  # fmt: skip
        finding = Finding(experiment, book.fired, done.returncode, followed=True)
        if done.returncode:
            finding.violations.append(f"the person's command failed: {done.stderr[-300:]}")
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

    def commands_calls(self, deed: Deed) -> int:
        """Return how many calls a person's command makes when nobody interferes."""
        story = STORIES["upstream moved"]
        self.picture(story)
        self.fresh(story)
        self.git("api", "reset", "-q")
        book = Book(self.place / "book")
        subprocess.run(["sh", "-c", deed.script], cwd=self.live / "api", check=True, capture_output=True,
                       env=self.environment() | Fault().environment(book.file, self.library))  # fmt: skip
        return book.count

    def _nothing_happened(self, before: Picture, story: Story) -> list[str]:
        """Without a place for its records the program has no effect."""
        now = Picture.of(self, story)
        same = (now.remote_refs, now.files, now.shared) == (before.remote_refs, before.files, before.shared)
        return [] if same else ["something was written although nothing could be recorded"]

    def _server_owner_clears(self) -> None:
        """A server that died holding its own lock needs its owner; the program only tells."""
        for bare in ("api.git", "web.git"):
            for lock in (self.live / bare).rglob("*.lock"):
                lock.unlink()


def _expected_trace(ended: Ended) -> bool:
    """A process killed while Python was starting or ending says what it likes."""
    return ended.code < 0


def _left_in_use(room: Room, experiment: Experiment, ended: Ended) -> list[str]:
    """A run that ended by itself must have let go of the person's index, whatever went wrong."""
    if ended.code < 0 or experiment.fault.mode is Mode.KILL_GROUP or experiment.fault.then:
        return []
    return [
        f"still held after the run: {lock.relative_to(room.live)}"
        for top in ("api", "solo")
        for lock in (room.live / top / ".git").glob("*.lock")
    ]


@dataclass(frozen=True)
class Picture:
    """What of a world the promises speak about."""

    files: Mapping[str, tuple[bytes, int, int]]
    index: Mapping[str, str]
    refs: Mapping[str, str]
    head_ref: str
    head: str
    upstream: str
    stash: str
    status: str
    remote_refs: Mapping[str, str]
    shared: Mapping[str, bytes]

    @staticmethod
    def of(room: Room, story: Story) -> Picture:
        top = "solo" if "solo" in story.targets else "api"
        refs = dict(line.split(" ", 1)[::-1] for line in room.git(top, "show-ref", "--head").splitlines())
        listed = room.git(top, "ls-files", "-s", "-t", "-z").split("\0")
        index = {line.split("\t", 1)[1]: line.split("\t", 1)[0] for line in listed if line}
        remote: dict[str, str] = {}
        for bare in ("api.git", "web.git"):
            if (room.live / bare).exists():
                for line in room.git(bare, "show-ref").splitlines():
                    remote[f"{bare} {line.split(' ')[1]}"] = line.split(" ")[0]
        upstream = remote["api.git refs/heads/main"] if story.pushes else refs.get("refs/heads/main", "")
        return Picture(
            files=_files(room.live / top),
            index=index,
            refs=refs,
            head_ref=room.git(top, "symbolic-ref", "HEAD").strip(),
            head=refs["HEAD"],
            upstream=upstream,
            stash=room.git(top, "stash", "list", "--format=%H"),
            status=room.git(top, "status", "--porcelain=v2", "--untracked-files=all"),
            remote_refs=remote,
            shared={name: about[0] for name, about in _files(room.live / "shared").items()},
        )


def _files(top: Path) -> dict[str, tuple[bytes, int, int]]:
    found: dict[str, tuple[bytes, int, int]] = {}
    for folder, folders, names in os.walk(top):
        if ".git" in folders:
            folders.remove(".git")
        for name in [*names, *(f for f in folders if os.path.islink(os.path.join(folder, f)))]:
            path = Path(folder, name)
            about = path.lstat()
            content = path.read_bytes() if stat.S_ISREG(about.st_mode) else os.readlink(path).encode()
            found[str(path.relative_to(top))] = (content, about.st_mode, about.st_mtime_ns)
    return found


@dataclass
class _World:
    """Makes a story's world by plain git, and rolls out once so that there is something to update."""

    room: Room
    story: Story

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
            self.room.git("api", "remote", "set-url", "origin", "../api.git")
            self.room.git(".", "clone", "-q", "--template=", "api.git", "pusher")
        self._inventory()
        first = self.room.again(Story("first", targets=self.story.targets))
        assert first.code == 0, first.err
        if self.story.upstream_moved:
            self._others_push()
        self._person("solo" if "solo" in self.story.targets else "api")
        self._templates("v2", new=True)

    def _templates(self, version: str, *, new: bool) -> None:
        self.write("templates/project/conf.txt.j2", f"{version} of {{{{ target.name }}}}\nsecond line\n")
        self.write("templates/project/run.sh", f"#!/bin/sh\necho {version}\n").chmod(0o755)
        self.write("templates/shared/a.txt", f"{version} of a\nsecond line\n")
        if new:
            self.write("templates/project/docs/new.txt", "new\nsecond line\n")
            self.write("templates/shared/sub/b.txt", "new b\nsecond line\n")

    def _inventory(self) -> None:
        entries = {"api": "{path: api}", "web": f"{{url: {self.room.live}/web.git}}", "solo": "{path: solo}"}
        repos = "".join(f"  {name}: {entries[name]}\n" for name in self.story.targets if name in entries)
        folders = "folders:\n  shared: {path: shared, templates: [shared]}\n" if "shared" in self.story.targets else ""
        self.write("inventory.yaml", f"version: 1\ndefaults: {{templates: [project]}}\nrepos:\n{repos}{folders}")

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
        self.write(f"{top}/.gitignore", "*.log\n")

    def _solo(self) -> None:
        self.room.git(".", "init", "-q", "--template=", "solo")
        self._first_files("solo")
        self.room.git("solo", "add", "-A")
        self.room.git("solo", "commit", "-q", "-m", "first")

    def _others_push(self) -> None:
        self.room.git("pusher", "pull", "-q")
        self.room.git("pusher", "rm", "-q", "gone/old.txt")
        self.write("pusher/team.txt", "changed by the team\n")
        self.write("pusher/fresh/deep/new.txt", "new from the team\n")
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


@dataclass(frozen=True)
class Check:
    """The promises, held against the world after an experiment and two runs without a fault."""

    room: Room
    story: Story
    experiment: Experiment
    before: Picture
    settled: Picture
    first: Ended
    second: Ended

    @property
    def _top(self) -> str:
        return "solo" if "solo" in self.story.targets else "api"

    @property
    def _deed(self) -> Deed | None:
        return self.experiment.deed

    def _in_checkout(self) -> bool:
        return self._deed is not None and self._deed.place == "checkout"

    def violations(self) -> list[str]:
        found = [*self._tokens(), *self._left_over(), *self._published(), *self._whole(), *self._fixed_point()]
        if not self._in_checkout():
            found += self._person_untouched()
        if self._deed is None or self._deed.name in {"the ledger is deleted", "the renderer is killed"}:
            found += self._converged()
        found += self._no_staged_revert()
        return found

    def _person_untouched(self) -> list[str]:
        now, found = self.settled, []
        found += [f"{name} changed" for name in _PERSONS if now.files.get(name) != self.before.files[name]]
        ours = MANAGED | TEAM
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
        wanted = list(_TOKENS)
        if self._did():
            wanted.append(TOKEN)
        seen = b"".join(content for content, _, _ in self.settled.files.values())
        seen += b"".join(self.settled.shared.values())
        for kept in (self.room.live / self._top / ".git/rollout/kept").glob("*"):
            seen += kept.read_bytes()
        for file in (self.room.live / "state/contents").glob("*"):
            seen += file.read_bytes()
        for elsewhere in ("outside", "pusher"):
            for content, _, _ in _files(self.room.live / elsewhere).values():
                seen += content
        missing = [token for token in wanted if token.encode() not in seen]
        if missing:
            objects = self._objects()
            missing = [token for token in missing if token.encode() not in objects]
        return [f"lost: {token}" for token in missing]

    def _did(self) -> bool:
        """Tell whether the deed left its token at all: its first condition may not have held."""
        return (self.room.live / "did").exists()

    def _objects(self) -> bytes:
        """Return everything that commits, stash, index and upstream hold."""
        seen = b""
        for where in (self._top, "api.git"):
            if not (self.room.live / where).exists():
                continue
            listed = self.room.git(where, "rev-list", "--objects", "--all", "--reflog")
            names = [line.split(" ")[0] for line in listed.splitlines()]
            if where == self._top:
                names += [about.split(" ")[2] for about in self.settled.index.values()]
            done = subprocess.run(
                ["git", "cat-file", "--batch"], cwd=self.room.live / where, env=self.room.environment(),
                input="\n".join(dict.fromkeys(names)).encode() + b"\n", capture_output=True, check=True,
            )  # fmt: skip
            seen += done.stdout
        return seen

    def _left_over(self) -> list[str]:
        found = []
        git_dir = self.room.live / self._top / ".git"
        for path in git_dir.rglob("*"):
            inside = path.relative_to(git_dir)
            if inside.parts[0] == "objects":
                continue
            kept = inside.parts[:2] == ("rollout", "kept") or inside == Path("rollout")
            if self._deed is not None and inside == Path("rollout/unfinished"):
                continue  # words only, for the run that can finish once the person is out of the way
            if path.name.endswith(".lock") or "index.lock" in path.name or ("rollout" in str(inside) and not kept):
                found.append(f"left in the git folder: {inside}")
            if kept and self._deed is None:
                found.append(f"kept without an edit: {inside}")
        names = [*self.settled.files, *(f"shared/{name}" for name in self.settled.shared)]
        if self.experiment.without == "state":
            return found  # the record that names the files beside is gone: they are swept when they have lain still
        found += [f"left beside the files: {name}" for name in names if "rollout-" in name]
        shared = self.room.live / "shared"
        wanted = {"a.txt", "sub/b.txt"}
        found += [f"left: shared/{n}" for n in self.settled.shared if n not in wanted and shared.exists()]
        return found

    def _published(self) -> list[str]:
        """Exactly one commit of ours per target upstream, touching the planned paths; nothing of the person."""
        found = []
        for name in self.story.targets:
            if name not in {"api", "web", "solo"}:
                continue
            where, ref = (f"{name}.git", "refs/heads/main") if name != "solo" else ("solo", "refs/heads/main")
            if not self.story.pushes and name == "api":
                where = "api"
            start = self.before.remote_refs.get(f"{name}.git {ref}") or self.before.refs[ref]
            log = self.room.git(where, "log", "--format=%x01%an%x02%s%x02%(trailers:key=Rollout-Target,valueonly)%x02",
                                "--name-only", f"{start}..{ref}")  # fmt: skip
            ours = 0
            for record in log.split("\x01")[1:]:
                _, subject, target, names = record.split("\x02")
                if target.strip():
                    ours += 1
                    # whoever commits everything while our files are half in place has a part of them in their commit
                    shared = name == "solo" and self._deed is not None and self._deed.git
                    if not set(names.split()) <= MANAGED or (set(names.split()) != MANAGED and not shared):
                        found.append(f"{name}: the commit touches {sorted(names.split())}")
                elif "persons-own" in subject and name != "solo" and self.story.pushes:
                    found.append(f"{name}: the person's commit {subject!r} was published")
            wanted = 1
            if self._may_stay_out(name):
                found += [f"{name}: {ours} commits of the rollout"] if ours > 1 else []
            elif ours != wanted:
                found.append(f"{name}: {ours} commits of the rollout")
        found += self._others_kept()
        if not self.story.pushes and self.settled.remote_refs != self.before.remote_refs:
            found.append("something was pushed")
        return found

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
        texts = {"conf.txt": rf"v[12] of {self._top}\nsecond line\n", "docs/new.txt": "new\nsecond line\n",
                 "run.sh": r"#!/bin/sh\necho v[12]\n"}  # fmt: skip
        if self._in_checkout():
            return found
        for name, pattern in texts.items():
            if name in self.settled.files and not re.fullmatch(pattern, self.settled.files[name][0].decode()):
                found.append(f"half-written: {name}: {self.settled.files[name][0]!r}")
        if self._deed is None or self._deed.place != "folder":
            for name, content in self.settled.shared.items():
                if Path(name).name.startswith(".") and self.experiment.without == "state":
                    continue
                if not re.fullmatch(r"(v[12] of a|new b)\nsecond line\n", content.decode()):
                    found.append(f"half-written: shared/{name}: {content!r}")
        return found

    def _converged(self) -> list[str]:
        """Nobody was in the way: everything is in sync, and the status is the one from before."""
        found = []
        lost = self.experiment.without == "state"  # then every file in the folder counts as never written by us
        if self.first.code != 0 and not lost:
            found.append(f"the first run after ended with {self.first.code}")
        if self.settled.head != self.settled.upstream:
            found.append("the checkout did not follow")
        ours = MANAGED | TEAM
        lines = [line for line in self.settled.status.splitlines() if line.split(" ")[-1] not in ours]
        was = [line for line in self.before.status.splitlines() if line.split(" ")[-1] not in ours]
        if lines != was or len(lines) != len(self.settled.status.splitlines()):
            found.append(f"status is {self.settled.status!r}")
        if lost:
            return found
        if "shared" in self.story.targets and self.settled.shared.keys() != {"a.txt", "sub/b.txt"}:
            found.append(f"the folder has {sorted(self.settled.shared)}")
        if any(not content.startswith((b"v2", b"new")) for content in self.settled.shared.values()):
            found.append("the folder is not up to date")
        return found

    def _no_staged_revert(self) -> list[str]:
        """The index must not undo what HEAD has: the person's next commit would publish that."""
        if self._deed is not None and (self._deed.git or "git" in self._deed.script):
            return []
        now = Picture.of(self.room, self.story)
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
        now = Picture.of(self.room, self.story)
        if now != self.settled:
            changed = [name for name in ("files", "index", "refs", "remote_refs", "shared", "status")
                       if getattr(now, name) != getattr(self.settled, name)]  # fmt: skip
            found.append(f"the second run changed {', '.join(changed)}")
        done = set(self.second.outcomes().values()) - {"unchanged", "blocked"}
        if done - ({"committed"} if not self.story.pushes else set()):
            found.append(f"the second run: {self.second.outcomes()} {self.second.reasons()}")
        return found
