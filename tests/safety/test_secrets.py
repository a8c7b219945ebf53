"""Secrets: no key and no value of a variable that is named like one gets into git or onto a screen unasked."""

from __future__ import annotations

import json
import os
import resource
from contextlib import suppress
from pathlib import Path

import pytest

from tests.machine.test_locks import Slow
from tests.world import World

KEY = "-----BEGIN OPENSSH PRIVATE KEY-----\n" + "b3BlbnNzaC1rZXktdjEAAAAA" * 6 + "\n-----END OPENSSH PRIVATE KEY-----\n"
WORD = 'hunter2-"quoted"-word'


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (f"# a key\n{KEY}", "line 2: holds what looks like a private key"),
        ("id = AKIA" + "ABCDEFGHIJKLMNOP\n", "an AWS access key"),
        ("token: ghp_" + "a1" * 18 + "\n", "a GitHub token"),
        ("glpat-" + "x" * 20 + "\n", "a GitLab token"),
    ],
)
@pytest.mark.parametrize("suffix", ["", ".j2"])
def test_a_key_does_not_get_into_a_repository_unless_that_is_allowed(
    world: World, content: str, what: str, suffix: str
) -> None:
    world.bare_repo("api")
    world.template(f"project/key.txt{suffix}", content)
    applied = world.run("apply", "--yes", "--json")
    assert (applied.code, applied.outcomes()) == (3, {"api": "blocked"})
    assert what in applied.reasons()["api"]
    assert "secrets: allow" in applied.reasons()["api"]
    assert world.log("api") == ["first"]
    world.tail = "files: {key.txt: {secrets: allow}}\n"
    assert world.run("apply", "--yes", "--json").outcomes() == {"api": "pushed"}


def test_text_about_keys_is_no_key(world: World) -> None:
    world.bare_repo("api")
    world.template("project/guide.md", "Never commit a file with `-----BEGIN PRIVATE KEY-----` in it.\n")
    assert world.run("apply", "--yes", "--json").outcomes() == {"api": "pushed"}


def test_a_variable_that_is_named_like_a_secret_blocks_the_repository_it_would_get_into(world: World) -> None:
    world.bare_repo("api")
    world.head = f"version: 1\nvars: {{who: world, db: {{admin_password: {json.dumps(WORD)}}}}}\n"
    world.template("project/app.ini.j2", "user = app\npassword = {{ db.admin_password }}\n")
    ran = world.run("plan", "--json")
    assert ran.states() == {"api": "blocked"}
    assert "line 2: holds the value of the variable 'db.admin_password'" in ran.out
    assert "hunter2" not in ran.out + ran.err


@pytest.mark.parametrize("login", ["u:s3c/r3t", "u:s3c@r3t", "u:s3c:r3t/", "u:s3c?r3t"])
def test_no_part_of_a_ledgers_password_is_shown_however_it_is_written(world: World, login: str) -> None:
    world.repo("api")
    world.tail = f'ledger: "postgresql://{login}@127.0.0.1:1/db"\n'
    for command in (("status",), ("apply", "--yes")):
        ran = world.run(*command)
        assert "s3c" not in ran.out + ran.err
        assert "r3t" not in ran.out + ran.err
        assert "the ledger" in ran.err


def test_a_shared_folder_may_get_a_secret_and_no_screen_shows_it(world: World) -> None:
    world.head = f"version: 1\nvars: {{who: world, db: {{admin_password: {json.dumps(WORD)}}}}}\n"
    world.tail = "folders: {shared: {path: shared, templates: [shared]}}\n"
    world.defaults = ""
    world.template("shared/app.ini.j2", "password = {{ db.admin_password }}\n")
    for command in (
        ("plan",),
        ("plan", "--json"),
        ("diff",),
        ("apply", "--yes", "-v"),
        ("explain", "shared", "app.ini"),
        ("explain", "shared", "app.ini", "--json"),
        ("status", "--json"),
        ("verify",),
    ):
        ran = world.run(*command)
        assert ran.code == 0, (command, ran.err)
        assert "hunter2" not in ran.out + ran.err, command
        if "--json" in command:
            json.loads(ran.out)
    assert (world.root / "shared/app.ini").read_text() == f"password = {WORD}\n"


@pytest.mark.parametrize(
    "template",
    ["{{ {}[db.admin_password] }}", "{% include db.admin_password %}", "{{ [1] | map(db.admin_password) | list }}"],
)
def test_a_template_that_fails_over_a_secret_tells_it_to_nobody(world: World, template: str) -> None:
    world.head = f"version: 1\nvars: {{db: {{admin_password: {json.dumps(WORD)}}}}}\n"
    world.tail = "folders: {shared: {path: shared, templates: [shared]}}\n"
    world.defaults = ""
    world.template("shared/app.ini.j2", f"one line\n{template}\n")
    ran = [world.run("plan", "--out", "saved.plan"), world.run("apply", "--yes", "--json"), world.run("history", "-v")]
    assert "shared/app.ini.j2:2: " in ran[1].reasons()["shared"]
    state = Path(os.environ["ROLLOUT_STATE_DIR"])
    written = [path.read_bytes() for path in (world.root / "saved.plan", *state.rglob("*")) if path.is_file()]
    everything = b"\0".join([*written, *((one.out + one.err).encode() for one in ran)])
    assert b"app.ini.j2:2: " in b"".join(written), "it is written down, but for the value"
    assert b"hunter2" not in everything
    assert b"quoted" not in everything


def test_no_process_of_a_run_leaves_a_core(world: World) -> None:
    allowed, most = resource.getrlimit(resource.RLIMIT_CORE)
    if most == 0 or not Path("/proc/self/limits").exists():
        pytest.skip("no process may leave a core here, or nobody can see whether it may")
    slow = Slow(world)
    try:
        resource.setrlimit(resource.RLIMIT_CORE, (most, most))
        run = world.spawn("apply", "--yes")
    finally:
        resource.setrlimit(resource.RLIMIT_CORE, (allowed, most))
    slow.begun()
    limits = [limit for pid in (run.pid, *_below(run.pid)) for limit in _core_limit(pid)]
    slow.release.touch()
    assert run.wait(60) == 0
    assert len(limits) >= 2
    assert set(limits) == {"0"}


def _below(pid: int) -> list[int]:
    """Return the processes that one has started, and those that they have."""
    children = []
    with suppress(OSError):  # some end while we look
        for thread in Path(f"/proc/{pid}/task").iterdir():
            children += [int(word) for word in (thread / "children").read_text().split()]
    return [found for child in children for found in (child, *_below(child))]


def _core_limit(pid: int) -> list[str]:
    with suppress(OSError):
        lines = Path(f"/proc/{pid}/limits").read_text().splitlines()
        return [line.split()[4] for line in lines if line.startswith("Max core file size")]
    return []
