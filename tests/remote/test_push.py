"""Pushes that go wrong on the way or at the server: the server's ref is the outcome, and a re-run converges."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.first_rows import first_rows
from tests.remote.proxy import How, Way, proxy
from tests.remote.servers import Sshd, daemon, free_port, sshd, web
from tests.world import World

DONE = ["Roll out conf.txt", "first"]


def hook(world: World, name: str, script: str, repository: str = "api") -> Path:
    path = world.root / f"{repository}.git" / "hooks" / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def port(world: World) -> Iterator[int]:
    with daemon(world.root) as made:
        yield made


def serve(world: World, port: int, name: str = "api") -> None:
    if not (world.root / f"{name}.git").exists():
        world.remote(name)
    world.entries[name] = f'{{url: "git://127.0.0.1:{port}/{name}.git"}}'


def settled(world: World) -> None:
    """Run it again without faults: one commit of ours, everything in sync."""
    again = world.run("apply", "--yes", "--json")
    assert again.code == 0, again.out + again.err
    assert world.log("api") == DONE
    assert set(world.run("status", "--json").states().values()) == {"in-sync"}
    assert set(world.run("apply", "--yes", "--json").outcomes().values()) == {"unchanged"}
    assert world.git("api.git", "fsck", "--strict", "--no-dangling") == ""


# --- what a server's hooks and refs can do


def test_a_hook_that_declines_is_told_in_its_words_and_the_others_go_on(world: World, port: int) -> None:
    serve(world, port)
    world.bare_repo("web")
    refusing = hook(world, "pre-receive", "echo 'main is protected: ask Kim' >&2; exit 1")
    applied = world.run("apply", "--yes", "--json")
    assert (applied.code, applied.outcomes()) == (3, {"api": "rejected", "web": "pushed"})
    assert "main is protected: ask Kim" in applied.reasons()["api"]
    assert "pre-receive hook declined" in applied.reasons()["api"]
    status = world.run("status", "--json")
    assert status.states() == {"api": "ready-to-push", "web": "in-sync"}
    refusing.unlink()
    assert world.run("push", "--yes", "--json").outcomes()["api"] == "pushed"
    settled(world)


def test_a_declined_push_leaves_no_trace_in_the_checkout(world: World) -> None:
    top = world.repo("api")
    hook(world, "update", "exit 1")
    before = world.git(top, "for-each-ref"), world.git(top, "status", "--porcelain", "--branch")
    assert world.run("apply", "--yes", "--json").outcomes() == {"api": "rejected"}
    assert (world.git(top, "for-each-ref"), world.git(top, "status", "--porcelain", "--branch")) == before


def test_a_hook_that_says_a_hundred_megabytes_fills_neither_memory_nor_screen(world: World) -> None:
    world.bare_repo("api")
    hook(world, "pre-receive", f"yes '{'x' * 900}' | head -c 104857600 >&2; echo 'the last word' >&2; exit 1")
    import resource

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    applied = world.run("apply", "--yes", "--json")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 * 1024
    assert applied.outcomes() == {"api": "rejected"}
    assert len(applied.out) + len(applied.err) < 20_000


def test_escape_sequences_of_a_server_do_not_reach_the_terminal(world: World) -> None:
    world.bare_repo("api")
    hook(world, "pre-receive", "printf 'no \\033[2J\\033]0;pwned\\007 \\302\\233 way\\n' >&2; exit 1")
    for applied in (world.run("apply", "--yes"), world.run("apply", "--yes", "--json"), world.run("history")):
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f]", applied.out + applied.err)


def test_a_server_that_died_with_its_ref_lock_is_reported_and_left_alone(world: World, port: int) -> None:
    serve(world, port)
    world.bare_repo("web")
    lock = world.root / "api.git/refs/heads/main.lock"
    lock.write_text("")
    for expected in ("pushed", "unchanged"):
        applied = world.run("apply", "--yes", "--json")
        assert applied.outcomes()["web"] == expected
        assert applied.outcomes()["api"] in {"rejected", "failed"}
        assert applied.code == 3
        assert "lock" in applied.reasons()["api"]
        assert lock.exists()
    lock.unlink()
    settled(world)


def test_a_server_that_takes_no_pushes_is_told_as_such(world: World) -> None:
    with daemon(world.root, push=False) as port:
        serve(world, port)
        applied = world.run("apply", "--yes", "--json")
    assert (applied.code, applied.outcomes()) == (3, {"api": "rejected"})
    assert "access denied" in applied.reasons()["api"]
    with daemon(world.root) as port:
        serve(world, port)
        settled(world)


def test_a_server_without_filters_serves_as_well(world: World, port: int) -> None:
    serve(world, port)
    world.git("api.git", "config", "uploadpack.allowFilter", "false")
    world.git("api.git", "config", "uploadpack.allowAnySHA1InWant", "false")
    settled(world)


# --- pushes that land although we gave up


def test_a_push_that_lands_after_we_gave_up_is_the_same_commit(world: World, port: int) -> None:
    serve(world, port)
    assert world.run("plan").code == 0
    started, release = world.root / "started", world.root / "release"
    hook(world, "pre-receive", f"touch {started}; while [ ! -e {release} ]; do sleep 0.05; done")
    first = world.spawn("--timeout", "0.4", "apply", "--yes", "--json")
    out, err = first.communicate(timeout=60)
    assert started.exists()
    assert first.returncode == 3, err
    assert '"outcome": "unknown"' in out
    assert "may still take it" in out
    second = world.spawn("apply", "--yes", "--json")
    time.sleep(0.5)
    release.touch()
    second.communicate(timeout=60)
    settled(world)


def test_a_killed_program_whose_push_lands_later_is_found_done(world: World, port: int) -> None:
    serve(world, port)
    started, release = world.root / "started", world.root / "release"
    hook(world, "pre-receive", f"touch {started}; while [ ! -e {release} ]; do sleep 0.05; done")
    first = world.spawn("apply", "--yes")
    deadline = time.monotonic() + 20
    while not started.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    first.kill()
    first.communicate()
    release.touch()
    settled(world)


# --- cut at every so many bytes


def points(size: int, number: int) -> list[int]:
    return [size * (index + 1) // (number + 1) for index in range(number)]


def sweep(world: World, target: int, url: str, ways: dict[Way, int], how: How, number: int) -> dict[str, int]:
    """Cut the connection of an apply at many bytes in both directions; return how often each outcome came."""
    found: dict[str, int] = {}
    with proxy(target) as between:
        for way, size in ways.items():
            for at in points(size, number):
                name = f"{way}{at}"
                world.remote(name)
                world.entries = {name: f'{{url: "{url.format(port=between.port, name=name)}"}}'}
                between.arm(way, at, how)
                applied = world.run("--timeout", "5", "apply", "--yes", "--json")
                (outcome,) = applied.outcomes().values()
                assert outcome in {"pushed", "failed", "unknown", "rejected"}, applied.out
                assert applied.code == {"pushed": 0, "failed": applied.code}.get(outcome, 3)
                if outcome == "pushed":
                    assert world.log(name) == DONE
                found[outcome] = found.get(outcome, 0) + between.struck
                between.at = None
                again = world.run("apply", "--yes", "--json")
                assert (again.code, world.log(name)) == (0, DONE), (name, applied.out, again.out)
    return found


def measure(world: World, target: int, url: str) -> dict[Way, int]:
    """Return how many bytes an apply sends and receives when nothing happens."""
    with proxy(target) as between:
        world.remote("measured")
        world.entries = {"measured": f'{{url: "{url.format(port=between.port, name="measured")}"}}'}
        assert world.run("apply", "--yes").code == 0
        return {"up": between.passed["up"], "down": between.passed["down"]}


@first_rows(1, "how", ["cut", "reset"])
def test_a_connection_cut_at_any_byte_converges_on_the_next_run(world: World, port: int, how: How) -> None:
    url = "git://127.0.0.1:{port}/{name}.git"
    found = sweep(world, port, url, measure(world, port, url), how, 3)
    assert sum(found.values()) >= 4


@pytest.mark.long
@pytest.mark.parametrize("how", ["cut", "reset"])
def test_a_connection_cut_at_every_fifty_bytes_converges_on_the_next_run(world: World, port: int, how: How) -> None:
    url = "git://127.0.0.1:{port}/{name}.git"
    ways = measure(world, port, url)
    sweep(world, port, url, ways, how, max(ways.values()) // 50)


def test_http_cut_at_any_byte_converges_on_the_next_run(world: World, tmp_path_factory: pytest.TempPathFactory) -> None:
    with web(world.root, tmp_path_factory.mktemp("web") / "home") as port:
        url = "http://pat:sesame@127.0.0.1:{port}/git/{name}.git"
        sweep(world, port, url, measure(world, port, url), "cut", 1)


def test_ssh_cut_at_any_byte_converges_on_the_next_run(
    world: World, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    with sshd(tmp_path_factory.mktemp("ssh") / "home") as server:
        monkeypatch.setenv("GIT_SSH_COMMAND", known_everywhere(server))
        url = server.url.replace(str(server.port), "{port}") + f"{world.root}/{{name}}.git"
        sweep(world, server.port, url, measure(world, server.port, url), "cut", 1)


def known_everywhere(server: Sshd) -> str:
    """Return an ssh command that knows the host by its key under whatever port a proxy has."""
    command = server.command().rpartition(" -p ")[0]
    (server.home / "known").write_text(f"same {(server.home / 'host.pub').read_text()}")
    return f"{command} -o HostKeyAlias=same"


def test_a_slow_line_is_only_slow(world: World, port: int) -> None:
    with proxy(port) as between:
        between.delay = 0.1
        serve(world, between.port)
        assert world.run("apply", "--yes", "--json").outcomes() == {"api": "pushed"}


def test_other_targets_go_on_when_one_host_is_gone(world: World, port: int) -> None:
    serve(world, free_port(), "gone")
    serve(world, port, "api")
    applied = world.run("apply", "--yes", "--json")
    assert (applied.code, applied.outcomes()) == (1, {"gone": "failed", "api": "pushed"})
    assert applied.reasons()["gone"].startswith("unreachable: ")


def test_a_server_with_very_many_and_odd_refs_is_asked_about_branches_and_one_of_them_counts(world: World) -> None:
    bare = world.remote("api")
    tip, other = world.tip("api"), world.elsewhere("api", {"other.txt": "x\n"})
    world.git(bare, "update-ref", "refs/heads/main", tip)
    many = [f"refs/{kind}/{number}" for number in range(25_000) for kind in ("pull", "tags")]
    odd = ["refs/tags/main", "refs/heads/main-2", "refs/x/refs/heads/main", "refs/main"]
    lines = [f"{other} {name}\n" for name in sorted([*many, *odd])]
    (bare / "packed-refs").write_text(f"# pack-refs with: peeled fully-peeled sorted \n{''.join(lines)}")
    with daemon(world.root) as port, proxy(port) as between:
        serve(world, between.port)
        assert world.run("plan", "--json").states() == {"api": "pending"}
        assert between.passed["down"] < 64 * 1024, "the whole list would be three million bytes"
        assert world.run("apply", "--yes", "--json", "--timeout", "120").outcomes() == {"api": "pushed"}
    assert world.git(bare, "rev-parse", "refs/heads/main^", "refs/tags/main") == f"{tip}\n{other}"
    assert world.at("api", "conf.txt", "refs/heads/main") == "hello world\n"


def test_a_branch_that_is_named_like_a_full_name_is_not_taken_for_ours(world: World, port: int) -> None:
    serve(world, port)
    tip, other = world.tip("api"), world.elsewhere("api", {"other.txt": "x\n"})
    for ref, commit in (("refs/heads/main", tip), ("refs/heads/refs/heads/main", other)):
        world.git("api.git", "update-ref", ref, commit)
    ran = world.run("apply", "--yes", "--json")
    assert "matches more than one" in ran.reasons()["api"], "git itself cannot push there; it is told, and nothing else"
    assert world.git("api.git", "rev-parse", "refs/heads/main", "refs/heads/refs/heads/main") == f"{tip}\n{other}"
    world.git("api.git", "update-ref", "-d", "refs/heads/refs/heads/main")
    settled(world)


# --- a mirror that lags: reads are answered by another copy than the one that takes pushes


@pytest.fixture
def mirror(world: World, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put one address before two repositories, as a forge with read replicas does; return the one that is read."""
    bare = world.remote("api")
    world.git(world.root, "clone", "-q", "--mirror", str(bare), "replica.git")
    ssh = world.root / "bin/ssh"
    ssh.parent.mkdir()
    ssh.write_text(
        "#!/bin/sh\nfor command; do :; done\n"
        f"case $command in *upload-pack*) exec git upload-pack {world.root}/replica.git;; esac\n"
        f"exec git receive-pack {bare}\n"
    )
    ssh.chmod(0o755)
    monkeypatch.setenv("GIT_SSH_COMMAND", str(ssh))
    world.entries["api"] = '{url: "ssh://mirrored.example/api.git"}'
    return world.root / "replica.git"


def test_a_mirror_that_still_shows_the_old_commit_makes_the_outcome_unknown_and_never_a_second_commit(
    world: World, mirror: Path
) -> None:
    first = world.run("apply", "--yes", "--json")
    assert (first.code, first.outcomes()) == (3, {"api": "unknown"})
    assert "took the push but still shows the old commit" in first.reasons()["api"]
    landed = world.tip("api")
    again = world.run("apply", "--yes", "--json")
    assert again.outcomes() == {"api": "unknown"}
    assert (world.tip("api"), world.log("api")) == (landed, DONE)
    world.git(mirror, "fetch", "-q", "--prune")
    settled(world)
    assert world.tip("api") == landed


def test_behind_a_mirror_that_lags_nobody_elses_push_is_overwritten(world: World, mirror: Path) -> None:
    world.elsewhere("api", {"conf.txt": "theirs\n"})
    theirs = world.tip("api")
    applied = world.run("apply", "--yes", "--json")
    assert (applied.code, applied.outcomes()) == (3, {"api": "rejected"})
    assert "stale info" in applied.reasons()["api"]
    assert world.tip("api") == theirs
    world.git(mirror, "fetch", "-q", "--prune")
    assert world.run("plan", "--json").states() == {"api": "pending"}
