"""How many units another process is given at once."""

from __future__ import annotations

from itertools import accumulate

from rollout.work import lots


def test_lots_grow_until_handing_them_over_costs_little() -> None:
    sizes = list(accumulate(range(6), lambda size, _: lots.after(size, size * 0.00015), initial=lots.FIRST))
    assert sizes == [16, 32, 64, 128, 256, 256, 256]


def test_lots_of_slow_units_become_smaller_so_that_what_is_done_is_told() -> None:
    assert [lots.after(16, seconds) for seconds in (0.05, 0.2, 0.3)] == [16, 16, 8]
    assert lots.after(4, 10.0) == 4


def test_lots_become_smaller_towards_the_end_so_that_nobody_waits_for_the_last() -> None:
    assert [lots.shortened(128, left, 2) for left in (1000, 400, 100, 20, 3, -50)] == [128, 100, 25, 5, 4, 4]
