"""The manual pages: rollout(1), and one for each command, made from the commands themselves."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from manual.commands import Command, Option, common_options, event_commands, everything

_EXITS = (
    ("0", "Done, or nothing to do."),
    ("1", "Nothing, or not everything, could be evaluated."),
    ("2", "There are differences (--detailed-exitcode), or verify found a mismatch."),
    ("3", "Some targets are done; others failed, were blocked or rejected."),
    ("4", "Refused before any change: a decision is missing, or the plan is stale or used."),
    ("5", "Another run holds the lock."),
    ("64", "A mistake in the options, the inventory or a template."),
    ("130, 143", "Interrupted."),
)
_FILES = (
    ("inventory.yaml", "The inventory, here or in the nearest folder above."),
    ("templates/", "The template sets, beside the inventory."),
    (
        "~/.local/state/rollout",
        "What rollout knows: its copies of repositories, the ledger, backups; ROLLOUT_STATE_DIR names another place.",
    ),
)


def pages() -> Iterator[tuple[str, str]]:
    """Yield the file name and the text of each page."""
    for command in everything():
        yield f"{command.name.replace(' ', '-')}.1", _page(command)
    yield "git-rollout.1", ".so man1/rollout.1\n"  # what `git help rollout` opens


def _page(command: Command) -> str:
    name = command.name.replace(" ", "-")
    parts = [
        f'.TH "{_plain(name.upper())}" "1" "" "rollout" "User commands"',
        ".SH NAME",
        f"{_text(name)} \\-",
        _line(_summary(command)),
    ]
    parts += [".SH SYNOPSIS", *_synopsis(command), ".SH DESCRIPTION", *_paragraphs(command.about)]
    if command.options:
        parts += [".SH OPTIONS", *_options(command.options)]
    if command.name == "rollout":
        parts += [".SH COMMANDS", *_commands(), ".SH COMMON OPTIONS", *_options(common_options())]
        parts += [".SH EXIT STATUS", *_defined(_EXITS), ".SH FILES", *_defined(_FILES)]
    else:
        parts += _common()
    if command.examples:
        parts += [".SH EXAMPLES", ".nf", *(_text(line) for line in command.examples), ".fi"]
    return "\n".join([*parts, ".SH SEE ALSO", _see_also(command)]) + "\n"


def _summary(command: Command) -> str:
    first = command.about[0].split(". ")[0].split(": ")[0].rstrip(".")
    return first[:1].lower() + first[1:]


def _synopsis(command: Command) -> Iterator[str]:
    words = command.usage.removeprefix(command.name).strip()
    yield f"\\fB{_text(command.name)}\\fR {_text(words)}".rstrip()


def _paragraphs(texts: tuple[str, ...]) -> Iterator[str]:
    for number, text in enumerate(texts):
        if number:
            yield ".PP"
        yield _line(text)


def _options(options: tuple[Option, ...] | list[Option]) -> Iterator[str]:
    for option in options:
        yield ".TP"
        yield f"\\fB{_text(option.shown)}\\fR"
        yield _line(option.help)


def _commands() -> Iterator[str]:
    for command in everything()[1:]:
        yield ".TP"
        yield f"\\fB{_text(command.name.removeprefix('rollout '))}\\fR"
        yield _line(command.about[0])


def _common() -> list[str]:
    return [".PP", "The options that every command takes are in \\fBrollout\\fR(1)."]


def _defined(rows: tuple[tuple[str, str], ...]) -> Iterator[str]:
    for name, meaning in rows:
        yield ".TP"
        yield f"\\fB{_text(name)}\\fR"
        yield _line(meaning)


def _see_also(command: Command) -> str:
    event = [one.name for one in event_commands()]
    others = [
        "rollout",
        *(["rollout events"] if command.name in event else ["rollout plan", "rollout apply", "rollout status"]),
    ]
    names = [name.replace(" ", "-") for name in others if name != command.name]
    return ", ".join(f"\\fB{_text(name)}\\fR(1)" for name in names)


def _line(text: str) -> str:
    """Return text as lines, of which none may look like a request."""
    lines = textwrap.wrap(text, 70, break_on_hyphens=False, break_long_words=False)
    return "\n".join(f"\\&{_text(line)}" if line.startswith((".", "'")) else _text(line) for line in lines)


def _text(text: str) -> str:
    return (
        text.replace("\\", "\\e").replace("-", "\\-").replace("`", "\\(ga").replace("~", "\\(ti").replace("^", "\\(ha")
    )


def _plain(text: str) -> str:
    return text.replace('"', "")
