"""What a review says, to somebody who never heard of rollout."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import PurePosixPath

from msgspec import Struct

from rollout.model.plan import Change, Step
from rollout.model.reviews import Marker
from rollout.safety.shown import plain

_SHOWN = 100  # files that are named


class Words(Struct, frozen=True):
    """Title and body of a review."""

    title: str
    body: str

    @property
    def line(self) -> str:
        """Return the body in one line, as a push option takes it."""
        lines = (re.sub(r"^\* ", "• ", line) for line in self.body.splitlines())
        return "<br>".join(line for line in lines if line)


def marker_of(step: Step) -> Marker:
    says = "" if step.proposal is None else step.proposal.says
    return Marker(step.delivery.origin.inventory, step.target, says)


def words(step: Step, changes: Iterable[Change], subject: str) -> Words:
    """Return what the review of a step says: the inventory's words, else the subject and the plan."""
    told = step.proposal
    title = told.title if told is not None and told.title else subject
    body = told.body if told is not None and told.body else "\n\n".join(_paragraphs(step, list(changes)))
    return Words(" ".join(title.split())[:250], f"{body.rstrip()}\n\n{marker_of(step).text}\n")


def _paragraphs(step: Step, changes: list[Change]) -> Iterable[str]:
    yield _why(step, changes)
    listed = [f"* {_code(change.path)}: {change.action.value}{_cause(change)}" for change in changes[:_SHOWN]]
    if len(changes) > _SHOWN:
        listed.append(f"* and {len(changes) - _SHOWN} more")
    yield "\n".join(listed)
    yield (
        "**When you merge this**, nothing else is to be done. **When you close it**, it is not proposed again until "
        "what it says changes. **When you push to its branch**, the branch is yours: nobody overwrites it."
    )
    yield _opting_out(step)


def _why(step: Step, changes: list[Change]) -> str:
    files = "1 file of this repository is" if len(changes) == 1 else f"{len(changes)} files of this repository are"
    commit = step.delivery.origin.commit
    where = f" at commit {commit[:12]}" if commit else ""
    return (
        f"{files} kept the same in several repositories, from templates{where}. This change brings "
        f"{_code(step.target)} up to them. A program, rollout, made it, and makes it again when "
        f"{_code(step.branch or 'the branch')} moves."
    )


def _opting_out(step: Step) -> str:
    if "enabled" in step.delivery.may:
        return "**To opt out**, put a file `.rollout.yaml` with the line `enabled: false` on the branch."
    return (
        f"**To opt out**, have {_code(step.target)} taken out of the inventory that this comes from, or one of its "
        "files out of the templates: a file that no template names is never touched."
    )


def _cause(change: Change) -> str:
    return f" ({_text(change.cause)})" if change.cause else ""


def _code(name: str | PurePosixPath) -> str:
    return "`" + plain(str(name)).replace("`", "'") + "`"


def _text(words: str) -> str:
    """Return words of others as text: nothing in them is Markdown, a mention or a reference."""
    return re.sub(r"([\\`*_{}\[\]<>#|!~])", r"\\\1", plain(words)).replace("@", "@\u200b")
