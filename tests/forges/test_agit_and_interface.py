"""A review that a push opens and whose words the forge's interface renews: Gitea, with AGit and a token."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tests.forges.asking import applied
from tests.forges.servers import as_forge, reviews
from tests.forges.test_by_push import carrier, team
from tests.world import World


class Gitea(ThreadingHTTPServer):
    """The interface of a Gitea that shows its one pull request, and changes it or not."""

    world: World
    allows = False
    asked: list[str]

    def pull(self) -> dict[str, Any]:
        said = reviews(self.world)["1"]
        side = {"ref": "refs/pull/1/head", "label": "rollout/team", "repo_id": 1}
        return {
            "number": 1, "html_url": "https://forge.example/team/api/pulls/1", "state": said["state"],
            "title": said["title"], "body": said["description"], "updated_at": "2026-02-03T15:20:00Z",
            "head": {**side, "sha": self.world.tip("api", carrier(self.world))}, "base": {"ref": "main", "repo_id": 1},
        }  # fmt: skip


class _Handler(BaseHTTPRequestHandler):
    server: Gitea

    def do_GET(self) -> None:
        path, _, query = self.path.partition("?")
        if path.endswith("/pulls"):
            there = (self.server.world.root / "api.git" / "reviews.json").exists()
            self._say(200, [self.server.pull()] if there and "state=open" in query and "page=1" in query else [])
        elif path.endswith("/status"):
            self._say(200, {"state": "", "total_count": 0})
        else:
            self._say(200, [] if path.endswith("/reviews") else self.server.pull())

    def do_PATCH(self) -> None:
        self.server.asked.append(self.path)
        self._say(*((200, self.server.pull()) if self.server.allows else (403, {"message": "token lacks scope"})))

    def _say(self, status: int, body: Any) -> None:
        said = json.dumps(body).encode()
        self.rfile.read(int(self.headers.get("content-length", 0)))
        self.send_response(status)
        self.send_header("content-length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def forge(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[Gitea]:
    team(world, "gitea")
    as_forge(world, "api", "gitea")
    monkeypatch.setenv("GITEA_TOKEN", "0123456789abcdef")
    with Gitea(("127.0.0.1", 0), _Handler) as server:
        server.world, server.asked = world, []
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        _say(server, "")
        yield server
        server.shutdown()


def _say(server: Gitea, more: str) -> None:
    where = f"{{kind: gitea, api: 'http://127.0.0.1:{server.server_port}/api/v1'}}"
    server.world.defaults = (
        f"defaults: {{templates: [project], deliver: review, forge: {where}}}\nreview: {{branch: team{more}}}\n"
    )


def test_words_that_the_interface_does_not_renew_are_one_targets_failure(world: World, forge: Gitea) -> None:
    assert applied(world)[:2] == (0, "proposed")
    world.entries["web"] = f"{{url: {world.bare_repo('web')}, deliver: push}}"
    _say(forge, ", title: 'Rules for {{ target.name }}'")
    ran = world.run("apply", "--yes", "--json")
    assert (ran.code, ran.outcomes()) == (3, {"api": "failed", "web": "pushed"}), ran.err
    assert "does not allow this token to do that" in ran.reasons()["api"]
    forge.allows = True
    assert applied(world)[:2] == (0, "proposed")
    assert len(forge.asked) == 2
