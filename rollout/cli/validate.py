"""`rollout validate`: the inventory and the templates, without touching any target."""

from __future__ import annotations

import click

from rollout import show
from rollout.checks import Checks
from rollout.cli import session
from rollout.cli.options import common
from rollout.formatters import Formatters
from rollout.show import count


@click.command()
@common
@click.pass_context
def validate(context: click.Context) -> int:
    """Check the inventory and the templates; touch no target.

    \b
    rollout validate
    rollout validate --limit consilio-s
    """
    with session.opened(context, looks=False) as at:
        formatters, checks = Formatters(), Checks()
        problems = {
            target.name: [
                problem.message
                for problem in checks.over(formatters.over(at.loaded.rendering.desired(target))).problems
            ]
            for target in at.loaded.chosen
        }
        faulty = {name: found for name, found in problems.items() if found}
        files = sum(len(at.loaded.rendering.slots(target)) for target in at.loaded.chosen)
        if at.options.json:
            summary = {"ok": not faulty, "targets": len(problems), "files": files, "problems": faulty}
            at.screen.document({"format": "rollout-validate/1", **summary})
        elif faulty:
            said = ((name, message) for name, found in faulty.items() for message in found)
            for line in show.grouped(said, whole=at.options.verbose > 0):
                at.screen.say(line)
        else:
            at.screen.data(
                f"{at.loaded.shown}: {count(len(problems), 'target')}, {count(files, 'managed file')}, all well.\n"
            )
        return 1 if faulty else 0
