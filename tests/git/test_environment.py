"""What the environment says to git is taken out of it once, however many threads run git at that moment."""

from __future__ import annotations

import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from rollout.git import environment, person


def test_threads_that_run_git_at_once_take_it_out_together(monkeypatch: pytest.MonkeyPatch) -> None:
    interval, names = sys.getswitchinterval(), [f"GIT_TRACE_{number}" for number in range(50)]
    barrier = threading.Barrier(4)

    def seal() -> None:
        barrier.wait()
        environment.seal()

    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(4) as pool:
            for _ in range(20):
                for name in names:
                    monkeypatch.setenv(name, "1")
                for ended in [pool.submit(seal) for _ in range(4)]:
                    ended.result()
                assert not set(names) & set(os.environ)
                assert set(names) <= set(person.environment())
    finally:
        sys.setswitchinterval(interval)
        for name in names:
            environment.withheld.pop(name, None)
