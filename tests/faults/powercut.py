"""A disk whose power can be cut: a file system in a file, and a copy of that file as it was at one instant.

What a program wrote and the system had not yet put on the disk is not in the copy, and mounting it plays the journal
back, as after a real cut.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

_SIZE = 96 << 20
_MAKE = ("mkfs.ext4", "-q", "-F")


@cache
def refusal() -> str | None:
    """Say why power cannot be cut here, or None if it can."""
    if os.geteuid() != 0:
        return "only root may mount a disk"
    if shutil.which(_MAKE[0]) is None:
        return "needs mkfs.ext4"
    with tempfile.TemporaryDirectory() as folder:
        try:
            with disk(Path(folder)):
                return None
        except (subprocess.CalledProcessError, OSError):
            return "no loop device can be mounted here"


@contextmanager
def disk(place: Path) -> Iterator[Path]:
    """Give a fresh disk, mounted below a folder for as long as the block lasts."""
    image, at = place / "image", place / "disk"
    with image.open("wb") as file:
        file.truncate(_SIZE)
    subprocess.run([*_MAKE, str(image)], check=True, capture_output=True)
    at.mkdir()
    mount(image, at)
    try:
        yield at
    finally:
        subprocess.run(["umount", "--lazy", str(at)], check=True, capture_output=True)


def mount(image: Path, at: Path) -> None:
    # Nothing is committed by the clock: a copy is one instant only while nobody writes to what is copied.
    subprocess.run(["mount", "-o", "loop,commit=600", str(image), str(at)], check=True, capture_output=True)


def cut(place: Path) -> str:
    """Return the command that keeps the disk as it would be if the power went now."""
    return f"cp --sparse=always {place}/image {place}/cut"


def power_on(place: Path) -> None:
    """Put the disk in place as it was when the power went."""
    subprocess.run(["umount", str(place / "disk")], check=True, capture_output=True)
    mount(place / "cut", place / "disk")
