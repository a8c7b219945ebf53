"""A real Pagure on loopback, in a folder of Debian that `make forge` fills; it ends when the test run does."""

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import Request, urlopen

_MAIN = Path(__file__).with_name("pagure_main.py")
_PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
_PATIENCE = 300  # seconds for an answer: each push runs three hooks, and a busy machine takes its time over them


@dataclass
class Pagure:
    """A running one: its address, the folder that it lives in, and the process that is asked to do things."""

    url: str
    home: Path
    process: subprocess.Popen[str]
    token: str = ""

    def do(self, what: str, **more: Any) -> Any:
        """Have done what only a person at Pagure's pages can do."""
        return _asked(self.process, json.dumps({"do": what, **more}))

    def call(self, path: str, /, **form: str) -> Any:
        """Ask Pagure's interface as its owner; with a form it is a POST."""
        content = urlencode(form).encode() if form else None
        asked = Request(f"{self.url}/api/0/{path}", content, {"Authorization": f"token {self.token}"})
        with urlopen(asked, timeout=_PATIENCE) as answer:
            return json.load(answer)

    def project(self, name: str) -> str:
        """Make a project with one commit on main; return its address."""
        self.call("new", name=name, description=name, default_branch="main")
        self.do("first_commit", project=name)
        return f"{self.url}/{name}.git"

    def pulls(self, project: str) -> list[dict[str, Any]]:
        """Return the pull requests of a project, the oldest first."""
        found: list[dict[str, Any]] = self.call(f"{project}/pull-requests?status=all")["requests"]
        return sorted(found, key=lambda one: int(one["id"]))

    def comments(self, project: str, number: int) -> list[str]:
        """Return what people said of a pull request."""
        found = self.call(f"{project}/pull-request/{number}")["comments"]
        return [one["comment"] for one in found if not one["notification"]]


def _asked(process: subprocess.Popen[str], line: str) -> Any:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(line + "\n")
    process.stdin.flush()
    answer = json.loads(process.stdout.readline())
    assert "failed" not in answer, answer["failed"]
    return answer["is"]


@contextmanager
def served(debian: Path) -> Iterator[Pagure]:
    """Run a Pagure that knows nothing yet; its folder goes with it."""
    home = Path(tempfile.mkdtemp(prefix="pagure-", dir=debian / "srv"))
    try:
        account = next(line.split(":") for line in (debian / "etc/passwd").open() if line.startswith("_pagure:"))
        shutil.copy(_MAIN, home)
        for path in (home, home / _MAIN.name):
            os.chown(path, int(account[2]), int(account[3]))
            path.chmod(0o755)
        with _started(debian, home) as process:
            assert process.stdout is not None
            told = process.stdout.readline()
            assert told, (home / "front.log").read_text()
            found = Pagure(json.loads(told)["url"], home, process)
            found.token = found.do("token", person="bot")
            yield found
    finally:
        shutil.rmtree(home, ignore_errors=True)


@contextmanager
def _started(debian: Path, home: Path) -> Iterator[subprocess.Popen[str]]:
    inside = f"/{home.relative_to(debian)}"
    command = ("chroot", str(debian), "/usr/bin/python3", f"{inside}/{_MAIN.name}", inside)
    with (home / "front.log").open("w") as log:
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True,
            env={"PATH": _PATH, "LC_ALL": "C.UTF-8"},
        )  # fmt: skip
    try:
        yield process
    finally:
        try:
            process.communicate(timeout=60)  # it ends when stdin does, and what it started with it
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
