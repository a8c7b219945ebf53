"""Ask on a terminal about each file that waits for a decision."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import assert_never

from msgspec import Struct
from msgspec.structs import replace

from rollout.cli.answers import Answers, Circle, FileAnswer
from rollout.cli.editing import edited, kept_aside
from rollout.cli.session import Session
from rollout.errors import Interrupted, Refused
from rollout.model.action import Action, OnDrift
from rollout.model.circumstances import FileDecision
from rollout.model.inventory import SetWhere, Target
from rollout.model.plan import Change, Plan, State, Step
from rollout.planning.review import undecided
from rollout.safety.shown import plain
from rollout.showing import colour
from rollout.showing.diffs import diff_of, paint_diff
from rollout.targets.job import Settings


class _Given(Struct, frozen=True):
    """The answer about a file, and whether it is meant for all that are left of its kind."""

    answer: FileAnswer
    for_all: bool = False


CHOICES = tuple(answer.value for answer in FileAnswer)
_FOR_ALL = (FileAnswer.OVERWRITE, FileAnswer.MERGE, FileAnswer.KEEP, FileAnswer.SKIP)
_WRITES = (FileAnswer.OVERWRITE, FileAnswer.MERGE)
_NEW = {
    FileAnswer.MERGE,
    FileAnswer.TAKE,
    FileAnswer.EDIT,
}  # what would write other bytes than those that were reviewed
_OF_SAVED = "a saved plan writes what was reviewed; to merge, take or edit, quit and make a new plan"
_EXPLAINED = """\
  show       what others changed, and what the template says
  overwrite  write what the template says
  merge      merge both; where they meet, you are asked again
  keep       leave it as it is until the template changes
  take       put the change into the template or a variable
  edit       edit the file's text, which is then kept; if you change nothing, you are asked again
  skip       leave it undecided
  all        decide the same for all that are left of this kind
  quit       end; nothing is changed
"""


class Quit(Refused):
    """The person ended it."""


def decided(at: Session, made: Plan, answers: Answers, circle: Circle) -> Plan:
    """Return a plan in which everything that waited is decided or skipped; without a terminal it stays as it is."""
    if at.options.json or not sys.stdin.isatty():
        return made
    while True:
        left = _left(made, answers)
        if not left:
            return made
        try:
            with at.interrupt.at_once():
                _round(at, left, answers, circle)
        except Interrupted as error:
            at.screen.say("")
            raise Interrupted(error.number, f"interrupted; {answers.so_far}") from None
        except Quit:
            raise Quit(f"cancelled; {answers.so_far}") from None
        if answers.took:
            return made
        names = {step.target for step, _ in left}
        targets = tuple(target for target in at.loaded.chosen if target.name in names)
        fresh = {step.target: step for step in _looked_again(at, made, answers, targets, circle)}
        made = replace(made, steps=tuple(fresh.get(step.target, step) for step in made.steps))


def _looked_again(
    at: Session, made: Plan, answers: Answers, targets: tuple[Target, ...], circle: Circle
) -> tuple[Step, ...]:
    """Look at targets with the answers; an edit that may not be written is put aside, and is asked about again."""
    found = circle.again(at, made, answers, targets)
    errors = {(s.target, c.path): c for s in found for c in s.changes if c.action is Action.ERROR}
    refused = [one for one in answers.files if one.text is not None and (one.target, one.path) in errors]
    for one in refused:
        answers.files.remove(one)
        aside = kept_aside(one.path.name, one.text or b"")
        told = errors[one.target or "", one.path].told
        at.screen.say(f"{one.target}: {plain(told)}, so nothing is decided; what the editor wrote is in {aside}")
    return circle.again(at, made, answers, targets) if refused else found


def _left(made: Plan, answers: Answers) -> list[tuple[Step, Change]]:
    return [
        (step, change)
        for step in made.steps
        if not step.frozen and step.state is not State.BLOCKED
        for change in undecided(step)
        if (step.target, change.path) not in answers.skipped
    ]


def _round(at: Session, left: Sequence[tuple[Step, Change]], answers: Answers, circle: Circle) -> None:
    """Ask about each file; `all` answers for those of the same kind."""
    for_kind: dict[Action, FileAnswer] = {}
    for number, (step, change) in enumerate(left):
        answer = for_kind.get(change.action)
        if answer is None:
            rest = sum(other.action is change.action for _, other in left[number:])
            at.screen.say(f"\n{step.target} {plain(str(change.path))}: {plain(change.words)}")
            given = _asked(at, step, change, rest, saved=circle.saved)
            answer = given.answer
            if given.for_all:
                for_kind[change.action] = answer
        _note(at, step, change, answer, answers, circle)
        if answers.took:
            return


def _asked(at: Session, step: Step, change: Change, rest: int, *, saved: bool) -> _Given:
    """Return the answer about one file, once it is one that settles it."""
    while True:
        answer = FileAnswer(_choice(at, f"{'/'.join(CHOICES)} (? explains): ", CHOICES))
        match answer:
            case FileAnswer.SHOW:
                _show(at, step, change)
            case FileAnswer.QUIT:
                raise Quit("cancelled")
            case FileAnswer.ALL:
                what, choices = colour.count(rest, "file"), [one for one in _FOR_ALL if not (saved and one in _NEW)]
                return _Given(
                    FileAnswer(_choice(at, f"{what} of this kind: {'/'.join(choices)}: ", choices)), for_all=True
                )
            case _:
                fault = _OF_SAVED if saved and answer in _NEW else _impossible(change, answer)
                if fault is None:
                    return _Given(answer)
                at.screen.say(fault)


def _impossible(change: Change, answer: FileAnswer) -> str | None:
    if answer in _WRITES and change.unclear:
        return "which lines are rollout's is not clear, so nothing can be written; put its markers around them first"
    if answer is FileAnswer.MERGE and not change.can_merge:
        return (
            "it cannot be merged: both changed the same, others wrote into what goes, or there is nothing to merge from"
        )
    if answer in {FileAnswer.TAKE, FileAnswer.EDIT} and change.before is None:
        return f"there is nothing to {answer}: others deleted it"
    if answer is FileAnswer.TAKE and not change.goes_back:
        return "it cannot be put into the template; change that by hand"
    if answer is FileAnswer.EDIT and change.before is not None and b"\0" in change.before.content:
        return "it is not text"
    return None


def _choice(at: Session, prompt: str, choices: Sequence[str]) -> str:
    """Return one of the choices, given by a word or its unambiguous beginning. The end of input means quit."""
    while True:
        line = at.screen.line(prompt)
        if not line:
            at.screen.say("")
            raise Quit("cancelled")
        found = meant(line.strip().lower(), choices)
        if len(found) == 1:
            return found[0]
        if line.strip() == "?":
            at.screen.say(_EXPLAINED.rstrip("\n"))
        elif found and line.strip():
            at.screen.say(f"{line.strip()!r} may be {' or '.join(found)}")
        else:
            at.screen.say(f"please answer with one of: {', '.join(choices)}")


def meant(word: str, choices: Sequence[str]) -> list[str]:
    """Return the choices that a word may abbreviate; an exact match beats the others."""
    return [word] if word in choices else [choice for choice in choices if choice.startswith(word)]


def _show(at: Session, step: Step, change: Change) -> None:
    """Show what others changed and what the template would change, in the person's pager where that is long."""
    shown = [_titled(at, change, f"{step.target}: what the template would change")]
    if change.base is not None:
        theirs = replace(change, before=change.base, after=change.before)
        shown.insert(0, _titled(at, theirs, f"{step.target}: what others changed"))
    at.page("".join(shown))


def _titled(at: Session, change: Change, title: str) -> str:
    return f"{title}\n{paint_diff(diff_of(change), at.screen.paint, '')}\n"


def _note(at: Session, step: Step, change: Change, answer: FileAnswer, answers: Answers, circle: Circle) -> None:
    match answer:
        case FileAnswer.SKIP:
            answers.skipped.add((step.target, change.path))
        case FileAnswer.TAKE:
            answers.took = _taken(at, step, change, circle.settings)
            if answers.took:
                answers.so_far = "no target was changed; what you took stays in the templates and the inventory"
        case FileAnswer.EDIT:
            text = edited(at, change)
            if text is not None:
                answers.files.append(FileDecision(change.path, OnDrift.KEEP, step.target, text))
        case FileAnswer.OVERWRITE | FileAnswer.MERGE if _impossible(change, answer):
            answers.skipped.add((step.target, change.path))  # decided for all of a kind, but impossible here
        case FileAnswer.OVERWRITE | FileAnswer.MERGE | FileAnswer.KEEP:
            answers.files.append(FileDecision(change.path, OnDrift(answer.value), step.target))
        case FileAnswer.SHOW | FileAnswer.ALL | FileAnswer.QUIT:
            raise AssertionError(f"{answer} settles nothing")
        case never:
            assert_never(never)


def _taken(at: Session, step: Step, change: Change, settings: Settings) -> bool:
    """Put the change into its template or a variable, after asking; tell whether that was done."""
    from rollout.cli import take
    from rollout.fleet.take import take as find

    target = next(one for one in at.loaded.chosen if one.name == step.target)
    slot = next(one for one in at.loaded.rendering.slots(target) if one.path == change.path)
    try:
        asked = take.asked(at, target, slot, step, change)
        found = find(at.loaded, asked, settings)
        if found.values:
            for value in found.values:
                at.screen.say(f"{value.name} would have to be {value.new!r}; it is set by {value.source}")
            prompt = f"set it for {target.name}, everywhere, or not: target/everywhere/no: "
            where = _WHERE[_choice(at, prompt, tuple(_WHERE))]
            if where is None:
                return False
            found = find(at.loaded, replace(asked, where=where), settings)
        take.show(at, target, slot.path, found)
        take.written(at, target, found, yes=False)
    except Quit:
        raise
    except Refused as refused:
        at.screen.say(f"rollout: {refused}")
        return False
    return True


_WHERE = {"target": SetWhere.TARGET, "everywhere": SetWhere.EVERYWHERE, "no": None}
