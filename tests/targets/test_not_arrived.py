"""What a push came to whose commit upstream does not show, decided from the answer alone."""

from __future__ import annotations

import pytest

from rollout.remote.answers import Moved, PushAnswer, Pushed, Rejected, Unheard
from rollout.targets.branch.push import Landed, NotWritten, Unknown, not_arrived


@pytest.mark.parametrize(
    ("answer", "landed"),
    [
        (Rejected("main is protected"), Rejected("main is protected")),
        (Moved(), Rejected("the branch is not where upstream shows it (stale info; is it a mirror that lags?)")),
        (Unheard("fatal: the host is down"), NotWritten("fatal: the host is down")),
        (
            Unheard("the server did not answer the push in time", late=True),
            Unknown("the server did not answer the push in time; it may still take it", seen=True),
        ),
        (
            Pushed(),
            Unknown(
                "the server took the push but still shows the old commit (is it a mirror that lags?); run it again",
                seen=True,
            ),
        ),
    ],
)
def test_the_answer_tells_why_upstream_has_not_got_it(answer: PushAnswer, landed: Landed) -> None:
    assert not_arrived(answer) == landed
