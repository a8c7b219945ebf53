"""Propose what to take over, and prove it: leave out what the program itself would not call in sync."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

from msgspec.structs import replace

from rollout.content.agents import reading
from rollout.errors import UsageError
from rollout.fleet.survey import Surveyed
from rollout.inventory.read import Overrides, parse
from rollout.learning import inventory_text
from rollout.learning.agent_files import Ruled, Spot, ruled
from rollout.learning.propose import Without, proposal
from rollout.model.circumstances import Decisions
from rollout.model.files import TemplateFile
from rollout.model.inventory import Inventory
from rollout.model.learning import Form, Proposal, Source
from rollout.planning.changes import changes_needed
from rollout.rendering import templates as template_files
from rollout.rendering.desired import Rendering

_ROUNDS = 12


def learned(surveyed: Surveyed, root: str, folder: Path, without: Without | None = None) -> Proposal:
    """Return a proposal that is wholly in sync as soon as it is written; `folder` is where the inventory will be."""
    known, plain = dict(without or {}), set[Spot]()
    for _ in range(_ROUNDS):
        rules = ruled(surveyed.sources, surveyed.paths, plain)
        made = _with_agents(proposal(rules.sources, rules.paths, surveyed.left_out, known), rules, surveyed)
        found = not_in_sync(made, root, folder)
        if not found:
            return made
        as_rules = _of_rules(found, rules, surveyed)
        plain |= as_rules  # it is tried as a file like others, before it is left out
        known |= {} if as_rules else found
    raise UsageError("the learned templates do not give the same files; write the templates by hand")


def _of_rules(found: Without, rules: Ruled, surveyed: Surveyed) -> set[Spot]:
    """Return the files that cannot be made of rules: those that differ, or all of a repository that would get more."""
    more = {name for name, path in found if name in rules.agents and path not in surveyed.paths}
    return {spot for spot in rules.spots if spot in found or spot[0] in more}


def _with_agents(made: Proposal, rules: Ruled, surveyed: Surveyed) -> Proposal:
    """Return a proposal with who reads the rules in it, and with the repositories as they are."""
    there = {source.name: source for source in surveyed.sources}
    used = tuple(there[source.name] for source in made.sources)
    agents = {source.name: rules.agents[source.name] for source in used if source.name in rules.agents}
    taken = any(reading.is_rule(one.path) and one.form is not Form.SKIP for one in made.files)
    return replace(made, sources=used, agents=agents if taken else {})


def not_in_sync(made: Proposal, root: str, folder: Path) -> dict[tuple[str, PurePosixPath], str]:
    """Return what would not be in sync, by repository and path, in the words of a plan."""
    if not made.sets:
        return {}
    text = inventory_text.inventory(made, root)
    templates = made.templates()
    sets = template_files.set_names(templates, folder / "no templates yet")
    inventory = parse(text, folder / "inventory.yaml", shown="inventory.yaml", sets=sets, overrides=Overrides())
    return dict(_differing(inventory, templates, {source.name: source for source in made.sources}))


def _differing(
    inventory: Inventory, templates: Mapping[str, TemplateFile], sources: Mapping[str, Source]
) -> Iterator[tuple[tuple[str, PurePosixPath], str]]:
    with Rendering(templates, inventory.patterns, inventory.machines, None) as rendering:
        rendering.check(inventory.targets)
        for target in inventory.targets:
            desired = rendering.desired(target)
            changes = changes_needed(desired, sources[target.name].snapshot, Decisions()).changes
            for change in changes:
                yield (target.name, change.path), f"the file would not come out the same: {change.cause}"
