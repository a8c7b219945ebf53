"""Propose what to take over, and prove it: leave out what the program itself would not call in sync."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

from rollout.errors import UsageError
from rollout.fleet.survey import Surveyed
from rollout.inventory.read import Overrides, parse
from rollout.learning import inventory_text
from rollout.learning.agent_files import SourcePath, ruled, spots_that_differ, with_agents
from rollout.learning.propose import Without, proposal
from rollout.model.circumstances import Decisions
from rollout.model.files import TemplateFile
from rollout.model.inventory import Inventory
from rollout.model.learning import Sample, Takeover
from rollout.planning.changes import changes_needed
from rollout.rendering import mistakes
from rollout.rendering import templates as template_files
from rollout.rendering.desired import Rendering

_ROUNDS = 12


def learned(surveyed: Surveyed, root: str, folder: Path, without: Without | None = None) -> Takeover:
    """Return a proposal that is wholly in sync as soon as it is written; `folder` is where the inventory will be."""
    known, plain = dict(without or {}), set[SourcePath]()
    for _ in range(_ROUNDS):
        rules = ruled(surveyed.sources, surveyed.paths, plain)
        made = with_agents(proposal(rules.sources, rules.paths, surveyed.left_out, known), rules, surveyed.sources)
        found = not_in_sync(made, root, folder)
        if not found:
            return made
        as_rules = spots_that_differ(found, rules, surveyed.paths)
        plain |= as_rules  # it is tried as a file like others, before it is left out
        known |= {} if as_rules else found
    raise UsageError("the learned templates do not give the same files; write the templates by hand")


def not_in_sync(made: Takeover, root: str, folder: Path) -> dict[tuple[str, PurePosixPath], str]:
    """Return what would not be in sync, by repository and path, in the words of a plan."""
    if not made.sets:
        return {}
    text = inventory_text.inventory(made, root)
    templates = made.templates()
    sets = template_files.set_names(templates, folder / "no templates yet")
    inventory = parse(text, folder / "inventory.yaml", shown="inventory.yaml", sets=sets, overrides=Overrides())
    return dict(_differing(inventory, templates, {source.name: source for source in made.sources}))


def _differing(
    inventory: Inventory, templates: Mapping[str, TemplateFile], sources: Mapping[str, Sample]
) -> Iterator[tuple[tuple[str, PurePosixPath], str]]:
    with Rendering(templates, inventory.patterns, inventory.machines, None) as rendering:
        mistakes.check(rendering, inventory.targets)
        for target in inventory.targets:
            desired = rendering.desired(target)
            changes = changes_needed(desired, sources[target.name].snapshot, Decisions()).changes
            for change in changes:
                yield (target.name, change.path), f"the file would not come out the same: {change.cause}"
