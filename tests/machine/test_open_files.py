"""Who has a file open for writing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from rollout.machine import open_files, processes

_OPEN = "import sys; file = open(sys.argv[1], sys.argv[2]); print('open', flush=True); sys.stdin.readline()"


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
@pytest.mark.parametrize(("mode", "named"), [("a", True), ("r+", True), ("r", False)])
def test_of_many_files_the_one_is_named_that_a_process_has_open_for_writing(
    tmp_path: Path, mode: str, named: bool
) -> None:
    files = [tmp_path / str(number) for number in range(3)]
    for file in files:
        file.write_text("text\n")
    command = [sys.executable, "-c", _OPEN, str(files[1]), mode]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"
        found = open_files.writers(files)
        process.communicate("\n")
    assert list(found) == ([processes.inode_at(files[1])] if named else [])
    assert all(f"(pid {process.pid})" in name for name in found.values())


def test_nobody_waits_for_a_pipe_or_follows_a_link_to_ask_who_writes(tmp_path: Path) -> None:
    pipe, link, unreadable = tmp_path / "pipe", tmp_path / "link", tmp_path / "unreadable"
    subprocess.run(["mkfifo", str(pipe)], check=True)
    link.symlink_to(pipe)
    unreadable.write_text("text\n")
    unreadable.chmod(0)
    assert open_files.writers([pipe, link, unreadable]) == {}
