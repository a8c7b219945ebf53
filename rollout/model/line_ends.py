"""How git converts the line ends of a file."""

from __future__ import annotations

from enum import Enum


class Conversion(Enum):
    """What attributes say of a file: whether it is text, or git looks; and the line end that it gets in a work tree."""

    BINARY = "binary"
    TEXT = "text"
    TEXT_CRLF = "text-crlf"
    TEXT_LF = "text-lf"
    AUTO = "auto"
    AUTO_CRLF = "auto-crlf"
    AUTO_LF = "auto-lf"

    @property
    def looks(self) -> bool:
        """Tell whether git looks into the file to see whether it is text."""
        return self in {Conversion.AUTO, Conversion.AUTO_CRLF, Conversion.AUTO_LF}

    @property
    def stays_lf(self) -> bool:
        """Tell whether a work tree has LF, whatever the person's configuration says."""
        return self in {Conversion.BINARY, Conversion.TEXT_LF, Conversion.AUTO_LF}

    @property
    def becomes_crlf(self) -> bool:
        """Tell whether a work tree has CRLF, whatever the person's configuration says."""
        return self in {Conversion.TEXT_CRLF, Conversion.AUTO_CRLF}
