"""Run the formatters that `files` names: their output is the desired text."""

from __future__ import annotations

import hashlib
from threading import Lock

from msgspec import Struct, field
from msgspec.structs import replace

from rollout.content.modes.table import strategy, traits
from rollout.model.files import Desired, Managed, Problem
from rollout.rendering import printed_before, sealed
from rollout.rendering.text_faults import written_fault
from rollout.safety.flaw import Flaw


class Formatters(Struct):
    """Remember what was formatted, so that one text is formatted once for all targets."""

    _known: dict[tuple[str, str, str], bytes | Problem] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def over(self, desired: Desired) -> Desired:
        """Return the desired state as formatters print it; a failing formatter is a problem of its path."""
        faulty = {problem.path for problem in desired.problems}
        made = [item if item.path in faulty else self._formatted(item) for item in desired.managed]
        problems = tuple(one for one in made if isinstance(one, Problem))
        managed = tuple(
            was if isinstance(one, Problem) else one for was, one in zip(desired.managed, made, strict=True)
        )
        return replace(desired, managed=managed, problems=desired.problems + problems)

    def _formatted(self, item: Managed) -> Managed | Problem:
        command = item.rule.formatter
        if command is None or not traits(item.mode).writes:
            return item
        found = self._text(item, command)
        if isinstance(found, Problem):
            return replace(found, path=item.path)
        fault = written_fault(found, item)
        made = replace(item, body=found)
        wrong = None if fault else strategy(item.mode).template_fault(made)
        if wrong is not None:
            return Problem(item.path, Flaw(f"its formatter: {wrong}"))
        return Problem(item.path, fault, policy=True) if fault else made

    def _text(self, item: Managed, command: str) -> bytes | Problem:
        key = (command, str(item.path) if "{path}" in command else "", hashlib.sha256(item.body).hexdigest())
        with self._lock:
            if key not in self._known:
                self._known[key] = _settled(item, command, key)
            return self._known[key]


def _settled(item: Managed, command: str, key: tuple[str, str, str]) -> bytes | Problem:
    """Return what a formatter prints each time: run once if it printed that before, and otherwise twice."""
    found = _printed(item, command)
    if isinstance(found, Problem) or printed_before.is_known(key, found):
        return found
    again = _printed(item, command)
    if again != found:
        what = f"its formatter prints something else each time: {sealed.as_run(command, str(item.path))}"
        return Problem(item.path, Flaw(what))
    printed_before.know(key, found)
    return found


def _printed(item: Managed, command: str) -> bytes | Problem:
    with sealed.room() as folder:
        try:
            done = sealed.run(command, str(item.path), folder, item.body)
        except sealed.NotRun as error:
            return Problem(item.path, Flaw(f"its formatter {error}"))
        if done.code:
            return Problem(item.path, Flaw(f"formatter {done.failed(command, str(item.path), folder)}"))
    if item.body.strip() and not done.out.strip():
        return Problem(item.path, Flaw(f"its formatter printed nothing: {sealed.as_run(command, str(item.path))}"))
    return done.out
