"""`rollout verify`: prove, independently of the ledger, that every managed file is as it should be."""

from __future__ import annotations

import click

from rollout import verify as verifying
from rollout.cli import session
from rollout.cli.options import common
from rollout.model import State
from rollout.show import count


@click.command()
@common
@click.pass_context
def verify(context: click.Context) -> int:
    """Prove that every managed file, upstream and on the disk, has the bytes and the mode it should have.

    \b
    rollout verify
    rollout verify --limit shared --json
    """
    with session.opened(context) as at:
        made = at.plan(at.settings())
        found = verifying.verified(made)
        ok = all(one.ok for one in found)
        if at.options.json:
            at.screen.document(
                {
                    "format": "rollout-verify/1",
                    "targets": [
                        {
                            "name": one.name,
                            "ok": one.ok,
                            "mismatches": [
                                {"path": m.path, "where": m.where, "reason": m.reason} for m in one.mismatches
                            ],
                        }
                        for one in found
                    ],
                    "ok": ok,
                }
            )
        else:
            good, bad = at.screen.paint("✓", "green"), at.screen.paint("✗", "red")
            lines = []
            for one, step in zip(found, made.steps, strict=True):
                if one.ok:
                    lines.append(f"{good} {one.name}: {count(len(step.managed), 'managed file')} as they should be")
                else:
                    lines.append(
                        f"{bad} {one.name}: {count(len(one.mismatches), 'mismatch')}".replace("mismatchs", "mismatches")
                    )
                    lines += [f"    {m.where}: {m.path}: {m.reason}" for m in one.mismatches]
            lines.append("Verified." if ok else "Not as it should be.")
            at.screen.data("\n".join(lines) + "\n")
        if any(step.state in {State.MISSING, State.UNREACHABLE} for step in made.steps):
            return 1
        return 0 if ok else 2
