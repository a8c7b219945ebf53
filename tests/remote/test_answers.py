"""What `git push --porcelain` says becomes one value, read once."""

from __future__ import annotations

import pytest

from rollout.git.run import Result
from rollout.remote.answers import Moved, PushAnswer, Pushed, Rejected, Unheard, of_git_push

_TO = "To ssh://host/api.git\n"
_ECHO = """\
fatal: Could not read from remote repository.

Please make sure you have the correct access rights
and the repository exists.
"""


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
        (
            128,
            "",
            f"ERROR: Permission to x/api.git denied to pat.\n{_ECHO}",
            Rejected("ERROR: Permission to x/api.git denied to pat.; fatal: Could not read from remote repository."),
        ),
        (
            128,
            "",
            f"remote: \nremote: ERROR: You are not allowed to push code to this project.\nremote: \n{_ECHO}",
            Rejected("ERROR: You are not allowed to push code to this project."),
        ),
        (
            128,
            "",
            "fatal: unable to access 'https://host/api.git/': The requested URL returned error: 403\n",
            Rejected("fatal: unable to access 'https://host/api.git/': The requested URL returned error: 403"),
        ),
        (
            128,
            "",
            f"Warning: Permanently added 'host' (ED25519) to the list of known hosts.\nrepository disabled\n{_ECHO}",
            Unheard("repository disabled; fatal: Could not read from remote repository."),
        ),
        (128, "", "fatal: the remote end hung up\n", Unheard("fatal: the remote end hung up")),
        (1, f"{_TO}!\t1:refs/heads/main\t[remote failure] (failed to report)\n", "", Unheard("git exited with 1")),
        (-9, "", "", Unheard("git was killed by signal 9 (out of memory?)")),
    ],
)
def test_a_push_of_git_is_read_once(code: int, out: str, err: str, answer: PushAnswer) -> None:
    assert of_git_push(Result(code, out.encode(), err)) == answer
