"""Repositories that are not like most: other hashes, odd names, submodules, links, sparse and partial clones."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.first_rows import first_rows
from tests.world import World


def reason_of(world: World) -> tuple[str, str]:
    target = world.run("plan", "--json").json["targets"][0]
    return target["state"], target["reason"]


def test_a_sha256_repository_works(world: World) -> None:
    bare = world.root / "api.git"
    world.git(world.root, "init", "-q", "--bare", "--object-format=sha256", str(bare))
    world.git(world.root, "init", "-q", "--object-format=sha256", "api")
    world.git("api", "remote", "add", "origin", str(bare))
    world.commit("api", {"README.md": "x\n"}, push=True)
    world.entries["api"] = "{path: api}"
    assert world.run("apply", "--yes", "--json").outcomes() == {"api": "pushed"}
    assert len(world.tip("api")) == 64
    assert world.git("api", "status", "--porcelain") == ""
    assert world.run("status", "--json").states() == {"api": "in-sync"}


@pytest.mark.parametrize("name", ["with space", "quote'\"q", "ünïcode", "-dash"])
def test_odd_names_of_folders_and_files_are_only_names(world: World, name: str) -> None:
    world.remote("api", {"README.md": "x\n"})
    world.git(world.root, "clone", "-q", "--", str(world.root / "api.git"), f"./{name}")
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    world.entries["api"] = f'{{path: "{escaped}"}}'
    world.template(f"project/{name}/{name}.txt", "x\n")
    assert world.run("apply", "--yes", "--json").outcomes() == {"api": "pushed"}
    assert (world.root / name / name / f"{name}.txt").read_text() == "x\n"
    assert world.git(f"./{name}", "status", "--porcelain") == ""


@first_rows(4, "what", ["directory", "symlink", "symlinked parent", "submodule", "file for a folder", "twin"])
def test_what_stands_in_the_way_upstream_blocks_its_target_alone(world: World, what: str) -> None:
    world.template("project/dir/conf.txt", "x\n")
    (world.root / "templates/project/conf.txt.j2").unlink()
    top = world.repo("api", {"README.md": "x\n"})
    world.repo("web")
    if what == "directory":
        world.commit(top, {"dir/conf.txt/x": "x\n"}, push=True)
    elif what == "file for a folder":
        world.commit(top, {"dir": "x\n"}, push=True)
    elif what == "twin":
        world.commit(top, {"dir/CONF.txt": "x\n"}, push=True)
    elif what == "submodule":
        world.remote("sub")
        world.git(top, "submodule", "add", "-q", str(world.root / "sub.git"), "dir")
        world.git(top, "commit", "-q", "-m", "sub")
        world.git(top, "push", "-q")
    else:
        link = top / ("dir" if what == "symlinked parent" else "dir/conf.txt")
        link.parent.mkdir(exist_ok=True)
        link.symlink_to("/etc" if what == "symlinked parent" else "/etc/passwd")
        world.git(top, "add", "-A")
        world.git(top, "commit", "-q", "-m", "link")
        world.git(top, "push", "-q")
    tip = world.tip("api")
    applied = world.run("apply", "--yes", "--json", "--adopt", "--on-drift", "overwrite")
    assert (applied.code, applied.outcomes()) == (3, {"api": "blocked", "web": "pushed"})
    assert "dir/conf.txt" in applied.reasons()["api"]
    assert world.tip("api") == tip


@pytest.mark.parametrize("attribute", ["filter=lfs", "ident", "working-tree-encoding=UTF-16"])
def test_a_path_under_a_foreign_filter_is_blocked(world: World, attribute: str) -> None:
    world.repo("api", {".gitattributes": f"*.txt {attribute}\n"})
    state, reason = reason_of(world)
    assert state == "blocked"
    assert attribute.split("=")[0] in reason


def test_other_peoples_submodules_and_links_keep_the_checkout_and_not_the_rollout(world: World) -> None:
    top = world.repo("api")
    other = world.clone("api", "api.elsewhere")
    (other / "link").symlink_to("README.md")
    world.git(other, "add", "link")
    world.git(other, "commit", "-q", "-m", "a link")
    world.git(other, "push", "-q")
    applied = world.run("apply", "--yes", "--json")
    assert applied.outcomes() == {"api": "pushed"}
    assert "symlink" in applied.reasons()["api"]
    assert not (top / "conf.txt").exists()
    world.git(top, "pull", "-q")
    assert world.run("status", "--json").states() == {"api": "in-sync"}


def test_a_sparse_checkout_keeps_its_absences(world: World) -> None:
    world.template("project/docs/deep.txt", "x\n")
    top = world.repo("api", {"README.md": "x\n", "docs/other.txt": "o\n"})
    world.run("apply", "--yes")
    world.git(top, "sparse-checkout", "set", "--no-cone", "/*", "!/docs/")
    world.template("project/docs/deep.txt", "changed\n")
    flags = world.git(top, "ls-files", "-t", "docs")
    applied = world.run("apply", "--yes", "--json")
    assert applied.outcomes() == {"api": "pushed"}, applied.out
    assert world.git(top, "ls-files", "-t", "docs") == flags
    assert not list((top / "docs").glob("*"))


_CONES = [["--cone", "src"], ["--no-cone", "/src/"], ["--cone", "--sparse-index", "src"]]


@first_rows(1, "how", _CONES)
def test_what_a_sparse_checkout_leaves_out_is_no_difference_and_follows(world: World, how: list[str]) -> None:
    world.template("project/.github/ci.yml", "on: push\n")
    top = world.repo("api", {"src/s.txt": "s\n", "docs/d.txt": "d\n"})
    world.run("apply", "--yes")
    world.git(top, "sparse-checkout", "set", *how)
    assert world.run("status", "--json").states() == {"api": "in-sync"}
    assert world.run("verify").code == 0
    world.template("project/.github/ci.yml", "on: pull\n")
    applied = world.run("apply", "--yes", "--json")
    assert (applied.outcomes(), applied.code) == ({"api": "pushed"}, 0), applied.out
    assert world.head_of(top) == world.tip("api")
    assert world.git(top, "ls-files", "-t", ".github") == "S .github/ci.yml"
    assert not (top / ".github").exists()
    assert world.git(top, "status", "--porcelain") == ""
    assert world.run("status", "--json").states() == {"api": "in-sync"}
    assert world.run("revert", world.last_run(), "--yes").code == 0
    assert world.at("api", ".github/ci.yml") == "on: push\n"
    assert world.head_of(top) == world.tip("api")
    world.git(top, "sparse-checkout", "disable")
    assert (top / ".github/ci.yml").read_text() == "on: push\n"
    assert world.git(top, "status", "--porcelain") == ""


def test_a_left_out_file_that_is_there_nevertheless_is_a_local_edit(world: World) -> None:
    world.template("project/.github/ci.yml", "on: push\n")
    top = world.repo("api", {"src/s.txt": "s\n"})
    world.run("apply", "--yes")
    world.git(top, "sparse-checkout", "set", "src")
    world.write(top, {".github/ci.yml": "mine\n"})
    world.git(top, "update-index", "--skip-worktree", ".github/ci.yml")
    world.template("project/.github/ci.yml", "on: pull\n")
    assert ".github/ci.yml has local edits" in world.run("apply", "--yes", "--json").reasons()["api"]
    assert (top / ".github/ci.yml").read_text() == "mine\n"
    assert world.run("status", "--json").states() == {"api": "behind"}


@pytest.mark.parametrize("how", [["--depth=1"], ["--filter=blob:none"], ["--no-checkout"]])
def test_shallow_partial_and_empty_checkouts_do_no_harm(world: World, how: list[str]) -> None:
    world.remote("api", {"README.md": "x\n", "big.bin": "b" * 1000})
    world.git("api.git", "config", "uploadpack.allowFilter", "true")
    world.elsewhere("api", {"more.txt": "x\n"})
    world.git(world.root, "clone", "-q", *how, f"file://{world.root}/api.git", "api")
    world.entries["api"] = "{path: api}"
    world.elsewhere("api", {"big.bin": "c" * 1000})
    assert world.run("apply", "--yes", "--json").outcomes() == {"api": "pushed"}
    assert world.at("api", "conf.txt") == "hello world\n"
    if how != ["--no-checkout"]:
        assert world.run("status", "--json").states()["api"] in {"in-sync", "behind"}
        assert world.git("api", "status", "--porcelain") == ""
    world.git("api", "fsck", "--connectivity-only")


def test_a_damaged_store_is_made_again(world: World) -> None:
    world.repo("api")
    world.run("apply", "--yes")
    state = Path(os.environ["ROLLOUT_STATE_DIR"])
    for pack in state.glob("workshops/*/objects/pack/*"):
        pack.chmod(0o600)
        pack.write_bytes(pack.read_bytes()[: pack.stat().st_size // 2])
    world.head = "version: 1\nvars: {who: moon}\n"
    assert world.run("apply", "--yes", "--json").outcomes() == {"api": "pushed"}
    assert world.at("api", "conf.txt") == "hello moon\n"


def test_a_damaged_checkout_is_told_and_the_remote_is_right(world: World) -> None:
    top = world.repo("api")
    for item in list(top.glob(".git/objects/??/*")) + list(top.glob(".git/objects/pack/*")):
        item.chmod(0o600)
        item.unlink()
    applied = world.run("apply", "--yes", "--json")
    assert applied.outcomes() == {"api": "pushed"}
    assert "checkout left as it is" in applied.reasons()["api"]


def test_an_empty_remote_is_blocked_and_nothing_is_created(world: World) -> None:
    world.git(world.root, "init", "-q", "--bare", str(world.root / "api.git"))
    world.entries["api"] = f"{{url: {world.root}/api.git}}"
    state, reason = reason_of(world)
    assert state == "blocked"
    assert "no branch 'main'" in reason


def test_an_ignored_path_is_managed_all_the_same(world: World) -> None:
    top = world.repo("api", {".gitignore": "conf.txt\n"})
    assert world.run("apply", "--yes", "--json").outcomes() == {"api": "pushed"}
    assert (top / "conf.txt").exists()
    assert world.git(top, "status", "--porcelain") == ""


def test_a_tag_and_a_branch_of_one_name_are_told_apart(world: World) -> None:
    world.repo("api")
    tag = world.tip("api")
    world.git("api.git", "tag", "main")
    assert world.run("apply", "--yes", "--json").outcomes() == {"api": "pushed"}
    assert world.git("api.git", "rev-parse", "refs/tags/main") == tag
    assert world.git("api.git", "rev-parse", "refs/heads/main") != tag


def test_commits_come_after_their_parents_even_when_the_clock_is_behind(world: World) -> None:
    world.bare_repo("api")
    other = world.clone("api", "api.future")
    world.write(other, {"f.txt": "x\n"})
    world.git(other, "add", "f.txt")
    future = "2040-01-01T00:00:00Z"
    world.git(other, "commit", "-q", "-m", "from the future", GIT_AUTHOR_DATE=future, GIT_COMMITTER_DATE=future)
    world.git(other, "push", "-q")
    assert world.run("apply", "--yes", "--json").outcomes() == {"api": "pushed"}
    assert world.git("api.git", "log", "-1", "--format=%ct", "main") == "2208988801"


@pytest.mark.parametrize("end", ["\u2028", "\u2029", "\x85"])
def test_a_branch_whose_name_goes_on_behind_ours_is_another_branch(world: World, end: str) -> None:
    top = world.repo("api", {"README.md": "hello\n"})
    odd = f"main{end}x"
    world.git(top, "switch", "-q", "-c", odd)
    other = world.commit("api", {"README.md": "other\n"})
    world.git(top, "push", "-q", "origin", f"{odd}:refs/heads/{odd}", f"{odd}:refs/heads/rollout/{odd}")
    world.git(top, "switch", "-q", "main")
    world.git(top, "pack-refs", "--all", "--prune")
    world.git(world.root / "api.git", "pack-refs", "--all", "--prune")
    assert world.run("status", "--fetch", "--json").states() == {"api": "pending"}
    assert world.run("apply", "--yes", "--json").outcomes() == {"api": "pushed"}
    assert world.git(top, "status", "--porcelain") == ""
    assert world.head_of(top) == world.tip("api")
    assert world.tip("api", odd) == other
    world.git(top, "pack-refs", "--all", "--prune")
    assert world.run("status", "--fetch", "--json").states() == {"api": "in-sync"}


def test_a_checkout_on_a_branch_whose_name_ends_with_a_wide_blank_is_not_on_ours(world: World) -> None:
    top = world.repo("api", {"README.md": "hello\n"})
    world.git(top, "switch", "-q", "-c", "main\u3000")
    applied = world.run("apply", "--yes", "--json")
    assert applied.outcomes() == {"api": "pushed"}
    assert world.head_of(top) != world.tip("api")
    assert "on branch main" in applied.reasons()["api"]


def test_an_author_and_a_subject_are_told_whole(world: World) -> None:
    top = world.repo("api", {"README.md": "hello\n"})
    assert world.run("apply", "--yes").code == 0
    world.git(top, "pull", "-q")
    world.git(top, "config", "user.name", "Pat\u2028Smith")
    world.commit("api", {"conf.txt": "mine\n"}, push=True)
    world.git(top, "config", "user.name", "Alex\x85Miller")
    world.commit("api", {"conf.txt": "more\n"}, push=True)
    plan = world.run("plan", "--json")
    assert plan.states() == {"api": "drift"}
    assert "Alex" in plan.json["targets"][0]["reason"]
    assert "Miller" in plan.json["targets"][0]["reason"]
