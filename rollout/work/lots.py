"""How many units another process is given at once: handing over costs time, and so does waiting for the last lot."""

from __future__ import annotations

FIRST = 16
_LEAST = 4
_MOST = 256
_SHORT = 0.02  # seconds; a lot that was done sooner was too small
_LONG = 0.2  # seconds; the reader hears of what is done at least so often


def after(size: int, seconds: float) -> int:
    """Return the size of the next lot after one of this size that took so long."""
    if seconds < _SHORT:
        return min(_MOST, size * 2)
    return max(_LEAST, size // 2) if seconds > _LONG else size


def shortened(size: int, left: int, processes: int) -> int:
    """Return how many units a lot of this size has if about `left` are left for so many processes.

    Towards the end lots become smaller, so that all processes end at about the same time.
    """
    return min(size, max(_LEAST, left // (2 * processes)))
