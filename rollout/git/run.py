"""The one place that runs git: plumbing commands in a sealed environment, bounded in time and output."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from msgspec import Struct, field
from msgspec.structs import replace

from rollout.errors import GitError, RolloutError
from rollout.git.access import Access
from rollout.git.broken import broken
from rollout.git.cat_file import CatFile
from rollout.git.complaints import complaint, ending
from rollout.git.environment import ENVIRONMENT, OPTIONS, OTHER_SIDE, program, seal
from rollout.git.process import Pump, ended
from rollout.machine import waiting
from rollout.machine.processes import safe_path

LOCAL = 120.0  # seconds that a command without a network may take


class Result(Struct, frozen=True):
    code: int
    out: bytes
    err: str
    seconds: float = 0.0

    @property
    def lines(self) -> list[str]:
        """What git told, line by line; in a name, characters such as U+2028 end no line."""
        return self.out.decode("utf-8", "replace").removesuffix("\n").split("\n") if self.out else []

    @property
    def words(self) -> str:
        """Git's complaint in one line, without secrets or terminal escapes."""
        return complaint(self.err) or ending(self.code)


@contextmanager
def _first_look() -> Iterator[None]:
    """Import GitPython inside the block: it runs git to check for it; raise RolloutError if git does not run."""
    # That git shares our process group. We hold signals back meanwhile, or an interrupt would look like a broken git.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT, signal.SIGTERM))
    try:
        yield
    except ImportError as error:
        raise broken() or RolloutError(f"git cannot be run: {' '.join(str(error).split())}") from error
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class Git(Struct, frozen=True):
    """Runs git against one git directory (or none), with descriptors that its children hold open."""

    git_dir: Path | None = None
    work_tree: Path | None = None
    held: tuple[int, ...] = ()
    options: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    ours: bool = True  # our options apply to our side only; the other side uses its own configuration

    def as_the_other_side(self) -> Git:
        """Return a runner for the program that `git push` starts on the remote's side, hooks included."""
        return Git(held=self.held, ours=False)

    def with_options(self, *options: str, **environment: str) -> Git:
        return replace(self, options=self.options + options, environment={**self.environment, **environment})

    def with_access(self, access: Access) -> Git:
        return self.with_options(*access.options(), **access.environment())

    def run(self, *arguments: str, stdin: bytes = b"", limit: float = LOCAL, ok: Sequence[int] = (0,)) -> Result:
        """Run one git command; raise GitError unless it ends with a code in `ok` (none given: any code will do)."""
        started = time.monotonic()
        process = self._start(arguments)
        with ended(process):
            out, err = Pump(process, stdin, started + limit).run()
            with waiting.waiting():
                code = process.wait()
        result = Result(code, out, err, time.monotonic() - started)
        if ok and code not in ok:
            raise GitError(result.words)
        return result

    def attempt(self, *arguments: str, stdin: bytes = b"", limit: float = LOCAL) -> Result:
        """Run one git command and leave the exit code to the caller."""
        return self.run(*arguments, stdin=stdin, limit=limit, ok=())

    def _start(self, arguments: Iterable[str]) -> subprocess.Popen[bytes]:
        seal()
        with _first_look():
            import git
        command = [program(), "--no-pager"]
        for option in (*OPTIONS, *self.options) if self.ours else ():
            command += ["-c", option]
        if self.git_dir is not None:
            command.append(f"--git-dir={self.git_dir}")
        if self.work_tree is not None:
            command.append(f"--work-tree={self.work_tree}")
        command += arguments
        try:
            wrapped = git.Git(str(self.work_tree or "/")).execute(
                command,
                istream=cast(BinaryIO, subprocess.PIPE),
                as_process=True,
                env={
                    **(ENVIRONMENT if self.ours else OTHER_SIDE),
                    "GIT_CEILING_DIRECTORIES": "/",
                    "PATH": safe_path(),
                    **self.environment,
                },
                start_new_session=True,
                pass_fds=self.held,
            )
        except (git.GitCommandNotFound, PermissionError) as error:
            raise broken() or error from error
        process, wrapped.proc = wrapped.proc, None  # ours to end, with all its children
        return cast("subprocess.Popen[bytes]", process)

    @contextmanager
    def objects(self) -> Iterator[CatFile]:
        """Read objects through one `cat-file --batch` for as long as the block lasts."""
        process = self._start(("cat-file", "--batch"))
        with ended(process):
            yield CatFile(process)
