"""One experiment: a fresh copy of a small world, a run in which something goes wrong, two runs without, a look at all.

The invariants are those of docs/safety.md: nothing of the person is lost, changed or published, upstream has one
commit of the rollout, nothing is left lying about, and running again does nothing.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import hashlib
import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import stat
import subprocess
import sys
import time
import traceback
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from tests.conftest import GITCONFIG
from tests.faults import people, shim
from tests.faults.people import TOKEN, Deed
from tests.faults.points import Point
from tests.faults.shim import Book, Call, Fault, Mode

MANAGED = {"conf.txt", "docs/new.txt", "run.sh"}

ODD_NAMES = ("aux.c", "name.", "con.txt")

TEAM = {"team.txt", "gone/old.txt", "fresh/deep/new.txt", *ODD_NAMES}

_PERSONS = ("staged.txt", "other.txt", "untracked.txt", "ignored.log")

_REWRITES = {deed.name for deed in (*people.OWN, *people.OWN_UPSTREAM)}

_KEPT = ".rollout-kept-"

_NO_EXCHANGE = "cannot exchange two files in one step"

_TOKENS = ("TOKEN-staged", "TOKEN-other", "TOKEN-untracked", "TOKEN-ignored", "TOKEN-stash", "TOKEN-branch")


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
    """What goes wrong, where and when; its name is all that is needed to make it again."""

    kind: str
    story: str
    fault: Fault
    deed: Deed | None = None
    second: Fault | None = None  # goes wrong in the first run after
    without: str = ""  # what else is gone after the fault: the ledger or the whole state
    between: Deed | None = None  # what is done to the state folder after the fault
    renamed: bool = False  # the machine has another name from then on

    def __str__(self) -> str:
        deed = self.deed or self.between
        fault = self.fault
        point = Point(fault.call, fault.path, fault.at, fault.after) if fault.call else f"call {fault.at}"
        words = [self.kind, self.story, deed.name if deed else "-", str(point)]
        words += [f"killed {fault.then} calls later"] if fault.then else []
        words += [f"again at call {self.second.at}"] if self.second else []
        return " | ".join(words)


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
    seconds: float = 0.0


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

    def run(self, story: Story, fault: Fault, limit: float = 60.0, *, kill: bool = False) -> tuple[Ended, Book]:
        """Run the program with the fault, as a process of its own in a session of its own."""
        book = Book(self.place / "book")
        faulted = fault.environment(book.file, self.library)
        pid = self._fork(story, faulted) if _preloaded() else self._spawn(story, faulted)
        if fault.mode is Mode.STOP_ONE:
            book.while_one_is_stopped(pid, fault.command)
        if fault.mode is Mode.STOP:
            act = ["sh", "-c", fault.command]
            book.while_stopped(pid, lambda: subprocess.run(act, check=False, env=os.environ | {"FAULT_MAIN": str(pid)}))
        code = _waited(pid, limit)
        kill = kill or fault.mode is Mode.KILL_TREE or bool(fault.then) or code == _HUNG
        book.settle(kill=kill, patience=5.0 if fault.mode is Mode.STOP_ONE else 20.0)
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

    def _fork(self, story: Story, more: dict[str, str], *, renamed: bool = False) -> int:
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
            if renamed:
                _rename_machine()
            if more:
                ctypes.CDLL(None).fault_attach()
                if more["FAULT_MODE"] == str(int(Mode.STOP_ONE)):
                    hurry()
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

    def again(self, story: Story, experiment: Experiment | None = None) -> Ended:
        """Run it without a fault, but on the same file system, and on the machine as it is called now."""
        refused = experiment is not None and experiment.fault.refused and experiment.fault.refused_errno != errno.EXDEV
        more = {}
        if experiment is not None and refused:
            kept = Fault(refused=experiment.fault.refused, refused_errno=experiment.fault.refused_errno)
            more = kept.environment(Book(self.place / "book").file, self.library)
        pid = self._fork(story, more, renamed=experiment is not None and experiment.renamed)
        return self._ended(_waited(pid, 120.0))

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
        if ended.code == _HUNG:
            finding.violations.append("the faulted run hung")
        if "Traceback" in ended.err and not _expected_trace(ended):
            finding.violations.append(f"traceback: {ended.err[-400:]}")
        finding.violations += _left_in_use(self, experiment, ended)
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
        settled = Picture.of(self, story)
        second = self.again(story, experiment)
        self.conclude(finding, before, settled, first, second)
        return finding

    def conclude(self, finding: Finding, before: Picture, settled: Picture, first: Ended, second: Ended) -> None:
        """Hold the world against the promises after two runs without a fault."""
        story = STORIES[finding.experiment.story]
        now = Picture.of(self, story)
        check = Check(self, story, finding.experiment, before, settled, now, first, second)
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


def _rename_machine() -> None:
    """Give this process a machine name of its own; only root may."""
    if ctypes.CDLL(None, use_errno=True).unshare(0x04000000):
        raise OSError(ctypes.get_errno(), "unshare")
    socket.sethostname("another-name")


def hurry() -> None:
    """Let the program lose patience with a git of its own soon: one of minutes cannot be waited out."""
    from rollout.git.run import Git

    for function in (Git.run, Git.attempt):
        limits = function.__kwdefaults__ or {}
        assert limits.get("limit", 0) > 1, "the program's patience is elsewhere; mend the harness"
        limits["limit"] = 1.0
    for module, name, seconds in (("process", "_GRACE", 0.3), ("access", "_TRANSFERS", 0.05)):
        where = vars(sys.modules[f"rollout.git.{module}"])
        assert name in where, f"the program's patience {name} is elsewhere; mend the harness"
        where[name] = seconds


def reverted(room: Room, story: Story, before: Picture) -> list[str]:
    """Say where index or work tree take our content back although the branch has it: at no instant may they."""
    if not (room.live / story.top / ".git/HEAD").exists() or story.clones:
        return []
    listed = room.git(story.top, "ls-tree", "-r", "-z", "HEAD").split("\0")
    head = {line.split("\t", 1)[1]: line.split("\t", 1)[0].split(" ")[2] for line in listed if line}
    listed = room.git(story.top, "ls-files", "-s", "-z").split("\0")
    index = {line.split("\t", 1)[1]: line.split("\t", 1)[0].split(" ")[1] for line in listed if line}
    found = []
    for path in MANAGED:
        old = before.index.get(path, "").split(" ")[2:3]
        if path not in head or [head[path]] == old:
            continue
        if [index[path]] == old if path in index else not old:
            found.append(f"staged revert of {path}")
        file = room.live / story.top / path
        was = before.files.get(path)
        if (was is None and not file.exists()) or (was is not None and file.is_file() and file.read_bytes() == was[0]):
            found.append(f"the work tree takes {path} back")
    return found


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
        top = story.top
        if not (room.live / top / ".git").exists():
            return Picture.without_checkout(room)
        refs = dict(line.split(" ", 1)[::-1] for line in room.git(top, "show-ref", "--head").splitlines())
        listed = room.git(top, "ls-files", "-s", "-t", "-z").split("\0")
        index = {line.split("\t", 1)[1]: line.split("\t", 1)[0] for line in listed if line}
        remote = _remote_refs(room)
        upstream = remote["api.git refs/heads/main"] if story.pushes else refs.get("refs/heads/main", "")
        return Picture(
            files=_files(room.live / top),
            index=index,
            refs=refs,
            head_ref=room.git(top, "symbolic-ref", "-q", "HEAD", ok=False).strip(),
            head=refs.get("HEAD", ""),
            upstream=upstream,
            stash=room.git(top, "stash", "list", "--format=%H"),
            status=room.git(top, "status", "--porcelain=v2", "--untracked-files=all"),
            remote_refs=remote,
            shared={name: about[0] for name, about in _files(room.live / "shared").items()},
        )

    @staticmethod
    def without_checkout(room: Room) -> Picture:
        remote = _remote_refs(room)
        return Picture(
            files=_files(room.live / "api"), index={}, refs={}, head_ref="", head="", stash="", status="",
            upstream=remote["api.git refs/heads/main"], remote_refs=remote, shared={},
        )  # fmt: skip


def _remote_refs(room: Room) -> dict[str, str]:
    remote: dict[str, str] = {}
    for bare in ("api.git", "web.git"):
        if (room.live / bare).exists():
            for line in room.git(bare, "show-ref").splitlines():
                remote[f"{bare} {line.split(' ')[1]}"] = line.split(" ")[0]
    return remote


def _files(top: Path) -> dict[str, tuple[bytes, int, int]]:
    found: dict[str, tuple[bytes, int, int]] = {}
    for folder, folders, names in os.walk(top):
        if ".git" in folders:
            folders.remove(".git")
        for name in [*names, *(f for f in folders if os.path.islink(os.path.join(folder, f)))]:
            path = Path(folder, name)
            about = path.lstat()
            content = path.read_bytes() if stat.S_ISREG(about.st_mode) else b""
            if stat.S_ISLNK(about.st_mode):
                content = os.readlink(path).encode()
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
        if not self.story.clones:
            self._person(self.story.top)
        self._templates("v2", new=True)
        if self.story.unpushed:
            command = ("apply", "--yes", "--json", "--no-push")
            kept = self.room.again(Story("kept", command, targets=self.story.targets))
            assert kept.code == 0, kept.err
        if self.story.first_contact:
            shutil.rmtree(live / "state")
        if self.story.clones:
            shutil.rmtree(live / "api")

    def _templates(self, version: str, *, new: bool) -> None:
        self.write("templates/project/conf.txt.j2", f"{version} of {{{{ target.name }}}}\nsecond line\n")
        self.write("templates/project/run.sh", f"#!/bin/sh\necho {version}\n").chmod(0o755)
        self.write("templates/shared/a.txt", f"{version} of a\nsecond line\n")
        if new:
            self.write("templates/project/docs/new.txt", "new\nsecond line\n")
            self.write("templates/shared/sub/b.txt", "new b\nsecond line\n")

    def _inventory(self) -> None:
        there = f", url: {self.room.live}/api.git" if self.story.clones else ""
        entries = {"api": f"{{path: api{there}}}", "web": f"{{url: {self.room.live}/web.git}}", "solo": "{path: solo}"}
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
        for name in ODD_NAMES if self.story.odd_names else ():
            self.write(f"{top}/{name}", f"{name} as committed\n")
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

    def violations(self) -> list[str]:
        # A program that names what a person must move away first has not begun to clear anything.
        found = [] if self._named_the_damage() else self._left_over()
        found += [*self._tokens(), *self._whole(), *self._fixed_point(), *self._stays()]
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
            found += [f"exit code 0, and {name} is not as it should be" for name in self.story.targets
                      if name in {"api", "web"} and not self._is_right(name)]  # fmt: skip
        return found

    def _is_right(self, name: str) -> bool:
        listed = self.room.git(f"{name}.git", "ls-tree", "-r", "refs/heads/main", "--", *MANAGED).splitlines()
        there = {line.split("\t")[1]: line.split("\t")[0].split(" ")[2] for line in listed}
        wanted = {"conf.txt": f"v2 of {name}\nsecond line\n", "docs/new.txt": "new\nsecond line\n",
                  "run.sh": "#!/bin/sh\necho v2\n"}  # fmt: skip
        made = {path: f"blob {len(text)}\0{text}" for path, text in wanted.items()}
        return there == {path: hashlib.sha1(text.encode()).hexdigest() for path, text in made.items()}

    def _person_untouched(self) -> list[str]:
        now, found = self.settled, []
        found += [f"{name} changed" for name in _PERSONS if now.files.get(name) != self.before.files.get(name)]
        colleagues = self._deed is not None and self._deed.name in _REWRITES
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
        wanted = [] if self.story.clones else list(_TOKENS)
        if self._deed is not None and self._did():
            wanted.append(TOKEN)
        seen = b"".join(content for content, _, _ in self.settled.files.values())
        seen += b"".join(self.settled.shared.values())
        for kept in (self.room.live / self._top / ".git/rollout/kept").glob("*"):
            seen += kept.read_bytes()
        for file in (self.room.live / "state/contents").glob("*"):
            seen += file.read_bytes() if file.is_file() else b""
        for elsewhere in ("outside", "pusher"):
            for content, _, _ in _files(self.room.live / elsewhere).values():
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
        """Return everything that commits, stash, index and upstream hold."""
        seen = b""
        for where in (self._top, "api.git"):
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
            if inside == Path("rollout/unfinished") and (self._deed is not None or self._cannot_exchange()):
                continue  # words only, for the run that can finish once nothing is in the way
            if path.name.endswith(".lock") or "index.lock" in path.name or ("rollout" in str(inside) and not kept):
                found.append(f"left in the git folder: {inside}")
            if kept and self._deed is None and not self._cannot_exchange():
                found.append(f"kept without an edit: {inside}")
        names = [name for name in os.listdir(self.room.live) if "rollout-clone" in name]
        found += [f"left: {name}" for name in names]
        names = [*self.settled.files, *(f"shared/{name}" for name in self.settled.shared)]
        if self.experiment.without == "state":
            return found  # the record that names the files beside is gone: they are swept when they have lain still
        # What is kept for a person who acted there is rightly there; that nothing of theirs is lost is looked at apart.
        kept_there = {name for name in self.settled.shared if self._deed and Path(name).name.startswith(_KEPT)}
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
        if self._deed is not None and self._deed.name in _REWRITES:
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

    def _unasked(self) -> list[str]:
        """Nothing that is a person's alone is upstream: no text, no message."""
        deed = self._deed
        if deed is None or not (deed.git or "git" in deed.script):
            return []  # then the difference of our commit says it
        found = []
        for bare in ("api.git", "web.git"):
            if (self.room.live / bare).exists():
                seen = self._content(bare, self.room.git(bare, "rev-list", "--objects", "--all").splitlines())
                own = [] if deed.place == "upstream" else [TOKEN]
                found += [f"published: {token}" for token in (*_TOKENS, *own) if token.encode() in seen]
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
        if self._named_the_damage():
            return True
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
            if name in self.settled.files and not re.fullmatch(
                pattern, self.settled.files[name][0].decode("utf-8", "replace")
            ):
                found.append(f"half-written: {name}: {self.settled.files[name][0]!r}")
        if self._deed is None or self._deed.place != "folder":
            for name, content in self.settled.shared.items():
                if Path(name).name.startswith(".") and self.experiment.without == "state":
                    continue
                if not re.fullmatch(r"(v[12] of a|new b)\nsecond line\n", content.decode("utf-8", "replace")):
                    found.append(f"half-written: shared/{name}: {content!r}")
        return found

    def _converged(self) -> list[str]:
        """Nobody was in the way: everything is in sync, and the status is the one from before."""
        found = []
        if self._cannot_exchange():
            return self._refused()
        # Without the state folder, or a part of it, every file in the folder counts as never written by us.
        lost = self.experiment.without == "state" or self.experiment.between is not None
        if self.experiment.between is not None and self._named_the_damage():
            return []
        if self.experiment.between is not None and not {self.first.code, self.second.code} <= {0, 3}:
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
        if lost:
            return found
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
        silent = sorted(name for name in wanted if _NO_EXCHANGE not in reasons.get(name, ""))
        return [f"nobody was told why {name} was left" for name in silent]

    def _named_the_damage(self) -> bool:
        """Tell whether the program named the folder in its file's place: it removes none, a person must."""
        between, said = self.experiment.between, self.second.out + self.second.err
        folder = between is not None and between.name.endswith("is a folder")
        return folder and self.second.code != 0 and f"{self.room.live}/state" in said

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
            changed = [name for name in ("files", "index", "refs", "remote_refs", "shared", "status")
                       if getattr(now, name) != getattr(self.settled, name)]  # fmt: skip
            found.append(f"the second run changed {', '.join(changed)}")
        done = set(self.second.outcomes().values()) - {"unchanged", "blocked"}
        done -= {"failed"} if self._named_the_damage() else set()
        if done - ({"committed"} if not self.story.pushes else set()):
            found.append(f"the second run: {self.second.outcomes()} {self.second.reasons()}")
        return found
