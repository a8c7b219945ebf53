"""Which processes are alive, and which are at work in a folder."""

from __future__ import annotations

import contextlib
import os
import signal
import stat
from collections import defaultdict
from collections.abc import Collection, Iterator
from contextlib import suppress
from functools import lru_cache
from pathlib import Path


def safe_path() -> str:
    """Return PATH without relative folders: we must not run a program that lies in some work tree."""
    folders = os.environ.get("PATH", os.defpath).split(os.pathsep)
    return os.pathsep.join(folder for folder in folders if folder.startswith("/")) or os.defpath


_MOST_WORDS = 200  # words of a command line to search for paths


def processes_in(git_dir: Path, top: Path) -> Iterator[str]:
    """Yield the git processes that are at work in a repository, as far as /proc shows them.

    Raises FileNotFoundError if there is no /proc to look at.
    """
    here = {found for place in (top, git_dir) if (found := inode_at(place)) is not None}
    files = set(_files_in(git_dir))
    own = os.getpid()
    for name in os.listdir("/proc"):
        if not name.isdigit() or int(name) == own:
            continue
        folder = f"/proc/{name}"
        try:
            program = os.readlink(f"{folder}/exe").rpartition("/")[2].removesuffix(" (deleted)")
        except OSError:
            continue  # gone, a zombie, or not ours to see
        if not (program == "git" or program.startswith("git-") or program in {"jj", "tig", "lazygit", "gitui"}):
            continue
        if any(_is_below(place, here) for place in dict.fromkeys(_places(folder))) or _holds(folder, files):
            yield f"{program} (pid {name})"


Inode = tuple[int, int]  # device and inode: the same for a place through every path and mount


def inode_at(place: Path | str) -> Inode | None:
    try:
        about = os.stat(place)
    except (OSError, ValueError):
        return None
    return about.st_dev, about.st_ino


def _files_in(git_dir: Path) -> Iterator[Inode]:
    with contextlib.suppress(OSError), os.scandir(git_dir) as entries:
        for entry in entries:
            if entry.is_file(follow_symlinks=False):
                about = entry.stat(follow_symlinks=False)
                yield about.st_dev, about.st_ino


def _places(folder: str) -> Iterator[str]:
    """Yield a process's folder and every place that it names, as paths that lead there through its own mounts."""
    yield f"{folder}/cwd"
    for word in _words(folder):
        place = f"{folder}/root{word}" if word.startswith("/") else f"{folder}/cwd/{word}"
        yield from (place, os.path.dirname(place))


def _words(folder: str) -> Iterator[str]:
    try:
        with open(f"{folder}/cmdline", "rb") as file:
            words = os.fsdecode(file.read(1 << 16)).split("\0")
        with open(f"{folder}/environ", "rb") as file:
            environ = os.fsdecode(file.read(1 << 17)).split("\0")
    except OSError:
        return
    named = [word for word in words[1:_MOST_WORDS] if word]
    yield from named
    yield from (value for word in named if (value := word.partition("=")[2]))
    yield from (word.partition("=")[2] for word in environ if word.startswith(("GIT_DIR=", "GIT_WORK_TREE=")))


def _is_below(place: str, here: set[Inode]) -> bool:
    """Tell whether a place is one of these folders or below one, in whichever mount."""
    try:
        descriptor = os.open(place, os.O_PATH | os.O_CLOEXEC)
    except (OSError, ValueError):
        return False
    above: Inode | None = None
    try:
        about = os.fstat(descriptor)
        while (found := (about.st_dev, about.st_ino)) != above and stat.S_ISDIR(about.st_mode):
            if found in here:
                return True
            above = found
            outer = os.open("..", os.O_PATH | os.O_CLOEXEC, dir_fd=descriptor)
            os.close(descriptor)
            descriptor = outer
            about = os.fstat(descriptor)
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return False


def _holds(folder: str, files: set[Inode]) -> bool:
    """Tell whether a process has one of these files open."""
    with contextlib.suppress(OSError):
        return any(inode_at(f"{folder}/fd/{number}") in files for number in os.listdir(f"{folder}/fd"))
    return False


def writers(wanted: Collection[Inode]) -> dict[Inode, str]:
    """Return which of these files are open for writing, each with the name of a process, as far as /proc shows."""
    found: dict[Inode, str] = {}
    if not wanted:
        return found
    own = os.getpid()
    try:
        processes = [name for name in os.listdir("/proc") if name.isdigit() and int(name) != own]
    except FileNotFoundError:
        return found
    for name in processes:
        with contextlib.suppress(OSError):  # gone, or not ours to see
            for number in os.listdir(f"/proc/{name}/fd"):
                identity = inode_at(f"/proc/{name}/fd/{number}")
                if identity is not None and identity in wanted and _writes(name, number):
                    found[identity] = f"{Path(os.readlink(f'/proc/{name}/exe')).name} (pid {name})"
    return found


def _writes(process: str, number: str) -> bool:
    with contextlib.suppress(OSError), open(f"/proc/{process}/fdinfo/{number}") as file:
        flags = next((line.split()[1] for line in file if line.startswith("flags:")), "0")
        return bool(int(flags, 8) & os.O_ACCMODE)
    return False


def holder_runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def holders(path: Path) -> Iterator[str]:
    """Name the processes that have the lock file open, as far as /proc shows them."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            held = any(os.readlink(entry) == str(path) for entry in (folder / "fd").iterdir())
            name = (folder / "comm").read_text().strip()
        except OSError:
            continue
        if held and int(folder.name) != os.getpid():
            yield f"{name} (pid {folder.name})"


def alive(pid: int, start: str) -> bool:
    """Tell whether the process still runs and its number has not been reused."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return started(pid) == start


@lru_cache(maxsize=1)
def our_start(own: int) -> str:
    return started(own)


def boot_id() -> str:
    with suppress(OSError):
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return ""


def end_all(pid: int) -> None:
    """Tell a process and all that it started to end (SIGTERM), as far as /proc shows them.

    git and shells do not pass the signal on to what they run.
    """
    for one in (*_below(pid), pid):
        with suppress(ProcessLookupError, PermissionError):
            os.kill(one, signal.SIGTERM)


def _below(pid: int) -> list[int]:
    """Return the processes that one started, and those that these started, the last ones first."""
    children = defaultdict(list)
    for stat_file in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it has ended
            parent = stat_file.read_text().rpartition(")")[2].split()[1]
            children[int(parent)].append(int(stat_file.parent.name))
    found = [pid]
    for one in found:
        found += children[one]
    return found[:0:-1]


def started(pid: int) -> str:
    """Return when a process started, in the kernel's ticks, which tells it from another with a reused number."""
    with suppress(OSError, IndexError):
        words = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return "" if words[0] == "Z" else words[19]  # a zombie has ended; only its parent does not know yet
    return ""


def runs(pid: str) -> bool:
    """Tell whether a process with that number runs on this machine."""
    try:
        os.kill(int(pid), 0)
    except (ProcessLookupError, ValueError):
        return False
    except PermissionError:
        return True
    return True
