"""One list of event types: the file, the table, the inventory and the fold say the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from rollout.errors import UsageError
from rollout.events import resume
from rollout.events.database import connected
from rollout.events.event_types import all_types, canonical_names, parse_types, shipped_types, store_types, stored_names
from rollout.events.migrations import migrate
from tests.events.databases import ask

INVENTORY = Path(__file__).parents[2] / "inventory.yaml"
SEEDS_TEN = [
    "spawn",
    "epic_start",
    "epic_completed",
    "commit",
    "deploy",
    "deploy_start",
    "deploy_complete",
    "error",
    "user_message",
    "assistant_start",
]


def test_the_ten_standard_types_are_the_seeds() -> None:
    assert [kind.name for kind in shipped_types() if kind.standard] == SEEDS_TEN


def test_every_standard_type_says_when_to_use_it_and_shows_how() -> None:
    assert [kind.name for kind in shipped_types() if kind.standard and not (kind.when and kind.example)] == []


def test_every_canonical_name_is_a_type_of_its_own() -> None:
    names = canonical_names(shipped_types())
    assert [name for name, canonical in names.items() if names.get(canonical) != canonical] == []


def test_the_fold_only_reads_types_that_are_in_the_list() -> None:
    read = {*resume.EPIC_STATES, *resume.SPAWN_ENDS, *resume.REQUEST_STATES, *resume.CONTEXT}
    assert read - canonical_names(shipped_types()).keys() == set()


def test_the_table_says_what_the_file_says(event_store: str) -> None:
    rows = ask(event_store, "SELECT name, canonical, when_to_use, example, standard FROM event_types")
    expected = [(t.name, t.canonical, t.when, dict(t.example), t.standard) for t in shipped_types()]
    assert sorted(rows, key=str) == sorted(expected, key=str)


def test_the_inventory_adds_types_and_corrects_their_words(empty_database: str) -> None:
    configured: list[dict[str, Any]] = [
        {"name": "coffee", "when": "Coffee made", "example": {"cups": 2}},
        {"name": "espresso", "canonical": "coffee"},
        {"name": "spawn", "when": "Helper started"},
        {"name": "deploy", "when": "Rolled out"},
    ]
    with connected(empty_database) as connection:
        migrate(connection)
        store_types(connection, all_types(configured))
        names = stored_names(connection)
    assert (names["espresso"], names["coffee"], names["deploy"]) == ("coffee", "coffee", "deploy_complete")
    assert ask(empty_database, "SELECT when_to_use, standard FROM event_types WHERE name = 'spawn'") == [
        ("Helper started", True)
    ]


@pytest.mark.parametrize("entry", [{}, {"name": ""}, {"name": 7}, {"name": "x" * 65}, {"name": "x", "example": "{}"}])
def test_a_type_that_cannot_be_is_said(entry: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match="event type"):
        parse_types([entry])


@pytest.mark.skipif(not INVENTORY.exists(), reason="there is no inventory beside the tests")
def test_the_first_users_inventory_has_the_same_types_in_the_same_words() -> None:
    variables = YAML(typ="safe").load(INVENTORY.read_text())["vars"]
    listed = variables["event_types"] + variables.get("further_event_types", [])
    shipped = {
        kind.name: {"name": kind.name, "when": kind.when, "example": dict(kind.example)} for kind in shipped_types()
    }
    assert [entry for entry in listed if shipped.get(entry["name"]) != entry] == []
    assert [entry["name"] for entry in variables["event_types"]] == SEEDS_TEN


@pytest.mark.skipif(not INVENTORY.exists(), reason="there is no inventory beside the tests")
def test_the_first_users_inventory_has_the_same_other_names() -> None:
    aliases = YAML(typ="safe").load(INVENTORY.read_text())["vars"].get("event_type_aliases", {})
    names = canonical_names(shipped_types())
    wrong = [(other, name) for name, others in aliases.items() for other in others if names.get(other) != name]
    assert wrong == []
