"""Find the database, the types and the instance: from the command line, then the environment, then the inventory."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, TypeVar

import click

from rollout.errors import UsageError
from rollout.events.event import UNASSIGNED

if TYPE_CHECKING:
    from rollout.events.beyond import Beyond
    from rollout.events.database import Connection

ENVIRONMENT = "ROLLOUT_DATABASE_URL"
VIA = "ROLLOUT_EVENTS_VIA"
# Where the host program puts two functions: the inventory's part, and whether it was asked for JSON.
SETTINGS = "rollout.events"
JSON = "rollout.events.json"
# Where the group puts its option.
DATABASE = "rollout.events.database"
INSTANCE = re.compile(r"[a-z0-9-]+-(PS|MS)-[a-z0-9]{6}")
LONGEST_INSTANCE = 32

Command = TypeVar("Command", bound=Callable[..., Any])


def database_option(command: Command) -> Command:
    """Let `--database URL` stand after the subcommand, too."""
    return click.option("--database", metavar="URL", expose_value=False, callback=_remember)(command)


def _remember(ctx: click.Context, _: click.Parameter, value: str | None) -> None:
    if value:
        ctx.meta[DATABASE] = value


def json_option(told: str) -> Callable[[Command], Command]:
    """Let a command print JSON: by its own `--json`, or by the host program's before the command's name."""

    def asked(_: click.Context, __: click.Parameter, value: bool) -> bool:
        return value or json_everywhere()

    return click.option("--json", "as_json", is_flag=True, callback=asked, help=told)


def json_everywhere() -> bool:
    """Tell whether the host program was asked for JSON, whatever the command."""
    asked = click.get_current_context().meta.get(JSON)
    return bool(callable(asked) and asked())


def database_url() -> str:
    """Return the URL of the event store; raise UsageError, which says how to give one, if there is none."""
    url = click.get_current_context().meta.get(DATABASE) or os.environ.get(ENVIRONMENT) or _inventory().get("database")
    if not url:
        raise UsageError(
            f"no event store is named; give --database URL, set {ENVIRONMENT}, "
            "or write events.database into the inventory"
        )
    return str(url)


def way_beyond() -> Beyond | None:
    """Return the way through another machine that this one's row names, unless a database was named."""
    ctx = click.get_current_context()
    if ctx.meta.get(DATABASE) or os.environ.get(ENVIRONMENT):
        return None
    inventory = _inventory()
    rows = {name: machine.get("vars", {}) for name, machine in (inventory.get("machines") or {}).items()}
    here = rows.get(inventory.get("machine") or "", {})
    # An empty variable says that this once there is no way through another machine.
    command = os.environ[VIA] if VIA in os.environ else here.get("events_via")
    if not command:
        return None
    from rollout.events.beyond import beyond
    from rollout.events.database import read_url

    there = _machine_of(str(command).split()[-1].rpartition("@")[2], inventory.get("machines") or {})
    return beyond(str(command), rows.get(there, {}), read_url(database_url()))


def _machine_of(host: str, machines: Mapping[str, Any]) -> str:
    """Return the machine that claims a host's name, as the helper finds it: a name counts before a pattern."""
    asked = host.lower()
    names = {name: [name, *machine.get("hostnames", ())] for name, machine in machines.items()}
    exact = [name for name, known in names.items() if any(_named(asked, one.lower()) for one in known)]
    claims = exact or [name for name, known in names.items() if any(fnmatchcase(asked, one.lower()) for one in known)]
    return claims[0] if len(claims) == 1 else ""


def _named(host: str, name: str) -> bool:
    return host == name or host.startswith(f"{name}.")


@contextmanager
def event_store() -> Iterator[Connection]:
    """Connect to the event store of this call."""
    from rollout.events.database import connected

    with connected(database_url()) as connection:
        yield connection


def configured_types() -> Sequence[Mapping[str, object]]:
    """Return the inventory's event types; none when there is no inventory."""
    types = _inventory().get("types") or ()
    if not isinstance(types, Sequence) or not all(isinstance(entry, Mapping) for entry in types):
        raise UsageError("inventory: event_types is a list of {name, when, example}")
    return types


def stale_after() -> str | None:
    """Return how long a session elsewhere may be silent; None if the inventory does not say."""
    said = (_inventory().get("settings") or {}).get("stale_after")
    return None if said is None else str(said)


def capture() -> Mapping[str, object]:
    """Return what hooks log, as the inventory says."""
    said = (_inventory().get("settings") or {}).get("capture")
    return said if isinstance(said, Mapping) else {}


def instance_of(given: str | None) -> str:
    """Return the instance to log for: the given one, INSTANCE_ID, or the one for unassigned events."""
    instance = given or os.environ.get("INSTANCE_ID") or UNASSIGNED
    if not INSTANCE.fullmatch(instance) or len(instance) > LONGEST_INSTANCE:
        raise UsageError(
            f"instance id {instance[:80]!r} does not fit: it reads project-PS-a1b2c3 or project-MS-a1b2c3, "
            f"at most {LONGEST_INSTANCE} characters"
        )
    return instance


def _inventory() -> Mapping[str, Any]:
    read = click.get_current_context().meta.get(SETTINGS)
    return read() if callable(read) else {}
