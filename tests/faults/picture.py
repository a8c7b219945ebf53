"""What of a world the promises speak about, looked at before and after."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.faults import forge
from tests.faults.room import Room
from tests.faults.stories import Story


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
    sources: Mapping[str, bytes]  # the inventory and its templates
    reviews: Mapping[str, Mapping[str, object]]

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
            files=files(room.live / top),
            index=index,
            refs=refs,
            head_ref=room.git(top, "symbolic-ref", "-q", "HEAD", ok=False).strip(),
            head=refs.get("HEAD", ""),
            upstream=upstream,
            stash=room.git(top, "stash", "list", "--format=%H"),
            status=room.git(top, "status", "--porcelain=v2", "--untracked-files=all"),
            remote_refs=remote,
            shared={name: about[0] for name, about in files(room.live / "shared").items()},
            sources=_sources(room),
            reviews=forge.reviews(room.live),
        )

    @staticmethod
    def without_checkout(room: Room) -> Picture:
        remote = _remote_refs(room)
        return Picture(
            files=files(room.live / "api"), index={}, refs={}, head_ref="", head="", stash="", status="",
            upstream=remote["api.git refs/heads/main"], remote_refs=remote, shared={},
            sources=_sources(room), reviews={},
        )  # fmt: skip


def _sources(room: Room) -> dict[str, bytes]:
    found = {f"templates/{name}": about[0] for name, about in files(room.live / "templates").items()}
    return found | {name.name: name.read_bytes() for name in room.live.glob("*.yaml")}


def _remote_refs(room: Room) -> dict[str, str]:
    remote: dict[str, str] = {}
    for bare in ("api.git", "web.git"):
        if (room.live / bare).exists():
            for line in room.git(bare, "show-ref").splitlines():
                remote[f"{bare} {line.split(' ')[1]}"] = line.split(" ")[0]
    return remote


def files(top: Path) -> dict[str, tuple[bytes, int, int]]:
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
