"""The path of a table that a scenario names: a CSV or Parquet file, from the scenario's folder."""

from pathlib import Path

from pydantic import ValidationInfo

__all__ = ["table_file"]

SUFFIXES = (".csv", ".parquet")


def table_file(value: str | None, info: ValidationInfo) -> str | None:
    """Return the path from the working folder; raises ValueError unless it is a file that ends in .csv or .parquet."""
    if value is None:
        return None
    path = Path((info.context or {}).get("folder", ".")) / value
    if path.suffix not in SUFFIXES:
        raise ValueError(f"a file that ends in {' or '.join(SUFFIXES)}, got {value}")
    if not path.is_file():
        raise ValueError(f"a file, got {path}, which is none")
    return str(path)
