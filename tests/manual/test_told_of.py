"""What there is, the reference tells of; and what pages type, the program understands."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from rollout.cli.main import rollout
from rollout.model.action import Action
from rollout.model.delimiters import Delimiters
from rollout.model.inventory import Mode, PolicyName
from rollout.model.outcomes import Verdict
from rollout.model.plan import State
from rollout.rendering.reading import FUNCTIONS
from rollout.rendering.sandbox import environment
from tests.manual.blocks import TOP, pages

REFERENCE = TOP / "docs/reference"


def first_cells(text: str) -> set[str]:
    """Return every name in the first column of the tables."""
    cells = re.findall(r"^\| ([^|]*) \|", text, re.MULTILINE)
    return {name for cell in cells for name in re.findall(r"`([^`]+)`", cell)}


def section(page: str, title: str) -> str:
    return (REFERENCE / page).read_text().partition(f"\n## {title}\n")[2].partition("\n## ")[0]


@pytest.mark.parametrize(
    ("title", "kinds"),
    [("Of a target", State), ("Of a file", Action), ("What came of a run", Verdict)],
    ids=["state", "action", "outcome"],
)
def test_every_state_and_outcome_is_told_of(title: str, kinds: type[State] | type[Action] | type[Verdict]) -> None:
    assert first_cells(section("states.md", title)) == {kind.value for kind in kinds}


def test_every_mode_and_policy_is_told_of() -> None:
    table = section("modes.md", "Modes").partition("\n### ")[0]
    assert first_cells(table) == {mode.value for mode in Mode}
    assert first_cells(section("modes.md", "Policies")) == set(PolicyName)


def test_every_filter_test_and_function_of_templates_is_told_of() -> None:
    made = environment(lambda _: None, Delimiters.JINJA)
    text = section("templates.md", "Filters and tests")
    words = {name for name in made.tests if re.fullmatch(r"\w+", name)}
    for title, names in (("Filters", set(made.filters)), ("Tests", words)):
        told = re.search(rf"^{title}: (.*?)\.$", text, re.MULTILINE | re.DOTALL)
        assert told is not None
        assert set(re.findall(r"`([^`]+)`", told[1])) == names
    functions = re.findall(r"`(\w+)", " ".join(first_cells(section("templates.md", "Functions"))))
    shown = first_cells(section("templates.md", "Functions"))
    assert {name.partition("(")[0] for name in shown} == {*FUNCTIONS, *made.globals}, functions


# --- commands in sentences and blocks


def typed() -> Iterator[tuple[Path, str]]:
    """Yield each command of the program that a page names, with its options as far as they are written there."""
    for page in pages():
        text = page.read_text()
        yield from ((page, found) for found in re.findall(r"`(rollout [a-z][^`]*)`", text))
        lines = re.findall(r"^(?:\$ )?(rollout [a-z][^\n#]*)", text, re.MULTILINE)
        yield from ((page, found) for found in lines if "`" not in found and "[OPTIONS]" not in found)


def below(words: list[str]) -> tuple[click.Command, list[str]]:
    """Return the command that the words name, and the words after it."""
    command: click.Command = rollout
    while isinstance(command, click.Group):
        name = next((word for word in words if not word.startswith("-")), None)
        if name is None:
            return command, words
        found = command.get_command(click.Context(command), name)
        assert found is not None, f"there is no command {name}"
        command, words = found, words[words.index(name) + 1 :]
    return command, words


def test_commands_that_pages_name_have_the_options_that_they_are_given() -> None:
    count = 0
    for page, text in typed():
        words = [word for word in re.split(r"[\s\[\]|;&<>()]+", text.split(" #")[0]) if word]
        command, rest = below(words[1:])
        known = {option for one in (*command.params, *rollout.params) for option in (*one.opts, *one.secondary_opts)}
        given = {word.partition("=")[0].rstrip(",.") for word in rest if re.match(r"-[a-z]|--[a-z]", word)}
        assert given <= known | {"--help", "-h"}, f"{page}: {text}: {given - known}"
        count += bool(given)
    assert count > 50
