"""Several targets on branches of one repository, far away: the remote is asked once where they are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests import programs
from tests.remote.proxy import Proxy, proxy
from tests.remote.servers import sshd, web
from tests.world import World

_BRANCHES = ("main", "one", "two")


@dataclass
class Far:
    """A remote with three branches behind a proxy; it says nothing while there is a file, and notes what it starts."""

    between: Proxy
    log: Path
    silent: Path

    def started(self) -> list[str]:
        """Return the programs that were started since we last looked."""
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        self.log.unlink(missing_ok=True)
        return [line.split(" ")[0] for line in lines]


def _three(world: World, url: str) -> None:
    world.entries = {f"on-{name}": f'{{url: "{url}", branch: {name}}}' for name in _BRANCHES}


def _make(world: World) -> None:
    bare = world.remote("api")
    for name in _BRANCHES[1:]:
        world.git(bare, "branch", name, "main")


@pytest.fixture
def far(world: World, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[Far]:
    home = tmp_path_factory.mktemp("ssh")
    log = home / "started"
    silent = home / "silent"
    noted = f'echo "$SSH_ORIGINAL_COMMAND" >>{log}; [ -e {silent} ] && exec sleep 20; eval "$SSH_ORIGINAL_COMMAND"'
    with sshd(home / "home", f"ForceCommand {noted}\n") as server, proxy(server.port) as between:
        server.knows(between.port)
        monkeypatch.setenv("GIT_SSH_COMMAND", server.command(between.port))
        _make(world)
        url = server.url.replace(str(server.port), str(between.port))
        _three(world, f"{url}{world.root}/api.git")
        yield Far(between, log, silent)


def _all(state: str) -> dict[str, str]:
    return {f"on-{name}": state for name in _BRANCHES}


def test_a_remote_is_asked_once_for_all_its_branches(world: World, far: Far) -> None:
    assert world.run("apply", "--yes", "--json").outcomes() == _all("pushed")
    far.started()
    for command in (("status", "--fetch", "--json"), ("plan", "--json")):
        assert world.run(*command).states() == _all("in-sync"), command
        assert far.started() == ["git-upload-pack"], command
    assert world.run("apply", "--yes", "--json").outcomes() == _all("unchanged")
    assert far.started() == ["git-upload-pack"]
    assert world.run("status", "--json").json["fetched_at"] is not None
    assert far.started() == []


def test_what_moved_is_seen_and_what_is_gone_is_told(world: World, far: Far) -> None:
    assert world.run("apply", "--yes").code == 0
    world.elsewhere("api", {"conf.txt": "theirs\n"})
    assert world.run("status", "--fetch", "--json").states() == {**_all("in-sync"), "on-main": "drift"}
    world.git("api.git", "branch", "-q", "-D", "two")
    targets = world.run("plan", "--json").json["targets"]
    assert [target["state"] for target in targets] == ["drift", "in-sync", "blocked"]
    assert targets[2]["reason"].startswith("the remote has no branch 'two'; it has 'main' (its default)")


def test_a_target_that_is_looked_at_in_full_asks_no_more(world: World, far: Far) -> None:
    assert world.run("apply", "--yes").code == 0
    world.head = "version: 1\nvars: {who: moon}\n"
    far.started()
    assert world.run("plan", "--json").states() == _all("pending")
    assert far.started() == ["git-upload-pack"]
    assert world.run("apply", "--yes", "--json").outcomes() == _all("pushed")
    assert {world.at("api", "conf.txt", name) for name in _BRANCHES} == {"hello moon\n"}


def test_a_remote_that_falls_silent_is_waited_for_once(world: World, far: Far) -> None:
    assert world.run("apply", "--yes").code == 0
    far.started()
    far.silent.touch()
    status = world.run("--timeout", "1", "status", "--fetch", "--json")
    assert (status.code, status.states()) == (1, _all("unreachable"))
    assert far.started() == ["git-upload-pack"]
    known = [target["commit"] for target in status.json["targets"]]
    assert known == [world.tip("api", name) for name in _BRANCHES]
    far.silent.unlink()
    assert world.run("status", "--fetch", "--json").states() == _all("in-sync")


def test_a_remote_that_breaks_off_once_is_asked_by_each_target(world: World, far: Far) -> None:
    assert world.run("apply", "--yes").code == 0
    far.between.arm("down", 0, "cut")
    states = world.run("status", "--fetch", "--json").states()
    assert list(states.values()).count("in-sync") >= 2, states


def test_a_web_server_is_asked_once_too(world: World, tmp_path_factory: pytest.TempPathFactory) -> None:
    home = tmp_path_factory.mktemp("web") / "home"
    with web(world.root, home) as port:
        _make(world)
        _three(world, f"http://pat:sesame@127.0.0.1:{port}/git/api.git")
        assert world.run("apply", "--yes", "--json").outcomes() == _all("pushed")
        with programs.git_commands() as ran:
            assert world.run("status", "--fetch", "--json").states() == _all("in-sync")
    assert ran.count("ls-remote") == 1


def test_a_remote_is_not_asked_again_for_a_checkout_that_is_not_as_upstream(world: World, far: Far) -> None:
    world.entries["on-main"] = world.entries["on-main"].replace("{url", "{path: here, url")
    assert world.run("apply", "--yes", "--json").outcomes() == _all("pushed")
    (world.root / "here/conf.txt").write_text("edited\n")
    far.started()
    states = world.run("status", "--fetch", "--json").states()
    assert states == {**_all("in-sync"), "on-main": "behind"}
    assert far.started() == ["git-upload-pack"]
