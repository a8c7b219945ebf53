"""The program as a person runs it who is not root: what the mode of a file or a folder forbids, it cannot do."""

from __future__ import annotations

import os
import sys

import pytest

from tests.program import started
from tests.world import Ran, World

linux = pytest.mark.skipif(os.geteuid() == 0 and sys.platform != "linux", reason="root gives rights away on Linux only")

_OVERRIDING = (1, 2, 3)  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, CAP_FOWNER
_WITHOUT = f"""
import ctypes, os
if os.geteuid() == 0:
    libc = ctypes.CDLL(None)
    for right in {_OVERRIDING}:
        assert libc.prctl(24, right, 0, 0, 0) == 0  # PR_CAPBSET_DROP: for the programs that it starts
    assert libc.capset((ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()) == 0
"""


def run(world: World, *arguments: str) -> Ran:
    """Run the program without root's right to read and write everywhere."""
    world.inventory()
    running = started(arguments, world.root, os.environ, first=_WITHOUT)
    out, err = running.communicate(timeout=60)
    return Ran(running.returncode, out, err)
