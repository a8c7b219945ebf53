"""What the program's commands say of themselves, and the reference made of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

import click
from msgspec import Struct

from manual.page import joined, table
from rollout.cli.main import rollout
from rollout.cli.options import CommonOption
from rollout.events.cli import events

_HEAD = """# Commands

This page is made from the program's own help: `rollout COMMAND --help` says the same. Each option also reads a variable of the environment,
`ROLLOUT_<OPTION>` ([Environment](environment.md)). [Exit codes](exit-codes.md) says how a command ends."""

_EVENTS_HEAD = """# Commands of the event store

`rollout events` logs what agents do, and hands a session over to the next one ([The event store](../event-store.md)). This page is made from the program's
own help."""


_RANGE = re.compile(r"  \[[^\]]*\]$")  # click adds the numbers that it takes


class Option(Struct, frozen=True):
    """One option, as the help shows it, and the variable of the environment that it reads."""

    shown: str
    help: str
    variable: str | None
    common: bool

    @property
    def long(self) -> str:
        return next(word for word in re.split(r"[, /]+", self.shown) if word.startswith("--"))


class Command(Struct, frozen=True):
    """One command, as its help tells of it."""

    name: str  # with the names of its groups, as it is typed
    usage: str
    about: tuple[str, ...]  # paragraphs
    examples: tuple[str, ...]  # lines
    options: tuple[Option, ...]


def everything() -> list[Command]:
    """Return the program, each of its commands, and those of the event store."""
    return [program(), *commands(), *event_commands()]


def program() -> Command:
    return _described(rollout, "rollout")


@cache
def commands() -> tuple[Command, ...]:
    return tuple(_described(command, f"rollout {name}") for name, command in _of(rollout))


@cache
def event_commands() -> tuple[Command, ...]:
    return tuple(_described(command, f"rollout events {name}") for name, command in _of(events))


def common_options() -> list[Option]:
    """Return the options that every command takes."""
    return [_option(one, _context(rollout, "rollout")) for one in rollout.params if isinstance(one, CommonOption)]


def page() -> str:
    """Return the reference of all commands but those of the event store."""
    shared = ["## Common options", "Every command takes these, before or after its name.", _options(common_options())]
    return joined([_HEAD, *shared, *(part for one in commands() for part in _shown(one))])


def events_page() -> str:
    return joined([_EVENTS_HEAD, *(part for one in event_commands() for part in _shown(one))])


def _of(group: click.Command) -> Iterator[tuple[str, click.Command]]:
    assert isinstance(group, click.Group)
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None, name
        yield name, command


def _context(command: click.Command, name: str) -> click.Context:
    return click.Context(command, info_name=name, max_content_width=100)


def _described(command: click.Command, name: str) -> Command:
    context = _context(command, name)
    about, examples = _parts(command.help or "")
    options = (_option(one, context) for one in command.params if isinstance(one, click.Option))
    usage = " ".join(command.collect_usage_pieces(context))
    return Command(name, f"{name} {usage}".strip(), about, examples, tuple(one for one in options if not one.common))


def _option(option: click.Option, context: click.Context) -> Option:
    record = option.told(context) if isinstance(option, CommonOption) else option.get_help_record(context)
    shown, told = record or ("", "")
    variable = option.envvar if isinstance(option.envvar, str) else None
    return Option(shown, _RANGE.sub("", told), variable, isinstance(option, CommonOption))


def _parts(text: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the paragraphs of a help text, and its lines of examples."""
    about: list[str] = []
    examples: list[str] = []
    for part in text.split("\n\n"):
        lines = [line.strip() for line in part.splitlines() if line.strip("\b ")]
        if "\b" in part:  # lines that stay lines
            examples += [line for line in lines if line != "Examples:"]
        elif lines:
            about.append(" ".join(lines))
    return tuple(about), tuple(examples)


def _shown(command: Command) -> Iterator[str]:
    yield f"## {command.name}"
    yield f"```text\n{command.usage}\n```"
    yield "\n\n".join(escaped(part) for part in command.about)
    if command.options:
        yield _options(list(command.options))
    if command.examples:
        yield "Examples:\n\n```text\n" + "\n".join(command.examples) + "\n```"


def _options(options: list[Option]) -> str:
    return table(("option", "meaning"), [(f"`{one.shown}`", escaped(one.help)) for one in options])


def escaped(text: str) -> str:
    """Return text of a help as Markdown that shows every letter of it."""
    return text.replace("\\", "\\\\").replace("*", "\\*").replace("<", "\\<").replace("[", "\\[").replace("_", "\\_")
