"""`rollout apply`, `push` and `revert`: a plan, a question, a run."""

from __future__ import annotations

import socket  # noqa: F401
import sys  # noqa: F401
import time  # noqa: F401
from collections.abc import (
    Iterable,  # noqa: F401
    Iterator,  # noqa: F401
)
from contextlib import (
    ExitStack,  # noqa: F401
    contextmanager,  # noqa: F401
)
from pathlib import Path  # noqa: F401

import click
from msgspec import (
    Struct,  # noqa: F401
    field,  # noqa: F401
)
from msgspec.structs import replace  # noqa: F401

from rollout.cli import proving, session
from rollout.cli.carry_out import carry_out, ledger, reviewed
from rollout.cli.options import common, option
from rollout.cli.progress import Progress  # noqa: F401
from rollout.cli.run_options import max_failures_option, message_option, signoff_option, trailer_option, words_of
from rollout.cli.session import Session  # noqa: F401
from rollout.errors import Refused  # noqa: F401
from rollout.ledger.ledger import Ledger  # noqa: F401
from rollout.ledger.queries import LedgerError  # noqa: F401
from rollout.model.circumstances import Decisions
from rollout.model.inventory import (
    Branch,  # noqa: F401
    Folder,  # noqa: F401
    Target,  # noqa: F401
)
from rollout.model.outcomes import (
    Outcome,  # noqa: F401
    Run,  # noqa: F401
    Verdict,  # noqa: F401
)
from rollout.model.plan import (
    OnDrift,
    Plan,  # noqa: F401
    State,  # noqa: F401
    Step,  # noqa: F401
)
from rollout.objects.messages import Words  # noqa: F401
from rollout.targets.job import Settings  # noqa: F401


@click.command()
@click.argument("planfile", required=False)
@option("-y", "--yes", is_flag=True, help="Do not ask.")
@option("--offline", is_flag=True, help="Contact no remote: commit here, leave it ready to push.")
@option("--no-push", is_flag=True, help="Commit here, leave it ready to push.")
@option("--adopt", is_flag=True, help="Take over files that exist and that rollout never wrote.")
@option("--on-drift", type=click.Choice([d.value for d in OnDrift]), default="block",
        help="What to do with managed files that others changed (default: block).")  # fmt: skip
@message_option
@trailer_option
@signoff_option
@max_failures_option
@common
@click.pass_context
def apply(
    context: click.Context,
    planfile: str | None,
    yes: bool,
    offline: bool,
    no_push: bool,
    adopt: bool,
    on_drift: str,
    message: str | None,
    trailers: tuple[str, ...],
    signoff: bool,
    max_failures: int | None,
) -> int:
    """Commit, push and write what the plan says, after asking.

    \b
    rollout apply
    rollout apply rollout.plan --yes
    rollout apply --no-push --message "Event store migration"
    """
    decisions = Decisions(adopt, OnDrift(on_drift))
    words = words_of(message, trailers, signoff=signoff)
    with session.opened(context, check=False) as at, ledger(at) as book:
        settings = at.settings(offline=offline, push=not (no_push or offline), writes=True)
        if planfile is not None:
            made, asked = reviewed(at, book, planfile, settings, decisions), True
        else:
            problems = {} if offline else proving.problems(at)
            made, asked = at.plan(settings, decisions, problems=problems), False
        return carry_out(
            at, book, "apply", made, settings, words, yes=yes, show_plan=not asked, used=planfile is not None,
            most_failures=max_failures,
        )  # fmt: skip
