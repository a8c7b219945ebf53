"""One sshd for all tests of a worker that need one with the same settings."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.remote.servers import Sshd, sshd

Served = Callable[[str], Sshd]


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Give the server with these settings, started when the first test asks for it."""
    made: dict[str, Sshd] = {}
    with ExitStack() as running:

        def one(settings: str) -> Sshd:
            if settings not in made:
                made[settings] = running.enter_context(sshd(tmp_path_factory.mktemp("ssh") / "home", settings))
            return made[settings]

        yield one
