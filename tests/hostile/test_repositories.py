"""Hostile repositories: nothing in them makes a command run, and no byte leaves its target."""

from __future__ import annotations

import json
import os
import shutil
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.first_rows import first_rows
from tests.hostile.traps import Canary, configure, everything, set_traps
from tests.remote.servers import daemon, web
from tests.world import World

ENVIRONMENT = (
    "GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_COMMON_DIR", "GIT_NAMESPACE",
    "GIT_CONFIG_PARAMETERS", "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_EXTERNAL_DIFF", "GIT_PROXY_COMMAND",
    "GIT_ASKPASS", "GIT_TEMPLATE_DIR",
)  # fmt: skip


@pytest.fixture
def canary(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Canary]:
    """A canary that must not have sung when the test ends."""
    made = Canary(tmp_path_factory.mktemp("canary"))
    yield made
    assert made.sang == []


@pytest.fixture
def outside(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder outside every target that must be as it was when the test ends."""
    folder = tmp_path_factory.mktemp("outside")
    (folder / "victim.txt").write_text("precious\n")
    (folder / "sub").mkdir()
    before = everything(folder)
    yield folder
    assert everything(folder) == before


def story(world: World) -> None:
    """Run every command that looks at or changes a target."""
    for command in (
        ("plan",),
        ("status", "--fetch"),
        ("diff",),
        ("apply", "--yes"),
        ("status",),
        ("explain", "api", "conf.txt"),
        ("verify",),
        ("history",),
    ):
        ran = world.run(*command)
        assert ran.code == 0, (command, ran.err, ran.out)


def test_no_trap_in_a_checkout_makes_a_command_run(world: World, canary: Canary) -> None:
    top = world.repo("api", {"README.md": "hello\n", "data.bin": "x\n", "conf.txt": "old\n"})
    set_traps(world, top, canary)
    world.head = "version: 1\nvars: {who: world}\nfiles: {conf.txt: {mode: once}, more.txt: {mode: whole}}\n"
    world.template("project/more.txt.j2", "more {{ who }}\n")
    story(world)
    assert (top / "more.txt").read_text() == "more world\n"
    run = world.last_run()
    assert world.run("revert", run, "--yes").code == 0
    assert not (top / "more.txt").exists()


def test_no_trap_makes_a_command_run_when_the_checkout_fetches(world: World, canary: Canary) -> None:
    top = world.repo("api", {"README.md": "hello\n", "data.bin": "x\n"})
    world.elsewhere("api", {"data.bin": "changed\n", "new.bin": "n\n"})
    set_traps(world, top, canary)
    (top / ".git/info/attributes").unlink()
    assert world.run("apply", "--yes").code == 0
    assert (top / "conf.txt").read_text() == "hello world\n"
    assert (top / "data.bin").read_text() == "changed\n"


@first_rows(1, "transport", ["http", "git"])
def test_no_trap_makes_a_command_run_when_the_checkout_fetches_over_a_network(
    world: World, canary: Canary, transport: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    top = world.repo("api", {"README.md": "hello\n"})
    world.remote("elsewhere-entirely")
    world.elsewhere("api", {"more.txt": "more\n"})
    home = tmp_path_factory.mktemp("web") / "home"
    with web(world.root, home) if transport == "http" else daemon(world.root) as port:
        url = f"http://pat:sesame@127.0.0.1:{port}/git" if transport == "http" else f"git://127.0.0.1:{port}"
        world.entries["api"] = f'{{path: api, url: "{url}/api.git"}}'
        set_traps(world, top, canary)
        plain = url.replace("pat:sesame@", "")
        world.git(top, "config", f"url.{world.root}/elsewhere-entirely.git.insteadOf", f"{plain}/api.git")
        applied = world.run("apply", "--yes", "--json")
    assert applied.outcomes() == {"api": "pushed"}
    assert applied.reasons() == {"api": ""}
    assert (top / "conf.txt").read_text() == "hello world\n"


def test_a_managed_file_under_a_filter_of_the_checkout_leaves_it_behind(world: World, canary: Canary) -> None:
    top = world.repo("api")
    set_traps(world, top, canary)
    (top / ".git/info/attributes").write_text("* filter=trap\n")
    assert world.run("apply", "--yes", "--json").outcomes() == {"api": "pushed"}
    assert not (top / "conf.txt").exists()
    status = world.run("status", "--json").json["targets"][0]
    assert status["state"] == "behind"
    assert "filter" in status["reason"]


def test_a_managed_file_under_a_filter_upstream_is_blocked(world: World, canary: Canary) -> None:
    top = world.repo("api", {".gitattributes": "*.txt filter=trap\n"})
    set_traps(world, top, canary)
    plan = world.run("plan", "--json")
    assert plan.states() == {"api": "blocked"}
    assert "filter=trap" in plan.out


def test_a_lazy_fetch_runs_nothing(world: World, canary: Canary) -> None:
    top = world.repo("api", {"README.md": "hello\n", "sub/a": "a\n"})
    set_traps(world, top, canary)
    world.git(top, "config", "--file", ".git/config", "extensions.partialClone", "origin")
    world.git(top, "config", "--file", ".git/config", "remote.origin.promisor", "true")
    for loose in (top / ".git/objects").glob("[0-9a-f][0-9a-f]/*"):
        loose.unlink()
    applied = world.run("apply", "--yes", "--json")
    assert applied.outcomes() == {"api": "pushed"}
    assert world.run("status", "--json").states() == {"api": "behind"}


@pytest.mark.parametrize(
    "url",
    [
        "ext::sh -c 'touch {}'",
        "fd::17",
        "-oProxyCommand={}",
        "ssh://-oProxyCommand={}/x",
        "ssh://pat@-oProxyCommand={}/x",
        "-utouch:x",
        "pat@-oProxyCommand=touch:x",
        "--upload-pack={}",
        "transport::http://127.0.0.1/x",
        "ftp://127.0.0.1/x",
        "ssh://host/x\\nfoo",
    ],
)
def test_an_address_that_would_run_a_command_is_refused_wherever_it_stands(
    world: World, canary: Canary, url: str
) -> None:
    address = url.format(canary.command("url"))
    world.entries["api"] = f'{{url: "{address}"}}'
    refused = world.run("plan")
    assert refused.code == 64
    assert "inventory.yaml:5: repos.api.url" in refused.err
    top = world.repo("api")
    world.git(top, "config", "remote.origin.url", address.replace("\\n", "\n"))
    world.bare_repo("web")
    applied = world.run("apply", "--yes", "--json")
    assert applied.outcomes() == {"api": "failed" if "\\n" in url else "blocked", "web": "pushed"}
    assert world.log("api") == ["first"]


def test_an_address_that_the_global_configuration_turns_into_a_command_is_refused(world: World, canary: Canary) -> None:
    world.git(world.root, "config", "--global", f"url.ext::{canary.command('instead')} %S .insteadOf", "good:")
    world.git(world.root, "config", "--global", "protocol.ext.allow", "always")
    world.entries["api"] = '{url: "good:x"}'
    plan = world.run("plan", "--json")
    assert (plan.code, plan.states()) == (1, {"api": "unreachable"})
    assert "ext" in plan.json["targets"][0]["reason"]


@pytest.mark.parametrize(
    "branch", ["-x", "--exec=x", "@{-1}", "refs/heads/x", "a b", "a..b", "x.lock", "a\\nb", "@", "a:b"]
)
def test_a_branch_that_is_no_branch_name_is_refused_with_its_line(world: World, branch: str) -> None:
    world.remote("api")
    world.entries["api"] = f'{{url: {world.root}/api.git, branch: "{branch}"}}'
    refused = world.run("plan")
    assert refused.code == 64
    assert "inventory.yaml:5: repos.api.branch" in refused.err


def test_a_tag_with_the_branchs_name_is_not_taken_for_it(world: World) -> None:
    top = world.repo("api")
    world.commit(top, {"a": "a\n"}, push=True)
    world.git("api.git", "tag", "main", "main~1")
    world.git(top, "tag", "main", "main~1")
    assert world.run("apply", "--yes", "--json").outcomes() == {"api": "pushed"}
    assert world.git("api.git", "rev-parse", "refs/tags/main") == world.git("api.git", "rev-parse", "refs/heads/main~2")
    assert (top / "conf.txt").exists()


def test_replaced_objects_are_not_believed(world: World) -> None:
    top = world.repo("api", {"README.md": "hello\n"})
    good = world.git(top, "rev-parse", "main")
    world.git(top, "checkout", "-q", "-b", "evil")
    evil = world.commit(top, {"conf.txt": "evil\n"})
    world.git(top, "checkout", "-q", "main")
    world.git(top, "replace", good, evil)
    assert world.run("apply", "--yes", "--json").outcomes() == {"api": "pushed"}
    assert (top / "conf.txt").read_text() == "hello world\n"
    assert world.git("api.git", "rev-list", "--count", "main") == "2"


def test_a_work_tree_that_the_configuration_puts_elsewhere_is_not_touched(world: World, outside: Path) -> None:
    top = world.repo("api")
    world.git(top, "config", "--file", ".git/config", "core.worktree", str(outside))
    assert world.run("apply", "--yes", "--json").outcomes()["api"] in {"pushed", "blocked"}
    assert not (top / "conf.txt").exists()


def test_a_git_file_that_points_to_somebody_elses_repository_is_refused(world: World) -> None:
    victim = world.repo("victim")
    before = everything(victim)
    world.write("api", {"x.txt": "x\n"})
    (world.root / "api/.git").write_text(f"gitdir: {victim}/.git\n")
    del world.entries["victim"]
    world.entries["api"] = "{path: api}"
    assert world.run("apply", "--yes", "--json").outcomes() == {"api": "blocked"}
    assert everything(victim) == before


@pytest.mark.parametrize("kind", ["gitfile", "symlink"])
def test_a_git_folder_that_is_a_link_is_refused(world: World, kind: str) -> None:
    victim = world.repo("victim")
    before = everything(victim)
    (world.root / "api").mkdir()
    (world.root / "api/.git").symlink_to(victim / ".git" if kind == "symlink" else victim / ".git/HEAD")
    del world.entries["victim"]
    world.entries["api"] = "{path: api}"
    assert world.run("apply", "--yes", "--json").outcomes() == {"api": "blocked"}
    assert everything(victim) == before


def test_a_folder_inside_another_repository_is_not_taken_for_that_repository(world: World) -> None:
    top = world.repo("api")
    (top / "inner").mkdir()
    world.entries = {"inner": "{path: api/inner}"}
    assert world.run("apply", "--yes", "--json").outcomes() == {"inner": "blocked"}
    assert world.log("api") == ["first"]


def test_a_checkout_of_another_owner_is_not_worked_in(world: World) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root can give a folder away")
    top = world.repo("api")
    os.chown(top / ".git", 65534, 65534)
    applied = world.run("apply", "--yes", "--json")
    assert applied.outcomes() == {"api": "blocked"}
    assert "belongs to another user" in applied.reasons()["api"]


@pytest.mark.parametrize(
    "name", ["config", "HEAD", "index", "packed-refs", "info/attributes", "commondir", "logs/HEAD"]
)
def test_a_pipe_inside_the_git_folder_does_not_hold_the_run_up(world: World, name: str) -> None:
    top = world.repo("api")
    world.bare_repo("web")
    file = top / ".git" / name
    file.unlink(missing_ok=True)
    file.parent.mkdir(exist_ok=True)
    os.mkfifo(file)
    started = time.monotonic()
    applied = world.run("--timeout", "1", "apply", "--yes", "--json")
    assert time.monotonic() - started < 15
    assert applied.outcomes()["web"] == "pushed"
    assert not (top / "conf.txt").exists() or name == "logs/HEAD"


@pytest.mark.parametrize("name", ["index", "info/attributes", "FETCH_HEAD"])
def test_a_pipe_where_only_git_would_wait_for_it_is_told_when_git_is_to_run(world: World, name: str) -> None:
    top = world.repo("api")
    assert world.run("apply", "--yes", "--json").outcomes() == {"api": "pushed"}
    (top / ".git" / name).unlink(missing_ok=True)
    os.mkfifo(top / ".git" / name)
    assert world.run("status", "--json").states() == {"api": "in-sync"}
    world.template("project/conf.txt.j2", "hello moon\n")
    started = time.monotonic()
    applied = world.run("--timeout", "1", "apply", "--yes", "--json")
    assert time.monotonic() - started < 15
    assert (top / "conf.txt").read_text() == "hello world\n"
    assert f"{name} is not a plain file" in applied.out


def test_an_included_pipe_does_not_hold_the_run_up(world: World) -> None:
    top = world.repo("api")
    os.mkfifo(top / ".git/pipe")
    world.git(top, "config", "--file", ".git/config", "include.path", "pipe")
    started = time.monotonic()
    applied = world.run("--timeout", "1", "apply", "--yes", "--json")
    assert time.monotonic() - started < 20
    assert applied.outcomes() == {"api": "blocked"}
    assert "pipe is not a plain file" in applied.reasons()["api"]


@first_rows(
    4,
    "config",
    [
        b"[core\n",
        b"\xff\xfe\x00garbage",
        b"x" * 3_000_000,
        b"[core]\n\tbare = maybe\n",
        b'[remote "origin"]\n\turl = a\n\turl = b\n',
        b"[core]\n\trepositoryformatversion = 99\n",
        b"[extensions]\n\tevil = true\n[core]\n\trepositoryformatversion = 1\n",
        b"",
    ],
    ids=["half", "binary", "large", "bare", "two addresses", "future", "extension", "empty"],
)
def test_a_broken_configuration_concerns_its_target_alone(world: World, config: bytes) -> None:
    top = world.repo("api")
    world.bare_repo("web")
    (top / ".git/config").write_bytes(config)
    applied = world.run("apply", "--yes", "--json")
    assert applied.outcomes()["web"] == "pushed", applied.err
    assert applied.outcomes()["api"] in {"blocked", "committed", "failed"}
    assert world.run("status", "--json").code in {0, 1}


# --- where bytes may go


@pytest.mark.parametrize("where", ["upstream", "work tree", "parent upstream", "parent in the work tree"])
def test_a_symlink_in_the_way_is_never_followed(world: World, outside: Path, where: str) -> None:
    top = world.repo("api")
    world.template("project/conf.txt.j2", "")
    (world.root / "templates/project/conf.txt.j2").unlink()
    world.template("project/sub/victim.txt", "ours\n")
    inside = top / "sub" / "victim.txt"
    if where.startswith("parent"):
        (top / "sub").symlink_to(outside)
    else:
        inside.parent.mkdir()
        inside.symlink_to(outside / "victim.txt")
    if where.endswith("upstream"):
        world.git(top, "add", "-A")
        world.git(top, "commit", "-q", "-m", "link")
        world.git(top, "push", "-q", "origin", "main")
    applied = world.run("apply", "--yes", "--json")
    if where.endswith("upstream"):
        assert applied.outcomes() == {"api": "blocked"}
        assert "symlink" in applied.reasons()["api"]
    else:
        assert applied.outcomes() == {"api": "pushed"}
        assert world.run("status", "--json").states() == {"api": "behind"}
    assert (top / "sub").is_symlink() or inside.is_symlink()


def test_a_submodule_in_the_way_is_blocked_and_kept(world: World) -> None:
    top = world.repo("api")
    commit = world.git(top, "rev-parse", "HEAD")
    world.git(top, "update-index", "--add", "--cacheinfo", f"160000,{commit},sub")
    world.git(top, "commit", "-q", "-m", "submodule")
    world.git(top, "push", "-q", "origin", "main")
    world.template("project/sub/file.txt", "ours\n")
    applied = world.run("apply", "--yes", "--json")
    assert applied.outcomes() == {"api": "blocked"}
    assert "submodule" in applied.reasons()["api"]
    assert world.git("api.git", "ls-tree", "main", "sub").startswith("160000")


@pytest.mark.parametrize("files", [{"conf.txt/x": "x\n"}, {"sub": "a file\n"}], ids=["a folder there", "a file above"])
def test_a_folder_and_a_file_at_one_path_are_blocked(world: World, files: dict[str, str]) -> None:
    world.repo("api", {"README.md": "hello\n", **files})
    world.template("project/sub/file.txt", "ours\n")
    tip = world.tip("api")
    assert world.run("apply", "--yes", "--json").outcomes() == {"api": "blocked"}
    assert world.tip("api") == tip


def test_a_hard_linked_file_of_a_shared_folder_blocks_it_in_the_plan_already(world: World) -> None:
    shared = world.root / "shared"
    shared.mkdir()
    world.tail = "folders: {notes: {path: shared, templates: [project]}}\n"
    assert world.run("apply", "--yes").code == 0
    os.link(shared / "conf.txt", world.root / "other name")
    assert world.run("plan", "--json").states() == {"notes": "in-sync"}
    world.template("project/conf.txt.j2", "second\n")
    plan = world.run("plan", "--json")
    assert (plan.code, plan.states()) == (1, {"notes": "blocked"})
    assert "conf.txt: has hard links" in plan.json["targets"][0]["reason"]
    applied = world.run("apply", "--yes", "--json")
    assert (applied.code, applied.outcomes()) == (3, {"notes": "blocked"})
    assert (world.root / "other name").read_text() == "hello world\n"


def _linked(world: World, mode: str, theirs: str, *, ours: bool) -> Path:
    """Return a file of a shared folder that has another name, too, and waits for a decision."""
    shared = world.root / "shared"
    shared.mkdir()
    world.template("project/R.md", "first\n")
    world.tail = f"folders: {{notes: {{path: shared, templates: [project]}}}}\nfiles: {{R.md: {{mode: {mode}}}}}\n"
    file = shared / "R.md"
    assert not ours or world.run("apply", "--yes").code == 0
    file.write_text(file.read_text().replace("first", theirs) if ours else f"{theirs}\n")
    os.link(file, world.root / "other name")
    return file


def _with_a_copy(file: Path) -> None:
    shutil.copy(file, file.with_name("copy"))
    os.rename(file.with_name("copy"), file)


@pytest.mark.parametrize("mode", ["whole", "block"])
def test_a_hard_linked_file_of_others_is_blocked_in_the_plan_already(world: World, mode: str) -> None:
    file = _linked(world, mode, "first", ours=False)
    world.template("project/R.md", "first\n\nmore\n")
    plan = world.run("plan", "--json")
    assert (plan.code, plan.states()) == (1, {"notes": "blocked"})
    said = "has hard links, which replacing it would part; put a copy in its place"
    assert said in plan.json["targets"][0]["reason"]
    _with_a_copy(file)
    assert world.run("apply", "--yes", "--adopt").code == 0


@pytest.mark.parametrize("mode", ["whole", "block"])
def test_what_others_did_to_a_hard_linked_file_can_be_kept_or_taken(world: World, mode: str) -> None:
    file = _linked(world, mode, "theirs", ours=True)
    plan = world.run("plan")
    assert "has hard links, which replacing it would part" in plan.out
    assert ("--on-drift keep" in plan.out, "overwrite" in plan.out) == (True, False), plan.out
    assert world.run("apply", "--yes", "--on-drift", "overwrite").code == 3
    assert world.run("take", "notes", "R.md", "--yes").code == 0
    assert world.run("plan", "--json").states() == {"notes": "in-sync"}
    world.template("project/R.md", "second\n")
    assert world.run("plan", "--json").states() == {"notes": "blocked"}
    file.write_text(file.read_text().replace("theirs", "again"))
    assert world.run("apply", "--yes", "--on-drift", "keep").code == 0
    assert world.run("plan", "--json").states() == {"notes": "in-sync"}
    assert file.stat().st_nlink == 2


@pytest.mark.parametrize("twin", ["CONF.TXT", "Conf.txt"])
def test_a_twin_by_case_upstream_is_blocked(world: World, twin: str) -> None:
    world.repo("api", {twin: "theirs\n"})
    applied = world.run("apply", "--yes", "--json")
    assert applied.outcomes() == {"api": "blocked"}
    assert twin in applied.reasons()["api"]


def test_a_hard_linked_file_keeps_its_link_and_the_checkout_is_behind(world: World, outside: Path) -> None:
    top = world.repo("api", {"conf.txt": "hello moon\n"})
    (top / "conf.txt").unlink()
    (outside / "victim.txt").write_text("hello moon\n")
    os.link(outside / "victim.txt", top / "conf.txt")
    applied = world.run("apply", "--yes", "--adopt", "--json")
    assert applied.outcomes() == {"api": "pushed"}
    assert "hard link" in applied.reasons()["api"]
    assert (top / "conf.txt").read_text() == "hello moon\n"
    (outside / "victim.txt").write_text("precious\n")


@pytest.mark.parametrize(
    "kind", ["pipe", "socket", "symlink", "dangling symlink", "folder", "device", "symlinked parent"]
)
def test_what_is_no_plain_file_in_a_shared_folder_is_refused_at_once(world: World, outside: Path, kind: str) -> None:
    world.template("shared/sub/victim.txt", "ours\n")
    world.tail = "folders: {shared: {path: shared, templates: [shared]}}\n"
    world.bare_repo("api")
    place = world.root / "shared/sub/victim.txt"
    place.parent.mkdir(parents=True)
    if kind == "pipe":
        os.mkfifo(place)
    elif kind == "socket":
        here = Path.cwd()
        os.chdir(place.parent)
        socket.socket(socket.AF_UNIX).bind("victim.txt")
        os.chdir(here)
    elif kind == "symlink":
        place.symlink_to(outside / "victim.txt")
    elif kind == "dangling symlink":
        place.symlink_to(outside / "new.txt")
    elif kind == "folder":
        place.mkdir()
    elif kind == "device":
        if os.geteuid() != 0:
            pytest.skip("only root can make a device")
        os.mknod(place, 0o20666, os.makedev(1, 5))
    else:
        place.parent.rmdir()
        place.parent.symlink_to(outside)
    started = time.monotonic()
    applied = world.run("apply", "--yes", "--adopt", "--json")
    assert time.monotonic() - started < 5
    assert applied.outcomes() == {"shared": "blocked", "api": "pushed"}


def test_planted_names_in_the_git_folder_lead_nowhere(world: World, outside: Path) -> None:
    top = world.repo("api")
    home = top / ".git/rollout"
    (home / "op-1-1").mkdir(parents=True)
    (home / "op-1-1/moves").write_text(
        f'["{outside}/victim.txt", "../../../../x", null, ["100644", "{"0" * 40}"]]\n'
        f'["../../../../../../..{outside}/victim.txt", "sub/x", null, ["100644", "{"0" * 40}"]]\n'
    )
    (home / "op-2-2").symlink_to(outside)
    (home / "kept").symlink_to(outside)
    assert world.run("apply", "--yes", "--json").outcomes() == {"api": "pushed"}


def test_a_rollout_folder_that_is_a_link_is_not_cleared(world: World, outside: Path) -> None:
    top = world.repo("api")
    (outside / "op-mine").mkdir()
    (outside / "op-mine/file").write_text("precious\n")
    (top / ".git/rollout").symlink_to(outside)
    assert world.run("apply", "--yes", "--json").outcomes() == {"api": "pushed"}
    assert (outside / "op-mine/file").exists()
    (outside / "op-mine/file").unlink()
    (outside / "op-mine").rmdir()


def test_git_is_never_taken_from_the_current_folder(
    world: World, canary: Canary, monkeypatch: pytest.MonkeyPatch
) -> None:
    top = world.repo("api")
    world.elsewhere("api", {"more.txt": "x\n"})
    for place in (world.root, top):
        for name in ("git", "ssh", "sh", "git-upload-pack", "bash", "python", "git-remote-http"):
            (place / name).write_text(Path(canary.command(f"path-{name}")).read_text())
            (place / name).chmod(0o755)
    monkeypatch.setenv("PATH", f".:{top.name}::{os.environ['PATH']}")
    process = world.spawn("apply", "--yes", PYTHONPATH="", PATH=os.environ["PATH"])
    err = process.communicate(timeout=60)[1]
    assert process.returncode == 0, err
    assert world.at("api", "conf.txt") == "hello world\n"
    for place in (world.root, top):
        for name in ("git", "ssh", "sh", "git-upload-pack", "bash", "python", "git-remote-http"):
            (place / name).unlink()


@first_rows(6, "name", ENVIRONMENT)
def test_what_the_environment_says_about_another_repository_is_not_believed(
    world: World, canary: Canary, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    world.repo("api")
    victim = world.repo("victim")
    del world.entries["victim"]
    before = everything(victim)
    world.inventory()
    value = {"GIT_CONFIG_PARAMETERS": f"'core.fsmonitor={canary.command('parameters')}'",
             "GIT_NAMESPACE": "other", "GIT_EXTERNAL_DIFF": canary.command("diff"),
             "GIT_PROXY_COMMAND": canary.command("proxy"), "GIT_ASKPASS": canary.command("askpass"),
             "GIT_INDEX_FILE": str(victim / ".git/index"), "GIT_WORK_TREE": str(victim)}  # fmt: skip
    monkeypatch.setenv(name, value.get(name, str(victim / ".git")))
    assert world.run("apply", "--yes", "--json").outcomes() == {"api": "pushed"}
    monkeypatch.delenv(name, raising=False)
    assert world.at("api", "conf.txt") == "hello world\n"
    assert everything(victim) == before


HOOK_NAMES = ("trap", "a=b", "With Space.and.dots", 'quo"te', "back\\slash", "")

SEEING_GIT = """\
#!{python} -IS
import json, os, subprocess, sys
words, options = sys.argv[1:], []
while words and words[0].startswith("-"):
    count = 2 if words[0] == "-c" else 1
    options, words = options + words[:count], words[count:]
asked = subprocess.run(["{git}", *options, "config", "-z", "--get-regexp", "^hook[.]"], capture_output=True, text=True)
with open("{seen}", "a") as file:
    file.write(json.dumps([words[:1], asked.stdout.split("\\0")[:-1], options]) + "\\n")
os.execv("{git}", ["{git}", *sys.argv[1:]])
"""


def hooks_of(settings: list[str]) -> set[str]:
    """Return the hooks that a git of 2.54 or newer would run: those with a command that are not switched off."""
    found: dict[str, dict[str, str]] = {}
    for setting in settings:
        key, _, value = setting.partition("\n")
        name, _, variable = key.rpartition(".")
        found.setdefault(name, {})[variable] = value
    return {name for name, about in found.items() if "command" in about and about.get("enabled") != "false"}


def _with_hooks(world: World, canary: Canary, name: str, where: str) -> None:
    """Define hooks in one file of a checkout's configuration."""
    top = world.repo(name)
    world.elsewhere(name, {"more.txt": "more\n"})
    if where == "config.worktree":
        world.git(top, "config", "core.repositoryFormatVersion", "1")
        world.git(top, "config", "extensions.worktreeConfig", "true")
    if where == "included":
        world.git(top, "config", "include.path", "included")
    said = (("command", canary.command("hook")), ("event", "reference-transaction"))
    settings = [(f"hook.{hook}.{key}", value) for hook in HOOK_NAMES for key, value in said]
    configure(world, top / ".git" / where, settings)


def test_no_hook_that_a_configuration_defines_reaches_a_git_that_works_in_the_checkout(
    world: World, canary: Canary
) -> None:
    """An older git does not know such hooks: what counts is what a newer one would read in the very same call."""
    places = {"own": "config", "includes": "included", "worktree": "config.worktree"}
    for name, where in places.items():
        _with_hooks(world, canary, name, where)
    tools, seen = world.root / "tools", world.root / "seen"
    tools.mkdir()
    (tools / "git").write_text(SEEING_GIT.format(python=sys.executable, git=shutil.which("git"), seen=seen))
    (tools / "git").chmod(0o755)
    run = world.spawn("apply", "--yes", PATH=f"{tools}:{os.environ['PATH']}")
    _, err = run.communicate(timeout=60)
    assert run.returncode == 0, err
    lines = [json.loads(line) for line in seen.read_text().splitlines()]
    calls = [call for call in lines if call[0] != ["config"]]  # which runs no hook
    assert [(command, options, hooks_of(read)) for command, read, options in calls if hooks_of(read)] == []
    for name in places:
        here = [(command, read) for command, read, options in calls if f"--git-dir={world.root / name}/.git" in options]
        followed = (world.root / name / "conf.txt").exists()
        assert (bool(here), any(read for _, read in here)) == (True, followed), (
            f"{name}: git read the hooks, or neither"
        )
    assert ["receive-pack"] in [command for command, _, _ in calls]
