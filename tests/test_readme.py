"""The README fits on a screen, and what it shows is tried."""

from __future__ import annotations

import re
from pathlib import Path

from manual.recording import FILE, STORY, recorded
from manual.terminal_svg import COLUMNS, ROWS, plain
from tests import on_path
from tests.manual.blocks import TOP
from tests.manual.room import alike

README = TOP / "README.md"


def test_the_readme_is_short() -> None:
    shown = re.sub(r"<!--.*?-->\n", "", README.read_text(), flags=re.DOTALL)
    assert len(shown.splitlines()) <= 80


def test_every_link_leads_somewhere() -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", README.read_text())
    assert len(links) > 10
    assert [link for link in links if not (TOP / link).exists()] == []


def test_what_the_readme_asks_make_for_is_in_the_makefile() -> None:
    asked = re.findall(r"`make ([a-z-]+)`", README.read_text())
    makefile = (TOP / "Makefile").read_text()
    assert asked
    assert [name for name in asked if f"\n{name}: " not in makefile] == []


def test_the_recording_shows_what_the_program_prints_now(tmp_path: Path) -> None:
    screens = recorded(tmp_path, on_path.folder())
    assert all(len(line) <= COLUMNS for line in map(plain, screens[-1].lines))
    shown = re.sub(r"<[^>]+>", "", "\n".join(re.findall(r"<text.*?</text>", FILE.read_text())))
    now = [line for screen in screens for line in map(plain, screen.lines[-ROWS:]) if line.strip()]
    assert alike(shown.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")) == alike("\n".join(now)), (
        "make recording"
    )
    assert [scene.typed for scene in STORY if scene.typed not in shown] == []
