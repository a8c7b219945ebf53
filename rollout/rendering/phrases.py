"""Short texts of the inventory that are templates themselves: the title and the text of a review."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath
from typing import Any

from rollout.model.inventory import Machine, Target
from rollout.rendering.child_process import Child
from rollout.rendering.variables import context


class Phrases:
    """Render texts in the same sandbox and by the same rules as files; each text is its own name."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._names = {text: f"review-{number}" for number, text in enumerate(dict.fromkeys(texts), 1)}
        self._child = Child({name: text for text, name in self._names.items()})

    def __enter__(self) -> Phrases:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self._child.release()
        else:
            self._child.close()

    def check(self) -> None:
        """Raise TemplateFault for a text that does not parse."""
        for name in self._names.values():
            self._child.ask({"ask": "uses", "name": name, "delimiters": "jinja"})

    def rendered(self, text: str, target: Target, machines: Mapping[str, Machine], further: Mapping[str, Any]) -> str:
        """Return a text rendered for a target, with further variables; raise TemplateFault if it fails."""
        seen = {**context(target, PurePosixPath(), machines, None), **further}
        request = {"name": self._names[text], "delimiters": "jinja", "variables": seen, "answers": []}
        said: str = self._child.ask({"ask": "render", **request})["body"]
        return said
