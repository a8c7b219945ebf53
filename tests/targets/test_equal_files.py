"""A file that is exactly as it should be, whoever wrote it, is ours from then on."""

import shutil
from pathlib import Path

import pytest

from tests.first_rows import first_rows
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


@first_rows(2, "command", [("apply", "-y"), ("plan",), ("status", "--fetch")], ids=lambda c: c[0])
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


_EQUAL_KEYS = {
    "conf.json": ('{\n  "a": {"x": 1},\n  "b": "two"\n}\n', '{\n  "a": {"x": 1}\n}\n', ('"x": 1', '"x": 3')),
    "conf.yaml": ("a:\n  x: 1\nb: two\n", "a: {x: 1}\ntheirs: 9\n", ("x: 1", "x: 3")),
    "conf.toml": ('b = "two"\n[a]\nx = 1\n', "theirs = 9\n[a]\nx = 1\n", ("x = 1", "x = 3")),
    "conf.ini": ("[a]\nx = 1\nb = two\n", "[a]\nx = 1\ntheirs = 9\n", ("x = 1", "x = 3")),
}


def _with_equal_keys(world: World) -> None:
    """Let documents of every format have one of two named keys, in a checkout, at an address and in a folder."""
    theirs = {path: text for path, (_, text, _) in _EQUAL_KEYS.items()}
    (world.root / "templates/project/conf.txt.j2").unlink()
    for path, (template, _, _) in _EQUAL_KEYS.items():
        world.template(f"project/{path}", template)
    world.repo("checkout", theirs)
    world.bare_repo("address", theirs)
    world.write("shared", theirs)
    merged = ", ".join(f"{path}: {{mode: merge}}" for path in theirs)
    world.tail = f"files: {{{merged}}}\nfolders: {{shared: {{path: {world.root / 'shared'}, templates: [project]}}}}\n"


def _change_the_equal_keys(world: World, *, again: bool = False) -> None:
    for path, (template, _, (one, three)) in _EQUAL_KEYS.items():
        world.template(f"project/{path}", template.replace(one, three.replace("3", "4") if again else three))


_UPDATES = dict.fromkeys(("checkout", "address", "shared"), ["update"] * len(_EQUAL_KEYS))


@pytest.mark.parametrize("command", [("apply", "-y"), ("plan",)], ids=lambda c: c[0])
def test_a_key_that_was_equal_before_our_first_write_is_ours_as_those_we_wrote(
    world: World, command: tuple[str, ...]
) -> None:
    _with_equal_keys(world)
    assert world.run(*command).code == 0
    _change_the_equal_keys(world)
    assert _changes(world) == _UPDATES
    assert world.run("apply", "-y").code == 0
    _change_the_equal_keys(world, again=True)
    assert _changes(world) == _UPDATES


def test_equal_keys_stay_ours_through_later_writes_and_looks(world: World) -> None:
    _with_equal_keys(world)
    assert world.run("apply", "-y").code == 0
    for path, (template, _, _) in _EQUAL_KEYS.items():
        world.template(f"project/{path}", template.replace("two", "2 more"))
    assert world.run("apply", "-y").code == 0
    _change_the_equal_keys(world)
    for _ in range(2):
        assert _changes(world) == _UPDATES, "a look at what is to change forgets nothing"


def test_a_value_that_others_set_after_an_equal_key_was_taken_over_is_theirs(world: World) -> None:
    _with_equal_keys(world)
    assert world.run("apply", "-y").code == 0
    theirs = {path: (world.at("address", path) or "").replace(one, one.replace("1", "7"))
              for path, (_, _, (one, _)) in _EQUAL_KEYS.items()}  # fmt: skip
    for name in ("checkout", "address"):
        world.elsewhere(name, theirs)
    world.write("shared", theirs)
    _change_the_equal_keys(world)
    drift = {name: ["drift"] * len(_EQUAL_KEYS) for name in _UPDATES}
    assert (_changes(world), _changes(world)) == (drift, drift)


def test_an_equal_key_that_the_template_names_no_longer_stays(world: World) -> None:
    _with_equal_keys(world)
    before = {path: world.at("address", path) for path in _EQUAL_KEYS}
    assert world.run("apply", "-y").code == 0
    for path, nothing in {"conf.json": "{}\n", "conf.yaml": "{}\n", "conf.toml": "", "conf.ini": ""}.items():
        world.template(f"project/{path}", nothing)
    assert world.run("apply", "-y").code == 0
    assert {path: world.at("address", path) for path in _EQUAL_KEYS} == before


def test_an_entry_that_is_matched_and_equal_is_ours(world: World) -> None:
    def hooks(timeout: int) -> str:
        return f'{{"hooks": [{{"name": "a", "timeout": {timeout}}}], "more": true}}\n'

    world.template("json/conf.json", hooks(5))
    world.tail = "files: {conf.json: {mode: merge, match: {hooks: [name]}}}\n"
    world.repo("one", {"conf.json": '{"hooks": [{"name": "a", "timeout": 5}]}\n'}, extra=", templates: [json]")
    assert world.run("apply", "-y").code == 0
    world.template("json/conf.json", hooks(6))
    assert _changes(world) == {"one": ["update"]}


def test_a_lost_state_folder_costs_the_memory_of_equal_keys_alone(world: World, sealed: Path) -> None:
    _with_equal_keys(world)
    assert world.run("apply", "-y").code == 0
    shutil.rmtree(sealed / "state")
    del world.entries["checkout"]
    world.tail = world.tail.partition("folders:")[0]
    assert world.run("plan").code == 0
    _change_the_equal_keys(world)
    assert _changes(world) == {"address": _UPDATES["address"]}, "the look in between notes them anew"


def _take_back(world: World, name: str) -> None:
    """Take the newest commit out of upstream's history."""
    world.git(f"{name}.git", "update-ref", "refs/heads/main", "main~1")


def test_equal_bytes_stay_ours_when_our_write_on_top_of_them_is_taken_back(world: World) -> None:
    world.bare_repo("address", {"conf.txt": EQUAL})
    assert world.run("apply", "-y").code == 0
    for word in ("again", "for good"):
        world.template("project/conf.txt.j2", f"hello {word} {{{{ who }}}}\n")
        assert world.run("apply", "-y").code == 0
        _take_back(world, "address")
        for _ in range(2):
            assert _changes(world) == {"address": ["update"]}
    world.elsewhere("address", {"conf.txt": "changed\n"})
    assert _changes(world) == {"address": ["drift"]}


def test_equal_bytes_stay_ours_when_later_ones_and_our_writes_are_taken_back(world: World) -> None:
    world.bare_repo("address", {"conf.txt": EQUAL})
    assert world.run("apply", "-y").code == 0
    for word, theirs in (("again", "hello there world\n"), ("for good", "hello, all\n")):
        world.template("project/conf.txt.j2", f"hello {word} {{{{ who }}}}\n")
        assert world.run("apply", "-y").code == 0
        world.elsewhere("address", {"conf.txt": theirs})
        world.template("project/conf.txt.j2", theirs)
        assert _changes(world) == {"address": []}
    world.template("project/conf.txt.j2", "hello at last\n")
    assert world.run("apply", "-y").code == 0
    assert world.log("address")[0] == "Roll out conf.txt"
    for left in (1, 2):
        for _ in range(left):
            _take_back(world, "address")
        assert _changes(world) == {"address": ["update"]}, world.at("address", "conf.txt")
    _take_back(world, "address")
    _take_back(world, "address")
    assert (world.at("address", "conf.txt"), _changes(world)) == (EQUAL, {"address": ["update"]})


def test_equal_bytes_of_another_commit_are_theirs_when_our_write_is_taken_back(world: World) -> None:
    world.bare_repo("address")
    world.elsewhere("address", {"conf.txt": EQUAL})
    assert world.run("apply", "-y").code == 0
    world.template("project/conf.txt.j2", "hello again {{ who }}\n")
    assert world.run("apply", "-y").code == 0
    _take_back(world, "address")
    _take_back(world, "address")
    world.elsewhere("address", {"conf.txt": EQUAL, "other.txt": "theirs\n"})
    assert _changes(world) == {"address": ["adopt"]}


def test_equal_keys_stay_ours_when_a_write_on_top_of_them_is_taken_back(world: World) -> None:
    _with_equal_keys(world)
    assert world.run("apply", "-y").code == 0
    for path, (template, _, _) in _EQUAL_KEYS.items():
        world.template(f"project/{path}", template.replace("two", "2 more"))
    assert world.run("apply", "-y").code == 0
    written = world.tip("address")
    _change_the_equal_keys(world)
    assert world.run("apply", "-y").code == 0
    _take_back(world, "address")
    assert world.tip("address") == written
    _change_the_equal_keys(world, again=True)
    assert _changes(world)["address"] == _UPDATES["address"]
    _take_back(world, "address")
    assert _changes(world)["address"] == _UPDATES["address"]
