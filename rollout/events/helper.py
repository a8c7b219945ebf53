"""Check that the shell helper exists and defines the function that agents call."""

from __future__ import annotations

import subprocess
from pathlib import Path

LOADED = 'source "$1" >/dev/null && declare -F log_event >/dev/null'
SECONDS = 10


def faults_of(helper: Path) -> tuple[str, ...]:
    """Return what is wrong with the helper; nothing when bash can load it."""
    if not helper.is_file():
        return (f"there is no helper script {helper}",)
    command = ("bash", "--noprofile", "--norc", "-c", LOADED, "bash", str(helper.absolute()))
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=SECONDS)
    except (OSError, subprocess.TimeoutExpired) as error:
        return (f"bash could not load {helper}: {error}",)
    if done.returncode:
        return (f"{helper} does not define log_event {done.stderr.strip()}".rstrip(),)
    return ()
