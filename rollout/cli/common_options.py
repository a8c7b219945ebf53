"""The values of the common options when a command runs."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, assert_never

import click
from msgspec import Struct, field

from rollout.cli.forms import Colour

INVENTORY = "inventory.yaml"
_SCHEDULER = r"dask:(tcp|tls)://(\[[0-9A-Fa-f:.]+\]|[^\s/:\[\]@]+):[0-9]{1,5}"


class Options(Struct, frozen=True):
    """The common options of a command."""

    inventory: str | None = None  # as the person wrote it
    root: Path | None = None
    limit: tuple[str, ...] = ()
    var: Mapping[str, str] = field(default_factory=dict)
    jobs: int = 8
    json: bool = False
    color: Colour = Colour.AUTO
    quiet: bool = False
    no_pager: bool = False
    verbose: int = 0
    hostname: str = ""
    lock_timeout: float = 0.0
    timeout: float = 25.0
    executor: str = "threads"
    typed: tuple[str, ...] = ()  # what else was typed that decides what a command works on

    @property
    def path(self) -> Path:
        return Path(self.inventory or INVENTORY).expanduser()

    @property
    def scheduler(self) -> str | None:
        """Return the address of the Dask scheduler that does the work, or None for threads."""
        return None if self.executor == "threads" else self.executor.removeprefix("dask:")

    def colour_on(self, stream: Any) -> bool:
        """Tell whether to colour a stream: --color, then NO_COLOR, FORCE_COLOR, TERM and the terminal."""
        match Colour.NEVER if self.json else self.color:
            case Colour.NEVER:
                return False
            case Colour.ALWAYS:
                return True
            case Colour.AUTO:
                return _wants_colour(stream)
            case never:
                assert_never(never)


def _wants_colour(stream: Any) -> bool:
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR"):
        return True
    return bool(os.environ.get("TERM") != "dumb" and stream.isatty())


def given_options(context: click.Context) -> Options:
    """Return the common options of the command that runs."""
    ranked = context.find_root().meta.get("rollout.options", {})
    given = {name: value for name, (_, value) in ranked.items()}
    words = [(f"--{name}", ranked[name][1]) for name in ("root", "hostname") if ranked.get(name, (0, ""))[0] > 0]
    given["typed"] = tuple(word for pair in words for word in pair)
    if "var" in given:
        given["var"] = dict(_pair(text) for text in given["var"])
    if "root" in given:
        given["root"] = Path.cwd() / Path(given["root"]).expanduser()
    if "color" in given:
        given["color"] = Colour(given["color"])
    _check_executor(given.get("executor", "threads"))
    given.setdefault("hostname", os.uname().nodename)
    return Options(**given)


def _check_executor(text: str) -> None:
    if text != "threads" and not re.fullmatch(_SCHEDULER, text):
        raise click.UsageError(f"--executor takes threads or dask:tcp://HOST:PORT, not {text!r}")


def _pair(text: str) -> tuple[str, str]:
    name, mark, value = text.partition("=")
    if not mark or not name.isidentifier():
        raise click.UsageError(f"--var takes NAME=VALUE, not {text!r}")
    return name, value
