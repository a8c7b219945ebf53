"""Short texts of the inventory that are templates themselves: the title and the text of a review."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from rollout.model.delimiters import Delimiters
from rollout.model.inventory import Machine, Target
from rollout.rendering.requests import Requests, Variables
from rollout.rendering.variables import Surroundings


class Phrases:
    """Render texts in the same sandbox and by the same rules as files; each text is its own name."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._names = {text: f"review-{number}" for number, text in enumerate(dict.fromkeys(texts), 1)}
        self._requests = Requests({name: text for text, name in self._names.items()})

    def __enter__(self) -> Phrases:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._requests.ended(well=kind is None)

    def check(self) -> None:
        """Raise TemplateFault for a text that does not parse."""
        for name in self._names.values():
            self._requests.uses((name, Delimiters.JINJA))

    def rendered(self, text: str, target: Target, machines: Mapping[str, Machine], further: Variables) -> str:
        """Return a text rendered for a target, with further variables; raise TemplateFault if it fails."""
        seen = {**Surroundings(machines).seen(target), **further}
        return self._requests.made((self._names[text], Delimiters.JINJA), seen).body.decode()
