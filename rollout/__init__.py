"""Keep generated configuration the same across many live git repositories and the shared files between them."""

try:
    from rollout._version import __version__  # written when it is built or installed
except ImportError:
    __version__ = "0.1.0.dev0"

__all__ = ["__version__"]
