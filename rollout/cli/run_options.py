"""Options that `apply`, `push` and `revert` share: how many failures, and what their commits say."""

from __future__ import annotations

import click

from rollout.cli.options import option
from rollout.objects import messages
from rollout.objects.messages import Words

message_option = option(
    "--message", metavar="TEXT", help="What the commits say: a subject, and after an empty line a body."
)

trailer_option = option(
    "--trailer", "trailers", multiple=True, metavar="K: V", help="Add a trailer to the commits' messages."
)

signoff_option = option("--signoff", is_flag=True, help="Add your Signed-off-by to the commits' messages.")

max_failures_option = option("--max-failures", type=click.IntRange(1), metavar="N",
                       help="Begin no further target once N have failed, were rejected or blocked.")  # fmt: skip


def words_of(message: str | None, trailers: tuple[str, ...], *, signoff: bool) -> Words:
    return Words(message, tuple(messages.trailer(text) for text in trailers), signoff)
