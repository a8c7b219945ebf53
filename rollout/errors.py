"""What goes wrong in the user's world, said in the user's words."""

from __future__ import annotations


class RolloutError(Exception):
    """A fault the user can mend: the text names the place, the thing and the way out.

    It begins in lower case and is shown without a traceback; everything else is our own bug and shows one.
    """


class UsageError(RolloutError):
    """The command line, the inventory or a template is wrong: nothing has been touched (exit code 64)."""


class Refused(RolloutError):
    """A decision is missing, so nothing was changed (exit code 4)."""


class Busy(RolloutError):
    """Another run holds the lock (exit code 5)."""


class GitError(RolloutError):
    """Git said no; the text is its last words."""


class GitTimeout(GitError):
    """Git was ended because it took longer than its limit."""


class Damaged(GitError):
    """An object in a store of ours is damaged: the store is thrown away, and all it held is fetched again."""
