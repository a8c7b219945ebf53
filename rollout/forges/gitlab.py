"""GitLab's interface, version 4.

Written by https://docs.gitlab.com/api/merge_requests/, /api/merge_request_approvals/ and /api/notes/.
"""

from __future__ import annotations

from urllib.parse import quote

from msgspec import Struct
from msgspec.structs import replace

from rollout.forges.http import Request
from rollout.forges.interface import Caller, ReviewPlace, Texts, checks, get, send, tried
from rollout.forges.trouble import Trouble
from rollout.model.markers import marker_in
from rollout.model.reviews import Checks, Review, ReviewState


class _User(Struct):
    id: int
    username: str


class _Pipeline(Struct):
    status: str


class _Request(Struct):
    iid: int
    web_url: str
    state: str
    title: str
    updated_at: str
    sha: str | None = None
    description: str | None = None
    has_conflicts: bool | None = None
    head_pipeline: _Pipeline | None = None
    closed_by: _User | None = None
    source_project_id: int | None = None
    target_project_id: int | None = None


class _Approvals(Struct):
    approved: bool | None = None
    approved_by: list[object] = []


class _Done(Struct):
    pass


def find(to: Caller, at: ReviewPlace) -> list[Review]:
    found = get(
        to, _all(at), list[_Request],
        source_branch=at.branch, target_branch=at.base, state="all", order_by="created_at", sort="desc", per_page="20",
    )  # fmt: skip
    return [_review(one) for one in found if one.source_project_id == one.target_project_id]  # a fork's is not ours


def open(to: Caller, at: ReviewPlace, texts: Texts) -> tuple[Review, tuple[str, ...]]:  # noqa: A001
    rules = texts.rules
    people, notes = _people(to, rules.reviewers)
    owners, more = _people(to, rules.assignees)
    asked = {
        "source_branch": at.branch,
        "target_branch": at.base,
        "title": _title(texts),
        "description": texts.body,
        "labels": ",".join(rules.labels),
        "reviewer_ids": people,
        "assignee_ids": owners,
        "remove_source_branch": rules.delete_branch,
    }
    made = send(to, "POST", _all(at), {key: value for key, value in asked.items() if value != []}, _Request)
    notes += more
    if rules.teams:
        notes.append("teams are left out: GitLab asks people to review")
    if rules.auto_merge:
        wanted = Request("PUT", f"{_all(at)}/{made.iid}/merge", None, {"merge_when_pipeline_succeeds": True})
        notes += tried(to, "auto_merge", wanted)
    return _review(made), tuple(notes)


def _people(to: Caller, names: tuple[str, ...]) -> tuple[list[int], list[str]]:
    """Return the numbers by which GitLab knows people, and who could not be found."""
    ids, notes = list[int](), list[str]()
    for name in names:
        try:
            found = get(to, "/users", list[_User], username=name)
        except Trouble as trouble:
            found, notes = [], [*notes, str(trouble)]
        ids += [user.id for user in found[:1]]
        notes += [] if found else [f"there is no user {name!r}"]
    return ids, notes


def _title(texts: Texts) -> str:
    return f"Draft: {texts.title}" if texts.rules.draft else texts.title


def update(to: Caller, at: ReviewPlace, review: Review, texts: Texts) -> Review:
    title = texts.title if not review.title.startswith("Draft: ") else f"Draft: {texts.title}"
    return _review(send(to, "PUT", _path(at, review), {"title": title, "description": texts.body}, _Request))


def state(to: Caller, at: ReviewPlace, review: Review) -> Review:
    request = get(to, _path(at, review), _Request)
    found = _review(request)
    if found.state is not ReviewState.OPEN:
        return replace(found, by=request.closed_by.username if request.closed_by else "")
    approvals = get(to, f"{_path(at, review)}/approvals", _Approvals)
    pipeline = request.head_pipeline
    return replace(
        found,
        approved=bool(approvals.approved_by) and approvals.approved is not False,
        checks=Checks.NONE if pipeline is None else checks([pipeline.status]),
    )


def close(to: Caller, at: ReviewPlace, review: Review) -> None:
    send(to, "PUT", _path(at, review), {"state_event": "close"}, _Done)


def merge(to: Caller, at: ReviewPlace, review: Review) -> None:
    send(to, "PUT", f"{_path(at, review)}/merge", {"sha": review.head}, _Done)


def comment(to: Caller, at: ReviewPlace, review: Review, text: str) -> None:
    send(to, "POST", f"{_path(at, review)}/notes", {"body": text}, _Done)


def _all(at: ReviewPlace) -> str:
    return f"/projects/{quote(at.project, safe='')}/merge_requests"


def _path(at: ReviewPlace, review: Review) -> str:
    return f"{_all(at)}/{review.number}"


def _review(one: _Request) -> Review:
    states = {"opened": ReviewState.OPEN, "locked": ReviewState.OPEN, "merged": ReviewState.MERGED}
    return Review(
        one.web_url,
        one.iid,
        states.get(one.state, ReviewState.DECLINED),
        conflicts=one.has_conflicts,
        title=one.title,
        updated_at=one.updated_at,
        head=one.sha or "",
        marker=marker_in(one.description or ""),
    )
