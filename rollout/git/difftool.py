"""The person's own diff tool, as `git difftool` finds it (diff.tool, merge.tool, or what is installed)."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from threading import Event

from rollout.git.environment import program
from rollout.machine.processes import end_all

_LOOK = 0.1  # seconds between two looks at whether we are to end
_NOT_SHOWN = 126  # and above: git or the shell could not run it


def show(folder: Path, old: Path | None, new: Path | None, stop: Event) -> bool:
    """Open two files in the tool and wait for it; tell whether it could be run. It is ended where we are to end.

    It runs in a folder of our own that is in no repository, so that the person's own settings alone decide.
    """
    sides = [str(side or os.devnull) for side in (old, new)]
    command = [program(), "difftool", "--no-index", "--no-prompt", "--", *sides]
    environment = {**os.environ, "GIT_CEILING_DIRECTORIES": str(folder.parent)}
    with subprocess.Popen(command, cwd=folder, env=environment) as running:
        while True:
            try:
                return running.wait(_LOOK) < _NOT_SHOWN
            except subprocess.TimeoutExpired:
                if stop.is_set():
                    end_all(running.pid)
