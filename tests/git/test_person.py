"""What of the person's global git configuration is honoured: identity, signing, addresses."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from rollout.git import environment
from rollout.git.person import read_person
from tests.world import World


def configure(home: Path, *settings: tuple[str, str]) -> None:
    for name, value in settings:
        subprocess.run(["git", "config", "--file", str(home / ".gitconfig"), name, value], check=True)


def test_without_an_identity_repositories_are_blocked_and_folders_go_on(world: World, sealed: Path) -> None:
    top = world.repo("api")
    world.tail = "folders:\n  shared: {path: shared, templates: [project]}\n"
    (sealed / ".gitconfig").write_text('[protocol "file"]\n\tallow = always\n')
    plan = world.run("plan", "--json")
    assert plan.states() == {"api": "blocked", "shared": "pending"}
    assert "git config --global user.name" in plan.json["targets"][0]["reason"]
    applied = world.run("apply", "--yes", "--json")
    assert (applied.code, applied.outcomes()) == (3, {"api": "blocked", "shared": "written"})
    assert not (top / "conf.txt").exists()


@pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="ssh-keygen is not installed")
def test_commits_are_signed_as_the_person_wants_and_a_retry_pushes_the_same_one(world: World, sealed: Path) -> None:
    key = sealed / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    world.bare_repo("api")
    configure(sealed, ("commit.gpgsign", "true"), ("gpg.format", "ssh"), ("user.signingkey", str(key)))
    hook = world.root / "api.git/hooks/pre-receive"
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    first = world.run("apply", "--yes", "--json")
    assert first.outcomes() == {"api": "rejected"}
    hook.unlink()
    assert world.run("apply", "--yes", "--json").outcomes() == {"api": "pushed"}
    assert "gpgsig" in world.git("api.git", "cat-file", "commit", "main")
    assert world.tip("api") == next(line["commit"] for line in first.lines if line["type"] == "target_done")
    assert world.run("status", "--json").states() == {"api": "in-sync"}


def test_what_cannot_be_signed_is_not_committed_unsigned(world: World, sealed: Path) -> None:
    world.bare_repo("api")
    configure(sealed, ("commit.gpgsign", "true"), ("gpg.program", "false"))
    before = world.tip("api")
    failed = world.run("apply", "--yes", "--json")
    assert (failed.code, failed.outcomes()) == (3, {"api": "failed"})
    assert "could not be signed" in failed.reasons()["api"]
    assert world.tip("api") == before
    configure(sealed, ("commit.gpgsign", "false"))
    assert world.run("apply", "--yes", "--json").outcomes() == {"api": "pushed"}


def test_insteadof_is_followed_from_the_person_and_not_from_a_repository(world: World, sealed: Path) -> None:
    world.remote("api")
    world.remote("evil")
    configure(sealed, (f"url.{world.root}/.insteadOf", "work:"))
    world.entries["api"] = "{url: 'work:api.git'}"
    assert world.run("apply", "--yes", "--json").outcomes() == {"api": "pushed"}
    assert world.at("api", "conf.txt") == "hello world\n"
    top = world.repo("web")
    world.git(top, "config", f"url.{world.root}/evil.git.insteadOf", f"{world.root}/web.git")
    assert world.run("apply", "--yes", "--json").outcomes()["web"] == "pushed"
    assert world.at("web", "conf.txt") == "hello world\n"
    assert world.at("evil", "conf.txt") is None


def test_a_remote_with_two_addresses_is_refused_rather_than_half_pushed(world: World) -> None:
    top = world.repo("api")
    world.git(top, "remote", "set-url", "--add", "--push", "origin", str(world.root / "one.git"))
    world.git(top, "remote", "set-url", "--add", "--push", "origin", str(world.root / "api.git"))
    plan = world.run("plan", "--json")
    assert plan.states() == {"api": "blocked"}
    assert "addresses" in plan.json["targets"][0]["reason"]


def test_authors_and_committers_of_their_own_are_kept_apart(world: World, sealed: Path) -> None:
    configure(sealed, ("author.name", "Ann Author"), ("committer.email", "bot@example.org"))
    world.bare_repo("api")
    world.run("apply", "--yes")
    assert world.git("api.git", "log", "-1", "--format=%an <%ae> %cn <%ce>", "main") == (
        "Ann Author <pat@example.org> Pat Person <bot@example.org>"
    )


_CI = {"GIT_CONFIG_COUNT": "2", "GIT_CONFIG_KEY_0": "user.name", "GIT_CONFIG_VALUE_0": "Ci Robot",
       "GIT_CONFIG_KEY_1": "User.EMail", "GIT_CONFIG_VALUE_1": "ci@example.org"}  # fmt: skip


@pytest.fixture
def told_once() -> Iterator[None]:
    """Let what this test says in the environment be forgotten: the program keeps what it withholds from git."""
    known = {**environment.withheld}
    yield
    environment.withheld.clear()
    environment.withheld.update(known)


@pytest.mark.usefixtures("told_once", "sealed")
@pytest.mark.parametrize(
    "told",
    [
        _CI,
        {"GIT_CONFIG_PARAMETERS": "'user.name'='It'\\''s \"me\"' 'user.email=m@example.org'"},
        {**_CI, "GIT_CONFIG_PARAMETERS": "'user.email'='last@example.org' 'core.pager'='less'"},
        {**_CI, "GIT_AUTHOR_NAME": "Ann Author", "GIT_CONFIG_KEY_0": "committer.name"},
        {**_CI, "GIT_CONFIG_COUNT": "1"},
        {**_CI, "GIT_CONFIG_COUNT": ""},
    ],
)
def test_who_commits_is_whom_git_would_take_from_its_environment(
    told: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in told.items():
        monkeypatch.setenv(name, value)
    asked = [subprocess.run(["git", "var", f"GIT_{who}_IDENT"], capture_output=True, text=True, check=True)
             for who in ("AUTHOR", "COMMITTER")]  # fmt: skip
    who = read_person().identity
    assert who is not None
    assert [f"{one.name} <{one.email}>" for one in (who.author, who.committer)] == [
        one.stdout.rpartition("> ")[0] + ">" for one in asked
    ]


@pytest.mark.usefixtures("told_once", "sealed")
@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({**_CI, "GIT_CONFIG_COUNT": "two"}, "git cannot read GIT_CONFIG_COUNT=two,"),
        ({**_CI, "GIT_CONFIG_COUNT": "3"}, "git cannot read GIT_CONFIG_COUNT=3, for there is no GIT_CONFIG_KEY_2,"),
        ({"GIT_CONFIG_PARAMETERS": "'user.name"}, "git cannot read GIT_CONFIG_PARAMETERS,"),
    ],
)
def test_nobody_commits_where_git_could_not_read_its_environment(
    told: Mapping[str, str], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in told.items():
        monkeypatch.setenv(name, value)
    refused = subprocess.run(["git", "var", "GIT_AUTHOR_IDENT"], capture_output=True, check=False)
    person = read_person()
    assert (refused.returncode, person.identity) == (128, None)
    assert str(person.fault).startswith(said)


def test_without_an_identity_in_a_file_the_one_in_the_environment_commits(world: World, sealed: Path) -> None:
    world.bare_repo("api")
    (sealed / ".gitconfig").write_text('[protocol "file"]\n\tallow = always\n')
    ran = world.spawn("apply", "--yes", **_CI)
    ran.communicate()
    assert ran.returncode == 0
    assert world.git("api.git", "log", "-1", "--format=%an <%ae> %cn <%ce>", "main") == (
        "Ci Robot <ci@example.org> Ci Robot <ci@example.org>"
    )


def test_what_names_a_program_in_the_environment_is_not_honoured(world: World, sealed: Path) -> None:
    world.bare_repo("api")
    mark = sealed / "ran"
    program = sealed / "signer"
    program.write_text(f"#!/bin/sh\ntouch {mark}\nexit 1\n")
    program.chmod(0o755)
    told = (
        f"'commit.gpgsign'='true' 'gpg.program'='{program}' 'core.sshCommand'='{program}' 'user.email'='x@example.org'"
    )
    ran = world.spawn("apply", "--yes", GIT_CONFIG_PARAMETERS=told)
    ran.communicate()
    assert (ran.returncode, mark.exists()) == (0, False)
    assert world.git("api.git", "log", "-1", "--format=%ae", "main") == "x@example.org"
