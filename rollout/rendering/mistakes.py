"""Find all that is wrong with the templates that targets use."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rollout.errors import Mistake, UsageError
from rollout.model.inventory import Target
from rollout.rendering.desired import Rendering, sets_of
from rollout.rendering.slots import all_mistakes, named_rules
from rollout.rendering.template_fault import TemplateFault


def check(rendering: Rendering, targets: Iterable[Target]) -> None:
    """Parse every template that a target uses; raise UsageError with all that is wrong with them."""
    faults: dict[Mistake, None] = {}
    faultless = set()  # what was checked: most targets have the same templates
    for target in targets:
        checked = (*sets_of(target), target.ignores)
        if checked not in faultless:
            found = dict.fromkeys(_mistakes(rendering, target))
            faults |= found
            faultless |= set() if found else {checked}
    if faults:
        raise UsageError(*faults)


def _mistakes(rendering: Rendering, target: Target) -> Iterator[Mistake]:
    templates, patterns = rendering.templates, rendering.patterns
    try:
        slots = [*rendering.slots(target), *named_rules(target, templates, patterns)]
    except TemplateFault as fault:
        yield from all_mistakes(target, templates, patterns) or [fault.mistake]
        return
    for source in (source for slot in slots for source in slot.sources if source.is_rendered):
        try:
            rendering.uses(source)
        except TemplateFault as fault:
            yield fault.mistake
