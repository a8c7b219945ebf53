"""`rollout init`: a first inventory and template sets, learned from the repositories that it finds."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from threading import Event
from typing import TypeVar

import click
from msgspec import Struct
from msgspec.structs import replace

from rollout.cli import session
from rollout.cli.common_options import Options, settled
from rollout.cli.interrupt import Interrupted, interruptible
from rollout.cli.options import common, option, terminal_width
from rollout.cli.progress import Progress
from rollout.cli.screen import Screen
from rollout.errors import Refused, RolloutError
from rollout.model.files import TemplateFile
from rollout.model.inventory import FoundCheckout
from rollout.model.learning import LeftOut, Proposal

T = TypeVar("T")
Files = Mapping[Path, tuple[bytes, int]]


class Found(Struct, frozen=True):
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
    rollout init ~/work            look, show what could be taken over, ask, write
    rollout init ~/work --json     show it, and write nothing
    rollout init ~/work --add      take in what is new since
    """
    options = settled(context)
    screen = Screen(options)
    place = Path.cwd() / Path(folder or ".").expanduser()
    if add:
        return _add(context, screen, place, yes=yes)
    inventory = Path.cwd() / options.path
    for there in (inventory, inventory.parent / "templates"):
        if os.path.lexists(there):
            way_out = "; `rollout init --add` takes in what is new" if inventory.exists() else ""
            raise Refused(f"{_shown(there)} exists already; nothing was written{way_out}")
    proposal = _learned(options, screen, place, inventory)
    if not proposal.sets and not options.json:
        _say_left_out(proposal, options, screen)
        raise RolloutError(f"{_shown(place)}: found nothing that two repositories have in common; nothing was written")
    files = _new_files(proposal, place, inventory)
    question = f"Write {_shown(inventory)} and {len(proposal.templates())} templates?"
    return _settle(proposal, files, inventory, question, options, screen, yes=yes)


def _settle(
    proposal: Proposal, files: Files, inventory: Path, question: str, options: Options, screen: Screen, *, yes: bool
) -> int:
    """Show what is proposed, ask where that can be, and write."""
    from rollout.showing import learned

    if options.json:
        screen.document(learned.document(proposal, _write(files, inventory) if yes else []))
        return 0
    screen.data(learned.proposed(proposal, terminal_width()) + f"\n{learned.summary(proposal)}.\n")
    _say_left_out(proposal, options, screen)
    if sys.stdin.isatty() and not yes and not screen.agreed(question):
        raise Refused("nothing was written")
    screen.data(f"Wrote {', '.join(_write(files, inventory))}.\nLook at them, then: rollout plan\n")
    return 0


def _learned(options: Options, screen: Screen, place: Path, inventory: Path) -> Proposal:
    """Read the repositories below a folder and return what to take over from them."""
    from rollout.fleet.learn import learned
    from rollout.fleet.survey import survey
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
            screen, len(named), lambda stop, ended: survey(named, place, settings, options.jobs, stop, ended)
        )
    return learned(replace(surveyed, left_out=(*found.left_out, *surveyed.left_out)), ".", inventory.parent)


def _searched(place: Path, screen: Screen) -> Found:
    """Find the repositories below a folder; raise RolloutError where there are none."""
    from rollout.checkout import search

    if not place.is_dir():
        raise RolloutError(f"{_shown(place)}: there is no such folder")
    found = list(search.checkouts(place))
    checkouts = tuple(one for one in found if isinstance(one, FoundCheckout))
    out = tuple(one for one in found if isinstance(one, LeftOut))
    if not checkouts:
        for one in out:
            screen.warn(f"left out: {one.name}: {one.reason}")
        raise RolloutError(f"{_shown(place)}: found no git repository; name the folder that holds your repositories")
    return Found(place, checkouts, out)


def _watched(screen: Screen, number: int, work: Callable[[Event, Callable[[str], None]], T]) -> T:
    """Do what can be interrupted, with progress on the screen."""
    with interruptible() as interrupt, Progress(screen, number, "read") as progress:
        done = work(interrupt.stop, progress.ended)
        if interrupt.number is not None:
            raise Interrupted(interrupt.number)
    return done


def _add(context: click.Context, screen: Screen, place: Path, *, yes: bool) -> int:
    """Take in what is new since the inventory was written."""
    from rollout.fleet.add import added
    from rollout.fleet.present import Old

    with session.opened(context, looks=False) as at:
        inventory = at.loaded.inventory.path
        old = Old(at.loaded, inventory.read_bytes(), at.loaded.rendering.templates)
        found = _searched(place, screen)
        with Progress(screen, len(found.checkouts), "read") as progress:
            new = added(old, found.checkouts, place, at.settings(), at.options.jobs, at.interrupt.stop, progress.ended)
        if at.interrupt.number is not None:
            raise Interrupted(at.interrupt.number)
        options = at.options
    proposal = replace(new.proposal, left_out=(*found.left_out, *new.proposal.left_out))
    if new.text == old.text and not options.json:
        _say_left_out(proposal, options, screen)
        screen.data("Nothing is new; nothing was written.\n")
        return 0
    if not options.json:
        screen.data("".join(f"{name} has {', '.join(fit.sets)}\n" for name, fit in new.fits.items()))
    files = {**_templates(proposal.templates(), inventory), inventory: (new.text, inventory.stat().st_mode & 0o777)}
    if inventory.read_bytes() != old.text:
        raise Refused(f"{_shown(inventory)} has changed meanwhile; nothing was written")
    question = f"Change {_shown(inventory)} and write {len(files) - 1} templates?"
    return _settle(proposal, files, inventory, question, options, screen, yes=yes)


def _new_files(proposal: Proposal, place: Path, inventory: Path) -> Files:
    """Return what is to be written: the inventory last, for without it nothing has begun."""
    from rollout.learning import inventory_text

    text = inventory_text.inventory(proposal, _root(place, inventory.parent))
    return {
        **_templates(proposal.templates(), inventory),
        inventory.parent / "inventory.schema.json": (_schema().encode(), 0o644),
        inventory: (text.encode(), 0o644),
    }


def _templates(templates: Mapping[str, TemplateFile], inventory: Path) -> dict[Path, tuple[bytes, int]]:
    folder = inventory.parent / "templates"
    return {folder / name: (one.content, 0o755 if one.executable else 0o644) for name, one in templates.items()}


def _write(files: Files, inventory: Path) -> list[str]:
    """Write what is not there yet, and the inventory last; where that fails, nothing of it stays."""
    from rollout.machine.files import write_whole

    written: list[Path] = []
    try:
        for file, (content, mode) in files.items():
            if file == inventory or not os.path.lexists(file):
                file.parent.mkdir(parents=True, exist_ok=True)
                write_whole(file, content, mode)
                written.append(file)
    except BaseException:
        _take_back(written, inventory.parent)
        raise
    return _summed(written, inventory.parent / "templates")


def _take_back(written: Iterable[Path], top: Path) -> None:
    """Remove files that were just written, and the folders that are empty without them."""
    for file in written:
        file.unlink(missing_ok=True)
        for folder in file.parents:
            if folder == top or any(folder.iterdir()):
                break
            folder.rmdir()


def _summed(written: Iterable[Path], templates: Path) -> list[str]:
    others = [file for file in written if not file.is_relative_to(templates)]
    made = sum(file.is_relative_to(templates) for file in written)
    return [*map(_shown, reversed(others)), *([f"{_shown(templates)}/ ({made} files)"] if made else [])]


def _say_left_out(proposal: Proposal, options: Options, screen: Screen) -> None:
    from rollout.showing import learned

    text = learned.left_out(proposal, everything=bool(options.verbose))
    if text and not options.quiet:
        screen.say(text.rstrip("\n"))


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
