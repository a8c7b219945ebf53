"""The forges' interfaces by the forms of answers that their documentation gives."""

import json
from typing import Any

import pytest
from msgspec import Struct, field

from rollout.forges import azure, bitbucket, gerrit_http, gitea, gitlab, pagure
from rollout.forges.http import Request
from rollout.forges.interface import Caller, Interface, ReviewPlace, Texts, checks
from rollout.forges.trouble import Failure, Trouble, of_status
from rollout.model.markers import Marker
from rollout.model.reviews import Checks, Review, ReviewState, Rules

MARKER = Marker("0123456789abcdef", "api", "f00")
BODY = f"Why.\n\n{MARKER.text}\n"
TEXTS = Texts("Rules", BODY, Rules(labels=("bot",), reviewers=("rex",), draft=True))
AT = ReviewPlace("team/api", "main", "rollout/team")


class Scripted(Struct):
    """A forge that gives these answers in this order, and notes what it was asked."""

    answers: list[Any]
    asked: list[Request] = field(default_factory=list)
    host: str = "forge.example"

    def call(self, request: Request) -> Any:
        self.asked.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    @property
    def lines(self) -> list[str]:
        return [f"{one.method} {one.path}" for one in self.asked]


def gitlab_request(**more: Any) -> dict[str, Any]:
    return {
        "id": 1, "iid": 7, "web_url": "https://gitlab.example/team/api/-/merge_requests/7", "state": "opened",
        "title": "Draft: Rules", "updated_at": "2026-02-03T15:20:00.000Z", "sha": "abc", "description": BODY,
        "has_conflicts": False, "detailed_merge_status": "mergeable", "source_branch": "rollout/team",
        "source_project_id": 1, "target_project_id": 1, **more,
    }  # fmt: skip


def gitea_pull(**more: Any) -> dict[str, Any]:
    return {
        "id": 1, "number": 7, "html_url": "https://gitea.example/team/api/pulls/7", "state": "open", "title": "Rules",
        "body": BODY, "head": {"ref": "rollout/team", "sha": "abc", "label": "rollout/team", "repo_id": 1},
        "base": {"ref": "main", "sha": "def", "label": "main", "repo_id": 1}, "merged": False, "mergeable": True,
        "updated_at": "2026-02-03T15:20:00Z", **more,
    }  # fmt: skip


def bitbucket_pull(**more: Any) -> dict[str, Any]:
    return {
        "id": 7, "title": "Rules", "description": BODY, "state": "OPEN", "updated_on": "2026-02-03T15:20:00+00:00",
        "links": {"html": {"href": "https://bitbucket.org/team/api/pull-requests/7"}},
        "source": {
            "branch": {"name": "rollout/team"}, "commit": {"hash": "abc"}, "repository": {"full_name": "team/api"},
        },
        "destination": {"branch": {"name": "main"}, "repository": {"full_name": "team/api"}},
        "participants": [], **more,
    }  # fmt: skip


def azure_pull(**more: Any) -> dict[str, Any]:
    return {
        "pullRequestId": 7, "title": "Rules", "description": BODY, "status": "active", "mergeStatus": "succeeded",
        "creationDate": "2026-02-03T15:20:00Z", "lastMergeSourceCommit": {"commitId": "abc"}, "reviewers": [], **more,
    }  # fmt: skip


def pagure_pull(**more: Any) -> dict[str, Any]:
    return {
        "id": 7, "title": "Rules", "initial_comment": BODY, "status": "Open", "branch_from": "rollout/team",
        "branch": "main", "project": {"fullname": "team/api"}, "repo_from": {"fullname": "team/api"},
        "commit_stop": "abc", "full_url": "https://pagure.example/team/api/pull-request/7",
        "last_updated": "1770132000", "threshold_reached": None, "cached_merge_status": "FFORWARD", **more,
    }  # fmt: skip


def pagure_page(*pulls: dict[str, Any], following: str | None = None) -> dict[str, Any]:
    return {"requests": list(pulls), "pagination": {"next": following, "page": 1, "pages": 1}}


def gerrit_change(**more: Any) -> dict[str, Any]:
    return {
        "id": "team%2Fapi~7", "_number": 7, "project": "team/api", "branch": "main", "subject": "Rules",
        "status": "NEW", "revisions": {"abc": {"commit": {"message": "Rules\n\nRollout-Inventory: team\n"}}},
        "updated": "2026-02-03 15:20:00.000000000", "current_revision": "abc", "topic": "rollout/team", **more,
    }  # fmt: skip


FOUND: list[tuple[Interface, Any, str]] = [
    (gitlab, [gitlab_request()], "GET /projects/team%2Fapi/merge_requests"),
    (bitbucket, {"values": [bitbucket_pull()]}, "GET /repositories/team/api/pullrequests"),
    (azure, {"value": [azure_pull()], "count": 1}, "GET /team/_apis/git/repositories/api/pullrequests"),
]


@pytest.mark.parametrize(("forge", "answer", "line"), FOUND, ids=[one[2] for one in FOUND])
def test_the_reviews_of_a_branch_are_found(forge: Interface, answer: Any, line: str) -> None:
    to = Scripted([answer])
    found = forge.find(to, AT)
    assert to.lines == [line]
    assert [(one.number, one.state, one.head, one.marker) for one in found] == [(7, ReviewState.OPEN, "abc", MARKER)]


def test_all_pages_of_open_pull_requests_are_read_on_pagure() -> None:
    """It has no filter by branch, and opens a second one for a branch that has one."""
    other = pagure_pull(id=9, branch_from="other")
    fork = pagure_pull(id=8, repo_from={"fullname": "forks/ann/team/api"})
    closed = pagure_pull(id=5, status="Closed")
    to = Scripted([pagure_page(other, fork, following="more"), pagure_page(pagure_pull()), pagure_page(closed)])
    found = pagure.find(to, AT)
    assert [(one.number, one.state) for one in found] == [(7, ReviewState.OPEN), (5, ReviewState.DECLINED)]
    asked = [dict(one.query or {}) for one in to.asked]
    assert [(one["status"], one["page"]) for one in asked] == [("open", "1"), ("open", "2"), ("false", "1")]


def test_of_two_that_were_opened_at_once_on_pagure_the_first_stays() -> None:
    to = Scripted([pagure_pull(), pagure_page(pagure_pull(), pagure_pull(id=6)), {}])
    made, notes = pagure.open(to, AT, Texts("Rules", BODY, Rules()))
    assert (made.number, notes) == (6, ())
    assert to.lines[-1] == "POST /team/api/pull-request/7/close"


def test_a_project_on_pagure_is_itself_however_its_address_is_written() -> None:
    to = Scripted([pagure_page(pagure_pull()), pagure_page()])
    assert [one.number for one in pagure.find(to, ReviewPlace("Team/API", "main", "rollout/team"))] == [7]


def test_a_fork_on_pagure_is_found_where_its_interface_has_it() -> None:
    to = Scripted([pagure_page(), pagure_page()])
    assert pagure.find(to, ReviewPlace("forks/ann/api", "main", "rollout/team")) == []
    assert to.lines[0] == "GET /fork/ann/api/pull-requests"


FORKS: list[tuple[Interface, Any]] = [
    (gitlab, [gitlab_request(source_project_id=2, target_project_id=1)]),
    (bitbucket, {"values": [bitbucket_pull(source={
        "branch": {"name": "rollout/team"}, "repository": {"full_name": "ann/api"}})]}),
    (azure, {"value": [azure_pull(forkSource={"name": "refs/heads/rollout/team"})], "count": 1}),
]  # fmt: skip


@pytest.mark.parametrize(("forge", "answer"), FORKS)
def test_a_branch_of_the_same_name_in_a_fork_is_not_ours(forge: Interface, answer: Any) -> None:
    assert forge.find(Scripted([answer]), AT) == []


def test_all_pages_of_open_pull_requests_are_read_on_gitea() -> None:
    """It has no filter by branch."""
    other, fork = gitea_pull(number=9, head={"ref": "other"}), gitea_pull(number=8)
    fork["head"] = {**fork["head"], "repo_id": 2}
    to = Scripted([[other, fork], [gitea_pull()], [], [gitea_pull(number=5, state="closed")], []])
    found = gitea.find(to, AT)
    assert [(one.number, one.state) for one in found] == [(7, ReviewState.OPEN), (5, ReviewState.DECLINED)]
    assert [(one.query or {})["state"] for one in to.asked] == ["open", "open", "open", "closed", "closed"]


OPENED: list[tuple[Interface, list[Any], list[str], dict[str, Any]]] = [
    (
        gitlab, [[{"id": 12, "username": "rex"}], gitlab_request()],
        ["GET /users", "POST /projects/team%2Fapi/merge_requests"],
        {"title": "Draft: Rules", "source_branch": "rollout/team", "reviewer_ids": [12], "labels": "bot"},
    ),
    (
        gitea, [gitea_pull(), [{"id": 3, "name": "bot"}], [], None],
        ["POST /repos/team/api/pulls", "GET /repos/team/api/labels", "POST /repos/team/api/issues/7/labels",
         "POST /repos/team/api/pulls/7/requested_reviewers"],
        {"title": "WIP: Rules", "head": "rollout/team", "base": "main"},
    ),
    (
        bitbucket, [bitbucket_pull()], ["POST /repositories/team/api/pullrequests"],
        {"source": {"branch": {"name": "rollout/team"}}, "destination": {"branch": {"name": "main"}}, "draft": True},
    ),
    (
        azure, [azure_pull()], ["POST /team/_apis/git/repositories/api/pullrequests"],
        {"sourceRefName": "refs/heads/rollout/team", "targetRefName": "refs/heads/main", "isDraft": True},
    ),
    (
        pagure, [pagure_pull(), pagure_page(pagure_pull())],
        ["POST /team/api/pull-request/new", "GET /team/api/pull-requests"],
        {"branch_from": "rollout/team", "branch_to": "main", "initial_comment": BODY},
    ),
]  # fmt: skip


@pytest.mark.parametrize(("forge", "answers", "lines", "sent"), OPENED)
def test_a_review_is_opened(forge: Interface, answers: list[Any], lines: list[str], sent: dict[str, Any]) -> None:
    to = Scripted(answers)
    made, _ = forge.open(to, AT, TEXTS)
    assert (made.number, to.lines) == (7, lines)
    body = next(one.body for one in to.asked if one.method == "POST")
    assert {key: body[key] for key in sent} == sent


def test_a_change_of_gerrit_is_found_by_its_topic_and_told() -> None:
    vote = {"approved": {"name": "Ann", "_account_id": 1}, "all": []}
    to = Scripted([[gerrit_change()], gerrit_change(labels={"Code-Review": vote, "Verified": {"rejected": {}}})])
    (found,) = gerrit_http.find(to, AT)
    assert (found.url, found.head, found.state) == ("https://forge.example/c/team/api/+/7", "abc", ReviewState.OPEN)
    assert to.asked[0].query is not None
    assert to.asked[0].query["q"] == 'project:"team/api" branch:"main" topic:"rollout/team"'
    told = gerrit_http.state(to, AT, found)
    assert (told.approved, told.checks) == (True, Checks.RED)
    with pytest.raises(Trouble, match="opens a change by a push"):
        gerrit_http.open(to, AT, TEXTS)


def test_a_persons_change_in_the_same_topic_is_not_ours_on_gerrit() -> None:
    theirs = gerrit_change(_number=8, revisions={"abc": {"commit": {"message": "Their own\n\nChange-Id: I1\n"}}})
    to = Scripted([[theirs, gerrit_change()]])
    assert [found.number for found in gerrit_http.find(to, AT)] == [7]


STATES: list[tuple[Interface, list[Any], bool, Checks]] = [
    (gitlab, [gitlab_request(head_pipeline={"status": "success"}), {"approved": True, "approved_by": [{}]}], True,
     Checks.GREEN),
    (gitea, [gitea_pull(), {"state": "failure", "total_count": 2}, [{"state": "APPROVED", "user": {"login": "ann"}}]],
     True, Checks.RED),
    (bitbucket, [bitbucket_pull(participants=[{"approved": True}]), {"values": [{"state": "INPROGRESS"}]}], True,
     Checks.PENDING),
    (azure, [azure_pull(reviewers=[{"vote": 10}, {"vote": -5}]), {"value": [{"state": "succeeded"}]}], False,
     Checks.GREEN),
    (pagure, [pagure_pull(threshold_reached=True), {"flags": []}], True, Checks.NONE),
]  # fmt: skip


@pytest.mark.parametrize(("forge", "answers", "approved", "told"), STATES)
def test_approval_and_checks_are_known(forge: Interface, answers: list[Any], approved: bool, told: Checks) -> None:
    found = forge.state(Scripted(answers), AT, Review("", 7))
    assert (found.approved, found.checks, found.state, found.conflicts or False) == (
        approved, told, ReviewState.OPEN, False,
    )  # fmt: skip


CLOSED: list[tuple[Interface, Any, ReviewState]] = [
    (gitlab, gitlab_request(state="closed", closed_by={"id": 1, "username": "ann"}), ReviewState.DECLINED),
    (gitlab, gitlab_request(state="merged"), ReviewState.MERGED),
    (gitea, gitea_pull(state="closed", merged=True), ReviewState.MERGED),
    (bitbucket, bitbucket_pull(state="DECLINED", closed_by={"display_name": "ann"}), ReviewState.DECLINED),
    (azure, azure_pull(status="abandoned", closedBy={"displayName": "ann"}), ReviewState.DECLINED),
    (pagure, pagure_pull(status="Closed", closed_by={"name": "ann"}), ReviewState.DECLINED),
    (gerrit_http, gerrit_change(status="ABANDONED"), ReviewState.DECLINED),
    (gerrit_http, gerrit_change(status="MERGED"), ReviewState.MERGED),
]


@pytest.mark.parametrize(("forge", "answer", "state"), CLOSED)
def test_what_became_of_a_closed_review_is_known(forge: Interface, answer: Any, state: ReviewState) -> None:
    found = forge.state(Scripted([answer]), AT, Review("", 7))
    assert (found.state, found.by in {"ann", ""}) == (state, True)


ACTS: list[tuple[Interface, list[str]]] = [
    (gitlab, ["PUT /projects/team%2Fapi/merge_requests/7", "PUT /projects/team%2Fapi/merge_requests/7/merge",
              "POST /projects/team%2Fapi/merge_requests/7/notes"]),
    (gitea, ["PATCH /repos/team/api/pulls/7", "POST /repos/team/api/pulls/7/merge",
             "POST /repos/team/api/issues/7/comments"]),
    (bitbucket, ["POST /repositories/team/api/pullrequests/7/decline",
                 "POST /repositories/team/api/pullrequests/7/merge",
                 "POST /repositories/team/api/pullrequests/7/comments"]),
    (azure, ["PATCH /team/_apis/git/repositories/api/pullrequests/7",
             "PATCH /team/_apis/git/repositories/api/pullrequests/7",
             "POST /team/_apis/git/repositories/api/pullrequests/7/threads"]),
    (gerrit_http, ["POST /changes/team%2Fapi~7/abandon", "POST /changes/team%2Fapi~7/submit",
                   "POST /changes/team%2Fapi~7/revisions/current/review"]),
    (pagure, ["POST /team/api/pull-request/7/close", "POST /team/api/pull-request/7/merge",
              "POST /team/api/pull-request/7/comment"]),
]  # fmt: skip


@pytest.mark.parametrize(("forge", "lines"), ACTS)
def test_a_review_is_closed_merged_and_commented(forge: Interface, lines: list[str]) -> None:
    answer = gitea_pull() if forge is gitea else {}
    to = Scripted([answer, {}, {}])
    review = Review("", 7, head="abc")
    forge.close(to, AT, review)
    forge.merge(to, AT, review)
    forge.comment(to, AT, review, "hello")
    assert to.lines == lines


def test_the_long_text_of_an_azure_review_keeps_its_marker() -> None:
    to = Scripted([azure_pull()])
    azure.open(to, AT, Texts("Rules", f"{'x' * 9000}\n\n{MARKER.text}\n", Rules()))
    sent = to.asked[0].body["description"]
    assert (len(sent) <= 4000, sent.endswith(MARKER.text)) == (True, True)


def test_azure_completes_by_itself_in_the_name_of_who_opened() -> None:
    to = Scripted([azure_pull(createdBy={"displayName": "bot", "id": "42"}), {}])
    made, notes = azure.open(to, AT, Texts("Rules", BODY, Rules(auto_merge=True)))
    assert (made.number, notes) == (7, ())
    assert (to.asked[1].method, to.asked[1].body) == ("PATCH", {"autoCompleteSetBy": {"id": "42"}})


def test_bitbucket_says_what_it_has_no_such_thing_of() -> None:
    _, notes = bitbucket.open(Scripted([bitbucket_pull()]), AT, Texts("Rules", BODY, Rules(auto_merge=True)))
    assert notes == ("auto_merge: left out, for Bitbucket's interface has no such thing",)


def test_an_answer_of_another_form_is_told_with_its_place() -> None:
    with pytest.raises(Trouble, match=r"gave an answer that such a forge does not give: .*iid"):
        gitlab.find(Scripted([[{"id": 1}]]), AT)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([], Checks.NONE),
        (["success", "skipped"], Checks.GREEN),
        (["success", "running"], Checks.PENDING),
        (["success", "running", "failed"], Checks.RED),
        (["who knows"], Checks.UNKNOWN),
    ],
)
def test_one_red_check_makes_all_red(words: list[str], told: Checks) -> None:
    assert checks(words) is told


PAGURE_INVALID = "Invalid or expired token. Please visit https://pagure.example/settings to renew it."
PAGURE_RIGHTS = "You do not have sufficient permissions to perform this action"
REFUSALS: list[tuple[int, Any, Failure, str]] = [
    (401, {"error": PAGURE_INVALID, "error_code": "EINVALIDTOK", "errors": "Missing ACLs: pull_request_close"},
     Failure.DENIED,
     f"forge.example does not allow this token to do that ({PAGURE_INVALID}; Missing ACLs: pull_request_close)"),
    (401, {"error": PAGURE_RIGHTS, "error_code": "ENOTHIGHENOUGH"}, Failure.DENIED,
     f"forge.example does not allow this token to do that ({PAGURE_RIGHTS})"),
    (401, {"error": PAGURE_INVALID, "error_code": "EINVALIDTOK", "errors": "Invalid token"}, Failure.DENIED,
     f"forge.example does not accept the token: it is wrong or has expired ({PAGURE_INVALID}; Invalid token)"),
    (400, {"error": "Invalid or incomplete input submitted", "errors": {"title": ["This field is required."]}},
     Failure.REFUSED, "forge.example refused (Invalid or incomplete input submitted; title: This field is required.)"),
    (400, {"message": {"title": ["can't be blank"]}}, Failure.REFUSED, "forge.example refused (title: can't be blank)"),
]  # fmt: skip


@pytest.mark.parametrize(("status", "body", "kind", "sentence"), REFUSALS)
def test_a_refusal_is_told_in_the_forges_own_words(status: int, body: Any, kind: Failure, sentence: str) -> None:
    """Pagure's as a real one gives them, GitLab's as its documentation does."""
    found = of_status("forge.example", status, json.dumps(body).encode())
    assert (found.kind, str(found)) == (kind, sentence)


def test_every_interface_is_spoken_to_by_whoever_carries_requests() -> None:
    caller: Caller = Scripted([[]])
    assert gitlab.find(caller, AT) == []
