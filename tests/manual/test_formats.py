"""What the reference says of JSON is what commands print: every field of it, and no other."""

from __future__ import annotations

import json
import shutil
from typing import Any

import pytest

from manual import formats
from rollout.events.commands.health import _as_json
from rollout.events.health import Health, Rate
from rollout.model.reviews import Review
from rollout.showing.review_table import review_document
from tests.manual.schema import faults
from tests.world import World

BY_NAME = {one.name: one for one in formats.ALL}


def wrong(document: dict[str, Any]) -> list[str]:
    return list(faults(document, BY_NAME[document["format"]].schema))


@pytest.fixture
def lived(world: World) -> World:
    """A fleet that has been rolled out, with drift, a budget, a folder, an edit and a commit of a person's own."""
    world.head = "version: 1\nvars: {who: world}\nbudgets: [{name: session, files: [conf.txt], max_chars: 100}]\n"
    world.tail = "folders: {shared: {path: shared, templates: [more]}}\nfiles: {gone.txt: {mode: absent}}\n"
    world.template("more/part.txt.j2", "part\n")
    world.template("project/whole.txt.j2", "{{ read('README.md') }}")
    for name in ("api", "web"):
        world.repo(name)
    assert world.run("apply", "--yes").code == 0
    world.elsewhere("api", {"conf.txt": "mine\n"}, "a change of theirs")
    world.commit("web", {"conf.txt": "hello sun\n"}, "a commit of their own")
    world.template("project/conf.txt.j2", "hello {{ who }}, and more\n")
    return world


@pytest.mark.parametrize(
    "words",
    [
        ("plan",), ("plan", "--no-diff"), ("status", "--fetch"), ("history",), ("verify",), ("diff",), ("validate",),
        ("explain", "api", "conf.txt"), ("explain", "api", "whole.txt"), ("explain", "shared", "part.txt"),
        ("discover", "--forge", "command:printf 'https://example.org/a.git\\n'"),
    ],
    ids=" ".join,
)  # fmt: skip
def test_a_document_is_as_its_schema_says(lived: World, words: tuple[str, ...]) -> None:
    ran = lived.run(*words, "--json")
    assert wrong(ran.json) == [], ran.out


def test_documents_hold_more_than_nothing(lived: World) -> None:
    """What stands in lists is judged as well: the story has something for them."""
    plan = lived.run("plan", "--json").json
    api, web, _ = plan["targets"]
    assert api["changes"][0]["changed_by"]["who"] == "Pat Person"
    assert api["budgets"][0]["parts"]
    assert web["collides"]
    assert lived.run("explain", "api", "whole.txt", "--json").json["inputs"]
    assert lived.run("verify", "--json").json["targets"][0]["mismatches"]
    assert lived.run("history", "--json").json["runs"][0]["outcomes"][0]["paths"]


def test_the_lines_of_a_run_are_as_their_schemas_say(lived: World) -> None:
    shutil.rmtree(lived.root / "templates/more")
    lived.template("more/other.txt", "other\n")
    lines = lived.run("apply", "--yes", "--json", "--on-drift", "overwrite").lines
    assert {line["type"] for line in lines} == {"run_start", "diagnostic", "target_start", "target_done", "run_summary"}
    assert [fault for line in lines for fault in faults(line, formats.LINES.schema)] == []
    mistakes = lived.run("plan", "--json", "--limit", "nobody").lines
    assert [fault for line in mistakes for fault in faults(line, formats.LINES.schema)] == []
    assert mistakes[0]["exit_code"] == 64


def test_what_take_proposes_is_as_its_schema_says(world: World) -> None:
    world.repo("api")
    assert world.run("apply", "--yes").code == 0
    world.elsewhere("api", {"conf.txt": "good day world\n"})
    ran = world.run("take", "api", "conf.txt", "--json", "--yes")
    assert wrong(ran.json) == [], ran.out
    assert ran.json["changes"]


def test_what_init_proposes_is_as_its_schema_says(world: World) -> None:
    shutil.rmtree(world.root / "templates")
    for name in ("api", "web", "cli"):
        world.remote(name, {"RULES.md": f"# Rules\n\nThe rules of {name}.\nThey are long.\n", "own.txt": f"{name}\n"})
        world.clone(name, f"work/{name}")
    (world.root / "work/empty").mkdir()
    world.git("work/empty", "init", "-q")
    ran = world.run("init", "work", "--json", write=False)
    assert wrong(ran.json) == [], ran.out
    assert ran.json["left_out"]
    assert ran.json["files"]


def test_reviews_and_health_are_as_their_schemas_say() -> None:
    reviews = [("api", Review("https://forge.example/1", 1)), ("web", Review("https://forge.example/web"))]
    assert wrong(review_document(reviews, [("odd", "a person opens it at https://forge.example")])) == []
    found = [Health("api-PS-a1b2c3", None, "/a/transcript", None, (Rate("commit", 3, ("one",)),))]
    assert wrong(json.loads(_as_json(found, 0.99, (1, 2)))) == []


def test_a_document_that_does_not_fit_is_found() -> None:
    schema = formats.record(a=formats.text("", "x"), b=formats.several(formats.number()), c=formats.text(null=True))
    good = {"a": "x", "b": [1], "c": None}
    assert list(faults(good, schema)) == []
    for name, value in (("a", "y"), ("b", [True]), ("b", None), ("c", 1), ("d", 1)):
        assert list(faults({**good, name: value}, schema)), (name, value)
    assert list(faults({"a": "x", "b": []}, schema)) == [".c: is missing"]
