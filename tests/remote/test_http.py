"""http and https as people use them: passwords, redirects, servers that say no, nothing, or too much."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from rollout.remote import contact
from tests import programs
from tests.remote.proxy import proxy
from tests.remote.servers import rogue, silent, web
from tests.remote.watch import everything_below, watched
from tests.world import World

TOKEN = "s3same-0pen-t0ken"


@pytest.fixture
def server(world: World, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """A web server that gives the world's repositories to one person with a password."""
    with web(world.root, tmp_path_factory.mktemp("web") / "home", password=TOKEN) as port:
        yield port


def serve(world: World, port: int, name: str = "api", *, login: str = f"pat:{TOKEN}@") -> None:
    if not (world.root / f"{name}.git").exists():
        world.remote(name)
    world.entries[name] = f'{{url: "http://{login}127.0.0.1:{port}/git/{name}.git"}}'


def test_a_password_in_an_address_reaches_the_server_and_nobody_else(
    world: World, server: int, sealed: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    stored = tmp_path_factory.mktemp("stored") / "credentials"
    world.git(world.root, "config", "--global", "credential.helper", f"store --file={stored}")
    serve(world, server)
    with watched() as seen, programs.git_commands() as commands:
        ran = [
            world.run("plan", "--out", "saved.json", "-v"),
            world.run("apply", "saved.json", "--yes", "--json"),
            world.run("status", "--fetch", "--json"),
            world.run("verify"),
            world.run("history", "--json"),
        ]
    assert [one.code for one in ran] == [0] * 5
    assert world.at("api", "conf.txt") == "hello world\n"
    assert "ls-remote" in commands
    places = [
        *((f"output of command {number}", one.out + one.err) for number, one in enumerate(ran)),
        *(("a command line", line) for line in seen.lines),
        *((str(path), text) for path, text in everything_below(sealed, world.root / "saved.json")),
    ]
    assert [place for place, text in places if TOKEN in text] == []
    assert not stored.exists()


def test_a_clone_that_is_made_does_not_remember_the_password(world: World, server: int) -> None:
    serve(world, server)
    world.entries["api"] = world.entries["api"].replace("{url", "{path: api, url")
    assert world.run("apply", "--yes").code == 0
    assert (world.root / "api/conf.txt").read_text() == "hello world\n"
    assert TOKEN not in (world.root / "api/.git/config").read_text()


def test_the_persons_own_credential_helper_is_asked(world: World, server: int) -> None:
    world.git(world.root, "config", "--global", "credential.helper", f"!printf 'username=pat\\npassword={TOKEN}\\n' #")
    serve(world, server, login="")
    assert world.run("apply", "--yes", "--json").outcomes() == {"api": "pushed"}


@pytest.mark.parametrize("login", ["", "pat:wrong@", "pat@"])
def test_a_server_that_wants_a_password_is_unreachable_and_nobody_is_asked(
    world: World, server: int, login: str
) -> None:
    serve(world, server, login=login)
    world.bare_repo("web")
    started = time.monotonic()
    applied = world.run("apply", "--yes", "--json")
    assert time.monotonic() - started < 10
    assert (applied.code, applied.outcomes()) == (1, {"api": "failed", "web": "pushed"})
    reason = applied.reasons()["api"]
    assert reason.startswith("unreachable: ")
    assert "wants a user name and password" in reason or "Authentication failed" in reason
    assert world.run("plan", "--json").states() == {"api": "unreachable", "web": "in-sync"}


def test_a_server_that_throttles_is_asked_again_and_then_told_in_its_words(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contact, "_PAUSE", 0.01)
    with rogue(429, {}) as server:
        world.entries["api"] = f'{{url: "http://127.0.0.1:{server.port}/api.git"}}'
        plan = world.run("plan", "--json")
    assert (plan.code, plan.states()) == (1, {"api": "unreachable"})
    assert "429" in plan.json["targets"][0]["reason"]
    assert len(server.requests) == 5


@pytest.mark.parametrize("page", [b"", b"<html><body>Log in</body></html>", b"<html>\n<body>Log in</body>\n</html>\n"])
def test_a_page_to_log_in_at_is_no_repository_without_the_branch(world: World, page: bytes) -> None:
    with rogue(200, {"Content-Type": "text/html"}, page) as server:
        world.entries["api"] = f'{{url: "http://127.0.0.1:{server.port}/api.git"}}'
        plan = world.run("plan", "--json")
    assert (plan.code, plan.states()) == (1, {"api": "unreachable"})
    reason = plan.json["targets"][0]["reason"]
    assert "not served by git" in reason or "is this a git repository?" in reason


def test_a_redirect_to_another_host_is_not_followed(world: World) -> None:
    world.remote("api")
    with ExitStack() as servers:
        other = servers.enter_context(rogue(200, {}, b"# never asked"))
        elsewhere = f"http://127.0.0.1:{other.port}/git/api.git/info/refs"
        first = servers.enter_context(rogue(302, {"Location": elsewhere}))
        serve(world, first.port)
        plan = world.run("plan", "--json")
    assert plan.states() == {"api": "unreachable"}
    assert first.requests
    assert other.requests == []
    assert TOKEN not in plan.out + plan.err


def test_a_server_that_accepts_and_says_nothing_costs_the_time_limit_and_no_more(world: World) -> None:
    world.bare_repo("web")
    with silent() as port:
        serve(world, port)
        started = time.monotonic()
        plan = world.run("--timeout", "1", "plan", "--json")
        took = time.monotonic() - started
    assert 0.9 < took < 8
    assert plan.code == 1
    assert plan.states() == {"api": "unreachable", "web": "pending"}
    reasons = {target["name"]: target["reason"] for target in plan.json["targets"]}
    assert "time limit" in reasons["api"] or "too slow" in reasons["api"]


def test_a_closed_port_is_told_at_once(world: World) -> None:
    with silent() as port:
        pass
    serve(world, port)
    started = time.monotonic()
    status = world.run("status", "--fetch", "--json")
    assert (status.code, status.states()) == (1, {"api": "unreachable"})
    assert time.monotonic() - started < 5


def test_a_server_that_goes_silent_during_the_push_leaves_an_unknown_outcome_that_the_next_run_settles(
    world: World, server: int
) -> None:
    with proxy(server) as between:
        serve(world, between.port)
        assert world.run("plan").code == 0
        between.arm("up", 2500, "silence")
        applied = world.run("--timeout", "0.5", "apply", "--yes", "--json")
        assert between.struck
        (outcome,) = applied.outcomes().values()
        assert outcome in {"failed", "unknown"}
        again = world.run("apply", "--yes", "--json")
    assert again.outcomes() in ({"api": "pushed"}, {"api": "unchanged"})
    assert world.log("api") == ["Roll out conf.txt", "first"]


def test_pushing_without_permission_keeps_the_commit_ready_to_push(world: World, server: int) -> None:
    serve(world, server)
    world.git("api.git", "config", "http.receivepack", "false")
    world.bare_repo("web")
    applied = world.run("apply", "--yes", "--json")
    assert applied.code == 3
    assert applied.outcomes()["web"] == "pushed"
    assert applied.outcomes()["api"] in {"failed", "rejected"}
    assert "403" in applied.reasons()["api"]
    assert world.run("status", "--json").states()["api"] == "ready-to-push"
    world.git("api.git", "config", "--unset", "http.receivepack")
    assert world.run("push", "--yes", "--json").outcomes()["api"] == "pushed"
    assert world.log("api") == ["Roll out conf.txt", "first"]


def test_a_password_that_cannot_be_told_from_the_address_is_refused_without_showing_it(world: World) -> None:
    for login in (f"pat:{TOKEN}#x@", f"pat:{TOKEN}?x@", f"pat:a@{TOKEN}@", f"pat:{TOKEN}%0Ahost=evil@"):
        serve(world, 1, login=login)
        with watched() as seen:
            plan = world.run("plan")
        assert plan.code == 64, login
        assert "percent-encoded" in plan.err or "control character" in plan.err
        assert TOKEN not in plan.out + plan.err + "".join(seen.lines)


def test_the_scheme_may_be_written_in_any_case(world: World, server: int) -> None:
    serve(world, server)
    world.entries["api"] = world.entries["api"].replace("http://", "HTTP://")
    with watched() as seen:
        plan = world.run("plan", "--json")
    assert plan.states() == {"api": "pending"}
    assert not [line for line in seen.lines if TOKEN in line]


def test_a_proxy_of_the_environment_is_used_and_may_fail(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    with silent() as port:
        pass
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{port}")
    serve(world, 9)
    assert world.run("plan", "--json").states() == {"api": "unreachable"}


def test_a_trace_that_the_environment_asks_for_is_not_made(
    world: World, server: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    serve(world, server)
    for name in ("GIT_TRACE", "GIT_TRACE_CURL", "GIT_CURL_VERBOSE", "GIT_TRACE_PACKET", "GIT_TRACE2_EVENT"):
        monkeypatch.setenv(name, str(tmp_path / "trace"))
    plan = world.run("plan", "--json")
    assert plan.states() == {"api": "pending"}
    assert not (tmp_path / "trace").exists()
