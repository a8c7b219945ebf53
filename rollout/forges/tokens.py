"""Find the token for a forge: in the environment, from gh, or from git's credential helper. It is never stored."""

from __future__ import annotations

import os
import re
import subprocess
from functools import lru_cache
from pathlib import Path
from urllib.parse import urlsplit

from rollout.errors import GitError
from rollout.forges.facts import FACTS
from rollout.git.run import Git
from rollout.machine.processes import safe_path
from rollout.model.reviews import Forge, ForgeKind

_LIMIT = 10.0  # seconds for a helper to answer
_FORM = re.compile(r"[\x21-\x7e]+")


def token_for(forge: Forge) -> str | None:
    """Return the token for a forge's interface, or None if nobody is logged in."""
    if forge.api is None:
        return None
    host = urlsplit(forge.api).netloc
    return _of_environment(forge, host) or _of_helpers(forge.kind, host)


def missing(forge: Forge | None) -> str:
    """Return the variable in which a token for a forge is looked for; "" where none would help."""
    if forge is None or forge.api is None:
        return ""
    host = urlsplit(forge.api).netloc
    return next(iter(FACTS[forge.kind].tokens), _own(host))


def _own(host: str) -> str:
    return f"ROLLOUT_TOKEN_{re.sub(r'[^A-Z0-9]', '_', host.upper())}"


def _of_environment(forge: Forge, host: str) -> str | None:
    """Return the token from the environment: one that names the host, with its port or without, beats the others."""
    site = host.removeprefix("api.")
    hosts = (host, host.partition(":")[0], site, site.partition(":")[0])
    own = map(_own, hosts)
    values = (os.environ.get(name, "").strip() for name in (*own, *FACTS[forge.kind].tokens))
    return next((value for value in values if _FORM.fullmatch(value)), None)


@lru_cache(maxsize=256)
def _of_helpers(kind: ForgeKind, host: str) -> str | None:
    """Ask gh and git's credential helper, once in a run."""
    name = host.removeprefix("api.").partition(":")[0]
    if name in {"localhost", "127.0.0.1", "[", "[::1]"}:
        return None
    found = _gh_token(name) if kind is ForgeKind.GITHUB else None
    return found or _stored(host.removeprefix("api."), kind)


def _gh_token(host: str) -> str | None:
    gh = gh_program()
    if gh is None:
        return None
    try:
        said = subprocess.run(
            [gh, "auth", "token", "--hostname", host],
            capture_output=True, text=True, timeout=_LIMIT, check=False, stdin=subprocess.DEVNULL,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return None
    token = said.stdout.strip()
    return token if said.returncode == 0 and _FORM.fullmatch(token) else None


def _stored(host: str, kind: ForgeKind) -> str | None:
    """Return the token that the person's own credential helper has for a host; it never prompts."""
    asked = f"protocol=https\nhost={host}\n\n".encode()
    try:
        said = (
            Git().with_options("credential.interactive=false").attempt("credential", "fill", stdin=asked, limit=_LIMIT)
        )
    except GitError:
        return None
    words = dict(line.partition("=")[::2] for line in said.out.decode("utf-8", "replace").splitlines())
    token, user = words.get("password", ""), words.get("username", "")
    token = f"{user}:{token}" if FACTS[kind].with_user and user and token else token
    return token if said.code == 0 and _FORM.fullmatch(token) else None


def gh_program() -> str | None:
    """Find gh by absolute path: we must not run a `gh` from some work tree."""
    for folder in safe_path().split(os.pathsep):
        candidate = Path(folder) / "gh"
        if os.access(candidate, os.X_OK) and candidate.is_file():
            return str(candidate)
    return None
