"""Fleets as values, the page that is made of them, and the page read back."""

from __future__ import annotations

from collections.abc import Sequence
from html.parser import HTMLParser
from pathlib import PurePosixPath

from msgspec.structs import replace

from rollout.model.action import Action
from rollout.model.files import File
from rollout.model.inventory import Branch
from rollout.model.outcomes import LastOutcome, PastRun, Verdict
from rollout.model.plan import Change, Plan, State, Step
from rollout.model.reasons import Reason, files, said
from rollout.planning.writable import reasons_of
from rollout.showing import status_rows
from rollout.showing.page import fitting, html, pages
from rollout.showing.page.contents import Page
from rollout.showing.page.entries import PageContext

NOW = "2026-02-03T15:20:00Z"
COMMIT = "0123456789abcdef0123456789abcdef01234567"


def step(name: str, state: State = State.IN_SYNC, reason: str = "", changes: tuple[Change, ...] = ()) -> Step:
    return Step(name, Branch(None, "origin", "main", None), state, said(reason), COMMIT, changes, commit=COMMIT)


def drift(name: str, theirs: str, ours: str, path: str = "AGENTS.md") -> Step:
    """Return a target in which others changed a file."""
    where = PurePosixPath(path)
    change = Change(where, Action.DRIFT, "others changed it", file(theirs), file(ours), decided=False)
    why = files([(where, "others changed it")])
    return replace(step(name, State.DRIFT, "", (change,)), why=Reason((why,)))


def file(text: str) -> File:
    return File(text.encode())


def last(name: str) -> LastOutcome:
    return LastOutcome(Verdict.PUSHED, "", COMMIT, f"20260203T152000Z-{len(name):06x}", NOW, NOW, Verdict.PUSHED)


def made(steps: Sequence[Step], runs: Sequence[PastRun] = (), known: PageContext | None = None) -> Page:
    plan = Plan("p", NOW, tuple(steps))
    rows = status_rows.rows(plan, status_rows.Recorded({one.target: last(one.target) for one in steps}), reasons_of)
    return pages.page(pages.Facts("fleet", NOW, plan, rows, runs, known or PageContext(), version="1.0"))


def as_it_is(text: str) -> str:
    return text


def written(page: Page) -> str:
    return html.html(page, as_it_is)


def fitted(page: Page, limit: int = fitting.LIMIT) -> str:
    return fitting.fitted(page, written, lambda diff: html.weight(diff, as_it_is), limit)


class Reader(HTMLParser):
    """What a browser would take from a page: its elements with their attributes, and its text outside of the code."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.code: dict[str, str] = {}
        self._inside = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._inside = tag

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside in {"style", "script"}:
            self.code[self._inside] = self.code.get(self._inside, "") + data
        else:
            self.text += data

    def named(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]
