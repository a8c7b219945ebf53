"""The ledger's SQL by name, and what a database must offer."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import AbstractContextManager
from functools import cache
from pathlib import Path
from typing import Any, Protocol

from rollout.errors import RolloutError

_FOLDER = Path(__file__).parent / "sql"
MIGRATIONS = (
    "001_ledger.sql",
    "002_order.sql",
    "003_reviews.sql",
    "004_review_acts.sql",
    "005_latest.sql",
    "006_one_index.sql",
    "007_checkout_and_aside.sql",
)


class LedgerError(RolloutError):
    """The ledger cannot be read or written; without it nothing is changed."""


class Database(Protocol):
    """One of the two databases. Values go in and rows come out without types: this is the border to SQL."""

    def rows(self, query: str, values: Mapping[str, Any]) -> list[tuple[Any, ...]]: ...
    def execute(self, query: str, values: Mapping[str, Any]) -> None: ...
    def close(self) -> None: ...
    def lock(self, key: str, wait: float) -> AbstractContextManager[None]: ...
    def together(self) -> AbstractContextManager[None]: ...
    def held(self, key: str) -> bool: ...


def sql(name: str) -> str:
    return (_FOLDER / name).read_text()


@cache
def queries() -> dict[str, str]:
    text = sql("queries.sql")
    parts = re.split(r"^-- name: (\w+)\n", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], (part.strip().rstrip(";") for part in parts[2::2]), strict=True))
