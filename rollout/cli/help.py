"""`rollout help`: the help of the program, of a command, or of the options that every command takes."""

from __future__ import annotations

import click

from rollout.cli.options import CommonOption, common
from rollout.errors import UsageError, near

_OPTIONS = "options"


@click.command("help")
@click.argument("topic", nargs=-1, metavar="[COMMAND|options]")
@common
@click.pass_context
def help_command(context: click.Context, topic: tuple[str, ...]) -> int:
    """Show what a command does and which options it takes; `options` lists those that every command takes.

    \b
    Examples:
      rollout help plan
      rollout help options
    """
    about = context.find_root()
    if topic == (_OPTIONS,):
        click.echo(_common(about))
        return 0
    for word in topic:
        about = _below(about, word)
    click.echo(about.get_help())
    return 0


def _below(context: click.Context, word: str) -> click.Context:
    """Return the context of a command of a group; raise UsageError, with the nearest name, if there is none."""
    group = context.command
    names = group.list_commands(context) if isinstance(group, click.Group) else []
    found = group.get_command(context, word) if isinstance(group, click.Group) and word in names else None
    if found is None:
        known = [*names, _OPTIONS] if context.parent is None else names
        raise UsageError(
            f"there is no command {word!r}{near(word, known, f'`{context.command_path} --help` tells more')}"
        )
    return click.Context(found, context, word)


def _common(context: click.Context) -> str:
    options = [one for one in context.command.params if isinstance(one, CommonOption)]
    formatter = context.make_formatter()
    with formatter.section("Every command takes these options, before or after its name"):
        formatter.write_dl([record for one in options if (record := one.told(context)) is not None])
    formatter.write_paragraph()
    formatter.write_text("Each option of rollout also reads ROLLOUT_<OPTION>, as in ROLLOUT_JOBS=4.")
    return formatter.getvalue().rstrip()
