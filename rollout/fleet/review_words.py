"""The texts of reviews, from the inventory's own templates."""

from __future__ import annotations

from msgspec.structs import replace

from rollout.errors import UsageError
from rollout.fleet.load import Loaded
from rollout.model.inventory import Target, YamlValue
from rollout.model.plan import State, Step
from rollout.model.reasons import said
from rollout.rendering.phrases import Phrases
from rollout.rendering.template_fault import TemplateFault
from rollout.showing.reviews import reworded


def check(loaded: Loaded) -> None:
    """Raise UsageError for a title or text of reviews that does not parse."""
    with Phrases(_texts(loaded.inventory.targets)) as phrases:
        try:
            phrases.check()
        except TemplateFault as fault:
            raise UsageError(f"{loaded.shown}: review: {fault}") from fault


def with_words(loaded: Loaded, steps: tuple[Step, ...]) -> tuple[Step, ...]:
    """Return the steps with the texts of their reviews; block a step whose texts cannot be rendered."""
    targets = {target.name: target for target in loaded.inventory.targets}
    with Phrases(_texts(loaded.inventory.targets)) as phrases:
        return tuple(reworded(_worded(loaded, targets.get(step.target), step, phrases)) for step in steps)


def _texts(targets: tuple[Target, ...]) -> list[str]:
    rules = (target.delivery.rules for target in targets)
    return [text for rule in rules for text in (rule.title, rule.body) if text]


def _worded(loaded: Loaded, target: Target | None, step: Step, phrases: Phrases) -> Step:
    rules = step.delivery.rules
    if target is None or step.proposal is None or not step.changes or not (rules.title or rules.body):
        return step
    machines, seen = loaded.inventory.machines, _seen(step)
    try:
        title = phrases.rendered(rules.title, target, machines, seen) if rules.title else None
        body = phrases.rendered(rules.body, target, machines, seen) if rules.body else None
    except TemplateFault as fault:
        return replace(step, state=State.BLOCKED, why=said(f"review: {fault}"), follow=False)
    return replace(step, proposal=replace(step.proposal, title=title, body=body))


def _seen(step: Step) -> dict[str, YamlValue]:
    changes = [{"path": str(c.path), "action": c.action.value, "cause": c.cause} for c in step.changes]
    return {"changes": changes, "commit": step.delivery.origin.commit or ""}
