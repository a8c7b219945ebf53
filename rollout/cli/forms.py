"""In which form commands print: the words that their options take, each a value."""

from __future__ import annotations

from enum import StrEnum


class Colour(StrEnum):
    """When to colour."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


class StatusForm(StrEnum):
    """How `rollout status` prints."""

    TABLE = "table"
    JSON = "json"
    MARKDOWN = "markdown"


class VerifyForm(StrEnum):
    """How `rollout verify` prints."""

    TEXT = "text"
    JSON = "json"
    SARIF = "sarif"
    JUNIT = "junit"


class ReportForm(StrEnum):
    """How `rollout report` writes."""

    MARKDOWN = "markdown"
    HTML = "html"
