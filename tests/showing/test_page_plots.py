"""Plots as geometry: every bar in its place, nothing outside, and words that say the same."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rollout.model.event_trends import EventTrends
from rollout.showing.page.plots import events_shown

DAYS = ("2026-02-01", "2026-02-02", "2026-02-03")


def test_bars_stand_on_their_days_and_small_plots_are_in_order_of_number() -> None:
    shown = events_shown(EventTrends(DAYS, {"commit": (0, 1, 0), "spawn": (2, 0, 6)}, 20, 2_048_000))
    per_day, stored = shown.plots
    assert [(bar.x, bar.height, bar.says) for bar in per_day.bars] == [
        (1.0, 40.0, "2026-02-01: 2"),
        (201.0, 20.0, "2026-02-02: 1"),
        (401.0, 120.0, "2026-02-03: 6"),
    ]
    assert per_day.says == "Events per day: at most 6, on 2026-02-03; 9 in all"
    assert stored.says == "Events stored: from 13 on 2026-02-01 to 20 on 2026-02-03"
    assert stored.line == "0.0,42.0 300.0,36.0 600.0,0.0"
    assert [(name, number) for name, number, _ in shown.types] == [("spawn", "8"), ("commit", "1")]
    assert shown.figures[1] == ("on disk", "2 MB")


def test_an_empty_store_and_one_that_is_down_have_something_to_say() -> None:
    assert events_shown(EventTrends(DAYS, {}, 0, 0)).plots[0].says == "Events per day: none"
    assert events_shown(EventTrends(trouble="no route")).trouble == "no route"


@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=60))
def test_no_bar_leaves_its_picture(numbers: list[int]) -> None:
    days = tuple(f"day {n}" for n in range(len(numbers)))
    for plot in events_shown(EventTrends(days, {"spawn": tuple(numbers)}, sum(numbers), 1)).plots:
        for bar in plot.bars:
            assert bar.x >= 0
            assert bar.y >= 0
            assert bar.width > 0
            assert bar.x + bar.width <= plot.width + 0.2
            assert abs(bar.y + bar.height - plot.height) <= 0.2
