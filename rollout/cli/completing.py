"""What a shell completes: targets, groups, paths and runs, from the inventory and this disk, without any contact.

Errors in them are not shown to a shell: the completed command will report them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:  # every command's options use this module, so it must not slow the start
    from click.shell_completion import CompletionItem

    from rollout.fleet.load import Loaded


def targets(context: click.Context, _parameter: click.Parameter, begun: str) -> list[str]:
    """Return the targets and groups that a word may become; a leading `!` stays."""
    mark = "!" if begun.startswith("!") else ""
    return _begun(begun, [mark + name for name in _asked(context, _names)])


def plans_and_targets(context: click.Context, parameter: click.Parameter, begun: str) -> list[CompletionItem]:
    """Return the marker that makes the shell add files, targets and groups.

    At the marker click's script for bash forgets what came before it, so it comes first.
    """
    from click.shell_completion import CompletionItem

    return [CompletionItem(begun, type="file"), *map(CompletionItem, targets(context, parameter, begun))]


def targets_and_paths(context: click.Context, parameter: click.Parameter, begun: str) -> list[str]:
    """Return targets and groups; after the first one, also the managed paths of those already named."""
    words = tuple(context.params.get("words") or ())
    return targets(context, parameter, begun) + _begun(begun, _paths(context, words) if words else [])


def paths(context: click.Context, _parameter: click.Parameter, begun: str) -> list[str]:
    """Return the managed paths of the target that the command line names."""
    target = context.params.get("target")
    return _begun(begun, _paths(context, (target,))) if target else []


def runs(context: click.Context, _parameter: click.Parameter, begun: str) -> list[str]:
    """Return the last runs, if their ledger is on this disk."""
    return _begun(begun, _asked(context, _runs))


def _begun(begun: str, names: Iterable[str]) -> list[str]:
    return [name for name in dict.fromkeys(names) if name.startswith(begun)]


def _names(loaded: Loaded) -> list[str]:
    targets = loaded.inventory.targets
    return [target.name for target in targets] + [group for target in targets for group in target.groups]


def _paths(context: click.Context, words: tuple[str, ...]) -> list[str]:
    from rollout.inventory import choose

    def managed(loaded: Loaded) -> list[str]:
        chosen = choose.select(loaded.inventory.targets, words)
        return [str(slot.path) for target in chosen for slot in loaded.rendering.slots(target)]

    return _asked(context, managed)


def _runs(loaded: Loaded) -> list[str]:
    from rollout.ledger import ledger
    from rollout.machine import state_folder

    return ledger.run_ids(loaded.inventory.ledger, state_folder.named_state_folder(), loaded.inventory.path)


def _asked(context: click.Context, question: Callable[[Loaded], list[str]]) -> list[str]:
    with suppress(Exception):
        from rollout.cli import session
        from rollout.cli.common_options import given_options
        from rollout.fleet import load

        with load.opened(session.source(given_options(context)), check=False) as loaded:
            return question(loaded)
    return []
