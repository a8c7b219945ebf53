"""What is fetched over an open ssh connection is what git would have fetched; what is odd is left to git."""

from __future__ import annotations

import random
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rollout.errors import GitError
from rollout.remote import contact, packet_lines, upload_pack
from rollout.remote.upload_pack import Sender, Sent, Wants
from rollout.store import fetch, heard, hold
from tests import programs, upstream
from tests.first_rows import first_rows
from tests.remote.servers import Sshd
from tests.remote.test_sessions import (
    VERSION_0,
    VERSION_2,
    WAYS,
    lined,
    server,
)
from tests.remote.test_ssh import serve
from tests.world import World

pytestmark = pytest.mark.whole

__all__ = ["server"]


def _plain(world: World, bare: Path) -> None:
    world.elsewhere("api", {"NOTES.md": "theirs\n", "deep/down/there.txt": "x\n" * 50})


def _many(world: World, bare: Path) -> None:
    upstream.row(bare, [{f"n/{number}.txt": f"{number}\n", "README.md": f"hello {number}\n"} for number in range(8)])


def _managed(world: World, bare: Path) -> None:
    world.elsewhere("api", {"conf.txt": "theirs\n"})


def _rewritten(world: World, bare: Path) -> None:
    """Upstream goes back to its first commit, and on from there."""
    world.git(bare, "update-ref", "refs/heads/main", world.git(bare, "rev-list", "--max-parents=0", "main"))
    world.elsewhere("api", {"NOTES.md": "another way\n"})


def _back(world: World, bare: Path) -> None:
    world.git(bare, "update-ref", "refs/heads/main", "main^")


def _far_back(world: World, bare: Path) -> None:
    """To a commit of which nothing but its place in the history was fetched."""
    world.git(bare, "update-ref", "refs/heads/main", world.git(bare, "rev-list", "--max-parents=0", "main"))


def _merged(world: World, bare: Path) -> None:
    top = world.clone("api", "merging")
    world.git(top, "checkout", "-q", "-b", "side", "HEAD^")
    world.commit(top, {"side.txt": "side\n"}, push=False)
    world.git(top, "checkout", "-q", "main")
    world.git(top, "merge", "-q", "--no-edit", "side")
    world.git(top, "push", "-q", "origin", "main")


def _large(world: World, bare: Path) -> None:
    """More comes than is taken apart here, unless the server leaves out what is in files."""
    world.elsewhere("api", {"large.bin": random.Random(1).randbytes(2 << 20)})


def _gone(world: World, bare: Path) -> None:
    world.git(bare, "branch", "-m", "main", "trunk")


def _hidden(world: World, bare: Path) -> None:
    _plain(world, bare)
    world.git(bare, "config", "transfer.hideRefs", "refs/heads")


CASES: dict[str, Callable[[World, Path], None]] = {
    function.__name__[1:]: function
    for function in (_plain, _many, _managed, _rewritten, _back, _far_back, _merged, _large, _gone, _hidden)
}


BLOCKED = {"managed", "gone", "hidden"}


def _seen(
    tmp_path: Path, server: Sshd, way: str, case: str, form: str, allow: str
) -> tuple[tuple[Any, ...], list[str]]:
    """Apply, let others work, and plan, apply and verify; return what all that came to, and the commands of git."""
    world = World(tmp_path / way)
    world.root.mkdir()
    world.template("project/conf.txt", "conf\n")
    if form != "sha1":
        world.git(world.root, "config", "--global", "init.defaultObjectFormat", form)
    bare = world.remote("api")
    _many(world, bare)
    world.git(bare, "config", "uploadpack.allowFilter", allow)
    serve(world, server)
    if way == "git":  # which alone knows what such a setting does to an address
        world.git(world.root, "config", "--global", "url.ssh://nowhere/.insteadOf", "nowhere:")
    first = world.run("apply", "--yes", "--json")
    assert first.outcomes() == {"api": "pushed"}
    CASES[case](world, bare)
    world.template("project/more.txt", "more\n")
    with programs.git_commands() as ran:
        planned = world.run("plan", "--json")
    applied = world.run("apply", "--yes", "--json")
    world.git(world.root, "config", "--global", "--remove-section", "url.ssh://nowhere/", ok=False)
    tree = world.git(bare, "ls-tree", "-r", "HEAD", ok=False)
    after = world.run("status", "--json").states()
    _is_sound(world)
    reasons = [_anybody(target["reason"]) for target in planned.json["targets"]]
    outcomes = {name: _anybody(reason) for name, reason in applied.reasons().items()}
    return (planned.states(), reasons, applied.outcomes(), outcomes, tree, after), ran


def _anybody(reason: str) -> str:
    """Leave out who made a change: the ids differ, and a store without the commit knows nobody."""
    return re.sub(r"changed by [^;]* in [0-9a-f]{7} \([^)]*\)|others changed it", "changed", reason)


def _is_sound(world: World) -> None:
    for store in (world.root / "state" / "workshops").glob("*/config"):
        subprocess.run(
            ["git", f"--git-dir={store.parent}", "fsck", "--strict", "--no-dangling"], check=True, capture_output=True
        )


# One of each kind of answer; that others of the same kind are answered so, too, is for `make test-long`.
_KINDS = [
    *((VERSION_2, case, "true") for case in ("managed", "far_back", "large", "gone")),
    (VERSION_0, "far_back", "true"),
]
_MORE = [
    *((VERSION_2, case, "true") for case in ("plain", "many", "back", "merged", "hidden", "rewritten")),
    *((VERSION_2, case, "false") for case in ("managed", "large")),
    *((VERSION_0, case, "true") for case in ("managed", "large", "gone")),
    *((VERSION_0, case, "false") for case in ("many", "managed")),
]


@pytest.mark.parametrize(
    ("server", "case", "allow"),
    [*_KINDS, *(pytest.param(*one, marks=pytest.mark.long) for one in _MORE)],
    indirect=["server"],
)
def test_both_ways_see_and_do_the_same(
    tmp_path: Path, server: Sshd, case: str, allow: str, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    version_0 = request.node.callspec.params["server"] == VERSION_0
    monkeypatch.setenv("GIT_SSH_COMMAND", server.command())
    said, by_git = (_seen(tmp_path, server, way, case, "sha1", allow) for way in WAYS)
    assert said[0] == by_git[0]
    assert said[0][2] == {"api": "blocked" if case in BLOCKED else "pushed"}
    assert "fetch" in by_git[1]
    all_is_sent = allow == "false" or version_0
    assert ("fetch" in said[1]) == (case in {"gone", "hidden", "far_back"} or (case == "large" and all_is_sent))


def test_it_is_told_which_protocol_we_know(world: World, server: Sshd, request: pytest.FixtureRequest) -> None:
    bare = world.remote("api")
    with (
        lined(world, server, str(bare)) as remote,
        contact.session(remote.url, remote.access, "git-upload-pack", upload_pack.ENVIRONMENT, 20.0) as session,
    ):
        assert session is not None
        assert (b"version 2" in session.hear()) == ("version 2" in request.node.name)


@pytest.mark.parametrize("server", [VERSION_2], indirect=True)
def test_ids_may_be_longer(tmp_path: Path, server: Sshd, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_SSH_COMMAND", server.command())
    said, by_git = (_seen(tmp_path, server, way, "many", "sha256", "true") for way in WAYS)
    assert said[0] == by_git[0]
    assert "fetch" not in said[1]


@first_rows(1, "where", ["upstream is shallow", "first contact"])
def test_commits_without_their_parents_are_known_as_such(
    world: World, server: Sshd, where: str, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    monkeypatch.setenv("GIT_SSH_COMMAND", server.command())
    bare = world.remote("api")
    for number in range(3):
        world.elsewhere("api", {"NOTES.md": f"{number}\n"})
    if where == "upstream is shallow":
        bare.rename(world.root / "whole.git")
        world.git(world.root, "clone", "-q", "--bare", "--depth=1", f"file://{world.root}/whole.git", str(bare))
    by_git = where == "upstream is shallow" and "version 0" in request.node.name
    with (
        lined(world, server, str(bare)) as remote,
        hold.opened(world.root / "state", remote, "api") as store,
        programs.git_commands() as ran,
    ):
        assert fetch.latest(store) == world.tip("api")
        assert ("fetch" in ran) == by_git
        first = world.tip("api")
        assert (store.place / "shallow").read_text().split() == [first]
        del ran[:]
        world.elsewhere("api", {"NOTES.md": "more\n"})
        assert fetch.latest(store) == world.tip("api")
        assert ("fetch" in ran) == by_git
        assert (store.place / "shallow").read_text().split() == [first]
    _is_sound(world)
    serve(world, server)
    assert world.run("apply", "--yes", "--json").outcomes() == {"api": "pushed"}


@first_rows(1, "damage", ["cut off", "another commit"])
def test_what_is_not_whole_is_not_kept(
    world: World, server: Sshd, damage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server's git is one that sends something else than what was asked for."""
    monkeypatch.setenv("GIT_SSH_COMMAND", server.command())
    bare = world.remote("api")
    serve(world, server)
    assert world.run("apply", "--yes", "--json").outcomes() == {"api": "pushed"}
    world.elsewhere("api", {"deep/NOTES.md": "theirs\n"})
    words = {
        "cut off": "head -c -30",
        "another commit": "git rev-parse main^ | git pack-objects --revs --stdout -q",
    }[damage]
    instead = world.root / "instead"
    instead.write_text("#!/bin/sh\n" + (f'"$@" | {words}' if damage == "cut off" else f"cat >&2; {words}") + "\n")
    instead.chmod(0o755)
    settings = server.home / ".gitconfig"
    settings.write_text(f"[uploadpack]\n\tpackObjectsHook = {instead}\n")
    try:
        with lined(world, server, str(bare)) as remote, hold.opened(world.root / "state", remote, "api") as store:
            before = heard.tip(store)
            with pytest.raises(GitError):
                fetch.latest(store)
            assert heard.tip(store) == before
    finally:
        settings.unlink()
    assert world.run("plan", "--json").states() == {"api": "in-sync"}
    _is_sound(world)


class Far:
    """A server that says what it is told to, whatever it is asked."""

    def __init__(self, *sections: bytes) -> None:
        self._words = b"".join(sections)

    def hear(self) -> bytes:
        words, self._words = self._words, b""
        return words

    def say(self, words: bytes) -> None:
        """Hear it, and go on."""


def _words(*lines: str) -> bytes:
    return b"".join(packet_lines.line(f"{line}\n") for line in lines)


_SPEAKS_2 = _words("version 2", "fetch=shallow filter", "object-format=sha1")

_ID = "1" * 40


@pytest.mark.parametrize(
    ("wanted", "sections"),
    [
        (Wants((_ID,)), [_words("packfile"), b"0007\3no", b"0000"]),
        (Wants((_ID,)), [_words("packfile"), b"0009\1PACK"]),
        (Wants((_ID,)), [_words("ERR upload-pack: not our ref")]),
        (Wants((_ID,)), [_words("shallow-info", f"shallow {_ID}"), b"0001", _words("packfile")]),
        (Wants((_ID,)), [b"Welcome"]),
        (Wants((_ID,)), []),
        (Wants((_ID,), alone=True), [_words("shallow-info", f"shallow {'2' * 40}"), b"0001", _words("packfile")]),
        (Wants((_ID,), alone=True), [_words("shallow-info", f"unshallow {_ID}"), b"0001", _words("packfile")]),
        (Wants((_ID,), alone=True), [_words("shallow-info", *[f"shallow {_ID}"] * 9)]),
        (Wants((_ID,), (), (_ID,)), [_words("shallow-info", f"shallow {_ID}"), b"0001", _words("packfile")]),
    ],
)
def test_what_nobody_expects_is_left_to_git(wanted: Wants, sections: list[bytes]) -> None:
    assert Sender(Far(_SPEAKS_2, b"0000", *sections)).sent(wanted) is None  # type: ignore[arg-type]


def test_what_is_expected_is_taken() -> None:
    pack = [_words("packfile"), b"0007\2hm", b"0009\1PACK", b"0005\1", b"0006\1!", b"0000"]
    cut = [_words("shallow-info", f"shallow {_ID}"), b"0001"]
    found = [
        Sender(Far(_SPEAKS_2, b"0000", *before, *pack)).sent(wanted)  # type: ignore[arg-type]
        for wanted, before in [
            (Wants((_ID,)), []),
            (Wants((_ID,), alone=True), cut),
            (Wants((_ID,), (_ID,), (_ID,)), [_words("shallow-info"), b"0001"]),
        ]
    ]
    assert found == [Sent(b"PACK!"), Sent(b"PACK!", (_ID,)), Sent(b"PACK!")]
