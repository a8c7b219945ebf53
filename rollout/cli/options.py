"""The options that every command takes, before or after its name, and what they come to."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import click
from click.core import ParameterSource

F = TypeVar("F", bound=Callable[..., Any])

_SCHEDULER = r"dask:(tcp|tls)://(\[[0-9A-Fa-f:.]+\]|[^\s/:\[\]@]+):[0-9]{1,5}"


@dataclass(frozen=True, slots=True)
class Options:
    """What a command was told by the common options."""

    inventory: str = "inventory.yaml"
    root: Path | None = None
    limit: tuple[str, ...] = ()
    var: Mapping[str, str] = field(default_factory=dict)
    jobs: int = 8
    json: bool = False
    color: str = "auto"
    quiet: bool = False
    verbose: int = 0
    hostname: str = ""
    lock_timeout: float = 0.0
    timeout: float = 25.0
    executor: str = "threads"

    @property
    def path(self) -> Path:
        return Path(self.inventory).expanduser()

    @property
    def scheduler(self) -> str | None:
        """Return the address of the Dask scheduler that does the work, or None for threads."""
        return None if self.executor == "threads" else self.executor.removeprefix("dask:")

    def colour_on(self, stream: Any) -> bool:
        """Tell whether to colour a stream: --color, then NO_COLOR, FORCE_COLOR, TERM and the terminal."""
        if self.json or self.color == "never":
            return False
        if self.color == "always":
            return True
        if os.environ.get("NO_COLOR"):
            return False
        if os.environ.get("FORCE_COLOR"):
            return True
        return bool(os.environ.get("TERM") != "dumb" and stream.isatty())


def envvar(name: str) -> str:
    return "ROLLOUT_" + name.lstrip("-").upper().replace("-", "_")


def option(*names: str, **settings: Any) -> Callable[[F], F]:
    """Declare an option that also reads ROLLOUT_<OPTION>."""
    long = next(name for name in names if name.startswith("--"))
    settings.setdefault("envvar", envvar(long.split("/")[0]))
    return click.option(*names, **settings)


_COMMON: tuple[tuple[tuple[str, ...], dict[str, Any]], ...] = (
    (("-i", "--inventory"), {"metavar": "FILE", "help": "The inventory (default: ./inventory.yaml)."}),
    (("--root",), {"metavar": "DIR", "help": "Where relative paths start, instead of the inventory's root."}),
    (("--limit",), {"metavar": "PATTERN", "multiple": True, "help": "Only these targets: names, groups, globs, !not."}),
    (("--var",), {"metavar": "K=V", "multiple": True, "help": "Set a variable, over all the inventory says."}),
    (("--jobs",), {"type": click.IntRange(1, 256), "metavar": "N", "help": "Targets worked on at once (default: 8)."}),
    (("--json",), {"is_flag": True, "help": "Print JSON; never ask, never colour."}),
    (("--color",), {"type": click.Choice(["auto", "always", "never"]), "help": "When to colour (default: auto)."}),
    (("-q", "--quiet"), {"is_flag": True, "help": "No progress, no warnings."}),
    (("-v", "--verbose"), {"count": True, "help": "Say more about each target."}),
    (("--hostname",), {"metavar": "NAME", "help": "Take this for the host's name when a machine is looked for."}),
    (("--lock-timeout",), {"type": click.FloatRange(0), "metavar": "SECONDS", "help": "Wait for another run to end."}),
    (("--timeout",), {"type": click.FloatRange(0.1), "metavar": "SECONDS",
                      "help": "How long a remote may take to answer (default: 25); a transfer, twelve times that."}),
    (("--executor",), {"metavar": "WHERE", "help": "What works on repositories without a path: threads (default), or a "
                       "cluster, dask:tcp://HOST:PORT."}),
)  # fmt: skip


def common(function: F) -> F:
    """Give a command the common options."""
    for names, settings in reversed(_COMMON):
        long = next(name for name in names if name.startswith("--"))
        function = click.option(*names, envvar=envvar(long), expose_value=False, callback=_note, **settings)(function)
    return function


def _note(context: click.Context, parameter: click.Parameter, value: Any) -> Any:
    """Collect what was given; nearer the command beats nearer the program, both beat the environment."""
    name = parameter.name or ""
    source = context.get_parameter_source(name)
    if source in {None, ParameterSource.DEFAULT} or value in (None, ()):
        return value
    given: dict[str, tuple[int, Any]] = context.find_root().meta.setdefault("rollout.options", {})
    rank = 0 if source is ParameterSource.ENVIRONMENT else 1 if context.parent is None else 2
    before = given.get(name)
    if before is not None and name in {"limit", "var"} and before[0] >= 1 and rank >= 1:
        given[name] = (rank, (*before[1], *value))
    elif before is None or rank >= before[0]:
        given[name] = (rank, value)
    return value


def settled(context: click.Context) -> Options:
    """Return the common options as they stand when a command runs."""
    given = {name: value for name, (_, value) in context.find_root().meta.get("rollout.options", {}).items()}
    if "var" in given:
        given["var"] = dict(_pair(text) for text in given["var"])
    if "root" in given:
        given["root"] = Path.cwd() / Path(given["root"]).expanduser()
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


def terminal_width() -> int | None:
    """Return how wide the terminal is, or None when stdout is none."""
    if not sys.stdout.isatty():
        return None
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns
    except OSError:
        return 80
