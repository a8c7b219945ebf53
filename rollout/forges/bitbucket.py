"""Bitbucket Cloud's interface, version 2.0.

Written by https://developer.atlassian.com/cloud/bitbucket/rest/api-group-pullrequests/.
"""

from __future__ import annotations

from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from rollout.forges.interface import Caller, ReviewPlace, Texts, checks, get, send
from rollout.model.markers import marker_in
from rollout.model.reviews import Review, ReviewState


class _Link(Struct):
    href: str


class _Links(Struct):
    html: _Link


class _Commit(Struct):
    hash: str = ""


class _Repository(Struct):
    full_name: str = ""


class _Side(Struct):
    commit: _Commit | None = None
    repository: _Repository | None = None


class _User(Struct):
    display_name: str = ""


class _Participant(Struct):
    approved: bool = False


class _Pull(Struct):
    id: int
    title: str
    state: str
    updated_on: str
    links: _Links
    source: _Side
    destination: _Side = field(default_factory=_Side)
    description: str | None = None
    closed_by: _User | None = None
    participants: list[_Participant] = field(default_factory=list)


class _Pulls(Struct):
    values: list[_Pull]


class _Status(Struct):
    state: str


class _Statuses(Struct):
    values: list[_Status]


class _Done(Struct):
    pass


def find(to: Caller, at: ReviewPlace) -> list[Review]:
    query = f'source.branch.name="{at.branch}" AND destination.branch.name="{at.base}"'
    states = ["OPEN", "MERGED", "DECLINED", "SUPERSEDED"]
    found = get(to, _all(at), _Pulls, q=query, state=states, sort="-created_on", pagelen="20")
    ours = [one for one in found.values if one.source.repository == one.destination.repository]  # a fork's is not ours
    return [_review(one) for one in ours]


def open(to: Caller, at: ReviewPlace, texts: Texts) -> tuple[Review, tuple[str, ...]]:  # noqa: A001
    rules = texts.rules
    asked: dict[str, Any] = {
        "title": texts.title,
        "description": texts.body,
        "source": {"branch": {"name": at.branch}},
        "destination": {"branch": {"name": at.base}},
        "reviewers": [{"uuid": name} for name in rules.reviewers],
        "close_source_branch": rules.delete_branch,
        "draft": rules.draft,
    }
    made = send(to, "POST", _all(at), asked, _Pull)
    lacking = ("labels", "teams", "assignees", "auto_merge")
    notes = tuple(
        f"{name}: left out, for Bitbucket's interface has no such thing" for name in lacking if getattr(rules, name)
    )
    return _review(made), notes


def update(to: Caller, at: ReviewPlace, review: Review, texts: Texts) -> Review:
    return _review(send(to, "PUT", _path(at, review), {"title": texts.title, "description": texts.body}, _Pull))


def state(to: Caller, at: ReviewPlace, review: Review) -> Review:
    pull = get(to, _path(at, review), _Pull)
    found = _review(pull)
    if found.state is not ReviewState.OPEN:
        return replace(found, by=pull.closed_by.display_name if pull.closed_by else "")
    statuses = get(to, f"{_path(at, review)}/statuses", _Statuses, pagelen="100")
    approved = any(one.approved for one in pull.participants)
    return replace(found, approved=approved, checks=checks(one.state for one in statuses.values))


def close(to: Caller, at: ReviewPlace, review: Review) -> None:
    send(to, "POST", f"{_path(at, review)}/decline", {}, _Done)


def merge(to: Caller, at: ReviewPlace, review: Review) -> None:
    send(to, "POST", f"{_path(at, review)}/merge", {"type": "pullrequest"}, _Done)


def comment(to: Caller, at: ReviewPlace, review: Review, text: str) -> None:
    send(to, "POST", f"{_path(at, review)}/comments", {"content": {"raw": text}}, _Done)


def _all(at: ReviewPlace) -> str:
    return f"/repositories/{at.project}/pullrequests"


def _path(at: ReviewPlace, review: Review) -> str:
    return f"{_all(at)}/{review.number}"


def _review(pull: _Pull) -> Review:
    states = {"OPEN": ReviewState.OPEN, "MERGED": ReviewState.MERGED}
    return Review(
        pull.links.html.href,
        pull.id,
        states.get(pull.state, ReviewState.DECLINED),
        title=pull.title,
        updated_at=pull.updated_on,
        head=pull.source.commit.hash if pull.source.commit else "",
        marker=marker_in(pull.description or ""),
    )
