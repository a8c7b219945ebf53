"""The interface of Gitea and Forgejo, version 1.

Written by https://codeberg.org/api/swagger and https://docs.gitea.com/api/.
"""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from rollout.forges.http import Request
from rollout.forges.interface import Caller, ReviewPlace, Texts, approved, checks, get, send, tried
from rollout.forges.pulls import Head, Pull, review_of
from rollout.model.reviews import Checks, Review, ReviewState

_ON_PAGE = 50
_OPEN_PAGES = 100  # all of them: there is no filter by branch
_CLOSED_PAGES = 4  # of closed ones, the newest first


class _Side(Head, kw_only=True):
    ref: str
    sha: str = ""
    label: str = ""
    repo_id: int | None = None


class _Pull(Pull, kw_only=True):
    head: _Side
    base: _Side
    merged: bool | None = None


class _Label(Struct):
    id: int
    name: str


class _Status(Struct):
    state: str
    total_count: int = 0


class _User(Struct):
    login: str


class _Opinion(Struct):
    state: str
    user: _User | None = None
    dismissed: bool = False


class _Done(Struct):
    pass


def find(to: Caller, at: ReviewPlace) -> list[Review]:
    found = [*_listed(to, at, "open", _OPEN_PAGES), *_listed(to, at, "closed", _CLOSED_PAGES)]
    return [_review(one) for one in sorted(found, key=lambda one: -one.number)]


def _listed(to: Caller, at: ReviewPlace, state: str, most: int) -> list[_Pull]:
    found: list[_Pull] = []
    for page in range(1, most + 1):
        more = get(to, f"/repos/{at.project}/pulls", list[_Pull], state=state, limit=str(_ON_PAGE), page=str(page))
        found += [one for one in more if one.base.ref == at.base and _is_own(one) and _carries(one, at.branch)]
        if not more:
            break
    return found


def _is_own(pull: _Pull) -> bool:
    """Tell whether a pull request is of the repository itself: a fork may have a branch of the same name."""
    return pull.head.repo_id == pull.base.repo_id


def _carries(pull: _Pull, branch: str) -> bool:
    """Tell whether a pull request is of a branch, or of a topic of that name that a push to refs/for made."""
    names = (pull.head.ref, pull.head.label.partition(":")[2] or pull.head.label)
    return any(name == branch or name.endswith(f"/{branch}") for name in names)


def open(to: Caller, at: ReviewPlace, texts: Texts) -> tuple[Review, tuple[str, ...]]:  # noqa: A001
    rules = texts.rules
    title = f"WIP: {texts.title}" if rules.draft else texts.title
    asked = {
        "title": title, "body": texts.body, "head": at.branch, "base": at.base, "assignees": list(rules.assignees),
    }  # fmt: skip
    made = send(to, "POST", f"/repos/{at.project}/pulls", asked, _Pull)
    return _review(made), tuple(_further(to, at, made.number, texts))


def _further(to: Caller, at: ReviewPlace, number: int, texts: Texts) -> list[str]:
    rules, notes = texts.rules, list[str]()
    if rules.labels:
        known = {one.name: one.id for one in get(to, f"/repos/{at.project}/labels", list[_Label], limit="50")}
        ids = [known[name] for name in rules.labels if name in known]
        notes += [f"there is no label {name!r}" for name in rules.labels if name not in known]
        wanted = Request("POST", f"/repos/{at.project}/issues/{number}/labels", None, {"labels": ids})
        notes += tried(to, "labels", wanted) if ids else ()
    if rules.reviewers or rules.teams:
        people = {"reviewers": list(rules.reviewers), "team_reviewers": list(rules.teams)}
        path = f"/repos/{at.project}/pulls/{number}/requested_reviewers"
        notes += tried(to, "reviewers", Request("POST", path, None, people))
    if rules.auto_merge:
        path = f"/repos/{at.project}/pulls/{number}/merge"
        wanted = Request("POST", path, None, {"Do": "merge", "merge_when_checks_succeed": True})
        notes += tried(to, "auto_merge", wanted)
    return notes


def update(to: Caller, at: ReviewPlace, review: Review, texts: Texts) -> Review:
    title = f"WIP: {texts.title}" if review.title.startswith("WIP: ") else texts.title
    return _review(send(to, "PATCH", _path(at, review), {"title": title, "body": texts.body}, _Pull))


def state(to: Caller, at: ReviewPlace, review: Review) -> Review:
    pull = get(to, _path(at, review), _Pull)
    found = _review(pull)
    if found.state is not ReviewState.OPEN:
        return found
    status = get(to, f"/repos/{at.project}/commits/{pull.head.sha}/status", _Status)
    opinions = get(to, f"{_path(at, review)}/reviews", list[_Opinion])
    return replace(
        found,
        approved=approved(_words(opinions), "REQUEST_CHANGES"),
        checks=checks([status.state]) if status.total_count else Checks.NONE,
    )


def _words(opinions: list[_Opinion]) -> list[tuple[str, str]]:
    return [(one.user.login if one.user else "", "DISMISSED" if one.dismissed else one.state) for one in opinions]


def close(to: Caller, at: ReviewPlace, review: Review) -> None:
    send(to, "PATCH", _path(at, review), {"state": "closed"}, _Pull)


def merge(to: Caller, at: ReviewPlace, review: Review) -> None:
    to.call(Request("POST", f"{_path(at, review)}/merge", None, {"Do": "merge", "head_commit_id": review.head}))


def comment(to: Caller, at: ReviewPlace, review: Review, text: str) -> None:
    send(to, "POST", f"/repos/{at.project}/issues/{review.number}/comments", {"body": text}, _Done)


def _path(at: ReviewPlace, review: Review) -> str:
    return f"/repos/{at.project}/pulls/{review.number}"


def _review(pull: _Pull) -> Review:
    return review_of(pull, merged=bool(pull.merged))
