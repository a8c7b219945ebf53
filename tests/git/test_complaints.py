"""What git complained of, in one line: what matters stays, and a bad setting keeps its file and line."""

from __future__ import annotations

import pytest

from rollout.git.complaints import complaint

_SETTING = "/home/pat/.gitconfig:2: git takes no such value for push.default; correct it or take it out"
_LINE = "/home/pat/.gitconfig:3: git cannot read this line of its configuration; correct it or take it out"


@pytest.mark.parametrize(
    ("err", "said"),
    [
        ("fatal: bad config line 3 in file /home/pat/.gitconfig\n", _LINE),
        (
            "error: malformed value for push.default: foo\nerror: must be one of nothing, matching\n"
            "fatal: bad config variable 'push.default' in file '/home/pat/.gitconfig' at line 2\n",
            f"error: malformed value for push.default: foo; error: must be one of nothing, matching; {_SETTING}",
        ),
        ("warning: filtering not recognized\nfatal: no such ref\n", "fatal: no such ref"),
    ],
)
def test_what_git_complained_of_is_told_with_its_place(err: str, said: str) -> None:
    assert complaint(err) == said
