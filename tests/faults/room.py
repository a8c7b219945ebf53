"""Where the program is run on a small world: as a process, or as a fork of this one."""

from __future__ import annotations

import ctypes
import errno
import os
import subprocess
import sys
import traceback
from pathlib import Path

from tests import fork_server
from tests.faults import forge, shim
from tests.faults.experiment import Ended, Experiment
from tests.faults.forge import LocalForge
from tests.faults.runs import HUNG, hurry, preloaded, rename_machine, waited
from tests.faults.shim import Book, Fault, Mode
from tests.faults.stories import RUN, Story


class Room:
    """A place at a fixed path where the program is run, with a fault or without."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.live = place / "live"
        place.mkdir(parents=True, exist_ok=True)
        self.library = shim.library(place)
        self._forge: LocalForge | None = None

    @property
    def forge(self) -> LocalForge:
        """Return the forge beside the world; it is there from now on."""
        if self._forge is None:
            self._forge = forge.served(self.live / "api.git")
        return self._forge

    def environment(self) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR") if name in os.environ}
        return kept | {
            "HOME": str(self.live / "home"),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": str(self.live / "home/.gitconfig"),
            "ROLLOUT_STATE_DIR": str(self.live / "state"),
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
            "ROLLOUT_TOKEN_127_0_0_1": forge.TOKEN,
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

    def run(self, story: Story, fault: Fault, limit: float = 60.0, *, kill: bool = False) -> tuple[Ended, Book]:
        """Run the program with the fault, as a process of its own in a session of its own."""
        book = Book(self.place / "book")
        faulted = fault.environment(book.file, self.library)
        pid = self._fork(story, faulted) if preloaded() else self._spawn(story, faulted)
        if fault.mode is Mode.STOP_ONE:
            book.while_one_is_stopped(pid, fault.command)
        if fault.mode is Mode.STOP:
            act = ["sh", "-c", fault.command]
            book.while_stopped(pid, lambda: subprocess.run(act, check=False, env=os.environ | {"FAULT_MAIN": str(pid)}))
        code = waited(pid, limit)
        kill = kill or fault.mode is Mode.KILL_TREE or bool(fault.then) or code == HUNG
        book.settle(kill=kill, patience=5.0 if fault.mode is Mode.STOP_ONE else 20.0)
        return self._ended(code), book

    def words(self, story: Story) -> list[str]:
        """Return the command of a story, with the id of the run that it speaks of."""
        return [(self.live / "run").read_text() if word == RUN else word for word in story.command]

    def _spawn(self, story: Story, faulted: dict[str, str]) -> int:
        with open(self.place / "out", "w") as out, open(self.place / "err", "w") as err:
            process = subprocess.Popen(
                [sys.executable, "-m", "rollout", *self.words(story)],
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
        from rollout.cli.main import _ended

        fork_server.load()
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
            sys.stdin, sys.stdout, sys.stderr = (
                open(number, "w" if number else "r", closefd=False)  # noqa: SIM115  # forks have them, too
                for number in range(3)
            )
            if renamed:
                rename_machine()
            if more:
                ctypes.CDLL(None).fault_attach()
                if more["FAULT_MODE"] == str(int(Mode.STOP_ONE)):
                    hurry()
            fork_server.have_renderer()
            code = _ended(self.words(story))
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
        return self._ended(waited(pid, 120.0))
