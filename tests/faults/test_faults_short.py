"""The short form of the fault sweep: a fixed share of its experiments, spread over the kinds; `make faults` has all."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import msgspec
import pytest

from tests.faults import kinds, shim
from tests.faults.shim import needs_shim
from tests.faults.table import Result

pytestmark = pytest.mark.whole

_ROOT = Path(__file__).parent.parent.parent
_SHARE = kinds.PLAIN[::3]  # hazards rest on this test: each of these kinds is tried once
_DECIDED = (  # of each deed what ends it in the middle, and for reviews the forge and people, too
    "a review: kill everything",
    "a review: the forge's answer is lost",
    "a review: a person acts on it",
    "a decision: kill everything",
    "a decision: disk full from a call on",
    "a change taken: kill everything",
    "a revert: kill everything",
)
_ENOUGH = 10  # on a busy machine there are too few to tell, and the long form tells it again


def _swept(place: Path, which: str, stories: str, most: int, seconds: int) -> Result:
    """Make some experiments of kinds and return what they found: nothing bad, and what was to go wrong did.

    One process makes them all: it has the shim from its start, loads the program once and makes each story once.
    """
    command = [sys.executable, "-m", "tests.faults.sweep", "--most", str(most), "--seconds", str(seconds), "--json"]
    command += ["--kinds", which, "--story", stories, "--jobs", "1"]
    shimmed = os.environ | {"LD_PRELOAD": str(shim.library(place))}
    done = subprocess.run(command, cwd=_ROOT, env=shimmed, capture_output=True, text=True, check=False, timeout=400)
    assert done.stdout, done.stderr
    found = msgspec.json.decode(done.stdout, type=Result)
    assert found.violations == [], "\n".join(found.violations)
    assert {row.kind for row in found.rows} <= set(kinds.BY_NAME)
    share = 0.8 if found.made >= _ENOUGH else 0.5
    assert sum(row.fired for row in found.rows) >= found.made * share, "a fault that never happens proves nothing"
    return found


@pytest.mark.long
@needs_shim()
def test_whatever_is_decided_when_it_goes_wrong_it_stands_and_the_next_run_finishes(tmp_path: Path) -> None:
    """Reviews, files that are kept, changes that are taken into templates, runs that are taken back."""
    found = _swept(tmp_path, ",".join(_DECIDED), "review again,kept,taken,revert", len(_DECIDED), 12)
    assert found.made


@needs_shim()
def test_whatever_goes_wrong_at_any_call_nothing_is_lost_and_the_next_run_finishes(tmp_path: Path) -> None:
    found = _swept(tmp_path, ",".join(kind.name for kind in _SHARE), "push,first fetch", len(_SHARE), 20)
    followed = sum(row.followed for row in found.rows)
    if found.made >= _ENOUGH:
        assert followed * 2 >= found.made, "a sweep in which no checkout follows proves nothing"
    codes = Counter(code for row in found.rows for code in row.codes)
    assert codes.pop("-9", 0), "no run was killed"
    assert codes, "no run survived its fault"
