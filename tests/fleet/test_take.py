"""`rollout take`: what a person changed comes back into the template or the inventory, proved before it is written."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from rollout.targets.folder import sources
from tests.world import Ran, World

ALICE = "hello {{ who }}\nkeep this\n"


def two(world: World, template: str, **extra: str) -> None:
    """Roll a template out to two repositories."""
    world.template("project/conf.txt.j2", template)
    for name in ("api", "web"):
        world.repo(name, extra=extra.get(name, ""))
    assert world.run("apply", "--yes").code == 0


def taken(world: World, text: str | bytes, *arguments: str) -> Ran:
    """Let a person change the file in one repository, and take that."""
    world.elsewhere("api", {"conf.txt": text})
    return world.run("take", "api", "conf.txt", *arguments)


def template(world: World, name: str = "project/conf.txt.j2") -> str:
    return (world.root / "templates" / name).read_text()


def states(world: World) -> dict[str, str]:
    """Return the states, once the checkouts are where upstream is."""
    for name in world.entries:
        world.git(name, "pull", "-q", "--ff-only")
    return world.run("plan", "--json").states()


# What the template says, what somebody made of the file, and what the template says then.
LITERAL = {
    "a word": (ALICE, "hello world\nkeep that\n", "hello {{ who }}\nkeep that\n"),
    "a line at the end": (ALICE, "hello world\nkeep this\nand more\n", "hello {{ who }}\nkeep this\nand more\n"),
    "a line at the top": (ALICE, "first\nhello world\nkeep this\n", "first\nhello {{ who }}\nkeep this\n"),
    "a line that goes": (ALICE, "hello world\n", "hello {{ who }}\n"),
    "around a variable": (ALICE, "welcome world!\nkeep this\n", "welcome {{ who }}!\nkeep this\n"),
    "in a condition": (
        "{% if who == 'world' %}\nfor the world\n{% else %}\nfor others\n{% endif %}\nend\n",
        "for all the world\nend\n",
        "{% if who == 'world' %}\nfor all the world\n{% else %}\nfor others\n{% endif %}\nend\n",
    ),
    "beside what makes no text": (
        "{# a comment #}\none\n{% raw %}raw\n{% endraw %}two {{ who -}}\n   three\n",
        "one\nraw\n2 worldthree\n",
        "{# a comment #}\none\n{% raw %}raw\n{% endraw %}2 {{ who -}}\n   three\n",
    ),
}


def many(world: World, rows: Mapping[str, tuple[str, str, str]]) -> None:
    """Roll a file for each row out to two repositories, and let a person change all of them in one."""
    (world.root / "templates/project/conf.txt.j2").unlink()
    for name, (before, _, _) in rows.items():
        world.template(f"project/{name}.j2", before)
    for repository in ("api", "web"):
        world.repo(repository)
    assert world.run("apply", "--yes").code == 0
    world.elsewhere("api", {name: theirs for name, (_, theirs, _) in rows.items()})


def test_literal_text_is_changed_in_the_template(world: World) -> None:
    many(world, LITERAL)
    ran = {name: world.run("take", "api", name, "--yes") for name in LITERAL}
    assert {name: one.err for name, one in ran.items() if one.code} == {}
    assert [name for name, one in ran.items() if "This changes web, too." not in one.out] == []
    assert {name: template(world, f"project/{name}.j2") for name in LITERAL} == {
        name: after for name, (_, _, after) in LITERAL.items()
    }
    assert states(world) == {"api": "in-sync", "web": "pending"}
    assert world.run("apply", "--yes").code == 0
    assert {name: world.at("web", name) for name in LITERAL} == {
        name: theirs for name, (_, theirs, _) in LITERAL.items()
    }


def test_what_a_variable_made_is_told_and_set_when_asked(world: World) -> None:
    two(world, ALICE)
    head, entries = world.head, dict(world.entries)
    ran = taken(world, "hello moon\nkeep this\n", "--yes")
    assert (ran.code, template(world)) == (4, ALICE)
    assert "who would have to be 'moon'; it is 'world', set by vars" in ran.err
    assert (
        "rollout take api conf.txt --set sets it for api; rollout take api conf.txt --set-all where it is set"
        in ran.err
    )
    assert (world.head, world.entries) == (head, entries)
    assert world.run("take", "api", "conf.txt", "--set", "--yes").code == 0
    text = (world.root / "inventory.yaml").read_text()
    assert "api: {path: api, vars: {who: moon}}" in text
    assert world.run("plan", "--json", write=False).json["summary"]["drift"] == 0
    assert world.run("plan", "--json", write=False).states()["web"] == "in-sync"


def test_a_variable_is_set_where_it_is_set_and_comments_stay(world: World) -> None:
    world.head = "version: 1\n# who is greeted\nvars:\n  who: world   # everybody\n  port: 80\n"
    two(world, "hello {{ who }} at {{ port }}\n")
    ran = taken(world, "hello moon at 81\n", "--set-all", "--yes")
    assert ran.code == 0, ran.err
    text = (world.root / "inventory.yaml").read_text()
    assert "# who is greeted\nvars:\n  who: moon   # everybody\n  port: 81\n" in text
    world.git("api", "pull", "-q", "--ff-only")
    assert world.run("plan", "--json", write=False).states() == {"api": "in-sync", "web": "pending"}


def test_text_and_variable_are_taken_together(world: World) -> None:
    two(world, ALICE)
    ran = taken(world, "welcome moon\nkeep this\n", "--set", "--yes")
    assert (ran.code, template(world)) == (0, "welcome {{ who }}\nkeep this\n"), ran.err
    assert "who: moon" in (world.root / "inventory.yaml").read_text()


# What the template says, what somebody made of the file, and why that cannot be taken.
UNSAYABLE = {
    "filtered": ("hello {{ who|upper }}\n", "hello MOON\n", "line 1, made at templates/project/filtered.j2:1"),
    "looped": ("{% for x in [1, 2] %}\nline {{ x }}\n{% endfor %}\n", "row 1\nline 2\n", "makes other lines too"),
    "twice": ("a {{ who }}\nb {{ who }}\n", "a moon\nb world\n", "makes other lines too"),
    "as a template": ("hello {{ who }}\n", "{{ hello }} world\n", "cannot be taken back"),
    "a filter of a block": (
        "{% filter upper %}hello {{ who }}{% endfilter %}\n",
        "HELLO MOON\n",
        "cannot be taken back",
    ),
}


def test_what_cannot_be_said_is_refused_with_its_line_and_nothing_changes(world: World) -> None:
    many(world, UNSAYABLE)
    inventory = (world.root / "inventory.yaml").read_text()
    for how in (("--yes",), ("--set", "--yes")):
        ran = {name: world.run("take", "api", name, *how) for name in UNSAYABLE}
        said = {name: (one.code, UNSAYABLE[name][2] in one.err) for name, one in ran.items()}
        assert said == dict.fromkeys(UNSAYABLE, (4, True)), {name: one.err for name, one in ran.items()}
    for name, (before, _, _) in UNSAYABLE.items():
        assert template(world, f"project/{name}.j2") == before, name
    assert (world.root / "inventory.yaml").read_text() == inventory


def test_a_file_that_is_no_template_is_copied_with_its_executable_bit(world: World) -> None:
    world.template("project/tool.bin", b"\0one\xff")
    world.repo("api")
    world.run("apply", "--yes")
    there = world.clone("api", "api.bob")
    world.write(there, {"tool.bin": b"\0two\xff"})
    (there / "tool.bin").chmod(0o755)
    world.git(there, "commit", "-q", "-a", "-m", "mine")
    world.git(there, "push", "-q", "origin", "HEAD")
    assert world.run("take", "api", "tool.bin", "--yes").code == 0
    place: Path = world.root / "templates/project/tool.bin"
    assert (place.read_bytes(), place.stat().st_mode & 0o111) == (b"\0two\xff", 0o111)
    assert states(world) == {"api": "in-sync"}


def test_a_block_is_taken_without_the_rest_of_the_file(world: World) -> None:
    world.tail = "files:\n  CLAUDE.md: {mode: block}\n"
    world.template("project/CLAUDE.md.j2", "## Rules of {{ who }}\n\n- one\n")
    world.repo("api", {"CLAUDE.md": "# Mine\n"})
    world.run("apply", "--yes", "--adopt")
    text = world.at("api", "CLAUDE.md") or ""
    world.elsewhere("api", {"CLAUDE.md": text.replace("- one\n", "- one\n- two\n").replace("# Mine", "# Ours")})
    assert world.run("take", "api", "CLAUDE.md", "--yes").code == 0
    assert template(world, "project/CLAUDE.md.j2") == "## Rules of {{ who }}\n\n- one\n- two\n"
    assert states(world) == {"api": "in-sync"}


def test_a_block_that_has_an_older_id_is_taken_with_that_one(world: World) -> None:
    world.template("project/CLAUDE.md.j2", "- one\n- two\n- three\n")
    world.tail = "files: {CLAUDE.md: {mode: block}}\n"
    world.repo("api")
    assert world.run("apply", "--yes").code == 0
    world.elsewhere("api", {"CLAUDE.md": str(world.at("api", "CLAUDE.md")).replace("one", "1")})
    world.tail = "files: {CLAUDE.md: {mode: block, id: fleet}}\n"
    ran = world.run("take", "api", "CLAUDE.md", "--yes")
    told = (
        "the file has no block 'fleet'; where its id or its markers are older, take it with these, and rename it then"
    )
    assert (ran.code, told in ran.err) == (4, True), ran.err
    world.tail = "files: {CLAUDE.md: {mode: block}}\n"
    assert world.run("take", "api", "CLAUDE.md", "--yes").code == 0
    assert states(world) == {"api": "in-sync"}
    world.tail = "files: {CLAUDE.md: {mode: block, id: fleet}}\n"
    assert world.run("apply", "--yes").code == 0
    assert "- 1\n- two\n- three\n<!-- rollout:end fleet -->" in str(world.at("api", "CLAUDE.md"))


def test_what_the_template_changed_since_is_not_taken_back(world: World) -> None:
    lines = [f"line {number}" for number in range(9)]
    two(world, "\n".join(lines) + "\n")
    world.template("project/conf.txt.j2", "\n".join([*lines[:-1], "ours"]) + "\n")
    ran = taken(world, "\n".join(["theirs", *lines[1:]]) + "\n", "--yes")
    both = "\n".join(["theirs", *lines[1:-1], "ours"]) + "\n"
    assert (ran.code, template(world)) == (0, both)
    writes = "rollout apply api --on-drift conf.txt=overwrite"
    assert f"conf.txt of api still differs: its template had changed, too; {writes} writes both changes." in ran.out
    ran = world.run("take", "api", "conf.txt", "--yes")
    assert (ran.code, template(world)) == (0, both)
    assert ran.out == f"api: conf.txt: there is nothing left to take: its template says it, and more; {writes}\n"
    document = world.run("take", "api", "conf.txt", "--json", "--yes").json
    assert (document["changes"], document["written"], document["in_sync"]) == ([], False, False)
    assert document["reason"] == "its template says it"
    assert world.run(*writes.split()[1:], "--yes").code == 0
    assert (world.at("api", "conf.txt"), states(world)["api"]) == (both, "in-sync")


@pytest.mark.parametrize(("yes", "written"), [([], False), (["--yes"], True)])
def test_that_the_target_is_in_sync_after_it_is_said_as_json(world: World, yes: list[str], written: bool) -> None:
    two(world, ALICE)
    document = taken(world, "hello world\nkeep that\n", "--json", *yes).json
    assert (document["in_sync"], document["written"]) == (True, written)


def test_an_included_template_is_changed_where_the_text_stands(world: World) -> None:
    world.template("parts/greeting.j2", "hello {{ who }}\n")
    two(world, "{% include 'parts/greeting.j2' %}\nend\n")
    assert taken(world, "welcome world\nend\n", "--yes").code == 0
    assert (template(world, "parts/greeting.j2"), states(world)["api"]) == ("welcome {{ who }}\n", "in-sync")


@pytest.mark.parametrize(
    ("committed", "why"), [(False, "conf.txt has local edits"), (True, "1 commit of your own is not upstream")]
)
def test_a_change_that_stands_only_in_the_checkout_is_told(world: World, committed: bool, why: str) -> None:
    two(world, ALICE)
    if committed:
        world.commit("api", {"conf.txt": "hello world\nkeep that\n"})
    else:
        world.write("api", {"conf.txt": "hello world\nkeep that\n"})
    ran = world.run("take", "api", "conf.txt", "--yes")
    nothing = "api: conf.txt: there is nothing to take: it is as its template says, but not in the checkout"
    assert (ran.code, ran.out) == (0, f"{nothing} ({why}): push first what you did there.\n")


def test_nothing_to_take_a_deletion_and_no_terminal_are_said(world: World) -> None:
    two(world, ALICE)
    ran = world.run("take", "api", "conf.txt", "--yes")
    assert (ran.code, "there is nothing to take" in ran.out) == (0, True)
    said = world.run("take", "api", "conf.txt", "--yes", "--json").json
    assert (said["in_sync"], said["reason"], said["changes"]) == (True, "it is as its template says", [])
    world.elsewhere("api", {"conf.txt": "hello world\nkeep that\n"})
    ran = world.run("take", "api", "conf.txt")
    assert (ran.code, "+keep that" in ran.out, template(world)) == (4, True, ALICE)
    assert world.run("take", "api", "conf.txt", "--json").json["written"] is False
    ran = world.run("take", "api", "config.txt")
    assert (ran.code, "did you mean 'conf.txt'" in ran.err) == (64, True)
    world.elsewhere("api", {"conf.txt": None})
    ran = world.run("take", "api", "conf.txt", "--yes")
    assert (ran.code, "others deleted it" in ran.err) == (4, True)


def test_a_file_that_was_kept_can_be_taken_later(world: World) -> None:
    two(world, ALICE)
    world.elsewhere("api", {"conf.txt": "hello world\nkeep that\n"})
    world.run("apply", "--yes", "--on-drift", "keep")
    assert world.run("take", "api", "conf.txt", "--yes").code == 0
    assert states(world) == {"api": "in-sync", "web": "pending"}


def test_other_files_of_the_target_that_change_are_named(world: World) -> None:
    world.template("project/more.txt.j2", "more of {{ who }}\n")
    world.template("project/same.txt", "same\n")
    world.repo("api")
    world.run("apply", "--yes")
    world.elsewhere("api", {"conf.txt": "hello moon\n"})
    ran = world.run("take", "api", "conf.txt", "--set", "--yes")
    assert (ran.code, "This changes more.txt of api, too." in ran.out) == (0, True), ran.err
    (target,) = world.run("plan", "--json", write=False).json["targets"]
    assert [change["path"] for change in target["changes"]] == ["more.txt"]


@pytest.mark.parametrize("also", [False, True])
def test_what_somebody_wrote_into_the_inventory_meanwhile_leaves_the_templates_as_they_were(
    world: World, also: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Text and variable are to be written: both are, or neither; a template that was edited, too, is told."""
    two(world, ALICE)
    inventory, real = world.root / "inventory.yaml", sources.rewrite

    def late(state: Path, path: Path, before: bytes, after: bytes) -> list[str]:
        inventory.write_text(inventory.read_text() + "# mine\n")
        if also:
            world.template("project/conf.txt.j2", "mine\n")
        return real(state, path, before, after)

    monkeypatch.setattr(sources, "rewrite", late)
    ran = taken(world, "welcome moon\nkeep this\n", "--set", "--yes")
    assert (ran.code, template(world)) == (4, "mine\n" if also else ALICE), ran.err
    said = "changed already, and not put back" if also else "templates/project/conf.txt.j2: as it was"
    assert said in ran.err
    assert inventory.read_text().endswith("# mine\n")
