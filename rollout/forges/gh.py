"""GitHub's interface through `gh api`, which a person is logged in with: it knows the token, and we never see it.

Written by https://cli.github.com/manual/gh_api.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode, urlsplit

from msgspec import Struct

from rollout.forges.http import Request
from rollout.forges.tokens import gh_program
from rollout.forges.trouble import Failure, Trouble, of_status
from rollout.machine import waiting
from rollout.model.reviews import Forge

_STATUS = re.compile(r"\(HTTP (\d{3})\)")


class Gh(Struct, frozen=True):
    """gh, asked to carry requests to one host."""

    program: str
    host: str
    patience: float = 25.0

    def call(self, request: Request) -> Any:
        path = request.path.lstrip("/")
        if request.query:
            path += "?" + urlencode(request.query, doseq=True)
        said = _run(self, ("api", "--hostname", self.host, "--method", request.method, path), request.body)
        if said.returncode:
            status = _STATUS.search(said.stderr)
            if status:
                raise of_status(self.host, int(status[1]), said.stdout.encode())
            words = said.stderr.strip().splitlines() or [f"it exits with {said.returncode}"]
            raise Trouble(Failure.UNREACHABLE, f"gh: {words[-1]}")
        try:
            return json.loads(said.stdout) if said.stdout.strip() else None
        except ValueError as error:
            raise Trouble(Failure.BROKEN, f"gh answers for {self.host} with something that is not JSON") from error


def logged_in(forge: Forge) -> str | None:
    """Return the host that gh is logged in to for a forge, or None."""
    gh, host = gh_program(), urlsplit(forge.api or "").netloc.removeprefix("api.")
    return host if gh is not None and host and _is_logged_in(gh, host) else None


@lru_cache(maxsize=64)
def _is_logged_in(gh: str, host: str) -> bool:
    try:
        said = subprocess.run(
            [gh, "auth", "token", "--hostname", host],
            capture_output=True, timeout=10, check=False, stdin=subprocess.DEVNULL, env=_environment(),
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return False
    return said.returncode == 0 and bool(said.stdout.strip())


def _run(gh: Gh, words: tuple[str, ...], body: Any) -> subprocess.CompletedProcess[str]:
    stdin = None if body is None else json.dumps(body)
    command = [gh.program, *words, *(["--input", "-"] if stdin is not None else [])]
    try:
        with waiting.waiting():
            return subprocess.run(
                command, input=stdin or "", capture_output=True, text=True, timeout=2 * gh.patience, check=False,
                env=_environment(),
            )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise Trouble(Failure.UNREACHABLE, f"gh did not finish in time for {gh.host}") from error
    except OSError as error:
        raise Trouble(Failure.UNREACHABLE, f"gh cannot be run: {error.strerror}") from error


def _environment() -> dict[str, str]:
    return {**os.environ, "GH_PROMPT_DISABLED": "1", "GH_NO_UPDATE_NOTIFIER": "1", "NO_COLOR": "1", "GH_DEBUG": ""}
