"""`rollout events verify`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from rollout.errors import RolloutError, UsageError
from rollout.events.settings import database_option, database_url, json_option

if TYPE_CHECKING:
    from rollout.events.checks import CheckFinding

FOUND_WRONG, NOT_EVALUATED = 2, 1


@click.command()
@click.option("--tap", is_flag=True, help="Report in the Test Anything Protocol.")
@json_option("Report as one JSON document.")
@click.option(
    "--helper",
    type=click.Path(path_type=Path),
    help="Also load this log-event.sh and look for its function.",
)
@database_option
@click.pass_context
def verify(ctx: click.Context, tap: bool, as_json: bool, helper: Path | None) -> None:
    """Run the ten checks of the event store; what they write is rolled back.

    The exit code is 2 when a check fails, and 1 when the database cannot be reached.

    \b
    Examples:
      rollout events verify
    """
    from rollout.events import check_report
    from rollout.events.database import address, read_url

    if tap and as_json:
        raise UsageError("--tap and --json exclude each other")
    url = database_url()
    place = address(read_url(url))
    findings, code = _findings(url)
    if helper:
        findings = tuple(_with_helper(f, helper) if f.check.number == check_report.HELPER else f for f in findings)
    if tap:
        report = check_report.as_tap(findings)
    elif as_json:
        report = check_report.as_json(findings, place)
    else:
        report = check_report.as_text(findings, place)
    click.echo(report, nl=False)
    if not check_report.passed(findings):
        ctx.exit(code)


def _findings(url: str) -> tuple[tuple[CheckFinding, ...], int]:
    """Return the findings, and the exit code if they are not good."""
    from rollout.events import checks
    from rollout.events.database import connected

    try:
        with connected(url) as connection:
            return checks.run_checks(connection, checks.scratch()), FOUND_WRONG
    except RolloutError as error:
        return checks.unreachable(str(error)), NOT_EVALUATED


def _with_helper(finding: CheckFinding, helper: Path) -> CheckFinding:
    from rollout.events.checks import CheckState
    from rollout.events.helper import faults_of

    faults = faults_of(helper)
    if faults:
        wrong = finding.said if finding.state is CheckState.FAILED else ()
        return replace(finding, state=CheckState.FAILED, said=(*faults, *wrong))
    return replace(finding, said=("Helper script exists", "log_event function loaded", *finding.said))
