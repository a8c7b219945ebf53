"""How many examples a search tries that takes long over each of them."""

from hypothesis import settings


def at_most(examples: int) -> settings:
    """Try no more than that in `make test-long`, so that a worker is done with the search in a minute."""
    return settings(max_examples=min(examples, settings().max_examples))
