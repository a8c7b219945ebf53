"""The program: finds the command, and turns every way to end into an exit code."""

from __future__ import annotations

import gc
import importlib
import resource
import signal
import sys
from functools import partial
from typing import Any, NoReturn

import click
from click.core import ParameterSource

from rollout import __version__, file_names
from rollout.cli import environment, failures
from rollout.cli.options import common, common_options
from rollout.cli.terminal import streams
from rollout.errors import Busy, Interrupted, Refused, RolloutError, UsageError, near

# One module per command, imported when it is called: `rollout --help` loads none of them.
_COMMANDS = {
    "init": ("rollout.cli.init:init", "Learn a first inventory and templates from the repositories that are there."),
    "discover": ("rollout.cli.discover:discover", "List the repositories of a forge that the inventory does not name."),
    "validate": ("rollout.cli.validate:validate", "Check the inventory and the templates; touch no target."),
    "plan": ("rollout.cli.plan:plan", "Show what apply would change; write nothing in any target."),
    "apply": ("rollout.cli.apply:apply", "Commit, push and write what the plan says."),
    "push": ("rollout.cli.push:push", "Push what is ready to push."),
    "status": ("rollout.cli.status:status", "Show the state of every target, one line each."),
    "diff": ("rollout.cli.diff:diff", "Show the difference from what is there to what should be."),
    "history": ("rollout.cli.history:history", "List the runs, or one run's outcomes."),
    "review": ("rollout.cli.review:review", "List the open reviews; merge, close or comment on many."),
    "take": ("rollout.cli.take:take", "Take a person's change of a file back into its template."),
    "revert": ("rollout.cli.revert:revert", "Undo a run with new commits, planned and asked like any other."),
    "explain": ("rollout.cli.explain:explain", "Say why a file has these lines."),
    "verify": ("rollout.cli.verify:verify", "Prove that every managed file is as it should be."),
    "report": ("rollout.cli.report:report", "Write the last rollout, or one run, up as a document."),
    "demo": ("rollout.cli.demo:demo", "See a rollout happen in a sandbox."),
    "events": ("rollout.events.cli:events", "The event store: append, resume, verify."),
    "help": ("rollout.cli.help:help_command", "Explain a command, or the options that every command takes."),
    "completion": ("rollout.cli.completion:completion", "Print the completion script for a shell."),
}

USAGE, INTERRUPTED, TERMINATED = 64, 130, 143


class Commands(click.Group):
    """A group that imports a command only when it is needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module, _, name = _COMMANDS[cmd_name][0].partition(":")
        command = getattr(importlib.import_module(module), name)
        assert isinstance(command, click.Command)
        return _with_common_options(command) if cmd_name == "events" else command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in _COMMANDS.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0] if args else ""
        if name and not name.startswith("-") and name not in _COMMANDS:
            ctx.fail(f"there is no command {name!r}{near(name, _COMMANDS, '`rollout --help` lists them')}")
        return super().resolve_command(ctx, args)


def _with_common_options(events: click.Command) -> click.Command:
    """Let the event store's commands, which know nothing of this program, take the common options as all others do."""
    from rollout.events.cli import LazyGroup

    assert isinstance(events, LazyGroup)
    if not events.everywhere:
        events.everywhere = common_options()
        events.params += events.everywhere
    return events


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, message="rollout %(version)s")
@common
@click.pass_context
def rollout(context: click.Context) -> None:
    """Keep generated configuration the same across many live git repositories and the shared files between them.

    \b
    rollout plan             show what would change
    rollout apply            commit, push and write it
    rollout status           what is in sync, what is pending push
    """
    context.meta["rollout.events"] = _event_settings
    context.meta["rollout.events.json"] = _wants_json


def _event_settings() -> dict[str, Any]:
    """Return what the event store needs of the inventory; without an inventory it is nothing."""
    from rollout.cli.event_settings import read

    return read(click.get_current_context())


def _wants_json() -> bool:
    from rollout.cli.common_options import given_options

    return given_options(click.get_current_context()).json


def main(arguments: list[str] | None = None) -> NoReturn:
    """Run the program and exit."""
    if arguments is None:
        file_names.begin_in_utf8()
    # A core dump would contain our secrets; our children inherit this limit.
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
    output = streams.prepare()
    code = output.ended(_ended(arguments))
    gc.freeze()  # else Python looks for cycles in all that is there, twice, before the process ends and frees it
    sys.exit(code)


def _ended(arguments: list[str] | None) -> int:
    words = sys.argv[1:] if arguments is None else arguments
    as_json = failures.wants_json(words)
    failed = partial(_failed, as_json=as_json)
    try:
        result = rollout.main(args=arguments, prog_name="rollout", standalone_mode=False)
        code = result if isinstance(result, int) else 0
    except click.UsageError as error:
        if isinstance(error, click.exceptions.NoArgsIsHelpError) and not as_json:
            streams.write(sys.stderr, f"{error.format_message()}\n")
            return USAGE
        where = error.ctx.command_path if error.ctx is not None else "rollout"
        return failed(UsageError.of(where, environment.in_text(_words(error), words)), USAGE)
    except click.exceptions.Exit as error:
        return error.exit_code
    except Interrupted as error:
        if error.number == signal.SIGHUP:
            return error.exit_code  # the terminal is gone
        return failed(RolloutError(error.words), error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        return failed(RolloutError("interrupted"), INTERRUPTED)
    except RolloutError as error:
        error.mistakes = tuple(environment.named(one, words) for one in error.mistakes)
        return failed(error, _exit_code(error))
    except streams.Lost:
        return 0  # nothing else went wrong; what it means is said at the end
    except OSError as error:
        if error.filename is None and error.strerror is None:
            raise
        return failed(_of_system(error), 1)
    return code


def _exit_code(error: RolloutError) -> int:
    match error:
        case UsageError():
            return USAGE
        case Refused():
            return 4
        case Busy():
            return 5
        case _:
            return 1


def _of_system(error: OSError) -> RolloutError:
    what = error.strerror or "the system refuses it"
    return RolloutError(f"the system: {what}") if error.filename is None else RolloutError.at(error.filename, what)


def _words(error: click.UsageError) -> str:
    if error.ctx is not None and _lacks_command(error):
        return f"missing command; `{error.ctx.command_path} --help` lists them"
    if isinstance(error, click.NoSuchOption):
        return f"no such option {error.option_name!r}{near(error.option_name, error.possibilities or (), least=0.75)}"
    if isinstance(error, click.MissingParameter) and isinstance(error.param, click.Argument):
        return f"{_lowered(error.format_message()).rstrip('.')}; {_to_type(error)}"
    if isinstance(error, click.BadParameter):
        error.param_hint = _variable(error) or error.param_hint
    return _lowered(error.format_message())


def _lacks_command(error: click.UsageError) -> bool:
    return isinstance(error, click.exceptions.NoArgsIsHelpError) or error.message == "Missing command."


def _variable(error: click.BadParameter) -> str | None:
    """Return the variable of the environment that a wrong value of an option came from, or None."""
    option, context = error.param, error.ctx
    if option is None or context is None or not isinstance(option.envvar, str):
        return None
    return option.envvar if context.get_parameter_source(option.name or "") is ParameterSource.ENVIRONMENT else None


def _to_type(error: click.MissingParameter) -> str:
    """Say what to type where a word is missing."""
    if error.param is not None and error.param.name == "run":
        return "`rollout history` lists the runs"
    pieces = error.ctx.command.collect_usage_pieces(error.ctx) if error.ctx is not None else []
    words = [piece for piece in pieces if piece != "[OPTIONS]"]
    return "type: " + " ".join([error.ctx.command_path if error.ctx is not None else "rollout", *words])


def _lowered(text: str) -> str:
    return text[:1].lower() + text[1:] if text[1:2].islower() else text


def _failed(error: RolloutError, code: int, *, as_json: bool) -> int:
    failures.tell(error.mistakes, code, as_json=as_json)
    return code


if __name__ == "__main__":
    main()
