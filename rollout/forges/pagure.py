"""Pagure's interface, version 0.

Written by https://pagure.io/api/0/#pull_requests-tab, the pages of which every Pagure has itself.
"""

from __future__ import annotations

from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from rollout.forges.http import Request
from rollout.forges.interface import Caller, Place, Texts, checks, get, read
from rollout.model.markers import marker_in
from rollout.model.reviews import Review, ReviewState


class _User(Struct):
    name: str


class _Pull(Struct):
    id: int
    title: str
    status: str
    branch_from: str | None = None
    branch: str = ""
    initial_comment: str | None = None
    commit_stop: str | None = None
    full_url: str = ""
    last_updated: str | None = None
    closed_by: _User | None = None
    threshold_reached: bool | None = None
    cached_merge_status: str = "unknown"


class _Pulls(Struct):
    requests: list[_Pull]


class _Flag(Struct):
    status: str


class _Flags(Struct):
    flags: list[_Flag] = field(default_factory=list)


def find(to: Caller, at: Place) -> list[Review]:
    found = get(to, f"{_repository(at)}/pull-requests", _Pulls, status="all", per_page="100")
    ours = [one for one in found.requests if one.branch_from == at.branch and one.branch == at.base]
    return [_review(at, to, one) for one in sorted(ours, key=lambda one: -one.id)]


def open(to: Caller, at: Place, texts: Texts) -> tuple[Review, tuple[str, ...]]:  # noqa: A001
    asked = {
        "title": texts.title, "initial_comment": texts.body, "branch_from": at.branch, "branch_to": at.base,
    }  # fmt: skip
    made = read(to, _send(to, f"{_repository(at)}/pull-request/new", asked), _Pull)
    lacking = ("labels", "reviewers", "teams", "assignees", "draft", "auto_merge")
    notes = tuple(
        f"{name} is left out: Pagure has no such thing here" for name in lacking if getattr(texts.rules, name)
    )
    return _review(at, to, made), notes


def update(to: Caller, at: Place, review: Review, texts: Texts) -> Review:
    asked = {"title": texts.title, "initial_comment": texts.body}
    return _review(at, to, read(to, _send(to, _path(at, review), asked), _Pull))


def state(to: Caller, at: Place, review: Review) -> Review:
    pull = get(to, _path(at, review), _Pull)
    found = _review(at, to, pull)
    if found.state is not ReviewState.OPEN:
        return replace(found, by=pull.closed_by.name if pull.closed_by else "")
    flags = get(to, f"{_path(at, review)}/flag", _Flags)
    return replace(found, approved=pull.threshold_reached, checks=checks(one.status for one in flags.flags))


def close(to: Caller, at: Place, review: Review) -> None:
    _send(to, f"{_path(at, review)}/close", {})


def merge(to: Caller, at: Place, review: Review) -> None:
    _send(to, f"{_path(at, review)}/merge", {})


def comment(to: Caller, at: Place, review: Review, text: str) -> None:
    _send(to, f"{_path(at, review)}/comment", {"comment": text})


def _send(to: Caller, path: str, form: dict[str, str]) -> Any:
    return to.call(Request("POST", path, None, form, form=True))


def _repository(at: Place) -> str:
    return f"/{at.project}"


def _path(at: Place, review: Review) -> str:
    return f"{_repository(at)}/pull-request/{review.number}"


def _review(at: Place, to: Caller, pull: _Pull) -> Review:
    states = {"open": ReviewState.OPEN, "merged": ReviewState.MERGED}
    return Review(
        pull.full_url or f"https://{to.host}/{at.project}/pull-request/{pull.id}",
        pull.id,
        states.get(pull.status.lower(), ReviewState.DECLINED),
        conflicts={"CONFLICTS": True, "FFORWARD": False, "MERGE": False}.get(pull.cached_merge_status),
        title=pull.title,
        updated_at=pull.last_updated or "",
        head=pull.commit_stop or "",
        marker=marker_in(pull.initial_comment or ""),
    )
