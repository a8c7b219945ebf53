"""The texts of reviews, from the inventory's own templates."""

from __future__ import annotations

from msgspec.structs import replace

from rollout.errors import Place, UsageError
from rollout.fleet.load import Loaded
from rollout.model.inventory import Target, YamlValue
from rollout.model.plan import State, Step
from rollout.model.reasons import said
from rollout.model.reviews import Key, Rules
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
    title, body = _both(loaded, step.delivery.rules)
    if target is None or step.proposal is None or not step.changes or not (title or body):
        return step
    machines, seen = loaded.inventory.machines, _values(step)
    try:
        said_title = phrases.rendered(title, target, machines, seen) if title else None
        said_body = phrases.rendered(body, target, machines, seen) if body else None
    except TemplateFault as fault:
        return replace(step, state=State.BLOCKED, why=said(str(fault)), follow=False)
    return replace(step, proposal=replace(step.proposal, title=said_title, body=said_body))


def _values(step: Step) -> dict[str, YamlValue]:
    changes = [{"path": str(c.path), "action": c.action.value, "cause": c.cause} for c in step.changes]
    return {"changes": changes, "commit": step.delivery.origin.commit or ""}
