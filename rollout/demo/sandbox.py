"""The demo's world: five repositories with remotes, a person's work in some of them, remotes that move on."""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from rollout.demo import before, first_user, program
from rollout.errors import RolloutError
from rollout.machine.processes import safe_path

REPOSITORIES = ("supervisor-service-s", "consilio-s", "health-agent-s", "odin-s", "openhorizon-s")

DIRTY, UNPUSHED, MOVED = "health-agent-s", "odin-s", ("consilio-s", "openhorizon-s")

COLLEAGUES = "a colleague's feature"


_GITCONFIG = """\
[user]
\tname = Sam Supervisor
\temail = sam@example.org
[init]
\tdefaultBranch = main
[advice]
\tpushUpdateRejected = false
"""


@dataclass(frozen=True, slots=True)
class Sandbox:
    """A folder with everything of the demo in it; nothing outside is touched."""

    folder: Path

    @property
    def root(self) -> Path:
        return self.folder / "sv"

    @property
    def remotes(self) -> Path:
        return self.folder / "remotes"

    def environment(self) -> dict[str, str]:
        """Return an environment of the sandbox's own: its home, its git configuration, its state."""
        kept = {name: os.environ[name] for name in ("TERM", "LANG", "NO_COLOR", "FORCE_COLOR") if name in os.environ}
        return {
            **kept,
            "PATH": safe_path(),
            "HOME": str(self.folder / "home"),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_TERMINAL_PROMPT": "0",
            "ROLLOUT_STATE_DIR": str(self.folder / "state"),
            "ROLLOUT_HOSTNAME": "odin3",
            "LC_ALL": "C.UTF-8",
        }

    def git(self, where: Path, *arguments: str) -> str:
        """Run git as the sandbox's people do, and return what it said."""
        done = self._git(where, *arguments)
        return (done.stdout + done.stderr).strip()

    def _git(self, where: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            ["git", *arguments], cwd=where, env=self.environment(), capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise RolloutError(f"demo: git {arguments[0]} in {where}: {done.stderr.strip()}")
        return done

    @property
    def rollout(self) -> Path:
        """The program, told to use this sandbox and nothing else."""
        return self.folder / "rollout"

    def build(self) -> None:
        """Make the five repositories, their remotes and the shared folder as they were before the rollout."""
        (self.folder / "home").mkdir(parents=True)
        (self.folder / "home/.gitconfig").write_text(_GITCONFIG)
        self.root.mkdir()
        self.remotes.mkdir()
        for number, name in enumerate(REPOSITORIES):
            self._repository(name, before.files(name, number))
        _write(self.root, before.shared_files())
        self._dirty(self.root / DIRTY)
        self._unpushed(self.root / UNPUSHED)
        first_user.copy(self.folder, self.root)
        program.write_launcher(self.folder)

    def _repository(self, name: str, files: Mapping[str, str]) -> None:
        bare = self.remotes / f"{name}.git"
        self.git(self.folder, "init", "-q", "--bare", str(bare))
        top = self.root / name
        self.git(self.folder, "clone", "-q", str(bare), str(top))
        self.commit(top, files, "first version")
        self.git(top, "push", "-q", "-u", "origin", "main")

    def commit(self, top: Path, files: Mapping[str, str], message: str) -> None:
        _write(top, files)
        self.git(top, "add", *files)
        self.git(top, "commit", "-q", "-m", message)

    def _dirty(self, top: Path) -> None:
        """Leave a person's unfinished work behind: staged, edited, untracked."""
        (top / "src/app.py").write_text("print('half done')\n")
        (top / "src/staged.py").write_text("# staged, not committed\n")
        self.git(top, "add", "src/staged.py")
        (top / "scratch.txt").write_text("an agent's notes\n")

    def _unpushed(self, top: Path) -> None:
        self.commit(top, {"src/secret_plan.py": "# not ready for others\n"}, "wip: not ready to be published")

    def move_remotes_on(self) -> None:
        """Let colleagues push to two of the remotes."""
        for name in MOVED:
            self.colleague_pushes(name, {"src/feature.py": "# a colleague's feature\n"}, COLLEAGUES)

    def colleague_pushes(self, name: str, files: Mapping[str, str], message: str) -> None:
        """Let a colleague commit on top of what a remote has, in a clone of their own, and push it."""
        other = self.folder / "colleague" / name
        if not other.exists():
            other.parent.mkdir(exist_ok=True)
            self.git(self.folder, "clone", "-q", str(self.remotes / f"{name}.git"), str(other))
            for key, value in (("user.name", "Cleo Colleague"), ("user.email", "cleo@example.org")):
                self.git(other, "config", key, value)
        self.git(other, "pull", "-q", "--ff-only")
        self.commit(other, files, message)
        self.git(other, "push", "-q", "origin", "main")

    def upstream(self, name: str, path: str) -> str:
        """Return a file as a remote has it."""
        return self._git(self.remotes / f"{name}.git", "show", f"main:{path}").stdout

    def persons_work(self, name: str) -> str:
        """Return a digest of a person's work in a checkout: edits, stage, untracked files, own commits."""
        top = self.root / name
        parts = [
            self.git(top, "status", "--porcelain=v2", "--untracked-files=all"),
            self.git(top, "diff"),
            self.git(top, "diff", "--cached"),
            self.git(top, "log", "--format=%H %s", "main", "--not", "--remotes"),
            *(path.read_text() for path in sorted(top.glob("*.txt"))),
        ]
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()

    def published(self, name: str) -> list[str]:
        """Return the subjects of the commits a remote has, newest first."""
        return self.git(self.remotes / f"{name}.git", "log", "--format=%s", "main").splitlines()


def _write(top: Path, files: Mapping[str, str]) -> None:
    for path, content in files.items():
        (top / path).parent.mkdir(parents=True, exist_ok=True)
        (top / path).write_text(content)
