"""The person who works in a test: the settings that their git has, and nothing of this machine."""

import os
from pathlib import Path

import pytest

GITCONFIG = """\
[user]
\tname = Pat Person
\temail = pat@example.org
[init]
\tdefaultBranch = main
[commit]
\tgpgsign = false
[protocol "file"]
\tallow = always
[gc]
\tauto = 0
[maintenance]
\tauto = false
[receive]
\tautogc = false
"""
_MACHINE = ("GIT_", "ROLLOUT_", "PG", "XDG_", "SSH_")
_TASTE = {"NO_COLOR", "FORCE_COLOR", "CLICOLOR", "INSTANCE_ID", "EDITOR", "PAGER"}


def seal(home: Path, patch: pytest.MonkeyPatch) -> None:
    """Give the person this home, and take away whatever of the machine could reach them."""
    for name in list(os.environ):
        if name.startswith(_MACHINE) or name in _TASTE:
            patch.delenv(name)
    (home / ".gitconfig").write_text(GITCONFIG)
    patch.setenv("HOME", str(home))
    patch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    patch.setenv("GIT_CONFIG_GLOBAL", str(home / ".gitconfig"))
    patch.setenv("ROLLOUT_STATE_DIR", str(home / "state"))
    patch.setenv("GIT_TERMINAL_PROMPT", "0")
    patch.setenv("LC_ALL", "C.UTF-8")
    patch.setenv("TZ", "UTC")
    patch.setenv("TERM", "dumb")
