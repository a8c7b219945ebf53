"""Who a commit is by: what git itself would say in that repository by the person's own files and environment."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.first_rows import first_rows
from tests.world import World

WORK = "[user]\n\temail = work@example.org\n"


def author(world: World, name: str) -> str:
    return world.git(f"{name}.git", "log", "-1", "--format=%an <%ae> %cn <%ce>", "main")


def as_git_has_it(world: World, where: Path) -> str:
    """Return whom git makes the author and the committer of a commit in a checkout."""
    commit = world.git(where, "commit-tree", "-m", "who", "HEAD^{tree}")
    return world.git(where, "log", "-1", "--format=%an <%ae> %cn <%ce>", commit)


def include(home: Path, condition: str, text: str = WORK) -> None:
    (home / "work.inc").write_text(text)
    with open(home / ".gitconfig", "a") as file:
        file.write(f'[includeIf "{condition}"]\n\tpath = work.inc\n')


CONDITIONS = (
    "gitdir:{root}/",
    "gitdir:{root}/api/.git",
    "gitdir/i:{ROOT}/API/",
    "gitdir:api/",
    "onbranch:main",
    "onbranch:m*",
    "hasconfig:remote.*.url:{root}/**",
    "gitdir:{root}/elsewhere/",
    "onbranch:other",
    "hasconfig:remote.*.url:https://example.org/**",
)


@first_rows(6, "condition", CONDITIONS)
def test_the_identity_in_a_checkout_is_the_one_that_git_uses_there(world: World, sealed: Path, condition: str) -> None:
    top = world.repo("api")
    include(sealed, condition.format(root=world.root, ROOT=str(world.root).upper()))
    assert world.run("apply", "--yes", "--json").outcomes() == {"api": "pushed"}
    assert author(world, "api") == as_git_has_it(world, top)


def test_an_identity_that_stands_in_a_conditional_file_alone_is_used(world: World, sealed: Path) -> None:
    world.repo("api")
    world.repo("web")
    (sealed / ".gitconfig").write_text('[protocol "file"]\n\tallow = always\n')
    include(sealed, f"gitdir:{world.root}/api/", "[user]\n\tname = Wendy\n\temail = work@example.org\n")
    ran = world.run("apply", "--yes", "--json")
    assert ran.outcomes() == {"api": "pushed", "web": "blocked"}
    assert author(world, "api") == "Wendy <work@example.org> Wendy <work@example.org>"


def test_without_a_checkout_the_conditions_are_those_of_the_address(world: World, sealed: Path) -> None:
    world.bare_repo("api")
    world.bare_repo("web")
    include(sealed, f"hasconfig:remote.*.url:{world.root}/api.git")
    assert world.run("apply", "--yes", "--json").outcomes() == {"api": "pushed", "web": "pushed"}
    assert "work@example.org" in author(world, "api")
    assert "pat@example.org" in author(world, "web")


@first_rows(7, "condition", [*CONDITIONS, "gitdir:./../{name}/", "gitdir:~/", "gitdir:**/api/.git"])
def test_before_the_first_clone_the_conditions_are_those_of_where_it_will_be(
    world: World, sealed: Path, condition: str
) -> None:
    bare = world.remote("api")
    world.entries["api"] = f"{{url: {bare}, path: api}}"
    include(sealed, condition.format(root=world.root, ROOT=str(world.root).upper(), name=world.root.name))
    assert world.run("apply", "--yes", "--json").outcomes() == {"api": "pushed"}
    assert author(world, "api") == as_git_has_it(world, world.root / "api")


def test_nothing_of_a_repositorys_own_configuration_names_the_author(world: World, sealed: Path) -> None:
    top = world.repo("api")
    include(sealed, "onbranch:nowhere")
    world.git(top, "config", "user.email", "theirs@example.org")
    world.git(top, "config", "gpg.program", "false")
    world.run("apply", "--yes")
    assert author(world, "api") == "Pat Person <pat@example.org> Pat Person <pat@example.org>"


def test_the_identity_of_the_environment_is_used(world: World, sealed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world.bare_repo("api")
    (sealed / ".gitconfig").write_text('[protocol "file"]\n\tallow = always\n')
    for kind in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{kind}_NAME", f"{kind.title()} of CI")
        monkeypatch.setenv(f"GIT_{kind}_EMAIL", f"{kind.lower()}@ci.example.org")
    monkeypatch.setenv("GIT_AUTHOR_DATE", "2001-01-01T00:00:00Z")
    assert world.run("apply", "--yes", "--json").outcomes() == {"api": "pushed"}
    said = "Author of CI <author@ci.example.org> Committer of CI <committer@ci.example.org>"
    assert author(world, "api") == said
    assert world.git("api.git", "log", "-1", "--format=%ad", "--date=format:%Y", "main") != "2001"


def test_half_an_identity_is_refused_by_what_is_missing(
    world: World, sealed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.bare_repo("api")
    (sealed / ".gitconfig").write_text('[protocol "file"]\n\tallow = always\n')
    monkeypatch.setenv("GIT_AUTHOR_NAME", "Ada")
    monkeypatch.setenv("EMAIL", "ada@example.org")
    reason = world.run("plan", "--json").json["targets"][0]["reason"]
    assert "missing: committer name)" in reason
    assert "GIT_COMMITTER_NAME" in reason


def test_plan_names_the_author_where_it_differs_between_targets(world: World, sealed: Path) -> None:
    world.repo("api")
    world.repo("web")
    assert "author" not in world.run("plan").out
    include(sealed, f"gitdir:{world.root}/api/")
    said = world.run("plan").out
    assert "author   Pat Person <work@example.org>" in said
    assert "author   Pat Person <pat@example.org>" in said


def test_a_key_chosen_by_a_condition_signs(world: World, sealed: Path) -> None:
    top = world.repo("api")
    key = sealed / "key"
    made = subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=False)
    if made.returncode:
        pytest.skip("ssh-keygen does not run")
    signing = f"[commit]\n\tgpgSign = true\n[gpg]\n\tformat = ssh\n[user]\n\tsigningKey = {key}\n"
    include(sealed, f"gitdir:{top}/", WORK + signing)
    assert world.run("apply", "--yes", "--json").outcomes() == {"api": "pushed"}
    assert "gpgsig" in world.git("api.git", "cat-file", "commit", "main")
