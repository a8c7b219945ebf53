"""What comes of rendering."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from rollout.model.files import Desired, Managed, Problem
from rollout.model.inputs import Input
from rollout.model.parts import Answer, Question

Read = tuple[tuple[Question, Answer], ...]


class Output(Struct, frozen=True):
    """A text, and what its templates read to make it."""

    body: bytes
    read: Read = ()


class Rendered(Struct, frozen=True):
    """The result of rendering one managed path: the file, what is wrong with it, and what its template read."""

    managed: Managed | None
    problem: Problem | None = None
    read: Read = ()


def desired_of(rendered: Iterable[Rendered], inputs: tuple[Input, ...] = ()) -> Desired:
    """Return the desired state of rendered paths."""
    found = tuple(rendered)
    return Desired(
        tuple(one.managed for one in found if one.managed is not None),
        tuple(one.problem for one in found if one.problem is not None),
        inputs,
    )
