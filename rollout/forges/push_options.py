"""GitLab opens and updates a merge request by the options of a push to its branch.

Written by https://docs.gitlab.com/topics/git/commit/#push-options.
"""

from __future__ import annotations

from rollout.forges.pushing import NewReview, Pushing, Receipt, address_in, line
from rollout.model.reviews import Review


def find(wanted: NewReview) -> str:
    return f"refs/heads/{wanted.topic}"


def open(wanted: NewReview) -> Pushing:  # noqa: A001  # the four calls have one name each on every way
    rules = wanted.rules
    options = [
        "merge_request.create",
        line("merge_request.target", wanted.base),
        line("merge_request.title", wanted.title),
        line("merge_request.description", wanted.body),
        *(line("merge_request.label", label) for label in rules.labels),
        *(line("merge_request.assign", user) for user in rules.assignees),
        *(["merge_request.draft"] if rules.draft else []),
        *(["merge_request.merge_when_pipeline_succeeds"] if rules.auto_merge else []),
        *(["merge_request.remove_source_branch"] if rules.delete_branch else []),
    ]
    return Pushing(find(wanted), tuple(options))


def update(wanted: NewReview) -> Pushing:
    return open(wanted)  # GitLab opens no second one for the same two branches


def state(told: Receipt) -> Review | None:
    found = address_in(told.words, r"/-/merge_requests/(\d+)")
    return None if found is None else Review(found[0], found[1])
