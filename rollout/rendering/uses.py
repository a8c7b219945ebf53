"""What templates can read: variables, and files of targets."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from threading import Lock

from rollout.model.files import Slot
from rollout.model.inventory import Target
from rollout.rendering.child_request import NamedTemplate
from rollout.rendering.reading import FUNCTIONS
from rollout.rendering.remembered import RememberedNames
from rollout.rendering.requests import Requests

_READS = re.compile(rf"\b(?:{'|'.join(FUNCTIONS)})\b")


class Uses:
    """The variables that each template can read, requested once; None if only a run can tell."""

    def __init__(self, requests: Requests, remembered: RememberedNames, texts: Mapping[str, str]) -> None:
        self._requests = requests
        self._remembered = remembered
        # Where no text has the name of a function that reads, no template can call one.
        self._any_reads = any(_READS.search(text) for text in texts.values())
        self._lock = Lock()

    def keep(self) -> None:
        self._remembered.keep()

    def of(self, slot: Slot) -> list[str] | None:
        """Return the variables that a path's templates can read; raise TemplateFault for one that does not parse."""
        used = together(self._of_template(name_of(source)) for source in slot.sources if source.is_rendered)
        return None if used is None else sorted(used)

    def of_all(self, slots: Iterable[Slot]) -> frozenset[str] | None:
        return together(self.of(slot) for slot in slots if slot.is_rendered)

    def _of_template(self, template: NamedTemplate) -> list[str] | None:
        with self._lock:
            if template not in self._remembered:
                self._remembered[template] = self._requests.uses(template)
            return self._remembered[template]

    def may_read_files(self, slot: Slot) -> bool:
        """Tell whether a path's template reads files of some target, unless that has a variable of the same name."""
        if not self._any_reads or not slot.is_rendered:
            return False
        used = self.of(slot)
        return used is None or any(name in used for name in FUNCTIONS)

    def reads_files(self, target: Target, slot: Slot) -> bool:
        """Tell whether a path's template reads files of targets, as far as can be known before it is rendered."""
        if not self.may_read_files(slot):
            return False
        used = self.of(slot)
        return used is None or any(name in used and name not in target.variables for name in FUNCTIONS)


def name_of(slot: Slot) -> NamedTemplate:
    """Return which template is rendered for a path, and how."""
    assert slot.template is not None
    return slot.template, slot.rule.delimiters


def together(used: Iterable[Iterable[str] | None]) -> frozenset[str] | None:
    """Return the variables of several templates; None where those of one are not known."""
    found = list(used)
    if None in found:
        return None
    return frozenset(name for names in found for name in names or ())
