"""The texts of reviews, from the inventory's own templates."""

from __future__ import annotations

from msgspec.structs import replace

from rollout.errors import Place, UsageError
from rollout.fleet.load import Loaded
from rollout.model.action import Action
from rollout.model.inventory import Branch, Target, YamlValue
from rollout.model.plan import State, Step
from rollout.model.reasons import said
from rollout.model.reviews import Deliver, Key, Rules
from rollout.rendering.phrases import Phrase, Phrases
from rollout.rendering.template_fault import TemplateFault
from rollout.showing.reviews import reworded


def check(loaded: Loaded) -> None:
    """Raise UsageError for a title or text of reviews that does not parse."""
    with Phrases(_phrases(loaded)) as phrases:
        try:
            phrases.check()
        except TemplateFault as fault:
            raise UsageError(fault.mistake) from fault


def unrendered(loaded: Loaded) -> dict[str, str]:
    """Say for each chosen target with reviews whose texts cannot be rendered why; as if all its files changed."""
    found = {}
    with Phrases(_phrases(loaded)) as phrases:
        for target in loaded.chosen:
            if isinstance(target.location, Branch) and target.delivery.deliver is Deliver.REVIEW:
                try:
                    _rendered(loaded, target, target.delivery.rules, _as_if_all_changed(loaded, target), phrases)
                except TemplateFault as fault:
                    found[target.name] = str(fault)
    return found


def _as_if_all_changed(loaded: Loaded, target: Target) -> dict[str, YamlValue]:
    paths = sorted(str(slot.path) for slot in loaded.rendering.slots(target))
    changed = [{"path": path, "action": Action.UPDATE.value, "cause": "the template changed"} for path in paths]
    return {"changes": changed, "commit": ""}


def with_words(loaded: Loaded, steps: tuple[Step, ...]) -> tuple[Step, ...]:
    """Return the steps with the texts of their reviews; block a step whose texts cannot be rendered."""
    targets = {target.name: target for target in loaded.inventory.targets}
    with Phrases(_phrases(loaded)) as phrases:
        return tuple(reworded(_worded(loaded, targets.get(step.target), step, phrases)) for step in steps)


def _phrases(loaded: Loaded) -> list[Phrase]:
    both = (_both(loaded, target.delivery.rules) for target in loaded.inventory.targets)
    return [phrase for pair in both for phrase in pair if phrase is not None]


def _both(loaded: Loaded, rules: Rules) -> tuple[Phrase | None, Phrase | None]:
    """Return the title and the text of reviews, where the inventory has them."""
    return _phrase(loaded, rules.title, rules.title_key), _phrase(loaded, rules.body, rules.body_key)


def _phrase(loaded: Loaded, text: str | None, key: Key | None) -> Phrase | None:
    if not text or key is None:
        return None
    return Phrase(text, key.name, Place(str(loaded.shown), key.line))


def _worded(loaded: Loaded, target: Target | None, step: Step, phrases: Phrases) -> Step:
    if target is None or step.proposal is None or not step.changes or not any(_both(loaded, step.delivery.rules)):
        return step
    try:
        title, body = _rendered(loaded, target, step.delivery.rules, _values(step), phrases)
    except TemplateFault as fault:
        return replace(step, state=State.BLOCKED, why=said(str(fault)), follow=False)
    return replace(step, proposal=replace(step.proposal, title=title, body=body))


def _rendered(
    loaded: Loaded, target: Target, rules: Rules, seen: dict[str, YamlValue], phrases: Phrases
) -> tuple[str | None, ...]:
    """Return the title and the text of a target's reviews, where the inventory has them; raise TemplateFault."""
    both, machines = _both(loaded, rules), loaded.inventory.machines
    return tuple(None if one is None else phrases.rendered(one, target, machines, seen) for one in both)


def _values(step: Step) -> dict[str, YamlValue]:
    changes = [{"path": str(c.path), "action": c.action.value, "cause": c.cause} for c in step.changes]
    return {"changes": changes, "commit": step.delivery.origin.commit or ""}
