"""ssh as people use it: a real sshd, keys, host keys, and every way in which it says no or nothing."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from rollout.git.access import Access
from rollout.remote import contact, ssh
from rollout.remote.upstream import NoBranch, Remote, Unreachable
from rollout.store import fetch, heard, hold
from tests import programs
from tests.remote.proxy import proxy
from tests.remote.servers import Sshd, silent, sshd
from tests.world import World


@pytest.fixture
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    with sshd(tmp_path_factory.mktemp("ssh") / "home") as made:
        yield made


def serve(world: World, server: Sshd, port: int | None = None, name: str = "api") -> None:
    if not (world.root / f"{name}.git").exists():
        world.remote(name)
    url = server.url.replace(str(server.port), str(port or server.port))
    world.entries[name] = f'{{url: "{url}{world.root}/{name}.git"}}'


def refused(world: World) -> str:
    """Apply, expect the ssh target to be unreachable quickly and the other one done; return the reason."""
    world.bare_repo("web")
    started = time.monotonic()
    applied = world.run("apply", "--yes", "--json")
    assert time.monotonic() - started < 10
    assert (applied.code, applied.outcomes()) == (1, {"api": "failed", "web": "pushed"})
    assert world.log("api") == ["first"]
    return applied.reasons()["api"]


def test_a_rollout_over_ssh_reaches_upstream_and_a_checkout(
    world: World, server: Sshd, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_SSH_COMMAND", server.command())
    top = world.repo("api")
    world.git(top, "remote", "set-url", "origin", f"{server.url}{world.root}/api.git")
    world.elsewhere("api", {"big.txt": "more\n" * 1000})
    assert world.run("apply", "--yes", "--json").outcomes() == {"api": "pushed"}
    assert (top / "conf.txt").read_text() == "hello world\n"
    assert world.run("verify").code == 0
    assert world.run("status", "--json").states() == {"api": "in-sync"}


def test_the_ssh_command_of_the_global_configuration_is_used(world: World, server: Sshd) -> None:
    world.git(world.root, "config", "--global", "core.sshCommand", server.command())
    serve(world, server)
    assert world.run("apply", "--yes", "--json").outcomes() == {"api": "pushed"}


@pytest.mark.parametrize(
    ("known", "key", "said"),
    [
        ("nobody", "key", "Host key verification failed"),
        ("changed", "key", "has changed"),
        ("known", "stranger", "Permission denied"),
    ],
    ids=["unknown host key", "changed host key", "wrong key"],
)
def test_what_ssh_refuses_is_told_in_its_words_without_a_question(
    world: World, server: Sshd, monkeypatch: pytest.MonkeyPatch, known: str, key: str, said: str
) -> None:
    monkeypatch.setenv("GIT_SSH_COMMAND", server.command(known=known, key=key))
    serve(world, server)
    before = (server.home / known).read_text()
    assert said in refused(world)
    assert (server.home / known).read_text() == before


def test_a_repository_that_is_not_there_is_unreachable_with_the_servers_words(
    world: World, server: Sshd, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_SSH_COMMAND", server.command())
    serve(world, server)
    world.entries["api"] = world.entries["api"].replace("api.git", "gone.git")
    assert "does not appear to be a git repository" in refused(world)


def test_a_host_that_accepts_and_says_nothing_costs_the_time_limit_and_no_more(
    world: World, server: Sshd, monkeypatch: pytest.MonkeyPatch
) -> None:
    with silent() as port:
        monkeypatch.setenv("GIT_SSH_COMMAND", server.command(port))
        serve(world, server, port)
        started = time.monotonic()
        plan = world.run("--timeout", "1", "plan", "--json")
        assert time.monotonic() - started < 8
    assert (plan.code, plan.states()) == (1, {"api": "unreachable"})


def test_a_connection_that_goes_silent_after_the_login_costs_the_time_limit_and_no_more(
    world: World, server: Sshd, monkeypatch: pytest.MonkeyPatch
) -> None:
    with proxy(server.port) as between:
        server.knows(between.port)
        monkeypatch.setenv("GIT_SSH_COMMAND", server.command(between.port))
        serve(world, server, between.port)
        between.arm("down", 2100, "silence")
        started = time.monotonic()
        plan = world.run("--timeout", "2", "plan", "--json")
        assert time.monotonic() - started < 10
        assert between.struck
        assert plan.states() == {"api": "unreachable"}
        assert world.run("apply", "--yes", "--json").outcomes() == {"api": "pushed"}


def test_a_host_that_goes_silent_in_a_fetch_is_not_asked_once_more(
    world: World, server: Sshd, monkeypatch: pytest.MonkeyPatch
) -> None:
    bare = world.remote("api")
    with proxy(server.port) as between:
        server.knows(between.port)
        url = f"{server.url.replace(str(server.port), str(between.port))}{bare}"
        remote = Remote(url, "main", Access(server.command(between.port), patience=3.0))
        with hold.opened(world.root / "state", remote, "api") as store, ssh.sharing():
            fetch.commit(store, fetch.ask(store))
            deadline = time.monotonic() + 20
            while not contact.answers(remote.url, remote.access) and time.monotonic() < deadline:
                time.sleep(0.02)
            between.arm("down", 0, "silence")
            with programs.git_commands() as ran, pytest.raises(Unreachable):
                fetch.latest(store)
            assert ran == ["fetch"]


def test_what_is_done_on_one_host_shares_a_connection_and_none_is_left(
    world: World, server: Sshd, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = f"rollout-{os.getpid()}-"
    monkeypatch.setattr(ssh, "_FOLDER", folder)
    monkeypatch.setattr("tempfile.tempdir", "/tmp")
    Path("/tmp", f"{folder}{2**22}-left").mkdir()  # by a run that was killed
    with proxy(server.port) as between:
        server.knows(between.port)
        monkeypatch.setenv("GIT_SSH_COMMAND", server.command(between.port))
        names = [f"r{number}" for number in range(6)]
        for name in names:
            serve(world, server, between.port, name)
        applied = world.run("--jobs", "2", "apply", "--yes", "--json")
        assert applied.outcomes() == dict.fromkeys(names, "pushed")
        assert between.connections == 1
    assert list(Path("/tmp").glob(f"{folder}*")) == []


def test_a_persons_own_shared_connection_is_used_where_only_they_can_log_in(
    world: World, server: Sshd, monkeypatch: pytest.MonkeyPatch
) -> None:
    with TemporaryDirectory(prefix="r", dir="/tmp") as sockets:
        config = Path(sockets, "config")
        config.write_text(f"Host *\n  ControlPath {sockets}/s\n")
        own = server.command().replace("/dev/null", str(config), 1).split()
        subprocess.run([*own, "-f", "-N", "-M", server.url.split("//")[1].split(":")[0]], check=True)
        monkeypatch.setenv("GIT_SSH_COMMAND", server.command(key="stranger").replace("/dev/null", str(config), 1))
        for name in ("api", "web", "cli"):
            serve(world, server, name=name)
        try:
            applied = world.run("--jobs", "1", "apply", "--yes", "--json")
        finally:
            subprocess.run([*own, "-O", "exit", "127.0.0.1"], check=True, capture_output=True)
    assert applied.outcomes() == {"api": "pushed", "web": "pushed", "cli": "pushed"}


def test_a_host_that_limits_connections_gets_no_more_and_all_is_done(
    world: World, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    with sshd(tmp_path_factory.mktemp("ssh") / "home", "MaxStartups 2:100:2\nMaxSessions 1\n") as strict:
        monkeypatch.setenv("GIT_SSH_COMMAND", strict.command())
        names = [f"r{number}" for number in range(6)]
        for name in names:
            serve(world, strict, name=name)
        assert world.run("apply", "--yes", "--json").outcomes() == dict.fromkeys(names, "pushed")


def test_a_password_in_an_ssh_address_is_refused(world: World) -> None:
    world.entries["api"] = '{url: "ssh://pat:sesame@localhost/x.git"}'
    plan = world.run("plan")
    assert plan.code == 64
    assert "inventory.yaml:5: repos.api.url" in plan.err
    assert "has a password, which ssh does not take" in plan.err
    assert "sesame" not in plan.err


def test_a_host_that_has_answered_is_fetched_from_without_being_asked_first(
    world: World, server: Sshd, monkeypatch: pytest.MonkeyPatch
) -> None:
    bare = world.remote("api")
    remote = Remote(f"{server.url}{bare}", "main", Access(server.command()))
    with hold.opened(world.root / "state", remote, "api") as store, ssh.sharing():
        fetch.commit(store, fetch.ask(store))
        deadline = time.monotonic() + 20
        while not contact.answers(remote.url, remote.access) and time.monotonic() < deadline:
            time.sleep(0.02)
        assert contact.answers(remote.url, remote.access)
        world.elsewhere("api", {"more.txt": "more\n"})
        with programs.git_commands() as ran:
            assert fetch.latest(store) == heard.tip(store) == world.tip("api")
            assert fetch.latest(store) == world.tip("api")
            assert ran == ["fetch", "fetch"]
        world.git(bare, "update-ref", "-d", "refs/heads/main")
        with pytest.raises(NoBranch):
            fetch.latest(store)
        assert heard.absent(store)
