"""Add repositories and files that are new since an inventory was written; keep everything in it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path, PurePosixPath

from msgspec import Struct
from msgspec.structs import replace

from rollout.content.agents.rule import FOLDER
from rollout.errors import UsageError
from rollout.fleet.entries import extended, parsed, place_of, with_entries
from rollout.fleet.fitting import Fit, fitting
from rollout.fleet.present import ExistingInventory
from rollout.fleet.survey import FromInventory, Readers, Surveyed, survey
from rollout.learning import inventory_text, sets
from rollout.learning.agent_files import SourcePath, ruled, spots_that_differ, with_agents
from rollout.learning.propose import AlreadyThere, proposal
from rollout.model.circumstances import Decisions
from rollout.model.inventory import FoundCheckout, Target
from rollout.model.learning import LeftOut, Sample, Takeover
from rollout.planning.changes import changes_needed
from rollout.rendering.desired import Rendering
from rollout.rendering.template_fault import TemplateFault
from rollout.safety import addresses

_ROUNDS = 8


class Added(Struct, frozen=True):
    """What to add: the proposal, the sets that fit new repositories, and the new text of the inventory."""

    proposal: Takeover
    fits: Mapping[str, Fit]
    text: bytes


def added(
    old: ExistingInventory,
    found: Sequence[FoundCheckout],
    folder: Path,
    readers: Readers,
) -> Added:
    """Return what is new below a folder, proved to be in sync as soon as it is written."""
    places = old.places()
    known = [(places[place].name, one) for one in found if (place := _real(folder, one)) in places]
    fresh = [one for one in found if _real(folder, one) not in places]
    names = inventory_text.names(fresh, [target.name for target in old.inventory.targets])
    named = [*known, *zip(names, fresh, strict=True)]
    branches = {target.name: target.branch for target in old.repositories if target.branch}
    known_already = FromInventory(branches, old.managed())
    surveyed = _without_twins(survey(named, folder, readers, known_already), old)
    return _proved(old, surveyed, folder)


def _real(folder: Path, one: FoundCheckout) -> str:
    return os.path.realpath(folder / one.path)


def _without_twins(surveyed: Surveyed, old: ExistingInventory) -> Surveyed:
    """Leave out repositories that the inventory has already, by their address."""
    there, names = old.addresses(), {target.name for target in old.repositories}
    twins = {
        one.name: there[identity]
        for one in surveyed.sources
        if one.name not in names and (identity := addresses.identity(one.url)) in there
    }
    out = [LeftOut(name, f"is the repository of the target {other} already") for name, other in twins.items()]
    kept = tuple(one for one in surveyed.sources if one.name not in twins)
    return replace(surveyed, sources=kept, left_out=(*surveyed.left_out, *out))


def _proved(old: ExistingInventory, surveyed: Surveyed, folder: Path) -> Added:
    names, managed = {target.name for target in old.repositories}, old.managed()
    fresh = [source for source in surveyed.sources if source.name not in names]
    targets = _future(old, fresh, folder)
    tried = {source.name: fitting(old, targets[source.name], source) for source in fresh if source.name in targets}
    fits = {source.name: tried[source.name][0] if source.name in tried else Fit(source) for source in fresh}
    misfits = {name: found for name, (_, found) in tried.items() if found}
    there = _there(old, fits)
    paths = [path for path in surveyed.paths if path not in managed]
    without, plain = dict[SourcePath, str](), set[SourcePath]()
    for _ in range(_ROUNDS):
        rules = ruled(surveyed.sources, paths, plain)
        made = with_agents(
            proposal(rules.sources, rules.paths, surveyed.left_out, without, there), rules, surveyed.sources
        )
        made = _told(made, names, fits, misfits)
        text = extended(old, made, fits, targets, folder)
        wrong = _not_in_sync(old, made, text, fits)
        if not wrong:
            return Added(made, {name: fit for name, fit in fits.items() if fit.sets}, text)
        as_rules = spots_that_differ(wrong, rules, paths)
        plain |= as_rules  # they are tried as files like others, before they are left out
        without |= {} if as_rules else wrong
    raise UsageError("the learned templates do not give the same files; write the templates by hand")


def _told(made: Takeover, old: set[str], fits: Mapping[str, Fit], misfits: Mapping[str, Sequence[LeftOut]]) -> Takeover:
    """Return a proposal that says of no repository with files of ours that it has none in common."""
    having = old | {name for name, fit in fits.items() if fit.sets} | misfits.keys()
    out = [one for one in made.left_out if one.name not in having]
    return replace(made, left_out=(*out, *chain.from_iterable(misfits.values())))


def _there(old: ExistingInventory, fits: Mapping[str, Fit]) -> AlreadyThere:
    variables = old.variables()
    for repository, fit in fits.items():
        for name, value in fit.effective.items():
            variables.setdefault(name, {})[repository] = value
    names = {name.split("/")[0] for name in old.templates}
    return AlreadyThere(frozenset({*names, *old.sets()}), variables)


def _future(old: ExistingInventory, fresh: Sequence[Sample], folder: Path) -> dict[str, Target]:
    """Return new repositories as entries of the inventory, before it is known which files they take over."""
    if not fresh or not old.sets():
        return {}
    used = {group for target in old.inventory.targets for group in target.groups}
    entries: dict[str, dict[str, inventory_text.Setting]] = {}
    for source in fresh:
        groups = [kind for kind, files in sets.KINDS.items() if kind in used and source.listing & set(files)]
        entries[source.name] = {"path": place_of(old, source, folder), "templates": [old.sets()[0]]}
        entries[source.name] |= {"groups": groups} if groups else {}
    inventory = parsed(old, with_entries(old.text, entries, {}))
    return {target.name: target for target in inventory.targets if target.name in entries}


def _not_in_sync(old: ExistingInventory, made: Takeover, text: bytes, fits: Mapping[str, Fit]) -> dict[SourcePath, str]:
    """Return what would not be in sync because of the proposal, by repository and path."""
    inventory = parsed(old, text, [one.name for one in made.sets])
    sources = {source.name: source for source in (*made.sources, *(fit.source for fit in fits.values()))}
    before = {target.name: target for target in old.repositories}
    wrong: dict[SourcePath, str] = {}
    with Rendering({**old.templates, **made.templates()}, inventory.patterns, inventory.machines, None) as rendering:
        for target in (target for target in inventory.targets if target.name in sources):
            was = _asked(old.loaded.rendering, before.get(target.name))
            found = _differing(rendering, target, sources[target.name], was)
            wrong |= {(target.name, path): why for path, why in found}
    return wrong


def _asked(rendering: Rendering, target: Target | None) -> Mapping[PurePosixPath, str]:
    """Return what the templates ask for in a repository before anything is added, by path."""
    return {} if target is None else {item.path: item.asks for item in rendering.desired(target).managed}


def _differing(
    rendering: Rendering, target: Target, source: Sample, was: Mapping[PurePosixPath, str]
) -> Iterator[tuple[PurePosixPath, str]]:
    """Yield what would differ from what is there; what was asked for before is not the proposal's."""
    try:
        desired = rendering.desired(target)
    except TemplateFault as fault:
        yield PurePosixPath(FOLDER), str(fault)
        return
    asks = {item.path: item.asks for item in desired.managed}
    for change in changes_needed(desired, source.snapshot, Decisions()).changes:
        if change.path not in was or was[change.path] != asks.get(change.path):
            yield change.path, f"the file would not come out the same: {change.cause}"
    yield from ((path, "an earlier template would not write it any more") for path in was.keys() - asks.keys())
