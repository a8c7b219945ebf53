"""`python -m rollout.events`: the event store without the rest of rollout."""

import sys

import click

from rollout.errors import Busy, Refused, RolloutError, UsageError
from rollout.events.cli import events
from rollout.file_names import begin_in_utf8

INTERRUPTED = 130
# The order matters: the first class that matches gives the exit code.
EXIT_CODES = ((UsageError, 64), (click.UsageError, 64), (Refused, 4), (Busy, 5), (RolloutError, 1))


def main(arguments: list[str] | None = None) -> int:
    """Run one subcommand and return the exit code that SPEC gives to its end."""
    try:
        result = events.main(args=arguments, prog_name="rollout events", standalone_mode=False)
    except (RolloutError, click.ClickException) as error:
        said = error.format_message() if isinstance(error, click.ClickException) else str(error)
        print(f"rollout events: {said}", file=sys.stderr)
        return next((code for kind, code in EXIT_CODES if isinstance(error, kind)), 1)
    except (KeyboardInterrupt, click.Abort):
        return INTERRUPTED
    return result if isinstance(result, int) else 0


if __name__ == "__main__":
    begin_in_utf8()
    sys.exit(main())
