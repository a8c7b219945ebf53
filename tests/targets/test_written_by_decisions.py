"""What a decision writes is judged as what a template writes: a merge of drift, and a text that a person edited."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.first_rows import first_rows
from tests.terminal import Talk
from tests.world import World

LINES = "1\n2\n3\n4\n5\n"
TOKEN = "token: ghp_abcdefghijklmnopqrstuvwxyz0123456789\n"
CONFLICT = "<<<<<<< a\nx\n=======\ny\n>>>>>>> b\n"
NOT_BOTH = "check: 'sh -c \"! grep -q top {path} || ! grep -q end {path}\"'"


@pytest.fixture(params=["branch", "folder"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def drifted(world: World, kind: str, name: str, rule: str, texts: tuple[str, str, str]) -> None:
    """Let rollout write a file, another person change it, and the template change."""
    first, theirs, template = texts
    (world.root / "templates/project/conf.txt.j2").unlink()
    world.template(f"project/{name}", first)
    world.tail = f"files: {{{name}: {{{rule}}}}}\n"
    if kind == "folder":
        (world.root / "shared").mkdir()
        world.tail += "folders: {api: {path: shared, templates: [project]}}\n"
    else:
        world.bare_repo("api")
    assert world.run("apply", "--yes").code == 0
    if kind == "folder":
        (world.root / "shared" / name).write_text(theirs)
    else:
        world.elsewhere("api", {name: theirs})
    world.template(f"project/{name}", template)


def there(world: World, kind: str, name: str) -> str:
    return (world.root / "shared" / name).read_text() if kind == "folder" else str(world.at("api", name))


@pytest.mark.parametrize(
    ("rule", "said"),
    [("max_lines: 6", "max_lines is 6"), ("max_chars: 17", "max_chars is 17"), (NOT_BOTH, "check failed")],
)
def test_a_merge_keeps_to_the_rules_of_its_file(world: World, kind: str, rule: str, said: str) -> None:
    theirs = f"top\n{LINES}"
    drifted(world, kind, "t", rule, (LINES, theirs, f"{LINES}end\n"))
    plan = world.run("plan", "--on-drift", "merge")
    assert (plan.code, said in plan.out) == (1, True), plan.out
    assert world.run("apply", "--yes", "--on-drift", "merge").code == 3
    assert there(world, kind, "t") == theirs


def test_a_merge_that_keeps_to_them_is_written(world: World, kind: str) -> None:
    drifted(world, kind, "t", "max_lines: 7, check: 'grep -q 3 {path}'", (LINES, f"top\n{LINES}", f"{LINES}end\n"))
    assert world.run("apply", "--yes", "--on-drift", "merge").code == 0
    assert there(world, kind, "t") == f"top\n{LINES}end\n"


def edit(world: World, text: str, *after: str) -> tuple[Talk, int]:
    """Answer `edit` with an editor that leaves this text, and then these."""
    new = world.root / "new"
    new.write_text(text)
    talk = Talk(world, "apply", GIT_EDITOR=f"cp {new}")
    return talk, talk.through(["e\n", *after])


@first_rows(
    5,
    ("name", "rule", "texts", "edited", "said"),
    [
        ("t", "max_lines: 5", (LINES, "1\n", LINES), f"{LINES}6\n", "max_lines is 5"),
        ("t", "max_chars: 12", (LINES, "1\n", LINES), f"{LINES}6\n7\n", "max_chars is 12"),
        ("t", "check: 'grep -q 1 {path}'", (LINES, "1\n", LINES), "2\n", "check failed"),
        ("t", "mode: whole", (LINES, "1\n", LINES), CONFLICT, "holds a conflict marker"),
        ("x.json", "mode: merge", ('{"a": 1}\n', '{"a": 2}\n', '{"a": 1}\n'), '{"a": 1, "b": ', "a value is missing"),
        ("x.json", "mode: merge", ('{"a": 1}\n', '{"a": 2}\n', '{"a": 1}\n'), "", "holds no value"),
        ("tsconfig.json", "mode: merge", ('{"a": 1}\n', '{"a": 2}\n', '{"a": 1}\n'), "// b\n", "holds no value"),
        ("x.yaml", "mode: merge", ("a: 1\n", "a: 2\n", "a: 1\n"), "a: [\n", "not valid YAML"),
    ],
)
def test_an_edited_text_that_may_not_be_written_is_asked_for_again_and_kept(
    world: World, kind: str, name: str, rule: str, texts: tuple[str, str, str], edited: str, said: str
) -> None:
    drifted(world, kind, name, rule, texts)
    talk, code = edit(world, edited, "q\n")
    assert (code, there(world, kind, name)) == (4, texts[1]), talk.shown
    assert said in talk.shown
    assert not re.search(r"(line \d+: )\1", talk.shown)
    kept = re.search(r"what the editor wrote is in (\S+)", talk.shown)
    assert kept is not None
    assert Path(kept[1]).read_text() == edited


@pytest.mark.parametrize(("name", "first"), [("x.yaml", "a: 1\n"), ("x.toml", "a = 1\n"), ("x.ini", "[s]\na = 1\n")])
def test_a_text_without_a_key_is_a_document_where_its_format_says_so(world: World, name: str, first: str) -> None:
    drifted(world, "branch", name, "mode: merge", (first, first.replace("1", "2"), first))
    talk, code = edit(world, "", "y\n")
    assert (code, world.at("api", name)) == (0, ""), talk.shown
    assert "-a" in talk.shown, "the difference tells what goes"
    status = world.run("status", "--json").json["targets"][0]
    assert (status["state"], "kept" in status["reason"]) == ("in-sync", True)


def test_a_secret_that_a_person_types_gets_into_no_repository(world: World) -> None:
    drifted(world, "branch", "t", "mode: whole", (LINES, "1\n", LINES))
    talk, code = edit(world, TOKEN, "q\n")
    assert (code, world.at("api", "t")) == (4, "1\n"), talk.shown
    assert "looks like a GitHub token" in talk.shown


@pytest.mark.parametrize("where", ["target", "machine"])
def test_the_value_of_a_variable_that_is_a_secret_gets_into_no_repository(world: World, where: str) -> None:
    of = {"target": "vars: {db: {password: hunter22}}\n", "machine": "machines: {m: {vars: {db_password: hunter22}}}\n"}
    drifted(world, "branch", "t", "mode: whole", (LINES, "1\n", LINES))
    world.head = f"version: 1\n{of[where]}"
    talk, code = edit(world, "a hunter22\n", "q\n")
    assert (code, world.at("api", "t")) == (4, "1\n"), talk.shown
    name = {"target": "db.password", "machine": "machines.m.vars.db_password"}[where]
    assert f"t: line 1: holds the value of the variable '{name}'" in " ".join(talk.shown.split())
    assert "hunter22" not in talk.shown


@pytest.mark.parametrize(
    ("rule", "theirs", "where"),
    [
        ("mode: whole", "1 hunter22\n", "branch"),
        ("secrets: allow", "1\n", "branch"),
        ("mode: whole", "1\n", "folder"),
    ],
    ids=["there", "allowed", "folder"],
)
def test_the_value_of_such_a_variable_may_stay_and_may_get_into_a_folder(
    world: World, rule: str, theirs: str, where: str
) -> None:
    drifted(world, where, "t", rule, (LINES, theirs, LINES))
    world.head = "version: 1\nvars: {password: hunter22}\n"
    talk, code = edit(world, "a hunter22\n", "y\n")
    assert (code, there(world, where, "t")) == (0, "a hunter22\n"), talk.shown


def test_what_others_have_in_a_shared_file_already_may_stay(world: World, kind: str) -> None:
    first, theirs = "a: 1\n", f'a: 2\n{TOKEN}note: "{{{{ name }}}}"\n'
    drifted(world, kind, "x.yaml", "mode: merge", (first, theirs, first))
    text = theirs.replace("a: 2", "a: 3")
    talk, code = edit(world, text, "y\n")
    assert (code, there(world, kind, "x.yaml")) == (0, text), talk.shown


def test_a_file_that_is_kept_as_it_is_is_written_by_nobody(world: World, kind: str) -> None:
    drifted(world, kind, "t", "max_lines: 5, check: 'grep -q 1 {path}'", (LINES, CONFLICT, LINES))
    assert world.run("apply", "--yes", "--on-drift", "keep").code == 0
    assert there(world, kind, "t") == CONFLICT
