"""`rollout init`: a first inventory and template sets, learned from the repositories that it finds."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

import click
from msgspec.structs import replace

from rollout.cli.common_options import Options, settled
from rollout.cli.interrupt import Interrupted, interruptible
from rollout.cli.options import common, option, terminal_width
from rollout.cli.progress import Progress
from rollout.cli.screen import Screen
from rollout.errors import Refused, RolloutError
from rollout.model.learning import Proposal


@click.command()
@click.argument("folder", required=False, metavar="[DIR]")
@option("-y", "--yes", is_flag=True, help="Take the proposal without asking.")
@common
@click.pass_context
def init(context: click.Context, folder: str | None, yes: bool) -> int:
    """Learn a first inventory and template sets from the repositories found under DIR (default: here).

    What several repositories have in common at their remotes' default branches becomes templates, and what differs
    becomes variables; the first plan then says in-sync. It overwrites no file and touches nothing in any repository.

    \b
    rollout init ~/work            look, show what could be taken over, ask, write
    rollout init ~/work --json     show it, and write nothing
    """
    options = settled(context)
    place = Path.cwd() / Path(folder or ".").expanduser()
    inventory = Path.cwd() / options.path
    for there in (inventory, inventory.parent / "templates"):
        if os.path.lexists(there):
            raise Refused(f"{_shown(there)} exists already; nothing was written")
    if not place.is_dir():
        raise RolloutError(f"{folder}: there is no such folder")
    screen = Screen(options)
    proposal = _learned(options, screen, place, inventory, folder or ".")
    files = _files(proposal, place, inventory)
    if options.json:
        written = _write(files, inventory) if yes else []
        screen.document(_document(proposal, written))
        return 0
    _show(proposal, options, screen)
    if (
        sys.stdin.isatty()
        and not yes
        and not screen.agreed(f"Write {_shown(inventory)} and {len(files) - 2} templates?")
    ):
        raise Refused("nothing was written")
    written = _write(files, inventory)
    screen.data(f"Wrote {', '.join(written)}.\nLook at them, then: rollout plan\n")
    return 0


def _learned(options: Options, screen: Screen, place: Path, inventory: Path, shown: str) -> Proposal:
    """Read the repositories below a folder and return what to take over from them."""
    from rollout.checkout import search
    from rollout.fleet.learn import learned
    from rollout.fleet.survey import survey
    from rollout.git.person import read_person
    from rollout.learning.inventory_text import names
    from rollout.machine import state_folder
    from rollout.model.inventory import FoundCheckout
    from rollout.model.learning import LeftOut
    from rollout.remote import ssh
    from rollout.targets.job import Settings

    found = list(search.checkouts(place))
    checkouts = [one for one in found if isinstance(one, FoundCheckout)]
    out = tuple(one for one in found if isinstance(one, LeftOut))
    if not checkouts:
        for one in out:
            screen.warn(f"left out: {one.name}: {one.reason}")
        raise RolloutError(f"{shown}: found no git repository; name the folder that holds your repositories")
    person = replace(read_person(), patience=options.timeout)
    settings = Settings(state_folder.state_folder(), person, wait=0.0)
    named = list(zip(names(checkouts), checkouts, strict=True))
    with interruptible() as interrupt, ssh.sharing(), Progress(screen, len(named), "read") as progress:
        surveyed = survey(named, place, settings, options.jobs, interrupt.stop, progress.ended)
        if interrupt.number is not None:
            raise Interrupted(interrupt.number)
    proposal = learned(replace(surveyed, left_out=(*out, *surveyed.left_out)), ".", inventory.parent)
    if not proposal.sets and not options.json:
        _say_left_out(proposal, options, screen)
        raise RolloutError(f"{shown}: found nothing that two repositories have in common; nothing was written")
    return proposal


def _files(proposal: Proposal, place: Path, inventory: Path) -> dict[Path, tuple[bytes, int]]:
    """Return what is to be written: the inventory last, for without it nothing has begun."""
    from rollout.learning import inventory_text

    text = inventory_text.inventory(proposal, _root(place, inventory.parent))
    found = {
        inventory.parent / "templates" / name: (one.content, 0o755 if one.executable else 0o644)
        for name, one in proposal.templates().items()
    }
    found[inventory.parent / "inventory.schema.json"] = (_schema().encode(), 0o644)
    found[inventory] = (text.encode(), 0o644)
    return found


def _write(files: Mapping[Path, tuple[bytes, int]], inventory: Path) -> list[str]:
    """Write what is not there yet, and return what was written."""
    from rollout.machine.files import write_whole

    written = []
    for file, (content, mode) in files.items():
        if not os.path.lexists(file):
            file.parent.mkdir(parents=True, exist_ok=True)
            write_whole(file, content, mode)
            written.append(file)
    templates = inventory.parent / "templates"
    others = [_shown(file) for file in written if not file.is_relative_to(templates)]
    made = len(written) - len(others)
    return [*reversed(others), *([f"{_shown(templates)}/ ({made} files)"] if made else [])]


def _show(proposal: Proposal, options: Options, screen: Screen) -> None:
    from rollout.showing import learned

    screen.data(learned.proposed(proposal, terminal_width()) + f"\n{learned.summary(proposal)}.\n")
    _say_left_out(proposal, options, screen)


def _say_left_out(proposal: Proposal, options: Options, screen: Screen) -> None:
    from rollout.showing import learned

    text = learned.left_out(proposal, everything=bool(options.verbose))
    if text and not options.quiet:
        screen.say(text.rstrip("\n"))


def _document(proposal: Proposal, written: list[str]) -> dict[str, object]:
    from rollout.showing import learned

    return learned.document(proposal, written)


def _shown(path: Path) -> str:
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


def _root(place: Path, beside: Path) -> str:
    """Return how the inventory names the folder that was scanned: relative when it is at or below its own."""
    real, here = Path(os.path.realpath(place)), Path(os.path.realpath(beside))
    return str(real.relative_to(here)) if real.is_relative_to(here) else str(real)


def _schema() -> str:
    import json

    from rollout.inventory.description import inventory_schema

    return json.dumps(inventory_schema(), indent=2) + "\n"
