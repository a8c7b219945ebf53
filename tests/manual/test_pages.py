"""Everything that a page shows is tried: commands run, files are used, data is held against the program."""

from __future__ import annotations

import json
import re
from pathlib import Path

import psycopg
import pytest

from manual import formats
from rollout.content.yaml.parse import parse
from rollout.inventory.check import Check
from rollout.inventory.description import INVENTORY
from tests.manual.blocks import TOP, Block, blocks, pages
from tests.manual.room import Room, alike, as_pattern, commands
from tests.manual.schema import faults

pytestmark = pytest.mark.whole

_SHELL = {"sh", "bash", "console"}
_SHOWN = {"text", "mermaid"}

# Pages whose commands run in a room of their own, from the first block to the last.
RUN = [
    TOP / "README.md",
    TOP / "docs/tutorial.md",
    TOP / "docs/agents.md",
    TOP / "docs/reference/templates.md",
    *sorted((TOP / "docs/how-to").glob("*.md")),
]


def tried(block: Block, room: Room) -> None:
    """Do with a block what a reader would do."""
    if block.title is not None:
        room.put(block.title, block.text)
    elif block.language == "console":
        for command, shown in commands(block.text):
            ends_well(block, command, shown, room)
    else:
        done = room.run(f"set -eo pipefail\n{block.text}")
        assert done.returncode == 0, f"{block}: ends with {done.returncode}\n{done.stdout}"


def ends_well(block: Block, command: str, shown: str, room: Room) -> None:
    done = room.run(command)
    told = f"echo $?\n{done.returncode}\n" in block.text or command == "echo $?"
    assert done.returncode == 0 or told, f"{block}: {command} ends with {done.returncode}\n{done.stdout}"
    said = alike(done.stdout)
    assert re.fullmatch(as_pattern(shown), said), f"{block}: {command} prints\n{said}"
    room.meet(shown, done.stdout)


@pytest.mark.parametrize("page", RUN, ids=lambda page: page.stem)
def test_what_a_page_does_can_be_done(page: Path, sealed: Path) -> None:
    room = Room(sealed)
    for block in blocks(page):
        if block.no_run is None and (block.language in _SHELL or block.title is not None):
            tried(block, room)


def others(language: str) -> list[Block]:
    """Return the blocks of a language that are no files of a page."""
    found = (block for page in pages() for block in blocks(page))
    return [block for block in found if block.language == language and block.title is None and block.no_run is None]


@pytest.mark.parametrize("block", others("yaml"), ids=str)
def test_yaml_is_a_part_of_an_inventory_or_names_its_file(block: Block) -> None:
    version = "" if re.search("^version:", block.text, re.MULTILINE) else "version: 1\n"
    other = re.match(r"# (?!inventory\.yaml)\S+\.ya?ml$", block.text, re.MULTILINE) is not None
    root, mistakes = parse(block.text if other else version + block.text)
    assert root is not None
    check = Check(mistakes)
    if not other:
        check.walk(root, INVENTORY, "")
    assert [one.message for one in check.faults] == []


@pytest.mark.parametrize("block", others("json"), ids=str)
def test_json_is_a_document_of_the_program(block: Block) -> None:
    lines = block.text.splitlines() if block.text.startswith('{"type"') else [block.text]
    for document in map(json.loads, lines):
        name = document.get("format", formats.LINES.name)
        (schema,) = [one.schema for one in formats.ALL if one.name == name]
        assert list(faults(document, schema)) == []


def test_the_event_store_begins_as_its_page_says(sealed: Path, empty_database: str) -> None:
    room = Room(sealed)
    for block in blocks(TOP / "docs/event-store.md"):
        if block.language == "bash":
            here = re.sub(r"postgresql://\S+", f"'{empty_database}'", block.text)
            assert here != block.text
            done = room.run(f"set -eo pipefail\n{here}")
            assert done.returncode == 0, done.stdout
        elif block.language == "sql":
            with psycopg.connect(empty_database) as connection:
                connection.execute(block.text.encode())
                connection.rollback()


_OWN_TEST = {
    TOP / "docs/event-store.md": "test_the_event_store_begins_as_its_page_says",
}


def test_every_block_is_tried_or_says_why_not() -> None:
    for page in pages():
        for block in blocks(page):
            known = block.title or block.no_run or block.language in {"yaml", "json", "jinja"} | _SHOWN
            assert known or (page in RUN and block.language in _SHELL) or page in _OWN_TEST, (
                f"{block}: nothing tries it"
            )
