"""Gitea and Forgejo make a pull request of a push to refs/for/BRANCH; the topic says which one it is.

Written by https://forgejo.org/docs/latest/user/agit-support/ and https://docs.gitea.com/usage/agit.
"""

from __future__ import annotations

from rollout.forges import refs
from rollout.forges.pushing import NewReview, Pushing, Receipt, address_in, line
from rollout.model.reviews import Review


def find(_wanted: NewReview) -> str:
    return "refs/pull/*/head"


def open(wanted: NewReview) -> Pushing:  # noqa: A001
    options = (
        line("topic", wanted.topic),
        line("title", wanted.title),
        line("description", wanted.body),
        "force-push=true",  # without it a commit that does not follow the present one would be refused
    )
    return Pushing(f"refs/for/{wanted.base}", options)


def update(wanted: NewReview) -> Pushing:
    return open(wanted)


def state(told: Receipt) -> Review | None:
    number = refs.number_of(told.ref)
    page = address_in(told.words, r"/pulls/(\d+)")
    if page is not None:
        return Review(page[0], page[1])
    return None if number is None else Review("", number)
