"""Templates that read files: of their own target and of others, as they will be after the plan."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rollout.fleet import load, prove
from tests.world import World

ASSEMBLED = "{% for part in files('.parts/*.md') %}{{ read(part) | trim }}\n\n{% endfor %}"


def test_a_file_is_put_together_from_managed_and_unmanaged_parts(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.bare_repo("api", {".parts/b.md": "theirs\n", ".parts/c.txt": "no\n"})
    world.template("project/.parts/a.md.j2", "ours of {{ target.name }}\n")
    world.template("project/CLAUDE.md.j2", ASSEMBLED)
    assert world.run("apply", "-y").code == 0
    assert world.at("api", "CLAUDE.md") == "ours of api\n\ntheirs\n\n"
    assert world.run("plan", "--json").states() == {"api": "in-sync"}
    world.elsewhere("api", {".parts/b.md": "theirs, changed\n", ".parts/d.md": "new\n"})
    assert world.run("apply", "-y").code == 0
    assert world.at("api", "CLAUDE.md") == "ours of api\n\ntheirs, changed\n\nnew\n\n"
    assert world.run("verify").code == 0


def test_parts_come_from_other_targets_as_they_will_be(tmp_path: Path) -> None:
    world = World(tmp_path, defaults="")
    world.repo("core", {"core.md": "core 1\n"}, ", templates: [core]")
    world.repo("api", {"README.md": "hello\n"}, ", templates: [project]")
    world.template("core/ours.md.j2", "ours: {{ who }}\n")
    world.template(
        "project/CLAUDE.md.j2",
        "{{ read('core.md', target='core') }}{{ read('ours.md', target='core') }}{{ read('no', default='none') }}\n",
    )
    assert world.run("apply", "-y").code == 0
    assert world.at("api", "CLAUDE.md") == "core 1\nours: world\nnone\n"
    world.elsewhere("core", {"core.md": "core 2\n"})
    assert world.run("plan", "--json").states() == {"core": "in-sync", "api": "pending"}
    assert world.run("apply", "-y").code == 0
    assert world.at("api", "CLAUDE.md") == "core 2\nours: world\nnone\n"
    found = world.run("explain", "api", "CLAUDE.md", "--json").json["inputs"]
    assert [(one["path"], one["target"]) for one in found] == [("core.md", "core"), ("ours.md", "core")]


def test_a_cycle_is_named_and_blocks_what_is_in_it(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.bare_repo("api")
    world.template("project/a.md.j2", "{{ read('b.md') }}")
    world.template("project/b.md.j2", "{{ read('a.md') }}")
    done = world.run("plan", "--json")
    assert done.code == 1
    assert done.states() == {"api": "blocked"}
    assert "a cycle: api:a.md reads api:b.md reads api:a.md" in done.json["targets"][0]["reason"]


def test_what_may_not_be_read_blocks_with_its_place(tmp_path: Path) -> None:
    world = World(tmp_path, tail="folders: {shared: {path: shared, templates: [shared]}}\n")
    (tmp_path / "shared").mkdir()
    top = world.repo("api", {"big": "x" * 1_000_001, "bytes": b"\xff\n"})
    (top / "link").symlink_to("README.md")
    world.git(top, "add", "link")
    world.git(top, "commit", "-qm", "link")
    world.git(top, "push", "-q")
    world.template("shared/x.md", "x\n")
    for name, text in {
        "folder": "{{ read('x.md', target='shared') }}",
        "big": "\n{{ read('big') }}",
        "bytes": "{{ read('bytes') }}",
        "missing": "{{ read('missing') }}",
        "stranger": "{{ read('x', target='apy') }}",
        "outside": "{{ read('../x') }}",
        "link": "{{ read('link') }}",
        "listed": "{{ files('*') | join(',') }}",
    }.items():
        world.template(f"project/{name}.md.j2", text)
    found = {change["path"]: change["cause"] for change in _targets(world)["api"]["changes"]}
    assert found["folder.md"] == (
        "templates/project/folder.md.j2:1: read('x.md', target='shared'): a template of a repository may not read the "
        "folder shared, whose content belongs to a machine"
    )
    assert found["big.md"].endswith("big.md.j2:2: read('big'): it has 1,000,001 bytes; a template may read 1,000,000")
    assert "it is not UTF-8 (byte 0); save it as UTF-8" in found["bytes.md"]
    assert "there is no such file" in found["missing.md"]
    assert "there is no target 'apy'; did you mean 'api'?" in found["stranger.md"]
    assert "the path" in found["outside.md"]
    assert "it is a symlink" in found["link.md"]
    assert found["listed.md"] == "missing"
    world.run("apply", "-y")


def test_a_part_that_moves_before_the_push_makes_the_target_stale(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.bare_repo("api", {".parts/a.md": "1\n"})
    world.template("project/CLAUDE.md.j2", ASSEMBLED)
    assert world.run("plan", "--out", "plan.json").code == 0
    world.elsewhere("api", {".parts/a.md": "2\n"})
    done = world.run("apply", "-y", "plan.json")
    assert done.code == 4
    assert ".parts/a.md of api changed since the plan was made" in done.err


def test_a_folder_reads_its_own_files_and_those_of_repositories(tmp_path: Path) -> None:
    world = World(tmp_path, tail="folders: {shared: {path: shared, templates: [shared]}}\n", defaults="")
    world.repo("api", {"api.md": "of api\n"}, ", templates: [project]")
    world.template("project/x.md", "x\n")
    world.write("shared", {"docs/own.md": "own\n", ".git/no.md": "no\n"})
    (tmp_path / "shared/docs/link.md").symlink_to("own.md")
    world.template(
        "shared/all.md.j2",
        "{{ files('**/*.md') | join(' ') }} {{ read('docs/own.md') }}{{ read('api.md', target='api') }}",
    )
    assert world.run("apply", "-y").code == 0
    assert (tmp_path / "shared/all.md").read_text() == "docs/own.md own\nof api\n"


def _targets(world: World) -> dict[str, dict[str, Any]]:
    return {target["name"]: target for target in world.run("plan", "--json").json["targets"]}


def test_what_others_wrote_is_never_run_as_a_document_of_ours(tmp_path: Path) -> None:
    """Blocks of documents are tried out; a template that reads a file puts somebody else's blocks into ours."""
    world = World(tmp_path)
    world.bare_repo("api", {"theirs.md": "```bash\nrm -rf everything\n```\n"})
    world.template("project/CLAUDE.md.j2", "{{ read('theirs.md') }}")
    world.template("project/ours.md", "```bash\ntrue\n```\n")
    source = load.InventorySource(world.inventory(), "i", None, (), {}, "here")
    with load.opened(source) as loaded:
        found = {file.path: file.content for file in prove.files(loaded, loaded.chosen)}
    assert found == {"ours.md": b"```bash\ntrue\n```\n", "CLAUDE.md": found["CLAUDE.md"]}
    assert b"everything" not in found["CLAUDE.md"]


def test_a_part_that_changes_between_the_plan_and_the_write_makes_the_target_stale(tmp_path: Path) -> None:
    """The check of the rendered file stands for somebody who is quick: it changes what was read."""
    world = World(tmp_path, tail="folders: {shared: {path: shared, templates: [shared]}}\n", defaults="")
    world.repo("api", {"part.md": "1\n"}, ", templates: [project]")
    world.clone("api", "quick")
    world.write("shared", {"part.md": "1\n"})
    commit = "git -c user.name=q -c user.email=q@example.org commit -qam quick"
    push = f"cd {tmp_path}/quick && echo 2 > part.md && {commit} && git push -q origin HEAD\n"
    world.write(".", {"api.sh": push, "shared.sh": f"echo 2 > {tmp_path}/shared/part.md\n"})
    for name in ("project", "shared"):
        world.template(f"{name}/{name}.md.j2", "{{ read('part.md') }}")
    world.tail += (
        f"files: {{project.md: {{check: 'sh {tmp_path}/api.sh {{path}}'}}, "
        f"shared.md: {{check: 'sh {tmp_path}/shared.sh {{path}}'}}}}\n"
    )
    done = world.run("apply", "-y", "--json")
    assert (done.code, done.outcomes()) == (3, {"api": "stale", "shared": "stale"})
    assert done.reasons()["api"] == "upstream changed part.md meanwhile; nothing was written"
    assert done.reasons()["shared"] == "part.md changed meanwhile; nothing was written"
    assert world.at("api", "project.md") is None
    assert not (tmp_path / "shared/shared.md").exists()
