"""A file that is exactly as it should be, whoever wrote it, is ours from then on."""

import shutil
from pathlib import Path

import pytest

from tests.world import World

EQUAL = "hello world\n"


def _changes(world: World) -> dict[str, list[str]]:
    found = world.run("plan", "--json", "--no-diff").json["targets"]
    return {target["name"]: [change["action"] for change in target["changes"]] for target in found}


def _with_equal_files(world: World) -> None:
    """Let a checkout, an address and a folder have what the template asks for before rollout ever looks."""
    world.repo("checkout", {"conf.txt": EQUAL})
    world.bare_repo("address", {"conf.txt": EQUAL})
    world.write("shared", {"conf.txt": EQUAL})
    world.tail = f"folders: {{shared: {{path: {world.root / 'shared'}, templates: [project]}}}}\n"


@pytest.mark.parametrize("command", [("apply", "-y"), ("plan",), ("status", "--fetch")], ids=lambda c: c[0])
def test_equal_bytes_are_ours_so_that_the_template_updates_them(world: World, command: tuple[str, ...]) -> None:
    _with_equal_files(world)
    assert world.run(*command).code == 0
    world.template("project/conf.txt.j2", "hello again {{ who }}\n")
    assert _changes(world) == {"checkout": ["update"], "address": ["update"], "shared": ["update"]}
    assert world.run("apply", "-y").code == 0
    world.template("project/conf.txt.j2", "hello for good {{ who }}\n")
    assert _changes(world) == {"checkout": ["update"], "address": ["update"], "shared": ["update"]}


def test_a_colleagues_change_of_an_equal_file_is_drift_and_has_an_author(world: World) -> None:
    _with_equal_files(world)
    assert world.run("apply", "-y").code == 0
    for name in ("checkout", "address"):
        world.elsewhere(name, {"conf.txt": "changed\n"}, "my change")
    world.write("shared", {"conf.txt": "changed\n"})
    assert _changes(world) == {"checkout": ["drift"], "address": ["drift"], "shared": ["drift"]}
    assert "my change" in world.run("explain", "address", "conf.txt").out
    for name in ("checkout", "address"):
        world.elsewhere(name, {"conf.txt": EQUAL}, "my change taken back")
    world.write("shared", {"conf.txt": EQUAL})
    world.template("project/conf.txt.j2", "hello again {{ who }}\n")
    assert _changes(world) == {"checkout": ["update"], "address": ["update"], "shared": ["update"]}


def test_a_lost_state_folder_costs_the_memory_of_it_and_nothing_else(world: World, sealed: Path) -> None:
    _with_equal_files(world)
    assert world.run("apply", "-y").code == 0
    shutil.rmtree(sealed / "state")
    world.template("project/conf.txt.j2", "hello again {{ who }}\n")
    assert _changes(world) == {"checkout": ["adopt"], "address": ["adopt"], "shared": ["adopt"]}


def test_drift_that_became_what_the_template_says_is_ours_again(world: World) -> None:
    _with_equal_files(world)
    world.template("project/conf.txt.j2", "hello there {{ who }}\n")
    assert world.run("apply", "-y", "--adopt").code == 0
    for name in ("checkout", "address"):
        world.elsewhere(name, {"conf.txt": EQUAL})
    world.write("shared", {"conf.txt": EQUAL})
    world.template("project/conf.txt.j2", "hello {{ who }}\n")
    assert _changes(world) == {"checkout": [], "address": [], "shared": []}
    world.template("project/conf.txt.j2", "hello again {{ who }}\n")
    assert _changes(world) == {"checkout": ["update"], "address": ["update"], "shared": ["update"]}


def test_what_another_machine_rolled_out_since_is_ours_too(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.bare_repo("address", {"conf.txt": EQUAL})
    assert world.run("apply", "-y").code == 0
    world.template("project/conf.txt.j2", "hello again {{ who }}\n")
    with monkeypatch.context() as other:
        other.setenv("ROLLOUT_STATE_DIR", str(world.root / "other-state"))
        assert world.run("apply", "-y", "--adopt").code == 0
    world.template("project/conf.txt.j2", "hello for good {{ who }}\n")
    assert _changes(world) == {"address": ["update"]}


def test_of_an_equal_document_only_what_the_template_names_is_ours(world: World) -> None:
    world.template("json/conf.json", '{"ours": 1}\n')
    world.tail = "files: {conf.json: {mode: merge}}\n"
    world.repo("one", {"conf.json": '{"ours": 1, "theirs": 1}\n'}, extra=", templates: [json]")
    assert world.run("apply", "-y").code == 0
    world.template("json/conf.json", '{"ours": 2}\n')
    assert _changes(world) == {"one": ["update"]}
    world.template("json/conf.json", '{"ours": 1, "theirs": 2}\n')
    assert _changes(world)["one"] != ["update"], "a value that rollout never wrote needs a decision"
    world.elsewhere("one", {"conf.json": '{"ours": 3, "theirs": 1}\n'})
    world.template("json/conf.json", '{"ours": 2}\n')
    assert _changes(world) == {"one": ["drift"]}


def test_a_block_that_was_there_word_for_word_is_ours(world: World) -> None:
    block = "<!-- rollout:begin doc -->\nhello\n<!-- rollout:end doc -->\n"
    world.template("doc/a.md", "hello\n")
    world.tail = "files: {a.md: {mode: block}}\n"
    world.repo("one", {"a.md": f"# mine\n{block}"}, extra=", templates: [doc]")
    assert world.run("apply", "-y").code == 0
    world.elsewhere("one", {"a.md": f"# mine, changed\n{block}"})
    world.template("doc/a.md", "hello again\n")
    assert _changes(world) == {"one": ["update"]}
    world.elsewhere("one", {"a.md": f"# mine\n{block}".replace("hello", "a colleague's hello")})
    assert _changes(world) == {"one": ["drift"]}
