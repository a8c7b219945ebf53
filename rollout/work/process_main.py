"""The process that computes beside another one: pickled units of work in, their results out."""

from __future__ import annotations

import gc
import importlib
import os
import pickle
import signal
import sys
from collections.abc import Callable
from typing import BinaryIO, TypeVar

from rollout.machine import waiting
from rollout.remote import ssh

T = TypeVar("T")
R = TypeVar("R")


def main() -> None:
    """Do what is asked until the input ends; the module of the work may be named, to import it early."""
    signal.signal(signal.SIGINT, lambda *_: None)  # the parent says when to stop
    signal.pthread_sigmask(signal.SIG_UNBLOCK, (signal.SIGINT,))
    signal.signal(signal.SIGTERM, lambda *_: waiting.interrupted.set())
    gc.set_threshold(50_000, 20, 50)
    ssh.keep_away()
    with os.fdopen(os.dup(1), "wb") as answers:
        os.dup2(2, 1)  # printed text must not get between the answers
        for name in sys.argv[1:]:
            importlib.import_module(name)
        serve(sys.stdin.buffer, answers)
    os._exit(0)  # the parent waits, and tearing an interpreter down takes longer than many a unit


def serve(tasks: BinaryIO, answers: BinaryIO) -> None:
    """Answer each list of units with a list of their results."""
    while True:
        try:
            work, units = pickle.load(tasks)  # noqa: S301  # of the process that started us
        except EOFError:
            return
        pickle.dump([_done(work, unit) for unit in units], answers, pickle.HIGHEST_PROTOCOL)
        answers.flush()


def _done(work: Callable[[T], R], unit: T) -> R | None:
    try:
        return work(unit)
    except BaseException:
        return None  # the error shows where the unit is done again


if __name__ == "__main__":
    main()
