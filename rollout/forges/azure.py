"""Azure DevOps' interface, version 7.1.

Written by https://learn.microsoft.com/en-us/rest/api/azure/devops/git/pull-requests.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from rollout.forges.http import Request
from rollout.forges.interface import Caller, ReviewPlace, Texts, checks, read, tried
from rollout.model.markers import marker_in
from rollout.model.reviews import Review, ReviewState

_VERSION = "7.1"
_APPROVES = 5  # a vote of 10 approves, of 5 with suggestions; -5 waits for the author, -10 rejects
_LONGEST = 4000  # characters of a description


class _Commit(Struct, rename="camel"):
    commit_id: str


class _Person(Struct, rename="camel"):
    display_name: str = ""
    id: str = ""


class _Reviewer(Struct):
    vote: int = 0


class _Pull(Struct, rename="camel"):
    pull_request_id: int
    title: str
    status: str
    creation_date: str = ""
    closed_date: str = ""
    description: str | None = None
    merge_status: str = ""
    last_merge_source_commit: _Commit | None = None
    closed_by: _Person | None = None
    fork_source: dict[str, Any] | None = None
    created_by: _Person | None = None
    reviewers: list[_Reviewer] = field(default_factory=list)


class _Pulls(Struct):
    value: list[_Pull]


class _Status(Struct):
    state: str = "notSet"


class _Statuses(Struct):
    value: list[_Status]


def find(to: Caller, at: ReviewPlace) -> list[Review]:
    criteria: dict[str, str | list[str]] = {
        "searchCriteria.sourceRefName": f"refs/heads/{at.branch}",
        "searchCriteria.targetRefName": f"refs/heads/{at.base}",
        "searchCriteria.status": "all",
        "$top": "20",
    }
    found = read(to, _call(to, "GET", _all(at), None, criteria), _Pulls)
    return [_review(at, to, one) for one in found.value if one.fork_source is None]  # a fork's is not ours


def open(to: Caller, at: ReviewPlace, texts: Texts) -> tuple[Review, tuple[str, ...]]:  # noqa: A001
    rules = texts.rules
    asked: dict[str, Any] = {
        "sourceRefName": f"refs/heads/{at.branch}",
        "targetRefName": f"refs/heads/{at.base}",
        "title": texts.title,
        "description": _short(texts.body),
        "isDraft": rules.draft,
        "labels": [{"name": name} for name in rules.labels],
        "reviewers": [{"id": name} for name in rules.reviewers],
    }
    made = read(to, _call(to, "POST", _all(at), asked), _Pull)
    lacking = ("teams", "assignees")
    notes = [f"{name} are left out: Azure DevOps takes none here" for name in lacking if getattr(rules, name)]
    review = _review(at, to, made)
    return review, (*notes, *(_auto_merge(to, at, review, made) if rules.auto_merge else ()))


def _auto_merge(to: Caller, at: ReviewPlace, review: Review, made: _Pull) -> Iterable[str]:
    """Have it completed when its policies are met, in the name of who opened it."""
    if made.created_by is None or not made.created_by.id:
        return ["auto_merge could not be set: the answer does not say who opened it"]
    asked = {"autoCompleteSetBy": {"id": made.created_by.id}}
    return tried(to, "auto_merge", Request("PATCH", _path(at, review), {"api-version": _VERSION}, asked))


def update(to: Caller, at: ReviewPlace, review: Review, texts: Texts) -> Review:
    asked = {"title": texts.title, "description": _short(texts.body)}
    return _review(at, to, read(to, _call(to, "PATCH", _path(at, review), asked), _Pull))


def _short(body: str) -> str:
    """Return a description of at most the allowed length, with the marker at its end."""
    if len(body) <= _LONGEST:
        return body
    text, _, marker = body.rstrip().rpartition("\n\n")
    return f"{text[: _LONGEST - len(marker) - 4]}…\n\n{marker}"


def state(to: Caller, at: ReviewPlace, review: Review) -> Review:
    pull = read(to, _call(to, "GET", _path(at, review)), _Pull)
    found = _review(at, to, pull)
    if found.state is not ReviewState.OPEN:
        return replace(found, by=pull.closed_by.display_name if pull.closed_by else "")
    statuses = read(to, _call(to, "GET", f"{_path(at, review)}/statuses"), _Statuses)
    votes = [one.vote for one in pull.reviewers]
    approved = any(vote >= _APPROVES for vote in votes) and not any(vote < 0 for vote in votes)
    return replace(found, approved=approved, checks=checks(one.state for one in statuses.value))


def close(to: Caller, at: ReviewPlace, review: Review) -> None:
    _call(to, "PATCH", _path(at, review), {"status": "abandoned"})


def merge(to: Caller, at: ReviewPlace, review: Review) -> None:
    asked = {"status": "completed", "lastMergeSourceCommit": {"commitId": review.head}}
    _call(to, "PATCH", _path(at, review), asked)


def comment(to: Caller, at: ReviewPlace, review: Review, text: str) -> None:
    said = {"comments": [{"parentCommentId": 0, "content": text, "commentType": 1}], "status": 1}
    _call(to, "POST", f"{_path(at, review)}/threads", said)


def _call(to: Caller, method: str, path: str, body: Any = None, query: dict[str, str | list[str]] | None = None) -> Any:
    return to.call(Request(method, path, {**(query or {}), "api-version": _VERSION}, body))


def _parts(at: ReviewPlace) -> tuple[str, str]:
    """Return the project and the repository; by ssh a path is v3/ORGANISATION/PROJECT/REPOSITORY."""
    words = [word for word in at.project.split("/") if word not in {"_git", "v3"}]
    return "/".join(words[:-1]), words[-1]


def _all(at: ReviewPlace) -> str:
    project, name = _parts(at)
    return f"/{project}/_apis/git/repositories/{name}/pullrequests"


def _path(at: ReviewPlace, review: Review) -> str:
    return f"{_all(at)}/{review.number}"


def _review(at: ReviewPlace, to: Caller, pull: _Pull) -> Review:
    states = {"active": ReviewState.OPEN, "completed": ReviewState.MERGED}
    project, name = _parts(at)
    return Review(
        f"https://{to.host}/{project}/_git/{name}/pullrequest/{pull.pull_request_id}",
        pull.pull_request_id,
        states.get(pull.status, ReviewState.DECLINED),
        conflicts={"conflicts": True, "succeeded": False}.get(pull.merge_status),
        title=pull.title,
        updated_at=pull.closed_date or pull.creation_date,
        head=pull.last_merge_source_commit.commit_id if pull.last_merge_source_commit else "",
        marker=marker_in(pull.description or ""),
    )
