"""Ask once on a terminal which forge a host is; without one, say which key of the inventory names it."""

from __future__ import annotations

import sys

from msgspec.structs import replace

from rollout.cli.session import Session
from rollout.fleet import hosts
from rollout.model.circumstances import Decisions
from rollout.model.reviews import ForgeKind

_WORDS = (*(kind.value for kind in ForgeKind), hosts.NONE)


def with_known_forges(at: Session, decisions: Decisions, *, ask: bool) -> Session:
    """Return a session that knows the forge of each host, as far as anybody says it."""
    told = hosts.remembered(at.state)
    unknown = [host for host in hosts.unknown(at.loaded.chosen, decisions.deliver) if host not in told]
    asks = ask and bool(unknown) and not at.options.json and sys.stdin.isatty()
    for host in unknown:
        kind = _asked(at, host) if asks else ""
        if kind:
            hosts.remember(at.state, host, kind)
            told[host] = kind
        else:
            at.screen.warn(
                f"{host}: nobody has said which forge it is, so a person opens its reviews; "
                f"say it in the inventory: forges: {{{host}: {{kind: gitlab}}}}"
            )
    return replace(at, loaded=hosts.with_remembered(at.loaded, told)) if unknown else at


def _asked(at: Session, host: str) -> str:
    """Ask which forge a host is; "" where the person does not say."""
    while True:
        with at.interrupt.at_once():
            said = at.screen.line(f"Which forge is {host}? ({', '.join(_WORDS)}; Enter asks again later) ")
        word = said.strip().lower()
        meant = [one for one in _WORDS if one == word] or [one for one in _WORDS if word and one.startswith(word)]
        if not word or len(meant) == 1:
            return meant[0] if meant else ""
        at.screen.say(f"{word!r} is none of these.")
