"""The options that every command takes, before or after its name."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import click
from click.core import ParameterSource

from rollout import file_names
from rollout.cli import completing
from rollout.cli.forms import Colour
from rollout.cli.several import ASSIGNMENTS

F = TypeVar("F", bound=Callable[..., Any])


def envvar(name: str) -> str:
    return "ROLLOUT_" + name.lstrip("-").upper().replace("-", "_")


def option(*names: str, **settings: Any) -> Callable[[F], F]:
    """Declare an option that also reads ROLLOUT_<OPTION>."""
    long = next(name for name in names if name.startswith("--"))
    yes, _, no = long.partition("/")
    settings.setdefault("envvar", envvar(yes))
    return click.option(*names, cls=_Either if no else _Option, **settings)


def format_option(forms: type[StrEnum], told: str) -> Callable[[F], F]:
    """Declare --format, as `form`; the first of the forms is the default."""
    words = [one.value for one in forms]
    return option("--format", "form", type=click.Choice(words), default=words[0], help=told)


def out_option(told: str, kind: str, looks: str) -> Callable[[F], F]:
    """Declare --out, which names a file: a new one, or one of the same kind, which begins with what it looks like."""
    return option("--out", metavar="FILE", callback=partial(_own_file, kind=kind, looks=looks), help=told)


def _own_file(
    context: click.Context, given: click.Parameter, value: str | None, *, kind: str, looks: str
) -> str | None:
    """Refuse a file that says something else: it may be a person's only copy."""
    name = _a_file(context, given, value)
    place = None if name is None else Path(name).expanduser()
    if place is not None and place.is_file() and (begins := _beginning(place)) and not re.search(looks, begins):
        told = f"{name!r} is there, and it is no {kind} of rollout; name another file, or move it away"
        raise click.BadParameter(told, context, given)
    return name


def _beginning(place: Path) -> str:
    try:
        with place.open("rb") as file:
            return file.read(2000).decode("utf-8", "replace").strip()
    except OSError:
        return ""  # writing it will say what is wrong


def _a_file(context: click.Context, given: click.Parameter, value: str | None) -> str | None:
    names_folder = value is not None and re.search(r"(?:^|/)\.{0,2}\Z", value)
    if value is not None and (names_folder or Path(value).expanduser().is_dir()):
        what = "a folder" if value else "no file"
        name = f"{value.rstrip('/')}/FILE" if value else "FILE"
        raise click.BadParameter(f"{value!r} is {what}; name a file, as in {name!r}", context, given)
    if value == "-":
        told = "'-' is no file; name one, as in './-'; without the option it goes to standard output"
        raise click.BadParameter(told, context, given)
    return value


def message_option(told: str) -> Callable[[F], F]:
    """Declare --message, whose text is sent on as it is."""
    return option("--message", metavar="TEXT", callback=_only_unicode, help=told)


def _only_unicode(context: click.Context, given: click.Parameter, value: str | None) -> str | None:
    if value is not None and re.search("[\ud800-\udfff]", value):
        raise click.BadParameter("it has bytes that are no letters in the encoding of your locale", context, given)
    return value


class _Option(click.Option):
    """An option whose variable is read in the encoding of the locale, as what is typed is."""

    def resolve_envvar_value(self, ctx: click.Context) -> str | None:
        value = super().resolve_envvar_value(ctx)
        return None if value is None else file_names.meant(value)


class _Either(_Option):
    """An option of two names, --this/--no-this: the variable of the second one says the opposite."""

    def resolve_envvar_value(self, ctx: click.Context) -> str | None:
        value = super().resolve_envvar_value(ctx)
        variable = envvar(self.secondary_opts[0])
        opposite = os.environ.get(variable, "")
        if value is not None or not opposite:
            return value
        try:
            return str(not self.type.convert(opposite, self, ctx))
        except click.BadParameter as error:
            error.param_hint = variable
            raise


_COMMON: tuple[tuple[tuple[str, ...], dict[str, Any]], ...] = (
    (("-i", "--inventory"), {"metavar": "FILE", "help": "The inventory (default: inventory.yaml here or above)."}),
    (("--root",), {"metavar": "DIR", "help": "Where relative paths start, instead of the inventory's root."}),
    (("--limit",), {"shell_complete": completing.targets, "metavar": "PATTERN", "multiple": True,
                    "help": "Only these targets: names, groups, globs, !not."}),
    (("--var",), {"type": ASSIGNMENTS, "metavar": "K=V", "multiple": True,
                  "help": "Set a variable over the inventory's; V is YAML."}),
    (("--jobs",), {"type": click.IntRange(1, 256), "metavar": "N", "help": "Targets worked on at once (default: 8)."}),
    (("--json",), {"is_flag": True, "help": "Print JSON; never ask, never colour."}),
    (("--color",), {"type": click.Choice([one.value for one in Colour]), "help": "When to colour (default: auto)."}),
    (("--no-pager",), {"is_flag": True, "help": "Do not page long differences."}),
    (("-q", "--quiet"), {"is_flag": True, "help": "Show no progress; warnings still go to stderr."}),
    (("-v", "--verbose"), {"count": True, "help": "Show more about each target."}),
    (("--hostname",), {"metavar": "NAME", "help": "Use this host name to find the machine in the inventory."}),
    (("--lock-timeout",), {"type": click.FloatRange(0), "metavar": "SECONDS",
                           "help": "How long to wait for another run to end."}),
    (("--timeout",), {"type": click.FloatRange(0.1), "metavar": "SECONDS",
                      "help": "How long a remote, or a command of `discover`, may take to answer (default: 25); "
                              "a transfer, twelve times that."}),
    (("--executor",), {"metavar": "WHERE", "help": "Where repositories without a path are worked on: threads (default) "
                       "or a Dask cluster, dask:tcp://HOST:PORT."}),
)  # fmt: skip


class CommonOption(_Option):
    """An option that every command takes: completed everywhere, and told by `rollout help options` alone."""

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        return _SEE if self.name == "inventory" else None

    def told(self, ctx: click.Context) -> tuple[str, str] | None:
        return super().get_help_record(ctx)


_SEE = ("-i, --limit, --json, ...", "Common options: `rollout help options`.")


def common(function: F) -> F:
    """Give a command the common options."""
    for names, settings in reversed(_COMMON):
        long = next(name for name in names if name.startswith("--"))
        told = click.option(
            *names, cls=CommonOption, envvar=envvar(long), expose_value=False, callback=_note, **settings
        )
        function = told(function)
    return function


def common_options() -> tuple[click.Option, ...]:
    """Return the common options by themselves, for commands that are declared elsewhere."""
    declared = common(lambda: None)
    return tuple(reversed(getattr(declared, "__click_params__")))  # noqa: B009 (click's own attribute)


def targets(function: F) -> F:
    """Let a command take the names of targets, which count as --limit does."""
    return click.argument(
        "targets",
        nargs=-1,
        metavar="[TARGET]...",
        expose_value=False,
        callback=_limited,
        shell_complete=completing.targets,
    )(function)


def _limited(context: click.Context, _parameter: click.Parameter, words: tuple[str, ...]) -> None:
    limit(context, words)


def limit(context: click.Context, words: tuple[str, ...]) -> None:
    """Choose targets by words after the command's name, as --limit does."""
    if words:
        _collect(context, "limit", 2, words)


def _note(context: click.Context, parameter: click.Parameter, value: Any) -> Any:
    """Collect an option: after the command's name beats before it, and both beat the environment."""
    name = parameter.name or ""
    source = context.get_parameter_source(name)
    if source in {None, ParameterSource.DEFAULT} or value in (None, ()):
        return value
    rank = 0 if source is ParameterSource.ENVIRONMENT else 1 if context.parent is None else 2
    _collect(context, name, rank, value)
    return value


def _collect(context: click.Context, name: str, rank: int, value: Any) -> None:
    given: dict[str, tuple[int, Any]] = context.find_root().meta.setdefault("rollout.options", {})
    before = given.get(name)
    if before is not None and name in {"limit", "var"} and before[0] >= 1 and rank >= 1:
        given[name] = (rank, (*before[1], *value))
    elif before is None or rank >= before[0]:
        given[name] = (rank, value)
