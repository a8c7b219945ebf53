"""The modes of the entries in git's trees."""

FILE = "100644"
EXECUTABLE = "100755"
SYMLINK = "120000"
SUBMODULE = "160000"
FOLDER = "040000"


def of_file(*, executable: bool) -> str:
    """Return the mode of a plain file."""
    return EXECUTABLE if executable else FILE


def is_file(mode: str) -> bool:
    """Tell whether a mode is a plain file's; old versions of git wrote 100664, too."""
    return mode.startswith("100")


def reported(mode: str) -> str:
    """Return the mode that git reports for a plain file, whatever its tree says."""
    return of_file(executable=int(mode, 8) & 0o100 != 0)
