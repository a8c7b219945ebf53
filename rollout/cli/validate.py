"""`rollout validate`: the inventory and the templates, without touching any target."""

from __future__ import annotations

from collections.abc import Iterator

import click
from msgspec import Struct

from rollout.cli import session
from rollout.cli.options import common, targets
from rollout.cli.session import Session
from rollout.content.documents.unmatched import unmatched
from rollout.content.modes.table import strategy, traits
from rollout.content.patterns import matches
from rollout.errors import Mistake, Place, UsageError
from rollout.fleet import doubtful_groups, doubtful_values, review_words, unread_files
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
        for warning in _doubts(at.loaded):
            at.screen.warn(warning)
        found = _checked(at)
        lacking = ((name, f"review: {words}") for name, words in found.left_out.items())
        for line in grouped(lacking, whole=at.options.verbose > 0):
            at.screen.warn(line)
        _tell(at, found)
        return 1 if found.problems else 0


class _Checked(Struct, frozen=True):
    """What was checked, what is wrong by target, and the ways that changes go."""

    targets: int
    files: int
    problems: dict[str, list[str]]
    via: dict[str, Via]
    left_out: dict[str, str]  # what no review of a target can have


def _checked(at: Session) -> _Checked:
    """Render, format and check every file of the chosen targets."""
    chosen, rendering = at.loaded.chosen, at.loaded.rendering
    formatters, checks = Formatters(), FileChecks()
    found = {target.name: checks.over(formatters.over(rendering.desired(target))).problems for target in chosen}
    problems = {name: [one.told for one in faults] for name, faults in found.items() if faults}
    for name, told in review_words.unrendered(at.loaded).items():
        problems.setdefault(name, []).append(told)
    via = ways(chosen, at.options.timeout)
    files = sum(len(rendering.slots(target)) for target in chosen)
    return _Checked(len(found), files, problems, via, left_out(chosen, via))


def _tell(at: Session, found: _Checked) -> None:
    whole = at.options.verbose > 0
    if at.options.json:
        at.screen.document(
            {
                "format": "rollout-validate/1",
                "via": found.via,
                "ok": not found.problems,
                "targets": found.targets,
                "files": found.files,
                "problems": found.problems,
                "left_out": found.left_out,
            }
        )
    elif found.problems:
        said = ((name, message) for name, messages in found.problems.items() for message in messages)
        for line in grouped(said, whole=whole):
            at.screen.say(line)
    else:
        proposed = ((name, VIA[how]) for name, how in found.via.items() if how is not Via.PUSH)
        for line in grouped(proposed, whole=whole):
            at.screen.data(f"{line}\n")
        counted = f"{count(found.targets, 'target')}, {count(found.files, 'managed file')}"
        at.screen.data(f"{at.loaded.shown}: {counted}, all well.\n")


def _doubts(loaded: Loaded) -> Iterator[str]:
    """Yield a warning for each thing that is not wrong, but may not be meant."""
    yield from doubtful_groups.doubtful(loaded)
    yield from doubtful_values.doubtful(loaded)
    yield from _joined_lines(loaded)
    yield from unread_files.unread(loaded)
    yield from _unmatched(loaded)


def _joined_lines(loaded: Loaded) -> Iterator[str]:
    """Yield a warning for each line of a template that another line joins, which its writer may not know."""
    slots = (slot for target in loaded.chosen for slot in loaded.rendering.slots(target) if slot.is_rendered)
    for name, delimiters in dict.fromkeys((str(slot.template), slot.rule.delimiters) for slot in slots):
        for line in joined_lines(loaded.rendering.templates[name].content.decode(), delimiters):
            end = f"+{delimiters.marks.statement[1]}"
            what = f"the next line joins this one: the line end behind a tag goes, unless the tag ends in {end}"
            yield f"templates/{name}:{line}: {what}"


def _unmatched(loaded: Loaded) -> list[str]:
    """Return a warning for each path in `match` at which no template of the file has a list."""
    found: dict[str, set[str]] = {}
    for item in (item for target in loaded.chosen for item in loaded.rendering.desired(target).managed):
        if item.rule.match and "match" in traits(item.mode).options and traits(item.mode).writes:
            lacking = set(unmatched(item.path, item.rule, item.body))
            found[str(item.path)] = found.get(str(item.path), lacking) & lacking
    return [f"files.{path}.match: the template has no list at {one!r}" for path in found for one in sorted(found[path])]


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
