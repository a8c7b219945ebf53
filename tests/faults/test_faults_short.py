"""The short form of the fault sweep: a sample of every kind of fault, in about a minute."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.faults.shim import needs_shim

_ROOT = Path(__file__).parent.parent.parent


@needs_shim()
def test_whatever_goes_wrong_at_any_call_nothing_is_lost_and_the_next_run_finishes() -> None:
    command = [sys.executable, "-m", "tests.faults.sweep", "--most", "96", "--seconds", "30", "--jobs", "2", "--json"]
    done = subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, check=False, timeout=400)
    found = json.loads(done.stdout)
    assert found["violations"] == [], "\n".join(found["violations"])
    kinds = found["kinds"].values()
    fired = sum(fired for _, fired, _ in kinds)
    assert fired * 10 >= found["experiments"] * 9, "a fault that never happens proves nothing"
    followed = sum(followed for *_, followed in kinds)
    assert followed * 2 >= found["experiments"], "a sweep in which no checkout follows proves nothing"
    codes = {code for by_kind in found["codes"].values() for code in by_kind}
    assert "-9" in codes, "no run was killed"
    assert codes - {"-9"}, "no run survived its fault"
