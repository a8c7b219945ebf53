"""What `verify` found, as text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rollout.model.plan import Step
from rollout.model.verified import Verified
from rollout.showing.colour import count
from rollout.showing.display import Display
from rollout.showing.plans import next_line, orphans
from rollout.showing.wrapping import wrapped


def proof_text(found: Sequence[Verified], steps: Sequence[Step], how: Display, then: str) -> str:
    """Return a line for each target, one for each mismatch in it, the verdict, and the next command."""
    lines = [line for one, step in zip(found, steps, strict=True) for line in _of_target(one, step, how)]
    lines += [*orphans(steps, whole=how.whole), verdict(found)]
    broken = [part for line in lines for part in wrapped(line, how.width, "        ")]
    return "\n".join([*broken, *next_line(then)]) + "\n"


def verdict(found: Sequence[Verified]) -> str:
    """Sum a proof up in one line."""
    wrong = sum(not one.ok for one in found)
    return f"Not as it should be: {wrong:,} of {count(len(found), 'target')}." if wrong else "Verified."


def _of_target(one: Verified, step: Step, how: Display) -> Iterator[str]:
    if one.ok:
        good = how.paint("✓", "green")
        if step.why.opted_out:
            yield f"{good} {one.name}: left alone ({step.why.text})"
            return
        files = len(step.managed)
        they = "it" if files == 1 else "they"
        yield f"{good} {one.name}: {count(files, 'managed file')} as {they} should be"
        return
    yield f"{how.paint('✗', 'red')} {one.name}: {count(len(one.mismatches), 'mismatch')}"
    yield from (f"    {mismatch.words}" for mismatch in one.mismatches)
