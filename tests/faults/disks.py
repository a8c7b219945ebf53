"""Experiments that take mounts: the power of a disk goes, or a person works in another mount of a checkout."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import tempfile
import time
from dataclasses import replace
from functools import cache
from pathlib import Path

from tests.faults.experiment import Experiment, Finding
from tests.faults.in_between import reverted
from tests.faults.lab import Lab
from tests.faults.picture import Picture
from tests.faults.shim import Book, Mode
from tests.faults.stories import STORIES, Story

_SIZES = {"ext4": 64 << 20, "xfs": 320 << 20}
_SERVER = ("api.git", "web.git", "pusher")  # on another machine, whose power stays
_NEW_MOUNTS = 0x00020000


def private_mounts() -> bool:
    """Give this process mounts of its own, which end with it; tell whether that went."""
    if os.geteuid() != 0 or ctypes.CDLL(None).unshare(_NEW_MOUNTS):
        return False
    return subprocess.run(["mount", "--make-rprivate", "/"], check=False, capture_output=True).returncode == 0


@cache
def no_mounts() -> str | None:
    """Say why nothing can be mounted here, or None."""
    if os.geteuid() != 0:
        return "only root may mount"
    done = subprocess.run(["unshare", "-m", "mount", "--bind", "/tmp", "/tmp"], check=False, capture_output=True)
    return None if done.returncode == 0 else "nothing can be mounted here"


@cache
def refusal(system: str) -> str | None:
    """Say why the power of a disk with this file system cannot be cut here, or None."""
    maker = _maker(system)
    if no_mounts() is not None:
        return no_mounts()
    if maker is None:
        return f"needs mkfs.{system}"
    with tempfile.TemporaryDirectory() as folder:
        image = Path(folder) / "image"
        _make(image, system)
        done = subprocess.run(
            ["unshare", "-m", "mount", "-o", "loop", str(image), folder], check=False, capture_output=True
        )
        return None if done.returncode == 0 else f"no {system} on a loop device can be mounted here"


def _maker(system: str) -> str | None:
    return shutil.which(f"mkfs.{system}", path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin")


def _make(image: Path, system: str) -> None:
    with image.open("wb") as file:
        file.truncate(_SIZES[system])
    force = "-f" if system == "xfs" else "-F"
    subprocess.run([str(_maker(system)), "-q", force, str(image)], check=True, capture_output=True)


def _mount(*arguments: str) -> None:
    subprocess.run(["mount", *arguments], check=True, capture_output=True)


def _unmount(room: Lab) -> None:
    for name in (*_SERVER, ""):
        if os.path.ismount(place := room.live / name):
            _unmount_one(place)


def _unmount_one(place: Path) -> None:
    """Unmount a place that a process which was just ended may still be in for a moment."""
    deadline = time.monotonic() + 5
    while subprocess.run(["umount", str(place)], check=False, capture_output=True).returncode:
        if time.monotonic() > deadline:
            subprocess.run(["umount", "--lazy", str(place)], check=True, capture_output=True)
            return
        time.sleep(0.05)


def _mount_world(room: Lab, image: Path, server: Path, system: str) -> None:
    """Put a disk in the world's place, with what other machines have over it."""
    room.live.mkdir(exist_ok=True)
    # As the system mounts it by default, but that xfs would not have a copy of a disk beside the disk.
    _mount("-o", "loop,nouuid" if system == "xfs" else "loop", str(image), str(room.live))
    for name in os.listdir(server):
        _mount("--bind", str(server / name), str(room.live / name))


def _template(room: Lab, story: Story, system: str) -> tuple[Path, Path]:
    """Return a disk with the story's world on it and a folder with what is elsewhere."""
    name = f"{system}-{story.name.replace(' ', '-')}"
    image, server = room.place / f"{name}.img", room.place / f"{name}-server"
    if not image.exists():
        room.fresh(story)
        server.mkdir()
        for part in _SERVER:
            if (room.live / part).exists():
                (room.live / part).rename(server / part)
                (room.live / part).mkdir()
        scratch = room.place / "scratch.img"
        _make(scratch, system)
        at = room.place / "filled"
        at.mkdir(exist_ok=True)
        _mount("-o", "loop", str(scratch), str(at))
        subprocess.run(["cp", "-a", f"{room.live}/.", str(at)], check=True)
        subprocess.run(["umount", str(at)], check=True)
        scratch.rename(image)
    return image, server


def cut(room: Lab, experiment: Experiment, system: str) -> Finding:
    """Keep the disk as it is at one call, go on with that copy, and hold it against the promises."""
    story = STORIES[experiment.story]
    before = room.picture(story)
    image, server = _template(room, story, system)
    shutil.rmtree(room.live, ignore_errors=True)
    at_work, elsewhere, left, there = (room.place / name for name in ("disk.img", "server", "cut.img", "cut-server"))
    for folder in (elsewhere, there):
        shutil.rmtree(folder, ignore_errors=True)
    subprocess.run(["cp", "--sparse=always", str(image), str(at_work)], check=True)
    subprocess.run(["cp", "-a", str(server), str(elsewhere)], check=True)
    try:
        _mount_world(room, at_work, elsewhere, system)
        os.sync()
        command = f"cp --sparse=always {at_work} {left}; cp -a {elsewhere} {there}; kill -9 $FAULT_MAIN"
        ended, book = room.run(story, replace(experiment.fault, mode=Mode.STOP, command=command), kill=True)
        finding = Finding(experiment, book.fired, ended.code)
        _unmount(room)
        if not there.exists():
            finding.fired = False
            return finding
        _mount_world(room, left, there, system)
        room.server_owner_clears()
        finding.violations += reverted(room, story, before)
        first = room.again(story, experiment)
        settled = Picture.of(room, story)
        second = room.again(story, experiment)
        room.conclude(finding, before, settled, first, second)
        return finding
    finally:
        _unmount(room)
        left.unlink(missing_ok=True)


def beside(room: Lab, experiment: Experiment) -> Finding:
    """Run a person's git command in another mount of the checkout, with a whole rollout at one call of it."""
    story, deed = STORIES[experiment.story], experiment.deed
    assert deed is not None
    room.picture(story)
    room.fresh(story)
    room.git("api", "reset", "-q")
    other = room.live / "other"
    other.mkdir(exist_ok=True)
    book = Book(room.place / "book")
    fault = replace(experiment.fault, path=experiment.fault.path.replace("*/live/api/", "*/live/other/"))
    settings = room.environment() | fault.environment(book.file, room.library)
    exports = [f"{name}={value}" for name, value in settings.items()]
    script = f'mount --bind "$1" "$2" && cd "$2" && shift 2 && exec env "$@" sh -c \'{deed.script}\''
    process = subprocess.Popen(
        ["unshare", "-m", "sh", "-c", script, "sh", str(room.live / "api"), str(other), *exports],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    book.while_stopped(process.pid, lambda: room.again(story))
    _, err = process.communicate(timeout=60)
    return room.after_command(experiment, book, process.returncode, err)
