"""Pagure's interface, version 0.

Written by https://pagure.io/api/0/#pull_requests-tab, the pages of which every Pagure has itself. `make forge` tries it
on a real one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from rollout.forges.http import Request
from rollout.forges.interface import Caller, ReviewPlace, Texts, checks, get, read, tried
from rollout.forges.known import on_the_web
from rollout.forges.trouble import Trouble
from rollout.model.markers import marker_in
from rollout.model.reviews import ForgeKind, Review, ReviewState

_ON_PAGE = 100  # the most that Pagure gives
_OPEN_PAGES = 100  # all of them, for a second one would not be refused
_CLOSED_PAGES = 3  # of closed ones, the newest first: there is no filter by branch


class _User(Struct):
    name: str


class _Project(Struct):
    fullname: str


class _Pull(Struct):
    id: int
    title: str
    status: str
    branch_from: str | None = None
    branch: str = ""
    project: _Project | None = None
    repo_from: _Project | None = None
    initial_comment: str | None = None
    commit_stop: str | None = None
    full_url: str = ""
    last_updated: str | None = None
    closed_by: _User | None = None
    threshold_reached: bool | None = None
    cached_merge_status: str = "unknown"


class _Pages(Struct):
    next: str | None = None


class _Pulls(Struct):
    requests: list[_Pull]
    pagination: _Pages = field(default_factory=_Pages)


class _Flag(Struct):
    status: str


class _Flags(Struct):
    flags: list[_Flag] = field(default_factory=list)


def find(to: Caller, at: ReviewPlace) -> list[Review]:
    found = [*_listed(to, at, "open", _OPEN_PAGES), *_listed(to, at, "false", _CLOSED_PAGES)]
    return [_review(at, to, one) for one in sorted(found, key=lambda one: -one.id)]


def _listed(to: Caller, at: ReviewPlace, status: str, most: int) -> list[_Pull]:
    found: list[_Pull] = []
    for page in range(1, most + 1):
        path, size = f"{_repository(at)}/pull-requests", str(_ON_PAGE)
        more = get(to, path, _Pulls, status=status, per_page=size, page=str(page))
        found += [one for one in more.requests if _is_of(one, at)]
        if more.pagination.next is None:
            break
    return found


def _is_of(pull: _Pull, at: ReviewPlace) -> bool:
    """Tell whether a pull request is of a branch of the project itself: a fork may have one of the same name."""
    own = pull.repo_from is not None and pull.repo_from == pull.project
    return own and pull.branch_from == at.branch and pull.branch == at.base


def open(to: Caller, at: ReviewPlace, texts: Texts) -> tuple[Review, tuple[str, ...]]:  # noqa: A001
    asked = {
        "title": texts.title, "initial_comment": texts.body, "branch_from": at.branch, "branch_to": at.base,
    }  # fmt: skip
    made = _review(at, to, read(to, _send(to, f"{_repository(at)}/pull-request/new", asked), _Pull))
    first = min(_listed(to, at, "open", _OPEN_PAGES), key=lambda one: one.id, default=None)
    if first is not None and first.id != made.number:
        return _review(at, to, first), tuple(_withdrawn(to, at, made, first.id))
    return made, tuple(_further(to, at, made, texts))


def _withdrawn(to: Caller, at: ReviewPlace, made: Review, first: int) -> Iterator[str]:
    """Close what was opened while somebody else opened the same: of two, Pagure refuses none."""
    try:
        close(to, at, made)
    except Trouble as trouble:
        yield f"{made.url} says the same as number {first} and could not be closed: {trouble}"


def _further(to: Caller, at: ReviewPlace, made: Review, texts: Texts) -> Iterator[str]:
    rules = texts.rules
    for name in rules.assignees[:1]:
        yield from tried(to, "assignees", _form(f"{_path(at, made)}/assign", {"assignee": name}))
    if rules.assignees[1:]:
        yield "assignees but the first are left out: Pagure has one"
    for lacking in ("labels", "reviewers", "teams", "draft", "auto_merge"):
        if getattr(rules, lacking):
            yield f"{lacking} is left out: Pagure's interface has no such thing"


def update(to: Caller, at: ReviewPlace, review: Review, texts: Texts) -> Review:
    asked = {"title": texts.title, "initial_comment": texts.body}
    return _review(at, to, read(to, _send(to, _path(at, review), asked), _Pull))


def state(to: Caller, at: ReviewPlace, review: Review) -> Review:
    pull = get(to, _path(at, review), _Pull)
    found = _review(at, to, pull)
    if found.state is not ReviewState.OPEN:
        return replace(found, by=pull.closed_by.name if pull.closed_by else "")
    flags = get(to, f"{_path(at, review)}/flag", _Flags)
    return replace(found, approved=pull.threshold_reached, checks=checks(one.status for one in flags.flags))


def close(to: Caller, at: ReviewPlace, review: Review) -> None:
    _send(to, f"{_path(at, review)}/close", {})


def merge(to: Caller, at: ReviewPlace, review: Review) -> None:
    _send(to, f"{_path(at, review)}/merge", {})


def comment(to: Caller, at: ReviewPlace, review: Review, text: str) -> None:
    _send(to, f"{_path(at, review)}/comment", {"comment": text})


def _send(to: Caller, path: str, form: dict[str, str]) -> Any:
    return to.call(_form(path, form))


def _form(path: str, form: dict[str, str]) -> Request:
    return Request("POST", path, None, form, form=True)


def _repository(at: ReviewPlace) -> str:
    return f"/{on_the_web(ForgeKind.PAGURE, at.project)}"


def _path(at: ReviewPlace, review: Review) -> str:
    return f"{_repository(at)}/pull-request/{review.number}"


def _review(at: ReviewPlace, to: Caller, pull: _Pull) -> Review:
    states = {"open": ReviewState.OPEN, "merged": ReviewState.MERGED}
    return Review(
        pull.full_url or f"https://{to.host}{_repository(at)}/pull-request/{pull.id}",
        pull.id,
        states.get(pull.status.lower(), ReviewState.DECLINED),
        conflicts={"CONFLICTS": True, "FFORWARD": False, "MERGE": False}.get(pull.cached_merge_status),
        title=pull.title,
        updated_at=pull.last_updated or "",
        head=pull.commit_stop or "",
        marker=marker_in(pull.initial_comment or ""),
    )
