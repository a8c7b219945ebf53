"""The one place that runs git: plumbing commands in a sealed environment, bounded in time and output."""

from __future__ import annotations

import os
import re
import selectors
import signal
import subprocess
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from threading import Event
from typing import BinaryIO, cast

from msgspec import Struct, field
from msgspec.structs import replace

from rollout import gitconfig, turns
from rollout.addresses import redact
from rollout.errors import RolloutError
from rollout.model import Author, Identity
from rollout.plaintext import plain

# What of the person's environment git may see. GIT_DIR, GIT_INDEX_FILE and their like would point a rollout that was
# started inside a hook at the wrong repository; GIT_TRACE* would print secrets.
_KEPT = re.compile(
    r"GIT_(CONFIG_(GLOBAL|SYSTEM|NOSYSTEM)|SSH|SSH_COMMAND|SSH_VARIANT|SSL_.*|PROXY_.*|EXEC_PATH"
    r"|(AUTHOR|COMMITTER)_(NAME|EMAIL))\Z"
)

_ENVIRONMENT = {
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ASKPASS": "false",
    "SSH_ASKPASS": "false",
    "SSH_ASKPASS_REQUIRE": "never",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_LITERAL_PATHSPECS": "1",
    "GIT_PROTOCOL_FROM_USER": "0",
    "GIT_ALLOW_PROTOCOL": "file:git:http:https:ssh",
    "GIT_EDITOR": "false",
    "GIT_PAGER": "cat",
    "GIT_ATTR_NOSYSTEM": "1",
}

_OTHER_SIDE = {name: value for name, value in _ENVIRONMENT.items() if name != "GIT_NO_REPLACE_OBJECTS"}

# What a repository's own configuration could make git run is switched off by name; -c beats every file.
_OPTIONS = (
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.alternateRefsCommand=",
    "core.splitIndex=false",
    "core.untrackedCache=false",
    "diff.external=",
    "diff.orderFile=/dev/null",
    "log.showSignature=false",
    "gc.auto=0",
    "maintenance.auto=false",
    "submodule.recurse=false",
    "fetch.recurseSubmodules=false",
    "fetch.writeCommitGraph=false",
    "fetch.unpackLimit=1",
    "fetch.fsckObjects=false",
    "push.gpgSign=false",
    "push.followTags=false",
    "push.recurseSubmodules=no",
    "http.lowSpeedLimit=1",
    "http.followRedirects=false",
    "protocol.version=2",
    "advice.detachedHead=false",
)

# Settings of a person by which an address means something else than it says, or a remote shows something else.
_REDIRECTING = re.compile(r"(url|transfer|uploadpack)\.|push\.pushoption=|protocol\..*allow=(?!always\Z)")

# What an object is named, whichever of the two formats the repository has.
ID = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?\Z")

# Set when a run is to end now: every git process is ended, and what came of it is looked at by the next run.
interrupted = Event()

_STDERR_KEPT = 64 * 1024  # bytes of the beginning, and as many of the end
_STDOUT_LIMIT = 1 << 30
_GRACE = 5.0  # seconds between asking a git process to end and ending it

LOCAL = 120.0  # seconds that a command without a network may take
ASK = 25.0  # seconds to be told what a remote's branch is; --timeout sets another number
_TRANSFERS = 12  # times as long may a fetch or a push take


def object_format(id_size: int) -> str:
    """Return what git calls the format in which ids have so many characters."""
    return "sha1" if id_size == 40 else "sha256"


class GitError(RolloutError):
    """Git said no; the text is its last words."""


class GitTimeout(GitError):
    """Git was ended because it took longer than its limit."""


class Result(Struct, frozen=True):
    code: int
    out: bytes
    err: str
    seconds: float = 0.0

    @property
    def words(self) -> str:
        """Git's complaint in one line, without addresses' secrets and terminal escapes."""
        return complaint(self.err) or _ending(self.code)


def _ending(code: int) -> str:
    if code >= 0:
        return f"git ended with {code}"
    memory = " (out of memory?)" if -code == signal.SIGKILL else ""
    return f"git was ended by signal {-code}{memory}"


def complaint(err: str) -> str:
    """Return the telling lines of git's stderr as one line of plain text."""
    if re.search(r"could not read (Username|Password) for", err):
        return "the server wants a user name and password, and git knows none for it; a credential helper gives them"
    lines = [plain(line.strip()) for line in err.splitlines()]
    noise = re.compile(r"^(hint:|warning: filtering|To |remote: *$|Please make sure|and the repository exists)")
    kept = [line for line in lines if line and not noise.match(line)]
    telling = [line for line in kept if re.match(r"(fatal|error|remote|ssh|!|Host key|.*[Pp]ermission denied)", line)]
    return redact("; ".join(dict.fromkeys(telling or kept[-3:])))[:600]


class Access(Struct, frozen=True):
    """What contacting a remote needs, as values: the ssh command, and the secret of the address if it has one."""

    ssh_command: str = "ssh"
    secret: tuple[str, str] | None = None
    patience: float = ASK
    line: str | None = None  # where ssh finds a connection that is shared

    @property
    def ask_limit(self) -> float:
        """Return how many seconds the remote has to say where its branch is."""
        return self.patience

    @property
    def transfer_limit(self) -> float:
        """Return how many seconds a fetch, a push or a clone may take."""
        return self.patience * _TRANSFERS

    def options(self) -> tuple[str, ...]:
        return (f"http.lowSpeedTime={_whole(self.patience, 30)}",)

    def environment(self) -> dict[str, str]:
        shared = f" -o ControlMaster=no -o ControlPath={self.line}" if self.line else ""
        command = f"{self.ssh_command} {self.ssh_options()}{shared}"
        found = {} if "GIT_SSH" in os.environ else {"GIT_SSH_COMMAND": command}
        if self.secret is not None:
            # The secret goes by environment to a helper that git asks; an argument would stand in the process list.
            # The empty helper first takes the person's own off the list: they would be told to store the secret.
            helper = (
                '!f() { test "$1" = get && printf "username=%s\\npassword=%s\\n" '
                '"$ROLLOUT_GIT_USER" "$ROLLOUT_GIT_WORD"; }; f'
            )
            found |= {
                "ROLLOUT_GIT_USER": self.secret[0],
                "ROLLOUT_GIT_WORD": self.secret[1],
                "GIT_CONFIG_COUNT": "2",
                "GIT_CONFIG_KEY_0": "credential.helper",
                "GIT_CONFIG_VALUE_0": "",
                "GIT_CONFIG_KEY_1": "credential.helper",
                "GIT_CONFIG_VALUE_1": helper,
            }
        return found

    def ssh_options(self) -> str:
        """Return what ssh is told so that it neither asks nor hangs."""
        seconds = _whole(self.patience, 10)
        alive = f"-o ServerAliveInterval={seconds} -o ServerAliveCountMax=3"
        return f"-o BatchMode=yes -o ConnectTimeout={seconds} {alive}"


def _whole(seconds: float, most: int) -> int:
    return max(1, min(most, int(seconds)))


def seal() -> None:
    """Take out of this process's environment what must not reach git; GitPython hands on all that is left."""
    for name in list(os.environ):
        if name.startswith("GIT_") and not _KEPT.match(name):
            os.environ.pop(name, None)
    # GitPython runs git once when it is imported: the one we found, and not what PATH has in the current folder.
    os.environ["GIT_PYTHON_GIT_EXECUTABLE"] = _program()
    os.environ["GIT_PYTHON_REFRESH"] = "quiet"


@contextmanager
def _first_look() -> Iterator[None]:
    """Import GitPython in the block: it runs git to see that it is there; raise RolloutError when it does not run."""
    # That git is in our process group. Signals wait, for it too, or a wish to end would look like a broken git.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT, signal.SIGTERM))
    try:
        yield
    except ImportError as error:
        raise RolloutError(f"git cannot be run: {' '.join(str(error).split())}") from error
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class Git(Struct, frozen=True):
    """Runs git against one git directory (or none), with descriptors that its children hold open."""

    git_dir: Path | None = None
    work_tree: Path | None = None
    held: tuple[int, ...] = ()
    options: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    ours: bool = True  # what it is told holds for our side; the other side goes by its own configuration

    def as_the_other_side(self) -> Git:
        """Return a runner for the program that `git push` starts on the side of the remote, its hooks and all."""
        return Git(held=self.held, ours=False)

    def with_options(self, *options: str, **environment: str) -> Git:
        return replace(self, options=self.options + options, environment={**self.environment, **environment})

    def with_access(self, access: Access) -> Git:
        return self.with_options(*access.options(), **access.environment())

    def run(self, *arguments: str, stdin: bytes = b"", limit: float = LOCAL, ok: Sequence[int] = (0,)) -> Result:
        """Run one git command; raise GitError unless it ends with a code in `ok` (none given: any code will do)."""
        started = time.monotonic()
        process = self._start(arguments)
        with _ended(process):
            out, err = _Pump(process, stdin, started + limit).run()
            with turns.waiting():
                code = process.wait()
        result = Result(code, out, err, time.monotonic() - started)
        if ok and code not in ok:
            raise GitError(result.words)
        return result

    def attempt(self, *arguments: str, stdin: bytes = b"", limit: float = LOCAL) -> Result:
        """Run one git command whose exit code the caller reads."""
        return self.run(*arguments, stdin=stdin, limit=limit, ok=())

    def _start(self, arguments: Iterable[str]) -> subprocess.Popen[bytes]:
        seal()
        with _first_look():
            import git
        command = [_program(), "--no-pager"]
        for option in (*_OPTIONS, *self.options) if self.ours else ():
            command += ["-c", option]
        if self.git_dir is not None:
            command.append(f"--git-dir={self.git_dir}")
        if self.work_tree is not None:
            command.append(f"--work-tree={self.work_tree}")
        command += arguments
        wrapped = git.Git(str(self.work_tree or "/")).execute(
            command,
            istream=cast(BinaryIO, subprocess.PIPE),
            as_process=True,
            env={
                **(_ENVIRONMENT if self.ours else _OTHER_SIDE),
                "GIT_CEILING_DIRECTORIES": "/",
                "PATH": safe_path(),
                **self.environment,
            },
            start_new_session=True,
            pass_fds=self.held,
        )
        process, wrapped.proc = wrapped.proc, None  # ours to end, with all its children
        return cast("subprocess.Popen[bytes]", process)

    @contextmanager
    def objects(self) -> Iterator[Objects]:
        """Read objects through one `cat-file --batch` for as long as the block lasts."""
        process = self._start(("cat-file", "--batch"))
        with _ended(process):
            yield Objects(process)


class Objects:
    """Answers what an object is: its id, its type and its bytes."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._stdin, self._stdout = process.stdin, process.stdout

    def read(self, name: str) -> tuple[str, str, bytes] | None:
        """Return (id, type, content), or None where the object is not here."""
        try:
            self._stdin.write(name.encode() + b"\n")
            self._stdin.flush()
            with turns.waiting():
                header = self._stdout.readline().split()
            if len(header) != 3:
                if header[-1:] == [b"missing"]:
                    return None
                raise GitError(f"cat-file said {b' '.join(header)[:80]!r} of {name}")
            content = self._stdout.read(int(header[2]))
            self._stdout.read(1)
        except (BrokenPipeError, ValueError) as error:
            raise GitError(f"reading objects stopped: {error}") from error
        return header[0].decode(), header[1].decode(), content


@contextmanager
def _ended(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """Leave no process behind, whatever happens in the block."""
    try:
        yield
    except BaseException:
        _end(process)
        raise
    finally:
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream is not None:
                try:
                    stream.close()
                except BrokenPipeError:
                    continue
        process.wait()


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the process and its children: they are a session of their own."""
    for number, wait in ((signal.SIGTERM, _GRACE), (signal.SIGKILL, _GRACE)):
        if process.poll() is not None:
            return
        try:
            os.killpg(process.pid, number)
        except ProcessLookupError:
            return
        try:
            with turns.waiting():
                process.wait(wait)
        except subprocess.TimeoutExpired:
            continue


class Ends(Struct):
    """What somebody says for people, of which the beginning and the end are kept."""

    _begin: bytearray = field(default_factory=bytearray)
    _end: bytearray = field(default_factory=bytearray)

    def add(self, piece: bytes) -> None:
        room = _STDERR_KEPT - len(self._begin)
        self._begin += piece[:room]
        self._end += piece[room:]
        if len(self._end) > 2 * _STDERR_KEPT:  # not at every piece, which may be a few bytes of very many
            del self._end[:-_STDERR_KEPT]

    @property
    def text(self) -> str:
        return (self._begin + self._end[-_STDERR_KEPT:]).decode("utf-8", "replace")


class _Pump:
    """Feeds stdin and drains stdout and stderr until both end, within a deadline and bounds."""

    def __init__(self, process: subprocess.Popen[bytes], stdin: bytes, deadline: float) -> None:
        self._process = process
        self._stdin = memoryview(stdin)
        self._deadline = deadline
        self._out: list[bytes] = []
        self._err = Ends()
        self._size = 0

    def run(self) -> tuple[bytes, str]:
        stdin, stdout, stderr = self._process.stdin, self._process.stdout, self._process.stderr
        assert stdin is not None
        assert stdout is not None
        assert stderr is not None
        with selectors.PollSelector() as selector:
            selector.register(stdout, selectors.EVENT_READ, self._read_out)
            selector.register(stderr, selectors.EVENT_READ, self._read_err)
            if self._stdin:
                os.set_blocking(stdin.fileno(), False)
                selector.register(stdin, selectors.EVENT_WRITE, self._write)
            else:
                stdin.close()
            while selector.get_map():
                left = self._deadline - time.monotonic()
                if left <= 0:
                    raise GitTimeout("no answer within the time limit")
                if interrupted.is_set():
                    raise GitTimeout("interrupted")
                with turns.waiting():
                    ready = selector.select(min(left, 0.25))
                for key, _ in ready:
                    if not key.data(key.fileobj):
                        selector.unregister(key.fileobj)
                        if key.fileobj is stdin:
                            stdin.close()
        return b"".join(self._out), self._err.text

    def _read_out(self, stream: BinaryIO) -> bool:
        piece = os.read(stream.fileno(), 1 << 16)
        self._out.append(piece)
        self._size += len(piece)
        if self._size > _STDOUT_LIMIT:
            raise GitError("git said more than 1 GiB")
        return bool(piece)

    def _read_err(self, stream: BinaryIO) -> bool:
        piece = os.read(stream.fileno(), 1 << 16)
        self._err.add(piece)
        return bool(piece)

    def _write(self, stream: BinaryIO) -> bool:
        try:
            written = os.write(stream.fileno(), self._stdin[: 1 << 16])
        except BlockingIOError:
            return True
        except BrokenPipeError:
            return False
        self._stdin = self._stdin[written:]
        return bool(self._stdin)


def safe_path() -> str:
    """Return PATH without relative folders: what lies in some work tree must not be run as a program."""
    folders = os.environ.get("PATH", os.defpath).split(os.pathsep)
    return os.pathsep.join(folder for folder in folders if folder.startswith("/")) or os.defpath


@cache
def _program() -> str:
    """Find git once, on an absolute path: a `git` in some work tree must not be run."""
    for folder in safe_path().split(os.pathsep):
        candidate = Path(folder) / "git"
        if os.access(candidate, os.X_OK) and candidate.is_file():
            return str(candidate)
    raise RolloutError("git is not installed: install git 2.39 or newer")


class Person(Struct, frozen=True):
    """What the person's own git configuration says that rollout honours, and how long they wait for a remote."""

    identity: Identity | None
    ssh_command: str = "ssh"
    autocrlf: str = "false"
    eol: str = "native"
    attributes_file: str | None = None
    fault: str | None = None
    patience: float = ASK
    redirected: bool = False  # an address may lead elsewhere than it says, or may not be used
    conditional: bool = False  # the identity is one in one repository and another in another: includeIf


def read_person() -> Person:
    """Read the global and system configuration, and never that of a repository."""
    settings = gitconfig.personal(_program(), os.environ)
    if settings is None:
        settings = _listed(Git().attempt("config", "--null", "--list", "--includes"))
    identity, fault = _identity(settings)
    return Person(
        identity,
        ssh_command=os.environ.get("GIT_SSH_COMMAND") or settings.get("core.sshcommand") or "ssh",
        autocrlf={"input": "input"}.get(settings.get("core.autocrlf", ""), _truth(settings, "core.autocrlf")),
        eol=settings.get("core.eol", "native").lower(),
        attributes_file=settings.get("core.attributesfile"),
        fault=fault,
        redirected=any(_REDIRECTING.match(f"{key}={value}") for key, value in settings.items()),
        conditional=any(key.startswith("includeif.") for key in settings),
    )


def person_there(person: Person, runner: Git) -> Person:
    """Return the person with the identity that their own files, by their conditions, give them where git runs.

    The repository's own configuration is read for the conditions alone: nothing of it is taken.
    """
    listed = runner.run("config", "--null", "--list", "--show-scope", "--includes")
    identity, fault = _identity(_personal_of(listed))
    return replace(person, identity=identity, fault=fault)


def person_elsewhere(person: Person, runner: Git) -> Person:
    """Return the person with the identity that the runner's options and their own files give them in no repository."""
    identity, fault = _identity(_listed(runner.run("config", "--null", "--list", "--includes")))
    return replace(person, identity=identity, fault=fault)


def conditional_includes() -> list[tuple[str, str, Path]]:
    """Return the conditions under which the person's files include others: condition, path, and the file it is in."""
    listed = Git().run("config", "--null", "--list", "--show-origin", "--includes")
    words = listed.out.decode("utf-8", "replace").split("\0")
    found = []
    for origin, entry in zip(words[::2], words[1::2], strict=False):
        key, _, path = entry.partition("\n")
        if key.startswith("includeif.") and key.endswith(".path") and origin.startswith("file:"):
            found.append((key[len("includeif.") : -len(".path")], path, Path(origin.removeprefix("file:"))))
    return found


def _listed(result: Result) -> dict[str, str]:
    return _settings(result.out.decode("utf-8", "replace").split("\0"))


def _personal_of(result: Result) -> dict[str, str]:
    words = result.out.decode("utf-8", "replace").split("\0")
    scoped = zip(words[::2], words[1::2], strict=False)
    return _settings(entry for scope, entry in scoped if scope in {"system", "global"})


def _settings(entries: Iterable[str]) -> dict[str, str]:
    settings: dict[str, str] = {}
    for entry in entries:
        key, mark, value = entry.partition("\n")
        settings[key.lower()] = value if mark else "true"
    return settings


def _identity(settings: Mapping[str, str]) -> tuple[Identity | None, str | None]:
    author, committer = _one("author", settings), _one("committer", settings)
    missing = [f"{kind} {part}" for kind, who in (("author", author), ("committer", committer)) for part in _lacks(who)]
    if missing:
        return None, (
            f"no git identity is configured (missing: {', '.join(missing)}), so no commit can be signed with a name: "
            'git config --global user.name "Your Name"; git config --global user.email you@example.org; '
            "or GIT_AUTHOR_NAME, GIT_AUTHOR_EMAIL, GIT_COMMITTER_NAME and GIT_COMMITTER_EMAIL in the environment"
        )
    signing = tuple(f"{key}={value}" for key, value in settings.items() if re.match(r"user\.signingkey\Z|gpg\.", key))
    return Identity(author, committer, sign=_truth(settings, "commit.gpgsign") == "true", signing=signing), None


def _one(kind: str, settings: Mapping[str, str]) -> Author:
    """Return who the author or the committer is, in the order in which git looks for it; see git-commit(1)."""
    name = os.environ.get(f"GIT_{kind.upper()}_NAME") or settings.get(f"{kind}.name") or settings.get("user.name")
    email = os.environ.get(f"GIT_{kind.upper()}_EMAIL") or settings.get(f"{kind}.email") or settings.get("user.email")
    return Author(_ident(name or ""), _ident(email or os.environ.get("EMAIL", "")))


def _lacks(who: Author) -> Iterator[str]:
    if not who.name:
        yield "name"
    if not who.email:
        yield "email"


def _ident(text: str) -> str:
    """Drop what an identity cannot hold, as git does."""
    return re.sub(r"[<>\n\x00]", "", text).strip(" .,:;\"'\\")


def _truth(settings: Mapping[str, str], key: str) -> str:
    return "true" if settings.get(key, "").lower() in {"true", "yes", "on", "1"} else "false"
