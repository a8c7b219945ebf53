"""A folder without its name yet is its run's, whatever that run is numbered where somebody else looks."""

from __future__ import annotations

import fcntl
import os
import subprocess
from pathlib import Path

import pytest

from rollout.machine.unnamed_folder import unnamed

NOBODY = 99999999  # no process has this number


def test_what_a_killed_run_left_is_removed_and_what_is_held_stays(tmp_path: Path) -> None:
    """A run in a container has a number that says nothing outside of it."""
    dead, held = tmp_path / f"api.mark.{NOBODY}", tmp_path / f"api.mark.{NOBODY + 1}"
    for folder in (dead, held):
        folder.mkdir()
        (folder / "half").write_text("half\n")
    descriptor = os.open(held, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    with unnamed(tmp_path / "api", ".mark.") as folder:
        assert sorted(tmp_path.iterdir()) == sorted([held, folder])
        folder.rename(tmp_path / "api")
    os.close(descriptor)
    with unnamed(tmp_path / "api", ".mark."):
        assert not held.exists()


def test_a_folder_whose_number_another_process_has_by_now_is_removed(tmp_path: Path) -> None:
    process = subprocess.Popen(["sleep", "60"])
    (tmp_path / f"api.mark.{process.pid}").mkdir()
    with unnamed(tmp_path / "api", ".mark.") as folder:
        assert list(tmp_path.iterdir()) == [folder]
    process.kill()
    process.wait()


def test_what_cannot_be_finished_is_gone_and_what_is_no_folder_is_nobodys(tmp_path: Path) -> None:
    (tmp_path / "api.mark.notes").write_text("mine\n")
    with pytest.raises(FileExistsError), unnamed(tmp_path / "api", ".mark.") as folder:
        folder.mkdir()
    assert [path.name for path in tmp_path.iterdir()] == ["api.mark.notes"]
