"""`rollout events`: the group, which loads a subcommand only when it is called."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

import click

from rollout.errors import near
from rollout.events.settings import DATABASE, ENVIRONMENT

COMMANDS = {
    "migrate": "rollout.events.commands.migrate:migrate",
    "append": "rollout.events.commands.append:append",
    "flush": "rollout.events.commands.spool:flush",
    "resume": "rollout.events.commands.resume:resume",
    "tail": "rollout.events.commands.tail:tail",
    "verify": "rollout.events.commands.verify:verify",
    "backfill": "rollout.events.commands.backfill:backfill",
    "growth": "rollout.events.commands.growth:growth",
    "purge": "rollout.events.commands.purge:purge",
    "hook": "rollout.events.commands.spool:hook",
    "health": "rollout.events.commands.health:health",
    "mcp": "rollout.events.commands.mcp:mcp",
}


class LazyGroup(click.Group):
    """A group that knows the names of its commands and imports one when it is asked for.

    `everywhere` are options of the program at large, which each command takes unless it has its own of that name.
    """

    everywhere: tuple[click.Option, ...] = ()

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [name for name, place in COMMANDS.items() if find_spec(place.partition(":")[0])]

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name, known = args[0], self.list_commands(ctx)
        if not name.startswith("-") and name not in known:
            ctx.fail(f"there is no command {name!r}{near(name, known, '`rollout events --help` lists them')}")
        return super().resolve_command(ctx, args)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.list_commands(ctx):
            return None
        module, _, function = COMMANDS[cmd_name].partition(":")
        command = getattr(import_module(module), function)
        assert isinstance(command, click.Command), f"{module}:{function} is no command"
        own = {name for parameter in command.params for name in parameter.opts}
        command.params += [option for option in self.everywhere if own.isdisjoint(option.opts)]
        return command


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--database", metavar="URL", help=f"The event store; {ENVIRONMENT} or the inventory otherwise.")
@click.pass_context
def events(ctx: click.Context, database: str | None) -> None:
    """Log what agents do, so that another one can take over: the event store in PostgreSQL.

    \b
    Examples:
      export ROLLOUT_DATABASE_URL=postgresql://supervisor@localhost:5434/supervisor_service
      rollout events migrate
      rollout events append commit '{"message": "feat: auth", "hash": "a1b2c3d"}'
      rollout events resume consilio-PS-a1b2c3
    """
    if database:
        ctx.meta[DATABASE] = database
