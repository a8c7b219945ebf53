"""Gerrit's interface: what became of a change, and what is done with it; a push opens and updates it.

Written by https://gerrit-review.googlesource.com/Documentation/rest-api-changes.html.
"""

from __future__ import annotations

from urllib.parse import quote

from msgspec import Struct, field
from msgspec.structs import replace

from rollout.forges.interface import Caller, ReviewPlace, Texts, get, send
from rollout.forges.trouble import Failure, Trouble
from rollout.model.reviews import Checks, Review, ReviewState
from rollout.objects import messages

_TOLD = ["CURRENT_REVISION", "CURRENT_COMMIT", "DETAILED_LABELS"]


class _Account(Struct):
    name: str = ""


class _Label(Struct):
    approved: _Account | None = None
    rejected: _Account | None = None


class _Commit(Struct):
    message: str = ""


class _Revision(Struct):
    commit: _Commit = field(default_factory=_Commit)


class _Change(Struct):
    number: int = field(name="_number")
    subject: str
    status: str
    updated: str = ""
    current_revision: str = ""
    revisions: dict[str, _Revision] = field(default_factory=dict)
    mergeable: bool | None = None
    labels: dict[str, _Label] = field(default_factory=dict)


class _Done(Struct):
    pass


def find(to: Caller, at: ReviewPlace) -> list[Review]:
    asked = f'project:"{at.project}" branch:"{at.base}" topic:"{at.branch}"'
    found = get(to, "/changes/", list[_Change], q=asked, o=_TOLD, n="20")
    return [_review(to, at, one) for one in sorted(filter(_is_proposal, found), key=lambda one: -one.number)]


def _is_proposal(change: _Change) -> bool:
    """Tell whether a change carries a commit of ours: people put changes of their own into the same topic."""
    current = change.revisions.get(change.current_revision, _Revision())
    return bool(messages.inventory(current.commit.message))


def open(to: Caller, _at: ReviewPlace, _texts: Texts) -> tuple[Review, tuple[str, ...]]:  # noqa: A001
    raise Trouble(Failure.REFUSED, f"{to.host} opens a change by a push and in no other way")


def update(_to: Caller, _at: ReviewPlace, review: Review, _texts: Texts) -> Review:
    return review  # its words are those of the commit


def state(to: Caller, at: ReviewPlace, review: Review) -> Review:
    change = get(to, f"{_path(at, review)}/detail", _Change, o=_TOLD)
    found = _review(to, at, change)
    if found.state is not ReviewState.OPEN:
        return found
    given, verified = change.labels.get("Code-Review", _Label()), change.labels.get("Verified")
    return replace(found, approved=given.approved is not None and given.rejected is None, checks=_checks(verified))


def _checks(verified: _Label | None) -> Checks:
    """Return what the label says that build servers vote on; a Gerrit without it has no checks."""
    if verified is None:
        return Checks.NONE
    if verified.rejected is not None:
        return Checks.RED
    return Checks.GREEN if verified.approved is not None else Checks.PENDING


def close(to: Caller, at: ReviewPlace, review: Review) -> None:
    send(to, "POST", f"{_path(at, review)}/abandon", {}, _Done)


def merge(to: Caller, at: ReviewPlace, review: Review) -> None:
    send(to, "POST", f"{_path(at, review)}/submit", {}, _Done)


def comment(to: Caller, at: ReviewPlace, review: Review, text: str) -> None:
    send(to, "POST", f"{_path(at, review)}/revisions/current/review", {"message": text}, _Done)


def _path(at: ReviewPlace, review: Review) -> str:
    return f"/changes/{quote(at.project, safe='')}~{review.number}"


def _review(to: Caller, at: ReviewPlace, change: _Change) -> Review:
    states = {"NEW": ReviewState.OPEN, "MERGED": ReviewState.MERGED}
    return Review(
        f"https://{to.host}/c/{at.project}/+/{change.number}",
        change.number,
        states.get(change.status, ReviewState.DECLINED),
        conflicts=None if change.mergeable is None else not change.mergeable,
        title=change.subject,
        updated_at=change.updated,
        head=change.current_revision,
    )
