"""Small disks for tests: a file system in memory that is soon full, and a file mounted over a file; root alone may."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def mounted(place: Path, *arguments: str) -> Iterator[Path]:
    """Mount something at a place for the block; skip the test where that is not allowed."""
    if shutil.which("mount") is None:
        pytest.skip("needs mount")
    done = subprocess.run(["mount", *arguments, str(place)], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"nothing can be mounted here (it takes root): {done.stderr.strip()}")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


@contextmanager
def in_memory(place: Path, size: str = "32m", inodes: int = 100_000) -> Iterator[Path]:
    """Give a new folder that is a file system of its own."""
    place.mkdir()
    with mounted(place, "-t", "tmpfs", "-o", f"size={size},nr_inodes={inodes},mode=700", "none") as made:
        yield made


@contextmanager
def over(source: Path, place: Path) -> Iterator[Path]:
    """Mount one file over another, as containers do with a file of their host."""
    with mounted(place, "--bind", str(source)) as made:
        yield made


@contextmanager
def on_image(image: Path, place: Path) -> Iterator[Path]:
    """Mount a disk image at a new folder; one that does not exist yet is made, with ext4 on it.

    What was not flushed is not in the image: a copy of it is the disk as a power cut would leave it.
    """
    place.mkdir()
    if not image.exists():
        maker = shutil.which("mkfs.ext4", path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin")
        if maker is None:
            pytest.skip("needs mkfs.ext4")
        with image.open("wb") as file:
            file.truncate(16 << 20)
        subprocess.run([maker, "-q", "-F", str(image)], check=True)
    with mounted(place, "-o", "loop", str(image)) as made:
        yield made
