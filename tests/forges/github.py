"""A stand-in for GitHub's interface on loopback, bound to a real bare repository."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

TOKEN = "ghp_" + "0123456789abcdefghijABCDEFGHIJ012345"  # what the stand-in takes for somebody
Reply = tuple[int, Any, dict[str, str]]


@dataclass
class Asked:
    """One request as it came."""

    method: str
    path: str
    query: dict[str, list[str]]
    body: Any
    headers: dict[str, str]


@dataclass
class GitHub:
    """The forge: its repository, its pull requests, and all that it was asked."""

    bare: Path
    api: str = ""
    pulls: dict[int, dict[str, Any]] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    answers: list[tuple[int, Any]] = field(default_factory=list)
    comments: dict[int, list[str]] = field(default_factory=dict)
    further: dict[int, dict[str, Any]] = field(default_factory=dict)
    runs: list[dict[str, Any]] = field(default_factory=list)
    opinions: list[dict[str, Any]] = field(default_factory=list)
    token: str = TOKEN
    clean: bool = False  # nothing keeps a pull request from being merged at once
    trouble: Callable[[Asked], Reply | bytes | None] = lambda _asked: None
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def project(self) -> str:
        return "/".join((self.bare.parent.name, self.bare.name.removesuffix(".git")))

    def git(self, *words: str) -> str:
        done = subprocess.run(["git", *words], cwd=self.bare, capture_output=True, text=True, check=False)
        return done.stdout.strip() if done.returncode == 0 else ""

    def writes(self) -> list[str]:
        """Return what the forge was asked to change."""
        return [
            f"{one.method} {one.path.removeprefix(f'/repos/{self.project}')}"
            for one in self.asked
            if one.method != "GET"
        ]

    def close(self, number: int, by: str = "octocat") -> None:
        self.pulls[number] |= {"state": "closed", "closed_by": by}

    def merge(self, number: int) -> None:
        pull = self.pulls[number]
        main, head = self.git("rev-parse", pull["base"]), self.git("rev-parse", pull["head"])
        words = ("commit-tree", f"{head}^{{tree}}", "-p", main, "-p", head, "-m", f"Merge pull request #{number}")
        made = self.git("-c", "user.name=GitHub", "-c", "user.email=noreply@github.com", *words)
        self.git("update-ref", f"refs/heads/{pull['base']}", made)
        pull |= {"state": "closed", "merged_at": "2026-02-03T16:00:00Z"}

    def answer(self, asked: Asked) -> Reply:
        if asked.headers.get("authorization") not in {f"Bearer {self.token}", f"token {self.token}"}:
            return 401, {"message": "Bad credentials"}, {}
        if asked.path in {"/graphql", "/api/graphql"}:
            return self._graphql(asked)
        path = asked.path.removeprefix(f"/repos/{self.project}")
        if path == asked.path:
            return 404, {"message": "Not Found"}, {}
        for method, pattern, call in self._calls():
            found = re.fullmatch(pattern, path)
            if found and method == asked.method:
                return call(asked, *found.groups())
        return 404, {"message": "Not Found"}, {}

    def _calls(self) -> list[tuple[str, str, Callable[..., Reply]]]:
        return [
            ("GET", "", lambda _a: (200, {"allow_merge_commit": False, "allow_squash_merge": True}, {})),
            ("GET", "/pulls", self._list),
            ("POST", "/pulls", self._open),
            ("GET", r"/pulls/(\d+)", lambda _a, n: (200, self._shown(int(n)), {})),
            ("PATCH", r"/pulls/(\d+)", self._edit),
            ("PUT", r"/pulls/(\d+)/merge", self._merge),
            ("GET", r"/pulls/(\d+)/reviews", lambda _a, _n: (200, self.opinions, {})),
            ("POST", r"/pulls/(\d+)/requested_reviewers", self._note),
            ("GET", r"/issues/(\d+)", self._issue),
            ("POST", r"/issues/(\d+)/labels", self._label),
            ("POST", r"/issues/(\d+)/assignees", self._assign),
            ("POST", r"/issues/(\d+)/comments", self._comment),
            (
                "GET",
                r"/commits/(\w+)/check-runs",
                lambda _a, _c: (200, {"total_count": len(self.runs), "check_runs": self.runs}, {}),
            ),
            ("GET", r"/commits/(\w+)/status", lambda _a, _c: (200, {"state": "pending", "total_count": 0}, {})),
        ]

    def _graphql(self, asked: Asked) -> Reply:
        """Set a pull request to merge by itself, which GitHub refuses where nothing is left to wait for."""
        assert "enablePullRequestAutoMerge" in asked.body["query"]
        given = asked.body["variables"]
        if self.clean:
            return 200, {"data": None, "errors": [{"message": "Pull request is in clean status"}]}, {}
        self.pulls[int(given["id"].removeprefix("PR_"))]["auto_merge"] = given["method"]
        return 200, {"data": {"enablePullRequestAutoMerge": {"clientMutationId": None}}}, {}

    def _list(self, asked: Asked) -> Reply:
        owner, _, branch = asked.query["head"][0].partition(":")
        assert owner == self.project.partition("/")[0]
        found = [n for n, p in self.pulls.items() if p["head"] == branch and p["base"] == asked.query["base"][0]]
        return 200, [self._simple(number) for number in sorted(found, reverse=True)], {}

    def _simple(self, number: int) -> dict[str, Any]:
        """Return a pull request as it stands in lists, where nobody knows whether it can be merged."""
        return {key: value for key, value in self._shown(number).items() if key != "mergeable"}

    def _shown(self, number: int) -> dict[str, Any]:
        pull = self.pulls[number]
        sha = self.git("rev-parse", f"refs/heads/{pull['head']}") if pull["state"] == "open" else pull.get("sha", "")
        pull["sha"] = sha or pull.get("sha", "0" * 40)
        return {
            "number": number,
            "node_id": f"PR_{number}",
            "html_url": f"https://github.example/{self.project}/pull/{number}",
            "state": pull["state"],
            "title": pull["title"],
            "body": pull["body"],
            "head": {"ref": pull["head"], "sha": pull["sha"]},
            "base": {"ref": pull["base"]},
            "updated_at": "2026-02-03T15:30:00Z",
            "merged_at": pull.get("merged_at"),
            "mergeable": pull.get("mergeable", True),
            "draft": pull["draft"],
        }

    def _open(self, asked: Asked) -> Reply:
        body = asked.body
        if any(p["head"] == body["head"] and p["state"] == "open" for p in self.pulls.values()):
            errors = [
                {
                    "resource": "PullRequest",
                    "code": "custom",
                    "message": f"A pull request already exists for {body['head']}.",
                }
            ]
            return 422, {"message": "Validation Failed", "errors": errors}, {}
        if not self.git("rev-parse", "--verify", "-q", f"refs/heads/{body['head']}"):
            return 422, {"message": "Validation Failed", "errors": [{"field": "head", "code": "invalid"}]}, {}
        number = len(self.pulls) + 1
        self.pulls[number] = {**body, "state": "open"}
        return 201, self._shown(number), {}

    def _edit(self, asked: Asked, number: str) -> Reply:
        pull = self.pulls[int(number)]
        pull["sha"] = self._shown(int(number))["head"]["sha"]
        pull |= asked.body | ({"closed_by": "rollout"} if asked.body.get("state") == "closed" else {})
        return 200, self._shown(int(number)), {}

    def _merge(self, asked: Asked, number: str) -> Reply:
        if asked.body["sha"] != self._shown(int(number))["head"]["sha"]:
            return 409, {"message": "Head branch was modified. Review and try the merge again."}, {}
        self.merge(int(number))
        return 200, {"sha": "x", "merged": True, "message": "Pull Request successfully merged"}, {}

    def _issue(self, _asked: Asked, number: str) -> Reply:
        by = self.pulls[int(number)].get("closed_by")
        return 200, {"number": int(number), "closed_by": {"login": by} if by else None}, {}

    def _note(self, asked: Asked, number: str) -> Reply:
        self.further.setdefault(int(number), {}).update(asked.body)
        return 201, self._simple(int(number)), {}

    def _assign(self, asked: Asked, number: str) -> Reply:
        self.further.setdefault(int(number), {}).update(asked.body)
        return 201, {"number": int(number)}, {}

    def _label(self, asked: Asked, number: str) -> Reply:
        self.further.setdefault(int(number), {}).update(asked.body)
        return 200, [{"name": name} for name in asked.body["labels"]], {}

    def _comment(self, asked: Asked, number: str) -> Reply:
        self.comments.setdefault(int(number), []).append(asked.body["body"])
        return 201, {"id": 1, "body": asked.body["body"]}, {}


def handler(forge: GitHub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _do(self) -> None:
            parts = urlsplit(self.path)
            content = self._content()
            headers = {name.lower(): value for name, value in self.headers.items()}
            path = parts.path.removeprefix("/api/v3")
            asked = Asked(self.command, path, parse_qs(parts.query), json.loads(content) if content else None, headers)
            with forge.lock:
                forge.asked.append(asked)
                reply = forge.trouble(asked) or forge.answer(asked)
            if isinstance(reply, bytes):
                self.wfile.write(reply)
                self.close_connection = True
                return
            status, body, more = reply
            forge.answers.append((status, body))
            said = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response(status)
            for name, value in {"Content-Type": "application/json", "Content-Length": str(len(said)), **more}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(said)

        def _content(self) -> bytes:
            if self.headers.get("Transfer-Encoding") != "chunked":
                return self.rfile.read(int(self.headers.get("Content-Length", 0)))
            pieces = []
            while size := int(self.rfile.readline(), 16):
                pieces.append(self.rfile.read(size))
                self.rfile.readline()
            self.rfile.readline()
            return b"".join(pieces)

        do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = _do  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    return Handler


class _Socket(ThreadingHTTPServer):
    """A server on a socket of this machine, as `gh config set http_unix_socket` speaks to one."""

    address_family = socket.AF_UNIX

    def server_bind(self) -> None:
        self.socket.bind(self.server_address)
        self.server_name, self.server_port = "github.com", 80

    def get_request(self) -> tuple[socket.socket, tuple[str, int]]:
        found, _ = self.socket.accept()
        return found, ("gh", 0)


@contextmanager
def served_on(bare: Path, place: Path) -> Iterator[GitHub]:
    """Serve a repository as github.com does, on a socket."""
    forge = GitHub(bare, "https://api.github.com")
    server = _Socket(str(place), handler(forge))  # type: ignore[arg-type]  # a path and no host
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield forge
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def served(bare: Path) -> Iterator[GitHub]:
    """Serve a repository as GitHub does for the block."""
    forge = GitHub(bare)
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler(forge))
    server.daemon_threads = True
    forge.api = f"http://127.0.0.1:{server.server_port}/api/v3"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield forge
    finally:
        server.shutdown()
        server.server_close()
