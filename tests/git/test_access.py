"""How long a remote may take, as git is told it."""

import pytest

from rollout.git.access import Access


@pytest.mark.parametrize(("patience", "seconds"), [(0.2, 1), (25.0, 25), (240.0, 240)])
def test_a_server_may_be_silent_for_as_long_as_the_person_waits(patience: float, seconds: int) -> None:
    assert Access(patience=patience).options() == (f"http.lowSpeedTime={seconds}",)


def test_ssh_gives_a_silent_network_up_sooner() -> None:
    """An answer to its sign of life needs no hook to end."""
    assert (
        "-o ConnectTimeout=10 -o ServerAliveInterval=10 -o ServerAliveCountMax=3"
        in Access(patience=240.0).ssh_options()
    )
