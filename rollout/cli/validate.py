"""`rollout validate`: the inventory and the templates, without touching any target."""

from __future__ import annotations

from collections.abc import Iterator

import click

from rollout.cli import session
from rollout.cli.options import common, targets
from rollout.content.modes.table import strategy
from rollout.content.patterns import matches
from rollout.errors import Mistake, Place, UsageError
from rollout.fleet import review_words
from rollout.fleet.load import Loaded
from rollout.fleet.ways import left_out, ways
from rollout.model.reviews import Via
from rollout.rendering.checks import FileChecks
from rollout.rendering.formatters import Formatters
from rollout.rendering.joined_lines import joined_lines
from rollout.showing.colour import count
from rollout.showing.names import grouped
from rollout.showing.plans import VIA


@click.command()
@targets
@common
@click.pass_context
def validate(context: click.Context) -> int:
    """Check the inventory and the templates; touch no target.

    \b
    Examples:
      rollout validate
      rollout validate consilio-s
    """
    with session.opened(context, looks=False) as at:
        _formats_known(at.loaded)
        review_words.check(at.loaded)
        for warning in _joined_lines(at.loaded):
            at.screen.warn(warning)
        formatters, checks = Formatters(), FileChecks()
        problems = {
            target.name: [
                problem.told for problem in checks.over(formatters.over(at.loaded.rendering.desired(target))).problems
            ]
            for target in at.loaded.chosen
        }
        faulty = {name: found for name, found in problems.items() if found}
        files = sum(len(at.loaded.rendering.slots(target)) for target in at.loaded.chosen)
        via = ways(at.loaded.chosen, at.options.timeout)
        lacking = left_out(at.loaded.chosen, via)
        for line in grouped(
            ((name, f"review: {words}") for name, words in lacking.items()), whole=at.options.verbose > 0
        ):
            at.screen.warn(line)
        if at.options.json:
            summary = {"via": via, "ok": not faulty, "targets": len(problems), "files": files, "problems": faulty}
            at.screen.document({"format": "rollout-validate/1", **summary, "left_out": lacking})
        elif faulty:
            said = ((name, message) for name, found in faulty.items() for message in found)
            for line in grouped(said, whole=at.options.verbose > 0):
                at.screen.say(line)
        else:
            proposed = ((name, VIA[how]) for name, how in via.items() if how is not Via.PUSH)
            for line in grouped(proposed, whole=at.options.verbose > 0):
                at.screen.data(f"{line}\n")
            at.screen.data(
                f"{at.loaded.shown}: {count(len(problems), 'target')}, {count(files, 'managed file')}, all well.\n"
            )
        return 1 if faulty else 0


def _joined_lines(loaded: Loaded) -> Iterator[str]:
    """Yield a warning for each line of a template that another line joins, which its writer may not know."""
    slots = (slot for target in loaded.chosen for slot in loaded.rendering.slots(target) if slot.is_rendered)
    for name, delimiters in dict.fromkeys((str(slot.template), slot.rule.delimiters) for slot in slots):
        for line in joined_lines(loaded.rendering.templates[name].content.decode(), delimiters):
            end = f"+{delimiters.marks.statement[1]}"
            what = f"the next line joins this one: the line end behind a tag goes, unless the tag ends in {end}"
            yield f"templates/{name}:{line}: {what}"


def _formats_known(loaded: Loaded) -> None:
    """Raise UsageError once for each merged path of a format that we cannot merge, not for every target."""
    slots = (slot for target in loaded.chosen for slot in loaded.rendering.slots(target))
    unfit = {slot.path: strategy(slot.rule.mode).fault(slot.path, slot.rule) for slot in slots}
    faults = []
    for path, fault in sorted(unfit.items()):
        if fault is None:
            continue
        line = max((p.line for p in loaded.inventory.patterns if matches(p.pattern, str(path))), default=1)
        faults.append(Mistake(f"files.{path}: {fault}", Place(loaded.shown, line)))
    if faults:
        raise UsageError(*faults)
