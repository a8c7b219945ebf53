"""`rollout completion SHELL`: the script with which a shell completes commands and options."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from rollout.cli.options import common


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@common
@click.pass_context
def completion(context: click.Context, shell: str) -> int:
    """Print the completion script for a shell.

    \b
    Examples:
      rollout completion bash > ~/.local/share/bash-completion/completions/rollout
      rollout completion zsh > ~/.zfunc/_rollout
    """
    kind = get_completion_class(shell)
    assert kind is not None
    root = context.find_root().command
    click.echo(kind(root, {}, "rollout", "_ROLLOUT_COMPLETE").source())
    return 0
