"""Say why a rendered text may not be written, or can be written into no file."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from rollout.content.modes.table import strategy, traits
from rollout.content.policy import policy_fault
from rollout.model.files import RENDERED, Managed, Problem, is_rendered
from rollout.model.inventory import Secrets, Target, TargetKind
from rollout.safety import secrets
from rollout.safety.flaw import Flaw
from rollout.safety.secrets import NamedSecrets


def problem(item: Managed, target: Target, secrets_of: Callable[[Target], NamedSecrets]) -> Problem | None:
    """Say what is wrong with a text for a target, whose secrets are looked for only where the text may hold none."""
    refused = _broken(item) or _secret(item, target, secrets_of)
    flaw = refused or _unwritable(item)
    return None if flaw is None else Problem(item.path, flaw, policy=refused is not None)


@lru_cache(maxsize=64)  # many targets get the same text
def _broken(item: Managed) -> Flaw | None:
    judged = traits(item.mode).writes and item.rule.formatter is None
    return written_fault(item.body, item) if judged else None


def _secret(item: Managed, target: Target, secrets_of: Callable[[Target], NamedSecrets]) -> Flaw | None:
    """Say which secret the file would carry into a repository, if nobody allowed it."""
    if target.kind is not TargetKind.REPO or item.rule.secrets is Secrets.ALLOW:
        return None
    return secrets.fault(item.body, secrets_of(target))


@lru_cache(maxsize=64)
def _unwritable(item: Managed) -> Flaw | None:
    """Say why the text can be written into no file in its mode."""
    if item.rule.formatter is not None and traits(item.mode).writes:
        return None
    fault = strategy(item.mode).template_fault(item)
    return None if fault is None else Flaw(fault)


def written_fault(body: bytes, item: Managed) -> Flaw | None:
    """Say which policy or bound a text breaks that rollout is to write, or None."""
    from rollout.content.policies import broken  # most runs render nothing

    copied = bool(item.template) and not is_rendered(item.template)
    as_template = f"{item.path.name}{RENDERED}" if copied else None
    return broken(body, item.rule, item.path, as_template) or policy_fault(body, item.rule)
