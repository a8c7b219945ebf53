"""Short texts of the inventory that are templates themselves: the title and the text of a review."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

from msgspec import Struct

from rollout.errors import Place
from rollout.model.delimiters import Delimiters
from rollout.model.inventory import Machine, Target
from rollout.rendering.requests import Requests, Variables
from rollout.rendering.template_fault import TemplateFault
from rollout.rendering.variables import Surroundings


class Phrase(Struct, frozen=True):
    """A text, the key that it stands at, and where that is."""

    text: str
    key: str
    place: Place


class Phrases:
    """Render texts in the same sandbox and by the same rules as files; a fault names the text's key and place."""

    def __init__(self, phrases: Iterable[Phrase]) -> None:
        self._known = {phrase.text: phrase for phrase in reversed(list(phrases))}
        self._names = {text: f"phrase-{number}" for number, text in enumerate(self._known, 1)}
        self._requests = Requests({name: text for text, name in self._names.items()})

    def __enter__(self) -> Phrases:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._requests.ended(well=kind is None or issubclass(kind, Exception))

    def check(self) -> None:
        """Raise TemplateFault for a text that does not parse."""
        for text, phrase in self._known.items():
            with _placed(phrase):
                self._requests.uses((self._names[text], Delimiters.JINJA))

    def rendered(self, phrase: Phrase, target: Target, machines: Mapping[str, Machine], further: Variables) -> str:
        """Return a text rendered for a target, with further variables; raise TemplateFault if it fails."""
        seen = {**Surroundings(machines).seen(target), **further}
        with _placed(phrase):
            return self._requests.made((self._names[phrase.text], Delimiters.JINJA), seen).body.decode()


@contextmanager
def _placed(phrase: Phrase) -> Iterator[None]:
    try:
        yield
    except TemplateFault as fault:
        line = fault.place.line if fault.place is not None and "\n" in phrase.text else None
        which = "" if line is None else f"line {line} of it: "
        raise TemplateFault(f"{phrase.key}: {which}{fault.what}", phrase.place, fault.missing) from fault
