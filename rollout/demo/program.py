"""The program as the demo runs it, and as it can be typed afterwards."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from pathlib import Path

_LAUNCHER = """\
#!/bin/sh
# rollout on the demo's inventory, with a home, a git identity and a state of its own.
for name in $(env | sed -n -E 's/^((ROLLOUT|GIT|XDG)_[A-Z_]*)=.*/\\1/p'); do unset "$name"; done
cd {folder} || exit
HOME={home}
GIT_CONFIG_NOSYSTEM=1
ROLLOUT_STATE_DIR={state}
ROLLOUT_HOSTNAME=odin3
export HOME GIT_CONFIG_NOSYSTEM ROLLOUT_STATE_DIR ROLLOUT_HOSTNAME
exec {python} -P -m rollout "$@"
"""


def write_launcher(folder: Path) -> Path:
    """Write a program `rollout` into the sandbox, which works from any place, and return it."""
    launcher = folder / "rollout"
    words = {"folder": folder, "home": folder / "home", "state": folder / "state", "python": sys.executable}
    launcher.write_text(_LAUNCHER.format_map({name: shlex.quote(str(value)) for name, value in words.items()}))
    launcher.chmod(0o755)
    return launcher


def typed(launcher: Path) -> str:
    """Return a launcher as it can be typed; where nothing may be executed from its place, the shell reads it."""
    words = [str(launcher)] if os.access(launcher, os.X_OK) else ["sh", str(launcher)]
    return shlex.join(words)


def this_program(called: Path) -> str:
    """Return how the program of this path can be typed: its name where the shell finds it, else its full path."""
    if called.name not in {"rollout", "git-rollout"} or not called.exists():
        return shlex.join([sys.executable, "-m", "rollout"])
    found = shutil.which(called.name)
    if found is not None and Path(found).samefile(called):
        return called.name
    return shlex.quote(str(called.absolute()))
