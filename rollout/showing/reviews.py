"""The text of a review, for somebody who has never heard of rollout."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath

from msgspec import Struct
from msgspec.structs import replace

from rollout.model.action import Action
from rollout.model.markers import Marker
from rollout.model.plan import Change, State, Step
from rollout.model.reasons import Said
from rollout.safety.shown import plain

_SHOWN = 100  # files to name


class ReviewText(Struct, frozen=True):
    """Title and body of a review."""

    title: str
    body: str

    @property
    def line(self) -> str:
        """Return the body on one line, for a push option."""
        lines = (re.sub(r"^\* ", "• ", line) for line in self.body.splitlines())
        return "<br>".join(line for line in lines if line)


def marker_of(step: Step, changes: Sequence[Change], subject: str) -> Marker:
    """Return what finds a review again; where the templates stand and why files change is no reason to edit it."""
    says = "" if step.proposal is None else step.proposal.says
    delivery = replace(step.delivery, origin=replace(step.delivery.origin, commit=None))
    plain = _said(replace(step, delivery=delivery), [replace(change, cause="") for change in changes], subject)
    digest = hashlib.sha256("\0".join(plain).encode()).hexdigest()[:16]
    return Marker(step.delivery.origin.inventory, step.target, says, digest)


def words(step: Step, changes: Sequence[Change], subject: str) -> ReviewText:
    """Return the text of a step's review: the inventory's words, else the subject and the plan."""
    title, body = _said(step, changes, subject)
    return ReviewText(title, f"{body}\n\n{marker_of(step, changes, subject).text}\n")


def _said(step: Step, changes: Sequence[Change], subject: str) -> tuple[str, str]:
    told = step.proposal
    title = told.title if told is not None and told.title else subject
    body = told.body if told is not None and told.body else "\n\n".join(_paragraphs(step, changes))
    return " ".join(title.split())[:250], body.rstrip()


def reworded(step: Step) -> Step:
    """Return a step of which it is known whether its open review is to say the same in other words.

    A review whose marker a person took out has their words.
    """
    standing, told = step.standing, step.proposal
    marker = None if standing is None or standing.review is None else standing.review.marker
    if told is None or standing is None or marker is None or step.state is not State.IN_REVIEW or not standing.left:
        return step
    now = marker_of(step, moved(step.changes), standing.subject)
    if now.change != marker.change or now.words == marker.words:
        return step
    why = step.why.also(Said("its title and text are renewed"))
    return replace(step, proposal=replace(told, reworded=True), why=why)


def moved(changes: Iterable[Change]) -> list[Change]:
    """Return the changes that a commit makes."""
    return [change for change in changes if change.action is not Action.ERROR and not change.idle]


def _paragraphs(step: Step, changes: Sequence[Change]) -> Iterable[str]:
    yield _why(step, changes)
    listed = [f"* {_code(change.path)}: {change.action.value}{_cause(change)}" for change in changes[:_SHOWN]]
    if len(changes) > _SHOWN:
        listed.append(f"* and {len(changes) - _SHOWN:,} more, which the changed files show")
    yield "\n".join(listed)
    yield (
        "**When you merge this**, nothing else is to be done. **When you close it**, it is not proposed again until "
        "what it says changes. **When you push to its branch**, the branch is yours: nobody overwrites it."
    )
    yield _opting_out(step)


def _why(step: Step, changes: Sequence[Change]) -> str:
    if changes and all(change.hold for change in changes):
        what = "1 file" if len(changes) == 1 else f"{len(changes)} files"
        return (
            f"This change puts {what} of this repository back to what was there before a rollout. It stays so until "
            f"the template asks for something else. A program, rollout, made it, and makes it again when "
            f"{_code(step.branch or 'the branch')} moves."
        )
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
    """Return words of others as plain text: nothing in them is Markdown, a mention or a reference."""
    return re.sub(r"([\\`*_{}\[\]<>#|!~])", r"\\\1", plain(words)).replace("@", "@\u200b")
