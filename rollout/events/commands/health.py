"""`rollout events health`."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime

import click

from rollout.errors import RolloutError
from rollout.events.health import NAMED, Health, capture_of, totals
from rollout.events.settings import capture, database_option, event_store, instance_of, json_option

BELOW = 2


@click.command()
@click.argument("instance", required=False)
@json_option("Print the rates as JSON.")
@database_option
@click.pass_context
def health(ctx: click.Context, instance: str | None, as_json: bool) -> None:
    """Compare what is stored with what happened: the agent's transcript and the repository's record of HEAD.

    Without an instance, it checks all sessions of the last week whose transcript is on this machine. The exit code is
    2 when fewer events of a type are stored than events.capture.min_rate in the inventory (0.99) asks for.

    \b
    Examples:
      rollout events health consilio-PS-a1b2c3
    """
    from rollout.events import health as compared

    wanted = capture_of(capture())
    with event_store() as connection:
        names = (instance_of(instance),) if instance else compared.sessions_here(connection)
        found = [compared.health(connection, name, wanted, datetime.now(UTC)) for name in names]
        endings = compared.endings(connection, names) if as_json and names else (0, 0)
    if instance and not (found[0].transcript or found[0].repository):
        raise RolloutError(f"{instance}: neither its transcript nor its repository can be read on this machine")
    shown = _as_json(found, wanted.min_rate, endings) if as_json else "\n".join(_as_text(found, wanted.min_rate))
    click.echo(shown or "no session of the last week has its transcript on this machine")
    if any(one.below(wanted.min_rate) for one in found):
        ctx.exit(BELOW)


def _as_text(found: list[Health], bound: float) -> Iterator[str]:
    for one in found:
        yield f"{one.instance}: transcript {one.transcript or 'not here'}, {one.repository or 'no repository here'}"
        for rate in one.rates:
            mark = "  ✗" if rate.value < bound else ""
            yield f"  {rate.kind:<16} {rate.stored:>6} of {rate.happened:<6} {100 * rate.value:6.1f} %{mark}"
            yield from (f"      missing: {key[:100]}" for key in rate.missing[:NAMED])
        if not one.rates:
            yield "  nothing happened that needed an event"


def _as_json(found: list[Health], bound: float, endings: tuple[int, int]) -> str:
    document = {
        "format": "rollout-health/1",
        "types": [
            {"type": rate.kind, "seen": rate.happened, "stored": rate.stored, "rate": rate.value}
            for rate in totals(found)
        ],
        "open_sessions": endings[0],
        "inferred": endings[1],
        "ok": not any(one.below(bound) for one in found),
        "min_rate": bound,
        "sessions": [_session(one, bound) for one in found],
    }
    return json.dumps(document, indent=2, ensure_ascii=False)


def _session(one: Health, bound: float) -> dict[str, object]:
    return {
        "instance_id": one.instance,
        "transcript": one.transcript,
        "repository": one.repository,
        "rates": {
            rate.kind: {"happened": rate.happened, "rate": rate.value, "missing": list(rate.missing)}
            for rate in one.rates
        },
        "ok": not one.below(bound),
    }
