"""A forge beside the small world: the stand-in for GitHub's interface, whose reviews are a file of the world."""

from __future__ import annotations

import json
import sys
import threading
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.forges import servers
from tests.forges.github import TOKEN, Asked, GitHub, Reply, handler

__all__ = ["TOKEN", "LocalForge", "as_agit", "served"]
_PERSON = "/person/"


class LocalForge(GitHub):
    """What it knows is read before each answer and written after it, so that a copy of the world has its own."""

    @property
    def _file(self) -> Path:
        return self.bare.parent / "forge.json"

    def load(self) -> None:
        known = json.loads(self._file.read_text()) if self._file.exists() else {"pulls": {}, "comments": {}}
        self.pulls = {int(number): pull for number, pull in known["pulls"].items()}
        self.comments = {int(number): said for number, said in known["comments"].items()}

    def save(self) -> None:
        scratch = self._file.with_name("forge.part")
        scratch.write_text(json.dumps({"pulls": self.pulls, "comments": self.comments}))
        scratch.replace(self._file)

    def answer(self, asked: Asked) -> Reply:
        self.load()
        person = asked.path.startswith(_PERSON)
        reply = self._by_a_person(asked.path.removeprefix(_PERSON)) if person else super().answer(asked)
        self.save()
        return reply

    def _shown(self, number: int) -> dict[str, Any]:
        shown = super()._shown(number)
        self.pulls[number]["told"] = shown["head"]["sha"]
        return shown

    def _edit(self, asked: Asked, number: str) -> Reply:
        if asked.body and asked.body.get("state") == "closed":
            self.pulls[int(number)]["known"] = self.pulls[int(number)].get("told")
        return super()._edit(asked, number)

    def _by_a_person(self, act: str) -> Reply:
        """Do to the open review what a person does on its page."""
        number = next((number for number, pull in self.pulls.items() if pull["state"] == "open"), None)
        if number is None:
            return 404, {"message": "Not Found"}, {}
        self._shown(number)  # it knows its head from then on
        if act == "merge":
            self.merge(number)
        else:
            self.close(number, "pat")
        if act == "delete":
            self.git("update-ref", "-d", f"refs/heads/{self.pulls[number]['head']}")
        return 200, {}, {}


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Say nothing: whoever asked was killed."""


def served(bare: Path) -> LocalForge:
    """Serve the repository as a forge does, until this process ends."""
    forge = LocalForge(bare)
    server = _Server(("127.0.0.1", 0), handler(forge))
    forge.api = f"http://127.0.0.1:{server.server_port}/api/v3"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return forge


def as_agit(bare: Path) -> dict[str, str]:
    """Have a bare repository open reviews as Gitea does; return the settings that it needs.

    The forge is another machine: no call of its hook is one of the run.
    """
    hooks = bare / "hooks"
    hooks.mkdir(exist_ok=True)
    (hooks / "forge.py").write_text(servers.AGIT)
    (hooks / "proc-receive").write_text(
        f"#!/bin/sh\nunset LD_PRELOAD FAULT_FILE\nexec {sys.executable} hooks/forge.py\n"
    )
    (hooks / "proc-receive").chmod(0o755)
    return {"receive.procReceiveRefs": "refs/for", "receive.advertisePushOptions": "true"}


def reviews(live: Path) -> dict[str, dict[str, Any]]:
    """Return what the forge of a world has of reviews: for each its state, its branch, and nothing that varies."""
    if (live / "forge.json").exists():
        found = json.loads((live / "forge.json").read_text())["pulls"]
        return {number: {key: pull.get(key) for key in ("state", "head", "title", "body", "merged_at", "known")}
                for number, pull in found.items()}  # fmt: skip
    agit = live / "api.git/reviews.json"
    found = json.loads(agit.read_text()) if agit.exists() else {}
    return {number: {**review, "head": f"refs/pull/{number}/head"} for number, review in found.items()}


def person_does(port: int, act: str) -> str:
    """Return the shell words by which a person acts on the page of the open review."""
    asked = f"PUT {_PERSON}{act} HTTP/1.0\\r\\nContent-Length: 0\\r\\n\\r\\n"
    script = (
        f"import socket; s = socket.create_connection(('127.0.0.1', {port})); "
        f"s.sendall(b'{asked}'); raise SystemExit(b' 200 ' not in s.recv(99))"
    )
    return f'{sys.executable} -S -c "{script}"'
