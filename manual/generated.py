"""Which files are generated, and from what: `python -m manual` writes them, a test compares them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from manual import commands, environment, formats, inventory_keys, man_pages

TOP = Path(__file__).parents[1]


def pages() -> Mapping[Path, str]:
    """Return each generated file with its text."""
    reference = TOP / "docs/reference"
    return {
        reference / "inventory.md": inventory_keys.page(),
        reference / "commands.md": commands.page(),
        reference / "environment.md": environment.page(),
        reference / "json.md": formats.page(),
        **{reference / "schemas" / name: text for name, text in formats.schemas()},
        **{TOP / "man" / name: text for name, text in man_pages.pages()},
        reference / "event-commands.md": commands.events_page(),
    }


def write() -> None:
    for path, text in pages().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
