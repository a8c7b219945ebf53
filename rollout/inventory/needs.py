"""Check which targets need which, and find the order in which to write them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter

from rollout.content.yaml.nodes import Fault
from rollout.model.inventory import Target


def faults(targets: Sequence[Target]) -> Iterator[Fault]:
    """Yield what is wrong with `needs`: unknown targets, and targets that need each other in a cycle."""
    known = {target.name: target for target in targets}
    for target in targets:
        for name in target.needs:
            if name not in known:
                yield Fault(target.line, f"{target.name}.needs: there is no target {name!r}")
    try:
        TopologicalSorter(_graph(known)).prepare()
    except CycleError as error:
        circle = list(reversed(error.args[1]))
        yield Fault(known[circle[0]].line, f"needs: a cycle: {' needs '.join(circle)}")


def _graph(targets: Mapping[str, Target]) -> dict[str, list[str]]:
    needing = {name: target.needs for name, target in targets.items() if target.needs}
    return {name: [needed for needed in needs if needed in targets] for name, needs in needing.items()}
