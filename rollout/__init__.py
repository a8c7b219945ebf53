"""Keep generated configuration the same across many live git repositories and the shared files between them."""

__version__ = "0.1.0"
