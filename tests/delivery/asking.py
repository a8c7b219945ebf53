"""What apply and status say of the one repository of a world."""

from tests.world import World


def applied(world: World, *more: str) -> tuple[int, str, str]:
    """Apply; return the exit code, the outcome and its reason."""
    ran = world.run("apply", "--yes", "--json", *more)
    assert ran.outcomes(), ran.err
    return ran.code, ran.outcomes()["api"], ran.reasons()["api"]


def state(world: World, *more: str) -> tuple[str, str]:
    """Return its state and the reason."""
    target = world.run("status", "--json", *more).json["targets"][0]
    return target["state"], target["reason"]
