"""What is known of each kind of forge: its public hosts, where its interface is, its tokens, its pages and its refs."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from rollout.model.reviews import ForgeKind, Via


class ForgeFacts(Struct, frozen=True):
    """The facts of one kind of forge; what is empty is not there, or nobody knows it."""

    hosts: tuple[tuple[str, str | None], ...]  # patterns of public hosts, and the address of their interface
    interface: str  # the path of the interface on a self-hosted forge
    tokens: tuple[str, ...] = ()  # the variables in which people keep a token
    with_user: bool = False  # whether a password is one of a user
    by_push: Via | None = None  # the way in which git's own push opens a review
    opening: str = ""  # the page on which a person opens a review, below the repository's
    commit: str = ""  # the page of a commit, without its id
    review_head: str = ""  # the ref that keeps what a review proposes, whatever becomes of its branch
    below_api: bool = False  # whether the pages are on the host without its `api.`


FACTS: Mapping[ForgeKind, ForgeFacts] = {
    # https://docs.github.com/en/pull-requests (checking out pull requests locally)
    ForgeKind.GITHUB: ForgeFacts(
        hosts=((r"github\.com|ssh\.github\.com", "https://api.github.com"),),
        interface="/api/v3",
        tokens=("GH_TOKEN", "GITHUB_TOKEN"),
        opening="compare/{base}...{branch}?expand=1",
        commit="commit/",
        review_head="refs/pull/{number}/head",
        below_api=True,
    ),
    # https://docs.gitlab.com/user/project/merge_requests
    ForgeKind.GITLAB: ForgeFacts(
        hosts=((r"gitlab\.com|altssh\.gitlab\.com", "https://gitlab.com/api/v4"),),
        interface="/api/v4",
        tokens=("GITLAB_TOKEN",),
        by_push=Via.PUSH_OPTIONS,
        opening="-/merge_requests/new?merge_request[source_branch]={branch}&merge_request[target_branch]={base}",
        commit="-/commit/",
        review_head="refs/merge-requests/{number}/head",
    ),
    # https://docs.gitea.com/usage/pull-request
    ForgeKind.GITEA: ForgeFacts(
        hosts=((r"codeberg\.org", "https://codeberg.org/api/v1"), (r"gitea\.com", "https://gitea.com/api/v1")),
        interface="/api/v1",
        tokens=("GITEA_TOKEN",),
        by_push=Via.AGIT,
        opening="compare/{base}...{branch}",
        commit="commit/",
        review_head="refs/pull/{number}/head",
    ),
    ForgeKind.BITBUCKET: ForgeFacts(
        hosts=((r"bitbucket\.org", "https://api.bitbucket.org/2.0"),),
        interface="/2.0",
        tokens=("BITBUCKET_TOKEN",),
        with_user=True,
        opening="pull-requests/new?source={branch}&dest={base}",
        commit="commits/",
        below_api=True,
    ),
    ForgeKind.AZURE: ForgeFacts(
        hosts=((r"(ssh\.)?dev\.azure\.com|[\w-]+\.visualstudio\.com", "https://dev.azure.com"),),
        interface="",
        tokens=("AZURE_DEVOPS_EXT_PAT",),
        opening="pullrequestcreate?sourceRef={branch}&targetRef={base}",
        commit="commit/",
    ),
    ForgeKind.PAGURE: ForgeFacts(
        hosts=(
            (r"pagure\.io", "https://pagure.io/api/0"),
            (r"src\.fedoraproject\.org", "https://src.fedoraproject.org/api/0"),
        ),
        interface="/api/0",
        tokens=("PAGURE_TOKEN",),
        opening="diff/{base}..{branch}",
        commit="c/",
    ),
    ForgeKind.GERRIT: ForgeFacts(
        hosts=((r"[\w-]+\.googlesource\.com", None),),
        interface="/a",
        with_user=True,
        by_push=Via.GERRIT,
    ),
}
