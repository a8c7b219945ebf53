"""Things that lie among templates and are none, and places that are not what the inventory takes them for."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from rollout.fleet.ignored import ignored
from rollout.rendering import templates
from rollout.safety.stray import is_stray
from tests import rights
from tests.first_rows import first_rows
from tests.world import World

NONE = (
    ".DS_Store", "._a.md", "Thumbs.db", "desktop.ini", "a.md.j2~", ".a.md.j2.swp", ".a.swo", "#a#", ".#a", "a.md.orig",
    "a.md.rej", "x.pyc", "__pycache__/x.cpython-311.pyc", ".idea/workspace.xml", "sub/.DS_Store", ".ruff_cache/x",
    ".rollout-3f81ad00-1234abcd", ".swp", "sub/.swo",
    ".pytest_cache/v/x", "Icon\r", "sub/Icon\r", ".localized", ".Spotlight-V100/x", ".Trashes/x", ".fseventsd/x",
    "ehthumbs.db", "Desktop.ini", "$RECYCLE.BIN/x", ".directory", ".Trash-1000/x", ".nfs000000000123abcd",
    ".fuse_hidden0000123400000001", "4913", ".x.kate-swp", ".goutputstream-AB12CD", "~$doc.docx", ".~lock.doc.odt#",
)  # fmt: skip

SOME = (
    ".editorconfig",
    ".vscode/settings.json",
    ".gitignore",
    "a.swp",
    "b~/c",
    ".env.j2",
    "swap.x",
    "a#b",
    ".claude/settings.json",
    "Icon",
    "49131",
    ".directory.md",
    ".nfs.conf",
    "$x/y",
)


def test_what_editors_and_tools_leave_among_templates_is_left_out_and_told(tmp_path: Path) -> None:
    for name in NONE + SOME[:4] + SOME[5:]:
        file = tmp_path / "set" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("x")
    (tmp_path / "set/.#lock").symlink_to("nobody@nowhere.1")
    found = templates.load(tmp_path)
    assert set(found.files) == {f"set/{name}" for name in SOME[:4] + SOME[5:]}
    left_out = {first if is_stray(first := name.partition("/")[0]) else name for name in NONE}
    left_out |= {".#lock"}
    assert found.left_out == tuple(sorted(f"set/{name}" for name in left_out))
    told = found.warning() or ""
    assert f"and {len(left_out) - 5} more" in told
    assert templates.load(tmp_path / "set/.vscode").warning() is None


def test_everything_that_is_left_out_can_be_named(world: World) -> None:
    world.bare_repo("api")
    strays = [f"project/{name}" for name in (".DS_Store", ".a.swp", "a~", *(f"{n}.orig" for n in range(9)))]
    world.write("templates", dict.fromkeys(strays, "x\n"))
    brief, whole = world.run("validate").err, world.run("validate", "-v").err
    assert "and 7 more (-v names them)" in brief
    assert [name for name in strays if name not in whole] == []
    assert " more" not in whole


def test_a_name_that_ends_in_j2_is_a_template_even_in_a_folder_of_an_editor(tmp_path: Path) -> None:
    kept = ("one/.idea/codeStyles/Project.xml.j2", "one/a.orig.j2")
    out = ("one/.idea/.#a.j2", "one/.idea/.a.j2.swp", "one/.idea/workspace.xml", "two/.idea/workspace.xml")
    for name in kept + out:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/a.j2").write_text("x")
    (tmp_path / "three").mkdir()
    (tmp_path / "three/.idea").symlink_to("../elsewhere")
    found = templates.load(tmp_path)
    assert set(found.files) == {*kept, "elsewhere/a.j2"}
    assert found.left_out == (*out[:3], "three/.idea", "two/.idea")


@pytest.mark.parametrize("kind", ["repository", "submodule", "worktree"])
def test_a_template_set_may_be_a_repository_of_its_own(world: World, kind: str) -> None:
    world.repo("api", {})
    world.checkout("common", {"a.txt": "a\n"})
    world.git("common", "branch", "x.j2")
    world.git(".", "init", "-q")
    if kind == "submodule":
        add = ("-c", "protocol.file.allow=always", "submodule", "add", "-q")
        world.git(".", *add, str(world.root / "common.git"), "templates/common")
    elif kind == "worktree":
        world.git("common", "worktree", "add", "-q", "-b", "y", str(world.root / "templates/common"))
    else:
        world.git(".", "clone", "-q", str(world.root / "common"), "templates/common")
        world.git("templates/common", "branch", "x.j2")
    world.defaults = "defaults: {templates: [project, common]}\n"
    ran = world.run("apply", "--yes")
    assert (ran.code, ".git" in ran.out + ran.err) == (0, False), ran.out + ran.err
    assert (world.at("api", "a.txt"), world.at("api", ".git")) == ("a\n", None)
    assert world.run("verify").code == 0


def test_everything_that_cannot_be_read_among_templates_is_told_at_once(world: World) -> None:
    world.bare_repo("api")
    for name in ("project/a", "project/sub/b", "project/folder"):
        place = world.root / "templates" / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to("/etc")
    with (world.root / "templates/project/large").open("wb") as large:
        large.truncate(17 << 20)
    ran = world.run("validate")
    lines = [line for line in ran.err.splitlines() if "templates/project/" in line]
    assert ran.code == 64
    assert [line.partition("templates/project/")[2].partition(":")[0] for line in lines] == [
        "a",
        "folder",
        "large",
        "sub/b",
    ]


def test_what_git_ignores_where_the_inventory_lies_is_no_template(world: World) -> None:
    world.git(".", "init", "-q")
    world.write(".", {".gitignore": "*.log\n/home*\nsecret*\n"})
    files = {
        "a.log": "x\n",
        "sub/b.log": "x\n",
        "kept.log": "x\n",
        "secret.txt": "x\n",
        ".gitignore": "*.txt\n",
        "c.md": "x\n",
    }
    world.write("templates/project", files)
    world.git(".", "add", "-f", "templates/project/kept.log", "templates/project/conf.txt.j2", ".gitignore")
    assert ignored(world.root / "templates") == {"project/a.log", "project/sub/b.log", "project/secret.txt"}
    world.bare_repo("api")
    ran = world.run("validate")
    assert ran.err.count("project/a.log, project/secret.txt, project/sub/b.log") == 1
    assert ran.code == 0
    world.write(".", {".gitignore": "*\n"})
    world.git(".", "rm", "-q", "--cached", "-r", "templates")
    assert ignored(world.root / "templates") == set(), "who ignores everything means other things than templates"


def test_a_checkout_that_is_a_link_is_told_with_where_it_leads(world: World) -> None:
    world.repo("real")
    (world.root / "alpha").symlink_to("real")
    world.entries = {"alpha": "{path: alpha}"}
    (target,) = world.run("plan", "--json").json["targets"]
    assert target["state"] == "blocked"
    real = world.root.resolve() / "real"
    assert target["reason"] == f"{world.root}/alpha is a symlink to {real}; write `path: {real}`"


def test_a_remote_without_the_branch_is_told_with_the_one_it_has(world: World) -> None:
    bare = world.remote("api", branch="master")
    world.entries = {"api": f"{{url: {bare}}}"}
    told = (
        "the remote has no branch 'main'; it has 'master' (its default): write `branch: master`; rollout creates none"
    )
    for command in (("plan",), ("plan", "--offline"), ("status",), ("status", "--fetch")):
        assert world.run(*command, "--json").json["targets"][0]["reason"] == told, command


def test_a_remote_whose_head_names_no_branch_is_told_with_the_only_one_it_has(world: World) -> None:
    bare = world.remote("api", branch="master")
    world.git("api.git", "symbolic-ref", "HEAD", "refs/heads/main")
    world.entries = {"api": f"{{url: {bare}}}"}
    told = (
        "the remote has no branch 'main'; it has 'master' (its only one): write `branch: master`; rollout creates none"
    )
    for command in (("plan",), ("plan", "--offline"), ("status",), ("status", "--fetch")):
        assert world.run(*command, "--json").json["targets"][0]["reason"] == told, command
    world.git("api.git", "branch", "-q", "next", "master")
    reason = world.run("plan", "--json").json["targets"][0]["reason"]
    assert reason == "the remote has no branch 'main'; create it first; rollout creates none", "no one is the one"


def test_a_remote_without_any_branch_is_told_alike_with_and_without_asking_it(world: World) -> None:
    world.entries = {"api": f"{{url: {world.remote('api')}}}"}
    world.git("api.git", "branch", "-q", "-D", "main")
    for command in (("plan",), ("status",), ("status", "--fetch")):
        reason = world.run(*command, "--json").json["targets"][0]["reason"]
        assert reason == "the remote has no branch 'main'; create it first; rollout creates none", command


def test_a_link_in_the_place_of_a_file_is_told_with_where_it_leads_and_the_way_out(world: World) -> None:
    top = world.repo("api")
    (top / "conf.txt").symlink_to("AGENTS.md")
    world.git(top, "add", "conf.txt")
    world.git(top, "commit", "-q", "-m", "link")
    world.git(top, "push", "-q", "origin", "HEAD")
    world.tail = "folders: {shared: {path: shared, templates: [project]}}\n"
    (world.root / "shared").mkdir()
    (world.root / "shared/conf.txt").symlink_to("AGENTS.md")
    told = (
        "conf.txt: is a symlink to AGENTS.md there; name the file it leads to instead, or put a plain file in its place"
    )
    assert [target["reason"] for target in world.run("plan", "--json").json["targets"]] == [told, told]
    assert world.run("apply", "--yes").code == 3
    for target in world.run("status", "--json").json["targets"]:
        assert (target["state"], target["reason"], target["disagreement"]) == ("blocked", told, None)
    assert world.run("status").out.count("is a symlink") == 2
    world.tail += "files: {conf.txt: {mode: absent}}\n"
    told = "conf.txt: is a symlink to AGENTS.md there; take it away yourself: what it leads to may be needed"
    assert [target["reason"] for target in world.run("plan", "--json").json["targets"]] == [told, told]


@pytest.mark.parametrize("kind", ["repository", "folder"])
def test_absent_for_a_path_that_is_a_directory_says_what_there_is_to_do(world: World, kind: str) -> None:
    if kind == "repository":
        world.bare_repo("api", {"old/a.txt": "x\n"})
    else:
        world.defaults = ""
        world.tail = "folders: {shared: {path: shared, templates: [project]}}\n"
        world.write("shared", {"old/a.txt": "x\n"})
    world.tail += "files: {old: {mode: absent}}\n"
    ran = world.run("apply", "--yes")
    assert ran.code == 0
    assert "old: is a directory there, and `mode: absent` removes files only; name the files in it" in ran.out + ran.err


@pytest.mark.parametrize("kind", ["repository", "folder"])
@pytest.mark.parametrize(
    ("there", "what"),
    [("w.txt/x", "is a directory there"), ("w", "is below the file w there")],
    ids=["folder", "file"],
)
def test_what_is_in_the_way_is_told_with_the_way_out(world: World, kind: str, there: str, what: str) -> None:
    managed = "w.txt" if there.startswith("w.txt") else "w/w.txt"
    world.template(f"project/{managed}", "x\n")
    if kind == "repository":
        world.bare_repo("api", {there: "x\n"})
    else:
        world.defaults = ""
        world.tail = "folders: {shared: {path: shared, templates: [project]}}\n"
        world.write("shared", {there: "x\n"})
    ran = world.run("apply", "--yes")
    assert ran.code != 0
    assert re.search(f"{what}.*; move it away, or give the template another name", ran.out + ran.err), ran.out


@pytest.mark.parametrize("kind", ["branch", "folder"])
def test_a_symlink_above_a_path_is_named(world: World, kind: str) -> None:
    world.template("project/v/w/x/y.txt", "y\n")
    top = world.root / "shared" if kind == "folder" else world.repo("api")
    (top / "v").mkdir(parents=True, exist_ok=True)
    (top / "v/w").symlink_to("elsewhere")
    if kind == "folder":
        world.tail = "folders: {shared: {path: shared, templates: [project]}}\n"
    else:
        world.git(top, "add", "v")
        world.git(top, "commit", "-q", "-m", "link")
        world.git(top, "push", "-q", "origin", "HEAD")
    assert "v/w/x/y.txt: is behind the symlink v/w there; move it away" in world.run("plan").out


def _placed(world: World, name: str) -> None:
    """Let a name be the only one in the template set."""
    shutil.rmtree(world.root / "templates/project")
    world.template(f"project/{name}", f"{name}\n")


@pytest.mark.parametrize(("old", "new"), [("conf", "conf/x"), ("conf/x", "conf")])
@first_rows(1, "kind", ["branch", "folder"])
def test_our_file_in_the_way_of_our_own_is_named_with_the_way_out(world: World, kind: str, old: str, new: str) -> None:
    if kind == "branch":
        world.repo("api")
    else:
        world.tail = "folders: {f: {path: shared, templates: [project]}}\n"
        (world.root / "shared").mkdir()
    _placed(world, old)
    assert world.run("apply", "--yes").code == 0
    _placed(world, new)
    absent = f"files: {{{old}: {{mode: absent}}}}\n"
    world.tail += absent
    plan = world.run("plan")
    said = f"rollout wrote {old}: apply once with `mode: absent` there and without this template, then add the template"
    assert (plan.code, said in plan.out, "orphan" in plan.out) == (1, True, False), plan.out
    assert json.loads(world.run("plan", "--json").out)["targets"][0]["orphans"] == []
    _placed(world, "other")
    assert world.run("apply", "--yes").code == 0
    _placed(world, new)
    world.tail = world.tail.replace(absent, "")
    assert world.run("apply", "--yes").code == 0
    place = world.root / ("api" if kind == "branch" else "shared") / new
    assert place.read_text() == f"{new}\n"


def test_a_remote_of_another_name_is_told_with_the_way_out(world: World) -> None:
    top = world.repo("api")
    world.git(top, "remote", "rename", "origin", "up")
    plan = world.run("plan", "--json")
    reason = plan.json["targets"][0]["reason"]
    assert "no remote 'origin' (it has: up); name it with `remote`, or the address with `url`" in reason
    world.entries["api"] = "{path: api, remote: up}"
    assert world.run("apply", "--yes").code == 0


@rights.linux
@pytest.mark.parametrize("locked", ["project/conf.txt.j2", "project", "."])
def test_templates_that_cannot_be_read_are_bad_templates(world: World, locked: str) -> None:
    world.bare_repo("api")
    place = world.root / "templates" / locked
    before = place.stat().st_mode
    place.chmod(0)
    ran = rights.run(world, "validate")
    place.chmod(before)
    assert (ran.code, f"{Path('templates') / locked}: Permission denied" in ran.err) == (64, True), ran.err


@pytest.mark.parametrize(
    ("place", "but"),
    [
        ("bare", "but a bare repository; write `url: {root}/bare` in place of `path`"),
        ("api/docs", "but a folder in that of {root}/api; write `path: {root}/api` if that is meant"),
        ("empty", "for it has no .git; clone the repository there, or write where its checkout is"),
    ],
)
def test_a_path_that_is_no_work_tree_is_told_with_what_to_write(world: World, place: str, but: str) -> None:
    world.repo("api")
    world.git("api.git", "clone", "-q", "--bare", ".", "../bare")
    (world.root / "api/docs").mkdir()
    (world.root / "empty").mkdir()
    world.entries["api"] = f"{{path: {place}}}"
    (target,) = world.run("plan", "--json").json["targets"]
    top = world.root / place
    why = f"{top} is not the top of a git work tree, {but.format(root=world.root)}"
    assert (target["state"], target["reason"]) == ("blocked", why)
