"""Options that commands share, each group as one value: what commits say, what is decided, how many may fail."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from pathlib import PurePosixPath
from typing import Any

import click
from msgspec import Struct

from rollout.cli.options import message_option, option
from rollout.cli.several import DECISIONS, LINES
from rollout.errors import UsageError, near
from rollout.model.action import OnDrift
from rollout.model.circumstances import Decisions, FileDecision
from rollout.model.reviews import Deliver
from rollout.objects import messages
from rollout.objects.messages import CommitWords


class Consent(Struct, frozen=True):
    """What a person agrees to beforehand: that nobody asks, and how many targets may fail."""

    yes: bool
    most_failures: int | None = None


class Reach(Struct, frozen=True):
    """How far a run goes: whether it contacts remotes, whether it pushes, and which wave is the last."""

    offline: bool
    push: bool
    last_wave: int | None = None


def consent_options(command: Callable[..., int]) -> Callable[..., int]:
    """Give a command what a person agrees to beforehand, as `consent`."""

    @option("-y", "--yes", is_flag=True, help="Do not ask.")
    @option("--max-failures", type=click.IntRange(1), metavar="N",
            help="Begin no further target once N have failed, were rejected or blocked.")  # fmt: skip
    @wraps(command)
    def with_consent(*given: Any, yes: bool, max_failures: int | None, **others: Any) -> int:
        return command(*given, consent=Consent(yes, max_failures), **others)

    return with_consent


def reach_options(command: Callable[..., int]) -> Callable[..., int]:
    """Give a command how far it goes, as `reach`."""

    @option("--offline", is_flag=True, help="Contact no remote: commit here, leave it ready to push.")
    @option("--no-push", is_flag=True, help="Commit here, leave it ready to push.")
    @option("--wave", type=click.IntRange(1), metavar="N", help="Begin no wave after the Nth.")
    @wraps(command)
    def with_reach(*given: Any, offline: bool, no_push: bool, wave: int | None, **others: Any) -> int:
        return command(*given, reach=Reach(offline, not (no_push or offline), wave), **others)

    return with_reach


def words_options(command: Callable[..., int]) -> Callable[..., int]:
    """Give a command what its commits are to say, as `words`."""

    @message_option("What the commits say: a subject, and after an empty line a body.")
    @option("--trailer", "trailers", type=LINES, multiple=True, metavar="K: V",
            help="Add a trailer to the commits' messages.")  # fmt: skip
    @option("--signoff", is_flag=True, help="Add your Signed-off-by to the commits' messages.")
    @wraps(command)
    def with_words(*given: Any, message: str | None, trailers: tuple[str, ...], signoff: bool, **others: Any) -> int:
        text = None if message is None else messages.as_given(message)
        words = CommitWords(text, tuple(messages.trailer(text) for text in trailers), signoff)
        return command(*given, words=words, **others)

    return with_words


_DECISIONS = "block, overwrite, merge or keep; for one file, also one that was kept: PATH=DECISION."


def _on_drift(on_drift: tuple[str, ...]) -> tuple[OnDrift, tuple[FileDecision, ...]]:
    """Return what is decided for all files, and for single ones."""
    said = [_decision(word) for word in on_drift]
    for_all = [how for path, how in said if path is None]
    files = tuple(FileDecision(path, how) for path, how in said if path is not None)
    return for_all[-1] if for_all else OnDrift.BLOCK, files


def _decision(word: str) -> tuple[PurePosixPath | None, OnDrift]:
    path, _, decision = word.rpartition("=")
    names = [how.value for how in OnDrift]
    if decision not in names:
        meant = near(decision, names)
        raise UsageError(f"--on-drift {word!r}: a decision is {', '.join(names[:-1])} or {names[-1]}{meant}")
    return PurePosixPath(path) if path else None, OnDrift(decision)


def _complete(_context: click.Context, _parameter: click.Parameter, begun: str) -> list[str]:
    """Return the decisions that a word may abbreviate."""
    before, mark, decision = begun.rpartition("=")
    return [f"{before}{mark}{how.value}" for how in OnDrift if how.value.startswith(decision)]


def decisions_options(adopt_help: str, on_drift_help: str) -> Callable[[Callable[..., int]], Callable[..., int]]:
    """Give a command what the person decides beforehand, as `decisions`."""

    def decorated(command: Callable[..., int]) -> Callable[..., int]:
        @option("--adopt", is_flag=True, help=adopt_help)
        @option("--on-drift", metavar="[PATH=]DECISION", type=DECISIONS, multiple=True, shell_complete=_complete,
                help=f"{on_drift_help} {_DECISIONS}")  # fmt: skip
        @option(
            "--deliver",
            type=click.Choice([d.value for d in Deliver]),
            help="How to deliver changes, whatever the inventory says.",
        )
        @option("--release", is_flag=True, help="Write again what was reverted; it is on hold until then.")
        @option("--reopen", is_flag=True, help="Propose again what a person declined or took over.")
        @wraps(command)
        def with_decisions(
            *given: Any, adopt: bool, on_drift: tuple[str, ...], deliver: str | None, release: bool, **others: Any
        ) -> int:
            for_all, files = _on_drift(on_drift)
            how, reopen = None if deliver is None else Deliver(deliver), bool(others.pop("reopen"))
            return command(*given, decisions=Decisions(adopt, for_all, how, reopen, files, release), **others)

        return with_decisions

    return decorated
