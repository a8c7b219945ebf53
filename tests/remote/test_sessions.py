"""What is said to a host over an open ssh connection has the outcome, words and effects of what git would have said."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from rollout.git.access import Access
from rollout.git.run import Git
from rollout.remote import contact, packet_lines, receive_pack, ssh, ssh_session, upload_pack
from rollout.remote.receive_pack import Update
from rollout.remote.upload_pack import Sender
from rollout.remote.upstream import NoBranch, Remote, ask
from rollout.safety import addresses
from rollout.store import hold, push
from tests import programs
from tests.first_rows import first_rows
from tests.remote.conftest import Served
from tests.remote.servers import Sshd
from tests.remote.test_push import hook
from tests.remote.test_receive_pack import came_to, prepared
from tests.remote.test_ssh import serve
from tests.world import World

pytestmark = pytest.mark.whole

WAYS = ("said", "git")

NOBODY = "0" * 40

VERSION_0, VERSION_2 = "", "AcceptEnv GIT_PROTOCOL\n"


@pytest.fixture(params=[VERSION_0, VERSION_2], ids=["version 0", "version 2"])
def server(request: pytest.FixtureRequest, served: Served) -> Sshd:
    return served(request.param)


@contextmanager
def lined(world: World, server: Sshd, path: str) -> Iterator[Remote]:
    """Give a remote to whose host a connection is open."""
    remote = Remote(f"{server.url}{path}", "main", Access(server.command()), literal=True)
    with ssh.sharing():
        contact.run(Git(), remote.url, remote.access, "ls-remote", remote.url)
        assert contact.answers(remote.url, remote.access)
        yield remote


def _applied(tmp_path: Path, server: Sshd, way: str, prepare: str) -> tuple[str, str, list[str], str, list[str]]:
    world = World(tmp_path / way)
    world.root.mkdir()
    world.template("project/conf.txt", "conf\n")
    bare = world.remote("api")
    serve(world, server)
    if way == "git":  # which alone knows what such a setting does to an address
        world.git(world.root, "config", "--global", "url.ssh://nowhere/.insteadOf", "nowhere:")
    prepared(world, bare, prepare)
    with programs.git_commands() as ran:
        applied = world.run("apply", "--yes", "--json")
    world.git(world.root, "config", "--global", "--remove-section", "url.ssh://nowhere/", ok=False)
    return *came_to(world, applied), ran


_PREPARED = [
    "",
    "pre-receive: echo 'ask Kim' >&2; echo on stdout; exit 1",
    'update: echo "$1 is closed" >&2; exit 1',
    "post-receive: echo thanks; exit 3",
    "pre-receive: kill -9 $PPID",
    "pre-receive: cut -d' ' -f3 >$OUT; env | grep '^GIT_C' | sort >>$OUT; true",
    "config: receive.denyUpdates true",
    "config: receive.fsckObjects true",
    "config: receive.maxInputSize 10",
    "lock: refs/heads/main.lock",
]
# A push is said in the same words in both versions; that all of it is so is for `make test-long`.
_VERSION_0 = _PREPARED[:2]
_MUCH = pytest.mark.parametrize(
    "server",
    [VERSION_2, pytest.param(VERSION_0, marks=pytest.mark.long)],
    ids=["version 2", "version 0"],
    indirect=True,
)


@first_rows(
    7,
    ("server", "prepare"),
    [
        *((VERSION_2, prepare) for prepare in _PREPARED),
        *((VERSION_0, prepare) for prepare in _VERSION_0),
        *(pytest.param(VERSION_0, prepare, marks=pytest.mark.long) for prepare in _PREPARED[2:]),
    ],
    indirect=["server"],
)
def test_both_ways_have_the_same_outcome_words_and_effects(
    tmp_path: Path, server: Sshd, prepare: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_SSH_COMMAND", server.command())
    said, by_git = (_applied(tmp_path, server, way, prepare) for way in WAYS)
    assert said[0] == by_git[0]
    assert said[2:4] == by_git[2:4]
    if said[0] == "rejected":
        assert said[1] == by_git[1]
    assert "push" in by_git[4]
    assert "push" not in said[4]
    assert said[4].count("ls-remote") < by_git[4].count("ls-remote")


@_MUCH
def test_a_hook_that_says_megabytes_in_one_line_takes_neither_memory_nor_minutes(
    world: World, server: Sshd, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_SSH_COMMAND", server.command())
    world.remote("api")
    serve(world, server)
    hook(world, "pre-receive", "echo first words >&2; head -c 30000000 /dev/zero | tr '\\0' x >&2; echo >&2; exit 1")
    applied = world.run("apply", "--yes", "--json")
    assert applied.outcomes() == {"api": "rejected"}
    assert len(applied.reasons()["api"]) < 5000
    assert "first words" in applied.reasons()["api"]


@first_rows(3, "name", ["with space", "it's", "now!", "~tilde", "ümlaut", "a$b`c"])
def test_a_path_is_named_to_the_host_as_git_names_it(world: World, server: Sshd, name: str) -> None:
    (world.root / name).mkdir()
    bare = world.remote(f"{name}/api")
    with lined(world, server, str(bare)) as remote:
        with contact.session(remote.url, remote.access, "git-upload-pack", upload_pack.ENVIRONMENT, 20.0) as session:
            assert session is not None
            assert Sender(session).tip(remote.ref) == world.git(bare, "rev-parse", "main")
        with contact.session(remote.url, remote.access, "git-upload-pack", upload_pack.ENVIRONMENT, 20.0) as session:
            assert session is not None
            assert Sender(session).tip("refs/heads/none") is None
        with pytest.raises(NoBranch):
            ask(Remote(remote.url, "none", remote.access, literal=True))


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("ssh://pat@host:22/srv/x.git", "/srv/x.git"),
        ("ssh://host/~pat/x.git", "~pat/x.git"),
        ("pat@host:x.git", "x.git"),
        ("host:/srv/x.git", "/srv/x.git"),
        ("host:~/x.git", "~/x.git"),
        ("ssh://host/a%20b", None),
        ("ssh://host/", None),
        ("ssh://host", None),
        ("host:-x", None),
        ("[host:22]:x.git", None),
        ("https://host/x.git", None),
        ("/srv/x.git", None),
    ],
)
def test_which_path_an_address_names(url: str, path: str | None) -> None:
    assert addresses.ssh_path(url) == path


def test_a_lease_that_does_not_hold_is_left_to_git(world: World, server: Sshd) -> None:
    bare = world.remote("api")
    theirs = world.tip("api")
    with (
        lined(world, server, str(bare)) as remote,
        contact.session(remote.url, remote.access, "git-receive-pack", {}, 20.0) as session,
    ):
        assert session is not None
        assert receive_pack.push_far(session, Update(remote.ref, NOBODY, theirs, b"")) is None
    assert world.tip("api") == theirs


def test_somebody_who_pushes_in_between_is_not_overwritten(
    world: World, server: Sshd, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The receiver is told what the branch must be at: a hook moves it before ours is looked at."""
    monkeypatch.setenv("GIT_SSH_COMMAND", server.command())
    bare = world.remote("api")
    serve(world, server)
    first = world.tip("api")
    world.elsewhere("api", {"NOTES.md": "theirs\n"})
    theirs = world.tip("api")
    world.git(bare, "update-ref", "refs/heads/main", first)
    hook(
        world,
        "pre-receive",
        f"unset GIT_QUARANTINE_PATH; test -e raced || git update-ref refs/heads/main {theirs} {first}; : >raced",
    )
    assert world.run("apply", "--yes", "--json").outcomes() == {"api": "pushed"}
    assert world.git(bare, "rev-parse", "main^") == theirs
    assert world.git(bare, "fsck", "--strict", "--no-dangling") == ""


@_MUCH
@pytest.mark.long  # as without a session
def test_it_arrives_whole_also_where_ids_are_longer_and_there_is_much(
    world: World, server: Sshd, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_SSH_COMMAND", server.command())
    bare = world.root / "api.git"
    for form in (("--bare", str(bare)), ("first",)):
        world.git(world.root, "init", "-q", "--object-format=sha256", "--initial-branch=main", *form)
    world.git("first", "remote", "add", "origin", str(bare))
    world.commit("first", {"README.md": "hello\n"}, push=True)
    serve(world, server)
    world.template("project/large.txt", "".join(f"{n * n * n}\n" for n in range(200_000)))
    assert world.run("apply", "--yes", "--json").outcomes() == {"api": "pushed"}
    assert world.git(bare, "fsck", "--strict", "--no-dangling") == ""
    assert world.run("verify").code == 0


def test_a_greeting_of_the_shell_leaves_it_to_git(world: World, server: Sshd) -> None:
    bare = world.remote("api")
    with lined(world, server, str(bare)) as remote:
        greeting = server.home / ".bashrc"
        greeting.write_text("echo Welcome to this host\n")
        try:
            with hold.opened(world.root / "state", remote, "api") as store:
                assert told(remote) is None
                assert push.push_far(store, world.tip("api"), NOBODY) is None
        finally:
            greeting.unlink()


def told(remote: Remote) -> str | None:
    with contact.session(remote.url, remote.access, "git-upload-pack", {}, 20.0) as session:
        assert session is not None
        return Sender(session).tip(remote.ref)


@pytest.mark.parametrize(
    "answer", [b"", b"\0\0\0\x08\0\0\0\x01\0\0\0\x03", b"\0\0\0\x08\0\0\0\x01\0\0\0\x04", b"\xff" * 9]
)
def test_a_socket_that_is_not_what_it_should_be_refuses(tmp_path: Path, answer: bytes) -> None:
    place = str(tmp_path / "s")
    with pytest.raises(ssh_session.NoSession), ssh_session.opened(place, "true", {}, 5.0):
        pass
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(place)
        listener.listen()

        def serve_once() -> None:
            with listener.accept()[0] as client:
                client.sendall(answer)
                client.shutdown(socket.SHUT_WR)
                while client.recv(1 << 16):
                    pass

        thread = threading.Thread(target=serve_once)
        thread.start()
        with pytest.raises(ssh_session.NoSession), ssh_session.opened(place, "true", {}, 5.0):
            pass
        thread.join(10)


def test_packet_lines_come_in_pieces_of_any_size() -> None:
    stream = (
        packet_lines.line("a\n")
        + packet_lines.line("ü")
        + packet_lines.FLUSH
        + packet_lines.line("b")
        + packet_lines.FLUSH
    )
    for size in range(1, len(stream) + 1):
        pieces = iter([stream[at : at + size] for at in range(0, len(stream), size)])
        lines = packet_lines.Stream(lambda pieces=pieces: next(pieces, b""))  # type: ignore[misc]
        assert [lines.section(), lines.section(), lines.section()] == [["a", "ü"], ["b"], None]
    assert packet_lines.whole(stream[:9]).section() is None
    with pytest.raises(ValueError, match="invalid literal"):
        packet_lines.whole(b"Welcome").section()
