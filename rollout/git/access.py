"""How a remote may be reached: credentials, ssh command and time limits."""

from __future__ import annotations

import os

from msgspec import Struct

ASK = 25.0  # seconds to be told what a remote's branch is; --timeout sets another number

_TRANSFERS = 12  # times as long may a fetch or a push take


class Access(Struct, frozen=True):
    """What contacting a remote needs, as values: the ssh command, and the secret of the address if it has one."""

    ssh_command: str = "ssh"
    secret: tuple[str, str] | None = None
    patience: float = ASK
    line: str | None = None  # where ssh finds a connection that is shared

    @property
    def ask_limit(self) -> float:
        """Return how many seconds the remote has to say where its branch is."""
        return self.patience

    @property
    def transfer_limit(self) -> float:
        """Return how many seconds a fetch, a push or a clone may take."""
        return self.patience * _TRANSFERS

    def options(self) -> tuple[str, ...]:
        return (f"http.lowSpeedTime={_whole(self.patience, 30)}",)

    def environment(self) -> dict[str, str]:
        shared = f" -o ControlMaster=no -o ControlPath={self.line}" if self.line else ""
        command = f"{self.ssh_command} {self.ssh_options()}{shared}"
        found = {} if "GIT_SSH" in os.environ else {"GIT_SSH_COMMAND": command}
        if self.secret is not None:
            # The secret goes by environment to a helper that git asks; an argument would stand in the process list.
            # The empty helper first takes the person's own off the list: they would be told to store the secret.
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
        """Return what ssh is told so that it neither asks nor hangs."""
        seconds = _whole(self.patience, 10)
        alive = f"-o ServerAliveInterval={seconds} -o ServerAliveCountMax=3"
        return f"-o BatchMode=yes -o ConnectTimeout={seconds} {alive}"


def _whole(seconds: float, most: int) -> int:
    return max(1, min(most, int(seconds)))
