"""`rollout init`: a first inventory and template sets, learned from the repositories that it finds."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Event
from typing import TypeVar

import click
from msgspec import Struct
from msgspec.structs import replace

from rollout.cli import new_files, session
from rollout.cli.common_options import Options, given_options
from rollout.cli.new_files import Files, Original, shown, templates, write
from rollout.cli.options import common, option
from rollout.cli.terminal.interrupt import interruptible
from rollout.cli.terminal.progress import Progress
from rollout.cli.terminal.screen import Screen
from rollout.errors import Refused, RolloutError
from rollout.machine.files import read_named
from rollout.model.inventory import FoundCheckout
from rollout.model.learning import LeftOut, Takeover
from rollout.showing.colour import count

T = TypeVar("T")


class Searched(Struct, frozen=True):
    """The repositories below a folder, and what there is not used."""

    place: Path
    checkouts: tuple[FoundCheckout, ...]
    left_out: tuple[LeftOut, ...]


@click.command()
@click.argument("folder", required=False, metavar="[DIR]")
@option("-y", "--yes", is_flag=True, help="Take the proposal without asking.")
@option("--add", is_flag=True, help="Take in repositories and files that are new since; keep all that is there.")
@common
@click.pass_context
def init(context: click.Context, folder: str | None, yes: bool, add: bool) -> int:
    """Learn a first inventory and template sets from the repositories found under DIR (default: here).

    What several repositories have in common at their remotes' default branches becomes templates, and what differs
    becomes variables; the first plan then says in-sync. It overwrites no file and touches nothing in any repository.

    \b
    Examples:
      rollout init ~/repos            look, show what could be taken over, ask, write
      rollout init ~/repos --json     show it, and write nothing
      rollout init ~/repos --add      take in what is new since
    """
    options = given_options(context)
    screen = Screen(options)
    place = Path.cwd() / Path(folder or ".").expanduser()
    inventory = session.source(options).path if add else Path.cwd() / options.path
    if not place.is_dir():
        raise RolloutError(f"{shown(place)}: there is no such folder")
    if not add or inventory.exists():
        _cleared(inventory, screen, writes=yes or not options.json)
    if add:
        return _add(context, screen, place, yes=yes)
    for there in (inventory, inventory.parent / "templates"):
        if os.path.lexists(there):
            way_out = "`rollout init --add` takes in what is new"
            if not inventory.exists():
                way_out = "move it away, or name an inventory in another folder: rollout init -i FOLDER/inventory.yaml"
            raise Refused(f"{shown(there)} exists already; nothing was written; {way_out}")
    proposal = _learned(options, screen, place, inventory)
    if not proposal.sets and not options.json:
        _say_left_out(proposal, options, screen)
        raise RolloutError(f"{shown(place)}: found nothing that two repositories have in common; nothing was written")
    root = _root(place, inventory.parent, typed_whole=Path(folder or ".").expanduser().is_absolute())
    files = _new_files(proposal, root, inventory)
    question = f"Write {shown(inventory)} and {count(len(proposal.templates()), 'template')}?"
    return _carried_out(context, Offer(proposal, files, inventory, question), options, screen, yes=yes)


def _cleared(inventory: Path, screen: Screen, *, writes: bool) -> None:
    """Take back what a killed init has left; a command that writes nothing leaves that, too, and says so."""
    journal = new_files.unfinished(inventory)
    if journal is not None and not writes:
        raise Refused(
            f"{shown(journal)}: an init was killed here; rollout init without --json, or with --yes, clears up"
        )
    for left in new_files.take_back(inventory):
        screen.warn(f"{left}: an init that was killed wrote it, and it or the inventory has changed since; it stays")


class Offer(Struct, frozen=True):
    """What is shown, asked and written; `fits` are the template sets that new repositories have already."""

    proposal: Takeover
    files: Files
    inventory: Path
    question: str
    fits: Mapping[str, Sequence[str]] = {}
    read: Original | None = None  # the inventory that is extended


def _carried_out(context: click.Context, offer: Offer, options: Options, screen: Screen, *, yes: bool) -> int:
    if _ask_and_write(offer, options, screen, yes=yes):
        _look(context)
    return 0


def _look(context: click.Context) -> None:
    """Look at all targets as the first plan does: it notes what was taken over as rollout's own."""
    with suppress(RolloutError), session.opened(context) as at:
        at.plan(at.settings(offline=True))  # upstream was read a moment ago


def _ask_and_write(offer: Offer, options: Options, screen: Screen, *, yes: bool) -> list[str]:
    """Show what is proposed, ask where that can be, write, and return what was written."""
    from rollout.showing import learned

    if options.json:
        written = write(offer.files, offer.inventory, offer.read) if yes else []
        screen.document(learned.document(offer.proposal, written, offer.fits))
        return written
    screen.data("".join(f"{name} has {', '.join(sets)}\n" for name, sets in offer.fits.items()))
    screen.data(learned.proposed(offer.proposal, screen.display.width))
    _say_left_out(offer.proposal, options, screen)
    if sys.stdin.isatty() and not yes and not screen.agreed(offer.question):
        raise Refused("nothing was written")
    then = shlex.join(["rollout", "plan", *(["-i", options.inventory] if options.inventory else [])])
    written = write(offer.files, offer.inventory, offer.read)
    look = "Look at it." if len(written) == 1 else "Look at them."
    screen.data(f"Wrote {', '.join(written)}.\n{look}\nNext: {then}\n")
    return written


def _learned(options: Options, screen: Screen, place: Path, inventory: Path) -> Takeover:
    """Read the repositories below a folder and return what to take over from them."""
    from rollout.fleet.learn import learned
    from rollout.fleet.survey import Readers, survey
    from rollout.git.person import read_person
    from rollout.learning.inventory_text import names
    from rollout.machine import state_folder
    from rollout.remote import ssh
    from rollout.targets.job import Settings

    found = _searched(place, screen)
    settings = Settings(state_folder.state_folder(), replace(read_person(), patience=options.timeout), wait=0.0)
    named = list(zip(names(found.checkouts), found.checkouts, strict=True))
    with ssh.sharing():
        surveyed = _watched(
            screen,
            len(named),
            lambda stop, ended: survey(named, place, Readers(settings, options.jobs, stop, ended)),
        )
    return learned(replace(surveyed, left_out=(*found.left_out, *surveyed.left_out)), ".", inventory.parent)


def _searched(place: Path, screen: Screen) -> Searched:
    """Find the repositories below a folder; raise RolloutError if there are none."""
    from rollout.checkout import search

    found = list(search.checkouts(place))
    checkouts = tuple(one for one in found if isinstance(one, FoundCheckout))
    out = tuple(one for one in found if isinstance(one, LeftOut))
    if not checkouts:
        for one in out:
            screen.warn(f"left out: {one.name}: {one.reason}")
        raise RolloutError(f"{shown(place)}: found no git repository; name the folder that holds your repositories")
    return Searched(place, checkouts, out)


def _watched(screen: Screen, number: int, work: Callable[[Event, Callable[[str], None]], T]) -> T:
    """Do what can be interrupted, with progress on the screen."""
    with interruptible() as interrupt, Progress(screen, number, "read") as progress:
        done = work(interrupt.stop, progress.ended)
        interrupt.checked()
    return done


def _add(context: click.Context, screen: Screen, place: Path, *, yes: bool) -> int:
    """Take in what is new since the inventory was written."""
    from rollout.fleet.add import added
    from rollout.fleet.present import ExistingInventory
    from rollout.fleet.survey import Readers

    with session.opened(context, looks=False) as at:
        inventory = at.loaded.inventory.path
        old = ExistingInventory(at.loaded, read_named(inventory), at.loaded.rendering.templates)
        found = _searched(place, screen)
        with Progress(screen, len(found.checkouts), "read") as progress:
            readers = Readers(at.settings(), at.options.jobs, at.interrupt.stop, progress.ended)
            new = added(old, found.checkouts, place, readers)
        at.interrupt.checked()
        options, state = at.options, at.state
    proposal = replace(new.proposal, left_out=(*found.left_out, *new.proposal.left_out))
    if new.text == old.text and not options.json:
        _say_left_out(proposal, options, screen)
        screen.data("Nothing is new; nothing was written.\n")
        return 0
    taken = {source.name for source in proposal.sources}
    more = tuple(fit.source for name, fit in new.fits.items() if name not in taken)
    proposal = replace(proposal, sources=(*proposal.sources, *more))
    files = {**templates(proposal.templates(), inventory), inventory: (new.text, inventory.stat().st_mode & 0o777)}
    question = f"Change {shown(inventory)} and write {count(len(files) - 1, 'template')}?"
    fits = {name: fit.sets for name, fit in new.fits.items()}
    read = Original(old.text, state)
    return _carried_out(context, Offer(proposal, files, inventory, question, fits, read), options, screen, yes=yes)


def _new_files(proposal: Takeover, root: str, inventory: Path) -> Files:
    """Return the files to write, the inventory last: until it is there, nothing has begun."""
    from rollout.learning import inventory_text

    text = inventory_text.inventory(proposal, root)
    return {
        **templates(proposal.templates(), inventory),
        inventory.parent / "inventory.schema.json": (_schema().encode(), 0o644),
        inventory: (text.encode(), 0o644),
    }


def _say_left_out(proposal: Takeover, options: Options, screen: Screen) -> None:
    from rollout.showing import learned

    text = learned.left_out(proposal, everything=bool(options.verbose))
    if text and not options.quiet:
        screen.say(text.rstrip("\n"))


def _root(place: Path, beside: Path, *, typed_whole: bool) -> str:
    """Return how the inventory names the folder that was scanned: relative when it is at or below its own.

    Elsewhere it is named as it was typed, so that an inventory with `../repos` is right in a colleague's checkout, too.
    """
    real, here = Path(os.path.realpath(place)), Path(os.path.realpath(beside))
    return str(real) if typed_whole and not real.is_relative_to(here) else os.path.relpath(real, here)


def _schema() -> str:
    import json

    from rollout.inventory.description import inventory_schema

    return json.dumps(inventory_schema(), indent=2) + "\n"
