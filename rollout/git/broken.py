"""Say in words why git does not run."""

from __future__ import annotations

import subprocess

from rollout.errors import RolloutError
from rollout.git.complaints import complaint, ending, wrong_setting
from rollout.git.environment import program

_PATIENCE = 10.0  # seconds that git may take to tell its version
_INSTALL = "install git 2.39 or newer"


def broken() -> RolloutError | None:
    """Return why git does not run, from running it once more; None if it runs."""
    git = program()
    try:
        done = subprocess.run(
            (git, "version"), cwd="/", capture_output=True, text=True, errors="replace", timeout=_PATIENCE, check=False
        )
    except subprocess.TimeoutExpired:
        return RolloutError(f"{git} cannot be run: it does not answer; {_INSTALL}")
    except OSError as error:
        return RolloutError(f"{git} cannot be run: {error.strerror}; {_INSTALL}")
    if done.returncode == 0:
        return None
    mistakes = [mistake for line in done.stderr.splitlines() if (mistake := wrong_setting(line.strip()))]
    words = complaint(done.stderr) or ending(done.returncode)
    return RolloutError(*mistakes) if mistakes else RolloutError(f"git cannot be run: {words}; mend it or {_INSTALL}")
