"""The types of values that name a file: checked where they are read, and handed on as paths from the working folder."""

from typing import Annotated

from pydantic import AfterValidator, ValidationInfo

from simulator.distributions.named_files import named_file
from simulator.scenario.fields import Text

__all__ = ["FileName", "ProfileName", "TableName"]

SHIPPED = "default"
SUFFIXES = (".csv", ".parquet")


def _path(value: str, info: ValidationInfo) -> str:
    """Return the path of a file."""
    return str(named_file(value, info))


def _profile(value: str, info: ValidationInfo) -> str:
    """Return the path of a profile, or the name of the shipped one."""
    return value if value == SHIPPED else _path(value, info)


def _table(value: str, info: ValidationInfo) -> str:
    """Return the path of a table that is there."""
    path = named_file(value, info)
    if path.suffix not in SUFFIXES:
        raise ValueError(f"a file that ends in {' or '.join(SUFFIXES)}, got {value}")
    if not path.is_file():
        raise ValueError(f"a file, got {path}, which is none")
    return str(path)


FileName = Annotated[Text, AfterValidator(_path)]
ProfileName = Annotated[Text, AfterValidator(_profile)]
TableName = Annotated[Text, AfterValidator(_table)]
