"""What the processes of `test_processes.py` do: its own module, for each of them loads it."""

from __future__ import annotations

import os
import signal
import time

from rollout.machine import waiting

FAR = "ssh://nobody@localhost:1/x"


def _here() -> bool:
    return os.environ["OF"] == str(os.getpid())


def takes_its_time(_: int) -> int:
    time.sleep(0.01)
    return os.getpid()


def kills_some(unit: int) -> int:
    if not _here() and unit % 7 == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return takes_its_time(unit)


def contacts_by_git(_: int) -> int:
    from rollout.git.access import Access
    from rollout.git.run import Git
    from rollout.remote import contact

    contact.run(Git(), FAR, Access("false"), "ls-remote", FAR, ok=())
    return os.getpid()


def contacts_by_ssh(_: int) -> int:
    from rollout.git.access import Access
    from rollout.remote import contact, ssh

    with ssh.sharing():
        assert not contact.answers(FAR, Access())
    return os.getpid()


def prints(unit: int) -> int:
    print("hello")
    return takes_its_time(unit)


def fails(unit: int) -> int:
    raise ValueError(f"no {unit}")


def waits(_: int) -> bool:
    waiting.interrupted.wait(30)
    return waiting.interrupted.is_set()
