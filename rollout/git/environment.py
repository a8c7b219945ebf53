"""The sealed environment and the options for every git that we run."""

from __future__ import annotations

import os
import re
import threading
from functools import cache
from pathlib import Path

from rollout.errors import RolloutError
from rollout.machine.processes import safe_path

# The variables of the person's environment that git may see. GIT_DIR, GIT_INDEX_FILE and the like would point a
# rollout that was started inside a hook at the wrong repository; GIT_TRACE* would print secrets.
_KEPT = re.compile(
    r"GIT_(CONFIG_(GLOBAL|SYSTEM|NOSYSTEM)|SSH|SSH_COMMAND|SSH_VARIANT|SSL_.*|PROXY_.*|EXEC_PATH"
    r"|(AUTHOR|COMMITTER)_(NAME|EMAIL))\Z"
)


ENVIRONMENT = {
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ASKPASS": "false",
    "SSH_ASKPASS": "false",
    "SSH_ASKPASS_REQUIRE": "never",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_LITERAL_PATHSPECS": "1",
    "GIT_PROTOCOL_FROM_USER": "0",
    "GIT_ALLOW_PROTOCOL": "file:git:http:https:ssh",
    "GIT_EDITOR": "false",
    "GIT_PAGER": "cat",
    "GIT_ATTR_NOSYSTEM": "1",
}


OTHER_SIDE = {name: value for name, value in ENVIRONMENT.items() if name != "GIT_NO_REPLACE_OBJECTS"}

# Everything that a repository's own configuration could make git run is switched off by name; -c beats every file.
OPTIONS = (
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.alternateRefsCommand=",
    "core.splitIndex=false",
    "core.untrackedCache=false",
    "diff.external=",
    "diff.orderFile=/dev/null",
    "log.showSignature=false",
    "gc.auto=0",
    "maintenance.auto=false",
    "submodule.recurse=false",
    "fetch.recurseSubmodules=false",
    "fetch.writeCommitGraph=false",
    "fetch.unpackLimit=1",
    "fetch.fsckObjects=false",
    "push.gpgSign=false",
    "push.followTags=false",
    "push.recurseSubmodules=no",
    "http.lowSpeedLimit=1",
    "http.followRedirects=false",
    "protocol.version=2",
    "advice.detachedHead=false",
)


withheld: dict[str, str] = {}  # what the person's environment says to git, and no git of ours is told
_withholding = threading.Lock()


def withhold() -> None:
    """Remove from this process's environment what must not reach git; a command does it before it starts threads."""
    with _withholding:
        for name in list(os.environ):
            if name.startswith("GIT_") and not _KEPT.match(name):
                withheld[name] = os.environ.pop(name)


def seal() -> None:
    """Have the environment that our git gets; GitPython passes it on."""
    withhold()
    # GitPython runs git once when it is imported: the one we found, and not what PATH has in the current folder.
    for name, value in (("GIT_PYTHON_GIT_EXECUTABLE", program()), ("GIT_PYTHON_REFRESH", "quiet")):
        if os.environ.get(name) != value:  # setenv(3) is not safe while another thread reads the environment
            os.environ[name] = value


@cache
def program() -> str:
    """Find git once, by absolute path: we must not run a `git` that lies in some work tree."""
    lying: Path | None = None
    for folder in safe_path().split(os.pathsep):
        candidate = Path(folder) / "git"
        if candidate.is_file():
            if os.access(candidate, os.X_OK):
                return str(candidate)
            lying = lying or candidate
    if lying is not None:
        raise RolloutError(f"{lying} is not executable: chmod +x it, or install git 2.39 or newer")
    raise RolloutError("git is not installed: install git 2.39 or newer")
