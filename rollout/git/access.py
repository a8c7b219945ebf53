"""How to reach a remote: credentials, ssh command and time limits."""

from __future__ import annotations

import os

from msgspec import Struct

ASK = 25.0  # seconds for a remote to say where its branch is; --timeout overrides it
_SILENCE = 3600  # seconds at most that a server may be silent in a transfer by HTTP
_TRANSFERS = 12  # a fetch or a push may take this many times as long


class Access(Struct, frozen=True):
    """What it takes to contact a remote: the ssh command, and the secret of the address if it has one."""

    ssh_command: str = "ssh"
    secret: tuple[str, str] | None = None
    patience: float = ASK
    line: str | None = None  # the socket of a shared ssh connection

    @property
    def ask_limit(self) -> float:
        """Return how many seconds a remote may take to say where its branch is."""
        return self.patience

    @property
    def transfer_limit(self) -> float:
        """Return how many seconds a fetch, a push or a clone may take."""
        return self.patience * _TRANSFERS

    def options(self) -> tuple[str, ...]:
        """Return git's settings: a server that is silent for so long, as it is while its hooks work, is given up."""
        return (f"http.lowSpeedTime={_whole(self.patience, _SILENCE)}",)

    def environment(self) -> dict[str, str]:
        shared = f" -o ControlMaster=no -o ControlPath={self.line}" if self.line else ""
        command = f"{self.ssh_command} {self.ssh_options()}{shared}"
        found = {} if "GIT_SSH" in os.environ else {"GIT_SSH_COMMAND": command}
        if self.secret is not None:
            # The secret reaches git's helper through the environment; an argument would show in the process list.
            # The empty helper comes first to clear the person's own helpers, which would be told to store the secret.
            helper = (
                '!f() { test "$1" = get && printf "username=%s\\npassword=%s\\n" '
                '"$ROLLOUT_GIT_USER" "$ROLLOUT_GIT_WORD"; }; f'
            )
            found |= {
                "ROLLOUT_GIT_USER": self.secret[0],
                "ROLLOUT_GIT_WORD": self.secret[1],
                "GIT_CONFIG_COUNT": "2",
                "GIT_CONFIG_KEY_0": "credential.helper",
                "GIT_CONFIG_VALUE_0": "",
                "GIT_CONFIG_KEY_1": "credential.helper",
                "GIT_CONFIG_VALUE_1": helper,
            }
        return found

    def ssh_options(self) -> str:
        """Return the ssh options that keep it from asking or hanging."""
        seconds = _whole(self.patience, 10)
        alive = f"-o ServerAliveInterval={seconds} -o ServerAliveCountMax=3"
        return f"-o BatchMode=yes -o ConnectTimeout={seconds} {alive}"


def _whole(seconds: float, most: int) -> int:
    return max(1, min(most, int(seconds)))
