"""GitHub's interface, of github.com and of GitHub Enterprise.

Written by https://docs.github.com/en/rest (pulls, issues, checks, statuses), whose description `@octokit/openapi` the
tests hold our requests and the answers of their stand-in against; merging by itself is in
https://docs.github.com/en/graphql/reference/mutations#enablepullrequestautomerge alone.
"""

from __future__ import annotations

from msgspec import Struct, field
from msgspec.structs import replace

from rollout.forges.http import Request
from rollout.forges.interface import Caller, ReviewPlace, Texts, approved, checks, get, read, send, tried
from rollout.forges.pulls import Pull, review_of
from rollout.forges.trouble import Failure, Trouble
from rollout.model.reviews import Checks, Review, ReviewState
from rollout.safety.shown import plain


class _User(Struct):
    login: str


class _Pull(Pull, kw_only=True):
    node_id: str = ""
    merged_at: str | None = None


class _Issue(Struct):
    closed_by: _User | None = None


class _Check(Struct):
    status: str
    conclusion: str | None = None


class _Checks(Struct):
    check_runs: list[_Check]


class _Status(Struct):
    state: str
    total_count: int = 0


class _Opinion(Struct):
    state: str
    user: _User | None = None


class _Repository(Struct):
    allow_merge_commit: bool = True
    allow_squash_merge: bool = False

    @property
    def method(self) -> str:
        """Return how a pull request is merged here, by the first way that is allowed."""
        return "MERGE" if self.allow_merge_commit else "SQUASH" if self.allow_squash_merge else "REBASE"


class _Fault(Struct):
    message: str


class _GraphQL(Struct):
    errors: list[_Fault] = field(default_factory=list)


_ENABLE = (
    "mutation($id: ID!, $method: PullRequestMergeMethod!) {"
    " enablePullRequestAutoMerge(input: {pullRequestId: $id, mergeMethod: $method}) { clientMutationId } }"
)


class _Done(Struct):
    pass


_NOT_SHOWN = {Failure.DENIED, Failure.MISSING}  # the token is good for the pull request, but not for this


def find(to: Caller, at: ReviewPlace) -> list[Review]:
    owner = at.project.partition("/")[0]
    found = get(
        to, f"/repos/{at.project}/pulls", list[_Pull],
        state="all", head=f"{owner}:{at.branch}", base=at.base, sort="created", direction="desc", per_page="20",
    )  # fmt: skip
    return [_review(one) for one in found]


def open(to: Caller, at: ReviewPlace, texts: Texts) -> tuple[Review, tuple[str, ...]]:  # noqa: A001
    asked = {"title": texts.title, "body": texts.body, "head": at.branch, "base": at.base, "draft": texts.rules.draft}
    made = send(to, "POST", f"/repos/{at.project}/pulls", asked, _Pull)
    return _review(made), tuple(_further(to, at, made, texts))


def _further(to: Caller, at: ReviewPlace, pull: _Pull, texts: Texts) -> list[str]:
    rules, number = texts.rules, pull.number
    issue = f"/repos/{at.project}/issues/{number}"
    wanted = []
    if rules.labels:
        wanted.append(("labels", f"{issue}/labels", {"labels": list(rules.labels)}))
    if rules.assignees:
        wanted.append(("assignees", f"{issue}/assignees", {"assignees": list(rules.assignees)}))
    if rules.reviewers or rules.teams:
        people = {"reviewers": list(rules.reviewers), "team_reviewers": list(rules.teams)}
        wanted.append(("reviewers", f"/repos/{at.project}/pulls/{number}/requested_reviewers", people))
    notes = [note for what, path, body in wanted for note in tried(to, what, Request("POST", path, None, body))]
    return [*notes, *(_auto_merge(to, at, pull) if rules.auto_merge else ())]


def _auto_merge(to: Caller, at: ReviewPlace, pull: _Pull) -> list[str]:
    """Have GitHub merge when all that is required is there; only GraphQL has that."""
    try:
        allowed = get(to, f"/repos/{at.project}", _Repository)
        asked = {"query": _ENABLE, "variables": {"id": pull.node_id, "method": allowed.method}}
        told = read(to, to.call(Request("POST", "/graphql", None, asked, graphql=True)), _GraphQL)
    except Trouble as trouble:
        return [f"auto_merge could not be set: {trouble}"]
    return [f"auto_merge could not be set: {to.host}: {plain(error.message)}" for error in told.errors[:1]]


def update(to: Caller, at: ReviewPlace, review: Review, texts: Texts) -> Review:
    asked = {"title": texts.title, "body": texts.body}
    return _review(send(to, "PATCH", _path(at, review), asked, _Pull))


def state(to: Caller, at: ReviewPlace, review: Review) -> Review:
    pull = get(to, _path(at, review), _Pull)
    found = _review(pull)
    if found.state is ReviewState.DECLINED:
        return replace(found, by=_closed_by(to, at, pull))
    if found.state is not ReviewState.OPEN:
        return found
    opinions = get(to, f"{_path(at, review)}/reviews", list[_Opinion], per_page="100")
    return replace(
        found, approved=approved(_words(opinions), "CHANGES_REQUESTED"), checks=_checks(to, at, pull.head.sha)
    )


def _closed_by(to: Caller, at: ReviewPlace, pull: _Pull) -> str:
    """Return who closed a pull request; "" where the token does not show that."""
    try:
        issue = get(to, f"/repos/{at.project}/issues/{pull.number}", _Issue)
    except Trouble as trouble:
        if trouble.kind in _NOT_SHOWN:
            return ""
        raise
    return issue.closed_by.login if issue.closed_by else ""


def _words(opinions: list[_Opinion]) -> list[tuple[str, str]]:
    return [(one.user.login if one.user else "", one.state) for one in opinions]


def _checks(to: Caller, at: ReviewPlace, commit: str) -> Checks:
    """Return the result of a commit's checks; unknown where the token does not show it: a fine-grained one may not."""
    try:
        return _results(to, at, commit)
    except Trouble as trouble:
        if trouble.kind in _NOT_SHOWN:
            return Checks.UNKNOWN
        raise


def _results(to: Caller, at: ReviewPlace, commit: str) -> Checks:
    runs = get(to, f"/repos/{at.project}/commits/{commit}/check-runs", _Checks, per_page="100").check_runs
    status = get(to, f"/repos/{at.project}/commits/{commit}/status", _Status)
    words = [run.conclusion or run.status for run in runs]
    return checks([*words, *([status.state] if status.total_count else [])])


def close(to: Caller, at: ReviewPlace, review: Review) -> None:
    send(to, "PATCH", _path(at, review), {"state": "closed"}, _Pull)


def merge(to: Caller, at: ReviewPlace, review: Review) -> None:
    send(to, "PUT", f"{_path(at, review)}/merge", {"sha": review.head}, _Done)


def comment(to: Caller, at: ReviewPlace, review: Review, text: str) -> None:
    send(to, "POST", f"/repos/{at.project}/issues/{review.number}/comments", {"body": text}, _Done)


def _path(at: ReviewPlace, review: Review) -> str:
    return f"/repos/{at.project}/pulls/{review.number}"


def _review(pull: _Pull) -> Review:
    return review_of(pull, merged=bool(pull.merged_at))
