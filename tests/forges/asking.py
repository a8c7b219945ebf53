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


def on_the_branch(world: World, message: str, branch: str = "rollout/team") -> str:
    """Commit to the branch of a proposal as a person, and push it; return the commit."""
    other = world.root / "api.person"
    world.clone("api", "api.person")
    world.git(other, "checkout", "-q", "-b", "theirs", f"origin/{branch}")
    world.commit(other, {"AGENTS.md": "better\n"}, message)
    world.git(other, "push", "-q", "origin", f"theirs:{branch}")
    return world.git(other, "rev-parse", "HEAD")
