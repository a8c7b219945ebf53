"""What `git push --porcelain` says becomes one value, read once."""

from __future__ import annotations

import pytest

from rollout.git.run import Result
from rollout.remote.answers import Moved, PushAnswer, Pushed, Rejected, Unheard, of_git_push

_TO = "To ssh://host/api.git\n"


@pytest.mark.parametrize(
    ("code", "out", "err", "answer"),
    [
        (0, f"{_TO} \t1:refs/heads/main\t1..2\nDone\n", "", Pushed()),
        (1, f"{_TO}!\t1:refs/heads/main\t[rejected] (stale info)\nDone\n", "error: failed to push", Moved()),
        (
            1,
            f"{_TO}!\t1:refs/heads/main\t[remote rejected] (pre-receive hook declined)\nDone\n",
            "remote: ask Kim        \nremote: \nremote: ask Kim\nerror: failed to push some refs\n",
            Rejected("ask Kim; pre-receive hook declined"),
        ),
        (128, "", "remote: Write access denied.\nfatal: unable to access\n", Rejected("Write access denied.")),
        (128, "", "git@host: Permission denied (publickey).\n", Rejected("git@host: Permission denied (publickey).")),
        (128, "", "fatal: the remote end hung up\n", Unheard("fatal: the remote end hung up")),
        (1, f"{_TO}!\t1:refs/heads/main\t[remote failure] (failed to report)\n", "", Unheard("git exited with 1")),
        (-9, "", "", Unheard("git was killed by signal 9 (out of memory?)")),
    ],
)
def test_a_push_of_git_is_read_once(code: int, out: str, err: str, answer: PushAnswer) -> None:
    assert of_git_push(Result(code, out.encode(), err)) == answer
